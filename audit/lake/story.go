package lake

import (
	"cmp"
	"errors"
	"fmt"
	"time"
)

// Bounds limit a [Story]. Zero means the default of the field. Less than zero is an error.
type Bounds struct {
	Hops   int // default 2; the first hop leads from the events that were asked for to their traces
	Traces int // default 100
	Rows   int // events; default 10,000
	Common int // default 20; a value in more traces of the range than these is not followed
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

// Story is what happened to an item: its events, the events of its traces, and those of the traces
// that have another of its identifiers.
type Story struct {
	Events []Step // in the order of time
	Traces int    // that were followed
	// Stopped has a sentence for each bound that was reached, where the story may go on, and one
	// for the values that were too common to be followed.
	Stopped []string
}

// Step is an event of a Story.
type Step struct {
	Event
	Hop int           // 0: asked for; 1: in a trace of these events; 2: in a trace that shares a value
	By  string        // key=value of the identifier that led to the event's trace; "" for hops 0 and 1
	Gap time.Duration // since the step before
}
