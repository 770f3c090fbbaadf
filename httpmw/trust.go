package httpmw

import "net/http"

// Trust says what to believe of a caller's headers. A value that is none of the three counts as
// [TrustNone].
//
// Put New outermost where callers are not believed. Middleware further out that reads the
// headers, such as otelhttp, believes them. Under TrustIDs the span of that middleware is the
// parent, with its decision and its tracestate. Baggage that the middleware has read from the
// headers is removed all the same.
type Trust uint8

const (
	// TrustNone believes nothing: a new trace begins, even under a span that is current in the
	// request's context. The caller's ID is kept as a span link and for the access log. The
	// handler sees no trace header and no baggage of the caller, in headers or in trailers.
	TrustNone Trust = iota

	// TrustIDs believes the IDs. New makes the sampling decision; debug, baggage and tracestate
	// are ignored. The headers that the handler sees have New's decision, so that code further in
	// does not read what was refused.
	//
	// The caller chooses the trace ID. So the caller influences a sampler that decides by the
	// trace ID, as trace.Ratio and OpenTelemetry's samplers do. To prevent that, give New a
	// TracerProvider with a trace.Sampler that decides by something else: see the example.
	TrustIDs

	// TrustAll believes the IDs, the sampling decision, and all else that the Propagator reads.
	TrustAll
)

// Always returns t for every request: Config{Trust: httpmw.TrustNone.Always}.
func (t Trust) Always(*http.Request) Trust { return t }
