package timeline

import (
	"slices"
	"time"
)

// A question asks for the one span that begins at latestStart or earlier, and ends at earliestEnd
// or later. The function ask looks among the spans with the name, and askOthers among the spans of
// all other services.
type question struct {
	name        string // usually the name of a service
	latestStart time.Time
	earliestEnd time.Time
	answer      func(*Span) // called with the span, if exactly one span fits
}

// sweep goes through spans and questions in the order of time. Before it calls answer for a
// question, it calls add for each span that begins no later than the question's latestStart. The
// function add needs to keep only the two spans that end last: they show whether exactly one span
// fits the question.
func sweep(spans []*Span, asked []question, add func(*Span), answer func(question)) {
	slices.SortFunc(spans, earlier)
	slices.SortStableFunc(asked, func(a, b question) int { return a.latestStart.Compare(b.latestStart) })
	for _, q := range asked {
		for len(spans) > 0 && !spans[0].Start.After(q.latestStart) {
			add(spans[0])
			spans = spans[1:]
		}
		answer(q)
	}
}

// ask answers questions with spans of the wanted name. A span may have several names.
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
		if s := of[q.name].only(q.earliestEnd); s != nil {
			q.answer(s)
		}
	})
}

// askOthers answers questions with spans of any service but the named one.
func askOthers(spans []*Span, asked []question) {
	o := others{of: map[string]*longest{}}
	sweep(spans, asked, o.add, func(q question) {
		if s := o.only(q.name, q.earliestEnd); s != nil {
			q.answer(s)
		}
	})
}

// questions returns a question for the parent of each span.
func questions(spans []*Span) []question {
	asked := make([]question, len(spans))
	for i, s := range spans {
		asked[i] = question{name: s.Service, latestStart: s.Start, earliestEnd: s.End(), answer: func(p *Span) {
			s.Parent, s.Guess = p, true
		}}
	}
	return asked
}
