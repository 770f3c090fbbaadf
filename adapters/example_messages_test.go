package adapters_test

import (
	"context"

	"example.com/clew/trace"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// propagator writes the single header b3 instead of four X-B3 headers.
var propagator = trace.Propagator{Encoding: b3.B3SingleHeader}

// handle runs fn for a message, in the trace of the message's headers or in a new trace. Lines
// that fn logs without a context also have the ID.
func handle(ctx context.Context, name string, headers propagation.TextMapCarrier, fn func(ctx context.Context) error) (err error) {
	ctx = propagator.Extract(ctx, headers)
	ctx, span := trace.Start(ctx, name, oteltrace.WithSpanKind(oteltrace.SpanKindConsumer))
	defer span.End()
	trace.Do(ctx, func(ctx context.Context) { err = fn(ctx) })
	return err
}
