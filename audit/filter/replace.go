package filter

import (
	"time"

	"example.com/clew/audit/filter/internal/script"
)

// state is what a change makes of a filter.
type state uint8

const (
	fresh   state = iota // a script that was evaluated
	same                 // the script of before
	expired              // no script
)

// change is one filter of the next set.
type change struct {
	def    definition
	old    *live // of the same name; nil: none
	state  state
	script *script.Script // of a fresh one
}

// replace has the next filters take the place of those before, between two batches, and reports
// whether anything differs. The scripts that are not needed any more are closed afterwards.
func (s *Set) replace(next []change) (changed bool) {
	now := time.Now()
	s.judging.Lock()
	defer s.judging.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	filters := make([]*live, len(next))
	kept := map[*live]bool{}
	for i, c := range next {
		filters[i] = c.apply(now)
		kept[filters[i]] = true
		changed = changed || i >= len(s.filters) || filters[i] != s.filters[i]
	}
	for _, l := range s.filters {
		if !kept[l] && l.script != nil {
			s.garbage = append(s.garbage, l.script)
			l.script = nil
		}
	}
	changed = changed || len(next) != len(s.filters)
	s.filters, s.shown = filters, filters
	return changed
}

// apply returns the filter of a change. It is called with both locks of the Set.
func (c *change) apply(now time.Time) *live {
	if c.state == same || c.state == expired && c.old != nil && c.old.script == nil && c.old.off == nil {
		c.old.definition = c.def
		return c.old
	}
	l := &live{definition: c.def, since: now, first: c.def.Line, script: c.script}
	if c.old != nil {
		l.before = c.old.before.plus(c.old.counts)
	}
	return l
}
