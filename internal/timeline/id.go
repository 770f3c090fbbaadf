package timeline

// ID is a trace ID. A high half of zero is one that is zero, absent or not known: in Datadog's
// decimal form there is none. The zero ID is none.
type ID struct{ High, Low uint64 }

// Same tells whether a and b name one trace: their low halves are equal, and their high halves
// are, or one of these is zero.
func (a ID) Same(b ID) bool {
	return a.Low == b.Low && (a.High == b.High || a.High == 0 || b.High == 0)
}
