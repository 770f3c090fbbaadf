package script

import (
	"fmt"
	"sync"
	"time"
)

// watchdog ends a native function of the engine that does not return: none of those polls. While a
// script runs, a timer is set. When the timer fires, the processor time that the script's thread
// has used since the meter last read it is compared with the limit: the meter reads it within a
// few milliseconds of whole calls, so that what is above is of one call.
//
// Over the limit, the scope's memory is made inaccessible. The native function's next access is
// then a fault, which is a panic that Judge or New recovers. The memory is unmapped later, by the
// goroutine that the script belongs to, so that its addresses are not used again meanwhile.
// Unmapping at once is tempting, and ends the function as well: another mapping may then take the
// place, and the function writes to that.
//
// The panic may come in code of this package too, wherever the memory is read. That code holds no
// lock, and what it leaves half done is thrown away with the engine.
type watchdog struct {
	limit time.Duration // of the processor, in one call
	meter *meter

	mutex   sync.Mutex
	timer   *time.Timer
	arena   *arena
	thread  thread
	running bool
	bitten  bool
}

// clockFactor is how much longer than the processor time the clock must say where the system does
// not tell the processor time of another thread.
const clockFactor = 10

// begin watches the calling thread, after a reading of the meter.
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

// end ends what begin began. The memory is not touched by the watchdog from then on.
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

// used is the processor time since the meter's last reading.
func (w *watchdog) used() time.Duration {
	if cpu, ok := w.thread.cpu(); ok {
		return cpu - time.Duration(w.meter.readCPU.Load())
	}
	return (now() - time.Duration(w.meter.readClock.Load())) / clockFactor
}

// fault is why the watchdog has made the memory inaccessible; nil where it has not.
func (w *watchdog) fault() *Fault {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	if !w.bitten {
		return nil
	}
	return &Fault{Reason: fmt.Sprintf("a function of the engine did not return within %g s of the processor", w.limit.Seconds())}
}
