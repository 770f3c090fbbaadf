package trace_test

import (
	"context"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// installed checks that libraries that know only OpenTelemetry get clew's IDs.
func installed(t *testing.T, want oteltrace.TracerProvider) {
	t.Helper()
	assert.Equal(t, trace.Propagator{}, otel.GetTextMapPropagator(), "the global propagator")
	if want != nil {
		assert.Same(t, want, otel.GetTracerProvider(), "the global provider")
	}
	ctx := otel.GetTextMapPropagator().Extract(context.Background(), propagation.HeaderCarrier(testkit.Header("b3", id64+"-"+spanID+"-d")))
	ctx, span := otel.Tracer("library").Start(ctx, "x")
	defer span.End()
	assert.Equal(t, id64, trace.ID(ctx), "ID under a library's span")
	assert.NotEqual(t, spanID, trace.SpanID(ctx), "span ID of a library's span: want a fresh one")
	out := propagation.MapCarrier{}
	otel.GetTextMapPropagator().Inject(ctx, out)
	assert.Equal(t, propagation.MapCarrier{"x-b3-traceid": id64, "x-b3-spanid": trace.SpanID(ctx), "x-b3-parentspanid": spanID, "x-b3-flags": "1"}, out, "headers that a library sends")
}

func TestInstall(t *testing.T) {
	untouched := func(t *testing.T, provider oteltrace.TracerProvider, propagator propagation.TextMapPropagator) {
		t.Helper()
		assert.Equal(t, provider, otel.GetTracerProvider(), "the global provider after an error")
		assert.Equal(t, propagator, otel.GetTextMapPropagator(), "the global propagator after an error")
	}
	for _, tt := range []struct {
		name string
		test func(*testing.T)
	}{
		{"nil", func(t *testing.T) {
			require.NoError(t, trace.Install(nil), "Install(nil)")
			installed(t, nil)
			require.NoError(t, trace.Install(nil), "Install(nil) again")
			installed(t, nil)
		}},
		{"a Provider", func(t *testing.T) {
			p := providerOf(trace.Always())
			require.NoError(t, trace.Install(p), "Install(p)")
			installed(t, p)
			ctx, _ := trace.Start(context.Background(), "x")
			assert.Equal(t, trace.Accept, testkit.SaidIn(ctx).State, "state of a new trace: the installed Provider decides")
		}},
		{"twice", func(t *testing.T) {
			p := providerOf(trace.Never())
			require.NoError(t, trace.Install(p), "Install(p)")
			require.NoError(t, trace.Install(p), "Install(p) again")
			require.NoError(t, trace.Install(nil), "Install(nil) after Install(p): nil accepts any installed Provider")
			err := trace.Install(providerOf(trace.Always()))
			assert.ErrorContains(t, err, "trace: Install: ", "Install of another Provider")
			installed(t, p)
		}},
		{"a tracer from before Install makes our spans too", func(t *testing.T) {
			early := otel.Tracer("early")
			require.NoError(t, trace.Install(nil), "Install(nil)")
			ctx, _ := early.Start(testkit.Context(id64+"-"+spanID+"-1"), "x")
			assert.Equal(t, id64, trace.ID(ctx), "ID under a tracer from before Install")
			assert.NotEqual(t, spanID, trace.SpanID(ctx), "span ID by a tracer from before Install: want a fresh one")
		}},
		{"after an SDK", func(t *testing.T) {
			w := watch(sdktrace.AlwaysSample())
			otel.SetTracerProvider(w.TracerProvider)
			before := otel.GetTextMapPropagator()
			for _, p := range []*trace.Provider{nil, providerOf(trace.Always())} {
				assert.ErrorContains(t, trace.Install(p), "trace: Install: ", "Install after an SDK")
			}
			untouched(t, w.TracerProvider, before)
		}},
		{"after another propagator", func(t *testing.T) {
			before := otel.GetTracerProvider()
			for _, p := range []propagation.TextMapPropagator{
				propagation.TraceContext{}, propagation.NewCompositeTextMapPropagator(propagation.Baggage{}), trace.Propagator{W3C: true},
			} {
				otel.SetTextMapPropagator(p)
				assert.ErrorContains(t, trace.Install(nil), "trace: Install: ", "Install after %T", p)
				untouched(t, before, p)
			}
		}},
		{"after our propagator", func(t *testing.T) {
			otel.SetTextMapPropagator(trace.Propagator{})
			require.NoError(t, trace.Install(nil), "Install(nil)")
			installed(t, nil)
		}},
		{"after our provider", func(t *testing.T) {
			p := providerOf(trace.Always())
			otel.SetTracerProvider(p)
			require.NoError(t, trace.Install(p), "Install(p)")
			installed(t, p)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if testkit.InChild(t) {
				tt.test(t)
			}
		})
	}
}

// Start asks for the global provider each time, because an SDK may be installed late.
func TestStartAfterALateSDK(t *testing.T) {
	if !testkit.InChild(t) {
		return
	}
	before, _ := trace.Start(testkit.Context(id128+"-"+spanID+"-1"), "before")
	assert.Equal(t, id128, trace.ID(before), "ID without an SDK")
	for i := range 2 { // the second SDK replaces the first
		w := watch(sdktrace.AlwaysSample())
		otel.SetTracerProvider(w)
		_, span := trace.Start(context.Background(), "root")
		span.End()
		_, span = trace.Start(before, "child")
		span.End()
		require.Len(t, w.named("root"), 1, "roots at SDK %d", i)
		require.Len(t, w.named("child"), 1, "children of a span from before the SDK, at SDK %d", i)
		assert.Equal(t, trace.ID(before), w.named("child")[0].SpanContext().TraceID().String(), "trace ID of the child at SDK %d", i)
	}
}

func TestStartAfterInstallAndALateSDK(t *testing.T) {
	if !testkit.InChild(t) {
		return
	}
	require.NoError(t, trace.Install(nil), "Install(nil)")
	before, _ := trace.Start(testkit.Context(id64+"-"+spanID+"-1"), "before")
	w := watch(sdktrace.AlwaysSample())
	otel.SetTracerProvider(w)
	_, span := trace.Start(before, "child")
	span.End()
	require.Len(t, w.named("child"), 1, "children at the SDK that came after Install")
}

// Under a global no-op provider, which turns tracing off, there are still IDs.
func TestStartUnderANoopProvider(t *testing.T) {
	if !testkit.InChild(t) {
		return
	}
	otel.SetTracerProvider(noop.NewTracerProvider())
	for _, single := range callers {
		var caller trace.B3
		if single != "" {
			caller = testkit.B3(single)
		}
		for name, start := range map[string]func() context.Context{
			"global":     func() context.Context { return first(trace.Starter{}.Start(context.Background(), caller, "x")) },
			"in context": func() context.Context { return first(trace.Start(trace.NewContext(context.Background(), caller), "x")) },
			"forgets its parent": func() context.Context {
				return first(trace.Starter{TracerProvider: forgetful{}}.Start(trace.NewContext(context.Background(), caller), trace.B3{}, "x"))
			},
			"configured": func() context.Context {
				return first(trace.Starter{TracerProvider: noop.NewTracerProvider()}.Start(context.Background(), caller, "x"))
			},
		} {
			got, want := testkit.SaidIn(start()), testkit.SaidBy(caller)
			if want.Trace == "" {
				assert.Regexp(t, "^[0-9a-f]{32}$", got.Trace, "%s, caller %q: new trace ID", name, single)
			} else {
				assert.Equal(t, want.Trace, got.Trace, "%s, caller %q: trace ID", name, single)
			}
			assert.Equal(t, want.Span, got.Parent, "%s, caller %q: parent", name, single)
			assert.Regexp(t, "^[0-9a-f]{16}$", got.Span, "%s, caller %q: span ID", name, single)
			assert.NotEqual(t, want.Span, got.Span, "%s, caller %q: span ID: want a fresh one", name, single)
			if want.State != trace.Defer {
				assert.Equal(t, want.State, got.State, "%s, caller %q: state", name, single)
			}
		}
	}
}

// A forgetful provider is a no-op provider whose spans have no IDs even under a parent.
type forgetful struct{ noop.TracerProvider }

func (forgetful) Tracer(string, ...oteltrace.TracerOption) oteltrace.Tracer { return forgetfulTracer{} }

type forgetfulTracer struct{ noop.Tracer }

func (forgetfulTracer) Start(ctx context.Context, _ string, _ ...oteltrace.SpanStartOption) (context.Context, oteltrace.Span) {
	return ctx, noop.Span{}
}
