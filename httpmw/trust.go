package httpmw

import (
	"context"
	"io"
	"maps"
	"net/http"
	"strings"

	"example.com/clew/internal/fields"
	"example.com/clew/trace"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
)

// Trust says what to believe of a caller's headers. A value that is none of the three is
// [TrustNone].
//
// Put New outermost where callers are not believed. What stands further out and has read the
// headers, otelhttp for one, has believed them: under TrustIDs its span is the parent, with the
// decision and the tracestate that it has. Baggage that it has taken from them is removed all the
// same.
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

// Always returns t for every request: Config{Trust: httpmw.TrustNone.Always}.
func (t Trust) Always(*http.Request) Trust { return t }

// refused are the headers that must not be found further in, where the caller is not believed.
type refused struct{ fields.Set }

// has counts an underscore as a dash: to CGI, and all that came of it, X_B3_TraceId is X-B3-TraceId
// (RFC 3875, 4.1.18).
func (r refused) has(name string) bool { return r.Has(strings.ReplaceAll(name, "_", "-")) }

// without returns h without them. h is not changed; if it has none of them, it is returned itself.
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

// withoutBaggage returns r's context without the baggage that something further out has read from r.
// Our own stays.
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

// withoutTrailers gives r trailers of its own, without the refused: a client may send in a trailer
// what is refused in a header.
func (r refused) withoutTrailers(seen *http.Request) {
	arriving := seen.Trailer // net/http fills it when the body ends
	seen.Trailer = http.Header{}
	b := &trailerBody{seen.Body, arriving, seen.Trailer, r}
	b.update()
	if seen.Body != nil {
		seen.Body = b
	}
}

// trailerBody is the body of a request with trailers that are not all believed.
type trailerBody struct {
	io.ReadCloser
	arriving, seen http.Header
	refused        refused
}

func (b *trailerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		b.update()
	}
	return n, err
}

func (b *trailerBody) Close() error {
	err := b.ReadCloser.Close() // which reads a short rest
	b.update()
	return err
}

func (b *trailerBody) update() {
	for name, values := range b.arriving {
		if !b.refused.has(name) {
			b.seen[name] = values
		}
	}
}

// redecided returns h as a caller would have sent it who had decided as we have: the same
// IDs, in the same encodings, our sampling state; no baggage, no tracestate.
func (r refused) redecided(h http.Header, caller, ours trace.B3) http.Header {
	clone := r.without(h)
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
	traceparent := propagation.HeaderCarrier{"Traceparent": h["Traceparent"]}
	read := trace.Propagator{W3C: true}.Extract(context.Background(), traceparent)
	if parent, ok := trace.FromContext(read); ok {
		parent.Sampling = ours.Sampling
		propagation.TraceContext{}.Inject(trace.NewContext(context.Background(), parent), propagation.HeaderCarrier(clone))
	}
	return clone
}
