package httpmw

import (
	"context"
	"maps"
	"net/http"
	"strings"

	"example.com/clew/internal/fields"
	"example.com/clew/trace"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
)

// refused is the set of headers that the handler must not see if the caller is not believed.
type refused struct{ fields.Set }

// has reports whether a header with this name is refused. An underscore counts as a dash, since
// for CGI and its descendants X_B3_TraceId is X-B3-TraceId (RFC 3875, 4.1.18).
func (r refused) has(name string) bool { return r.Has(strings.ReplaceAll(name, "_", "-")) }

// The method without copies h, and removes the refused headers from the copy. If h has none of
// them, it returns h itself.
func (r refused) without(h http.Header) http.Header {
	for key := range h {
		if r.has(key) {
			h = h.Clone()
			maps.DeleteFunc(h, func(name string, _ []string) bool { return r.has(name) })
			break
		}
	}
	return h
}

// The method redecided returns the headers for the handler under TrustIDs: h with the caller's IDs
// in the same encodings, with the sampling state of ctx, and without baggage and tracestate.
func (r refused) redecided(h http.Header, caller trace.B3, ctx context.Context) http.Header {
	clone := r.without(h)
	if len(clone) == len(h) { // h has none of the refused headers
		return h
	}
	ours, _ := trace.FromContext(ctx)
	caller.Sampling = ours.Sampling
	var p trace.Propagator
	if h.Get("b3") != "" {
		p.Encoding |= b3.B3SingleHeader
	}
	if h.Get("X-B3-TraceId") != "" {
		p.Encoding |= b3.B3MultipleHeader
	}
	if p.Encoding != 0 && caller.TraceID.IsValid() { // B3 headers without IDs hold only the caller's decision
		p.Inject(trace.NewContext(context.Background(), caller), propagation.HeaderCarrier(clone))
	}
	traceparent := propagation.HeaderCarrier{"Traceparent": h["Traceparent"]}
	read := trace.Propagator{W3C: true}.Extract(context.Background(), traceparent)
	if parent, ok := trace.FromContext(read); ok {
		parent.Sampling = ours.Sampling
		propagation.TraceContext{}.Inject(trace.NewContext(context.Background(), parent), propagation.HeaderCarrier(clone))
	}
	return clone
}

// withoutBaggage returns r's context without the baggage that middleware further out has read
// from r. Baggage that this process has set stays.
func withoutBaggage(r *http.Request) context.Context {
	ctx := r.Context()
	if len(r.Header["Baggage"]) == 0 {
		return ctx
	}
	bag := baggage.FromContext(ctx)
	if bag.Len() == 0 {
		return ctx
	}
	sent := propagation.Baggage{}.Extract(context.Background(), propagation.HeaderCarrier{"Baggage": r.Header["Baggage"]})
	for _, member := range baggage.FromContext(sent).Members() {
		if bag.Member(member.Key()).Value() == member.Value() {
			bag = bag.DeleteMember(member.Key())
		}
	}
	return baggage.ContextWithBaggage(ctx, bag)
}
