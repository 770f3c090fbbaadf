package trace_test

import (
	"context"
	"net/http"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// A no-op provider returns the parent's span, even if it is asked for a new root. Root must begin
// a new trace all the same.
func TestRootUnderNoopProvider(t *testing.T) {
	if !testkit.InChild(t) {
		return
	}
	otel.SetTracerProvider(noop.NewTracerProvider())
	old := testkit.Context(id128 + "-" + spanID + "-1")
	ctx, span := trace.Root(old, "root")
	defer span.End()
	assert.NotEqual(t, trace.ID(old), trace.ID(ctx), "trace ID of a root")
	assert.NotEqual(t, trace.SpanID(old), trace.SpanID(ctx), "span ID of a root")
	assert.Len(t, trace.ID(ctx), 32, "trace ID of a root: %q", trace.ID(ctx))
}

// Another library's span does not hold the width of the trace ID. Start finds the width in the
// caller's headers.
func TestWidthFromTheCaller(t *testing.T) {
	sdk := sdktrace.NewTracerProvider()
	for _, id := range []string{idWide, id64} {
		h := testkit.Header("X-B3-TraceId", id, "X-B3-SpanId", spanID, "X-B3-Sampled", "1")
		ctx := b3.New().Extract(context.Background(), propagation.HeaderCarrier(h))
		ctx, outer := sdk.Tracer("").Start(ctx, "another library's")
		defer outer.End()
		caller, err := trace.FromHeader(h)
		require.NoError(t, err)
		ctx, span := trace.Starter{}.Start(ctx, caller, "ours")
		defer span.End()
		assert.Equal(t, id, trace.ID(ctx), "ID under another library's span")
	}
}

// A Sampling that is none of the four constants counts as Defer, with every provider.
func TestUnknownSampling(t *testing.T) {
	caller := testkit.B3(id64 + "-" + spanID)
	caller.Sampling = 9
	for _, tt := range []struct {
		name     string
		provider oteltrace.TracerProvider
	}{
		{"Provider", samplesAll},
		{"SDK", sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.AlwaysSample())))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			starter := trace.Starter{TracerProvider: tt.provider}
			ctx, span := starter.Start(context.Background(), caller, "x")
			defer span.End()
			assert.Equal(t, trace.Accept, testkit.SaidIn(ctx).State, "state for a caller with Sampling(9)")
			ctx, span = starter.Start(trace.NewContext(context.Background(), caller), trace.B3{}, "x")
			defer span.End()
			assert.Equal(t, trace.Accept, testkit.SaidIn(ctx).State, "state for a context with Sampling(9)")
		})
	}
}

// A deny holds only for its own trace. The SDK that was not asked about the deny decides about the
// next root.
func TestRootAfterADeny(t *testing.T) {
	sdk := watch(sdktrace.AlwaysSample())
	ctx, span := trace.Starter{TracerProvider: sdk}.Start(context.Background(), testkit.B3("0"), "denied")
	defer span.End()
	_, child := trace.Start(ctx, "child")
	child.End()
	assert.Empty(t, sdk.named("child"), "spans begun under a deny")
	deeper, child := trace.Start(ctx, "child")
	defer child.End()
	for _, ctx := range []context.Context{ctx, deeper, trace.Only(ctx), trace.Detach(deeper)} {
		_, root := trace.Root(ctx, "root")
		root.End()
	}
	assert.Len(t, sdk.named("root"), 4, "spans begun for roots under a deny")
}

// The Starter's SDK, which was not asked about a deny, decides about the next root even if there
// is a global SDK.
func TestRootAfterADenyWithAGlobalSDK(t *testing.T) {
	if !testkit.InChild(t) {
		return
	}
	near, global := watch(sdktrace.AlwaysSample()), watch(sdktrace.AlwaysSample())
	otel.SetTracerProvider(global)
	ctx, span := trace.Starter{TracerProvider: near}.Start(context.Background(), testkit.B3("0"), "denied")
	defer span.End()
	deeper, child := trace.Start(ctx, "child")
	defer child.End()
	for _, ctx := range []context.Context{ctx, deeper, trace.Only(deeper)} {
		_, root := trace.Root(ctx, "root")
		root.End()
	}
	assert.Len(t, near.named("root"), 3, "spans begun at the SDK that was not asked about the deny")
	assert.Empty(t, global.named("root"), "spans begun at the global SDK")
}

// The first deny or debug of a caller holds, whatever state is read later.
func TestInForce(t *testing.T) {
	sdk := watch(sdktrace.AlwaysSample())
	never := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))
	for _, tt := range []struct {
		name, first, second string
		want                trace.Sampling
	}{
		{"accept after a deny", "0", "1", trace.Deny},
		{"accept after a debug", "d", "1", trace.Debug},
		{"defer after a deny", "0", "", trace.Deny},
		{"defer after a debug", "d", "", trace.Debug},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx := testkit.Context(id64 + "-" + spanID + "-" + tt.first)
			ctx, outer := never.Tracer("").Start(ctx, "another library's")
			defer outer.End()
			second := id64 + "-" + spanID
			if tt.second != "" {
				second += "-" + tt.second
			}
			ctx, span := trace.Starter{TracerProvider: sdk}.Start(ctx, testkit.B3(second), tt.name)
			defer span.End()
			assert.Equal(t, tt.want, testkit.SaidIn(ctx).State, "state after %q, then %q", tt.first, tt.second)
			assert.Equal(t, tt.want != trace.Deny, len(sdk.named(tt.name)) == 1, "whether the SDK was asked")

			again, _ := trace.Starter{TracerProvider: samplesAll}.Start(oteltrace.ContextWithSpan(ctx, outer), testkit.B3(second), tt.name)
			assert.Equal(t, tt.want, testkit.SaidIn(again).State, "state from a Provider after %q, then %q", tt.first, tt.second)
		})
	}
}

// The tracestate is kept if code calls Extract and also passes the caller to Start.
func TestTracestateOfACaller(t *testing.T) {
	h := testkit.Header("traceparent", "00-"+id128+"-"+spanID+"-01", "tracestate", "vendor=1")
	p := trace.Propagator{W3C: true}
	ctx := p.Extract(context.Background(), propagation.HeaderCarrier(h))
	ctx, span := trace.Starter{}.Start(ctx, testkit.B3(id128+"-"+spanID+"-1"), "x")
	defer span.End()
	out := http.Header{}
	p.Inject(ctx, propagation.HeaderCarrier(out))
	assert.Equal(t, "vendor=1", out.Get("tracestate"), "tracestate sent on")
}

// A span of another library may have a tracestate and no IDs. The trace is then the record's, or a
// new one. SDKs and Providers pass such a tracestate on.
func TestTracestateOfASpanWithoutIDs(t *testing.T) {
	state, err := oteltrace.ParseTraceState("vendor=1")
	require.NoError(t, err)
	under := func(ctx context.Context) context.Context {
		return oteltrace.ContextWithSpanContext(ctx, oteltrace.NewSpanContext(oteltrace.SpanContextConfig{TraceState: state}))
	}
	for name, ctx := range map[string]context.Context{
		"no trace":           under(context.Background()),
		"the record's trace": under(testkit.Context(id128 + "-" + spanID + "-1")),
		"a lone state":       under(testkit.Context("1")),
	} {
		for which, provider := range map[string]oteltrace.TracerProvider{
			"an SDK": sdktrace.NewTracerProvider(), "a Provider": samplesAll, "none": nil,
		} {
			_, span := trace.Starter{TracerProvider: provider}.Start(ctx, trace.B3{}, "x")
			assert.Equal(t, "vendor=1", span.SpanContext().TraceState().String(), "tracestate under %s, from %s", name, which)
			span.End()
		}
	}
}

// recordOnly records every span and samples none, as some services do to make metrics from spans.
type recordOnly struct{}

func (recordOnly) ShouldSample(sdktrace.SamplingParameters) sdktrace.SamplingResult {
	return sdktrace.SamplingResult{Decision: sdktrace.RecordOnly}
}
func (recordOnly) Description() string { return "recordOnly" }

func TestRecordOnly(t *testing.T) {
	sdk := watch(recordOnly{})
	starter := trace.Starter{TracerProvider: sdk}
	ctx, span := starter.Start(context.Background(), testkit.B3(id64+"-"+spanID+"-1"), "server")
	defer span.End()
	assert.True(t, span.IsRecording(), "IsRecording of the server span")
	server := testkit.SaidIn(ctx)
	assert.Equal(t, said{id64, server.Span, spanID, trace.Deny}, server, "server span: it must send on that it is not sampled")

	ctx, child := trace.Start(ctx, "child")
	defer child.End()
	assert.True(t, child.IsRecording(), "IsRecording of a child: if an SDK does not sample, that is no deny of a caller")
	assert.Equal(t, said{id64, testkit.SaidIn(ctx).Span, server.Span, trace.Deny}, testkit.SaidIn(ctx), "child")
}

func TestNilProvider(t *testing.T) {
	var p *trace.Provider
	ctx, span := trace.Starter{TracerProvider: p}.Start(context.Background(), trace.B3{}, "x")
	defer span.End()
	assert.Len(t, trace.ID(ctx), 32, "ID from a nil Provider")
	_, child := span.TracerProvider().Tracer("").Start(ctx, "child")
	assert.Equal(t, span.SpanContext().TraceID(), child.SpanContext().TraceID(), "trace of a child")
}

// list is a carrier whose Keys returns the carrier's own slice.
type list struct {
	propagation.MapCarrier
	keys []string
}

func (l list) Keys() []string { return l.keys }

func TestExtractLeavesTheCarrierAlone(t *testing.T) {
	l := list{propagation.MapCarrier{"zeta": "1", "B3": id64 + "-" + spanID, "alpha": "2"}, []string{"zeta", "B3", "alpha"}}
	ctx := trace.Propagator{}.Extract(context.Background(), l)
	assert.Equal(t, id64, trace.ID(ctx), "ID extracted")
	assert.Equal(t, []string{"zeta", "B3", "alpha"}, l.keys, "the carrier's keys after Extract")
}

// If several keys differ only in case, Extract uses the same one each time.
func TestExtractOfSeveralCases(t *testing.T) {
	for range 50 { // the order of a map's keys changes
		c := propagation.MapCarrier{"B3": "0", "b3 ": "1", "X-B3-FLAGS": "1", "X-B3-Sampled": "0", "x-B3-sampled": "1"}
		delete(c, "B3")
		b, _ := trace.FromContext(trace.Propagator{}.Extract(context.Background(), c))
		assert.Equal(t, trace.Debug, b.Sampling, "state extracted")
		delete(c, "X-B3-FLAGS")
		b, _ = trace.FromContext(trace.Propagator{}.Extract(context.Background(), c))
		assert.Equal(t, trace.Deny, b.Sampling, "state extracted")
	}
}
