package lake

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// Bounds limit a [Story]. Zero means the default of the field. Less than zero is an error.
type Bounds struct {
	Hops   int // default 2; the first hop leads from the events that the query asks for to their traces
	Traces int // default 100
	Rows   int // events; default 10,000
	Common int // default 20; a value that is in more traces of the range is not followed
}

func (b Bounds) orDefaults() Bounds {
	return Bounds{cmp.Or(b.Hops, 2), cmp.Or(b.Traces, 100), cmp.Or(b.Rows, 10_000), cmp.Or(b.Common, 20)}
}

// check returns an error that lists all faults of b.
func (b Bounds) check() error {
	var wrong []error
	for _, bound := range []struct {
		name string
		n    int
	}{{"Hops", b.Hops}, {"Traces", b.Traces}, {"Rows", b.Rows}, {"Common", b.Common}} {
		if bound.n < 0 {
			wrong = append(wrong, fmt.Errorf("lake: Bounds.%s is %d, less than 0", bound.name, bound.n))
		}
	}
	return errors.Join(wrong...)
}

// Story is what happened to an item. It contains the item's events, all events of their traces,
// and the events of other traces that share an identifier with these.
type Story struct {
	Events []Step // in the order of time
	Traces int    // the number of traces that were followed
	// Stopped contains a sentence for each limit that was reached, because the story may have more
	// events. It also contains one for the values that were too common to be followed.
	Stopped []string
}

// Step is an event of a Story.
type Step struct {
	Event
	// Hop is 0 for an event that the query asks for and that has no trace. If an event that the
	// query asks for has a trace, Hop is 1 for all events of this trace. Hop is 2 for the events
	// of a trace that shares a value with a trace of hop 1, and so on.
	Hop int
	By  string        // key=value of the identifier that led to the event's trace; "" for hops 0 and 1
	Gap time.Duration // the time since the previous step
}
