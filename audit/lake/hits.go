package lake

import (
	"slices"
	"time"
)

// hits holds the hits of a segment in a partition.
type hits struct {
	count  int64
	events []Event // none if hits are only counted; only the newest if there is a limit
	most   int     // when events has this length, only the newest events up to the limit are kept
}

// hitsOf returns the hits of the segment in one partition. The argument begin is the time at which
// this partition begins. The caller may add hits.
func (s *openSegment) hitsOf(begin int64) *hits {
	h := s.hits[begin]
	if h == nil {
		h = new(hits)
		s.hits[begin] = h
	}
	return h
}

func (h *hits) add(e Event, a *question) {
	h.count++
	if !a.rows {
		return
	}
	h.events = append(h.events, e)
	if h.most = max(h.most, 2*a.limit+1000); a.limit > 0 && len(h.events) >= h.most {
		h.events = newestEvents(h.events, a.limit)
		// If all events have the same time, newestEvents removes none. The next call comes when
		// their number has doubled.
		h.most = 2 * len(h.events)
	}
}

// newestEvents returns the newest events, as many as limit says, and also all other events with
// the same time as the oldest of them.
func newestEvents(all []Event, limit int) []Event {
	times := make([]time.Time, len(all))
	for i := range all {
		times[i] = all[i].Time
	}
	slices.SortFunc(times, time.Time.Compare)
	oldest := times[len(times)-limit]
	return slices.DeleteFunc(all, func(e Event) bool { return e.Time.Before(oldest) })
}
