package main

import (
	"context"
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

// running is a pool that has been started.
type running struct {
	submit func(ctx context.Context, fn task) error
	end    func() error // stops the pool when all tasks have run
	brief  bool         // the pool is started for each batch of tasks
}

// carrier carries the context of a task through a pool whose functions get no context.
type carrier struct {
	wrap    func(ctx context.Context, fn task) func()
	wrapErr func(ctx context.Context, fn func(ctx context.Context) error) func() error
}

// byHand uses closures, as most programs do.
var byHand = carrier{
	func(ctx context.Context, fn task) func() { return func() { fn(ctx) } },
	func(ctx context.Context, fn func(ctx context.Context) error) func() error {
		return func() error { return fn(ctx) }
	},
}

// waited returns a running pool whose tasks return errors, and whose caller waits for them.
func (c carrier) waited(submit func(func() error), wait func() error) running {
	return running{func(ctx context.Context, fn task) error {
		submit(c.wrapErr(ctx, func(ctx context.Context) error { fn(ctx); return nil }))
		return nil
	}, wait, true}
}

// queue is the number of tasks that may wait, in pools with such a limit.
const queue = 1024

// pool is another library's pool.
type pool struct {
	name string
	// untested is true if the test skips the pool, because its tasks use no carrier.
	untested bool
	start    func(workers int, c carrier) (running, error)
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

// item is a task in the channel of channelPool.
type item struct {
	ctx context.Context
	fn  task
}

// channelPool starts workers that read a channel. derive makes a task's context from the context
// of its submitter.
func channelPool(workers int, derive func(ctx context.Context) context.Context) running {
	items := make(chan item, queue)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range items {
				i.fn(derive(i.ctx))
			}
		})
	}
	return running{
		func(ctx context.Context, fn task) error { items <- item{ctx, fn}; return nil },
		func() error { close(items); wg.Wait(); return nil }, false,
	}
}

// merged is the context of a task in the floor's pool. It has the submitter's values and the
// pool's lifetime. Value asks the pool's context first. So if the task derives a context with a
// deadline, that context finds the pool's canceler and not the request's.
type merged struct {
	context.Context // the context of the pool
	values          context.Context
}

func (m *merged) Value(key any) any {
	if v := m.Context.Value(key); v != nil {
		return v
	}
	return m.values.Value(key)
}

// floorPool does the least that the job requires: every task gets a context with the values of its
// submitter and the lifetime of the pool. This pool cannot be stopped early, and submitters cannot
// give up.
func floorPool(workers int) running {
	life, cancel := context.WithCancel(context.Background())
	p := channelPool(workers, func(ctx context.Context) context.Context { return &merged{life, ctx} })
	return running{p.submit, func() error { defer cancel(); return p.end() }, false}
}

func clewPool(workers int) running {
	p := workerpool.New(workerpool.Config{Workers: workers, Queue: queue})
	return running{p.Go, func() error { return p.Shutdown(context.Background()) }, false}
}

// tasks are contexts with different spans, and one function for each context. The functions count
// their runs. If verify is true, they also check the contexts that they get.
type tasks struct {
	ctxs [64]context.Context
	fns  [64]task

	cancel  context.CancelFunc // cancels the context of the submitters
	pending atomic.Int64
	all     chan struct{} // closed by the last task
	verify  bool          // check the contexts
	outlive bool          // contexts of tasks must not end with the submitter's
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
			if t.pending.Add(-1) == 0 {
				close(t.all)
			}
		}
	}
	return t
}

// run submits n tasks and waits until all have run.
func (t *tasks) run(p running, n int) {
	t.pending.Store(int64(n))
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
	if pending := t.pending.Load(); pending != 0 {
		panic(fmt.Sprintf("%d tasks ran twice", -pending))
	}
}

// poolWork returns work that runs tasks in a pool. If outlive is true, the contexts of tasks must
// not end with the submitter's.
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
				return fmt.Errorf("%d of 1000 tasks have a wrong context", n)
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
