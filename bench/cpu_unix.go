//go:build unix

package main

import (
	"syscall"
	"time"
)

// cpu returns the processor time that the program has used. On a shared machine it varies less
// than wall-clock time.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
