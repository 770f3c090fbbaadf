package httpmw

import (
	"context"
	"net/http"

	"example.com/clew/internal/clip"
	"example.com/clew/internal/logbind"
	"example.com/clew/trace"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// start begins the span of a request. It returns the span's context, the span, and the headers
// that the handler may see.
func (h *handler) start(r *http.Request, trust Trust) (context.Context, oteltrace.Span, http.Header) {
	switch trust {
	case TrustAll:
		if h.b3Only { // the usual case: only B3 is read, which needs no context
			caller, _ := trace.FromHeader(r.Header)
			ctx, span := h.starterOf(r).Start(r.Context(), caller, clip.Method(r.Method))
			return ctx, span, r.Header
		}
		ctx, caller := h.extract(r)
		ctx, span := h.starterOf(r).Start(ctx, caller, clip.Method(r.Method))
		return ctx, span, r.Header
	case TrustIDs:
		caller := h.callerOf(r)
		caller.Sampling = trace.Defer
		ctx, span := h.starterOf(r).Start(withoutBaggage(r), caller, clip.Method(r.Method))
		return ctx, span, h.refused.redecided(r.Header, caller, ctx)
	default:
		return h.startUntrusted(r)
	}
}

func (h *handler) startUntrusted(r *http.Request) (context.Context, oteltrace.Span, http.Header) {
	ctx := withoutBaggage(r)
	opts := []oteltrace.SpanStartOption{oteltrace.WithNewRoot()}
	caller := h.callerOf(r)
	if sc := oteltrace.SpanContextFromContext(trace.NewContext(context.Background(), caller)); sc.IsValid() {
		opts = append(opts, oteltrace.WithLinks(oteltrace.Link{SpanContext: sc}))
		ctx = withUntrusted(ctx, caller.ID())
	}
	ctx, span := h.starterOf(r).Start(ctx, trace.B3{}, clip.Method(r.Method), opts...)
	if h.Logger == nil {
		ctx = logbind.Rebind(ctx) // a logger bound further out is bound to another trace
	}
	return ctx, span, h.refused.without(r.Header)
}

// starterOf returns the Starter that begins the span of r.
func (h *handler) starterOf(r *http.Request) trace.Starter {
	s := h.starter
	if h.Sample != nil {
		s.Sample = func() trace.Sampling { return h.Sample(r) }
	}
	return s
}

// extract returns r's context with all that the Propagator reads from the headers. If the
// context's span stays the parent, extract also returns the caller that the headers name.
func (h *handler) extract(r *http.Request) (context.Context, trace.B3) {
	ctx := h.Propagator.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	local := oteltrace.SpanFromContext(r.Context())
	sc := local.SpanContext()
	if !sc.IsValid() || sc.IsRemote() {
		return ctx, trace.B3{}
	}

	// A local span is the parent, unless the headers name another trace. The headers are read
	// without r's context, because its content, such as an SDK's decision, was not sent by the
	// caller.
	caller := h.callerOf(r)
	if caller.TraceID.IsValid() && caller.TraceID != sc.TraceID() {
		return ctx, trace.B3{}
	}
	if !h.native && caller.TraceID.IsValid() {
		// Another propagator's "not sampled" may stand for a caller that defers. Only the B3
		// headers show whether the caller denies or defers.
		if caller, _ = trace.FromHeader(r.Header); caller.TraceID != sc.TraceID() {
			caller = trace.B3{}
		}
	}
	return oteltrace.ContextWithSpan(ctx, local), caller
}

// callerOf returns the caller's trace. It reads r's headers alone, because r's context may hold a
// trace that the caller did not send.
func (h *handler) callerOf(r *http.Request) trace.B3 {
	if h.b3Only {
		b, _ := trace.FromHeader(r.Header)
		return b
	}
	b, _ := trace.FromContext(h.Propagator.Extract(context.Background(), propagation.HeaderCarrier(r.Header)))
	return b
}
