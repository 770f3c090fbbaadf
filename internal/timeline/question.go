package timeline

import (
	"slices"
	"time"
)

// question asks for the only span of a name that begins no later and ends no earlier.
type question struct {
	name         string // as a rule a service's
	begins, ends time.Time
	answer       func(*Span) // called if there is one
}

// sweep goes through spans and questions in the order of time. Of the spans that have begun, the
// two that end last tell whether there is exactly one that encloses what is asked for.
func sweep(spans []*Span, asked []question, add func(*Span), answer func(question)) {
	slices.SortFunc(spans, earlier)
	slices.SortStableFunc(asked, func(a, b question) int { return a.begins.Compare(b.begins) })
	for _, q := range asked {
		for len(spans) > 0 && !spans[0].Start.After(q.begins) {
			add(spans[0])
			spans = spans[1:]
		}
		answer(q)
	}
}

// ask answers questions by spans that have the name which is asked for. A span may have several.
func ask(spans []*Span, names func(*Span) []string, asked []question) {
	of := map[string]*longest{}
	sweep(spans, asked, func(s *Span) {
		for _, name := range names(s) {
			l := of[name]
			if l == nil {
				l = &longest{}
				of[name] = l
			}
			l.add(s)
		}
	}, func(q question) {
		if s := of[q.name].only(q.ends); s != nil {
			q.answer(s)
		}
	})
}

// askOthers answers questions by spans of other services than the one that is asked for.
func askOthers(spans []*Span, asked []question) {
	o := others{of: map[string]*longest{}}
	sweep(spans, asked, o.add, func(q question) {
		if s := o.only(q.name, q.ends); s != nil {
			q.answer(s)
		}
	})
}

// questions asks for the parents of spans.
func questions(spans []*Span) []question {
	asked := make([]question, len(spans))
	for i, s := range spans {
		asked[i] = question{name: s.Service, begins: s.Start, ends: s.End(), answer: func(p *Span) {
			s.Parent, s.Guess = p, true
		}}
	}
	return asked
}
