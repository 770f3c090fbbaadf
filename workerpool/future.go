package workerpool

import (
	"context"
	"sync/atomic"

	"example.com/clew/internal/goroutine"
)

// Future is the result of a task that was given to [Submit]. Its methods are safe for
// concurrent use.
type Future[T any] struct {
	done   chan struct{}
	task   atomic.Pointer[task] // nil after the task has ended
	origin origin               // the origin of the context given to Submit
	value  T
	err    error
}

// Submit hands fn to p, as [Pool.Go] does, and returns a Future for its result. Because somebody
// waits for fn, fn's context has the trace, the values, the deadline and the cancellation of ctx.
// It also ends with the pool. If p does not accept fn, the Future holds ctx's error or
// [ErrClosed].
//
// A task may wait for a task of its own pool. An awaited task that has not begun then runs in
// place of the waiting task.
func Submit[T any](ctx context.Context, p *Pool, fn func(ctx context.Context) (T, error)) *Future[T] {
	check("Submit", ctx, fn != nil)
	p.mustBeMade("Submit")
	f := &Future[T]{done: make(chan struct{})}
	life, owner := lifeOf(ctx)
	ours := owner != nil
	if !ours { // ctx may still be derived from a context of this package
		owner = ctx.Value(taskKey{})
	}
	f.origin = originOf(owner)
	own := &waited{task: task{link: link{pool: p}, values: goroutine.Handed(valuesOf(ctx)), fail: f.fail}, ours: ours, life: life}
	own.task.fn = func(context.Context) { f.run(own, fn) }
	f.task.Store(&own.task)
	if err := p.submit(ctx, &own.task); err != nil {
		f.fail(err)
	}
	return f
}

// Wait waits for the task until ctx ends, and returns the task's result. The error is
//   - the task's own,
//   - [ErrClosed] if the task never ran because the pool was shut down,
//   - an error that names the panic or runtime.Goexit that ended the task, or
//   - ctx's, if ctx ended first.
//
// If the task has already ended, Wait returns its result even if ctx is done.
//
// Wait returns when ctx ends, with one exception. If the caller is a pool's task, another task may
// run in the caller's place meanwhile: see [Pool.Go]. Then Wait returns only when that other task
// has ended, even if ctx ended before. Otherwise more tasks would run at once than the pool has
// workers.
func (f *Future[T]) Wait(ctx context.Context) (T, error) {
	check("Future.Wait", ctx, true)
	if t := f.task.Load(); t != nil {
		await(ctx, f.done, t, f.origin)
	}
	select {
	case <-f.done:
		return f.value, f.err
	default:
	}
	select { // the task has just ended, or ctx has
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// await waits until t has ended, which closes done, or until ctx has ended. The parameter
// origin is that of the context given to Submit.
func await(ctx context.Context, done <-chan struct{}, t *task, origin origin) {
	w := t.pool.begin(ctx, origin)
	if !w.known { // the usual case: nothing to run, lend or borrow
		select {
		case <-done:
		case <-ctx.Done():
		}
		w.end()
		return
	}
	defer w.end()
	if ctx.Err() != nil {
		return
	}
	claim := func() bool {
		if !t.claim() {
			return false
		}
		t.pool.running.Add(1)
		return true
	}
	for {
		var woken <-chan struct{}
		if !t.claimed.Load() {
			woken = w.nextWake()
			if w.tryRun(t, claim) {
				return
			}
		}
		w.lend(t)
		select {
		case <-done:
			return
		case <-ctx.Done():
			return
		case <-woken:
		}
	}
}

func (f *Future[T]) fail(err error) {
	f.err = err
	f.end()
}

// run runs fn. If fn does not return, the pool calls f.fail instead.
func (f *Future[T]) run(ctx *waited, fn func(ctx context.Context) (T, error)) {
	defer ctx.end()
	f.value, f.err = fn(ctx)
	f.end()
}

func (f *Future[T]) end() {
	f.task.Store(nil)
	close(f.done)
}
