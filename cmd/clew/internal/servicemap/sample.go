package servicemap

import (
	"cmp"
	"slices"
	"time"

	"example.com/clew/internal/timeline"
)

// sample is a call that is kept as an example.
type sample struct {
	trace timeline.ID
	at    int64 // when it began; never: not known
	took  time.Duration
}

// samples are a few calls, each of a different trace.
type samples []sample

// mostSamples is how many samples of an edge are kept.
const mostSamples = 5

func compareIDs(a, b timeline.ID) int {
	return cmp.Or(cmp.Compare(a.High, b.High), cmp.Compare(a.Low, b.Low))
}

// slow keeps a call if it is one of the slowest.
func (s *samples) slow(c sample) {
	if n := len(*s); n == mostSamples && c.took < (*s)[n-1].took { // true for most calls
		return
	}
	s.keep(c, func(a, b sample) int {
		return cmp.Or(cmp.Compare(b.took, a.took), compareIDs(a.trace, b.trace), cmp.Compare(a.at, b.at))
	})
}

// fresh keeps a call if it is one of the newest.
func (s *samples) fresh(c sample) {
	s.keep(c, func(a, b sample) int {
		return cmp.Or(cmp.Compare(b.at, a.at), compareIDs(a.trace, b.trace), cmp.Compare(b.took, a.took))
	})
}

// keep keeps a call if it is one of the first in the order that compare gives, and the first call
// of its trace.
func (s *samples) keep(c sample, compare func(a, b sample) int) {
	if i := slices.IndexFunc(*s, func(o sample) bool { return o.trace == c.trace }); i >= 0 {
		if compare((*s)[i], c) <= 0 {
			return
		}
		*s = slices.Delete(*s, i, i+1)
	}
	at, _ := slices.BinarySearchFunc(*s, c, compare)
	*s = slices.Insert(*s, at, c)
	*s = (*s)[:min(len(*s), mostSamples)]
}

// shown returns the samples in the form in which a graph has them.
func (s samples) shown() []Sample {
	all := make([]Sample, len(s))
	for i, c := range s {
		all[i] = Sample{Trace: c.trace.String(), Took: exactly(c.took)}
		if c.at != never {
			all[i].At = time.Unix(0, c.at).UTC()
		}
	}
	return all
}
