package trace_test

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

const both = b3.B3SingleHeader | b3.B3MultipleHeader

// queueMessage is a carrier whose type package trace does not know. It has only the methods of
// TextMapCarrier.
type queueMessage struct{ pairs [][2]string }

func (q *queueMessage) Get(key string) string {
	for _, p := range q.pairs {
		if p[0] == key {
			return p[1]
		}
	}
	return ""
}

func (q *queueMessage) Set(key, value string) {
	for i := range q.pairs {
		if q.pairs[i][0] == key {
			q.pairs[i][1] = value
			return
		}
	}
	q.pairs = append(q.pairs, [2]string{key, value})
}

func (q *queueMessage) Keys() []string {
	var keys []string
	for _, p := range q.pairs {
		keys = append(keys, p[0])
	}
	return keys
}

// carriers has, for each kind of carrier, a function that returns an empty carrier.
var carriers = map[string]func() propagation.TextMapCarrier{
	"HeaderCarrier": func() propagation.TextMapCarrier { return propagation.HeaderCarrier{} },
	"MapCarrier":    func() propagation.TextMapCarrier { return propagation.MapCarrier{} },
	"other carrier": func() propagation.TextMapCarrier { return &queueMessage{} },
}

// content returns the non-empty values of a carrier, by lower-case key.
func content(c propagation.TextMapCarrier) map[string]string {
	m := map[string]string{}
	for _, key := range c.Keys() {
		if v := c.Get(key); v != "" {
			m[strings.ToLower(key)] = v
		}
	}
	return m
}

func TestInject(t *testing.T) {
	for _, tt := range []struct {
		name          string
		ctx           context.Context
		single, multi map[string]string
	}{
		{name: "no trace", ctx: context.Background()},
		{name: "nil context"},
		{
			name: "defer", ctx: testkit.Context(id64 + "-" + spanID),
			single: map[string]string{"b3": id64 + "-" + spanID},
			multi:  map[string]string{"x-b3-traceid": id64, "x-b3-spanid": spanID},
		}, {
			name: "defer with a parent, for which b3 has no form", ctx: testkit.Context(id64 + "-" + spanID + "-" + parentID),
			single: map[string]string{"b3": id64 + "-" + spanID},
			multi:  map[string]string{"x-b3-traceid": id64, "x-b3-spanid": spanID, "x-b3-parentspanid": parentID},
		}, {
			name: "deny is sent on with the IDs", ctx: testkit.Context(id128 + "-" + spanID + "-0"),
			single: map[string]string{"b3": id128 + "-" + spanID + "-0"},
			multi:  map[string]string{"x-b3-traceid": id128, "x-b3-spanid": spanID, "x-b3-sampled": "0"},
		}, {
			name: "accept with a parent", ctx: testkit.Context(id128 + "-" + spanID + "-1-" + parentID),
			single: map[string]string{"b3": id128 + "-" + spanID + "-1-" + parentID},
			multi:  map[string]string{"x-b3-traceid": id128, "x-b3-spanid": spanID, "x-b3-parentspanid": parentID, "x-b3-sampled": "1"},
		}, {
			name: "debug without X-B3-Sampled", ctx: testkit.Context(id64 + "-" + spanID + "-d-" + parentID),
			single: map[string]string{"b3": id64 + "-" + spanID + "-d-" + parentID},
			multi:  map[string]string{"x-b3-traceid": id64, "x-b3-spanid": spanID, "x-b3-parentspanid": parentID, "x-b3-flags": "1"},
		}, {
			name: "32 digits stay 32", ctx: testkit.Context(idWide + "-" + spanID + "-1"),
			single: map[string]string{"b3": idWide + "-" + spanID + "-1"},
			multi:  map[string]string{"x-b3-traceid": idWide, "x-b3-spanid": spanID, "x-b3-sampled": "1"},
		}, {
			name: "upper case is sent on in lower case", ctx: testkit.Context(strings.ToUpper(id128+"-"+spanID) + "-1"),
			single: map[string]string{"b3": id128 + "-" + spanID + "-1"},
			multi:  map[string]string{"x-b3-traceid": id128, "x-b3-spanid": spanID, "x-b3-sampled": "1"},
		}, {
			name: "lone deny is sent on", ctx: testkit.Context("0"),
			single: map[string]string{"b3": "0"}, multi: map[string]string{"x-b3-sampled": "0"},
		}, {
			name: "lone accept is sent on", ctx: testkit.Context("1"),
			single: map[string]string{"b3": "1"}, multi: map[string]string{"x-b3-sampled": "1"},
		}, {
			name: "lone debug is sent on", ctx: testkit.Context("d"),
			single: map[string]string{"b3": "d"}, multi: map[string]string{"x-b3-flags": "1"},
		}, {
			name: "an invalid span in the context is no trace",
			ctx:  oteltrace.ContextWithRemoteSpanContext(context.Background(), oteltrace.SpanContext{}),
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all := maps.Clone(tt.single)
			if all == nil {
				all = map[string]string{}
			}
			maps.Copy(all, tt.multi)
			for _, e := range []struct {
				name     string
				encoding b3.Encoding
				want     map[string]string
			}{
				{"zero", 0, tt.multi}, {"multi", b3.B3MultipleHeader, tt.multi}, {"single", b3.B3SingleHeader, tt.single}, {"both", both, all},
			} {
				if e.want == nil {
					e.want = map[string]string{}
				}
				for name, carrier := range carriers {
					c := carrier()
					trace.Propagator{Encoding: e.encoding}.Inject(tt.ctx, c)
					assert.Equal(t, e.want, content(c), "Inject, encoding %s, into a %s", e.name, name)
				}
			}
		})
	}
}

// Inject writes canonical names into an http.Header, and lower-case names into every other
// carrier.
func TestInjectNames(t *testing.T) {
	p := trace.Propagator{Encoding: both, W3C: true}
	h := propagation.HeaderCarrier{}
	p.Inject(testkit.Context(id64+"-"+spanID+"-1"), h)
	for name := range h {
		assert.Equal(t, http.CanonicalHeaderKey(name), name, "name in an http.Header")
	}
	for _, c := range []propagation.TextMapCarrier{propagation.MapCarrier{}, &queueMessage{}} {
		p.Inject(testkit.Context(id64+"-"+spanID+"-1"), c)
		for _, key := range c.Keys() {
			assert.Equal(t, strings.ToLower(key), key, "key in a %T", c)
		}
	}
}

// A header owns the values that Inject writes into it. An append to one value must not change
// another value of the same message or of another message.
func TestInjectedValuesAreIndependent(t *testing.T) {
	ctx, span := trace.Starter{Kind: oteltrace.SpanKindClient}.Start(testkit.Context(id64+"-"+spanID+"-1"), trace.B3{}, "call")
	defer span.End()
	first, second := http.Header{}, http.Header{}
	trace.Propagator{}.Inject(ctx, propagation.HeaderCarrier(first))
	want := first.Clone()
	trace.Propagator{}.Inject(ctx, propagation.HeaderCarrier(second))
	for name := range second {
		second[name][0] = "changed"
		second.Add(name, "more")
	}
	assert.Equal(t, want, first, "the first header after changes to the second")
	for name := range first {
		first.Add(name, "more")
	}
	for name, values := range want {
		assert.Equal(t, append(values, "more"), first[name], "%s after an append to each header", name)
	}
}

func TestFieldsAreWhatInjectMayWrite(t *testing.T) {
	var ctxs []context.Context
	for _, single := range []string{"0", "1", "d"} {
		ctxs = append(ctxs, testkit.Context(single), testkit.Context(id64+"-"+spanID+"-"+single+"-"+parentID))
	}
	state, err := oteltrace.ParseTraceState("vendor=1")
	require.NoError(t, err)
	ctxs = append(ctxs, oteltrace.ContextWithRemoteSpanContext(context.Background(), oteltrace.NewSpanContext(oteltrace.SpanContextConfig{
		TraceID: testkit.B3(id128 + "-" + spanID).TraceID, SpanID: oteltrace.SpanID{1}, TraceState: state,
	})))
	for _, encoding := range []b3.Encoding{0, b3.B3MultipleHeader, b3.B3SingleHeader, both} {
		for _, w3c := range []bool{false, true} {
			p := trace.Propagator{Encoding: encoding, W3C: w3c}
			got := map[string]bool{}
			for _, ctx := range ctxs {
				c := propagation.MapCarrier{}
				p.Inject(ctx, c)
				for key := range c {
					got[key] = true
				}
			}
			assert.ElementsMatch(t, p.Fields(), slices.Collect(maps.Keys(got)), "Fields of %+v, and all fields that it wrote", p)
		}
	}
	fields := trace.Propagator{}.Fields()
	clear(fields)
	assert.NotContains(t, trace.Propagator{}.Fields(), "", "Fields after its earlier result was cleared")
}

// Inject removes old values. Otherwise they would mix with new ones, and an old b3 would win.
func TestInjectRemovesWhatIsStale(t *testing.T) {
	stale := []string{"b3", "B3", "X-B3-TraceId", "x-b3-traceid", "X-B3-Traceid", "X-B3-SPANID", "x-B3-ParentSpanId", "X-B3-Parentspanid", "X-B3-Sampled", "x-b3-sampled", "X-B3-FLAGS", "x-b3-flags"}
	w3c := []string{"traceparent", "Traceparent", "TRACESTATE", "tracestate"}
	others := []string{"Accept", "b3x", "x-b3-trace", "x-b3-traceid2", "baggage", "X-B3-Sampler"}
	for _, p := range []trace.Propagator{{}, {Encoding: b3.B3SingleHeader}, {W3C: true}} {
		for name, ctx := range map[string]context.Context{
			"a trace": testkit.Context(id64 + "-" + spanID + "-d"), "a lone state": testkit.Context("0"), "no trace": context.Background(),
		} {
			want := propagation.MapCarrier{}
			p.Inject(ctx, want)
			for _, other := range others {
				want[strings.ToLower(other)] = "kept"
			}
			if !p.W3C {
				want["traceparent"], want["tracestate"] = "old", "old"
			}
			h, m, q := http.Header{}, propagation.MapCarrier{}, &queueMessage{}
			for _, key := range slices.Concat(stale, w3c) {
				h[key] = []string{"old"}
				m[key] = "old"
				q.Set(key, "old")
			}
			for _, key := range others {
				h[key] = []string{"kept"}
				m[key] = "kept"
				q.Set(key, "kept")
			}
			if !p.W3C { // without W3C these headers stay, and one spelling of each is enough
				for _, key := range w3c {
					delete(h, key)
					delete(m, key)
				}
				h["Traceparent"], h["Tracestate"] = []string{"old"}, []string{"old"}
				m["traceparent"], m["tracestate"] = "old", "old"
			}

			p.Inject(ctx, propagation.HeaderCarrier(h))
			got := map[string]string{}
			for key, values := range h {
				assert.NotContains(t, got, strings.ToLower(key), "%+v with %s: one spelling of each name in an http.Header", p, name)
				got[strings.ToLower(key)] = strings.Join(values, ", ")
			}
			assert.Equal(t, map[string]string(want), got, "%+v with %s, http.Header", p, name)

			p.Inject(ctx, m)
			assert.Equal(t, len(want), len(m), "%+v with %s, map: number of keys", p, name)
			assert.Equal(t, map[string]string(want), content(m), "%+v with %s, map", p, name)

			// This carrier cannot remove the old values, but they must be empty.
			p.Inject(ctx, q)
			assert.Equal(t, map[string]string(want), content(q), "%+v with %s, other carrier", p, name)
		}
	}
}

func TestExtract(t *testing.T) {
	for _, r := range allHeaderRows() {
		t.Run(r.name, func(t *testing.T) {
			for name, carrier := range carriers {
				c := carrier()
				for key, values := range r.header {
					c.Set(key, values[0])
				}
				ctx := trace.Propagator{}.Extract(context.Background(), c)
				b, ok := trace.FromContext(ctx)
				assert.Equal(t, r.want, testkit.SaidBy(b), "Extract from a %s with %v", name, r.header)
				assert.Equal(t, r.want.Trace != "", ok, "whether Extract from a %s with %v found IDs", name, r.header)
				sc := oteltrace.SpanContextFromContext(ctx)
				assert.Equal(t, r.want.Trace != "", sc.IsRemote(), "remote, as OpenTelemetry sees it")
				assert.Equal(t, r.want.Trace != "" && b.Sampling >= trace.Accept, sc.IsSampled(), "sampled, as OpenTelemetry sees it")
				if r.want == (said{}) {
					assert.Equal(t, context.Background(), ctx, "Extract of nothing valid from a %s must return its context", name)
				}
			}
		})
	}
}

func TestExtractFindsKeysInAnyCase(t *testing.T) {
	for _, tt := range []struct {
		name string
		m    propagation.MapCarrier
		want said
	}{
		{"keys in odd cases", propagation.MapCarrier{"X-B3-TRACEID": id64, "x-B3-SpanId": spanID, "X-b3-sampled": "0", "X-B3-ParentSpanID": parentID}, said{id64, spanID, parentID, trace.Deny}},
		{"flags", propagation.MapCarrier{"X-B3-TraceId": id64, "X-B3-SpanId": spanID, "X-B3-Flags": "1"}, said{id64, spanID, "", trace.Debug}},
		{"B3", propagation.MapCarrier{"B3": id64 + "-" + spanID + "-1"}, said{id64, spanID, "", trace.Accept}},
		{"lower case wins", propagation.MapCarrier{"x-b3-traceid": id64, "X-B3-TraceId": id128, "x-b3-spanid": spanID, "X-B3-SPANID": parentID, "X-B3-Sampled": "0", "x-b3-sampled": "1"}, said{id64, spanID, "", trace.Accept}},
		{"lower case wins, b3", propagation.MapCarrier{"b3": id64 + "-" + spanID, "B3": id128 + "-" + spanID}, said{id64, spanID, "", trace.Defer}},
		{"B3 wins over x-b3", propagation.MapCarrier{"B3": id64 + "-" + spanID, "x-b3-traceid": id128, "x-b3-spanid": spanID}, said{id64, spanID, "", trace.Defer}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			q := &queueMessage{}
			for k, v := range tt.m {
				q.Set(k, v)
			}
			for _, c := range []propagation.TextMapCarrier{tt.m, q} {
				b, _ := trace.FromContext(trace.Propagator{}.Extract(context.Background(), c))
				assert.Equal(t, tt.want, testkit.SaidBy(b), "Extract from %T %v", c, c)
			}
		})
	}
}

// Inject writes headers from the parsed IDs, so that nothing of a malformed header is sent on.
func TestMalformedLeavesNothingBehind(t *testing.T) {
	p := trace.Propagator{Encoding: both, W3C: true}
	for _, r := range allHeaderRows() {
		ctx := p.Extract(context.Background(), propagation.HeaderCarrier(r.header))
		bare := propagation.HeaderCarrier{}
		p.Inject(ctx, bare)
		if r.malformed {
			assert.Empty(t, bare, "row %q: Extract, then Inject", r.name)
		}
		ctx, span := trace.Start(ctx, "next")
		out := propagation.HeaderCarrier{}
		p.Inject(ctx, out)
		span.End()
		for name, values := range out {
			assert.NotContains(t, strings.ToLower(strings.Join(values, " ")), canary, "row %q: %s on the next hop", r.name, name)
		}
		assert.NotContains(t, trace.ID(ctx)+trace.SpanID(ctx), canary, "row %q: the IDs", r.name)
	}
}

func TestExtractW3C(t *testing.T) {
	const (
		same  = "00-" + id128 + "-1111111111111111-01"
		other = "00-" + id128Low + "-1111111111111111-01"
		wide  = "00-" + idWide + "-1111111111111111-00"
		state = "vendor=1"
	)
	for _, tt := range []struct {
		name   string
		header http.Header
		want   said
		state  string
	}{
		{"traceparent alone", testkit.Header("traceparent", same, "tracestate", state), said{id128, "1111111111111111", "", trace.Accept}, state},
		{"traceparent, not sampled", testkit.Header("traceparent", wide), said{idWide, "1111111111111111", "", trace.Deny}, ""},
		{"b3 wins, other trace: no tracestate", testkit.Header("b3", id128+"-"+spanID+"-0", "traceparent", other, "tracestate", state), said{id128, spanID, "", trace.Deny}, ""},
		{"b3 wins, same trace: tracestate kept", testkit.Header("b3", id128+"-"+spanID+"-0", "traceparent", same, "tracestate", state), said{id128, spanID, "", trace.Deny}, state},
		{"X-B3 wins, same trace: tracestate kept", testkit.Header(xTrace, idWide, xSpan, spanID, "traceparent", wide, "tracestate", state), said{idWide, spanID, "", trace.Defer}, state},
		{"64 bit is the same trace as its padded form", testkit.Header("b3", idWide[16:]+"-"+spanID+"-1", "traceparent", wide, "tracestate", state), said{idWide[16:], spanID, "", trace.Accept}, state},
		{"malformed b3, traceparent is read", testkit.Header("b3", canary, "traceparent", same, "tracestate", state), said{id128, "1111111111111111", "", trace.Accept}, state},
		{"b3 and malformed traceparent", testkit.Header("b3", id128+"-"+spanID+"-1", "traceparent", canary, "tracestate", state), said{id128, spanID, "", trace.Accept}, ""},
		{"malformed traceparent", testkit.Header("traceparent", "00-"+canary+"-1111111111111111-01", "tracestate", state), said{}, ""},
		{"both malformed", testkit.Header("b3", canary, "traceparent", canary), said{}, ""},
		{"a lone state in b3 is valid B3", testkit.Header("b3", "0", "traceparent", same, "tracestate", state), said{State: trace.Deny}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := trace.Propagator{W3C: true}
			ctx := p.Extract(context.Background(), propagation.HeaderCarrier(tt.header))
			b, _ := trace.FromContext(ctx)
			assert.Equal(t, tt.want, testkit.SaidBy(b), "Extract from %v", tt.header)
			assert.Equal(t, tt.state, oteltrace.SpanContextFromContext(ctx).TraceState().String(), "tracestate from %v", tt.header)

			// A child sends tracestate on, even if its context has waited in a queue.
			child, _ := trace.Start(ctx, "child")
			queued, _ := trace.Start(trace.Only(child), "queued")
			for name, ctx := range map[string]context.Context{"child": child, "child under Only": queued} {
				out := propagation.MapCarrier{}
				p.Inject(ctx, out)
				assert.Equal(t, tt.state, out["tracestate"], "tracestate sent on by a %s", name)
				assert.Contains(t, out["traceparent"], "-"+trace.SpanID(ctx)+"-", "traceparent sent on by a %s", name)
			}

			// Without W3C, Extract reads neither traceparent nor tracestate.
			off, _ := trace.FromContext(trace.Propagator{}.Extract(context.Background(), propagation.HeaderCarrier(tt.header)))
			if tt.header.Get("b3") == "" && tt.header.Get(xTrace) == "" {
				assert.Equal(t, said{}, testkit.SaidBy(off), "Extract without W3C from %v", tt.header)
			}
		})
	}
}

// Extract ignores the trace that the context had before.
func TestExtractW3CTakesNothingFromTheContext(t *testing.T) {
	p := trace.Propagator{W3C: true}
	before := p.Extract(context.Background(), propagation.HeaderCarrier(testkit.Header("traceparent", "00-"+id128+"-1111111111111111-01", "tracestate", "old=1")))
	ctx := p.Extract(before, propagation.HeaderCarrier(testkit.Header("b3", id128+"-"+spanID+"-1")))
	assert.Empty(t, oteltrace.SpanContextFromContext(ctx).TraceState().String(), "tracestate after a b3 without one")
}

func TestInjectW3C(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"accept", id128 + "-" + spanID + "-1", "00-" + id128 + "-" + spanID + "-01"},
		{"debug", id128 + "-" + spanID + "-d", "00-" + id128 + "-" + spanID + "-01"},
		{"deny", id128 + "-" + spanID + "-0", "00-" + id128 + "-" + spanID + "-00"},
		{"64 bit, padded as W3C asks", id64 + "-" + spanID + "-1", "00-" + zeros + id64 + "-" + spanID + "-01"},
		{"lone state", "0", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for name, carrier := range carriers {
				c := carrier()
				trace.Propagator{W3C: true}.Inject(testkit.Context(tt.in), c)
				assert.Equal(t, tt.want, content(c)["traceparent"], "traceparent of %s in a %s", tt.in, name)
			}
		})
	}
}

func TestNilCarriers(t *testing.T) {
	ctx := testkit.Context(id64 + "-" + spanID + "-1")
	var none context.Context
	for _, p := range []trace.Propagator{{}, {Encoding: both, W3C: true}} {
		for _, c := range []propagation.TextMapCarrier{nil, propagation.HeaderCarrier(nil), propagation.MapCarrier(nil)} {
			assert.NotPanics(t, func() { p.Inject(ctx, c) }, "%+v Inject into %#v", p, c)
			assert.NotPanics(t, func() {
				assert.Equal(t, ctx, p.Extract(ctx, c), "%+v Extract from %#v must return its context", p, c)
			}, "%+v Extract from %#v", p, c)
		}
		assert.NotPanics(t, func() { p.Inject(none, propagation.MapCarrier{}) }, "Inject with a nil context")
		assert.NotNil(t, p.Extract(none, nil), "Extract with a nil context and a nil carrier")
		assert.NotNil(t, p.Extract(none, propagation.MapCarrier{"b3": "0"}), "Extract with a nil context")
	}
}

// If a service extracts a message and injects it again, the B3 stays the same.
func TestExtractThenInject(t *testing.T) {
	for _, r := range allHeaderRows() {
		if r.malformed {
			continue
		}
		for _, p := range []trace.Propagator{{}, {Encoding: b3.B3SingleHeader}, {Encoding: both}} {
			out := propagation.HeaderCarrier{}
			p.Inject(p.Extract(context.Background(), propagation.HeaderCarrier(r.header)), out)
			b, err := trace.FromHeader(http.Header(out))
			want := r.want
			if want.State == trace.Defer && p.Encoding&b3.B3SingleHeader != 0 {
				want.Parent = "" // b3 has no form for a parent without a state, and b3 wins
			}
			assert.NoError(t, err, "row %q", r.name)
			assert.Equal(t, want, testkit.SaidBy(b), "row %q, encoding %v: after Extract and Inject", r.name, p.Encoding)
		}
	}
}

// A message with half of its headers is read as the package comment says.
func TestHalfAMessage(t *testing.T) {
	traceparent := "00-" + id128 + "-" + spanID + "-01"
	for _, tt := range []struct {
		name   string
		header http.Header
		state  trace.Sampling // the state of the B3 that is read, which has no IDs
	}{
		{"nginx's request ID", testkit.Header("X-B3-TraceId", id128), trace.Defer},
		{"nginx's request ID, sampled", testkit.Header("X-B3-TraceId", id128, "X-B3-Sampled", "1"), trace.Defer},
		{"a span ID alone", testkit.Header("X-B3-SpanId", spanID), trace.Defer},
		{"a state beside a traceparent", testkit.Header("b3", "0", "traceparent", traceparent), trace.Deny},
		{"a state in X-B3-* beside a traceparent", testkit.Header("X-B3-Sampled", "0", "traceparent", traceparent), trace.Deny},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx := trace.Propagator{W3C: true}.Extract(context.Background(), propagation.HeaderCarrier(tt.header))
			b, ok := trace.FromContext(ctx)
			assert.False(t, ok, "whether the B3 that was read has IDs: %v", b)
			assert.Equal(t, tt.state, b.Sampling, "state of the B3 that was read")
			ctx, _ = trace.Start(ctx, "request")
			assert.NotEqual(t, id128, trace.ID(ctx), "trace ID of the request")
			assert.Len(t, trace.ID(ctx), 32, "trace ID of the request")
		})
	}
}
