package workerpool_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/trace"
	"example.com/clew/workerpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func nothing(context.Context) {}

// fill returns a pool whose workers are busy and whose queue is full, and a function that lets the
// tasks end. Each task adds 1 to ran.
func fill(t *testing.T, workers, queue int, ran *atomic.Int64) (*workerpool.Pool, func()) {
	t.Helper()
	p := workerpool.New(workerpool.Config{Workers: workers, Queue: queue})
	release := make(chan struct{})
	for i := range workers + queue {
		require.NoError(t, p.Go(request(), func(context.Context) { ran.Add(1); <-release }), "Go number %d", i)
		synctest.Wait() // so that all workers are busy before the queue fills
	}
	return p, func() { close(release) }
}

func TestFullQueueBlocksGo(t *testing.T) {
	tests := []struct {
		name string
		end  func(p *workerpool.Pool, cancel, release func()) // ends the wait of Go
		want error
		runs bool
	}{
		{name: "until there is room", end: func(_ *workerpool.Pool, _, release func()) { release() }, runs: true},
		{name: "until ctx ends", end: func(_ *workerpool.Pool, cancel, _ func()) { cancel() }, want: context.Canceled},
		{name: "until the pool is shut down", end: func(p *workerpool.Pool, _, _ func()) { go p.Shutdown(context.Background()) }, want: workerpool.ErrClosed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var ran atomic.Int64
				p, release := fill(t, 2, 3, &ran)
				release = sync.OnceFunc(release)
				ctx, cancel := context.WithCancel(request())
				defer cancel()
				var returned, extra atomic.Bool
				var got error
				go func() {
					got = p.Go(ctx, func(context.Context) { extra.Store(true) })
					returned.Store(true)
				}()
				time.Sleep(time.Hour)
				assert.False(t, returned.Load(), "Go returned although the queue is full")

				test.end(p, cancel, release)
				synctest.Wait()
				assert.True(t, returned.Load(), "Go has returned")
				assert.Equal(t, test.want, got, "Go(…)")

				release()
				assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
				assert.Equal(t, int64(5), ran.Load(), "tasks that filled the pool and ran")
				assert.Equal(t, test.runs, extra.Load(), "the waiting task ran")
			})
		})
	}
}

// Shutdown makes Go return ErrClosed to all submitters: to those that wait for room, and to those
// that come later.
func TestShutdownTurnsWaitingSubmittersAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran atomic.Int64
		p, release := fill(t, 1, 1, &ran)
		errs := make(chan error, 8)
		for range cap(errs) {
			go func() { errs <- p.Go(context.Background(), nothing) }()
		}
		synctest.Wait()
		require.Empty(t, errs, "errors of Go while the queue is full")
		go p.Shutdown(context.Background())
		for range cap(errs) {
			assert.Equal(t, workerpool.ErrClosed, <-errs, "Go(…) that waits at Shutdown")
		}
		assert.Equal(t, workerpool.ErrClosed, p.Go(context.Background(), nothing), "Go(…) while Shutdown waits")
		assert.False(t, p.TryGo(context.Background(), nothing), "TryGo(…) while Shutdown waits")
		release()
	})
}

// The end of a context ends only the wait for room. If the queue has room, Go does not wait.
func TestAcceptedAlthoughContextIsDone(t *testing.T) {
	for range 100 { // many times, since a select with both cases ready would choose at random
		p := workerpool.New(workerpool.Config{Workers: 1})
		var ran atomic.Int64
		assert.NoError(t, p.Go(ended(), func(context.Context) { ran.Add(1) }), "Go(ended, …) with room in the queue")
		assert.True(t, p.TryGo(ended(), func(context.Context) { ran.Add(1) }), "TryGo(ended, …) with room in the queue")
		assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
		assert.Equal(t, int64(2), ran.Load(), "tasks that ran")
	}
}

func TestTryGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran, extra atomic.Int64
		p, release := fill(t, 1, 2, &ran)
		fn := func(context.Context) { extra.Add(1) }
		assert.False(t, p.TryGo(request(), fn), "TryGo with a full queue")
		release()
		synctest.Wait()
		assert.True(t, p.TryGo(request(), fn), "TryGo with room")
		assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
		assert.False(t, p.TryGo(request(), fn), "TryGo after Shutdown")
		assert.Equal(t, int64(1), extra.Load(), "tasks that ran, of the three that were given to TryGo")
	})
}

// TryGo does not run a task inline, since TryGo would then wait for the task.
func TestTryGoInsideATask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1, Queue: 1})
		require.NoError(t, p.Go(request(), func(ctx context.Context) {
			assert.True(t, p.TryGo(ctx, nothing), "TryGo in a task, with room")
			assert.False(t, p.TryGo(ctx, func(context.Context) { t.Error("TryGo returned false, but ran the task") }), "TryGo in a task, with a full queue")
		}))
		synctest.Wait()
		assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
	})
}

func TestZeroConfig(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{})
		release := make(chan struct{})
		var running atomic.Int64
		tries := 0
		for ; p.TryGo(request(), func(context.Context) { running.Add(1); <-release }); tries++ {
			synctest.Wait()
		}
		assert.Equal(t, int64(runtime.GOMAXPROCS(0)), running.Load(), "tasks that run at once in a pool of the zero Config")
		assert.Equal(t, runtime.GOMAXPROCS(0)+1024, tries, "tasks that a pool of the zero Config takes")
		close(release)
		assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
	})
}

func TestTaskHasTheSubmittersValuesAndThePoolsLifetime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1})
		submitter, cancel := context.WithCancelCause(request())
		submitter, stop := context.WithTimeout(submitter, time.Hour)
		defer stop()
		finished := false
		require.NoError(t, p.Go(submitter, func(ctx context.Context) {
			cancel(errStop)
			require.Error(t, submitter.Err(), "the submitter's context")
			_, set := ctx.Deadline()
			assert.False(t, set, "ctx.Deadline() is set")
			assert.NoError(t, ctx.Err(), "ctx.Err() after the submitter's end")
			assert.NoError(t, context.Cause(ctx), "context.Cause(ctx) after the submitter's end")
			assert.Equal(t, "ann", ctx.Value(key("user")), "ctx.Value of the submitter")
			assert.Equal(t, id128, trace.ID(ctx), "trace.ID(ctx)")

			<-ctx.Done()
			assert.Equal(t, context.Canceled, ctx.Err(), "ctx.Err() after the pool's end")
			assert.Equal(t, workerpool.ErrClosed, context.Cause(ctx), "context.Cause(ctx) after the pool's end")
			assert.Equal(t, "ann", ctx.Value(key("user")), "ctx.Value after the pool's end")
			finished = true
		}))
		time.Sleep(time.Minute)
		err := p.Shutdown(ended())
		assert.ErrorIs(t, err, context.Canceled, "Shutdown(ended)")
		synctest.Wait()
		assert.True(t, finished, "the task finished")
	})
}

// Package context starts a goroutine for a child of a context whose canceler it does not find. In
// a pool, that would cost a goroutine for each timeout of each task.
func TestDerivingInATaskStartsNoGoroutine(t *testing.T) {
	type derive func(ctx context.Context) (context.Context, context.CancelFunc)
	timeout := func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, time.Hour)
	}
	tests := []struct {
		name   string
		derive derive
		want   int // goroutines
	}{
		{name: "WithTimeout", derive: timeout},
		{name: "WithCancel", derive: context.WithCancel},
		{name: "WithTimeout of WithValue", derive: func(ctx context.Context) (context.Context, context.CancelFunc) {
			return timeout(context.WithValue(ctx, key("more"), 1))
		}},
		{name: "WithTimeout of trace.Start", derive: func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, _ = trace.Start(ctx, "child")
			return timeout(ctx)
		}},
		{name: "WithTimeout of trace.Start of WithValue of WithCancel", derive: func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			ctx, _ = trace.Start(context.WithValue(ctx, key("more"), 1), "child")
			ctx, stop := timeout(ctx)
			return ctx, func() { stop(); cancel() }
		}},
		// This row shows that the test would notice a goroutine.
		{name: "a foreign context", want: 1, derive: func(ctx context.Context) (context.Context, context.CancelFunc) {
			return timeout(foreign{ctx, make(chan struct{})})
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := workerpool.New(workerpool.Config{Workers: 1})
				submitter, cancel := context.WithTimeout(request(), time.Minute)
				defer cancel()
				finished := false
				require.NoError(t, p.Go(submitter, func(ctx context.Context) {
					derived, cancel := test.derive(ctx)
					defer cancel()
					assert.Equal(t, test.want, cancelGoroutines(), "goroutines of package context")
					if test.want == 0 {
						<-derived.Done()
						assert.Equal(t, context.Canceled, derived.Err(), "Err of the derived context at the pool's end")
						assert.Equal(t, workerpool.ErrClosed, context.Cause(derived), "context.Cause of the derived context at the pool's end")
					}
					finished = true
				}))
				time.Sleep(2 * time.Minute) // past the submitter's deadline; the task has no deadline
				_ = p.Shutdown(ended())
				synctest.Wait()
				assert.True(t, finished, "the task finished")
			})
		})
	}
}

// foreign hides the canceler of a context behind a channel of its own.
type foreign struct {
	context.Context
	done chan struct{}
}

func (f foreign) Done() <-chan struct{} { return f.done }

// cancelGoroutines counts the live goroutines that package context has started.
func cancelGoroutines() int {
	buf := make([]byte, 1<<20)
	buf = buf[:runtime.Stack(buf, true)]
	return strings.Count(string(buf), "created by context.(*cancelCtx).propagateCancel")
}

// A worker that waited for room in its own queue would wait for itself.
func TestFullQueueInsideATaskRunsInline(t *testing.T) {
	tests := []struct {
		name   string
		submit func(t *testing.T, ctx context.Context, p *workerpool.Pool, fn func(ctx context.Context))
	}{
		{name: "Go", submit: func(t *testing.T, ctx context.Context, p *workerpool.Pool, fn func(ctx context.Context)) {
			assert.NoError(t, p.Go(ctx, fn), "Go in a task")
		}},
		{name: "Go of a derived context", submit: func(t *testing.T, ctx context.Context, p *workerpool.Pool, fn func(ctx context.Context)) {
			ctx, _ = trace.Start(ctx, "child")
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			assert.NoError(t, p.Go(ctx, fn), "Go in a task")
		}},
		{name: "Submit", submit: func(t *testing.T, ctx context.Context, p *workerpool.Pool, fn func(ctx context.Context)) {
			f := workerpool.Submit(ctx, p, func(ctx context.Context) (int, error) { fn(ctx); return 7, nil })
			n, err := f.Wait(ctx)
			assert.NoError(t, err, "Wait in a task")
			assert.Equal(t, 7, n, "Wait in a task")
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // reports a deadlock
				p := workerpool.New(workerpool.Config{Workers: 1, Queue: 1})
				var order []string
				note := func(name string) func(context.Context) {
					return func(ctx context.Context) {
						assert.Equal(t, id128, trace.ID(ctx), "trace.ID in task %s", name)
						order = append(order, name)
					}
				}
				require.NoError(t, p.Go(request(), func(ctx context.Context) {
					assert.NoError(t, p.Go(ctx, note("queued")), "Go in a task, with room")
					test.submit(t, ctx, p, func(ctx context.Context) {
						test.submit(t, ctx, p, note("inner"))
						note("middle")(ctx)
					})
					note("outer")(ctx)
				}))
				synctest.Wait() // a pool that is shut down takes nothing, even from its own tasks
				assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
				assert.Equal(t, []string{"inner", "middle", "outer", "queued"}, order, "order of the tasks")
			})
		})
	}
}

// If the queue is full, Go runs a task inline only if the caller is a task of the same pool. A
// task of another pool waits.
func TestFullQueueInsideAnotherPoolsTaskWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran atomic.Int64
		p, release := fill(t, 1, 1, &ran)
		other := workerpool.New(workerpool.Config{Workers: 1})
		var returned, inline atomic.Bool
		require.NoError(t, other.Go(request(), func(ctx context.Context) {
			assert.NoError(t, p.Go(ctx, func(context.Context) { inline.Store(!returned.Load() && ran.Load() < 2) }), "Go in a task of another pool")
			returned.Store(true)
		}))
		time.Sleep(time.Hour)
		assert.False(t, returned.Load(), "Go returned although the queue is full")
		release()
		assert.NoError(t, other.Shutdown(context.Background()), "Shutdown of the other pool")
		assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
		assert.False(t, inline.Load(), "the task ran in the other pool's worker")
	})
}

// Shutdown waits for a task that runs inline.
func TestShutdownWaitsForInlineTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1, Queue: 1})
		var ran atomic.Int64
		require.NoError(t, p.Go(request(), func(ctx context.Context) {
			require.NoError(t, p.Go(ctx, nothing), "Go in a task, with room")
			assert.NoError(t, p.Go(ctx, func(context.Context) { time.Sleep(time.Hour); ran.Add(1) }), "Go in a task, inline")
		}))
		synctest.Wait()
		assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
		assert.Equal(t, int64(1), ran.Load(), "inline tasks that ended before Shutdown returned")
	})
}

func TestGoexitCostsNoWorker(t *testing.T) {
	onPanic := func(_ context.Context, value any, _ []byte) { panic("OnPanic was called") }
	tests := []struct {
		name string
		cfg  workerpool.Config
		exit func(ctx context.Context, p *workerpool.Pool)
	}{
		{name: "without OnPanic", cfg: workerpool.Config{Workers: 2},
			exit: func(context.Context, *workerpool.Pool) { runtime.Goexit() }},
		{name: "with OnPanic", cfg: workerpool.Config{Workers: 2, OnPanic: onPanic},
			exit: func(context.Context, *workerpool.Pool) { runtime.Goexit() }},
		{name: "in a deferred call", cfg: workerpool.Config{Workers: 2, OnPanic: onPanic},
			exit: func(context.Context, *workerpool.Pool) { defer runtime.Goexit() }},
		{name: "while panicking", cfg: workerpool.Config{Workers: 2, OnPanic: onPanic},
			exit: func(context.Context, *workerpool.Pool) {
				defer runtime.Goexit()
				panic("replaced by Goexit")
			}},
		{name: "in a task that runs inline", cfg: workerpool.Config{Workers: 2, Queue: 1},
			exit: func(ctx context.Context, p *workerpool.Pool) {
				for range 3 { // one of them finds the queue full
					_ = p.Go(ctx, func(context.Context) { runtime.Goexit() })
				}
			}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := workerpool.New(test.cfg)
				for range 7 {
					require.NoError(t, p.Go(request(), func(ctx context.Context) { test.exit(ctx, p) }))
				}
				// The pool must still run two tasks at once, one for each worker.
				met := make(chan struct{})
				for range 2 {
					require.NoError(t, p.Go(request(), func(context.Context) {
						select {
						case met <- struct{}{}:
						case <-met:
						}
					}))
				}
				assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
			})
		})
	}
}

// A deferred call panics during Goexit, and OnPanic stops the panic. Goexit still ends the
// goroutine, and the pool still runs the next task.
func TestPanicDuringGoexit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen []any
		p := workerpool.New(workerpool.Config{Workers: 1, OnPanic: func(_ context.Context, value any, _ []byte) { seen = append(seen, value) }})
		ran := false
		require.NoError(t, p.Go(request(), func(context.Context) {
			defer panic("late")
			runtime.Goexit()
		}))
		require.NoError(t, p.Go(request(), func(context.Context) { ran = true }))
		assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
		assert.Equal(t, []any{"late"}, seen, "values that OnPanic got")
		assert.True(t, ran, "the next task ran")
	})
}

func panickingTask(context.Context) { panic(errStop) }

func TestOnPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		type call struct {
			id, user any
			err      error
			value    any
			stack    string
		}
		var calls []call
		p := workerpool.New(workerpool.Config{Workers: 1, OnPanic: func(ctx context.Context, value any, stack []byte) {
			calls = append(calls, call{trace.ID(ctx), ctx.Value(key("user")), ctx.Err(), value, string(stack)})
		}})
		var ran atomic.Int64
		for range 3 {
			require.NoError(t, p.Go(request(), panickingTask))
			require.NoError(t, p.Go(request(), func(context.Context) { ran.Add(1) }))
		}
		assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
		assert.Equal(t, int64(3), ran.Load(), "tasks that ran after a panic in the only worker")
		require.Len(t, calls, 3, "calls of OnPanic")
		for _, c := range calls {
			assert.Equal(t, id128, c.id, "trace.ID of OnPanic's ctx")
			assert.Equal(t, "ann", c.user, "ctx.Value of OnPanic's ctx")
			assert.NoError(t, c.err, "Err of OnPanic's ctx")
			assert.Equal(t, errStop, c.value, "value that OnPanic got")
			assert.Contains(t, c.stack, "workerpool_test.panickingTask", "stack that OnPanic got")
		}
	})
}

// If an inline task panics, OnPanic is called, and the outer task continues.
func TestOnPanicInline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var values []any
		p := workerpool.New(workerpool.Config{Workers: 1, Queue: 1, OnPanic: func(_ context.Context, value any, _ []byte) { values = append(values, value) }})
		outer := false
		require.NoError(t, p.Go(request(), func(ctx context.Context) {
			assert.NoError(t, p.Go(ctx, nothing), "Go in a task, with room")
			assert.NoError(t, p.Go(ctx, panickingTask), "Go in a task, inline")
			outer = true
		}))
		synctest.Wait()
		assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
		assert.Equal(t, []any{errStop}, values, "values that OnPanic got")
		assert.True(t, outer, "the outer task continued")
	})
}

// OnPanic also gets a value for panic(nil), for a runtime error, and for a panic that replaces
// another.
func TestOnPanicValues(t *testing.T) {
	tests := []struct {
		name string
		fn   func(context.Context)
		want string
	}{
		{name: "nil", fn: func(context.Context) { panic(nil) }, want: new(runtime.PanicNilError).Error()},
		{name: "runtime error", fn: func(context.Context) { noMap()[1] = 1 }, want: "assignment to entry in nil map"},
		{name: "nil dereference", fn: func(context.Context) { var p *int; *p = 1 }, want: "runtime error: invalid memory address or nil pointer dereference"},
		{name: "in a deferred call", fn: func(context.Context) { defer panic(errors.New("second")); panic("first") }, want: "second"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got error
			p := workerpool.New(workerpool.Config{Workers: 1, OnPanic: func(_ context.Context, value any, _ []byte) { got, _ = value.(error) }})
			require.NoError(t, p.Go(request(), test.fn))
			assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
			assert.EqualError(t, got, test.want, "value that OnPanic got")
		})
	}
}

func TestShutdownDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 2, Queue: 10})
		var ran atomic.Int64
		for range 10 {
			require.NoError(t, p.Go(request(), func(ctx context.Context) {
				time.Sleep(time.Second)
				if ctx.Err() == nil {
					ran.Add(1)
				}
			}))
		}
		begun := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		assert.NoError(t, p.Shutdown(ctx), "Shutdown with enough time")
		assert.Equal(t, int64(10), ran.Load(), "tasks that ran undisturbed")
		assert.Equal(t, 5*time.Second, time.Since(begun), "time of ten tasks of a second, two at once")
		assert.NoError(t, p.Shutdown(ended()), "Shutdown(ended) of a pool that has drained")
		assert.Equal(t, workerpool.ErrClosed, p.Go(request(), nothing), "Go after Shutdown")
	})
}

func TestShutdownOutOfTime(t *testing.T) {
	tests := []struct {
		name           string
		workers, queue int
		after          time.Duration
	}{
		{name: "queue full", workers: 2, queue: 5, after: 3 * time.Second},
		{name: "one worker", workers: 1, queue: 100, after: time.Nanosecond},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var ran atomic.Int64
				p, release := fill(t, test.workers, test.queue, &ran) // tasks that ignore contexts
				ctx, cancel := context.WithTimeout(context.Background(), test.after)
				defer cancel()
				begun := time.Now()
				err := p.Shutdown(ctx)
				assert.Equal(t, test.after, time.Since(begun), "time until Shutdown returned, with stuck tasks")

				var got *workerpool.ShutdownError
				require.ErrorAs(t, err, &got, "Shutdown")
				assert.Equal(t, workerpool.ShutdownError{NotRun: test.queue, Err: context.DeadlineExceeded}, *got, "Shutdown")
				assert.ErrorIs(t, err, context.DeadlineExceeded, "Shutdown")
				assert.ErrorContains(t, err, "workerpool: shutdown: context deadline exceeded", "Shutdown")

				release()
				synctest.Wait()
				assert.Equal(t, int64(test.workers), ran.Load(), "tasks that ran: all that NotRun does not count")
				assert.Same(t, err, p.Shutdown(context.Background()), "a second Shutdown")
			})
		})
	}
}

func TestShutdownCancelsTheTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1})
		begun := time.Now()
		var ended time.Duration
		require.NoError(t, p.Go(request(), func(ctx context.Context) { <-ctx.Done(); ended = time.Since(begun) }))
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		var got *workerpool.ShutdownError
		require.ErrorAs(t, p.Shutdown(ctx), &got, "Shutdown")
		assert.Equal(t, 0, got.NotRun, "NotRun")
		synctest.Wait()
		assert.Equal(t, time.Minute, ended, "time until the task's context was canceled")
	})
}

// If a task ends because of the cancellation, its worker does not begin another task: tasks that
// have not begun are thrown away.
func TestShutdownOutOfTimeBeginsNothing(t *testing.T) {
	for range 100 {
		synctest.Test(t, func(t *testing.T) {
			const workers, queue = 4, 50
			p := workerpool.New(workerpool.Config{Workers: workers, Queue: queue})
			var begun atomic.Int64
			for range workers + queue {
				require.NoError(t, p.Go(request(), func(ctx context.Context) { begun.Add(1); <-ctx.Done() }), "Go")
				synctest.Wait()
			}
			var got *workerpool.ShutdownError
			require.ErrorAs(t, p.Shutdown(ended()), &got, "Shutdown(ended)")
			synctest.Wait()
			assert.Equal(t, queue, got.NotRun, "NotRun")
			assert.Equal(t, int64(workers), begun.Load(), "tasks that began")
		})
		if t.Failed() {
			return
		}
	}
}

func TestShutdownManyTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran atomic.Int64
		p, release := fill(t, 1, 4, &ran)
		begun := time.Now()
		type result struct {
			err   error
			after time.Duration
		}
		results := make(chan result, 3)
		for _, limit := range []time.Duration{time.Hour, time.Minute, time.Second} {
			go func() {
				ctx, cancel := context.WithTimeout(context.Background(), limit)
				defer cancel()
				err := p.Shutdown(ctx)
				results <- result{err, time.Since(begun)}
			}()
		}
		first := <-results
		var got *workerpool.ShutdownError
		require.ErrorAs(t, first.err, &got, "Shutdown")
		assert.Equal(t, 4, got.NotRun, "NotRun")
		assert.Equal(t, time.Second, first.after, "time until Shutdown returned, when the first context ended")
		assert.Equal(t, first, <-results, "a concurrent Shutdown")
		assert.Equal(t, first, <-results, "a concurrent Shutdown")
		assert.Equal(t, first.err, p.Shutdown(context.Background()), "a later Shutdown")
		release()
	})
}

func TestConcurrentShutdownOfADrainingPool(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1})
		begun := time.Now()
		require.NoError(t, p.Go(request(), func(context.Context) { time.Sleep(time.Minute) }))
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
				assert.Equal(t, time.Minute, time.Since(begun), "time until Shutdown returned")
			})
		}
		wg.Wait()
	})
}

// Each accepted task has run or is counted in NotRun. No task is lost, and no task is counted
// twice.
func TestAcceptedIsRunOrCounted(t *testing.T) {
	const rounds, submitters = 200, 8
	var drained, cut int
	for round := range rounds {
		synctest.Test(t, func(t *testing.T) {
			drain := round%2 == 0
			p := workerpool.New(workerpool.Config{Workers: 1 + rand.IntN(4), Queue: 1 + rand.IntN(16)})
			var accepted, ran atomic.Int64
			stopAt := 1 + rand.Int64N(300)
			stop := make(chan struct{})
			task := func(context.Context) { ran.Add(1) }
			// take counts an accepted task. At task number stopAt, it closes stop, and the test
			// calls Shutdown.
			take := func(ok bool) {
				if ok && accepted.Add(1) == stopAt {
					close(stop)
				}
			}
			var wg sync.WaitGroup
			for i := range submitters {
				wg.Go(func() {
					for n := 0; ; n++ {
						var err error
						switch (i + n) % 4 {
						case 0: // may run inline
							err = p.Go(context.Background(), func(ctx context.Context) {
								ran.Add(1)
								take(p.Go(ctx, task) == nil)
							})
							take(err == nil)
						case 1:
							take(p.TryGo(context.Background(), task))
						default:
							err = p.Go(context.Background(), task)
							take(err == nil)
						}
						if err != nil {
							assert.Equal(t, workerpool.ErrClosed, err, "Go(…)")
							return
						}
					}
				})
			}
			<-stop
			ctx, want := context.Background(), 0
			if !drain {
				ctx = ended()
			}
			err := p.Shutdown(ctx)
			wg.Wait()
			synctest.Wait() // for tasks that still run after a Shutdown that ran out of time
			var out *workerpool.ShutdownError
			if errors.As(err, &out) {
				want = out.NotRun
				cut++
			} else {
				assert.NoError(t, err, "Shutdown")
				drained++
			}
			if drain {
				assert.NoError(t, err, "Shutdown with enough time")
			}
			assert.Equal(t, accepted.Load(), ran.Load()+int64(want), "round %d: tasks accepted, and ran (%d) + NotRun (%d)", round, ran.Load(), want)
		})
	}
	t.Logf("%d rounds drained, %d were cut short", drained, cut)
	assert.NotZero(t, cut, "rounds that were cut short")
}

// A task that calls Goexit must not end the task that waits for it.
func TestGoexitInlineEndsOneTask(t *testing.T) {
	p := workerpool.New(workerpool.Config{Workers: 1, Queue: 1})
	f := workerpool.Submit(context.Background(), p, func(ctx context.Context) (int, error) {
		_ = p.Go(ctx, func(context.Context) {})                   // fills the queue
		_ = p.Go(ctx, func(context.Context) { runtime.Goexit() }) // inline
		return 7, nil
	})
	got, err := f.Wait(context.Background())
	assert.NoError(t, err, "Wait")
	assert.Equal(t, 7, got, "result of the outer task")
	assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
}

// A goroutine that a task has started with workerpool.Go is no worker, so it waits while the queue
// is full.
func TestGoFromATaskKeepsTheBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1, Queue: 1})
		var now, most, ran atomic.Int64
		task := func(context.Context) {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Millisecond)
			now.Add(-1)
			ran.Add(1)
		}
		var submitted sync.WaitGroup
		submitted.Add(20)
		assert.NoError(t, p.Go(context.Background(), func(ctx context.Context) {
			for i := range 20 {
				submit := func(ctx context.Context) {
					defer submitted.Done()
					assert.NoError(t, p.Go(ctx, task), "Go")
				}
				if i%2 == 0 {
					workerpool.Go(ctx, submit)
				} else {
					go workerpool.Wrap(ctx, submit)()
				}
			}
		}), "Go")
		submitted.Wait()
		assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
		assert.EqualValues(t, 20, ran.Load(), "tasks that ran")
		assert.EqualValues(t, 1, most.Load(), "tasks at once with one worker")
	})
}
