package lake

import (
	"cmp"
	"slices"

	"example.com/clew/audit/internal/table/read"
)

// place is the location of a hit. It also holds the event if the event was read together with the
// hit.
type place struct {
	file  *stored
	group int
	hit   read.Hit
	event *Event
}

// newestPlaces returns the newest hits, as many as limit says, and also all other hits with the
// same time as the oldest of them. Hits with the same time must be read before it is known which
// of them belong to the answer.
func newestPlaces(places []place, limit int) []place {
	if limit == 0 || len(places) <= limit {
		return places
	}
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(b.hit.Time, a.hit.Time) })
	n := limit
	for n < len(places) && places[n].hit.Time == places[limit-1].hit.Time {
		n++
	}
	return places[:n]
}
