package lake

import (
	"cmp"
	"slices"

	"example.com/clew/audit/internal/table/read"
)

// place is where a hit lies, and its event where that was read at once.
type place struct {
	file  *stored
	group int
	hit   read.Hit
	event *Event
}

// newestPlaces returns the limit newest hits, and all that have the time of the last of these:
// which of them count is known when they are read.
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
