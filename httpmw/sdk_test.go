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
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// sdkSampler is an SDK's sampler, and what it decides.
type sdkSampler struct {
	name    string
	sampler sdktrace.Sampler
	root    func(oteltrace.TraceID) bool // the decision if no caller has decided
	drops   bool                         // it samples nothing, whatever a caller decides
}

var (
	half        = sdktrace.TraceIDRatioBased(0.5)
	sdkSamplers = []sdkSampler{
		{"ParentBased(always)", sdktrace.ParentBased(sdktrace.AlwaysSample()), func(oteltrace.TraceID) bool { return true }, false},
		{"ParentBased(never)", sdktrace.ParentBased(sdktrace.NeverSample()), func(oteltrace.TraceID) bool { return false }, false},
		{"ParentBased(ratio)", sdktrace.ParentBased(half), func(id oteltrace.TraceID) bool {
			return half.ShouldSample(sdktrace.SamplingParameters{TraceID: id}).Decision == sdktrace.RecordAndSample
		}, false},
		{"always", sdktrace.AlwaysSample(), func(oteltrace.TraceID) bool { return true }, false},
		{"never", sdktrace.NeverSample(), func(oteltrace.TraceID) bool { return false }, true},
	}
)

// otelStack is New with otelhttp outside or inside, or without otelhttp.
type otelStack struct {
	name            string
	outside, inside func(oteltrace.TracerProvider) func(http.Handler) http.Handler // called with the SDK; nil: no otelhttp
	obeys           bool                                                           // otelhttp has no provider of its own, and makes no span for a denied request
}

var otelStacks = []otelStack{
	{"no otelhttp", nil, nil, true},
	{"otelhttp inside, propagator", nil, func(p oteltrace.TracerProvider) func(http.Handler) http.Handler {
		return otelHandler(readsB3, otelhttp.WithTracerProvider(p))
	}, false},
	{"otelhttp inside, no propagator", nil, func(p oteltrace.TracerProvider) func(http.Handler) http.Handler {
		return otelHandler(otelhttp.WithTracerProvider(p))
	}, false},
	{"otelhttp inside, propagator, no provider", nil, func(oteltrace.TracerProvider) func(http.Handler) http.Handler { return otelHandler(readsB3) }, true},
	{"otelhttp inside, neither propagator nor provider", nil, func(oteltrace.TracerProvider) func(http.Handler) http.Handler { return otelHandler() }, true},
	{"otelhttp outside, propagator", func(p oteltrace.TracerProvider) func(http.Handler) http.Handler {
		return otelHandler(readsB3, otelhttp.WithTracerProvider(p))
	}, nil, false},
	{"otelhttp outside, no propagator", func(p oteltrace.TracerProvider) func(http.Handler) http.Handler {
		return otelHandler(otelhttp.WithTracerProvider(p))
	}, nil, false},
}

var readsB3 = otelhttp.WithPropagators(trace.Propagator{})

func otelHandler(opts ...otelhttp.Option) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler { return otelhttp.NewHandler(h, "otelhttp", opts...) }
}

// TestSDK: with an SDK, the four states mean what B3 says, whatever the SDK's sampler, and with
// otelhttp outside or inside.
func TestSDK(t *testing.T) {
	states := []struct{ name, single string }{{"defer", ""}, {"deny", "0"}, {"accept", "1"}, {"debug", "d"}}
	ids := []struct{ name, id string }{{"no ID", ""}, {"64 bit", id64}, {"128 bit", id128}, {"128 bit, low", id128Low}, {"wide", idWide}}
	for _, sampler := range sdkSamplers {
		for _, stack := range otelStacks {
			for _, state := range states {
				for _, id := range ids {
					t.Run(fmt.Sprintf("%s, %s, %s, %s", sampler.name, stack.name, state.name, id.name), func(t *testing.T) {
						h := http.Header{}
						switch {
						case id.id == "" && state.single != "":
							h.Set("b3", state.single)
						case id.id != "" && state.single == "":
							h.Set("b3", id.id+"-"+spanID)
						case id.id != "":
							h.Set("b3", id.id+"-"+spanID+"-"+state.single+"-"+parentID)
						}
						c := sdkCase{T: t, sampler: sampler, stack: stack, state: state.name, id: id.id, header: h}
						c.serve()
						c.checkTrace()
						want := c.wantState()
						assert.Equal(t, want, c.got.State.String(), "state with %v", h)
						c.checkSpans(want)
						c.checkFurtherIn(want)
					})
				}
			}
		}
	}
}

// sdkCase is a request under an SDK, and what became of it.
type sdkCase struct {
	*testing.T
	sampler sdkSampler
	stack   otelStack
	state   string // the caller's state
	id      string // the caller's trace ID; "" if there is none
	header  http.Header

	outside oteltrace.SpanContext // the span context that New found
	got     said                  // the B3 in the handler
	deep    said                  // the B3 in the innermost handler, inside of otelhttp if any
	sent    http.Header           // headers that the innermost handler sends
	spans   *tracetest.SpanRecorder
}

func (c *sdkCase) serve() {
	sdk, rec := testkit.SDK(c.sampler.sampler)
	outside, inside := same, same
	if c.stack.outside != nil {
		outside = c.stack.outside(sdk)
	}
	if c.stack.inside != nil {
		inside = c.stack.inside(sdk)
	}
	c.spans, c.sent = rec, http.Header{}
	innermost := inside(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		c.deep = current(r)
		trace.Propagator{}.Inject(r.Context(), propagation.HeaderCarrier(c.sent))
	}))
	ours := httpmw.New(httpmw.Config{TracerProvider: sdk})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.got = current(r)
		innermost.ServeHTTP(w, r)
	}))
	serve(outside(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.outside = oteltrace.SpanContextFromContext(r.Context())
		ours.ServeHTTP(w, r)
	})), get(c.header))
}

func (c *sdkCase) checkTrace() {
	require.NotEmpty(c, c.got.Trace, "trace ID with %v", c.header)
	wantParent := ""
	switch out := c.outside; {
	case c.id != "" && (!out.IsValid() || out.SpanID().String() == spanID || out.TraceID() != testkit.B3(c.id+"-"+spanID).TraceID):
		wantParent = spanID
	case out.IsValid():
		wantParent = out.SpanID().String()
	}
	if c.id != "" {
		assert.Equal(c, c.id, c.got.Trace, "trace ID with %v", c.header)
	} else {
		assert.Regexp(c, "^[0-9a-f]{32}$", c.got.Trace, "new trace ID with %v", c.header)
		if c.outside.IsValid() {
			assert.Equal(c, c.outside.TraceID().String(), c.got.Trace, "trace ID with %v: must be the outer span's", c.header)
		}
	}
	assert.Equal(c, wantParent, c.got.Parent, "parent with %v", c.header)
}

// wantState returns the decision that the handler must see.
func (c *sdkCase) wantState() string {
	switch c.state {
	case "accept":
		if c.sampler.drops {
			return "deny"
		}
	case "defer":
		if c.sampler.root(testkit.B3(c.got.Trace + "-" + spanID).TraceID) {
			return "accept"
		}
		return "deny"
	}
	return c.state
}

func (c *sdkCase) checkSpans(wantState string) {
	clew := clewSpans(c.spans)
	if c.state != "deny" && !c.sampler.drops && wantState != "deny" {
		require.Len(c, clew, 1, "spans of clew's in the SDK with %v", c.header)
		assert.Equal(c, c.got.Span, clew[0].SpanContext().SpanID().String(), "span ID in the SDK and in the handler")
		assert.Equal(c, oteltrace.SpanKindServer, clew[0].SpanKind(), "kind of the span")
	} else {
		assert.Empty(c, clew, "spans of clew's in the SDK with %v", c.header)
	}
	if c.stack.obeys && c.state == "deny" {
		assert.Empty(c, c.spans.Started(), "spans in the SDK with %v", c.header)
	}
}

func (c *sdkCase) checkFurtherIn(wantState string) {
	assert.Equal(c, c.got.Trace, c.deep.Trace, "trace ID further in")
	assert.Equal(c, wantState, c.deep.State.String(), "state further in")
	assert.Equal(c, c.got.Trace, c.sent.Get("X-B3-TraceId"), "X-B3-TraceId sent on")
	assert.Equal(c, map[string]string{"deny": "0", "accept": "1"}[wantState], c.sent.Get("X-B3-Sampled"), "X-B3-Sampled sent on")
	assert.Equal(c, map[string]string{"debug": "1"}[wantState], c.sent.Get("X-B3-Flags"), "X-B3-Flags sent on")
}

// TestSDKInventedParent: if a caller accepts without sending IDs, New gives the SDK an invented
// parent. Neither the handler's context nor the headers that are sent on have that parent.
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

// TestSDKChildren: spans that the handler starts are made by the Config's SDK, as children of the
// request's span.
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

// TestSDKDenyIsCheap: a denied request does not ask the SDK for a span.
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
