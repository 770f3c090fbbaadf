package httpmw_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

func sampling(s trace.Sampling) func(*http.Request) trace.Sampling {
	return func(*http.Request) trace.Sampling { return s }
}

// TestSample: Sample decides if the caller has not decided or is not trusted to decide, with
// every provider.
func TestSample(t *testing.T) {
	// perTrust says whether Sample is asked under TrustAll, TrustIDs and TrustNone.
	type perTrust struct{ all, ids, none bool }
	everywhere, notAll := perTrust{true, true, true}, perTrust{false, true, true}
	w3c := propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
	callers := []struct {
		name       string
		propagator propagation.TextMapPropagator
		header     http.Header
		state      trace.Sampling // the caller's state that is believed under TrustAll
		asked      perTrust
	}{
		{"no headers", nil, nil, trace.Defer, everywhere},
		{"defer", nil, testkit.Header("b3", id128+"-"+spanID), trace.Defer, everywhere},
		{"defer, X-B3", nil, testkit.Header("X-B3-TraceId", id64, "X-B3-SpanId", spanID), trace.Defer, everywhere},
		{"malformed", nil, testkit.Header("b3", id128+"-"+spanID+"-x"), trace.Defer, everywhere},
		{"deny", nil, testkit.Header("b3", id128+"-"+spanID+"-0"), trace.Deny, notAll},
		{"accept", nil, testkit.Header("b3", id128+"-"+spanID+"-1"), trace.Accept, notAll},
		{"debug", nil, testkit.Header("X-B3-TraceId", id64, "X-B3-SpanId", spanID, "X-B3-Flags", "1"), trace.Debug, notAll},
		{"deny without IDs", nil, testkit.Header("b3", "0"), trace.Deny, notAll},
		{"accept without IDs", nil, testkit.Header("X-B3-Sampled", "1"), trace.Accept, notAll},
		{"debug without IDs", nil, testkit.Header("b3", "d"), trace.Debug, notAll},
		{"contrib's propagator, defer", b3.New(), testkit.Header("b3", id128+"-"+spanID), trace.Deny, notAll}, // contrib's propagator has no defer
		{"traceparent", trace.Propagator{W3C: true}, testkit.Header("traceparent", "00-"+id128+"-"+spanID+"-01"), trace.Accept, notAll},
		{"traceparent, not sampled", w3c, testkit.Header("traceparent", "00-"+id128+"-"+spanID+"-00"), trace.Deny, notAll},
		{"W3C and no headers", w3c, nil, trace.Defer, everywhere},
	}
	for _, caller := range callers {
		for trust, asks := range map[httpmw.Trust]bool{httpmw.TrustAll: caller.asked.all, httpmw.TrustIDs: caller.asked.ids, httpmw.TrustNone: caller.asked.none, 77: caller.asked.none} {
			for _, says := range []trace.Sampling{trace.Defer, trace.Deny, trace.Accept, trace.Debug, 9} {
				for _, yes := range []bool{false, true} {
					for _, sdk := range []bool{false, true} {
						t.Run(fmt.Sprintf("%s, trust %d, %v (%d), sampler %t, SDK %t", caller.name, trust, says, says, yes, sdk), func(t *testing.T) {
							provider, sampler := never(), sdktrace.NeverSample()
							if yes {
								provider, sampler = always(), sdktrace.AlwaysSample()
							}
							tp, rec := testkit.SDK(sdktrace.ParentBased(sampler))
							if sdk {
								provider = tp
							}
							asked := 0
							var got said
							var inside trace.B3 // the B3 in the headers that the handler sees
							sent := http.Header{}
							serve(httpmw.New(httpmw.Config{
								TracerProvider: provider, Propagator: caller.propagator, Trust: trusting(trust),
								Sample: func(*http.Request) trace.Sampling { asked++; return says },
							})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
								got = current(r)
								inside, _ = trace.FromHeader(r.Header)
								trace.Propagator{}.Inject(r.Context(), propagation.HeaderCarrier(sent))
							})), get(caller.header))

							assert.Equal(t, map[bool]int{true: 1}[asks], asked, "calls of Sample")
							want := says
							switch {
							case !asks:
								want = caller.state
							case says > trace.Debug:
								want = trace.Defer
							}
							if want == trace.Defer {
								want = map[bool]trace.Sampling{false: trace.Deny, true: trace.Accept}[yes]
							}
							assert.Equal(t, want, got.State, "state in the handler")
							assert.Equal(t, map[trace.Sampling]string{trace.Deny: "0", trace.Accept: "1"}[want], sent.Get("X-B3-Sampled"), "X-B3-Sampled sent on")
							assert.Equal(t, map[trace.Sampling]string{trace.Debug: "1"}[want], sent.Get("X-B3-Flags"), "X-B3-Flags sent on")
							if trust == httpmw.TrustIDs && inside.TraceID.IsValid() {
								assert.Equal(t, want, inside.Sampling, "state in the headers that the handler sees")
							}
							if sdk {
								assert.Len(t, rec.Ended(), map[bool]int{true: 1}[want >= trace.Accept], "spans in the SDK")
							}
						})
					}
				}
			}
		}
	}
}

// TestSampleSees: Sample sees the request that Trust sees, with all its headers.
func TestSampleSees(t *testing.T) {
	for _, trust := range []httpmw.Trust{httpmw.TrustAll, httpmw.TrustIDs, httpmw.TrustNone} {
		var trusted, sampled *http.Request
		h := httpmw.New(httpmw.Config{
			Trust:  func(r *http.Request) httpmw.Trust { trusted = r; return trust },
			Sample: func(r *http.Request) trace.Sampling { sampled = r; return trace.Defer },
		})(http.HandlerFunc(nop))
		r := get(testkit.Header("b3", id128+"-"+spanID))
		serve(h, r)
		assert.Same(t, r, sampled, "the request that Sample sees")
		assert.Same(t, trusted, sampled, "the request that Sample sees: must be the request that Trust sees")
	}
}

// TestSampleDenyGoesOn: a deny reaches the next service, which would have sampled the trace.
func TestSampleDenyGoesOn(t *testing.T) {
	states := map[string]string{}
	next := newServer(t, "h1", httpmw.New(httpmw.Config{TracerProvider: always()})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		states[r.URL.Path] = current(r).State.String()
	})))
	client := &http.Client{Transport: httpclient.NewTransport(next.Client().Transport, httpclient.Config{})}
	h := httpmw.New(httpmw.Config{TracerProvider: always(), Sample: func(r *http.Request) trace.Sampling {
		switch r.URL.Path {
		case "/deny":
			return trace.Deny
		case "/debug":
			return trace.Debug
		}
		return trace.Defer
	}})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		out, err := http.NewRequestWithContext(r.Context(), http.MethodGet, next.URL+r.URL.Path, nil)
		require.NoError(t, err)
		res, err := client.Do(out)
		require.NoError(t, err)
		body(t, res)
	}))
	for _, path := range []string{"/deny", "/debug", "/else"} {
		serve(h, httptest.NewRequest(http.MethodGet, path, nil))
	}
	assert.Equal(t, map[string]string{"/deny": "deny", "/debug": "debug", "/else": "accept"}, states, "states in the next service")
}

// TestSamplePanic: a panic in Sample is not recovered, and each span that has begun also ends.
func TestSamplePanic(t *testing.T) {
	for _, trust := range []httpmw.Trust{httpmw.TrustAll, httpmw.TrustIDs, httpmw.TrustNone} {
		sdk, rec := testkit.SDK(sdktrace.AlwaysSample())
		panics := true
		h := httpmw.New(httpmw.Config{TracerProvider: sdk, Trust: trusting(trust), Sample: func(*http.Request) trace.Sampling {
			if panics {
				panic("no sample")
			}
			return trace.Defer
		}})(http.HandlerFunc(nop))
		assert.Equal(t, "no sample", recovered(func() { serve(h, get(nil)) }), "value of the panic")
		assert.Len(t, rec.Started(), len(rec.Ended()), "spans that have begun, and that have ended")
		panics = false
		serve(h, get(nil))
		assert.Len(t, rec.Ended(), 1, "spans of the next request")
	}
}

// TestSampleInside: under a span of this process the decision has already been made, so Sample is
// not called, unless a new trace begins.
func TestSampleInside(t *testing.T) {
	sdk, _ := testkit.SDK(sdktrace.ParentBased(sdktrace.AlwaysSample()))
	refusing, _ := testkit.SDK(sdktrace.NeverSample())
	outer := func(s trace.Sampling) func(http.Handler) http.Handler {
		return httpmw.New(httpmw.Config{TracerProvider: sdk, Sample: sampling(s)})
	}
	otel := func(p oteltrace.TracerProvider) func(http.Handler) http.Handler {
		return otelhttp.NewMiddleware("outside", otelhttp.WithTracerProvider(p), otelhttp.WithPropagators(trace.Propagator{}))
	}
	for _, tt := range []struct {
		name    string
		outside func(http.Handler) http.Handler
		want    string
	}{
		{"New that accepts", outer(trace.Accept), "accept"},
		{"New that denies", outer(trace.Deny), "deny"},
		{"New that defers", outer(trace.Defer), "accept"},
		{"New in debug", outer(trace.Debug), "debug"},
		{"otelhttp, sampled", otel(sdk), "accept"},
		{"otelhttp, not sampled", otel(refusing), "deny"},
	} {
		for _, trust := range []httpmw.Trust{httpmw.TrustAll, httpmw.TrustIDs, httpmw.TrustNone} {
			for says, state := range map[trace.Sampling]string{trace.Deny: "deny", trace.Accept: "accept", trace.Debug: "debug"} {
				t.Run(fmt.Sprintf("%s, trust %d, %v", tt.name, trust, says), func(t *testing.T) {
					asked, got := 0, said{}
					serve(tt.outside(httpmw.New(httpmw.Config{TracerProvider: sdk, Trust: trusting(trust), Sample: func(*http.Request) trace.Sampling {
						asked++
						return says
					}})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = current(r) }))), get(nil))
					if trust == httpmw.TrustNone {
						assert.Equal(t, 1, asked, "calls of Sample")
						assert.Equal(t, state, got.State.String(), "state of a new trace")
					} else {
						assert.Zero(t, asked, "calls of Sample")
						assert.Equal(t, tt.want, got.State.String(), "state: must be the outer span's")
					}
				})
			}
		}
	}
}

// TestSampleUntrusted: TrustNone keeps the caller's ID, whatever Sample says.
func TestSampleUntrusted(t *testing.T) {
	for says, spans := range map[trace.Sampling]int{trace.Deny: 0, trace.Accept: 1, trace.Debug: 1} {
		sdk, rec := testkit.SDK(sdktrace.ParentBased(sdktrace.NeverSample()))
		var out testkit.Log
		logger := logctx.New(&out)
		outside, _ := testkit.SDK(sdktrace.AlwaysSample())
		ctx, _ := outside.Tracer("").Start(context.Background(), "around")
		h := httpmw.New(httpmw.Config{TracerProvider: sdk, Trust: httpmw.TrustNone.Always, Sample: sampling(says)})
		serve(h(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			assert.Empty(t, current(r).Parent, "parent after %v", says)
		}))), get(testkit.Header("b3", id64+"-"+spanID+"-1")).WithContext(ctx))
		line := out.Line(t)
		assert.Equal(t, id64, line["untrusted_trace_id"], "untrusted_trace_id after %v", says)
		require.Len(t, rec.Ended(), spans, "spans after %v", says)
		if spans > 0 {
			request := rec.Ended()[0]
			require.Len(t, request.Links(), 1, "links after %v", says)
			assert.Equal(t, spanID, request.Links()[0].SpanContext.SpanID().String(), "link after %v", says)
			assert.Equal(t, oteltrace.SpanKindServer, request.SpanKind(), "kind after %v", says)
			assert.Equal(t, line["trace_id"], request.SpanContext().TraceID().String(), "trace ID after %v", says)
		}
	}
}

// TestSampleDebugLevel: if Sample returns Debug, lines of level debug are written.
func TestSampleDebugLevel(t *testing.T) {
	for says, lines := range map[trace.Sampling]int{trace.Defer: 0, trace.Deny: 0, trace.Accept: 0, trace.Debug: 1} {
		var out testkit.Log
		logger := logctx.New(&out).Level(zerolog.InfoLevel)
		serve(httpmw.New(httpmw.Config{Logger: &logger, Sample: sampling(says)})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			zerolog.Ctx(r.Context()).Debug().Msg("detail")
		})), get(nil))
		assert.Len(t, out.Lines(t), lines, "lines at debug after %v", says)
	}
}

// TestSampleAllocs: Sample costs one allocation, the function that holds the request.
// TestNewAllocs tests the other allocations.
func TestSampleAllocs(t *testing.T) {
	h := httpmw.New(httpmw.Config{Sample: sampling(trace.Deny)})(http.HandlerFunc(nop))
	w, r := minimal{http.Header{}}, get(nil)
	got := testing.AllocsPerRun(1000, func() { h.ServeHTTP(w, r) })
	if !raceEnabled {
		assert.LessOrEqual(t, got, 3.0, "allocations of a request")
	}
}
