package httpmw

import (
	"context"
	"net/http"
	"strings"

	"example.com/clew/trace"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Trust says what to believe of a caller's headers. A value that is none of the three is
// [TrustNone].
type Trust uint8

const (
	// TrustNone believes nothing: a new trace begins, even under a span that is current in
	// the request's context. The caller's ID is kept as a span link and for the access log.
	// The handler does not see the caller's trace headers, nor baggage.
	TrustNone Trust = iota

	// TrustIDs believes the IDs. The decision is made here; debug, baggage and tracestate
	// are ignored. The headers that the handler sees have our decision, so that whatever
	// reads them further in does not find what was refused.
	//
	// A sampler that decides by the ID, as trace.Ratio and OpenTelemetry's do, decides by what
	// the caller chose. Where that must not be, give New a TracerProvider with a trace.Sampler
	// that does not look at it.
	TrustIDs

	// TrustAll believes IDs and decision.
	TrustAll
)

// headers tells which headers of a request are about its trace.
type headers []string

func headersOf(p propagation.TextMapPropagator) headers {
	all := trace.Propagator{Encoding: b3.B3SingleHeader | b3.B3MultipleHeader, W3C: true}
	return append(append(headers(all.Fields()), "baggage"), p.Fields()...)
}

func (hs headers) contain(key string) bool {
	for _, h := range hs {
		if len(h) == len(key) && strings.EqualFold(h, key) {
			return true
		}
	}
	return false
}

// without returns h without its trace headers, and whether there were any. h is not changed;
// if there were none, it is returned itself.
func (hs headers) without(h http.Header) (http.Header, bool) {
	found := false
	for key := range h {
		if hs.contain(key) {
			found = true
			break
		}
	}
	if !found {
		return h, false
	}
	clone := h.Clone()
	for key := range h {
		if hs.contain(key) {
			delete(clone, key)
		}
	}
	return clone, true
}

// redecided returns h as a caller would have sent it who had decided as we have: the same
// IDs, in the same encodings, our sampling state; no baggage, no tracestate.
func (hs headers) redecided(h http.Header, caller, ours trace.B3) (http.Header, bool) {
	clone, found := hs.without(h)
	if !found {
		return h, false
	}
	caller.Sampling = ours.Sampling
	ctx := trace.NewContext(context.Background(), caller)
	var p trace.Propagator
	if h.Get("b3") != "" {
		p.Encoding |= b3.B3SingleHeader
	}
	if h.Get("X-B3-TraceId") != "" {
		p.Encoding |= b3.B3MultipleHeader
	}
	if p.Encoding != 0 && caller.TraceID.IsValid() { // else it was a decision alone, and that is refused
		p.Inject(ctx, propagation.HeaderCarrier(clone))
	}
	var w3c propagation.TraceContext
	if sc := oteltrace.SpanContextFromContext(w3c.Extract(context.Background(), propagation.HeaderCarrier(h))); sc.IsValid() {
		sc = oteltrace.NewSpanContext(oteltrace.SpanContextConfig{
			TraceID:    sc.TraceID(),
			SpanID:     sc.SpanID(),
			TraceFlags: oteltrace.TraceFlags(0).WithSampled(ours.Sampling == trace.Accept || ours.Sampling == trace.Debug),
		})
		w3c.Inject(oteltrace.ContextWithSpanContext(context.Background(), sc), propagation.HeaderCarrier(clone))
	}
	return clone, true
}
