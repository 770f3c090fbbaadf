package filter

import (
	"slices"
	"time"

	"example.com/clew/audit/filter/internal/script"
)

// changeKind is what happens to a filter when the Set's filters are replaced.
type changeKind uint8

const (
	fresh   changeKind = iota // the filter gets a new script
	same                      // the filter keeps its script
	expired                   // the filter has no script
)

// change is one filter of the list that replaces the Set's filters.
type change struct {
	def    definition
	old    *live // the current filter of the same name; nil: none
	kind   changeKind
	script *script.Script // the new script, if kind is fresh
}

// replace replaces the Set's filters by the filters in next, between two batches, and reports
// whether anything has changed. The goroutine keep closes the old scripts afterwards.
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

// apply returns the filter of a change. The second result is true if the argument changed is true,
// or if the filter's expiration or apps have changed. The caller must hold both locks of the Set.
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

// maxPast is the maximum number of removed filters whose figures are kept.
const maxPast = 1024

// remember keeps the figures of a filter that is removed, so that its counters continue if the
// filter comes back.
func (s *Set) remember(l *live) {
	if _, ok := s.past[l.Name]; ok || len(s.past) < maxPast {
		s.past[l.Name] = l.total()
	}
}
