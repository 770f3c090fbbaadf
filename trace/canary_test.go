package trace_test

import (
	"fmt"
	"testing"

	canaries "example.com/clew/internal/canary"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/propagation"
)

// canaryRows are all rows, with these IDs.
func canaryRows(ids func() canaries.IDs) []canaries.Row {
	rows := append([]canaries.Row{canaries.None()}, canaries.B3(ids)...)
	rows = append(rows, canaries.Debugging(ids)...)
	rows = append(rows, canaries.Lone()...)
	return append(rows, canaries.Hostile(ids)...)
}

// Each row is read as the row says, and nothing of malformed headers is left.
func TestCanaries(t *testing.T) {
	for _, r := range canaryRows(canaries.Random) {
		t.Run(r.Name, func(t *testing.T) {
			b, err := trace.FromHeader(r.Header)
			assert.Equal(t, r.TraceID, b.ID(), "trace ID")
			assert.Equal(t, r.Hostile && r.TraceID == "" && r.State == "", err != nil, "error: %v", err)
			want := r.State
			if want == "" {
				want = canaries.Defer
			}
			assert.Equal(t, want, b.Sampling.String(), "state")
			if r.SpanID != "" {
				assert.Equal(t, r.SpanID, b.SpanID.String(), "span ID")
			}
			if r.Refused != "" {
				assert.NotContains(t, fmt.Sprint(b, err), r.Refused, "what is refused")
			}
		})
	}
	for _, r := range canaries.Traceparent(canaries.Random) {
		b, _ := trace.FromContext(trace.Propagator{W3C: true}.Extract(t.Context(), propagation.HeaderCarrier(r.Header)))
		assert.Equal(t, r.TraceID, b.ID(), r.Name)
		assert.Equal(t, r.State, b.Sampling.String(), r.Name)
	}
}
