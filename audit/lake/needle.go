package lake

import (
	"encoding/hex"
	"slices"
)

// needle is bytes that a block must contain if one of its records is a hit.
type needle []byte

// needles returns bytes that all hits of the question contain, the longest first.
func (a *question) needles() (all []needle) {
	if id, ok := onlyTrace(a.filter.TraceIDs); ok {
		raw, _ := hex.DecodeString(id)
		all = append(all, raw)
	}
	for _, value := range a.filter.Values {
		all = append(all, needle(value))
	}
	for _, pair := range a.filter.Pairs {
		all = append(all, needle(pair[1]))
	}
	// The app is no needle, because most records do not contain it: it is in the segment's header.
	all = append(all, needle(a.filter.Message), needle(a.filter.TraceName))
	slices.SortStableFunc(all, func(a, b needle) int { return len(b) - len(a) })
	return all
}

// onlyTrace reports whether all ids are spellings of one trace ID, and returns the shortest one.
// The other spellings end with the shortest.
func onlyTrace(ids []string) (id string, ok bool) {
	if len(ids) == 0 {
		return "", false
	}
	id = slices.MinFunc(ids, func(a, b string) int { return len(a) - len(b) })
	return id, !slices.ContainsFunc(ids, func(other string) bool { return padded(other) != padded(id) })
}
