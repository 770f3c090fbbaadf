package httpmw_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// TestSDK: with an SDK, whatever its sampler and whatever otelhttp does around or inside,
// the four states mean what B3 says.
func TestSDK(t *testing.T) {
	ratio := sdktrace.TraceIDRatioBased(0.5)
	samplers := []struct {
		name    string
		sampler sdktrace.Sampler
		root    func(oteltrace.TraceID) bool // what it decides where nobody has
		drops   bool                         // also what a caller accepted
	}{
		{"ParentBased(always)", sdktrace.ParentBased(sdktrace.AlwaysSample()), func(oteltrace.TraceID) bool { return true }, false},
		{"ParentBased(never)", sdktrace.ParentBased(sdktrace.NeverSample()), func(oteltrace.TraceID) bool { return false }, false},
		{"ParentBased(ratio)", sdktrace.ParentBased(ratio), func(id oteltrace.TraceID) bool {
			return ratio.ShouldSample(sdktrace.SamplingParameters{TraceID: id}).Decision == sdktrace.RecordAndSample
		}, false},
		{"always", sdktrace.AlwaysSample(), func(oteltrace.TraceID) bool { return true }, false},
		{"never", sdktrace.NeverSample(), func(oteltrace.TraceID) bool { return false }, true},
	}
	states := []struct{ name, single string }{{"defer", ""}, {"deny", "0"}, {"accept", "1"}, {"debug", "d"}}
	ids := []struct{ name, id string }{{"alone", ""}, {"64 bit", id64}, {"128 bit", id128}, {"128 bit, low", id128Low}, {"wide", idWide}}

	// otelhttp, if any: with the provider of the SDK, or with none.
	type stack func(http.Handler) http.Handler
	bare := func(h http.Handler) http.Handler { return h }
	stacked := func(opts ...otelhttp.Option) stack {
		return func(h http.Handler) http.Handler { return otelhttp.NewHandler(h, "otelhttp", opts...) }
	}
	b3 := otelhttp.WithPropagators(trace.Propagator{})
	stacks := []struct {
		name string
		// outside and inside are given the SDK.
		outside, inside func(oteltrace.TracerProvider) stack
		obeys           bool // otelhttp has no provider of its own, so it makes no span of a denied request
	}{
		{"alone", nil, nil, true},
		{"otelhttp inside, propagator", nil, func(p oteltrace.TracerProvider) stack { return stacked(b3, otelhttp.WithTracerProvider(p)) }, false},
		{"otelhttp inside, no propagator", nil, func(p oteltrace.TracerProvider) stack { return stacked(otelhttp.WithTracerProvider(p)) }, false},
		{"otelhttp inside, propagator, no provider", nil, func(oteltrace.TracerProvider) stack { return stacked(b3) }, true},
		{"otelhttp inside, nothing", nil, func(oteltrace.TracerProvider) stack { return stacked() }, true},
		{"otelhttp outside, propagator", func(p oteltrace.TracerProvider) stack { return stacked(b3, otelhttp.WithTracerProvider(p)) }, nil, false},
		{"otelhttp outside, no propagator", func(p oteltrace.TracerProvider) stack { return stacked(otelhttp.WithTracerProvider(p)) }, nil, false},
	}

	for _, sampler := range samplers {
		for _, stack := range stacks {
			for _, state := range states {
				for _, id := range ids {
					t.Run(fmt.Sprintf("%s, %s, %s, %s", sampler.name, stack.name, state.name, id.name), func(t *testing.T) {
						sdk, rec := testkit.SDK(sampler.sampler)
						outside, inside := bare, bare
						if stack.outside != nil {
							outside = stack.outside(sdk)
						}
						if stack.inside != nil {
							inside = stack.inside(sdk)
						}
						h := testkit.Header()
						switch {
						case id.id == "" && state.single != "":
							h.Set("b3", state.single)
						case id.id != "" && state.single == "":
							h.Set("b3", id.id+"-"+spanID)
						case id.id != "":
							h.Set("b3", id.id+"-"+spanID+"-"+state.single+"-"+parentID)
						}

						var got, deep said
						var around oteltrace.SpanContext // what the middleware found
						sent := http.Header{}
						serve(outside(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
							around = oteltrace.SpanContextFromContext(r.Context())
							httpmw.New(httpmw.Config{TracerProvider: sdk})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
								got = current(r)
								inside(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
									deep = current(r)
									trace.Propagator{}.Inject(r.Context(), propagation.HeaderCarrier(sent))
								})).ServeHTTP(w, r)
							})).ServeHTTP(w, r)
						})), get(h))

						// The trace.
						require.NotEmpty(t, got.Trace, "trace ID with %v", h)
						wantParent := ""
						switch {
						case id.id != "" && (!around.IsValid() || around.SpanID().String() == spanID || around.TraceID() != testkit.B3(id.id+"-"+spanID).TraceID):
							wantParent = spanID
						case around.IsValid():
							wantParent = around.SpanID().String()
						}
						if id.id != "" {
							assert.Equal(t, id.id, got.Trace, "trace ID with %v", h)
						} else {
							assert.Regexp(t, "^[0-9a-f]{32}$", got.Trace, "trace ID with %v: a new one", h)
							if around.IsValid() {
								assert.Equal(t, around.TraceID().String(), got.Trace, "trace ID with %v: that of the span outside", h)
							}
						}
						assert.Equal(t, wantParent, got.Parent, "parent with %v", h)

						// The decision.
						wantState := state.name
						switch state.name {
						case "accept":
							if sampler.drops {
								wantState = "deny"
							}
						case "defer":
							wantState = "deny"
							if sampler.root(testkit.B3(got.Trace + "-" + spanID).TraceID) {
								wantState = "accept"
							}
						}
						assert.Equal(t, wantState, got.State.String(), "state with %v", h)

						// The spans.
						clew := clewSpans(rec)
						wantRecorded := state.name != "deny" && !sampler.drops && wantState != "deny"
						if wantRecorded {
							require.Len(t, clew, 1, "spans of clew's in the SDK with %v", h)
							assert.Equal(t, got.Span, clew[0].SpanContext().SpanID().String(), "span ID in the SDK and in the handler")
							assert.Equal(t, oteltrace.SpanKindServer, clew[0].SpanKind(), "kind of the span")
						} else {
							assert.Empty(t, clew, "spans of clew's in the SDK with %v", h)
						}
						if stack.obeys && state.name == "deny" {
							assert.Empty(t, rec.Started(), "spans in the SDK with %v", h)
						}

						// What goes on.
						assert.Equal(t, got.Trace, deep.Trace, "trace ID further in")
						assert.Equal(t, wantState, deep.State.String(), "state further in")
						assert.Equal(t, got.Trace, sent.Get("X-B3-TraceId"), "X-B3-TraceId sent on")
						assert.Equal(t, map[string]string{"deny": "0", "accept": "1"}[wantState], sent.Get("X-B3-Sampled"), "X-B3-Sampled sent on")
						assert.Equal(t, map[string]string{"debug": "1"}[wantState], sent.Get("X-B3-Flags"), "X-B3-Flags sent on")
					})
				}
			}
		}
	}
}

// TestSDKInventedParent: a lone accept reaches an SDK under an invented parent, which must
// not be seen by anybody else.
func TestSDKInventedParent(t *testing.T) {
	for _, state := range []string{"1", "d"} {
		t.Run(state, func(t *testing.T) {
			sdk, rec := testkit.SDK(sdktrace.ParentBased(sdktrace.NeverSample()))
			var got said
			sent := http.Header{}
			serve(httpmw.New(httpmw.Config{TracerProvider: sdk})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got = current(r)
				trace.Propagator{}.Inject(r.Context(), propagation.HeaderCarrier(sent))
			})), get(testkit.Header("b3", state)))
			require.Len(t, rec.Ended(), 1, "spans ended")
			assert.Empty(t, got.Parent, "parent in the handler")
			assert.NotContains(t, sent, "X-B3-Parentspanid", "headers sent on")
		})
	}
}

// TestSDKChildren: spans that the handler starts belong to the SDK of the Config and stand
// under the request's.
func TestSDKChildren(t *testing.T) {
	sdk, rec := testkit.SDK(sdktrace.ParentBased(sdktrace.AlwaysSample()))
	var request string
	serve(httpmw.New(httpmw.Config{TracerProvider: sdk})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		request = trace.SpanID(r.Context())
		_, ours := trace.Start(r.Context(), "ours")
		ours.End()
		_, theirs := oteltrace.SpanFromContext(r.Context()).TracerProvider().Tracer("theirs").Start(r.Context(), "theirs")
		theirs.End()
	})), get(testkit.Header("b3", id128+"-"+spanID)))
	require.Len(t, rec.Ended(), 3, "spans ended")
	for _, span := range rec.Ended()[:2] {
		assert.Equal(t, request, span.Parent().SpanID().String(), "parent of span %q", span.Name())
		assert.Equal(t, id128, span.SpanContext().TraceID().String(), "trace ID of span %q", span.Name())
	}
}

// TestSDKDenyIsCheap: a denied request asks the SDK for nothing.
func TestSDKDenyIsCheap(t *testing.T) {
	for _, h := range []http.Header{testkit.Header("b3", "0"), testkit.Header("b3", id128+"-"+spanID+"-0"), testkit.Header("X-B3-Sampled", "false")} {
		asked := 0
		sdk, _ := testkit.SDK(sdktrace.AlwaysSample())
		serve(httpmw.New(httpmw.Config{TracerProvider: askedProvider{sdk, &asked}})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, span := trace.Start(r.Context(), "child")
			span.End()
		})), get(h))
		assert.Zero(t, asked, "spans that the SDK was asked for with %v", h)
	}
}

type askedProvider struct {
	oteltrace.TracerProvider
	asked *int
}

func (p askedProvider) Tracer(name string, opts ...oteltrace.TracerOption) oteltrace.Tracer {
	return askedTracer{p.TracerProvider.Tracer(name, opts...), p.asked}
}

type askedTracer struct {
	oteltrace.Tracer
	asked *int
}

func (a askedTracer) Start(ctx context.Context, name string, opts ...oteltrace.SpanStartOption) (context.Context, oteltrace.Span) {
	*a.asked++
	return a.Tracer.Start(ctx, name, opts...)
}
