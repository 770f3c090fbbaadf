package timeline

import (
	"slices"
	"strings"
	"time"
)

// question asks for the only span of a name that begins no later and ends no earlier.
type question struct {
	name         string // as a rule a service's
	begins, ends time.Time
	answer       func(*Span) // called if there is one
}

// longest is which spans of those seen so far end last.
type longest struct{ first, second *Span }

func (l *longest) add(s *Span) {
	switch {
	case l.first == nil || s.End().After(l.first.End()):
		l.first, l.second = s, l.first
	case l.second == nil || s.End().After(l.second.End()):
		l.second = s
	}
}

// only returns the one span that does not end before t; nil: there are none, or several.
func (l *longest) only(t time.Time) *Span {
	if l == nil || !lasts(l.first, t) || lasts(l.second, t) {
		return nil
	}
	return l.first
}

func lasts(s *Span, t time.Time) bool { return s != nil && !s.End().Before(t) }

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

func service(s *Span) []string { return []string{s.Service} }

// called returns the names that the service which answers a call may have, by the host that was
// called: each part of it. Its service is price for price.prod.svc.cluster.local:8080.
func called(s *Span) []string {
	return strings.SplitN(s.http().host, ".", maxParts)
}

// maxParts is how many parts of a host are looked at. Those of a cluster are five.
const maxParts = 8

// others is which services have the spans that end last: three, so that there are two besides
// whichever service asks.
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

// only returns the one span of another service that does not end before t.
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

// askOthers answers questions by spans of other services than the one that is asked for.
func askOthers(spans []*Span, asked []question) {
	o := others{of: map[string]*longest{}}
	sweep(spans, asked, o.add, func(q question) {
		if s := o.only(q.name, q.ends); s != nil {
			q.answer(s)
		}
	})
}

// works returns the spans in which a service works for the trace: its calls are others' work.
func (b *builder) works() []*Span {
	return b.those(func(s *Span) bool { return s.Kind == Server || s.Kind == Job })
}

func (b *builder) those(want func(*Span) bool) []*Span {
	var spans []*Span
	for _, s := range b.spans {
		if want(s) && !s.Start.IsZero() {
			spans = append(spans, s)
		}
	}
	return spans
}

// guess finds parents by time. The parent of a call, or of a span that lines name, is in the same
// service. That of a request is a call that nobody else has answered, else what another service
// does. Only reported spans are parents: how long the others took is not known.
func (b *builder) guess() {
	own := b.those(func(s *Span) bool {
		return s.lost() && (s.Kind == Client || s.Kind == Internal && s.Service != "")
	})
	if len(own) > 0 {
		ask(b.works(), service, questions(own))
	}
	served := func(s *Span) bool { return s.Kind == Server && s.lost() }
	askOthers(b.unanswered(), questions(b.those(served)))
	askOthers(b.works(), questions(b.those(served)))
}

// unanswered returns the calls for which nobody has reported that it served them.
func (b *builder) unanswered() []*Span {
	answered := map[*Span]bool{}
	for _, s := range b.spans {
		if s.Kind == Server && s.Parent != nil {
			answered[s.Parent] = true
		}
	}
	return b.those(func(s *Span) bool { return s.Kind == Client && !s.Made && !answered[s] })
}

// lost tells whether s has a parent that is not known. A request or a call that names none has
// none.
func (s *Span) lost() bool {
	return s.Parent == nil && !s.cut && s.Kind != Job && s.ParentID != s.ID && (s.ParentID != "" || s.Made)
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
