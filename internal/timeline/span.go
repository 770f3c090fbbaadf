package timeline

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/clew/internal/line"
)

// Kind is the kind of work that a span does.
type Kind string

// The kinds of spans.
const (
	Server   Kind = "server"   // the span serves a request
	Client   Kind = "client"   // the span calls another service
	Job      Kind = "job"      // the span is a run of a job
	Internal Kind = "internal" // the span seems to be none of these
)

// Span is a piece of work of one service.
type Span struct {
	// ID has 16 digits, or is empty if the line has none. Several spans may have one ID: with
	// Finagle and Brave, a request has the ID of its call.
	ID       string
	ParentID string // as the span's line names it; "": the line names none
	Parent   *Span  // nil: the span is a root
	Children []*Span

	Kind      Kind
	Service   string // "": not known
	Operation string
	Route     string // of a request; "": none
	Status    int    // of HTTP; 0: none
	Attempt   int    // of a call, from 1; 0: not counted
	Error     string // the cause of the failure, in the words of the span's line; "": not known
	// Failed says that the line reports a failure: no answer, a panic, or a status of 500 or more.
	Failed bool

	// Start is by the clock of the trace's first service. Zero means that it is not known.
	Start    time.Time
	Duration time.Duration

	// Critical is the part of the trace's duration in which this span worked and waited for none
	// of its children. The parts of all spans add up to the duration of the longest root.
	Critical time.Duration

	Made bool // no line reports the span: it is made from lines and spans that name its ID

	// Guess says that no line names the parent. The parent is the only span that encloses this one
	// in time.
	Guess bool

	Report *Line   // the line that reports the span; nil: the span is made
	Lines  []*Line // the lines of the span, in the order of time; they include Report

	next   *Span // another span with the same ID
	number int   // the index of the span in builder.spans
	below  below
	cut    bool // its parent was removed, because the parent was below the span itself
	nth    int  // the number of the span among spans with its ID, from 0
}

// below sums up a span and all spans below it.
type below struct {
	spans, lines int
	failed       bool // a span failed, or a line is at the level of errors
}

// End returns the time when the span ended.
func (s *Span) End() time.Time { return s.Start.Add(s.Duration) }

// Key returns a name for the span that is unique in its tree. The name is the span ID, unless an
// earlier span has the same ID.
func (s *Span) Key() string {
	switch {
	case s.ID == "":
		return "#" + strconv.Itoa(s.number)
	case s.nth == 0:
		return s.ID
	}
	return s.ID + "/" + strconv.Itoa(s.nth+1)
}

// spanOf returns the span that l reports; nil: none.
func spanOf(l *Line) *Span {
	s := &Span{ID: l.Entry.Span, ParentID: l.Entry.Parent, Service: l.Service, Report: l}
	switch r := l.Record.(type) {
	case *line.Request:
		s.serves(r)
	case *line.Call:
		s.calls(r)
	case *line.Run:
		s.Kind, s.Operation, s.Duration = Job, r.Job, r.Duration
		s.Failed = r.Panicked
		if r.Panicked {
			s.Error = "panicked"
		}
	default:
		return nil
	}
	s.Duration = max(s.Duration, 0)
	if !l.At.IsZero() {
		s.Start = l.At.Add(-s.Duration) // a span's line is written at its end
	}
	return s
}

func (s *Span) serves(r *line.Request) {
	s.Kind, s.Route, s.Status, s.Duration = Server, r.Route, r.Status, r.Duration
	s.Operation = join(r.Method, or(r.Route, r.Path))
	s.Failed = r.Panicked || r.Status >= 500 || r.Status == 0 && !r.Hijacked
	switch {
	case r.Panicked:
		s.Error = "panicked"
	case r.ClientGone:
		s.Error = "the client went away"
	case s.Failed && r.Status == 0:
		s.Error = "no answer"
	}
}

func (s *Span) calls(c *line.Call) {
	s.Kind, s.Status, s.Attempt, s.Error = Client, c.Status, c.Attempt, c.Error
	s.Duration = max(c.Duration, c.Body) // the line is written when the body has ended
	s.Operation = join(c.Method, c.Host+c.Path)
	s.Failed = c.Error != "" || c.Status >= 500
}

// join joins a method and a route. Patterns of net/http include the method.
func join(method, route string) string {
	if strings.HasPrefix(route, method+" ") {
		return route
	}
	return strings.TrimSpace(method + " " + route)
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// cover extends s to include the period between the arguments from and until.
func (s *Span) cover(from, until time.Time) {
	if from.IsZero() {
		return
	}
	if s.Start.IsZero() {
		s.Start, s.Duration = from, until.Sub(from)
		return
	}
	end := s.End()
	if until.After(end) {
		end = until
	}
	if from.Before(s.Start) {
		s.Start = from
	}
	s.Duration = end.Sub(s.Start)
}

// count adds s and its lines to the sums in s.below. Then it adds these sums to the sums of the
// parent.
func (s *Span) count() {
	s.below.spans++
	s.below.lines += len(s.Lines)
	s.below.failed = s.below.failed || s.Failed || slices.ContainsFunc(s.Lines, (*Line).IsError)
	if p := s.Parent; p != nil {
		p.below.spans += s.below.spans
		p.below.lines += s.below.lines
		p.below.failed = p.below.failed || s.below.failed
	}
}
