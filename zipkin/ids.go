package zipkin

import (
	"context"

	"example.com/clew/internal/newid"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// ids makes the IDs of the SDK's spans in the same way as package trace makes the IDs of its own.
type ids struct{}

func (ids) NewIDs(context.Context) (oteltrace.TraceID, oteltrace.SpanID) {
	return newid.Trace(), newid.Span()
}

func (ids) NewSpanID(context.Context, oteltrace.TraceID) oteltrace.SpanID { return newid.Span() }
