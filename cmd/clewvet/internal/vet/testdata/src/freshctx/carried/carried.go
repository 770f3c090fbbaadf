package carried

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/trace"
)

func start(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, func()) {
	return ctx, func() {}
}

func use(context.Context) {}

// ContextWithSpanContext puts the trace into the fresh context.
func again(ctx context.Context) {
	use(trace.ContextWithSpanContext(context.Background(), trace.SpanContextFromContext(ctx)))
	later, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	later = trace.ContextWithSpanContext(later, trace.SpanContextFromContext(ctx))
	use(later)
}

// A new trace with a link to the old one is made on purpose.
func links(ctx context.Context) {
	other, end := start(context.Background(), "other", trace.WithLinks(trace.LinkFromContext(ctx)))
	defer end()
	use(other)
	third, end := start(context.Background(), "third")
	defer end()
	_ = trace.LinkFromContext(third)
}

func lost(ctx context.Context) {
	other, end := start(context.Background(), "other") // want `WithoutCancel\(ctx\)`
	defer end()
	use(other)
	_ = trace.LinkFromContext(ctx)
	use(trace.ContextWithSpanContext(ctx, trace.SpanContextFromContext(context.Background()))) // want `WithoutCancel\(ctx\)`
}

func values(ctx, from context.Context) context.Context { return ctx }

func send(from, to context.Context) {}

// A context that is made from a fresh one and ctx has the trace of ctx.
func both(ctx context.Context) {
	use(values(context.Background(), ctx))
	detached, cancel := context.WithTimeout(values(context.Background(), ctx), time.Second)
	defer cancel()
	use(detached)
	send(context.Background(), ctx)                              // want `WithoutCancel\(ctx\)`
	use(values(context.Background(), context.Background()))      // want `WithoutCancel\(ctx\)` `WithoutCancel\(ctx\)`
	use(once(context.WithValue(context.Background(), "k", "v"))) // want `WithoutCancel\(ctx\)`
}

func once(ctx context.Context) context.Context { return ctx }
