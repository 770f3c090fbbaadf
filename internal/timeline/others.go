package timeline

import (
	"slices"
	"time"
)

// others keeps the three services whose spans end last, and the two last spans of each. That is
// enough for finding the one span that fits, or seeing that two fit, even without the spans of one
// service.
type others struct {
	of   map[string]*longest
	best []*longest
}

func (o *others) add(s *Span) {
	l := o.of[s.Service]
	if l == nil {
		l = &longest{}
		o.of[s.Service] = l
	}
	l.add(s)
	if !slices.Contains(o.best, l) {
		o.best = append(o.best, l)
	}
	slices.SortStableFunc(o.best, func(a, b *longest) int { return b.first.End().Compare(a.first.End()) })
	o.best = o.best[:min(len(o.best), 3)]
}

// only is for finding the one span of another service that does not end before t. It returns nil
// if there is none, or if there are several.
func (o *others) only(service string, t time.Time) *Span {
	var all longest
	for _, l := range o.best {
		if l.first.Service == service {
			continue
		}
		all.add(l.first)
		if l.second != nil {
			all.add(l.second)
		}
	}
	return all.only(t)
}
