package lake

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// Bounds are those of a [Story]. A field that is zero has the value that stands beside it.
type Bounds struct {
	Hops   int // 2: from what was asked for to its traces is the first
	Traces int // 100
	Rows   int // 10,000 events
	Common int // 20: a value in more traces of the range than these identifies nothing
}

func (b Bounds) orDefaults() Bounds {
	return Bounds{cmp.Or(b.Hops, 2), cmp.Or(b.Traces, 100), cmp.Or(b.Rows, 10_000), cmp.Or(b.Common, 20)}
}

// check returns all that is wrong with b.
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

// Story is what happened to an item: its events, those of its traces, and those of the traces
// that have another of its identifiers.
type Story struct {
	Events []Step // in the order of time
	Traces int    // that were followed
	// Stopped says where the story may go on: a sentence for each bound that was reached, and one
	// for the values that were too common to be followed.
	Stopped []string
}

// Step is an event of a Story.
type Step struct {
	Event
	Hop int           // 0: what was asked for; 1: in a trace of that; 2: in one that shares a value
	By  string        // key=value: the identifier that led to the event's trace; "" for hops 0 and 1
	Gap time.Duration // since the step before
}
