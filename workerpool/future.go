package workerpool

import (
	"context"
	"sync"
)

// Future is the result of a task that was given to [Submit]. Its methods are safe for
// concurrent use.
type Future[T any] struct {
	done  chan struct{}
	value T
	err   error
}

// Submit hands fn to p, as [Pool.Go] does, and returns a Future for its result. fn is waited
// for, so its context is the submitter's: trace, values, deadline and cancellation; it ends
// with the pool too. If p does not take fn, the Future holds ctx's error or [ErrClosed].
//
// A task that waits for another task of its own pool keeps a worker busy with waiting; when
// all do, none is left to run what they wait for.
func Submit[T any](ctx context.Context, p *Pool, fn func(ctx context.Context) (T, error)) *Future[T] {
	check("Submit", ctx, fn != nil)
	p.made("Submit")
	f := &Future[T]{done: make(chan struct{})}
	own := &waited{Context: ctx, pool: p}
	err := p.submit(p.newTask(ctx, func(context.Context) { f.run(own, fn) }, f.fail))
	if err != nil {
		f.fail(err)
	}
	return f
}

// Wait waits for the task, no longer than ctx, and returns its result. The error is the
// task's own; [ErrClosed] if it never ran because the pool was shut down; one that names the
// panic or runtime.Goexit if it did not return; or ctx's if that ended first. A result that
// is there is returned even if ctx is done.
func (f *Future[T]) Wait(ctx context.Context) (T, error) {
	check("Future.Wait", ctx, true)
	select {
	case <-f.done:
		return f.value, f.err
	default:
	}
	select {
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

func (f *Future[T]) fail(err error) {
	f.err = err
	close(f.done)
}

// run runs fn. If fn does not return, the pool calls fail.
func (f *Future[T]) run(ctx *waited, fn func(ctx context.Context) (T, error)) {
	defer ctx.end()
	f.value, f.err = fn(ctx)
	close(f.done)
}

// waited is the context of a task that is waited for: the submitter's, which ends with the pool, too,
// and with the task. To merge two lifetimes costs more than all the rest; only a task that asks for its end,
// itself or by a context that it derives, pays for that.
type waited struct {
	context.Context // the submitter's
	pool            *Pool

	mu      sync.Mutex
	merged  context.Context // nil until somebody asks
	release func()
}

func (w *waited) merge() context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.merged == nil {
		life := w.pool.life
		merged, cancel := context.WithCancelCause(w.Context)
		stop := context.AfterFunc(life, func() { cancel(context.Cause(life)) })
		if life.Err() != nil { // not when that function gets its turn
			cancel(context.Cause(life))
		}
		w.merged, w.release = merged, func() { stop(); cancel(nil) }
	}
	return w.merged
}

func (w *waited) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.release != nil:
		w.release()
	case w.Context.Err() != nil:
		w.merged = w.Context
	default:
		w.merged = over
	}
}

// over is a context that has been canceled.
var over = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

func (w *waited) Done() <-chan struct{} { return w.merge().Done() }

func (w *waited) Err() error { return w.merge().Err() }

// Value answers package context, which looks for its canceler, with the merged one: see task.Value.
func (w *waited) Value(key any) any {
	if key == (poolKey{}) {
		return w.pool
	}
	if w.pool.life.Value(key) != nil {
		return w.merge().Value(key)
	}
	return w.Context.Value(key)
}
