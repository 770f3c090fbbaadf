package trace

import (
	"context"

	"example.com/clew/internal/route"
	"example.com/clew/internal/seam"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// node is a link in the chain of contexts that holds a span. Context and span in one cost one
// allocation. oteltrace.ContextWithSpan around a span costs two, and every request has at least
// one span.
//
// A node begins with the three fields of a context from context.WithValue, in that order. fiber
// reads these fields by reflection to copy a context into one of its own, and other programs read
// the memory of any context as if it had them. Keep the fields as they are, although nothing here
// reads key and val.
type node struct {
	context.Context
	key, val any // currentSpanKey and &span
	span     span
}

// link puts n above ctx, as the link that holds n's span, and returns n.
func (n *node) link(ctx context.Context) *node {
	n.Context, n.key, n.val = ctx, currentSpanKey, &n.span
	return n
}

// Value answers OpenTelemetry, which asks for the current span, and this package, which also asks
// for the nearest record and for the route's cell.
func (n *node) Value(key any) any {
	switch key {
	case currentSpanKey:
		return &n.span
	case recordKey{}:
		return &n.span.record
	case route.Key{}:
		if n.span.server {
			return &n.span.route
		}
	}
	return n.Context.Value(key)
}

// currentSpanKey is OpenTelemetry's key of the current span. OpenTelemetry does not export the
// key, but SpanFromContext passes it to Value of every context that it searches.
var currentSpanKey = seam.KeyOf(func(ctx context.Context) { oteltrace.SpanFromContext(ctx) })
