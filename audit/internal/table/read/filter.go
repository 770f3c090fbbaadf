package read

import (
	"slices"

	"example.com/clew/audit/internal/table"
)

// Filter is the rows that are asked for: those that all of it holds for. Empty fields ask
// nothing.
type Filter struct {
	TraceIDs  []string    // one of these
	Values    []string    // each of these, under any key
	Pairs     [][2]string // each of these: a key and its value
	AnyValue  []string    // one of these, under any key
	App       string
	Message   string
	TraceName string
	Since     int64 // microseconds; from it on
	Until     int64 // microseconds; before it
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

// Narrow reports whether Bloom filters can be asked.
func (q *Filter) Narrow() bool { return len(q.TraceIDs) > 0 || len(q.All()) > 0 }

// All returns all values that q names, so that Bloom filters can be asked.
func (q *Filter) All() []string {
	all := slices.Concat(q.Values, q.AnyValue)
	for _, pair := range q.Pairs {
		all = append(all, pair[1])
	}
	return all
}
