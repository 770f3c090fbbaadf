package audit

import "time"

// idleTimer is a timer that runs only while there is something to wait for.
type idleTimer struct {
	*time.Timer
	running bool
}

func newIdleTimer() *idleTimer {
	t := time.NewTimer(time.Hour)
	t.Stop()
	return &idleTimer{Timer: t}
}

func (t *idleTimer) start(d time.Duration) {
	if !t.running {
		t.running = true
		t.Reset(d)
	}
}

// wait waits for d, or until stop is closed.
func wait(d time.Duration, stop <-chan struct{}) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-stop:
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
