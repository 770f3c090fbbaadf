package trace_test

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"
	"weak"

	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

type key string

func sdk(s sdktrace.Sampler, processors ...sdktrace.SpanProcessor) *sdktrace.TracerProvider {
	opts := []sdktrace.TracerProviderOption{sdktrace.WithSampler(s)}
	for _, p := range processors {
		opts = append(opts, sdktrace.WithSpanProcessor(p))
	}
	return sdktrace.NewTracerProvider(opts...)
}

func TestNewContext(t *testing.T) {
	for _, tt := range []struct {
		name string
		ctx  context.Context
		b    trace.B3
		want said
	}{
		{"IDs", context.Background(), testkit.B3(id64 + "-" + spanID + "-1-" + parentID), said{id64, spanID, parentID, trace.Accept}},
		{"lone state", context.Background(), testkit.B3("0"), said{State: trace.Deny}},
		{"IDs over another trace", testkit.Context(id128 + "-" + spanID + "-0"), testkit.B3(id64 + "-" + spanID + "-1"), said{id64, spanID, "", trace.Accept}},
		{"a lone state does not change a trace", testkit.Context(id128 + "-" + spanID + "-0"), testkit.B3("d"), said{id128, spanID, "", trace.Deny}},
		{"a lone state replaces a lone state", testkit.Context("0"), testkit.B3("d"), said{State: trace.Debug}},
		{"a lone state does not decide for a trace that comes later", testkit.Context("0"), testkit.B3(id64 + "-" + spanID), said{id64, spanID, "", trace.Defer}},
		{"the zero B3", testkit.Context(id128 + "-" + spanID + "-0"), trace.B3{}, said{id128, spanID, "", trace.Deny}},
		{"nil context", nil, testkit.B3(id64 + "-" + spanID), said{id64, spanID, "", trace.Defer}},
		{"the decision of the same trace stands", testkit.Context(id128 + "-" + spanID + "-1"), testkit.B3(id128 + "-" + parentID), said{id128, parentID, "", trace.Accept}},
		{"the decision of another trace does not stand", testkit.Context(id128 + "-" + spanID + "-1"), testkit.B3(id64 + "-" + parentID), said{id64, parentID, "", trace.Defer}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx := trace.NewContext(tt.ctx, tt.b)
			b, ok := trace.FromContext(ctx)
			assert.Equal(t, tt.want, testkit.SaidBy(b), "FromContext after NewContext(%v)", tt.b)
			assert.Equal(t, tt.want.Trace != "", ok, "FromContext's ok")
			assert.Equal(t, tt.want.Trace, trace.ID(ctx), "ID")
			assert.Equal(t, tt.want.Span, trace.SpanID(ctx), "SpanID")
		})
	}
	ctx := context.WithValue(context.Background(), key("k"), "v")
	assert.Equal(t, ctx, trace.NewContext(ctx, trace.B3{}), "NewContext with the zero B3 must return its argument")
	assert.Equal(t, "v", trace.NewContext(ctx, testkit.B3(id64+"-"+spanID)).Value(key("k")), "a value of the context")
	assert.Equal(t, "v", trace.NewContext(ctx, testkit.B3("0")).Value(key("k")), "a value of the context")
}

func TestNilContexts(t *testing.T) {
	var none context.Context
	b, ok := trace.FromContext(none)
	assert.Equal(t, trace.B3{}, b, "FromContext(nil)")
	assert.False(t, ok, "FromContext(nil)")
	assert.Empty(t, trace.ID(none), "ID(nil)")
	assert.Empty(t, trace.SpanID(none), "SpanID(nil)")
	for name, ctx := range map[string]context.Context{
		"Detach": trace.Detach(none), "Only": trace.Only(none), "NewContext": trace.NewContext(none, trace.B3{}),
	} {
		if assert.NotNil(t, ctx, "%s(nil)", name) {
			assert.NoError(t, ctx.Err(), "%s(nil)", name)
		}
	}
	for name, start := range map[string]func(context.Context, string, ...oteltrace.SpanStartOption) (context.Context, oteltrace.Span){
		"Start": trace.Start, "Root": trace.Root, "Provider": new(trace.Provider).Tracer("").Start,
	} {
		ctx, span := start(none, "x")
		assert.Len(t, trace.ID(ctx), 32, "ID after %s(nil)", name)
		span.End()
	}
	assert.NotNil(t, trace.NewContext(none, testkit.B3("0")), "NewContext(nil) with a lone state")
}

// Code that asks OpenTelemetry for the current span must find clew's. OpenTelemetry keeps spans
// under a key that is not exported. If a new version of OpenTelemetry looks for spans in another
// way, this test fails.
func TestOpenTelemetrySeesOurSpans(t *testing.T) {
	ctx := testkit.Context(id64 + "-" + spanID + "-1")
	sc := oteltrace.SpanContextFromContext(ctx)
	assert.Equal(t, zeros+id64, sc.TraceID().String(), "trace ID of the remote parent")
	assert.Equal(t, spanID, sc.SpanID().String(), "span ID of the remote parent")
	assert.True(t, sc.IsRemote(), "whether the remote parent is remote")
	assert.True(t, sc.IsSampled(), "whether the remote parent is sampled")

	ctx, span := trace.Start(ctx, "x")
	assert.Equal(t, span, oteltrace.SpanFromContext(ctx), "SpanFromContext after Start")
	assert.Equal(t, trace.SpanID(ctx), oteltrace.SpanContextFromContext(ctx).SpanID().String(), "span ID")
	assert.False(t, oteltrace.SpanContextFromContext(ctx).IsRemote(), "whether our span is remote")

	for name, other := range map[string]context.Context{
		"Detach": trace.Detach(ctx), "Only": trace.Only(ctx), "WithValue": context.WithValue(ctx, key("k"), "v"),
	} {
		assert.Equal(t, span.SpanContext(), oteltrace.SpanContextFromContext(other), "span context after %s", name)
	}
	assert.False(t, oteltrace.SpanContextFromContext(testkit.Context("0")).IsValid(), "span context beside a lone state")
}

// The current span decides, even if another library made it. The record adds what such a span
// cannot hold.
func TestForeignSpans(t *testing.T) {
	const otherSpan = "1111111111111111"
	foreign := func(trace, span string, sampled, remote bool) func(context.Context) context.Context {
		return func(ctx context.Context) context.Context {
			b := testkit.B3(trace + "-" + span)
			cfg := oteltrace.SpanContextConfig{TraceID: b.TraceID, SpanID: b.SpanID, Remote: remote}
			if sampled {
				cfg.TraceFlags = oteltrace.FlagsSampled
			}
			return oteltrace.ContextWithSpanContext(ctx, oteltrace.NewSpanContext(cfg))
		}
	}
	noopTracer := func(ctx context.Context) context.Context {
		ctx, _ = noop.NewTracerProvider().Tracer("").Start(ctx, "")
		return ctx
	}
	noopSpan := func(ctx context.Context) context.Context { return oteltrace.ContextWithSpan(ctx, noop.Span{}) }
	none := func(ctx context.Context) context.Context { return oteltrace.ContextWithSpan(ctx, nil) }

	for _, tt := range []struct {
		name   string
		ctx    context.Context
		on     func(context.Context) context.Context
		want   said
		wantID bool
	}{
		{"same trace, sampled", testkit.Context(id128 + "-" + spanID + "-0"), foreign(id64, otherSpan, true, false), said{id64, otherSpan, "", trace.Accept}, true},
		{"32 digits are kept", testkit.Context(idWide + "-" + spanID + "-1"), foreign(idWide, otherSpan, true, false), said{idWide, otherSpan, "", trace.Accept}, true},
		{"16 digits are kept", testkit.Context(idWide[16:] + "-" + spanID + "-1"), foreign(idWide, otherSpan, true, false), said{idWide[16:], otherSpan, "", trace.Accept}, true},
		{"the width is unknown: 16 digits", context.Background(), foreign(idWide, otherSpan, true, false), said{idWide[16:], otherSpan, "", trace.Accept}, true},
		{"the width of another trace's ID is ignored", testkit.Context(idWide + "-" + spanID), foreign(id64, otherSpan, true, true), said{id64, otherSpan, "", trace.Accept}, true},
		{"debug sticks", testkit.Context(id64 + "-" + spanID + "-d"), foreign(id64, otherSpan, true, false), said{id64, otherSpan, "", trace.Debug}, true},
		{"debug sticks to an unsampled span", testkit.Context(id64 + "-" + spanID + "-d"), foreign(id64, otherSpan, false, false), said{id64, otherSpan, "", trace.Debug}, true},
		{"deny sticks", testkit.Context(id64 + "-" + spanID + "-0"), foreign(id64, otherSpan, true, false), said{id64, otherSpan, "", trace.Deny}, true},
		{"accept does not stick", testkit.Context(id64 + "-" + spanID + "-1"), foreign(id64, otherSpan, false, false), said{id64, otherSpan, "", trace.Deny}, true},
		{"the span decides after a defer: sampled", testkit.Context(id64 + "-" + spanID), foreign(id64, otherSpan, true, false), said{id64, otherSpan, "", trace.Accept}, true},
		{"the span decides after a defer: not sampled", testkit.Context(id64 + "-" + spanID), foreign(id64, otherSpan, false, false), said{id64, otherSpan, "", trace.Deny}, true},
		{"debug of another trace does not stick", testkit.Context(id128 + "-" + spanID + "-d"), foreign(id64, otherSpan, true, false), said{id64, otherSpan, "", trace.Accept}, true},
		{"deny of another trace does not stick", testkit.Context(id128 + "-" + spanID + "-0"), foreign(id64, otherSpan, true, false), said{id64, otherSpan, "", trace.Accept}, true},
		{"a lone debug does not apply to another library's trace", testkit.Context("d"), foreign(id64, otherSpan, false, false), said{id64, otherSpan, "", trace.Deny}, true},
		{"the record has the parent of the same span", testkit.Context(id64 + "-" + spanID + "-1-" + parentID), foreign(id64, spanID, true, true), said{id64, spanID, parentID, trace.Accept}, true},
		{"the record has no parent of another span", testkit.Context(id64 + "-" + spanID + "-1-" + parentID), foreign(id64, otherSpan, true, true), said{id64, otherSpan, "", trace.Accept}, true},
		{"the record has no parent of the same span ID in another trace", testkit.Context(id128 + "-" + spanID + "-1-" + parentID), foreign(id64, spanID, true, true), said{id64, spanID, "", trace.Accept}, true},
		{"a remote span from another propagator, no record", context.Background(), foreign(id128, spanID, false, true), said{id128, spanID, "", trace.Deny}, true},
		{"the span of a caller that defers, put into the context again", testkit.Context(id64 + "-" + spanID), foreign(id64, spanID, false, true), said{id64, spanID, "", trace.Defer}, true},
		{"the span of a caller that defers, put into the context again as sampled", testkit.Context(id64 + "-" + spanID), foreign(id64, spanID, true, true), said{id64, spanID, "", trace.Accept}, true},
		{"the span ID of a caller that defers, put into the context again in another trace", testkit.Context(id128 + "-" + spanID), foreign(id64, spanID, false, true), said{id64, spanID, "", trace.Deny}, true},
		{"no-op tracer", testkit.Context(id64 + "-" + spanID + "-d-" + parentID), noopTracer, said{id64, spanID, parentID, trace.Debug}, true},
		{"no-op tracer over a lone state", testkit.Context("0"), noopTracer, said{State: trace.Deny}, false},
		{"no-op span without IDs", testkit.Context(id64 + "-" + spanID + "-d-" + parentID), noopSpan, said{id64, spanID, parentID, trace.Debug}, true},
		{"no span at all", testkit.Context(id64 + "-" + spanID + "-d-" + parentID), none, said{id64, spanID, parentID, trace.Debug}, true},
		{"no-op span over nothing", context.Background(), noopSpan, said{}, false},
		{"our span over another library's", foreign(id128, otherSpan, true, false)(context.Background()), func(ctx context.Context) context.Context {
			return trace.NewContext(ctx, testkit.B3(id64+"-"+spanID+"-0"))
		}, said{id64, spanID, "", trace.Deny}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx := tt.on(tt.ctx)
			b, ok := trace.FromContext(ctx)
			assert.Equal(t, tt.want, testkit.SaidBy(b), "FromContext")
			assert.Equal(t, tt.wantID, ok, "FromContext's ok")
			assert.Equal(t, tt.want.Trace, trace.ID(ctx), "ID")
			assert.Equal(t, tt.want.Span, trace.SpanID(ctx), "SpanID")
			out := propagation.MapCarrier{}
			trace.Propagator{}.Inject(ctx, out)
			assert.Equal(t, tt.want.Parent, out["x-b3-parentspanid"], "parent sent on")
		})
	}
}

// A context with a no-op span over a trace is still in that trace. A lone state must not replace
// the trace.
func TestLoneStateOverANoopSpan(t *testing.T) {
	ctx := oteltrace.ContextWithSpan(testkit.Context(id64+"-"+spanID+"-1"), noop.Span{})
	ctx = trace.NewContext(ctx, testkit.B3("0"))
	assert.Equal(t, said{id64, spanID, "", trace.Accept}, testkit.SaidIn(ctx), "FromContext after a lone deny over a no-op span in a trace")
}

// Without an SDK, OpenTelemetry's global tracer returns the parent span instead of a new one, as a
// no-op tracer does.
func TestGlobalPlaceholder(t *testing.T) {
	if !testkit.InChild(t) {
		return
	}
	ctx, _ := otel.Tracer("x").Start(testkit.Context(idWide+"-"+spanID+"-d-"+parentID), "x")
	assert.Equal(t, said{idWide, spanID, parentID, trace.Debug}, testkit.SaidIn(ctx), "under the global placeholder's span")
	ctx, _ = otel.Tracer("x").Start(testkit.Context("0"), "x")
	assert.Equal(t, said{State: trace.Deny}, testkit.SaidIn(ctx), "under the global placeholder's span, lone state")
	ctx, _ = trace.Start(ctx, "ours")
	assert.Equal(t, trace.Deny, testkit.SaidIn(ctx).State, "state of our span under the global placeholder's")
	assert.Len(t, trace.ID(ctx), 32, "ID of our span under the global placeholder's")
}

func TestSDKSpansOverRecords(t *testing.T) {
	for _, tt := range []struct {
		name    string
		in      string
		sampler sdktrace.Sampler
		parent  string // the parent that FromContext must return
		state   trace.Sampling
	}{
		{"accept, sampled: the span knows its parent", idWide + "-" + spanID + "-1", sdktrace.AlwaysSample(), spanID, trace.Accept},
		{"accept, not sampled: the span does not know its parent", idWide + "-" + spanID + "-1", sdktrace.NeverSample(), "", trace.Deny},
		{"debug, sampled", idWide + "-" + spanID + "-d-" + parentID, sdktrace.AlwaysSample(), spanID, trace.Debug},
		{"debug, not sampled", idWide + "-" + spanID + "-d", sdktrace.NeverSample(), "", trace.Debug},
		{"deny, but sampled", idWide + "-" + spanID + "-0", sdktrace.AlwaysSample(), spanID, trace.Deny},
		{"defer, sampled", idWide + "-" + spanID, sdktrace.AlwaysSample(), spanID, trace.Accept},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// A library that knows only OpenTelemetry does this.
			ctx, span := sdk(tt.sampler).Tracer("").Start(testkit.Context(tt.in), "theirs")
			defer span.End()
			assert.Equal(t, said{idWide, span.SpanContext().SpanID().String(), tt.parent, tt.state}, testkit.SaidIn(ctx), "FromContext under the SDK's span")

			// clew starts a span under the library's span.
			ours, ourSpan := trace.Start(ctx, "ours")
			defer ourSpan.End()
			assert.Equal(t, said{idWide, trace.SpanID(ours), span.SpanContext().SpanID().String(), tt.state}, testkit.SaidIn(ours), "FromContext under our span")
		})
	}
}

// If an SDK does not sample a span, that is no deny of a caller. An SDK is asked again for the
// next span, and its new answer counts.
func TestDenyOfAnSDKDoesNotStick(t *testing.T) {
	ctx, _ := trace.Starter{TracerProvider: sdk(sdktrace.NeverSample())}.Start(context.Background(), trace.B3{}, "first")
	require.Equal(t, trace.Deny, testkit.SaidIn(ctx).State, "state under an SDK that samples nothing")
	id := trace.ID(ctx)
	next, span := sdk(sdktrace.AlwaysSample()).Tracer("").Start(ctx, "second")
	defer span.End()
	assert.Equal(t, id, trace.ID(next), "ID under the second SDK")
	assert.Equal(t, trace.Accept, testkit.SaidIn(next).State, "state under an SDK that samples all")
	next, span = trace.Starter{TracerProvider: sdk(sdktrace.AlwaysSample())}.Start(trace.Only(ctx), trace.B3{}, "third")
	defer span.End()
	assert.Equal(t, id, trace.ID(next), "ID through Only")
	assert.Equal(t, trace.Accept, testkit.SaidIn(next).State, "state through Only, under an SDK that samples all")
}

func TestDetach(t *testing.T) {
	parent, cancel := context.WithTimeout(context.WithValue(testkit.Context(id64+"-"+spanID+"-d-"+parentID), key("k"), "v"), time.Hour)
	ctx := trace.Detach(parent)
	cancel()
	assert.NoError(t, ctx.Err(), "Err after the parent was cancelled")
	assert.Nil(t, ctx.Done(), "Done")
	_, ok := ctx.Deadline()
	assert.False(t, ok, "Deadline's ok")
	assert.Equal(t, "v", ctx.Value(key("k")), "a value of the parent")
	assert.Equal(t, said{id64, spanID, parentID, trace.Debug}, testkit.SaidIn(ctx), "FromContext")

	// The current span is still the SDK's own span, so that code can write to it.
	withSpan, span := sdk(sdktrace.AlwaysSample()).Tracer("").Start(parent, "x")
	defer span.End()
	assert.Equal(t, span, oteltrace.SpanFromContext(trace.Detach(withSpan)), "the current span")
}

func TestOnly(t *testing.T) {
	provider := sdk(sdktrace.AlwaysSample())
	for _, tt := range []struct {
		name string
		ctx  func() context.Context
	}{
		{"nothing", context.Background},
		{"remote parent", func() context.Context { return testkit.Context(idWide + "-" + spanID + "-d-" + parentID) }},
		{"defer", func() context.Context { return testkit.Context(id64 + "-" + spanID + "-" + parentID) }},
		{"lone state", func() context.Context { return testkit.Context("0") }},
		{"our span", func() context.Context {
			ctx, _ := trace.Start(testkit.Context(idWide+"-"+spanID+"-0"), "x")
			return ctx
		}},
		{"an SDK's span", func() context.Context {
			ctx, _ := trace.Starter{TracerProvider: provider}.Start(context.Background(), testkit.B3(idWide+"-"+spanID+"-d"), "x")
			return ctx
		}},
		{"an SDK's span, started without clew", func() context.Context {
			ctx, _ := provider.Tracer("").Start(testkit.Context(idWide+"-"+spanID+"-1"), "x")
			return ctx
		}},
		{"a trace under a no-op span", func() context.Context {
			return oteltrace.ContextWithSpan(testkit.Context(idWide+"-"+spanID+"-d"), noop.Span{})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			parent, cancel := context.WithTimeout(context.WithValue(tt.ctx(), key("k"), "v"), time.Hour)
			ctx := trace.Only(parent)
			cancel()
			want, wantOK := trace.FromContext(parent)
			got, ok := trace.FromContext(ctx)
			assert.Equal(t, want, got, "FromContext")
			assert.Equal(t, wantOK, ok, "FromContext's ok")
			assert.NoError(t, ctx.Err(), "Err after the parent was cancelled")
			assert.Nil(t, ctx.Done(), "Done")
			assert.Nil(t, ctx.Value(key("k")), "a value of the parent")
			_, deadline := ctx.Deadline()
			assert.False(t, deadline, "Deadline's ok")
			if sc := oteltrace.SpanContextFromContext(parent); sc.IsValid() {
				assert.Equal(t, sc, oteltrace.SpanContextFromContext(ctx), "span context, as OpenTelemetry sees it")
			}
		})
	}
}

// Work that waits in a queue with a context from Only is still recorded by the SDK of its request.
func TestOnlyKeepsTheProvider(t *testing.T) {
	provider, recorder := testkit.SDK(sdktrace.AlwaysSample())
	ctx, span := trace.Starter{TracerProvider: provider}.Start(context.Background(), trace.B3{}, "request")
	span.End()
	_, span = trace.Start(trace.Only(ctx), "queued")
	span.End()
	require.Len(t, recorder.Ended(), 2, "spans recorded")
	assert.Equal(t, recorder.Ended()[0].SpanContext().SpanID(), recorder.Ended()[1].Parent().SpanID(), "parent of the queued span")

	mine := trace.NewProvider(trace.ProviderConfig{Sampler: trace.Always()})
	ctx, span = mine.Tracer("").Start(context.Background(), "request")
	assert.Equal(t, span.TracerProvider(), oteltrace.SpanFromContext(trace.Only(ctx)).TracerProvider(), "a Provider through Only")
}

// A request that waits in a queue for an hour must not hold its body and buffers for an hour.
func TestOnlyKeepsNothingAlive(t *testing.T) {
	type request [1 << 16]byte
	provider := sdk(sdktrace.AlwaysSample())
	for name, start := range map[string]func(context.Context) (context.Context, oteltrace.Span){
		"ours": func(ctx context.Context) (context.Context, oteltrace.Span) { return trace.Start(ctx, "x") },
		"client": func(ctx context.Context) (context.Context, oteltrace.Span) {
			return trace.Starter{Kind: oteltrace.SpanKindClient}.Start(ctx, trace.B3{}, "x")
		},
		"SDK": func(ctx context.Context) (context.Context, oteltrace.Span) {
			return provider.Tracer("").Start(ctx, "x")
		},
		"remote": func(ctx context.Context) (context.Context, oteltrace.Span) {
			return trace.NewContext(ctx, testkit.B3(id64+"-"+spanID)), noop.Span{}
		},
		"lone": func(ctx context.Context) (context.Context, oteltrace.Span) {
			return trace.NewContext(ctx, testkit.B3("1")), noop.Span{}
		},
	} {
		t.Run(name, func(t *testing.T) {
			alive := func(derive func(context.Context) context.Context) (context.Context, weak.Pointer[request]) {
				r := new(request)
				p := weak.Make(r)
				ctx, span := start(context.WithValue(context.Background(), key("request"), r))
				span.End()
				return derive(ctx), p
			}
			detached, p := alive(trace.Detach)
			runtime.GC()
			runtime.GC()
			assert.NotNil(t, p.Value(), "Detach no longer keeps the request in memory, so that this test proves nothing about Only")
			runtime.KeepAlive(detached)

			only, p := alive(trace.Only)
			runtime.GC()
			runtime.GC()
			assert.Nil(t, p.Value(), "Only keeps the request in memory")
			runtime.KeepAlive(only)
		})
	}
}

func TestRoot(t *testing.T) {
	provider, recorder := testkit.SDK(sdktrace.AlwaysSample())
	starter := trace.Starter{TracerProvider: provider}
	for _, tt := range []struct {
		name string
		in   string
	}{{"accept", idWide + "-" + spanID + "-1"}, {"debug", id64 + "-" + spanID + "-d"}, {"defer", id128 + "-" + spanID}} {
		t.Run(tt.name, func(t *testing.T) {
			old, span := starter.Start(context.WithValue(context.Background(), key("k"), "v"), testkit.B3(tt.in), "old")
			defer span.End()
			ctx, root := trace.Root(old, "job", oteltrace.WithAttributes())
			root.End()
			ended := recorder.Ended()
			job := ended[len(ended)-1]
			assert.NotEqual(t, trace.ID(old), trace.ID(ctx), "ID of a new root")
			assert.Regexp(t, "^[0-9a-f]{32}$", trace.ID(ctx), "ID of a new root")
			assert.Empty(t, testkit.SaidIn(ctx).Parent, "parent of a new root")
			assert.Equal(t, trace.Accept, testkit.SaidIn(ctx).State, "state of a new root: debug is not inherited from the old trace")
			assert.Equal(t, "v", ctx.Value(key("k")), "a value of the old context")
			assert.Equal(t, "job", job.Name(), "name of the recorded span")
			assert.False(t, job.Parent().IsValid(), "whether the recorded span has a parent")
			if assert.Len(t, job.Links(), 1, "links of the recorded span") {
				link := job.Links()[0].SpanContext
				assert.Equal(t, span.SpanContext().TraceID(), link.TraceID(), "trace of the link")
				assert.Equal(t, trace.SpanID(old), link.SpanID().String(), "span of the link")
			}
			assert.NotEmpty(t, trace.ID(old), "ID in the old context, after Root")
		})
	}
}

func TestRootWithoutSDK(t *testing.T) {
	for _, tt := range []struct {
		name string
		ctx  context.Context
	}{
		{"nothing", context.Background()}, {"a trace", testkit.Context(id64 + "-" + spanID + "-d-" + parentID)}, {"a deny", testkit.Context(id64 + "-" + spanID + "-0")},
		{"a trace under a no-op span", oteltrace.ContextWithSpan(testkit.Context(id64+"-"+spanID+"-0"), noop.Span{})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, span := trace.Root(context.WithValue(tt.ctx, key("k"), "v"), "job")
			defer span.End()
			assert.Regexp(t, "^[0-9a-f]{32}$", trace.ID(ctx), "ID of a new root")
			assert.NotContains(t, trace.ID(ctx), id64, "ID of a new root")
			assert.Empty(t, testkit.SaidIn(ctx).Parent, "parent of a new root")
			assert.Equal(t, "v", ctx.Value(key("k")), "a value of the old context")
		})
	}
	// A span with WithNewRoot has no parent, even under an unsampled span.
	recorder := tracetest.NewSpanRecorder()
	ctx, span := sdk(sdktrace.NeverSample(), recorder).Tracer("").Start(context.Background(), "x")
	span.End()
	_, root := trace.Starter{TracerProvider: sdk(sdktrace.AlwaysSample(), recorder)}.Start(ctx, trace.B3{}, "x", oteltrace.WithNewRoot())
	root.End()
	require.Len(t, recorder.Ended(), 1, "spans recorded")
	assert.False(t, recorder.Ended()[0].Parent().IsValid(), "whether a WithNewRoot span has a parent")
}

// Root adds its own options to a copy of the caller's slice.
func TestRootLeavesOptionsAlone(t *testing.T) {
	opts := make([]oteltrace.SpanStartOption, 0, 4)
	_, span := trace.Root(testkit.Context(id64+"-"+spanID+"-1"), "job", opts...)
	span.End()
	for _, o := range opts[:cap(opts)] {
		assert.Nil(t, o, "Root wrote into the spare capacity of the caller's options slice")
	}
}

// Package context must find the canceler in the parents of clew's contexts. Otherwise it starts a
// goroutine for each context that is derived from a context of clew's.
func TestDerivedContextsStartNoGoroutine(t *testing.T) {
	const n = 100
	provider := sdk(sdktrace.AlwaysSample())
	for name, start := range map[string]func(context.Context) context.Context{
		"Start": func(ctx context.Context) context.Context { ctx, _ = trace.Start(ctx, "x"); return ctx },
		"client": func(ctx context.Context) context.Context {
			ctx, _ = trace.Starter{Kind: oteltrace.SpanKindClient}.Start(ctx, trace.B3{}, "x")
			return ctx
		},
		"SDK": func(ctx context.Context) context.Context {
			ctx, _ = trace.Starter{TracerProvider: provider}.Start(ctx, testkit.B3("d"), "x")
			return ctx
		},
		"NewContext": func(ctx context.Context) context.Context { return trace.NewContext(ctx, testkit.B3(id64+"-"+spanID)) },
		"lone state": func(ctx context.Context) context.Context { return trace.NewContext(ctx, testkit.B3("1")) },
	} {
		t.Run(name, func(t *testing.T) {
			cause := context.DeadlineExceeded // any error that is not context.Canceled
			parent, cancel := context.WithCancelCause(context.Background())
			ctx := start(parent)
			before := runtime.NumGoroutine()
			children := make([]context.Context, 0, 2*n)
			for range n {
				child, cancelChild := context.WithCancel(ctx)
				defer cancelChild()
				timed, cancelTimed := context.WithTimeout(ctx, time.Hour)
				defer cancelTimed()
				children = append(children, child, timed)
			}
			assert.Less(t, runtime.NumGoroutine(), before+n, "goroutines after %d derived contexts, with %d before", 2*n, before)
			for _, child := range children {
				require.NoError(t, child.Err(), "Err before the parent was cancelled")
				require.Equal(t, trace.ID(ctx), trace.ID(child), "ID in a derived context")
			}
			cancel(cause)
			for _, child := range children {
				require.ErrorIs(t, child.Err(), context.Canceled, "Err after the parent was cancelled")
				require.Equal(t, cause, context.Cause(child), "Cause after the parent was cancelled")
			}
			require.ErrorIs(t, ctx.Err(), context.Canceled, "Err of our own context")
		})
	}
}

// If two nested middlewares read the headers of a caller that defers, the second middleware does
// not undo this service's decision.
func TestDeferReadAgain(t *testing.T) {
	caller := testkit.B3(id64 + "-" + spanID)
	for _, tt := range []struct {
		name    string
		sampler trace.Sampler
		want    trace.Sampling
	}{{"yes", trace.Always(), trace.Accept}, {"no", trace.Never(), trace.Deny}} {
		t.Run(tt.name, func(t *testing.T) {
			p := trace.NewProvider(trace.ProviderConfig{Sampler: tt.sampler})
			ctx, _ := trace.Starter{TracerProvider: p}.Start(context.Background(), caller, "outer")
			ctx = trace.NewContext(ctx, caller)
			assert.Equal(t, tt.want, testkit.SaidIn(ctx).State, "state after NewContext")
			ctx, _ = trace.Starter{TracerProvider: samplesAll}.Start(ctx, caller, "inner")
			assert.Equal(t, tt.want, testkit.SaidIn(ctx).State, "state of the inner span")
			assert.Equal(t, id64, trace.ID(ctx), "ID of the inner span")
		})
	}
}

// The caller's headers name the trace. If there is a local span in that trace, it is the parent
// instead of the caller's span.
func TestStartParent(t *testing.T) {
	local, localSpan := trace.Starter{TracerProvider: samplesAll}.Start(context.Background(), testkit.B3(idWide+"-"+spanID+"-1"), "local")
	localID := localSpan.SpanContext().SpanID().String()
	localTrace := trace.ID(local)
	for _, tt := range []struct {
		name   string
		ctx    context.Context
		caller trace.B3
		want   said // Span is left empty
	}{
		{"no caller: the local span", local, trace.B3{}, said{localTrace, "", localID, trace.Accept}},
		{"a caller in the same trace: the local span", local, testkit.B3(idWide + "-" + parentID + "-1"), said{localTrace, "", localID, trace.Accept}},
		{"a caller in another trace", local, testkit.B3(id64 + "-" + spanID + "-0"), said{id64, "", spanID, trace.Deny}},
		{"a caller with a lone deny: the local span", local, testkit.B3("0"), said{localTrace, "", localID, trace.Deny}},
		{"a caller with a lone debug: the local span", local, testkit.B3("d"), said{localTrace, "", localID, trace.Debug}},
		{"a remote parent in the context, and a caller", testkit.Context(id128 + "-" + parentID + "-0"), testkit.B3(id64 + "-" + spanID + "-1"), said{id64, "", spanID, trace.Accept}},
		{"a remote parent in the context alone", testkit.Context(id128 + "-" + parentID + "-0"), trace.B3{}, said{id128, "", parentID, trace.Deny}},
		{"a trace to join, without a parent", context.Background(), trace.B3{TraceID: testkit.B3(id64 + "-" + spanID).TraceID, Sampling: trace.Accept}, said{id64, "", "", trace.Accept}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, span := trace.Starter{}.Start(tt.ctx, tt.caller, "x")
			defer span.End()
			got := testkit.SaidIn(ctx)
			assert.Regexp(t, "^[0-9a-f]{16}$", got.Span, "span ID")
			assert.NotContains(t, []string{localID, spanID, parentID}, got.Span, "span ID: want a fresh one")
			got.Span = ""
			assert.Equal(t, tt.want, got, "FromContext under a span for caller %v", tt.caller)
		})
	}
	assert.False(t, strings.Contains(localTrace, localID), "the local trace ID contains the local span ID, so this test cannot tell them apart")
}
