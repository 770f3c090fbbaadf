package main

import (
	"context"
	"fmt"

	"example.com/clew/workerpool"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// goJob starts goroutines one after another, and waits for each.
func goJob() job {
	with := func(start func(ctx context.Context, fn task)) func() work {
		return func() work {
			base, cancel := context.WithCancel(context.Background())
			ctx := oteltrace.ContextWithSpanContext(base, callerSpan())
			ran := make(chan oteltrace.SpanID)
			looking := false
			fn := func(ctx context.Context) {
				var id oteltrace.SpanID
				if looking {
					id = oteltrace.SpanContextFromContext(ctx).SpanID()
				}
				ran <- id
			}
			var id oteltrace.SpanID
			op := func(n int) {
				for range n {
					start(ctx, fn)
					id = <-ran
				}
			}
			return work{op: op, close: cancel, check: func() error {
				looking = true
				op(1)
				looking = false
				if id != callerSpan().SpanID() {
					return fmt.Errorf("span ID in the goroutine is %v", id)
				}
				return nil
			}}
		}
	}
	return job{name: "a goroutine", parallel: true, variants: []variant{
		{"bare go", baseline, with(func(ctx context.Context, fn task) { go fn(ctx) })},
		// The job requires that the floor keeps the context's values and drops its deadline.
		{"floor", floor, with(func(ctx context.Context, fn task) { go fn(context.WithoutCancel(ctx)) })},
		{"clew, workerpool.Go", ours, with(workerpool.Go)},
	}}
}
