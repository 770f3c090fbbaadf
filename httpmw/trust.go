package httpmw

import (
	"context"
	"io"
	"net/http"

	"example.com/clew/internal/fields"
	"example.com/clew/trace"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Trust says what to believe of a caller's headers. A value that is none of the three is
// [TrustNone].
//
// Put New outermost where callers are not believed. What stands further out and has read the
// headers, otelhttp for one, has believed them: its span is the parent under TrustIDs, with the
// decision that it has. Baggage that it has taken from them is removed all the same.
type Trust uint8

const (
	// TrustNone believes nothing: a new trace begins, even under a span that is current in
	// the request's context. The caller's ID is kept as a span link and for the access log.
	// The handler does not see the caller's trace headers, nor baggage, nor either in trailers.
	TrustNone Trust = iota

	// TrustIDs believes the IDs. The decision is made here; debug, baggage and tracestate
	// are ignored. The headers that the handler sees have our decision, so that whatever
	// reads them further in does not find what was refused.
	//
	// A sampler that decides by the ID, as trace.Ratio and OpenTelemetry's do, decides by what
	// the caller chose. Where that must not be, give New a TracerProvider with a trace.Sampler
	// that decides by something else: see the example.
	TrustIDs

	// TrustAll believes IDs and decision.
	TrustAll
)

// without returns h without the fields. h is not changed; if it has none of them, it is
// returned itself.
func without(h http.Header, set fields.Set) http.Header {
	for key := range h {
		if set.Has(key) {
			h = h.Clone()
			set.Remove(h)
			break
		}
	}
	return h
}

// withoutBaggage returns r's context without the baggage that something further out may have read
// from r. Baggage of a request that came with none is our own.
func withoutBaggage(r *http.Request) context.Context {
	ctx := r.Context()
	if len(r.Header["Baggage"]) > 0 && baggage.FromContext(ctx).Len() > 0 {
		return baggage.ContextWithoutBaggage(ctx)
	}
	return ctx
}

// refuseTrailers gives r trailers of its own, without the fields. A client may send in a trailer
// what is refused in a header.
func refuseTrailers(r *http.Request, set fields.Set) {
	arriving := r.Trailer // net/http fills it when the body ends
	r.Trailer = arriving.Clone()
	set.Remove(r.Trailer)
	if r.Body != nil {
		r.Body = &trailers{r.Body, arriving, r.Trailer, set}
	}
}

// trailers is the body of a request with trailers that are not all believed.
type trailers struct {
	io.ReadCloser
	arriving, seen http.Header
	refused        fields.Set
}

func (t *trailers) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	if err == io.EOF {
		for name, values := range t.arriving {
			if !t.refused.Has(name) {
				t.seen[name] = values
			}
		}
	}
	return n, err
}

// redecided returns h as a caller would have sent it who had decided as we have: the same
// IDs, in the same encodings, our sampling state; no baggage, no tracestate.
func redecided(h http.Header, set fields.Set, caller, ours trace.B3) http.Header {
	clone := without(h, set)
	if len(clone) == len(h) { // nothing to decide again
		return h
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
	read := trace.Propagator{W3C: true}.Extract(context.Background(), propagation.HeaderCarrier{"Traceparent": h["Traceparent"]})
	if parent, ok := trace.FromContext(read); ok {
		sc := oteltrace.NewSpanContext(oteltrace.SpanContextConfig{
			TraceID:    parent.TraceID,
			SpanID:     parent.SpanID,
			TraceFlags: oteltrace.TraceFlags(0).WithSampled(ours.Sampling == trace.Accept || ours.Sampling == trace.Debug),
		})
		propagation.TraceContext{}.Inject(oteltrace.ContextWithSpanContext(context.Background(), sc), propagation.HeaderCarrier(clone))
	}
	return clone
}
