package adapters_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"example.com/clew/trace"
	"example.com/clew/workerpool"
	"github.com/alitto/pond/v2"
	gammazero "github.com/gammazero/workerpool"
	"github.com/panjf2000/ants/v2"
	conc "github.com/sourcegraph/conc/pool"
	"github.com/stretchr/testify/assert"
	"golang.org/x/sync/errgroup"
)

const (
	workers = 4
	d       = time.Millisecond
)

// tasks iterates over the tasks of one request. It yields each task in the two forms that
// executors accept.
type (
	tasks = func(yield yield)
	yield = func(fn func(ctx context.Context), load func(ctx context.Context) error) bool
)

func forms(fn func(ctx context.Context)) (func(ctx context.Context), func(ctx context.Context) error) {
	return fn, func(ctx context.Context) error { fn(ctx); return nil }
}

// executor is another library's way to run tasks.
type executor struct {
	name   string
	waited bool // the request waits for its tasks, so their contexts end with its own

	// start returns two functions: handle, which a handler calls with the tasks of a request, and
	// end, which stops the executor.
	start func() (handle handler, end func())
}

type handler = func(ctx context.Context, tasks tasks)

// item is a task for a pool that runs the same function for all tasks.
type item struct {
	ctx context.Context
	fn  func(ctx context.Context)
}

func nothing() {}

var executors = []executor{
	{"ants", false, func() (handler, func()) {
		pool, err := ants.NewPool(workers)
		check(err)
		return func(ctx context.Context, tasks tasks) {
			for fn := range tasks {
				check(pool.Submit(workerpool.Wrap(ctx, fn)))
			}
		}, func() { check(pool.ReleaseContext(context.Background())) }
	}},
	{"ants, waited for", true, func() (handler, func()) {
		pool, err := ants.NewPool(workers)
		check(err)
		return func(ctx context.Context, tasks tasks) {
			var all sync.WaitGroup
			for _, load := range tasks {
				all.Add(1)
				task := workerpool.WrapErr(ctx, load)
				check(pool.Submit(func() { defer all.Done(); check(task()) }))
			}
			all.Wait()
		}, func() { check(pool.ReleaseContext(context.Background())) }
	}},
	{"ants, one function", false, func() (handler, func()) {
		pool, err := ants.NewPoolWithFuncGeneric(workers, func(i item) { i.fn(i.ctx) })
		check(err)
		return func(ctx context.Context, tasks tasks) {
			for fn := range tasks {
				check(pool.Invoke(item{trace.Detach(ctx), fn}))
			}
		}, func() { check(pool.ReleaseContext(context.Background())) }
	}},
	{"pond", false, func() (handler, func()) {
		pool := pond.NewPool(workers)
		return func(ctx context.Context, tasks tasks) {
			for fn := range tasks {
				check(pool.Go(workerpool.Wrap(ctx, fn)))
			}
		}, pool.StopAndWait
	}},
	{"pond, waited for", true, func() (handler, func()) {
		pool := pond.NewPool(workers)
		return func(ctx context.Context, tasks tasks) {
			var all []pond.Task
			for _, load := range tasks {
				all = append(all, pool.SubmitErr(workerpool.WrapErr(ctx, load)))
			}
			for _, task := range all {
				check(task.Wait())
			}
		}, pool.StopAndWait
	}},
	{"pond, a group", true, func() (handler, func()) {
		pool := pond.NewPool(workers)
		return func(ctx context.Context, tasks tasks) {
			group := pool.NewGroupContext(ctx)
			for _, load := range tasks {
				group.SubmitErr(workerpool.WrapErr(group.Context(), load))
			}
			_ = group.Wait() // Wait returns an error if the request has ended
		}, pool.StopAndWait
	}},
	{"gammazero", false, func() (handler, func()) {
		pool := gammazero.New(workers)
		return func(ctx context.Context, tasks tasks) {
			for fn := range tasks {
				check(pool.Do(workerpool.Wrap(ctx, fn)))
			}
		}, pool.StopWait
	}},
	{"conc", true, func() (handler, func()) {
		return func(ctx context.Context, tasks tasks) {
			pool := conc.New().WithErrors()
			for _, load := range tasks {
				pool.Go(workerpool.WrapErr(ctx, load))
			}
			check(pool.Wait())
		}, nothing
	}},
	{"conc, a pool with a context", true, func() (handler, func()) {
		return func(ctx context.Context, tasks tasks) {
			pool := conc.New().WithContext(ctx)
			for _, load := range tasks {
				pool.Go(load)
			}
			check(pool.Wait())
		}, nothing
	}},
	{"errgroup", true, func() (handler, func()) {
		return func(ctx context.Context, tasks tasks) {
			group, ctx := errgroup.WithContext(ctx)
			for _, load := range tasks {
				group.Go(workerpool.WrapErr(ctx, load))
			}
			check(group.Wait())
		}, nothing
	}},
	{"WaitGroup, the request waits", true, func() (handler, func()) {
		return func(ctx context.Context, tasks tasks) {
			var wg sync.WaitGroup
			for fn := range tasks {
				wg.Go(func() { fn(ctx) })
			}
			wg.Wait()
		}, nothing
	}},
	{"WaitGroup, main waits", false, func() (handler, func()) {
		var wg sync.WaitGroup
		return func(ctx context.Context, tasks tasks) {
			for fn := range tasks {
				wg.Go(workerpool.Wrap(ctx, fn))
			}
		}, wg.Wait
	}},
	{"time.AfterFunc", false, func() (handler, func()) {
		return func(ctx context.Context, tasks tasks) {
			for fn := range tasks {
				time.AfterFunc(d, workerpool.Wrap(ctx, fn))
			}
		}, nothing
	}},
	// The task runs because ctx has ended. With ctx itself, all calls in the task would fail.
	{"context.AfterFunc", false, func() (handler, func()) {
		return func(ctx context.Context, tasks tasks) {
			for fn := range tasks {
				context.AfterFunc(ctx, workerpool.Wrap(ctx, fn))
			}
		}, nothing
	}},
}

// Every task finds the ID of its request, although the tasks of all requests are mixed. A task
// that keeps only the trace may run after its request has ended.
func TestTasksHaveTheirRequestsID(t *testing.T) {
	tests := []struct {
		name  string
		under func(all []request, n int) context.Context
		want  counts
	}{
		{"the request's context", func(all []request, n int) context.Context { return all[n].ctx }, counts{Ran: total}},
		// The controls run the same code with a wrong context.
		{"control without a trace", func(all []request, n int) context.Context { return all[n].bare }, counts{Ran: total, Missing: total}},
		{"control with another request's context", func(all []request, n int) context.Context { return all[(n+1)%requests].ctx }, counts{Ran: total, Wrong: total}},
	}
	for _, e := range executors {
		for _, test := range tests {
			t.Run(e.name+", "+test.name, func(t *testing.T) {
				all := manyRequests()
				handle, end := e.start()
				var seen tally
				var running, handlers sync.WaitGroup
				running.Add(total)
				// In each round, each request submits one task.
				turns := make([]chan struct{}, requests)
				for n := range turns {
					turns[n] = make(chan struct{}, 1)
				}
				for n, r := range all {
					fn := func(ctx context.Context) { defer running.Done(); seen.look(ctx, r.id) }
					tasks := func(yield yield) {
						for range times {
							<-turns[n]
							yield(forms(fn))
							turns[(n+1)%requests] <- struct{}{}
						}
					}
					handlers.Go(func() { handle(test.under(all, n), tasks) })
				}
				turns[0] <- struct{}{}
				handlers.Wait()
				for _, r := range all {
					r.end()
				}
				running.Wait()
				end()
				assert.Equal(t, test.want, seen.counts(), "traces in the tasks")
			})
		}
	}
}

// A task that the request waits for is canceled with the request. Other tasks are not.
func TestTasksEndWithTheRequestThatWaits(t *testing.T) {
	for _, e := range executors {
		t.Run(e.name, func(t *testing.T) {
			r := incoming(0)
			ctx, cancel := context.WithTimeout(r.ctx, time.Hour)
			defer cancel()
			handle, end := e.start()
			submitted, begun, ended, done := make(chan struct{}), make(chan struct{}), make(chan struct{}), make(chan struct{})
			fn := func(ctx context.Context) {
				defer close(done)
				close(begun)
				<-ended
				_, limited := ctx.Deadline()
				assert.Equal(t, e.waited, limited, "ctx.Deadline() is set")
				var want error
				if e.waited {
					want = context.Canceled
				}
				assert.Equal(t, want, ctx.Err(), "ctx.Err() of a task whose request has ended")
				assert.Equal(t, r.id, trace.ID(ctx), "trace.ID(ctx)")
			}
			handled := make(chan struct{})
			go func() {
				defer close(handled)
				handle(ctx, func(yield yield) {
					yield(forms(fn))
					close(submitted)
				})
			}()
			<-submitted
			if e.waited {
				// The task of context.AfterFunc begins only after the end of the request.
				<-begun
			}
			r.end()
			close(ended)
			<-handled
			<-done
			end()
		})
	}
}
