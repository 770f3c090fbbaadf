package script

import (
	"time"

	"golang.org/x/sys/windows"
)

// thread is a thread of this process.
type thread uint32

func thisThread() thread { return thread(windows.GetCurrentThreadId()) }

// cpu returns the processor time that the thread has used. The result ok is false if the system
// does not report it.
func (t thread) cpu() (spent time.Duration, ok bool) {
	const queryInformation = 0x0040
	h, err := windows.OpenThread(queryInformation, false, uint32(t))
	if err != nil {
		return 0, false
	}
	defer func() { _ = windows.CloseHandle(h) }()
	return threadTimes(h)
}
