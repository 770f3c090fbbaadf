package script

import (
	"sync/atomic"
	"time"
)

// meter measures the processor time of one call after another on a locked thread.
//
// Reading a thread's processor time is a system call. So the meter reads the clock first, and
// reads the processor time only if the budget has passed by the clock: a call cannot use more
// processor time than has passed by the clock. The clock alone is not enough, because the machine
// may have been busy with other work.
type meter struct {
	budget time.Duration
	began  time.Duration // the time at which the call began, by the clock
	polled time.Duration // the time at which the engine last polled, by the clock
	cut    bool          // the call is over its budget

	cpu, clock time.Duration // the processor time and the clock at the last reading

	readCPU, readClock atomic.Int64 // copies of cpu and clock that the watchdog may read
}

// origin is the time at which the clock reads 0.
var origin = time.Now()

func now() time.Duration { return time.Since(origin) }

// start begins a call.
func (m *meter) start(budget time.Duration) {
	m.budget, m.cut = budget, false
	if m.began < m.clock {
		m.began = m.clock
	}
	m.polled = m.began
}

// end ends a call. It returns the call's processor time if that has reached the budget, and 0
// otherwise. The next call begins when this one ends.
func (m *meter) end() (over time.Duration) {
	t := now()
	if m.cut || t-m.began >= m.budget {
		if spent := m.spent(); spent >= m.budget {
			over = spent
		}
	}
	m.began = t
	return over
}

// spent returns the least processor time that the call can have used: the thread's processor time
// since the last reading, minus the most that earlier calls can have used since then.
func (m *meter) spent() time.Duration {
	return threadCPU() - m.cpu - (m.began - m.clock)
}

// read reads the thread's processor time, and returns how much was used since the last reading.
func (m *meter) read() time.Duration {
	cpu := threadCPU()
	spent := cpu - m.cpu
	m.cpu, m.clock = cpu, now()
	m.began = m.clock
	m.readCPU.Store(int64(m.cpu))
	m.readClock.Store(int64(m.clock))
	return spent
}

// due reports whether it is time, within a batch, to read the processor time again.
func (m *meter) due() bool { return m.began-m.clock >= m.budget }

// The engine counts calls of functions and turns of loops, and polls when its counter has reached
// 0. A turn may take almost no time, or milliseconds in a native function. So the counter is set
// high only while turns are short.
const (
	firstPoll   = 16
	slowPoll    = 1
	fastPoll    = 1024
	shortPeriod = 200 * time.Microsecond
)

// poll returns whether the call is over its budget, and after how many turns to poll again.
func (m *meter) poll() (stop bool, turns int32) {
	if m.cut {
		return true, slowPoll
	}
	t := now()
	period := t - m.polled
	m.polled = t
	if t-m.began >= m.budget && m.spent() >= m.budget {
		m.cut = true
		return true, slowPoll
	}
	if period < shortPeriod {
		return false, fastPoll
	}
	return false, slowPoll
}
