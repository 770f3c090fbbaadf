package main

import (
	"context"
	"fmt"

	"example.com/clew/workerpool"
	"github.com/alitto/pond/v2"
	conc "github.com/sourcegraph/conc/pool"
	oteltrace "go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"
)

// batch is the number of results for which a caller waits at a time.
const batch = 64

// results returns work for tasks with a result. Each task returns the number of its context. The
// function do runs a batch of such tasks.
func results(do func(ctxs []context.Context, out []int), end func()) work {
	t := newTasks()
	out := make([]int, batch)
	op := func(n int) {
		for n > 0 {
			m := min(n, batch)
			clear(out)
			do(t.ctxs[:m], out[:m])
			seen := uint64(0)
			for _, v := range out[:m] { // some pools do not keep the order
				seen |= 1 << (v - 1)
			}
			if seen != 1<<m-1 {
				panic(fmt.Sprintf("wrong results: %v", out[:m]))
			}
			n -= m
		}
	}
	return work{op: op, unit: batch, check: func() error { op(10 * batch); return nil }, close: func() { t.cancel(); end() }}
}

// compute is the task. It returns the number of its context, which is the first byte of the span
// ID.
func compute(ctx context.Context) (int, error) {
	id := oteltrace.SpanContextFromContext(ctx).SpanID()
	return int(id[0]), nil
}

// each returns work for tasks with a result, which run in the pool p. The function submit submits
// one task, and returns a function that waits for the task's result.
func each(p running, submit func(ctx context.Context) (wait func() (int, error))) work {
	waits := make([]func() (int, error), batch)
	return results(func(ctxs []context.Context, out []int) {
		for i, ctx := range ctxs {
			waits[i] = submit(ctx)
		}
		for i := range ctxs {
			out[i] = must(waits[i]())
		}
	}, func() {
		if err := p.end(); err != nil {
			panic(err)
		}
	})
}

func resultsJob(workers int) job {
	row := func(name string, k kind, begin func(workers int) work) variant {
		return variant{name, k, func() work { return begin(workers) }}
	}
	return job{name: fmt.Sprintf("pool with results, workers: %d", workers), parallel: true, variants: []variant{
		row("no pool: one after another", baseline, oneByOne),
		row("floor: a channel for each result", floor, channelResults),
		row("clew, Submit", ours, clewResults),
		row("pond result pool", peer, pondResults),
		row("conc result pool, one for each batch", peer, concResults),
		row("errgroup with a limit and a slice, one for each batch", peer, errgroupResults),
	}}
}

func oneByOne(int) work {
	return results(func(ctxs []context.Context, out []int) {
		for i, ctx := range ctxs {
			out[i] = must(compute(ctx))
		}
	}, func() {})
}

// channelResults is the floor. A task runs in its submitter's context, because the submitter waits
// for the result.
func channelResults(workers int) work {
	type outcome struct {
		v   int
		err error
	}
	p := channelPool(workers, func(ctx context.Context) context.Context { return ctx })
	return each(p, func(ctx context.Context) func() (int, error) {
		c := make(chan outcome, 1)
		_ = p.submit(ctx, func(ctx context.Context) {
			v, err := compute(ctx)
			c <- outcome{v, err}
		})
		return func() (int, error) { o := <-c; return o.v, o.err }
	})
}

func clewResults(workers int) work {
	p := workerpool.New(workerpool.Config{Workers: workers, Queue: queue})
	end := func() error { return p.Shutdown(context.Background()) }
	return each(running{end: end}, func(ctx context.Context) func() (int, error) {
		f := workerpool.Submit(ctx, p, compute)
		return func() (int, error) { return f.Wait(ctx) }
	})
}

func pondResults(workers int) work {
	p := pond.NewResultPool[int](workers, pond.WithQueueSize(queue))
	end := func() error { p.StopAndWait(); return nil }
	return each(running{end: end}, func(ctx context.Context) func() (int, error) {
		return p.SubmitErr(func() (int, error) { return compute(ctx) }).Wait
	})
}

func concResults(workers int) work {
	return results(func(ctxs []context.Context, out []int) {
		p := conc.NewWithResults[int]().WithErrors().WithMaxGoroutines(workers)
		for _, ctx := range ctxs {
			p.Go(func() (int, error) { return compute(ctx) })
		}
		copy(out, must(p.Wait()))
	}, func() {})
}

func errgroupResults(workers int) work {
	return results(func(ctxs []context.Context, out []int) {
		var p errgroup.Group
		p.SetLimit(workers)
		for i, ctx := range ctxs {
			p.Go(func() (err error) { out[i], err = compute(ctx); return err })
		}
		if err := p.Wait(); err != nil {
			panic(err)
		}
	}, func() {})
}
