package read

import (
	"slices"

	"example.com/clew/audit/internal/table"
)

// Filter says which rows are asked for: rows that match all fields. An empty field matches all
// rows.
type Filter struct {
	TraceIDs  []string    // the row has one of these
	Values    []string    // the row has each of these, under any key
	Pairs     [][2]string // the row has each of these: a key and its value
	AnyValue  []string    // the row has one of these, under any key
	App       string
	Message   string
	TraceName string
	Since     int64 // microseconds; inclusive
	Until     int64 // microseconds; exclusive
}

func (q *Filter) reads(column int) bool {
	switch column {
	case table.Timestamp:
		return true
	case table.App:
		return q.App != ""
	case table.Message:
		return q.Message != ""
	case table.TraceNames:
		return q.TraceName != ""
	}
	return false
}

// Narrow reports whether Bloom filters can exclude files.
func (q *Filter) Narrow() bool { return len(q.TraceIDs) > 0 || len(q.All()) > 0 }

// All returns all values in q that a search looks up in Bloom filters.
func (q *Filter) All() []string {
	all := slices.Concat(q.Values, q.AnyValue)
	for _, pair := range q.Pairs {
		all = append(all, pair[1])
	}
	return all
}
