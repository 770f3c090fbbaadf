package trace

import (
	"context"

	"example.com/clew/internal/route"
	"example.com/clew/internal/seam"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// node is a link in the chain of contexts that holds a span. A context and a span in one struct
// cost one allocation. oteltrace.ContextWithSpan with a span costs two, and every request has at
// least one span.
//
// A node begins with the three fields of a context from context.WithValue, in that order. fiber
// reads these fields by reflection to copy a context into one of its own, and other programs read
// the memory of any context as if it had these fields. Keep the fields as they are, although
// nothing here reads key and val.
type node struct {
	context.Context
	key, val any // currentSpanKey and &span
	span     span
}

// link makes n a child of ctx in which n's span is the current one. It returns n.
func (n *node) link(ctx context.Context) *node {
	n.Context, n.key, n.val = ctx, currentSpanKey, &n.span
	return n
}

// Value returns the span to OpenTelemetry, which asks for the current span with currentSpanKey.
// With two more keys, this module asks for the nearest record and for the cell of the route.
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
