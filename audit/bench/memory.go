package main

import (
	"fmt"
	"os"
	"strings"
)

// peak is the most memory that this process has had, in bytes, or 0 if the system does not tell.
func peak() (bytes int64) { return fromStatus("VmHWM:") }

// resident is the memory that this process has now.
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
