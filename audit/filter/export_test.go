package filter

import (
	"time"

	"example.com/clew/audit/filter/internal/script"
)

// OpenFor is Open with another limit on the time in which one poll evaluates scripts.
func OpenFor(cfg Config, most time.Duration) (*Set, error) { return open(cfg, most) }

// Garbage returns the number of scripts that wait to be closed.
func (s *Set) Garbage() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.garbage)
}

// Pressure simulates batches that two filters judge. The argument quiet is a time without batches
// at the beginning. Each batch takes as long as the argument busy says, and the pause after it as
// long as idle says. The arguments first and second are the processor time that the first and the
// second filter use in each batch. Pressure returns the number of batches after which a filter is
// switched off, and which filter: 1 or 2. Both are 0 if no filter is switched off.
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
