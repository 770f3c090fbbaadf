package timeline

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"example.com/clew/internal/line"
)

// Tree shows the calls between spans in a trace. Each line of the trace is in the tree once.
type Tree struct {
	*Trace
	Roots    []*Span
	Spans    []*Span // all spans, each behind its parent
	Loose    []*Line // lines under no span
	Services []Service
	Links    []Link
	Sampled  bool // a tracing backend has spans of the trace
	Circles  int  // circles of spans that were each other's parents; each is cut

	Start    time.Time // of the first span; without a span, of the first line
	Duration time.Duration
}

// Service is a service in a tree.
type Service struct {
	Name         string // "": the lines name none
	Spans, Lines int
	Errors       int // failed spans, and error lines other than the lines that report spans

	// Skew is the time by which the service's clock is ahead of the clock of the trace's first
	// service. The times of spans and Line.At are corrected by Skew. Zero means that the clock is
	// right, or that its skew is not known.
	Skew time.Duration
}

// Link is another trace that a line names.
type Link struct {
	Trace string // in hexadecimal digits
	// Why is "scheduled by" for the trace that started the job, and "untrusted" for the trace of
	// an untrusted caller.
	Why string
}

// NewTree returns the tree of a trace. For n lines, it needs n log n time, and a stack that does
// not grow with n.
func NewTree(trace *Trace) *Tree {
	b := builder{tree: &Tree{Trace: trace}, byID: map[string]*Span{}}
	b.report()
	b.make()
	b.link()
	b.uncircle()
	b.arrange()
	b.unskew()
	b.settle()
	b.extend()
	b.guess()
	b.uncircle()
	b.miss()
	b.arrange()
	b.extend()
	b.place()
	b.order()
	return b.tree
}

// extent finds the beginning and the duration of the trace.
func (t *Tree) extent() {
	var all Span
	reported := false
	for _, s := range t.Spans {
		all.cover(s.Start, s.End())
		reported = reported || !s.Made
	}
	if !reported { // spans with Made set cover only the lines that name them, not the trace
		for _, l := range t.Entries {
			all.cover(l.At, l.At)
		}
	}
	t.Start, t.Duration = all.Start, all.Duration
}

// sum counts the lines, spans and errors of services and subtrees.
func (t *Tree) sum(skew map[string]time.Duration) {
	of := map[string]*Service{}
	get := func(name string) *Service {
		s := of[name]
		if s == nil {
			s = &Service{Name: name, Skew: -skew[name]}
			of[name] = s
		}
		return s
	}
	for _, l := range t.Entries {
		s := get(l.Service)
		s.Lines++
		if l.IsError() && !l.reports() {
			s.Errors++
		}
		t.Sampled = t.Sampled || l.Sampled
	}
	for _, s := range slices.Backward(t.Spans) {
		if s.Service != "" || !s.Made {
			service := get(s.Service)
			service.Spans++
			if s.Failed {
				service.Errors++
			}
		}
		s.count()
	}
	for _, s := range of {
		t.Services = append(t.Services, *s)
	}
	slices.SortFunc(t.Services, func(a, b Service) int {
		return cmp.Or(cmp.Compare(b.Spans, a.Spans), strings.Compare(a.Name, b.Name))
	})
}

// Errors returns the number of failed spans, and of error lines that report no span.
func (t *Tree) Errors() int {
	n := 0
	for _, s := range t.Services {
		n += s.Errors
	}
	return n
}

// links finds the other traces that lines name.
func (t *Tree) links() {
	seen := map[Link]bool{}
	add := func(trace, why string) {
		if l := (Link{trace, why}); trace != "" && !seen[l] {
			seen[l] = true
			t.Links = append(t.Links, l)
		}
	}
	for _, l := range t.Entries {
		switch r := l.Record.(type) {
		case *line.Request:
			add(r.UntrustedTraceID, "untrusted")
		case *line.Run:
			add(r.ScheduledBy, "scheduled by")
		}
	}
}
