package timeline

import (
	"slices"
	"time"
)

// Summary is a trace in a list.
type Summary struct {
	ID         ID
	Start, End time.Time // zero: no line has a time
	// Record is the message of the root's line: a request, call or job; "": no line reports a
	// span.
	Record    string
	Service   string // of the root; without a root, of the first line
	Operation string // of the root
	Status    int
	Duration  time.Duration // of the root; without a root, from the first line to the last
	Services  []string      // sorted by name
	More      int           // the number of lines of further services, after maxNamed services
	Spans     int           // the number of spans that a line reports
	Lines     int
	Errors    int // failed spans, and lines at the level of errors that report no span
}

// maxNamed is the largest number of services that are kept for a trace.
const maxNamed = 32

func (l *Lister) summary(s *tally) Summary {
	r := Summary{
		ID: s.id, Record: records[s.record], Service: l.names.name(s.service), Operation: s.operation, Status: int(s.status), Duration: s.took,
		Services: l.services(s), More: int(s.more), Spans: int(s.spans), Lines: int(s.lines), Errors: int(s.errors),
	}
	if start := s.start(); start != never {
		r.Start, r.End = time.Unix(0, start).UTC(), time.Unix(0, max(s.last, start)).UTC()
	}
	if r.Record == "" {
		r.Duration = r.End.Sub(r.Start)
		r.Service = l.names.name(s.named)
	}
	return r
}

// services returns the names of a trace's services, sorted.
func (l *Lister) services(s *tally) (all []string) {
	for _, id := range append(s.few[:], s.others...) {
		if id != 0 {
			all = append(all, l.names.name(id))
		}
	}
	slices.Sort(all)
	return all
}
