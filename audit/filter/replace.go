package filter

import (
	"slices"
	"time"

	"example.com/clew/audit/filter/internal/script"
)

// changeKind is what becomes of a filter.
type changeKind uint8

const (
	fresh   changeKind = iota // a script that was evaluated
	same                      // the script of before
	expired                   // no script
)

// change is one filter of the next set.
type change struct {
	def    definition
	old    *live // of the same name; nil: none
	kind   changeKind
	script *script.Script // of a fresh one
}

// replace replaces the filters by the next ones, between two batches, and reports whether anything
// differs. Scripts that are no longer needed are closed afterwards.
func (s *Set) replace(next []change) (changed bool) {
	now := time.Now()
	s.judging.Lock()
	defer s.judging.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	filters := make([]*live, len(next))
	kept := map[*live]bool{}
	for i, c := range next {
		filters[i], changed = s.apply(&c, now, changed)
		kept[filters[i]] = true
		changed = changed || i >= len(s.filters) || filters[i] != s.filters[i]
	}
	for _, l := range s.filters {
		if kept[l] {
			continue
		}
		s.remember(l)
		if l.script != nil {
			s.garbage = append(s.garbage, l.script)
			l.script = nil
		}
	}
	changed = changed || len(next) != len(s.filters)
	s.filters, s.shown = filters, filters
	return changed
}

// apply returns the filter of a change, and whether its definition has changed. It is called with
// both locks of the Set.
func (s *Set) apply(c *change, now time.Time, changed bool) (*live, bool) {
	if c.kind == same || c.kind == expired && c.old != nil && c.old.script == nil && c.old.off == nil {
		changed = changed || !c.old.Expires.Equal(c.def.Expires) || !slices.Equal(c.old.Apps, c.def.Apps)
		c.old.definition = c.def
		return c.old, changed
	}
	l := &live{definition: c.def, since: now, first: c.def.Line, script: c.script, before: s.past[c.def.Name]}
	if c.old != nil {
		l.before = c.old.total()
	}
	return l, changed
}

// maxPast bounds the names of filters whose figures are kept.
const maxPast = 1024

// remember keeps the figures of a filter that goes, so that its counters go on if it comes back.
func (s *Set) remember(l *live) {
	if _, ok := s.past[l.Name]; ok || len(s.past) < maxPast {
		s.past[l.Name] = l.total()
	}
}
