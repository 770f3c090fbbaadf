package script

import (
	"time"

	"golang.org/x/sys/unix"
)

// thread is a thread of this process.
type thread int

func thisThread() thread { return thread(unix.Gettid()) }

// cpu returns the processor time that the thread has used. The result ok is false if the system
// does not report it.
func (t thread) cpu() (spent time.Duration, ok bool) {
	// The ID of a thread's clock is the complement of the thread's number, followed by three bits.
	// The bit 4 means the clock of a thread. The bit 2 means the time that the scheduler counts.
	const ofThread, scheduled = 4, 2
	var ts unix.Timespec
	if unix.ClockGettime(int32(^t)<<3|ofThread|scheduled, &ts) != nil {
		return 0, false
	}
	return time.Duration(ts.Nano()), true
}
