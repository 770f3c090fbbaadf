package workerpool_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"example.com/clew/workerpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFutureResult(t *testing.T) {
	failed := errors.New("failed")
	tests := []struct {
		name    string
		fn      func(ctx context.Context) (int, error)
		want    int
		wantErr string
	}{
		{name: "value", fn: func(context.Context) (int, error) { return 7, nil }, want: 7},
		{name: "error", fn: func(context.Context) (int, error) { return 0, failed }, wantErr: "failed"},
		{name: "value and error", fn: func(context.Context) (int, error) { return 7, failed }, want: 7, wantErr: "failed"},
		{name: "panic", fn: func(context.Context) (int, error) { panic("no such image") }, wantErr: "workerpool: task panicked: no such image"},
		{name: "Goexit", fn: func(context.Context) (int, error) { runtime.Goexit(); return 7, nil }, wantErr: "workerpool: task called runtime.Goexit"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := workerpool.New(workerpool.Config{Workers: 1, OnPanic: func(context.Context, any, []byte) {}})
				f := workerpool.Submit(request(), p, test.fn)
				for range 2 { // Wait may be called again
					got, err := f.Wait(context.Background())
					assert.Equal(t, test.want, got, "Wait()")
					if test.wantErr == "" {
						assert.NoError(t, err, "Wait()")
					} else {
						assert.EqualError(t, err, test.wantErr, "Wait()")
					}
				}
				assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
			})
		})
	}
}

func TestFutureOfATaskThatIsNotRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var ran atomic.Int64
		p, release := fill(t, 1, 1, &ran)
		never := func(context.Context) (int, error) { t.Error("a task ran that must not run"); return 7, nil }
		wait := func(f *workerpool.Future[int]) error {
			n, err := f.Wait(context.Background())
			assert.Equal(t, 0, n, "Wait()")
			return err
		}

		assert.Equal(t, context.Canceled, wait(workerpool.Submit(ended(), p, never)), "Wait() of a task whose submitter ended while the queue was full")

		waiting := make(chan error)
		go func() { waiting <- wait(workerpool.Submit(request(), p, never)) }()
		synctest.Wait()
		err := p.Shutdown(ended())
		assert.ErrorIs(t, err, context.Canceled, "Shutdown(ended)")
		assert.Equal(t, workerpool.ErrClosed, <-waiting, "Wait() of a task that waited for room")
		assert.Equal(t, workerpool.ErrClosed, wait(workerpool.Submit(request(), p, never)), "Wait() of a task submitted after Shutdown")
		release()
	})
}

// If Shutdown gives up, a task in the queue is counted in NotRun, and its Future holds ErrClosed.
func TestFutureOfAQueuedTaskAtShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1, Queue: 8})
		release := make(chan struct{})
		stuck := workerpool.Submit(request(), p, func(context.Context) (int, error) { <-release; return 7, nil })
		synctest.Wait()
		var queued []*workerpool.Future[int]
		for range 8 {
			queued = append(queued, workerpool.Submit(request(), p, func(context.Context) (int, error) { return 7, nil }))
		}
		var out *workerpool.ShutdownError
		require.ErrorAs(t, p.Shutdown(ended()), &out, "Shutdown(ended)")
		assert.Equal(t, 8, out.NotRun, "NotRun")
		for _, f := range queued {
			_, err := f.Wait(context.Background())
			assert.Equal(t, workerpool.ErrClosed, err, "Wait() of a task in the queue")
		}
		close(release)
		n, err := stuck.Wait(context.Background())
		assert.NoError(t, err, "Wait() of a task that was running")
		assert.Equal(t, 7, n, "Wait() of a task that was running")
	})
}

// The context of a Submit task ends when the submitter's context ends, or when the pool ends.
func TestSubmittedTaskEndsWithSubmitterAndPool(t *testing.T) {
	tests := []struct {
		name  string
		end   func(p *workerpool.Pool, cancel context.CancelCauseFunc)
		err   error
		cause error
		after time.Duration
	}{
		{name: "submitter's cancellation", err: context.Canceled, cause: errStop, after: time.Second,
			end: func(_ *workerpool.Pool, cancel context.CancelCauseFunc) { cancel(errStop) }},
		{name: "submitter's deadline", err: context.DeadlineExceeded, cause: context.DeadlineExceeded, after: time.Minute,
			end: func(*workerpool.Pool, context.CancelCauseFunc) {}},
		{name: "pool", err: context.Canceled, cause: workerpool.ErrClosed, after: time.Second,
			end: func(p *workerpool.Pool, _ context.CancelCauseFunc) { _ = p.Shutdown(ended()) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				p := workerpool.New(workerpool.Config{Workers: 1})
				ctx, cancel := context.WithCancelCause(request())
				defer cancel(nil)
				ctx, stop := context.WithTimeout(ctx, time.Minute)
				defer stop()
				f := workerpool.Submit(ctx, p, func(ctx context.Context) (time.Duration, error) {
					assert.Equal(t, "ann", ctx.Value(key("user")), "ctx.Value of the submitter")
					deadline, _ := ctx.Deadline()
					assert.Equal(t, begun.Add(time.Minute), deadline, "ctx.Deadline()")
					<-ctx.Done()
					assert.Equal(t, test.cause, context.Cause(ctx), "context.Cause(ctx)")
					return time.Since(begun), ctx.Err()
				})
				time.Sleep(time.Second)
				test.end(p, cancel)
				after, err := f.Wait(context.Background())
				assert.Equal(t, test.err, err, "ctx.Err() in the task")
				assert.Equal(t, test.after, after, "time until the task's context ended")
				_ = p.Shutdown(context.Background())
			})
		})
	}
}

// If the queue is full, a task that is submitted from inside a Submit task runs inline, as it does
// inside a task of Pool.Go.
func TestFullQueueInsideASubmittedTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // reports a deadlock
		p := workerpool.New(workerpool.Config{Workers: 1, Queue: 1})
		f := workerpool.Submit(request(), p, func(ctx context.Context) (inline bool, err error) {
			err = errors.Join(p.Go(ctx, nothing), p.Go(ctx, func(context.Context) { inline = true }))
			return inline, err
		})
		inline, err := f.Wait(context.Background())
		assert.NoError(t, err, "Go in a submitted task")
		assert.True(t, inline, "the task ran inline")
		assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
	})
}

func TestWaitIsBoundedByItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1})
		begun := time.Now()
		f := workerpool.Submit(request(), p, func(ctx context.Context) (int, error) {
			time.Sleep(time.Hour)
			return 7, ctx.Err()
		})
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		n, err := f.Wait(ctx)
		assert.Equal(t, 0, n, "Wait(ctx)")
		assert.Equal(t, context.DeadlineExceeded, err, "Wait(ctx)")
		assert.Equal(t, time.Minute, time.Since(begun), "time until Wait(ctx) returned")

		// The end of Wait's context does not disturb the task.
		n, err = f.Wait(context.Background())
		assert.Equal(t, 7, n, "Wait() again")
		assert.NoError(t, err, "Wait() again")
		assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
	})
}

func TestWaitPrefersTheResult(t *testing.T) {
	p := workerpool.New(workerpool.Config{Workers: 1})
	f := workerpool.Submit(request(), p, func(context.Context) (int, error) { return 7, nil })
	require.NoError(t, p.Shutdown(context.Background()))
	for range 100 { // many times, since a select with both cases ready would choose at random
		n, err := f.Wait(ended())
		require.Equal(t, 7, n, "Wait(ended) of a task that is done")
		require.NoError(t, err, "Wait(ended) of a task that is done")
	}
}

// If a Submit task derives a context, package context starts no goroutine.
func TestSubmitStartsNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1})
		ctx, cancel := context.WithTimeout(request(), time.Minute)
		defer cancel()
		f := workerpool.Submit(ctx, p, func(ctx context.Context) (int, error) {
			_, cancel := context.WithTimeout(context.WithValue(ctx, key("more"), 1), time.Second)
			defer cancel()
			return cancelGoroutines(), nil
		})
		n, err := f.Wait(context.Background())
		assert.NoError(t, err, "Wait()")
		assert.Equal(t, 0, n, "goroutines of package context")
		assert.NoError(t, p.Shutdown(context.Background()), "Shutdown")
	})
}

// The context of a Submit task ends when the task ends. It does not matter whether the task has
// called ctx.Err, or whether the submitter or the pool ended first.
func TestSubmittedContextAfterTheTask(t *testing.T) {
	for _, asks := range []bool{false, true} {
		for _, tt := range []struct {
			name string
			// end is called while the task runs.
			end        func(p *workerpool.Pool, cancel context.CancelCauseFunc)
			err, cause error
		}{
			{"only the task ended", func(*workerpool.Pool, context.CancelCauseFunc) {}, context.Canceled, context.Canceled},
			{"the submitter ended first", func(_ *workerpool.Pool, cancel context.CancelCauseFunc) { cancel(errStop) }, context.Canceled, errStop},
			{"the pool ended first", func(p *workerpool.Pool, _ context.CancelCauseFunc) { _ = p.Shutdown(ended()) }, context.Canceled, nil},
		} {
			t.Run(fmt.Sprintf("%s, the task called Err: %t", tt.name, asks), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := workerpool.New(workerpool.Config{Workers: 1})
					submitter, cancel := context.WithCancelCause(request())
					defer cancel(nil)
					running, goOn := make(chan struct{}), make(chan struct{})
					f := workerpool.Submit(submitter, p, func(ctx context.Context) (context.Context, error) {
						if asks {
							assert.NoError(t, ctx.Err(), "ctx.Err() in the task")
						}
						close(running)
						<-goOn
						return ctx, nil
					})
					<-running
					tt.end(p, cancel)
					close(goOn)
					ctx, err := f.Wait(context.Background())
					require.NoError(t, err)
					_ = p.Shutdown(context.Background())
					synctest.Wait()
					select {
					case <-ctx.Done():
					default:
						t.Error("Done() is not closed")
					}
					assert.Equal(t, tt.err, ctx.Err(), "Err()")
					// After the pool's end, the cause may be ErrClosed, or the end of the task.
					if tt.cause != nil {
						assert.Equal(t, tt.cause, context.Cause(ctx), "context.Cause")
					}
					derived, stop := context.WithTimeout(ctx, time.Minute)
					defer stop()
					assert.Equal(t, tt.err, derived.Err(), "a context derived after the end")
					assert.Equal(t, "ann", ctx.Value(key("user")), "value of the request")
				})
			})
		}
	}
}

// If a task looks at its context for the first time after the pool has ended, the context has
// ended too, with the cause ErrClosed.
func TestSubmittedTaskAsksLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := workerpool.New(workerpool.Config{Workers: 1})
		running, goOn := make(chan struct{}), make(chan struct{})
		f := workerpool.Submit(request(), p, func(ctx context.Context) (int, error) {
			close(running)
			<-goOn
			assert.Equal(t, workerpool.ErrClosed, context.Cause(ctx), "context.Cause")
			return 7, ctx.Err()
		})
		<-running
		_ = p.Shutdown(ended())
		close(goOn)
		_, err := f.Wait(context.Background())
		assert.Equal(t, context.Canceled, err, "Err()")
	})
}

// When a submitted task has ended, the pool does not keep the task's values in memory.
func TestSubmittedTaskIsForgotten(t *testing.T) {
	p := workerpool.New(workerpool.Config{Workers: 1})
	defer func() { assert.NoError(t, p.Shutdown(context.Background()), "Shutdown") }()
	body := new([1 << 20]byte)
	kept := weak.Make(body)
	ctx := context.WithValue(request(), key("body"), body)
	_, err := workerpool.Submit(ctx, p, func(ctx context.Context) (int, error) { return 7, ctx.Err() }).Wait(ctx)
	require.NoError(t, err)
	// Another task ends. So the worker no longer holds the first task.
	_, err = workerpool.Submit(request(), p, func(context.Context) (int, error) { return 7, nil }).Wait(context.Background())
	require.NoError(t, err)
	runtime.GC()
	assert.Nil(t, kept.Value(), "the task's value")
}

// As TestSubmittedContextAfterTheTask, for a task that was submitted from inside another Submit
// task. When the inner task has ended, its context keeps nothing of the outer task's context in
// memory. Err, Cause, Deadline and Value still return the same as before.
func TestSubmittedContextOfASubmittedTask(t *testing.T) {
	for _, asks := range []bool{false, true} {
		for _, tt := range []struct {
			name string
			// end is called while the inner task runs.
			end        func(outer, deadline func(), cancel context.CancelCauseFunc)
			err, cause error
		}{
			{"only the task ended", func(_, _ func(), _ context.CancelCauseFunc) {}, context.Canceled, context.Canceled},
			{"the outer task ended first", func(outer, _ func(), _ context.CancelCauseFunc) { outer() }, context.Canceled, context.Canceled},
			{"the first submitter ended first", func(_, _ func(), cancel context.CancelCauseFunc) { cancel(errStop) }, context.Canceled, errStop},
			{"the deadline passed first", func(_, deadline func(), _ context.CancelCauseFunc) { deadline() }, context.DeadlineExceeded, context.DeadlineExceeded},
		} {
			t.Run(fmt.Sprintf("%s, the task called Err: %t", tt.name, asks), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					p := workerpool.New(workerpool.Config{Workers: 2})
					submitter, cancel := context.WithCancelCause(request())
					defer cancel(nil)
					submitter, stop := context.WithTimeout(submitter, time.Minute)
					defer stop()
					want, _ := submitter.Deadline()
					release, running, goOn := make(chan struct{}), make(chan struct{}), make(chan struct{})
					inner := make(chan *workerpool.Future[context.Context], 1)
					outer := workerpool.Submit(submitter, p, func(ctx context.Context) (int, error) {
						inner <- workerpool.Submit(ctx, p, func(ctx context.Context) (context.Context, error) {
							if asks {
								assert.NoError(t, ctx.Err(), "ctx.Err() in the task")
							}
							close(running)
							<-goOn
							return ctx, nil
						})
						<-release
						return 7, nil
					})
					f := <-inner
					<-running
					tt.end(func() { close(release); _, _ = outer.Wait(context.Background()) }, func() { time.Sleep(2 * time.Minute) }, cancel)
					close(goOn)
					ctx, err := f.Wait(context.Background())
					require.NoError(t, err)
					for range 2 { // at once, and an hour later
						assert.Equal(t, tt.err, ctx.Err(), "Err()")
						assert.Equal(t, tt.cause, context.Cause(ctx), "context.Cause")
						select {
						case <-ctx.Done():
						default:
							t.Error("Done() is not closed")
						}
						deadline, set := ctx.Deadline()
						assert.True(t, set, "Deadline() is set")
						assert.Equal(t, want, deadline, "Deadline()")
						child, stop := context.WithCancel(ctx)
						assert.Equal(t, tt.err, child.Err(), "a context derived after the end")
						stop()
						time.Sleep(time.Hour)
					}
					assert.Equal(t, "ann", ctx.Value(key("user")), "value of the request")
					if tt.name != "the outer task ended first" {
						close(release)
					}
					assert.NoError(t, p.Shutdown(context.Background()))
				})
			})
		}
	}
}
