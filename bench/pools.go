package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"example.com/clew/workerpool"
	"github.com/alitto/pond/v2"
	gammazero "github.com/gammazero/workerpool"
	"github.com/panjf2000/ants/v2"
	conc "github.com/sourcegraph/conc/pool"
	oteltrace "go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

type task = func(ctx context.Context)

// running is a pool at work.
type running struct {
	submit func(ctx context.Context, fn task) error
	end    func() error // when all tasks have run
	brief  bool         // to be begun and ended with each batch of tasks
}

// carrier is how a task takes its context into a pool that knows no contexts.
type carrier struct {
	wrap    func(ctx context.Context, fn task) func()
	wrapErr func(ctx context.Context, fn func(ctx context.Context) error) func() error
}

// byHand is the closure that everybody writes.
var byHand = carrier{
	func(ctx context.Context, fn task) func() { return func() { fn(ctx) } },
	func(ctx context.Context, fn func(ctx context.Context) error) func() error {
		return func() error { return fn(ctx) }
	},
}

// waited is a pool whose tasks return errors, and are waited for.
func (c carrier) waited(submit func(func() error), wait func() error) running {
	return running{func(ctx context.Context, fn task) error {
		submit(c.wrapErr(ctx, func(ctx context.Context) error { fn(ctx); return nil }))
		return nil
	}, wait, true}
}

// queue is how many tasks may wait, where that can be said.
const queue = 1024

// pool is other people's.
type pool struct {
	name  string
	only  bool // for the benchmark: no carrier of ours is in it that could be tested
	start func(workers int, c carrier) (running, error)
}

var pools = []pool{
	{"ants", false, func(workers int, c carrier) (running, error) {
		p, err := ants.NewPool(workers)
		return running{
			func(ctx context.Context, fn task) error { return p.Submit(c.wrap(ctx, fn)) },
			func() error { return p.ReleaseContext(context.Background()) }, false,
		}, err
	}},
	{"pond Go", false, func(workers int, c carrier) (running, error) {
		p := pond.NewPool(workers, pond.WithQueueSize(queue))
		return running{
			func(ctx context.Context, fn task) error { return p.Go(c.wrap(ctx, fn)) },
			func() error { p.StopAndWait(); return nil }, false,
		}, nil
	}},
	{"pond Submit", false, func(workers int, c carrier) (running, error) {
		p := pond.NewPool(workers, pond.WithQueueSize(queue))
		return running{
			func(ctx context.Context, fn task) error { p.Submit(c.wrap(ctx, fn)); return nil },
			func() error { p.StopAndWait(); return nil }, false,
		}, nil
	}},
	{"gammazero", false, func(workers int, c carrier) (running, error) {
		p := gammazero.New(workers)
		return running{
			func(ctx context.Context, fn task) error { return p.Do(c.wrap(ctx, fn)) },
			func() error { p.StopWait(); return nil }, false,
		}, nil
	}},
	{"conc", false, func(workers int, c carrier) (running, error) {
		p := conc.New().WithErrors().WithMaxGoroutines(workers)
		return c.waited(p.Go, p.Wait), nil
	}},
	{"conc context pool", true, func(workers int, _ carrier) (running, error) {
		p := conc.New().WithContext(context.Background()).WithMaxGoroutines(workers)
		return running{func(ctx context.Context, fn task) error {
			p.Go(func(context.Context) error { fn(ctx); return nil })
			return nil
		}, p.Wait, true}, nil
	}},
	{"errgroup with a limit", false, func(workers int, c carrier) (running, error) {
		p := new(errgroup.Group)
		p.SetLimit(workers)
		return c.waited(p.Go, p.Wait), nil
	}},
	{"go and a semaphore", true, func(workers int, _ carrier) (running, error) {
		var wg sync.WaitGroup
		s := semaphore.NewWeighted(int64(workers))
		return running{func(ctx context.Context, fn task) error {
			if err := s.Acquire(ctx, 1); err != nil {
				return err
			}
			wg.Go(func() { defer s.Release(1); fn(ctx) })
			return nil
		}, func() error { wg.Wait(); return nil }, true}, nil
	}},
}

// item is what waits in the channel of a pool made by hand.
type item struct {
	ctx context.Context
	fn  task
}

// channelPool has workers on a channel. Tasks get their context by under.
func channelPool(workers int, under func(ctx context.Context) context.Context) running {
	items := make(chan item, queue)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range items {
				i.fn(under(i.ctx))
			}
		})
	}
	return running{
		func(ctx context.Context, fn task) error { items <- item{ctx, fn}; return nil },
		func() error { close(items); wg.Wait(); return nil }, false,
	}
}

// merged is the floor's context of a task: the submitter's values, the pool's lifetime. The
// lifetime is asked first: a deadline that a task derives must find its canceler, not the request's.
type merged struct {
	context.Context // the pool's
	values          context.Context
}

func (m *merged) Value(key any) any {
	if v := m.Context.Value(key); v != nil {
		return v
	}
	return m.values.Value(key)
}

// floorPool must give every task a context with the values of its submitter and the lifetime of the
// pool. It cannot be ended early, nor does its submitter give up.
func floorPool(workers int) running {
	life, cancel := context.WithCancel(context.Background())
	p := channelPool(workers, func(ctx context.Context) context.Context { return &merged{life, ctx} })
	return running{p.submit, func() error { defer cancel(); return p.end() }, false}
}

func clewPool(workers int) running {
	p := workerpool.New(workerpool.Config{Workers: workers, Queue: queue})
	return running{p.Go, func() error { return p.Shutdown(context.Background()) }, false}
}

// tasks are some contexts, each of a trace of its own, and a task for each. Their number is what
// counts: the tasks do nothing else.
type tasks struct {
	ctxs [64]context.Context
	fns  [64]task

	cancel  context.CancelFunc // of the submitters
	left    atomic.Int64
	all     chan struct{} // closed by the last task
	verify  bool          // look at the contexts
	outlive bool          // they have to be free of the submitter's lifetime
	wrong   atomic.Int64
}

func newTasks() *tasks {
	t := new(tasks)
	ctx, cancel := context.WithCancel(context.Background())
	t.cancel = cancel
	for i := range t.ctxs {
		sc := callerSpan().WithSpanID(oteltrace.SpanID{byte(i + 1)})
		t.ctxs[i] = oteltrace.ContextWithSpanContext(ctx, sc)
		t.fns[i] = func(got context.Context) {
			if t.verify {
				free := got.Done() != nil && got.Done() != ctx.Done()
				if oteltrace.SpanContextFromContext(got).SpanID() != sc.SpanID() || t.outlive && !free {
					t.wrong.Add(1)
				}
			}
			if t.left.Add(-1) == 0 {
				close(t.all)
			}
		}
	}
	return t
}

// run submits n tasks and waits until all have run.
func (t *tasks) run(p running, n int) {
	t.left.Store(int64(n))
	t.all = make(chan struct{})
	for i := range n {
		if err := p.submit(t.ctxs[i%64], t.fns[i%64]); err != nil {
			panic(err)
		}
	}
	<-t.all
	if p.brief {
		if err := p.end(); err != nil {
			panic(err)
		}
	}
	if left := t.left.Load(); left != 0 {
		panic(fmt.Sprintf("tasks that ran too often: %d", -left))
	}
}

// poolWork has n tasks run by a pool. outlive: their contexts must not end with their submitter's.
func poolWork(outlive bool, start func() running) work {
	t := newTasks()
	t.outlive = outlive
	p := start()
	op := func(n int) {
		t.run(p, n)
		if p.brief {
			p = start()
		}
	}
	return work{op: op,
		check: func() error {
			t.verify = true
			op(1000)
			t.verify = false
			if n := t.wrong.Load(); n != 0 {
				return fmt.Errorf("tasks with a wrong context: %d of 1000", n)
			}
			return nil
		},
		close: func() {
			t.cancel()
			if err := p.end(); err != nil {
				panic(err)
			}
		},
	}
}

func poolJobs() (jobs []job) {
	for _, workers := range []int{2, 64} {
		j := job{name: fmt.Sprintf("pool, workers: %d", workers), parallel: true, variants: []variant{
			{"channel, the submitter's context", baseline, func() work {
				return poolWork(false, func() running {
					return channelPool(workers, func(ctx context.Context) context.Context { return ctx })
				})
			}},
			{"floor", floor, func() work { return poolWork(true, func() running { return floorPool(workers) }) }},
			{"clew", ours, func() work { return poolWork(true, func() running { return clewPool(workers) }) }},
		}}
		for _, p := range pools {
			j.variants = append(j.variants, variant{p.name, peer, func() work {
				return poolWork(false, func() running { return must(p.start(workers, byHand)) })
			}})
		}
		jobs = append(jobs, j)
	}
	for _, workers := range []int{2, 64} {
		jobs = append(jobs, resultsJob(workers))
	}
	return append(jobs, goJob(), groupJob())
}

// batch is how many results are waited for at a time.
const batch = 64

// results is work whose every task returns the number of its context. do runs a batch.
func results(do func(ctxs []context.Context, out []int), end func()) work {
	t := newTasks()
	out := make([]int, batch)
	op := func(n int) {
		for n > 0 {
			m := min(n, batch)
			clear(out)
			do(t.ctxs[:m], out[:m])
			seen := uint64(0)
			for _, v := range out[:m] { // not all keep the order
				seen |= 1 << (v - 1)
			}
			if seen != 1<<m-1 {
				panic(fmt.Sprintf("results are %v", out[:m]))
			}
			n -= m
		}
	}
	return work{op: op, unit: batch, check: func() error { op(10 * batch); return nil }, close: func() { t.cancel(); end() }}
}

// compute is what the tasks do: it needs the context, and says whose it is.
func compute(ctx context.Context) (int, error) {
	id := oteltrace.SpanContextFromContext(ctx).SpanID()
	return int(id[0]), nil
}

func resultsJob(workers int) job {
	// each is for what returns something to wait for.
	each := func(p running, submit func(ctx context.Context) (wait func() (int, error))) work {
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
	type outcome struct {
		v   int
		err error
	}
	return job{name: fmt.Sprintf("pool with results, workers: %d", workers), parallel: true, variants: []variant{
		{"no pool: one after another", baseline, func() work {
			return results(func(ctxs []context.Context, out []int) {
				for i, ctx := range ctxs {
					out[i] = must(compute(ctx))
				}
			}, func() {})
		}},
		// A result that is waited for runs under the submitter's own context.
		{"floor: a channel a result", floor, func() work {
			p := channelPool(workers, func(ctx context.Context) context.Context { return ctx })
			return each(p, func(ctx context.Context) func() (int, error) {
				c := make(chan outcome, 1)
				_ = p.submit(ctx, func(ctx context.Context) {
					v, err := compute(ctx)
					c <- outcome{v, err}
				})
				return func() (int, error) { o := <-c; return o.v, o.err }
			})
		}},
		{"clew, Submit", ours, func() work {
			p := workerpool.New(workerpool.Config{Workers: workers, Queue: queue})
			end := func() error { return p.Shutdown(context.Background()) }
			return each(running{end: end}, func(ctx context.Context) func() (int, error) {
				f := workerpool.Submit(ctx, p, compute)
				return func() (int, error) { return f.Wait(ctx) }
			})
		}},
		{"pond result pool", peer, func() work {
			p := pond.NewResultPool[int](workers, pond.WithQueueSize(queue))
			return each(running{end: func() error { p.StopAndWait(); return nil }}, func(ctx context.Context) func() (int, error) {
				return p.SubmitErr(func() (int, error) { return compute(ctx) }).Wait
			})
		}},
		{"conc result pool, one a batch", peer, func() work {
			return results(func(ctxs []context.Context, out []int) {
				p := conc.NewWithResults[int]().WithErrors().WithMaxGoroutines(workers)
				for _, ctx := range ctxs {
					p.Go(func() (int, error) { return compute(ctx) })
				}
				copy(out, must(p.Wait()))
			}, func() {})
		}},
		{"errgroup with a limit and a slice, one a batch", peer, func() work {
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
		}},
	}}
}

// goJob is a goroutine at a time, which is waited for.
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
		// It must keep the values and lose the deadline.
		{"floor", floor, with(func(ctx context.Context, fn task) { go fn(context.WithoutCancel(ctx)) })},
		{"clew, workerpool.Go", ours, with(workerpool.Go)},
	}}
}

// groupJob is a group of four tasks, under a context that the first error cancels.
func groupJob() job {
	const size = 4
	with := func(run func(ctx context.Context, fn func(ctx context.Context) error) error) func() work {
		return func() work {
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
				if got := ran.Load(); got != int64(size*n) {
					panic(fmt.Sprintf("tasks that ran: %d of %d", got, size*n))
				}
			}
			return work{op: op, check: func() error {
				right.Store(0)
				looking = true
				op(1)
				looking = false
				if right.Load() != size {
					return errors.New("tasks with a wrong context")
				}
				return nil
			}}
		}
	}
	return job{name: "a group of four tasks", parallel: true, variants: []variant{
		{"WaitGroup, no errors", baseline, with(func(ctx context.Context, fn func(ctx context.Context) error) error {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			var wg sync.WaitGroup
			for range size {
				wg.Go(func() { _ = fn(ctx) })
			}
			wg.Wait()
			return nil
		})},
		// It must cancel at the first error and return it: the least known is errgroup.
		{"floor: errgroup", floor, with(func(ctx context.Context, fn func(ctx context.Context) error) error {
			g, ctx := errgroup.WithContext(ctx)
			for range size {
				g.Go(func() error { return fn(ctx) })
			}
			return g.Wait()
		})},
		{"clew, Group", ours, with(func(ctx context.Context, fn func(ctx context.Context) error) error {
			g := workerpool.NewGroup(ctx)
			for range size {
				g.Go(fn)
			}
			return g.Wait()
		})},
		{"conc context pool", peer, with(func(ctx context.Context, fn func(ctx context.Context) error) error {
			g := conc.New().WithContext(ctx).WithCancelOnError().WithFirstError()
			for range size {
				g.Go(fn)
			}
			return g.Wait()
		})},
	}}
}
