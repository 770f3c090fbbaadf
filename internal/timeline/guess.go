package timeline

import "strings"

func service(s *Span) []string { return []string{s.Service} }

// called returns the names that the service which answers a call may have, by the host that was
// called: each part of it. Its service is price for price.prod.svc.cluster.local:8080.
func called(s *Span) []string {
	return strings.SplitN(s.http().host, ".", maxParts)
}

// maxParts is how many parts of a host are looked at. Those of a cluster are five.
const maxParts = 8

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
