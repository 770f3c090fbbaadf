package timeline

import (
	"slices"
	"time"

	"example.com/clew/internal/line"
)

// Filter says which traces are listed: those in which one line has all that is asked for. The zero
// value is all traces. Service alone may be that of any line. With a route, a status or a
// duration, the line is one of a request or a job.
type Filter struct {
	Service      string        // "": any
	Route        string        // "": any
	Statuses     []Statuses    // one of these; none: any
	Slower       time.Duration // than this; zero: any
	Error        bool          // traces in which something failed, or a line is at the level of errors
	Marked       bool          // traces that are marked; see [Lister.Mark]
	Since, Until time.Time     // the trace began no earlier, and before; zero: any
}

// matches tells whether a line has all that is asked of one.
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

// status tells whether a status is one of those that are asked for.
func (f *Filter) status(status int) bool {
	within := func(s Statuses) bool { return status >= s.Low && status <= s.High }
	return len(f.Statuses) == 0 || slices.ContainsFunc(f.Statuses, within)
}
