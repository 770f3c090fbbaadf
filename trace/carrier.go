package trace

import (
	"slices"

	"go.opentelemetry.io/otel/propagation"
)

func fromCarrier(carrier propagation.TextMapCarrier) B3 {
	var values [6]string // in the order of b3Fields
	find(carrier, b3Fields, values[:])
	if b, err := Parse(values[0]); err == nil {
		return b
	}
	b, _ := parseMulti(&multi{values[1], values[2], values[3], values[4], values[5]})
	return b
}

// find puts the trimmed values of fields into values. The carrier's keys may have upper-case
// letters. If the carrier has several spellings of a field, the lower-case one wins.
func find(carrier propagation.TextMapCarrier, fields, values []string) {
	for i, field := range fields {
		values[i] = trim(carrier.Get(field))
	}
	// The keys are sorted, so that the same key wins each time if X-B3-Flags and x-B3-flags are
	// both there. slices.Sorted sorts a copy, because Keys may return the carrier's own slice.
	for _, key := range slices.Sorted(slices.Values(carrier.Keys())) {
		i := slices.IndexFunc(fields, func(field string) bool { return equalFold(key, field) })
		if i >= 0 && values[i] == "" {
			values[i] = trim(carrier.Get(key))
		}
	}
}
