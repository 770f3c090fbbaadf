package trace_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// sdkSampler is a sampler as users configure it in an SDK. Tests combine each of sdkSamplers with
// each of callers.
type sdkSampler struct {
	name        string
	sampler     sdktrace.Sampler
	parentBased bool
	root        trace.Sampler // gives the same answer as sampler, if no parent has decided
}

func half() *trace.Ratio { return trace.NewRatio(0.5) }

var sdkSamplers = []sdkSampler{
	{"ParentBased(Always)", sdktrace.ParentBased(sdktrace.AlwaysSample()), true, trace.Always()},
	{"ParentBased(Never)", sdktrace.ParentBased(sdktrace.NeverSample()), true, trace.Never()},
	{"ParentBased(TraceIDRatioBased)", sdktrace.ParentBased(sdktrace.TraceIDRatioBased(0.5)), true, half()},
	{"Always", sdktrace.AlwaysSample(), false, trace.Always()},
	{"Never", sdktrace.NeverSample(), false, trace.Never()},
}

// callers are values of the b3 header: none, every state alone, and every state with IDs of each
// width. A ratio of one half samples some of these IDs.
var callers = func() (rows []string) {
	rows = append(rows, "", "0", "1", "d")
	for _, id := range []string{id64, id64High, id128Low, id128, idWide} {
		for _, state := range []string{"", "-0", "-1", "-d", "-1-" + parentID} {
			rows = append(rows, id+"-"+spanID+state)
		}
	}
	return rows
}()

func callerName(single string) string {
	if single == "" {
		return "none"
	}
	return single
}

// records reports whether an SDK with this sampler records the span that begins a request.
func (s sdkSampler) records(caller trace.Sampling, id oteltrace.TraceID) bool {
	switch {
	case caller == trace.Deny:
		return false
	case s.parentBased && caller != trace.Defer:
		return true
	}
	return s.root.Sample(id)
}

// wantState returns the state that the next service must get.
func wantState(caller trace.Sampling, recorded bool) trace.Sampling {
	switch {
	case caller == trace.Deny, caller == trace.Debug:
		return caller
	case recorded:
		return trace.Accept
	}
	return trace.Deny
}

// The type watched is an SDK that counts the calls of its sampler and keeps its spans.
type watched struct {
	*sdktrace.TracerProvider
	sampler  *counter
	recorder *tracetest.SpanRecorder
}

func watch(s sdktrace.Sampler) watched {
	c, r := &counter{sampler: s}, tracetest.NewSpanRecorder()
	return watched{sdk(c, r), c, r}
}

// named returns the recorded spans with this name.
func (w watched) named(name string) (spans []sdktrace.ReadWriteSpan) {
	for _, s := range w.recorder.Started() {
		if s.Name() == name {
			spans = append(spans, s)
		}
	}
	return spans
}

func testAnySDK(t *testing.T, starterOf func(watched) trace.Starter) {
	for _, s := range sdkSamplers {
		for _, single := range callers {
			t.Run(s.name+"/"+callerName(single), func(t *testing.T) {
				var caller trace.B3
				if single != "" {
					caller = testkit.B3(single)
				}
				said := testkit.SaidBy(caller)
				w := watch(s.sampler)
				ctx, span := starterOf(w).Start(context.Background(), caller, "request")
				defer span.End()

				b, ok := trace.FromContext(ctx)
				require.True(t, ok, "whether FromContext found IDs")
				id := trace.ID(ctx)
				if said.Trace != "" {
					assert.Equal(t, said.Trace, id, "text of the trace ID")
				} else {
					assert.Regexp(t, "^[0-9a-f]{32}$", id, "text of a new trace ID")
				}
				assert.Equal(t, b.TraceID, span.SpanContext().TraceID(), "trace ID of the span")
				assert.Equal(t, b.SpanID, span.SpanContext().SpanID(), "span ID of the span")
				assert.NotEqual(t, caller.SpanID, b.SpanID, "span ID: want a fresh one")

				// Even if the SDK was shown an invented parent, the real parent is sent on.
				assert.Equal(t, caller.SpanID, b.ParentSpanID, "parent sent on")
				out := propagation.MapCarrier{}
				trace.Propagator{}.Inject(ctx, out)
				assert.Equal(t, said.Span, out["x-b3-parentspanid"], "parent in the outgoing message")

				recorded := s.records(caller.Sampling, b.TraceID)
				assert.Equal(t, recorded, span.IsRecording(), "whether the span is recorded")
				assert.Equal(t, wantState(caller.Sampling, recorded), b.Sampling, "state sent on")
				if recorded {
					assert.Len(t, w.recorder.Started(), 1, "spans begun at the SDK")
				} else {
					assert.Empty(t, w.recorder.Started(), "spans begun at the SDK")
				}
				if caller.Sampling == trace.Deny {
					assert.Zero(t, w.sampler.asked.Load(), "times the SDK's sampler was asked about a deny")
				} else {
					assert.EqualValues(t, 1, w.sampler.asked.Load(), "times the SDK's sampler was asked")
				}

				// The decision holds for nested spans too.
				child, childSpan := trace.Start(ctx, "nested")
				defer childSpan.End()
				c, _ := trace.FromContext(child)
				assert.Equal(t, id, trace.ID(child), "text of the trace ID, nested")
				assert.Equal(t, b.SpanID, c.ParentSpanID, "parent sent on, nested")
				if s.parentBased || caller.Sampling == trace.Deny {
					assert.Equal(t, b.Sampling, c.Sampling, "state sent on, nested")
				}
				if caller.Sampling == trace.Deny {
					assert.Zero(t, w.sampler.asked.Load(), "times the SDK's sampler was asked about a deny, nested")
				}
			})
		}
	}
}

func TestAnySDK(t *testing.T) {
	testAnySDK(t, func(w watched) trace.Starter {
		return trace.Starter{TracerProvider: w, Kind: oteltrace.SpanKindServer}
	})
}

func TestAnySDKGlobal(t *testing.T) {
	if !testkit.InChild(t) {
		return
	}
	testAnySDK(t, func(w watched) trace.Starter {
		otel.SetTracerProvider(w)
		return trace.Starter{}
	})
}

// The SDK of the context's current span comes before the global SDK.
func TestProviderOrder(t *testing.T) {
	if !testkit.InChild(t) {
		return
	}
	configured, local, global := watch(sdktrace.AlwaysSample()), watch(sdktrace.AlwaysSample()), watch(sdktrace.AlwaysSample())
	otel.SetTracerProvider(global)
	request, span := local.Tracer("").Start(context.Background(), "request")
	defer span.End()
	for _, tt := range []struct {
		name  string
		start trace.Starter
		ctx   context.Context
		want  watched
	}{
		{"configured", trace.Starter{TracerProvider: configured}, request, configured},
		{"local", trace.Starter{}, request, local},
		{"global", trace.Starter{}, context.Background(), global},
		{"a remote span has no provider of its own", trace.Starter{}, testkit.Context(id64 + "-" + spanID + "-1"), global},
	} {
		_, span := tt.start.Start(tt.ctx, trace.B3{}, tt.name)
		span.End()
		assert.Len(t, tt.want.named(tt.name), 1, "%s: spans with this name at the wanted SDK", tt.name)
	}
	// A new root under a denied span asks the SDK that was not asked about the deny.
	denied, span := trace.Start(testkit.Context(id64+"-"+spanID+"-0"), "denied")
	defer span.End()
	_, root := trace.Root(denied, "root under a deny")
	root.End()
	assert.Empty(t, global.named("denied"), "spans begun for a deny")
	assert.Len(t, global.named("root under a deny"), 1, "spans begun for a root under a deny")
}

func TestKind(t *testing.T) {
	w := watch(sdktrace.AlwaysSample())
	for _, tt := range []struct {
		name string
		kind oteltrace.SpanKind
		opts []oteltrace.SpanStartOption
		want oteltrace.SpanKind
	}{
		{"the Starter's kind", oteltrace.SpanKindServer, nil, oteltrace.SpanKindServer},
		{"an option's kind", oteltrace.SpanKindServer, []oteltrace.SpanStartOption{oteltrace.WithSpanKind(oteltrace.SpanKindConsumer)}, oteltrace.SpanKindConsumer},
		{"no kind", oteltrace.SpanKindUnspecified, nil, oteltrace.SpanKindInternal},
	} {
		_, span := trace.Starter{TracerProvider: w, Kind: tt.kind}.Start(context.Background(), trace.B3{}, tt.name, tt.opts...)
		span.End()
		require.Len(t, w.named(tt.name), 1, "%s: spans", tt.name)
		assert.Equal(t, tt.want, w.named(tt.name)[0].SpanKind(), "%s: kind of the span", tt.name)
	}
}

// middleware does the same as a middleware of this module.
func middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		caller, _ := trace.FromHeader(r.Header)
		ctx, span := trace.Starter{Kind: oteltrace.SpanKindServer}.Start(r.Context(), caller, "ours")
		defer span.End()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// Behind clew's middleware and otelhttp's, the handler sees the caller's trace and state. The
// order of the two does not matter, and otelhttp may have clew's propagator or none. The SDK is
// global.
func TestBesideOtelhttp(t *testing.T) {
	if !testkit.InChild(t) {
		return
	}
	for _, s := range sdkSamplers {
		for _, place := range []string{"outside", "inside"} {
			for _, propagator := range []struct {
				name string
				propagation.TextMapPropagator
			}{{"ours", trace.Propagator{}}, {"none", propagation.NewCompositeTextMapPropagator()}} {
				for _, single := range callers {
					t.Run(s.name+"/otelhttp "+place+", propagator "+propagator.name+"/"+callerName(single), func(t *testing.T) {
						w := watch(s.sampler)
						otel.SetTracerProvider(w)
						theirs := func(next http.Handler) http.Handler {
							return otelhttp.NewHandler(next, "theirs", otelhttp.WithPropagators(propagator))
						}
						var called atomic.Bool
						var b trace.B3
						var id string
						end := http.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
							called.Store(true)
							b, _ = trace.FromContext(r.Context())
							id = trace.ID(r.Context())
							assert.Equal(t, b.TraceID, oteltrace.SpanContextFromContext(r.Context()).TraceID(), "trace ID, as OpenTelemetry sees it")
						}))
						var caller trace.B3
						r := httptest.NewRequest(http.MethodGet, "/", nil)
						if single != "" {
							caller = testkit.B3(single)
							r.Header.Set("b3", single)
						}
						if place == "outside" {
							end = theirs(middleware(end))
						} else {
							end = middleware(theirs(end))
						}
						end.ServeHTTP(httptest.NewRecorder(), r)
						require.True(t, called.Load(), "whether the handler was called")

						if said := testkit.SaidBy(caller); said.Trace != "" {
							assert.Equal(t, said.Trace, id, "text of the trace ID")
						} else {
							assert.Regexp(t, "^[0-9a-f]{32}$", id, "text of a new trace ID")
						}
						recorded := s.records(caller.Sampling, b.TraceID)
						assert.Equal(t, wantState(caller.Sampling, recorded), b.Sampling, "state sent on")
						if caller.Sampling != trace.Deny {
							if recorded {
								assert.Len(t, w.named("ours"), 1, "our spans at the SDK")
							} else {
								assert.Empty(t, w.named("ours"), "our spans at the SDK")
							}
							return
						}
						// If otelhttp is outside of clew's handler, it asks its SDK itself. clew
						// cannot prevent otelhttp's span.
						assert.Empty(t, w.named("ours"), "our spans at the SDK, for a deny")
						if place == "inside" {
							assert.Empty(t, w.recorder.Started(), "spans begun at the SDK, for a deny")
							assert.Zero(t, w.sampler.asked.Load(), "times the SDK's sampler was asked about a deny")
						}
					})
				}
			}
		}
	}
}

type onStart struct {
	sdktrace.SpanProcessor
	do func(context.Context)
}

func (o onStart) OnStart(ctx context.Context, _ sdktrace.ReadWriteSpan) { o.do(ctx) }

// For a caller that defers, clew hides the span ID from the SDK, so that the SDK asks its sampler.
// trace.FromContext still finds the ID in OnStart.
func TestOnStartOfDefer(t *testing.T) {
	b, _ := trace.Parse("463ac35c9f6413ad48485a3953bb6124-a2fb4a1d1a96d312")
	tp := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(onStart{do: func(ctx context.Context) {
		_, ok := trace.FromContext(ctx)
		assert.True(t, ok, "FromContext")
		assert.Equal(t, "a2fb4a1d1a96d312", trace.SpanID(ctx), "SpanID")
		assert.Equal(t, trace.ID(ctx), trace.ID(trace.Only(ctx)), "ID of Only")
	}}))
	trace.Starter{TracerProvider: tp}.Start(trace.NewContext(context.Background(), b), b, "x")
}
