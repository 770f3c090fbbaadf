package filter

import (
	"time"

	"example.com/clew/audit/filter/internal/script"
)

// OpenFor is Open with another bound on how long scripts are evaluated in one poll.
func OpenFor(cfg Config, most time.Duration) (*Set, error) { return open(cfg, most) }

// Garbage is the number of scripts that wait to be closed.
func (s *Set) Garbage() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.garbage)
}

// Pressure adds batches of two filters, one after the other without a pause but idle, after a
// quiet time, and returns after how many of them which goes off: 0 for none.
func Pressure(quiet, busy, idle, first, second time.Duration, batches int) (after, off int, reason string) {
	a, b := new(live), new(live)
	a.turn, b.turn = script.Counts{Calls: 10, Time: first}, script.Counts{Calls: 10, Time: second}
	var p pressure
	now := time.Unix(1_800_000_000, 0)
	for end := now.Add(quiet); now.Before(end); now = now.Add(time.Second) {
		p.add(nil, now, now)
	}
	for n := range batches {
		l := p.add([]*live{a, b}, now, now.Add(busy))
		now = now.Add(busy + idle)
		switch l {
		case a:
			return n + 1, 1, p.fault(l).Reason
		case b:
			return n + 1, 2, p.fault(l).Reason
		}
	}
	return 0, 0, ""
}
