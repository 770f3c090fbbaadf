package trace

import "context"

// record is what this package knows of a trace and an OpenTelemetry span context cannot
// hold. FromContext compares it with the current span, so that it never goes stale.
type record struct {
	b3 B3

	// bySDK: an SDK made the span and its decision. Then a Deny here only repeats the
	// span's sampled flag; it is not what a caller asked for, and does not stick.
	bySDK bool
}

type recordKey struct{}

// recordNode is a link in the chain of contexts that holds a record alone: beside the span
// of an SDK, or for a state that came without IDs.
type recordNode struct {
	context.Context
	record
}

func (n *recordNode) Value(key any) any {
	if key == (recordKey{}) {
		return &n.record
	}
	return n.Context.Value(key)
}

func nearestRecord(ctx context.Context) record {
	if r, ok := ctx.Value(recordKey{}).(*record); ok {
		return *r
	}
	return record{}
}
