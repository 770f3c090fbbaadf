package zipkin_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"example.com/clew/zipkin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// provider returns a Provider with cfg, and the collector that the Provider posts to.
func provider(t testing.TB, cfg zipkin.Config) (*zipkin.Provider, *poster) {
	t.Helper()
	p := new(poster)
	cfg.Endpoint, cfg.Client = "http://collector.example", &http.Client{Transport: p}
	if cfg.Service == "" {
		cfg.Service = "media-api"
	}
	tp, err := zipkin.NewProvider(cfg)
	require.NoError(t, err, "NewProvider")
	t.Cleanup(func() { assert.NoError(t, tp.Shutdown(context.Background()), "Shutdown") })
	return tp, p
}

// flushed flushes tp, and returns the spans that p has got since the last call.
func flushed(t testing.TB, tp *zipkin.Provider, p *poster) []posted {
	t.Helper()
	require.NoError(t, tp.ForceFlush(context.Background()), "ForceFlush")
	return p.take(t)
}

func none(t testing.TB, tp *zipkin.Provider) {
	t.Helper()
	require.NoError(t, tp.SetRatio(0), "SetRatio(0)")
}

const (
	id64   = testkit.ID64
	id128  = testkit.ID128
	idWide = testkit.IDWide
	spanID = testkit.SpanID
)

// starters are the ways to begin a server's span for a caller, and a child of that span.
var starters = []struct {
	name  string
	clew  bool
	serve func(tp *zipkin.Provider, r *http.Request)
}{
	{"httpmw", true, func(tp *zipkin.Provider, r *http.Request) {
		handler := httpmw.New(httpmw.Config{TracerProvider: tp})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, s := trace.Start(r.Context(), "child")
			s.End()
		}))
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}},
	{"httpmw, and a library that uses the current span's provider", true, func(tp *zipkin.Provider, r *http.Request) {
		handler := httpmw.New(httpmw.Config{TracerProvider: tp})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, s := oteltrace.SpanFromContext(r.Context()).TracerProvider().Tracer("other").Start(r.Context(), "child")
			s.End()
		}))
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}},
	{"otelhttp with our propagator", false, func(tp *zipkin.Provider, r *http.Request) {
		handler := otelhttp.NewHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, s := tp.Tracer("other").Start(r.Context(), "child")
			s.End()
		}), "server", otelhttp.WithTracerProvider(tp), otelhttp.WithPropagators(trace.Propagator{}))
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}},
}

func TestB3IsObeyed(t *testing.T) {
	type outcome struct {
		sampled, debug bool
		traceID        string // "": a new trace ID
		parent         string // the parent of the server's span
	}
	for _, tt := range []struct {
		name   string
		header map[string]string
		always outcome // at ratio 1
		never  outcome // at ratio 0
	}{
		{name: "no headers", always: outcome{sampled: true}},
		{name: "deny", header: map[string]string{"b3": id128 + "-" + spanID + "-0"}},
		{name: "deny, without IDs", header: map[string]string{"b3": "0"}},
		{name: "accept", header: map[string]string{"b3": id128 + "-" + spanID + "-1"},
			always: outcome{true, false, id128, spanID}, never: outcome{true, false, id128, spanID}},
		{name: "accept, without IDs", header: map[string]string{"X-B3-Sampled": "1"}, always: outcome{sampled: true}, never: outcome{sampled: true}},
		{name: "debug", header: map[string]string{"X-B3-TraceId": id64, "X-B3-SpanId": spanID, "X-B3-Flags": "1"},
			always: outcome{true, true, id64, spanID}, never: outcome{true, true, id64, spanID}},
		{name: "debug, without IDs", header: map[string]string{"b3": "d"}, always: outcome{sampled: true, debug: true}, never: outcome{sampled: true, debug: true}},
		{name: "debug, 32 digits with a zero high half", header: map[string]string{"b3": idWide + "-" + spanID + "-d"},
			always: outcome{true, true, idWide, spanID}, never: outcome{true, true, idWide, spanID}},
		{name: "accept, 32 digits with a zero high half", header: map[string]string{"b3": idWide + "-" + spanID + "-1"},
			always: outcome{true, false, idWide, spanID}, never: outcome{true, false, idWide, spanID}},
		{name: "accept, 16 digits", header: map[string]string{"b3": id64 + "-" + spanID + "-1"},
			always: outcome{true, false, id64, spanID}, never: outcome{true, false, id64, spanID}},
		{name: "defer", header: map[string]string{"b3": id128 + "-" + spanID}, always: outcome{sampled: true, traceID: id128}},
		{name: "defer, 32 digits with a zero high half", header: map[string]string{"b3": idWide + "-" + spanID}, always: outcome{sampled: true, traceID: idWide}},
	} {
		for _, starter := range starters {
			for ratio, want := range map[float64]outcome{1: tt.always, 0: tt.never} {
				t.Run(fmt.Sprintf("%s/%s/%v", tt.name, starter.name, ratio), func(t *testing.T) {
					tp, p := provider(t, zipkin.Config{Ratio: 1})
					require.NoError(t, tp.SetRatio(ratio))
					r := httptest.NewRequest(http.MethodGet, "/", nil)
					for key, value := range tt.header {
						r.Header.Set(key, value)
					}
					starter.serve(tp, r)
					spans := flushed(t, tp, p)
					if !want.sampled {
						require.Empty(t, spans, "spans")
						return
					}
					require.Len(t, spans, 2, "spans")
					child, server := spans[0], spans[1]
					assert.Equal(t, server["id"], child["parentId"], "parent of the child")
					for _, s := range spans {
						if want.traceID != "" {
							assert.Equal(t, want.traceID, s["traceId"], "trace ID")
						}
						assert.Equal(t, spans[0]["traceId"], s["traceId"], "trace ID")
						// If a caller sends a state without IDs, otelhttp begins a new trace. Then
						// the sampler sees the state only for the first span.
						known := want.traceID != "" || starter.clew || s["kind"] == "SERVER"
						if want.debug && known {
							assert.Equal(t, true, s["debug"], "debug")
						} else {
							assert.NotContains(t, s, "debug")
						}
						for tag := range s.tags() {
							assert.False(t, strings.HasPrefix(tag, "b3."), "tag %s", tag)
						}
					}
					switch want.parent {
					case "":
						assert.NotContains(t, server, "parentId", "the server's span must have no parent, because no service reports the caller's span")
					default:
						assert.Equal(t, want.parent, server["parentId"], "parent of the server's span")
					}
				})
			}
		}
	}
}

// TestDecisionOfAnotherPropagator: a caller's decision is obeyed if OpenTelemetry's own B3
// propagator reads it. There is no row for a caller that defers, because that propagator cannot
// express a defer.
func TestDecisionOfAnotherPropagator(t *testing.T) {
	for state, want := range map[string]int{"-1": 1, "-d": 1, "-0": 0} {
		tp, p := provider(t, zipkin.Config{Ratio: 1})
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("b3", id128+"-"+spanID+state)
		handler := otelhttp.NewHandler(http.NotFoundHandler(), "server", otelhttp.WithTracerProvider(tp), otelhttp.WithPropagators(b3.New()))
		handler.ServeHTTP(httptest.NewRecorder(), r)
		assert.Len(t, flushed(t, tp, p), want, "spans after %s", state)
	}
}

func TestRootIsDecidedAnew(t *testing.T) {
	for _, state := range []string{"0", "1", "d"} {
		tp, p := provider(t, zipkin.Config{Ratio: 1})
		b := testkit.B3(id128 + "-" + spanID + "-" + state)
		ctx, span := trace.Starter{TracerProvider: tp}.Start(context.Background(), b, "request")

		none(t, tp)
		_, root := trace.Root(ctx, "not sampled")
		root.End()
		_, root = tp.Tracer("other").Start(ctx, "nor this", oteltrace.WithNewRoot())
		root.End()
		assert.Empty(t, flushed(t, tp, p), "spans at ratio 0, under %s", state)

		require.NoError(t, tp.SetRatio(1))
		_, root = trace.Root(ctx, "sampled")
		root.End()
		_, root = tp.Tracer("other").Start(ctx, "and this", oteltrace.WithNewRoot())
		root.End()
		spans := flushed(t, tp, p)
		require.Len(t, spans, 2, "spans at ratio 1, under %s", state)
		for _, s := range spans {
			assert.NotEqual(t, id128, s["traceId"], "trace ID")
			assert.NotContains(t, s, "parentId")
			assert.NotContains(t, s, "debug")
		}
		links, _ := spans[0].tags()["links"].(string)
		assert.True(t, strings.HasPrefix(links, id128+"-"), "link of a root: %q", links)
		span.End()
	}
}

// TestLoneStateIsOfOneTrace: a state without IDs decides for the trace that begins with it, and
// not for later roots.
func TestLoneStateIsOfOneTrace(t *testing.T) {
	untrusted := httpmw.Config{Trust: func(*http.Request) httpmw.Trust { return httpmw.TrustNone }}
	for _, tt := range []struct {
		state string
		ratio float64
		roots int
	}{{"d", 0, 0}, {"1", 0, 0}, {"0", 1, 2}} {
		tp, p := provider(t, zipkin.Config{Ratio: 1})
		require.NoError(t, tp.SetRatio(tt.ratio))
		untrusted.TracerProvider = tp
		handler := httpmw.New(untrusted)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, s := tp.Tracer("other").Start(r.Context(), "root", oteltrace.WithNewRoot())
			s.End()
		}))
		outer := otelhttp.NewHandler(handler, "server", otelhttp.WithTracerProvider(tp), otelhttp.WithPropagators(trace.Propagator{}))
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("b3", tt.state)
		outer.ServeHTTP(httptest.NewRecorder(), r)
		roots := 0
		for _, s := range flushed(t, tp, p) {
			if !strings.Contains(s.tags()["otel.scope.name"].(string), "otelhttp") {
				roots++
			}
		}
		assert.Equal(t, tt.roots, roots, "new roots that are sampled at %v after b3: %s", tt.ratio, tt.state)
	}
}

// TestChains: 1,000 traces pass through four services, each of which has its own ratio. The first
// caller sends IDs and defers. Each trace is recorded whole or not at all.
func TestChains(t *testing.T) {
	const services = 4
	chains := func(t *testing.T, ratios [services]float64, id func(i int) string) (seen map[string]int) {
		var providers [services]*zipkin.Provider
		var posters [services]*poster
		var next http.RoundTripper
		for i := services - 1; i >= 0; i-- {
			providers[i], posters[i] = provider(t, zipkin.Config{Ratio: ratios[i], Service: "service-" + strconv.Itoa(i)})
			client := &http.Client{Transport: httpclient.NewTransport(next, httpclient.Config{TracerProvider: providers[i]})}
			last := i == services-1
			handler := httpmw.New(httpmw.Config{TracerProvider: providers[i]})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if last {
					return
				}
				out, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://next.example/", nil)
				if assert.NoError(t, err) {
					resp, err := client.Do(out)
					if assert.NoError(t, err) {
						io.Copy(io.Discard, resp.Body)
						resp.Body.Close()
					}
				}
			}))
			next = direct{handler}
		}
		seen = map[string]int{}
		for i := range 1000 {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.Header.Set("X-B3-TraceId", id(i))
			r.Header.Set("X-B3-SpanId", spanID)
			seen[id(i)] = 0
			resp, err := next.RoundTrip(r)
			require.NoError(t, err)
			resp.Body.Close()
		}
		for i := range providers {
			for _, s := range flushed(t, providers[i], posters[i]) {
				seen[s["traceId"].(string)]++
			}
		}
		return seen
	}
	wide := func(i int) string { return fmt.Sprintf("%016x%016x", i+1, uint64(i)*0x9e3779b97f4a7c15+1) }
	narrow := func(i int) string { return wide(i)[16:] }
	decide := func(id func(int) string) (sampled []string) {
		split := 0
		for id, n := range chains(t, [services]float64{0.5, 1, 0.01, 0.5}, id) {
			switch n {
			case 0:
			case 2*services - 1:
				sampled = append(sampled, id[len(id)-16:])
			default:
				split++
			}
		}
		assert.Zero(t, split, "traces that were recorded in part")
		return sampled
	}
	of128, of64 := decide(wide), decide(narrow)
	assert.ElementsMatch(t, of128, of64, "sampled traces, by the low half of their IDs")
	assert.InDelta(t, 500, len(of64), 80, "sampled traces of 1000, at 0.5")
}

// direct is a RoundTripper that lets its Handler serve the requests.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Result(), nil
}

func TestRatio(t *testing.T) {
	sampled := func(tp *zipkin.Provider, p *poster) int {
		for range 2000 {
			_, s := trace.Starter{TracerProvider: tp}.Start(context.Background(), trace.B3{}, "root")
			s.End()
		}
		return len(flushed(t, tp, p))
	}
	tp, p := provider(t, zipkin.Config{})
	assert.Equal(t, 0.001, tp.Ratio(), "Ratio of the zero Config")
	assert.Less(t, sampled(tp, p), 20, "spans of 2000, at 0.001")
	require.NoError(t, tp.SetRatio(0.5))
	assert.Equal(t, 0.5, tp.Ratio())
	assert.InDelta(t, 1000, sampled(tp, p), 150, "spans of 2000, at 0.5")
	for _, bad := range []float64{-0.1, 1.1, nan} {
		assert.Error(t, tp.SetRatio(bad), "SetRatio(%v)", bad)
		assert.Equal(t, 0.5, tp.Ratio(), "Ratio after SetRatio(%v)", bad)
	}
	require.NoError(t, tp.SetRatio(0))
	assert.Equal(t, 0.0, tp.Ratio())
	assert.Zero(t, sampled(tp, p), "spans at 0")
}

func TestRatioHandler(t *testing.T) {
	tp, _ := provider(t, zipkin.Config{Ratio: 0.25})
	ask := func(method, body string) (int, string) {
		w := httptest.NewRecorder()
		tp.RatioHandler().ServeHTTP(w, httptest.NewRequest(method, "/debug/ratio", strings.NewReader(body)))
		return w.Code, w.Body.String()
	}
	status, body := ask(http.MethodGet, "")
	assert.Equal(t, 200, status, "GET")
	assert.Equal(t, "0.25\n", body, "GET")
	status, body = ask(http.MethodPut, " 1e-5\n")
	assert.Equal(t, 200, status, "PUT")
	assert.Equal(t, "1e-05\n", body, "PUT")
	assert.Equal(t, 1e-5, tp.Ratio())
	for _, bad := range []string{"", "half", "NaN", "2", "-1", "0.5 0.5", "0.5" + strings.Repeat("0", 100), strings.Repeat("9", 1<<20)} {
		status, body := ask(http.MethodPut, bad)
		assert.Equal(t, 400, status, "PUT %.20q", bad)
		assert.Less(t, len(body), 100, "PUT %.20q: %.200q", bad, body)
		assert.Equal(t, 1e-5, tp.Ratio(), "ratio after PUT %.20q", bad)
	}
	endless := endlessBody{t, 0}
	w := httptest.NewRecorder()
	tp.RatioHandler().ServeHTTP(w, httptest.NewRequest(http.MethodPut, "/debug/ratio", &endless))
	assert.Equal(t, 400, w.Code, "PUT of a body without end")
	status, _ = ask(http.MethodPost, "0.5")
	assert.Equal(t, 405, status, "POST")
	assert.Equal(t, 1e-5, tp.Ratio(), "ratio after POST")
}

type endlessBody struct {
	t    *testing.T
	read int
}

func (b *endlessBody) Read(p []byte) (int, error) {
	b.read += len(p)
	if b.read > 1<<16 {
		b.t.Error("the handler reads on, although the body is too long")
		return 0, io.EOF
	}
	return copy(p, strings.Repeat("0", len(p))), nil
}

// TestSpansOfTwoProcessors: another processor gets the spans too. It also sees the attribute that
// the sampler adds for the encoder, but only on a span that needs one.
func TestSpansOfTwoProcessors(t *testing.T) {
	tp, p := provider(t, zipkin.Config{Ratio: 1})
	other := tracetest.NewSpanRecorder()
	tp.RegisterSpanProcessor(other)
	_, s := trace.Starter{TracerProvider: tp}.Start(context.Background(), trace.B3{Sampling: trace.Debug}, "both")
	s.SetAttributes(attribute.String("k", "v"))
	s.End()
	require.Len(t, flushed(t, tp, p), 1)
	require.Len(t, other.Ended(), 1)
	assert.Contains(t, other.Ended()[0].Attributes(), attribute.Bool("b3.debug", true))

	caller := testkit.B3(id128 + "-" + spanID + "-1")
	_, s = trace.Starter{TracerProvider: tp}.Start(context.Background(), caller, "plain")
	s.End()
	require.Len(t, other.Ended(), 2)
	assert.Empty(t, other.Ended()[1].Attributes(), "attributes of a span to which the sampler adds none")
	assert.True(t, other.Ended()[1].Parent().IsRemote(), "whether the parent is marked as remote")
}

// TestDebugInsideATrace: a message in state debug is handled under a local span of the same trace.
// The new span is marked as debug, and its parent is the local span.
func TestDebugInsideATrace(t *testing.T) {
	tp, p := provider(t, zipkin.Config{Ratio: 1})
	ctx, outer := trace.Starter{TracerProvider: tp}.Start(context.Background(), trace.B3{}, "outer")
	defer outer.End()
	caller, _ := trace.FromContext(ctx)
	caller.Sampling = trace.Debug
	_, s := trace.Starter{}.Start(ctx, caller, "inner")
	s.End()
	spans := flushed(t, tp, p)
	require.Len(t, spans, 1)
	assert.Equal(t, true, spans[0]["debug"], "debug")
	assert.Equal(t, trace.SpanID(ctx), spans[0]["parentId"], "parent")

	sdk, rec := testkit.SDK(sdktrace.ParentBased(sdktrace.AlwaysSample(), sdktrace.WithRemoteParentSampled(sdktrace.NeverSample())))
	ctx, outer = trace.Starter{TracerProvider: sdk}.Start(context.Background(), trace.B3{}, "outer")
	defer outer.End()
	caller, _ = trace.FromContext(ctx)
	caller.Sampling = trace.Debug
	_, s = trace.Starter{}.Start(ctx, caller, "inner")
	s.End()
	require.Len(t, rec.Ended(), 1, "spans, by a sampler that never samples under a remote parent")
	assert.False(t, rec.Ended()[0].Parent().IsRemote(), "whether the parent is marked as remote, under a local span")
}

func TestTracestateIsHandedOn(t *testing.T) {
	const state = "vendor=value"
	tp, _ := provider(t, zipkin.Config{Ratio: 1})
	header := propagation.MapCarrier{"traceparent": "00-" + id128 + "-" + spanID + "-01", "tracestate": state}
	ctx := trace.Propagator{W3C: true}.Extract(context.Background(), header)
	caller, _ := trace.FromContext(ctx)
	debug := caller
	debug.Sampling = trace.Debug
	starter := trace.Starter{TracerProvider: tp}
	for name, start := range map[string]func() (context.Context, oteltrace.Span){
		"by Start":                    func() (context.Context, oteltrace.Span) { return starter.Start(ctx, trace.B3{}, "span") },
		"by a message":                func() (context.Context, oteltrace.Span) { return starter.Start(ctx, caller, "span") },
		"by a message in state debug": func() (context.Context, oteltrace.Span) { return starter.Start(ctx, debug, "span") },
		"by another library":          func() (context.Context, oteltrace.Span) { return tp.Tracer("other").Start(ctx, "span") },
	} {
		_, s := start()
		assert.Equal(t, state, s.SpanContext().TraceState().String(), name)
		s.End()
	}
}

// TestNewIDs: the IDs of the SDK's own roots begin with the time in seconds, as the IDs of package
// trace do.
func TestNewIDs(t *testing.T) {
	tp, p := provider(t, zipkin.Config{Ratio: 1})
	_, s := tp.Tracer("other").Start(context.Background(), "root")
	s.End()
	got := flushed(t, tp, p)[0]
	seconds, err := strconv.ParseInt(got["traceId"].(string)[:8], 16, 64)
	require.NoError(t, err)
	assert.InDelta(t, got["timestamp"].(float64)/1e6, seconds, 2, "the first 32 bits of %s", got["traceId"])
}

// TestNotSampledIsNotCounted: a span that is not sampled does not count as ended.
func TestNotSampledIsNotCounted(t *testing.T) {
	tp, p := provider(t, zipkin.Config{Ratio: 1})
	none(t, tp)
	_, s := tp.Tracer("other").Start(context.Background(), "root")
	s.End()
	assert.Empty(t, flushed(t, tp, p))
	assert.Zero(t, tp.Stats())
}

var _ sdktrace.SpanExporter = (*zipkin.Exporter)(nil)
