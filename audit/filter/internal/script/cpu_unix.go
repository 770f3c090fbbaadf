//go:build unix

package script

import (
	"time"

	"golang.org/x/sys/unix"
)

// threadCPU returns the processor time that the calling thread has used.
func threadCPU() time.Duration {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts) != nil {
		return 0
	}
	return time.Duration(ts.Nano())
}
