package workerpool

import (
	"context"
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
	err := p.submit(p.newTask(ctx, func(pooled context.Context) { f.run(ctx, pooled, fn) }, f.fail))
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

// run runs fn under the submitter's context, which the pool's end cancels too. If fn does not
// return, the pool calls fail.
func (f *Future[T]) run(ctx, pooled context.Context, fn func(ctx context.Context) (T, error)) {
	ctx, cancel := context.WithCancelCause(context.WithValue(ctx, poolKey{}, pooled.Value(poolKey{})))
	defer cancel(nil)
	defer context.AfterFunc(pooled, func() { cancel(context.Cause(pooled)) })()
	f.value, f.err = fn(ctx)
	close(f.done)
}
