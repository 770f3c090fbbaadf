package timeline

import (
	"slices"
	"time"

	"example.com/clew/internal/line"
)

// Filter selects the traces of a list. Service, Route, Statuses, Slower and Error are about lines:
// one line of a selected trace must match all of them. If Route, Statuses or Slower is set, that
// line must be the line of a request or a job. The other fields are about the trace. The zero
// value selects all traces.
type Filter struct {
	Service      string        // "": any
	Route        string        // "": any
	Statuses     []Statuses    // one of these; empty: any
	Slower       time.Duration // the shortest duration; zero: any
	Error        bool          // a span failed, or a line is at the level of errors
	Marked       bool          // the trace is marked; see [Lister.Mark]
	Since, Until time.Time     // the trace began at Since or later, and before Until; zero: any
}

// matches reports whether a line matches Service, Route, Statuses, Slower and Error.
func (f *Filter) matches(g *Glance) bool {
	if f.Service != "" && f.Service != g.Service || f.Error && !g.isError() {
		return false
	}
	if f.Route == "" && len(f.Statuses) == 0 && f.Slower == 0 {
		return true
	}
	return g.Record != "" && g.Record != line.MessageCall && (f.Route == "" || f.Route == g.Route) &&
		f.status(g.Status) && g.Duration >= f.Slower
}

// status reports whether a status is one of Statuses.
func (f *Filter) status(status int) bool {
	within := func(s Statuses) bool { return status >= s.Low && status <= s.High }
	return len(f.Statuses) == 0 || slices.ContainsFunc(f.Statuses, within)
}
