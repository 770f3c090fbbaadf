package trace_test

import (
	"context"
	"net/http"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

func TestAllocations(t *testing.T) {
	multi := testkit.Header(xTrace, id128, xSpan, spanID, xParent, parentID, xSampled, "1")
	single := testkit.Header("b3", id128+"-"+spanID+"-1-"+parentID)
	caller, ctx := testkit.B3(single.Get("b3")), testkit.Context(single.Get("b3"))
	client := trace.Starter{Kind: oteltrace.SpanKindClient}
	ours, _ := trace.Start(ctx, "request")

	// The header out is like a transport's copy of the request's header: the map has space for
	// clew's headers.
	out := http.Header{"Accept": {"*/*"}}
	trace.Propagator{Encoding: both}.Inject(ctx, propagation.HeaderCarrier(out))
	carrier := propagation.HeaderCarrier(out)

	limit := trace.NewLimit(1e6)
	for _, tt := range []struct {
		name string
		most float64
		f    func()
	}{
		{"FromHeader, X-B3-*", 0, func() { _, _ = trace.FromHeader(multi) }},
		{"FromHeader, b3", 0, func() { _, _ = trace.FromHeader(single) }},
		{"FromHeader, none", 0, func() { _, _ = trace.FromHeader(http.Header{}) }},
		{"FromHeader, malformed", 0, func() { _, _ = trace.FromHeader(badHeader) }},
		{"Parse", 0, func() { _, _ = trace.Parse(single["B3"][0]) }},
		{"FromContext", 0, func() { _, _ = trace.FromContext(ours) }},
		{"FromContext, remote", 0, func() { _, _ = trace.FromContext(ctx) }},
		{"FromContext, nothing", 0, func() { _, _ = trace.FromContext(context.Background()) }},
		{"ID, second call", 0, func() { _ = trace.ID(ours) }},
		{"SpanID, second call", 0, func() { _ = trace.SpanID(ours) }},
		{"NewContext", 1, func() { _ = trace.NewContext(context.Background(), caller) }},
		{"Start without an SDK", 1, func() { _, _ = trace.Starter{}.Start(context.Background(), caller, "x") }},
		{"Start of a root", 1, func() { _, _ = trace.Start(context.Background(), "x") }},
		{"Start of a child", 1, func() { _, _ = trace.Start(ours, "x") }},
		{"NewLimit's Sample", 0, func() { limit.Sample(caller.TraceID) }},
		{"Start of a client span, and Inject", 2, func() {
			ctx, _ := client.Start(ours, trace.B3{}, "x")
			trace.Propagator{}.Inject(ctx, carrier)
		}},
		{"Start of a client span, and Inject of b3", 2, func() {
			ctx, _ := client.Start(ours, trace.B3{}, "x")
			trace.Propagator{Encoding: b3.B3SingleHeader}.Inject(ctx, carrier)
		}},
		{"Start of a client span, and Inject of both", 3, func() {
			ctx, _ := client.Start(ours, trace.B3{}, "x")
			trace.Propagator{Encoding: both}.Inject(ctx, carrier)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := testing.AllocsPerRun(200, tt.f)
			if !raceEnabled {
				assert.LessOrEqual(t, got, tt.most, "allocations")
			}
		})
	}
}

var badHeader = testkit.Header("b3", canary, xTrace, canary, xSpan, spanID)
