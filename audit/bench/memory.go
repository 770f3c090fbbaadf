package main

import (
	"fmt"
	"os"
	"strings"
)

// peak returns the most memory that this process has had, in bytes, or 0 if the system does not
// report it.
func peak() (bytes int64) { return fromStatus("VmHWM:") }

// resident returns the memory that this process has now, in bytes.
func resident() (bytes int64) { return fromStatus("VmRSS:") }

func fromStatus(key string) (bytes int64) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), key)
	fmt.Sscan(rest, &bytes)
	return bytes * 1024
}
