package trace_test

import (
	"fmt"
	"testing"

	canaries "example.com/clew/internal/canary"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/propagation"
)

// canaryRows returns all rows of package canary, with IDs from ids.
func canaryRows(ids func() canaries.IDs) []canaries.Row {
	rows := append([]canaries.Row{canaries.None()}, canaries.B3(ids)...)
	rows = append(rows, canaries.Debugging(ids)...)
	rows = append(rows, canaries.Lone()...)
	return append(rows, canaries.Hostile(ids)...)
}

// From each row's headers, FromHeader reads the IDs and the state that the row expects. Neither
// the result nor the error contains anything of a malformed header.
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
				assert.NotContains(t, fmt.Sprint(b, err), r.Refused, "the result and the error contain the refused text")
			}
		})
	}
	for _, r := range canaries.Traceparent(canaries.Random) {
		b, _ := trace.FromContext(trace.Propagator{W3C: true}.Extract(t.Context(), propagation.HeaderCarrier(r.Header)))
		assert.Equal(t, r.TraceID, b.ID(), r.Name)
		assert.Equal(t, r.State, b.Sampling.String(), r.Name)
	}
}
