package trace

import (
	"context"

	"example.com/clew/internal/seam"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// NewContext returns ctx with b as the remote parent, as if b had come in a message: the next
// [Start] continues b's trace. If b has no IDs, its state decides for the trace that the next
// [Start] begins. If ctx already has a trace, a b without IDs changes nothing. The zero B3
// changes nothing.
//
// If ctx is in b's trace already and b defers, the decision in ctx holds: a service that has
// decided does not decide again.
func NewContext(ctx context.Context, b B3) context.Context {
	return newContext(ctx, b, oteltrace.TraceState{})
}

func newContext(ctx context.Context, b B3, state oteltrace.TraceState) context.Context {
	if ctx == nil {
		ctx = context.Background()
	}
	b.Sampling = b.Sampling.known()
	if !b.hasIDs() {
		if b.Sampling == Defer || lookup(ctx).b3.hasIDs() {
			return ctx
		}
		n := newRecordNode(ctx, ctx)
		n.b3.Sampling = b.Sampling
		return n
	}
	if b.Sampling == Defer {
		if cur := lookup(ctx); cur.b3.TraceID == b.TraceID {
			b.Sampling = cur.b3.Sampling.public()
		}
	}
	n := new(node)
	n.span.b3, n.span.remote, n.span.rare = b, true, rarely(state, nil)
	return n.link(ctx)
}

// FromContext returns the current trace of ctx as B3: the current span, its parent and its
// decision. [Propagator] writes this B3 into headers. The result ok is false if b has no IDs. Even
// then b may hold a sampling state, since a caller may send a state without IDs. A nil ctx has no
// trace.
func FromContext(ctx context.Context) (b B3, ok bool) {
	if n, ok := ctx.(*clientNode); ok { // the context that httpclient passes to Inject
		b = n.span.b3
		b.Sampling = b.Sampling.public()
	} else {
		cur := lookup(ctx)
		b = cur.public()
	}
	return b, b.hasIDs()
}

// ID returns the trace ID of ctx as text: 16 or 32 lower-case hexadecimal digits, or "" if ctx
// has no trace. A nil ctx has no trace.
func ID(ctx context.Context) string {
	cur := lookup(ctx)
	if cur.own != nil {
		traceID, _ := seam.Split(cur.own.idText())
		return traceID
	}
	return cur.b3.ID()
}

// SpanID returns the ID of ctx's current span as 16 lower-case hexadecimal digits, or "" if ctx
// has no trace. A nil ctx has no trace.
func SpanID(ctx context.Context) string {
	cur := lookup(ctx)
	switch {
	case cur.own != nil:
		_, spanID := seam.Split(cur.own.idText())
		return spanID
	case cur.b3.hasIDs():
		return cur.b3.SpanID.String()
	}
	return ""
}
