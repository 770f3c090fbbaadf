package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"example.com/clew/workerpool"
	conc "github.com/sourcegraph/conc/pool"
	oteltrace "go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"
)

const groupSize = 4

type errTask = func(ctx context.Context) error

// groupJob runs groups of four tasks. The first error cancels the context of the others.
func groupJob() job {
	row := func(name string, k kind, run func(ctx context.Context, fn errTask) error) variant {
		return variant{name, k, func() work { return grouped(run) }}
	}
	return job{name: "a group of four tasks", parallel: true, variants: []variant{
		row("WaitGroup, no errors", baseline, func(ctx context.Context, fn errTask) error {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			var wg sync.WaitGroup
			for range groupSize {
				wg.Go(func() { _ = fn(ctx) })
			}
			wg.Wait()
			return nil
		}),
		// The job requires that the first error cancels the context and is returned. We know of
		// nothing smaller than errgroup that does this.
		row("floor: errgroup", floor, func(ctx context.Context, fn errTask) error {
			g, ctx := errgroup.WithContext(ctx)
			for range groupSize {
				g.Go(func() error { return fn(ctx) })
			}
			return g.Wait()
		}),
		row("clew, Group", ours, func(ctx context.Context, fn errTask) error {
			g := workerpool.NewGroup(ctx)
			for range groupSize {
				g.Go(fn)
			}
			return g.Wait()
		}),
		row("conc context pool", peer, func(ctx context.Context, fn errTask) error {
			g := conc.New().WithContext(ctx).WithCancelOnError().WithFirstError()
			for range groupSize {
				g.Go(fn)
			}
			return g.Wait()
		}),
	}}
}

// grouped returns work that runs one group after another.
func grouped(run func(ctx context.Context, fn errTask) error) work {
	ctx := oteltrace.ContextWithSpanContext(context.Background(), callerSpan())
	looking := false
	var ran, right atomic.Int64
	fn := func(got context.Context) error {
		ran.Add(1)
		if looking && oteltrace.SpanContextFromContext(got).SpanID() == callerSpan().SpanID() && got.Done() != nil {
			right.Add(1)
		}
		return nil
	}
	op := func(n int) {
		ran.Store(0)
		for range n {
			if err := run(ctx, fn); err != nil {
				panic(err)
			}
		}
		if got := ran.Load(); got != int64(groupSize*n) {
			panic(fmt.Sprintf("%d tasks ran, want %d", got, groupSize*n))
		}
	}
	return work{op: op, check: func() error {
		right.Store(0)
		looking = true
		op(1)
		looking = false
		if right.Load() != groupSize {
			return errors.New("some tasks have a wrong context")
		}
		return nil
	}}
}
