package httpmw_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

func trusting(t httpmw.Trust) func(*http.Request) httpmw.Trust {
	return func(*http.Request) httpmw.Trust { return t }
}

// The method Always returns its receiver for every request, even if the receiver is none of the
// three constants.
func TestTrustAlways(t *testing.T) {
	for _, trust := range []httpmw.Trust{httpmw.TrustNone, httpmw.TrustIDs, httpmw.TrustAll, 77} {
		assert.Equal(t, trust, trust.Always(nil))
		assert.Equal(t, trust, trust.Always(get(nil)))
	}
}

// traceHeaders are the headers of an untrusted caller that the handler must not see.
var traceHeaders = []string{"B3", "X-B3-Traceid", "X-B3-Spanid", "X-B3-Parentspanid", "X-B3-Sampled", "X-B3-Flags", "Traceparent", "Tracestate", "Baggage"}

// callers returns the headers that a caller may send: every state in every encoding, with and
// without W3C's headers.
func callers() []caller {
	var all []caller
	for _, state := range []struct{ name, digit, sampled, flags string }{
		{"defer", "", "", ""},
		{"deny", "-0-" + parentID, "0", ""},
		{"accept", "-1-" + parentID, "1", ""},
		{"debug", "-d-" + parentID, "", "1"},
	} {
		single := testkit.Header("b3", id64+"-"+spanID+state.digit)
		multi := testkit.Header("X-B3-TraceId", id64, "X-B3-SpanId", spanID, "X-B3-ParentSpanId", parentID)
		if state.sampled != "" {
			multi.Set("X-B3-Sampled", state.sampled)
		}
		if state.flags != "" {
			multi.Set("X-B3-Flags", state.flags)
		}
		both := multi.Clone()
		both.Set("b3", single.Get("b3"))
		for encoding, h := range map[string]http.Header{"b3": single, "X-B3": multi, "both": both} {
			for _, extras := range []bool{false, true} {
				h := h.Clone()
				h.Set("X-Other", "kept")
				if extras {
					h.Set("traceparent", "00-0000000000000000"+id64+"-"+spanID+"-01")
					h.Set("tracestate", "vendor=said")
					h.Set("baggage", "user=root")
				}
				all = append(all, caller{fmt.Sprintf("%s, %s, extras %v", encoding, state.name, extras), state.name, h, extras})
			}
		}
	}
	return all
}

type caller struct {
	name   string
	state  string
	header http.Header
	extras bool
}

// TestTrust: New believes as much of the caller's headers as Trust allows. The handler, and
// instrumentation inside of it, see only what New believes.
func TestTrust(t *testing.T) {
	propagators := map[string]propagation.TextMapPropagator{"default": nil, "W3C": trace.Propagator{W3C: true}, "composite": withBaggage}
	for _, trust := range []httpmw.Trust{httpmw.TrustNone, httpmw.TrustIDs, httpmw.TrustAll, 7} {
		for _, decision := range []trace.Sampling{trace.Accept, trace.Deny} {
			for propagator, p := range propagators {
				for _, sent := range callers() {
					t.Run(fmt.Sprintf("Trust %d, New decides %s, %s, %s", trust, decision, propagator, sent.name), func(t *testing.T) {
						c := trustCase{T: t, caller: sent, decision: decision, believesAll: trust == httpmw.TrustAll}
						before := sent.header.Clone()
						c.serve(trust, p)

						assert.Equal(t, before, sent.header, "the caller's header map afterwards")
						wantState := decision.String()
						if c.believesAll && sent.state != "defer" {
							wantState = sent.state
						}
						assert.Equal(t, wantState, c.got.State.String(), "state in the handler")
						assert.Equal(t, "kept", c.seen.Get("X-Other"), "another header in the handler")
						assert.Equal(t, c.got.Trace, c.innermost.Trace, "trace in an otelhttp handler further in")
						assert.Equal(t, c.got.State, c.innermost.State, "state in an otelhttp handler further in")
						switch trust {
						case httpmw.TrustAll:
							c.checkAll()
						case httpmw.TrustIDs:
							c.checkIDs()
						default:
							c.checkNone()
						}
						c.checkBaggage(propagator)
					})
				}
			}
		}
	}
}

var withBaggage = propagation.NewCompositeTextMapPropagator(trace.Propagator{W3C: true}, propagation.Baggage{})

// trustCase is a request of a caller, and what the handler and instrumentation find of it.
type trustCase struct {
	*testing.T
	caller      caller
	decision    trace.Sampling // New's own decision
	believesAll bool

	got       said        // the B3 in the handler's context
	seen      http.Header // the headers that the handler sees
	inner     said        // the B3 that a propagator in the handler reads
	innermost said        // the B3 inside of an otelhttp handler, which the handler calls

	bag, innermostBag string
	tracestate        string
}

func (c *trustCase) serve(trust httpmw.Trust, p propagation.TextMapPropagator) {
	provider := always()
	if c.decision == trace.Deny {
		provider = never()
	}
	stacked := otelhttp.NewHandler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		c.innermost = current(r)
		c.innermostBag = baggage.FromContext(r.Context()).String()
	}), "inner", otelhttp.WithPropagators(withBaggage))
	h := httpmw.New(httpmw.Config{TracerProvider: provider, Trust: trusting(trust), Propagator: p})(
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c.got, c.seen = current(r), r.Header
			c.bag = baggage.FromContext(r.Context()).String()
			c.tracestate = oteltrace.SpanContextFromContext(r.Context()).TraceState().String()
			c.inner = testkit.SaidIn(trace.Propagator{}.Extract(c.Context(), propagation.HeaderCarrier(r.Header)))
			stacked.ServeHTTP(w, r)
		}))
	r := get(nil)
	r.Header = c.caller.header
	serve(h, r)
}

// checkNone: nothing is believed.
func (c *trustCase) checkNone() {
	assert.Regexp(c, "^[0-9a-f]{32}$", c.got.Trace, "trace ID")
	assert.Empty(c, c.got.Parent, "parent")
	for _, key := range traceHeaders {
		assert.NotContains(c, c.seen, key, "headers in the handler")
	}
	assert.Equal(c, said{State: trace.Defer}, c.inner, "what a Propagator further in finds")
	assert.Equal(c, c.got.Span, c.innermost.Parent, "parent in an otelhttp handler further in")
}

// checkIDs: the IDs are believed, and the headers have New's decision, in the caller's encodings.
func (c *trustCase) checkIDs() {
	assert.Equal(c, id64, c.got.Trace, "trace ID")
	assert.Equal(c, spanID, c.got.Parent, "parent")
	want := said{Trace: id64, Span: spanID, State: c.decision}
	if c.caller.state != "defer" || c.seen.Get("X-B3-TraceId") != "" && c.seen.Get("b3") == "" {
		want.Parent = parentID // a b3 header that defers has no parent
	}
	assert.Equal(c, want, c.inner, "what a Propagator further in finds")
	for _, name := range []string{"b3", "X-B3-TraceId"} {
		assert.Equal(c, c.caller.header.Get(name) != "", c.seen.Get(name) != "", "the handler sees %s if the caller has sent it", name)
	}
	for _, name := range []string{"X-B3-Flags", "Tracestate", "Baggage"} {
		assert.NotContains(c, c.seen, name, "headers in the handler")
	}
	if c.caller.extras {
		flags := map[trace.Sampling]string{trace.Accept: "01", trace.Deny: "00"}[c.decision]
		assert.Equal(c, "00-0000000000000000"+id64+"-"+spanID+"-"+flags, c.seen.Get("traceparent"), "traceparent in the handler")
	}
}

// checkAll: everything is believed, and the headers stay.
func (c *trustCase) checkAll() {
	assert.Equal(c, id64, c.got.Trace, "trace ID")
	assert.Equal(c, spanID, c.got.Parent, "parent")
	assert.Equal(c, fmt.Sprintf("%p", c.caller.header), fmt.Sprintf("%p", c.seen), "the header map in the handler: must be the caller's")
	assert.Equal(c, c.caller.state, c.inner.State.String(), "what a Propagator further in finds")
}

// checkBaggage: under TrustAll the context has the caller's baggage and tracestate, as far as the
// propagator reads them. Otherwise it has neither.
func (c *trustCase) checkBaggage(propagator string) {
	wantBag, wantInnermost, wantTracestate := "", "", ""
	if c.believesAll && c.caller.extras {
		wantInnermost = "user=root"
		if propagator == "composite" {
			wantBag = "user=root"
		}
		if propagator != "default" {
			wantTracestate = "vendor=said"
		}
	}
	assert.Equal(c, wantBag, c.bag, "baggage in the handler's context")
	assert.Equal(c, wantInnermost, c.innermostBag, "baggage in an otelhttp handler further in")
	assert.Equal(c, wantTracestate, c.tracestate, "tracestate in the handler's context")
}

// TestTrustLoneState: a decision without IDs is believed under TrustAll only.
func TestTrustLoneState(t *testing.T) {
	for _, tt := range []struct {
		name   string
		trust  httpmw.Trust
		header http.Header
		want   string // state, if New's sampler accepts
	}{
		{"None, b3: 0", httpmw.TrustNone, testkit.Header("b3", "0"), "accept"},
		{"IDs, b3: 0", httpmw.TrustIDs, testkit.Header("b3", "0"), "accept"},
		{"All, b3: 0", httpmw.TrustAll, testkit.Header("b3", "0"), "deny"},
		{"None, b3: d", httpmw.TrustNone, testkit.Header("b3", "d"), "accept"},
		{"IDs, b3: d", httpmw.TrustIDs, testkit.Header("b3", "d"), "accept"},
		{"All, b3: d", httpmw.TrustAll, testkit.Header("b3", "d"), "debug"},
		{"None, X-B3-Sampled: 0", httpmw.TrustNone, testkit.Header("X-B3-Sampled", "0"), "accept"},
		{"IDs, X-B3-Sampled: 0", httpmw.TrustIDs, testkit.Header("X-B3-Sampled", "0"), "accept"},
		{"All, X-B3-Sampled: false", httpmw.TrustAll, testkit.Header("X-B3-Sampled", "false"), "deny"},
		{"None, X-B3-Flags: 1", httpmw.TrustNone, testkit.Header("X-B3-Flags", "1"), "accept"},
		{"IDs, X-B3-Flags: 1", httpmw.TrustIDs, testkit.Header("X-B3-Flags", "1"), "accept"},
		{"All, X-B3-Flags: 1", httpmw.TrustAll, testkit.Header("X-B3-Flags", "1"), "debug"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got said
			var further trace.B3
			h := httpmw.New(httpmw.Config{TracerProvider: always(), Trust: trusting(tt.trust)})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got = current(r)
				further, _ = trace.FromHeader(r.Header)
			}))
			serve(h, get(tt.header))
			assert.Equal(t, tt.want, got.State.String(), "state with %v", tt.header)
			assert.Empty(t, got.Parent, "parent with %v", tt.header)
			if tt.trust != httpmw.TrustAll {
				assert.Contains(t, []string{"defer", "accept"}, further.Sampling.String(), "decision of the headers in the handler")
			}
		})
	}
}

// TestTrustPerRequest: Trust is called once for each request, with that request.
func TestTrustPerRequest(t *testing.T) {
	asked := 0
	var got said
	h := httpmw.New(httpmw.Config{Trust: func(r *http.Request) httpmw.Trust {
		asked++
		if r.URL.Path == "/inside" {
			return httpmw.TrustAll
		}
		return httpmw.TrustNone
	}})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = current(r) }))
	for _, tt := range []struct {
		path string
		want bool
	}{{"/inside", true}, {"/outside", false}} {
		r := get(testkit.Header("b3", id64+"-"+spanID+"-1"))
		r.URL.Path = tt.path
		asked = 0
		serve(h, r)
		assert.Equal(t, 1, asked, "calls of Trust for %s", tt.path)
		assert.Equal(t, tt.want, got.Trace == id64, "%s is in the caller's trace", tt.path)
	}
}

// TestTrustNoneRemembers: the caller's ID is kept as a span link and for the access log, and
// the trace is new even under a local span.
func TestTrustNoneRemembers(t *testing.T) {
	w3c := propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
	for _, tt := range []struct {
		name       string
		propagator propagation.TextMapPropagator
		header     http.Header
		want       string // the caller's ID as text; "": there is none
		sampled    bool
	}{
		{"64 bit", nil, testkit.Header("b3", id64+"-"+spanID+"-1"), id64, true},
		{"64 bit, X-B3", nil, testkit.Header("X-B3-TraceId", id64, "X-B3-SpanId", spanID, "X-B3-Sampled", "0"), id64, false},
		{"128 bit", nil, testkit.Header("b3", id128+"-"+spanID+"-d-"+parentID), id128, true},
		{"128 bit with a zero high half", nil, testkit.Header("b3", idWide+"-"+spanID), idWide, false},
		{"upper case", nil, testkit.Header("b3", strings.ToUpper(id128+"-"+spanID)), id128, false},
		{"traceparent", trace.Propagator{W3C: true}, testkit.Header("traceparent", "00-"+id128+"-"+spanID+"-01", "baggage", "k=v"), id128, true},
		{"traceparent, generic", w3c, testkit.Header("traceparent", "00-"+id128+"-"+spanID+"-01", "baggage", "k=v"), id128, true},
		{"no headers", nil, nil, "", false},
		{"a decision without IDs", nil, testkit.Header("b3", "d"), "", false},
		{"malformed", nil, testkit.Header("b3", id128+"-"+spanID+"-x"), "", false},
	} {
		for _, under := range []string{"nothing", "a span of clew's", "a span of an SDK"} {
			t.Run(tt.name+" under "+under, func(t *testing.T) {
				sdk, rec := testkit.SDK(sdktrace.ParentBased(sdktrace.AlwaysSample()))
				ctx := t.Context()
				local := ""
				switch under {
				case "a span of clew's":
					ctx, _ = trace.Starter{TracerProvider: never()}.Start(ctx, trace.B3{}, "local")
					local = trace.ID(ctx)
				case "a span of an SDK":
					outer, _ := testkit.SDK(sdktrace.AlwaysSample())
					ctx, _ = outer.Tracer("outer").Start(ctx, "local")
					local = trace.ID(ctx)
				}
				var out testkit.Log
				logger := logctx.New(&out)
				var got said
				var bag string
				serve(httpmw.New(httpmw.Config{TracerProvider: sdk, Trust: trusting(httpmw.TrustNone), Propagator: tt.propagator})(
					httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
						got = current(r)
						bag = baggage.FromContext(r.Context()).String()
					}))), get(tt.header).WithContext(ctx))

				assert.Regexp(t, "^[0-9a-f]{32}$", got.Trace, "trace ID")
				assert.NotEqual(t, local, got.Trace, "trace ID")
				assert.NotEqual(t, tt.want, got.Trace, "trace ID")
				assert.Empty(t, got.Parent, "parent")
				assert.Equal(t, trace.Accept, got.State, "state, which New's sampler decides")
				assert.Empty(t, bag, "baggage in the handler")
				line := out.Line(t)
				assert.Equal(t, got.Trace, line["trace_id"], "trace_id of %v", line)
				assert.NotContains(t, line, "parent_id", "the access line")
				assert.NotContains(t, line, "caller_parent_id", "the access line")
				require.Len(t, rec.Ended(), 1, "spans ended")
				span := rec.Ended()[0]
				assert.False(t, span.Parent().IsValid(), "the span has a parent: %v", span.Parent())
				assert.Equal(t, got.Trace, span.SpanContext().TraceID().String(), "trace ID of the span")
				if tt.want == "" {
					assert.NotContains(t, line, "untrusted_trace_id", "the access line")
					assert.Empty(t, span.Links(), "links of the span")
					return
				}
				assert.Equal(t, tt.want, line["untrusted_trace_id"], "untrusted_trace_id of %v", line)
				require.Len(t, span.Links(), 1, "links of the span")
				link := span.Links()[0].SpanContext
				assert.Equal(t, strings.Repeat("0", 32-len(tt.want))+tt.want, link.TraceID().String(), "trace ID of the link")
				assert.Equal(t, spanID, link.SpanID().String(), "span ID of the link")
				assert.True(t, link.IsRemote(), "IsRemote of the link")
				assert.Equal(t, tt.sampled, link.IsSampled(), "IsSampled of the link")
			})
		}
	}
}

// TestTrustAnyCase: code that calls the handler directly may write header names in upper or lower
// case. The handler finds no refused header, however its name is written.
func TestTrustAnyCase(t *testing.T) {
	for _, trust := range []httpmw.Trust{httpmw.TrustNone, httpmw.TrustIDs} {
		t.Run(fmt.Sprint(trust), func(t *testing.T) {
			r := get(nil)
			r.Header = http.Header{
				"b3": {id64 + "-" + spanID + "-d"}, "x-b3-flags": {"1"}, "X-B3-SAMPLED": {"1"},
				"BAGGAGE": {"k=v"}, "TraceState": {"a=b"}, "x-other": {"kept"},
				"X_B3_TraceId": {id64}, "X-B3_Flags": {"1"}, // CGI cannot tell underscores from dashes
			}
			before := r.Header.Clone()
			var seen http.Header
			serve(httpmw.New(httpmw.Config{Trust: trusting(trust)})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r.Header })), r)
			assert.Equal(t, before, r.Header, "the caller's header map afterwards")
			for key, values := range seen {
				assert.NotContains(t, values[0], "d-", "%s in the handler", key)
			}
			for _, key := range []string{"b3", "x-b3-flags", "X-B3-SAMPLED", "BAGGAGE", "TraceState", "X_B3_TraceId", "X-B3_Flags"} {
				assert.NotContains(t, seen, key, "headers in the handler")
			}
			assert.Contains(t, seen, "x-other", "headers in the handler")
		})
	}
}

// TestTrustTrailers: a header that is refused is also refused as a trailer, announced or not.
// Other trailers arrive.
func TestTrustTrailers(t *testing.T) {
	for _, trust := range []httpmw.Trust{httpmw.TrustNone, httpmw.TrustIDs, httpmw.TrustAll} {
		var before, after http.Header
		end := func(r *http.Request) error { _, err := io.Copy(io.Discard, r.Body); return err }
		h := httpmw.New(httpmw.Config{Trust: trusting(trust)})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			before = r.Trailer.Clone()
			assert.NoError(t, end(r), "reading the body")
			after = r.Trailer.Clone()
		}))
		check := func(t *testing.T, announced ...string) {
			t.Helper()
			want := http.Header{"X-Sum": {"7"}}
			if trust == httpmw.TrustAll {
				want = http.Header{"X-Sum": {"7"}, "X-B3-Flags": {"1"}, "Baggage": {"k=v"}}
			} else {
				announced = announced[:1]
			}
			assert.ElementsMatch(t, announced, slices.Collect(maps.Keys(before)), "trailers announced to the handler")
			assert.Equal(t, want, after, "trailers that the handler sees")
		}
		post := func(t *testing.T, srv *httptest.Server) {
			t.Helper()
			r, err := http.NewRequest(http.MethodPost, srv.URL, io.MultiReader(strings.NewReader("body")))
			require.NoError(t, err)
			r.Trailer = testkit.Header("X-Sum", "7", "X-B3-Flags", "1", "Baggage", "k=v")
			res, err := srv.Client().Do(r)
			require.NoError(t, err)
			body(t, res)
		}
		for _, protocol := range protocols {
			t.Run(fmt.Sprint(trust, protocol), func(t *testing.T) {
				srv := newServer(t, protocol, h)
				post(t, srv)
				check(t, "X-Sum", "X-B3-Flags", "Baggage")
			})
		}
		t.Run(fmt.Sprint(trust, "closed, not read"), func(t *testing.T) {
			read := end
			defer func() { end = read }()
			end = func(r *http.Request) error { return r.Body.Close() } // net/http reads the rest of a short body
			srv := newServer(t, "h1", h)
			post(t, srv)
			check(t, "X-Sum", "X-B3-Flags", "Baggage")
		})
		t.Run(fmt.Sprint(trust, "not announced"), func(t *testing.T) {
			srv := newServer(t, "h1", h)
			conn, err := net.Dial("tcp", srv.Listener.Addr().String())
			require.NoError(t, err)
			defer conn.Close()
			_, err = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"+
				"4\r\nbody\r\n0\r\nX-Sum: 7\r\nX-B3-Flags: 1\r\nBaggage: k=v\r\n\r\n")
			require.NoError(t, err)
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			require.NoError(t, err)
			assert.Equal(t, 200, res.StatusCode, "status")
			check(t, "X-Sum")
		})
	}
	t.Run("no body", func(t *testing.T) {
		r := get(nil)
		r.Body, r.Trailer = nil, testkit.Header("X-B3-Flags", "1")
		serve(httpmw.New(httpmw.Config{Trust: trusting(httpmw.TrustNone)})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			assert.Empty(t, r.Trailer, "trailers that the handler sees")
			assert.Nil(t, r.Body, "the body that the handler sees")
		})), r)
		assert.Equal(t, testkit.Header("X-B3-Flags", "1"), r.Trailer, "the caller's trailers afterwards")
	})
}

// TestTrustBaggageFromOutside: the caller's baggage is removed, even if instrumentation further
// out has read it into the context already. Baggage that this process has set stays.
func TestTrustBaggageFromOutside(t *testing.T) {
	for _, tt := range []struct {
		trust               httpmw.Trust
		header, given, want string
	}{
		{httpmw.TrustNone, "user=root", "user=root", ""},
		{httpmw.TrustNone, "user=root", "user=root,tenant=acme", "tenant=acme"},
		{httpmw.TrustNone, "tenant=evil", "tenant=acme", "tenant=acme"},
		{httpmw.TrustNone, "", "tenant=acme", "tenant=acme"},
		{httpmw.TrustNone, ",;", "tenant=acme", "tenant=acme"},
		{httpmw.TrustNone, "user=root", "", ""},
		{httpmw.TrustIDs, "user=root", "user=root,tenant=acme", "tenant=acme"},
		{httpmw.TrustAll, "user=root", "user=root", "user=root"},
	} {
		bag, err := baggage.Parse(tt.given)
		require.NoError(t, err)
		var got string
		h := httpmw.New(httpmw.Config{Trust: trusting(tt.trust)})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got = baggage.FromContext(r.Context()).String()
		}))
		r := get(nil)
		if tt.header != "" {
			r.Header.Set("baggage", tt.header)
		}
		serve(h, r.WithContext(baggage.ContextWithBaggage(r.Context(), bag)))
		assert.Equal(t, tt.want, got, "baggage in the handler, trust %d, with the header %q and the baggage %q in the context", tt.trust, tt.header, tt.given)
	}
}

// TestTrustCustomFields: the headers that a user's own Propagator reads are refused too.
func TestTrustCustomFields(t *testing.T) {
	for _, trust := range []httpmw.Trust{httpmw.TrustNone, httpmw.TrustIDs} {
		t.Run(fmt.Sprint(trust), func(t *testing.T) {
			var got said
			var seen http.Header
			h := httpmw.New(httpmw.Config{Propagator: custom{}, Trust: trusting(trust)})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				got, seen = current(r), r.Header
			}))
			serve(h, get(testkit.Header("X-Custom", id64+"-"+spanID+"-d")))
			assert.NotContains(t, seen, "X-Custom", "headers in the handler")
			assert.NotEqual(t, trace.Debug, got.State, "state in the handler")
			assert.Equal(t, trust == httpmw.TrustIDs, got.Trace == id64, "the handler is in the caller's trace")
		})
	}
}

// custom is a user's own propagator, which reads b3 under another name.
type custom struct{}

func (custom) Fields() []string { return []string{"x-custom"} }
func (custom) Extract(ctx context.Context, c propagation.TextMapCarrier) context.Context {
	b, _ := trace.Parse(c.Get("X-Custom"))
	return trace.NewContext(ctx, b)
}
func (custom) Inject(context.Context, propagation.TextMapCarrier) {}

// By default New does not read a traceparent. Under TrustIDs it still replaces the decision of a
// traceparent by its own.
func TestTrustIDsTraceparentAlone(t *testing.T) {
	for _, tt := range []struct {
		name, flags, want string
		provider          oteltrace.TracerProvider
	}{
		{"the caller accepts, New denies", "01", "00", never()},
		{"the caller denies, New accepts", "00", "01", always()},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got string
			mw := httpmw.New(httpmw.Config{Trust: trusting(httpmw.TrustIDs), TracerProvider: tt.provider})
			h := mw(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Get("traceparent") }))
			caller := "00-" + id128 + "-" + spanID + "-"
			serve(h, get(testkit.Header("traceparent", caller+tt.flags)))
			assert.Equal(t, caller+tt.want, got, "traceparent that the handler sees")
		})
	}
}
