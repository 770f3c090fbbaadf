package httpmw_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// generic is trace.Propagator as another type, which New does not recognize.
type generic struct{ trace.Propagator }

// TestNewLocalSpan: the current span of the context is the parent, unless the headers name another
// trace, whichever propagator reads them.
func TestNewLocalSpan(t *testing.T) {
	const localTrace = id128
	in := func(local string) http.Header { return testkit.Header("b3", local) }
	w3cHeader := func(flags string) http.Header {
		return testkit.Header("traceparent", "00-"+localTrace+"-"+spanID+"-"+flags)
	}
	composite := propagation.NewCompositeTextMapPropagator(trace.Propagator{}, propagation.Baggage{}, propagation.TraceContext{})
	b3s := []propagation.TextMapPropagator{nil, trace.Propagator{W3C: true}, generic{}, composite}
	contrib := []propagation.TextMapPropagator{b3.New()}
	w3cs := []propagation.TextMapPropagator{trace.Propagator{W3C: true}, propagation.TraceContext{}, composite}
	for _, tt := range []struct {
		name        string
		propagators []propagation.TextMapPropagator
		header      http.Header
		other       string // the trace that the headers name, if it is not the local span's
		denies      bool
		debugs      bool
	}{
		{"no headers", slices.Concat(b3s, contrib, w3cs), nil, "", false, false},
		{"same trace, accept", slices.Concat(b3s, contrib), in(localTrace + "-" + spanID + "-1"), "", false, false},
		{"same trace, defer", b3s, in(localTrace + "-" + spanID), "", false, false},
		{"same trace, deny", b3s, in(localTrace + "-" + spanID + "-0"), "", true, false},
		{"same trace, debug", b3s, in(localTrace + "-" + spanID + "-d"), "", false, true},
		{"other trace, accept", slices.Concat(b3s, contrib), in(id128Low + "-" + spanID + "-1"), id128Low, false, false},
		{"other trace, deny", b3s, in(id128Low + "-" + spanID + "-0"), id128Low, true, false},
		{"other trace, debug", b3s, in(id128Low + "-" + spanID + "-d"), id128Low, false, true},
		{"accept without IDs", b3s, in("1"), "", false, false},
		{"deny without IDs", b3s, in("0"), "", true, false},
		{"debug without IDs", b3s, in("d"), "", false, true},
		{"malformed", b3s, in("d-d-d"), "", false, false},
		{"traceparent, same trace", w3cs, w3cHeader("01"), "", false, false},
		{"traceparent, other trace", w3cs, testkit.Header("traceparent", "00-"+id128Low+"-"+spanID+"-01"), id128Low, false, false},
	} {
		for i, p := range tt.propagators {
			t.Run(fmt.Sprintf("%s, %T %d", tt.name, p, i), func(t *testing.T) {
				ctx := trace.NewContext(t.Context(), testkit.B3(localTrace+"-"+parentID+"-1"))
				ctx, local := trace.Starter{TracerProvider: always()}.Start(ctx, trace.B3{}, "local")
				wantParent := local.SpanContext().SpanID().String()
				wantTrace, wantState := localTrace, trace.Accept
				if tt.other != "" {
					wantTrace, wantParent = tt.other, spanID
				}
				if tt.denies {
					wantState = trace.Deny
				}
				if tt.debugs {
					wantState = trace.Debug
				}
				var got said
				h := httpmw.New(httpmw.Config{Propagator: p})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = current(r) }))
				serve(h, get(tt.header).WithContext(ctx))
				got.Span = ""
				assert.Equal(t, said{Trace: wantTrace, Parent: wantParent, State: wantState}, got, "with %v under a local span", tt.header)
			})
		}
	}
}

// TestNewUnsampledLocalSpan: New does not take an unsampled local span of an SDK for a caller's
// deny. Without headers, New's SDK asks its sampler, whichever propagator New has.
func TestNewUnsampledLocalSpan(t *testing.T) {
	for _, p := range []propagation.TextMapPropagator{nil, trace.Propagator{W3C: true}, generic{}, b3.New(), propagation.TraceContext{}} {
		t.Run(fmt.Sprintf("%T", p), func(t *testing.T) {
			outer, _ := testkit.SDK(sdktrace.NeverSample())
			sdk, rec := testkit.SDK(sdktrace.AlwaysSample())
			ctx, local := outer.Tracer("outer").Start(t.Context(), "local")
			serve(httpmw.New(httpmw.Config{TracerProvider: sdk, Propagator: p})(http.HandlerFunc(nop)), get(nil).WithContext(ctx))
			require.Len(t, rec.Ended(), 1, "spans of an SDK that samples always, under another SDK's unsampled span")
			assert.Equal(t, local.SpanContext().SpanID(), rec.Ended()[0].Parent().SpanID(), "parent of the span")
		})
	}
}

// TestNewRemoteInContext: a remote span that other middleware has put into the context is the
// parent, if the headers name no parent.
func TestNewRemoteInContext(t *testing.T) {
	for _, p := range []propagation.TextMapPropagator{nil, generic{}, b3.New()} {
		t.Run(fmt.Sprintf("%T", p), func(t *testing.T) {
			ctx := trace.NewContext(t.Context(), testkit.B3(idWide+"-"+spanID+"-d"))
			var got said
			h := httpmw.New(httpmw.Config{Propagator: p})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = current(r) }))
			serve(h, get(nil).WithContext(ctx))
			got.Span = ""
			assert.Equal(t, said{Trace: idWide, Parent: spanID, State: trace.Debug}, got, "under a remote span in the context")
		})
	}
}

func TestNewPropagator(t *testing.T) {
	bag := propagation.NewCompositeTextMapPropagator(trace.Propagator{W3C: true}, propagation.Baggage{})
	const parent = "00-" + id128 + "-" + spanID + "-01"
	for _, tt := range []struct {
		name       string
		propagator propagation.TextMapPropagator
		header     http.Header
		trace      string
		state      trace.Sampling
		tracestate string
		baggage    string
	}{
		{"W3C", trace.Propagator{W3C: true}, testkit.Header("traceparent", parent, "tracestate", "a=b"), id128, trace.Accept, "a=b", ""},
		{"W3C, not sampled", trace.Propagator{W3C: true}, testkit.Header("traceparent", "00-"+id128+"-"+spanID+"-00"), id128, trace.Deny, "", ""},
		{"W3C with a zero high half", trace.Propagator{W3C: true}, testkit.Header("traceparent", "00-"+idWide+"-"+spanID+"-01"), idWide, trace.Accept, "", ""},
		{"W3C and B3 of the same trace", trace.Propagator{W3C: true}, testkit.Header("traceparent", parent, "tracestate", "a=b", "b3", id128+"-"+spanID+"-d"), id128, trace.Debug, "a=b", ""},
		{"W3C and B3 of another trace", trace.Propagator{W3C: true}, testkit.Header("traceparent", parent, "tracestate", "a=b", "b3", id64+"-"+spanID+"-0"), id64, trace.Deny, "", ""},
		{"composite with baggage", bag, testkit.Header("traceparent", parent, "tracestate", "a=b", "baggage", "k=v"), id128, trace.Accept, "a=b", "k=v"},
		{"baggage alone", bag, testkit.Header("b3", id64+"-"+spanID+"-1", "baggage", "k=v"), id64, trace.Accept, "", "k=v"},
		{"contrib's TraceContext", propagation.TraceContext{}, testkit.Header("traceparent", parent, "tracestate", "a=b"), id128, trace.Accept, "a=b", ""},
		{"contrib's b3", b3.New(), testkit.Header("b3", id128+"-"+spanID+"-1"), id128, trace.Accept, "", ""},
		{"contrib's b3, X-B3 headers", b3.New(), testkit.Header("X-B3-TraceId", id128, "X-B3-SpanId", spanID, "X-B3-Sampled", "1"), id128, trace.Accept, "", ""},
	} {
		for _, withSDK := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, SDK %v", tt.name, withSDK), func(t *testing.T) {
				cfg := httpmw.Config{Propagator: tt.propagator, TracerProvider: never()}
				if withSDK {
					sdk, _ := testkit.SDK(sdktrace.ParentBased(sdktrace.NeverSample()))
					cfg.TracerProvider = sdk
				}
				var got said
				var tracestate string
				var bagged string
				sent := http.Header{}
				serve(httpmw.New(cfg)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					got = current(r)
					tracestate = oteltrace.SpanContextFromContext(r.Context()).TraceState().String()
					bagged = baggage.FromContext(r.Context()).String()
					trace.Propagator{W3C: true}.Inject(r.Context(), propagation.HeaderCarrier(sent))
				})), get(tt.header))
				got.Span = ""
				assert.Equal(t, said{Trace: tt.trace, Parent: spanID, State: tt.state}, got, "with %v", tt.header)
				assert.Equal(t, tt.tracestate, tracestate, "tracestate with %v", tt.header)
				assert.Equal(t, tt.tracestate, sent.Get("tracestate"), "tracestate sent on with %v", tt.header)
				assert.Equal(t, tt.baggage, bagged, "baggage with %v", tt.header)
			})
		}
	}
}

// Another propagator reads "not sampled" from a caller that defers. Under a local span, New does
// not take this for a caller's deny.
func TestNewForeignDeferUnderALocalSpan(t *testing.T) {
	sdk, _ := testkit.SDK(sdktrace.AlwaysSample())
	h := testkit.Header("X-B3-TraceId", id64, "X-B3-SpanId", spanID)
	r := get(h)
	ctx := b3.New().Extract(r.Context(), propagation.HeaderCarrier(h))
	ctx, span := sdk.Tracer("").Start(ctx, "another library's")
	defer span.End()
	var got said
	serve(httpmw.New(httpmw.Config{Propagator: b3.New()})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = current(r) })), r.WithContext(ctx))
	assert.Equal(t, trace.Accept, got.State, "state of a deferring caller under a sampled local span")
}
