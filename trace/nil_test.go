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

// No exported function or method panics if its context, its carrier or its receiver is nil or
// zero.
func TestNilAndZero(t *testing.T) {
	var (
		ctx      context.Context
		provider *trace.Provider
		starter  trace.Starter
		zero     trace.B3
	)
	started := func(ctx context.Context, span oteltrace.Span) {
		assert.Len(t, trace.ID(ctx), 32, "ID of the started span")
		assert.True(t, span.SpanContext().IsValid(), "whether the span's IDs are valid")
		span.End()
	}
	type row struct {
		name string
		call func()
	}
	rows := []row{
		{"ID", func() { assert.Empty(t, trace.ID(ctx)) }},
		{"SpanID", func() { assert.Empty(t, trace.SpanID(ctx)) }},
		{"FromContext", func() {
			b, ok := trace.FromContext(ctx)
			assert.Zero(t, b)
			assert.False(t, ok)
		}},
		{"NewContext", func() { assert.NotNil(t, trace.NewContext(ctx, zero)) }},
		{"NewContext, with IDs", func() { assert.Equal(t, id64, trace.ID(trace.NewContext(ctx, testkit.B3(id64+"-"+spanID)))) }},
		{"NewContext, an unknown state", func() { assert.NotNil(t, trace.NewContext(ctx, trace.B3{Sampling: 77})) }},
		{"Detach", func() { assert.NotNil(t, trace.Detach(ctx)) }},
		{"Only", func() { assert.NotNil(t, trace.Only(ctx)) }},
		{"Start", func() { started(trace.Start(ctx, "")) }},
		{"Start, a new root", func() { started(trace.Start(ctx, "", oteltrace.WithNewRoot())) }},
		{"Root", func() { started(trace.Root(ctx, "")) }},
		{"Starter.Start", func() { started(starter.Start(ctx, zero, "")) }},
		{"Starter.Start, of a client", func() { started(trace.Starter{Kind: oteltrace.SpanKindClient}.Start(ctx, zero, "")) }},
		{"Starter.Start, a nil Provider", func() { started(trace.Starter{TracerProvider: provider}.Start(ctx, zero, "")) }},
		{"Provider.Tracer, nil", func() { started(provider.Tracer("").Start(ctx, "")) }},
		{"Provider.Tracer, zero", func() { started(new(trace.Provider).Tracer("").Start(ctx, "")) }},
		{"Provider.Tracer, a new root", func() { started(provider.Tracer("").Start(ctx, "", oteltrace.WithNewRoot())) }},
		{"NewProvider", func() { started(trace.NewProvider(trace.ProviderConfig{}).Tracer("").Start(ctx, "")) }},
		{"Ratio.Sample, zero", func() { assert.False(t, new(trace.Ratio).Sample(oteltrace.TraceID{})) }},
		{"Sampler.Sample", func() { assert.True(t, trace.Always().Sample(oteltrace.TraceID{})) }},
		{"Sampling.String, unknown", func() { assert.Equal(t, "defer", trace.Sampling(77).String()) }},
		{"B3.ID", func() { assert.Empty(t, zero.ID()) }},
		{"B3.String", func() { assert.Empty(t, zero.String()) }},
		{"B3.AppendTraceID", func() { assert.Empty(t, zero.AppendTraceID(nil)) }},
		{"Parse", func() {
			_, err := trace.Parse("")
			assert.Error(t, err)
		}},
		{"FromHeader", func() {
			b, err := trace.FromHeader(nil)
			assert.Zero(t, b)
			assert.NoError(t, err)
		}},
		{"FromHeader, a header without values", func() {
			b, err := trace.FromHeader(http.Header{"B3": nil, "X-B3-Traceid": {}})
			assert.Zero(t, b)
			assert.NoError(t, err)
		}},
	}
	for _, p := range []trace.Propagator{{}, {W3C: true}, {Encoding: b3.B3SingleHeader}, {Encoding: 77}} {
		for name, carrier := range map[string]propagation.TextMapCarrier{
			"nil": nil, "a nil header": propagation.HeaderCarrier(nil), "a nil map": propagation.MapCarrier(nil),
			"a header": propagation.HeaderCarrier{}, "a map": propagation.MapCarrier{},
		} {
			rows = append(rows,
				row{"Propagator.Inject, " + name, func() { p.Inject(ctx, carrier) }},
				row{"Propagator.Inject, a trace, " + name, func() { p.Inject(trace.NewContext(ctx, testkit.B3(id64+"-"+spanID)), carrier) }},
				row{"Propagator.Extract, " + name, func() { assert.NotNil(t, p.Extract(ctx, carrier)) }},
				row{"Propagator.Fields, " + name, func() { assert.NotEmpty(t, p.Fields()) }})
		}
	}
	for _, row := range rows {
		assert.NotPanics(t, row.call, row.name)
	}
}
