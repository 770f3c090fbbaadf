package script

import (
	"fmt"
	"sync"
	"time"
)

// watchdog ends a native function of the engine that does not return. Native functions do not
// poll, so the meter cannot stop them. While a script runs, a timer is set. When it fires, the
// watchdog compares the limit with the processor time that the script's thread has used since the
// meter last read it. Between calls, the meter reads this time every few milliseconds. So a time
// over the limit was spent in a single call.
//
// If the limit is exceeded, the watchdog makes the scope's memory inaccessible. The native
// function's next access is then a fault, which becomes a panic that Judge or New recovers. The
// script's goroutine unmaps the memory later. Until then, nothing else can get the same addresses.
// Never unmap the memory here, although that would end the function too: another mapping might get
// the addresses, and the function would write to it.
//
// The panic can also start in code of this package that reads the memory. That code holds no lock,
// and everything that it leaves half done is discarded with the engine.
type watchdog struct {
	limit time.Duration // processor time of one call
	meter *meter

	mutex   sync.Mutex
	timer   *time.Timer
	arena   *arena
	thread  thread
	running bool
	bitten  bool
}

// If the system does not report the processor time of another thread, the watchdog measures by the
// clock, and the limit is clockFactor times as long.
const clockFactor = 10

// begin starts to watch the calling thread. Call the meter's read just before.
func (w *watchdog) begin() {
	t := thisThread()
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.thread, w.running = t, true
	if w.timer == nil {
		w.timer = time.AfterFunc(w.limit, w.look)
		return
	}
	w.timer.Reset(w.limit)
}

// end ends the watch. From then on the watchdog does not touch the memory.
func (w *watchdog) end() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	w.running = false
	w.timer.Stop()
}

// look is called by the timer.
func (w *watchdog) look() {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if !w.running || w.bitten {
		return
	}
	left := w.limit - w.used()
	if left <= 0 && w.arena.pages.lock() == nil {
		w.bitten = true
		return
	}
	w.timer.Reset(max(left, w.limit/8))
}

// used returns the processor time since the meter's last reading, or an estimate by the clock.
func (w *watchdog) used() time.Duration {
	if cpu, ok := w.thread.cpu(); ok {
		return cpu - time.Duration(w.meter.readCPU.Load())
	}
	return (now() - time.Duration(w.meter.readClock.Load())) / clockFactor
}

// fault says why the watchdog has made the memory inaccessible. It is nil if the watchdog has not
// done so.
func (w *watchdog) fault() *Fault {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if !w.bitten {
		return nil
	}
	return &Fault{Reason: fmt.Sprintf("a function of the engine did not return within %g s of processor time", w.limit.Seconds())}
}
