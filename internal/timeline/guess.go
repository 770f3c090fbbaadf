package timeline

import "strings"

func service(s *Span) []string { return []string{s.Service} }

// called returns the names that the called service may have: each part of the call's host. The
// service of price.prod.svc.cluster.local:8080 is price.
func called(s *Span) []string {
	return strings.SplitN(s.http().host, ".", maxParts)
}

// maxParts is the largest number of parts of a host that are tried as names. Hosts in a cluster
// have five.
const maxParts = 8

// works returns the spans in which a service works for the trace. Calls are not among them,
// because another service does their work.
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

// guess finds parents by time. The parent of a call, or of a made span, must be in the same
// service. The parent of a request is an unanswered call, else a request or a job of another
// service. Only reported spans become parents, because the length of other spans is not known.
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

// unanswered returns the calls that no reported request answers.
func (b *builder) unanswered() []*Span {
	answered := map[*Span]bool{}
	for _, s := range b.spans {
		if s.Kind == Server && s.Parent != nil {
			answered[s.Parent] = true
		}
	}
	return b.those(func(s *Span) bool { return s.Kind == Client && !s.Made && !answered[s] })
}

// lost reports whether the parent of s exists, but is not known. A request or a call that names no
// parent is a root, and not lost.
func (s *Span) lost() bool {
	return s.Parent == nil && !s.cut && s.Kind != Job && s.ParentID != s.ID && (s.ParentID != "" || s.Made)
}
