package workerpool

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/seam"
)

// Future is the result of a task that was given to [Submit]. Its methods are safe for
// concurrent use.
type Future[T any] struct {
	done  chan struct{}
	task  atomic.Pointer[task] // nil when it is over
	mark  origin               // of the context that it was submitted with
	value T
	err   error
}

// Submit hands fn to p, as [Pool.Go] does, and returns a Future for its result. fn is waited
// for, so its context is the submitter's: trace, values, deadline and cancellation; it ends
// with the pool too. If p does not take fn, the Future holds ctx's error or [ErrClosed].
//
// A task may wait for a task of its own pool: if that has not begun, it runs in place of the one
// that waits.
func Submit[T any](ctx context.Context, p *Pool, fn func(ctx context.Context) (T, error)) *Future[T] {
	check("Submit", ctx, fn != nil)
	p.made("Submit")
	f := &Future[T]{done: make(chan struct{})}
	life, mark := lifeOf(ctx)
	ours := mark != nil
	if !ours { // but ctx may be derived from one of ours
		mark = ctx.Value(taskKey{})
	}
	f.mark = originOf(mark)
	own := &waited{task: task{link: link{pool: p}, values: goroutine.Handed(valuesOf(ctx)), fail: f.fail}, ours: ours, life: life}
	own.task.fn = func(context.Context) { f.run(own, fn) }
	f.task.Store(&own.task)
	if err := p.submit(ctx, &own.task); err != nil {
		f.fail(err)
	}
	return f
}

// Wait waits for the task, no longer than ctx, and returns its result. The error is the
// task's own; [ErrClosed] if it never ran because the pool was shut down; one that names the
// panic or runtime.Goexit if it did not return; or ctx's if that ended first. A result that
// is there is returned even if ctx is done.
//
// There is one exception. If the caller is a pool's task itself, another may run in its place
// while it waits: see [Pool.Go]. Then Wait returns when that one has, even if ctx ended before,
// since more tasks would run at once otherwise than the pool has workers.
func (f *Future[T]) Wait(ctx context.Context) (T, error) {
	check("Future.Wait", ctx, true)
	if t := f.task.Load(); t != nil {
		await(ctx, f.done, t, f.mark)
	}
	select {
	case <-f.done:
		return f.value, f.err
	default:
	}
	select { // its task is over
	case <-f.done:
		return f.value, f.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// await waits until done is closed, which t's end does, or ctx has ended. mark is that of t's
// submitter.
func await(ctx context.Context, done <-chan struct{}, t *task, mark origin) {
	w := t.pool.begin(ctx, mark)
	if !w.known { // as most: nothing to run, lend or borrow
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
		var stirs <-chan struct{}
		if !t.claimed.Load() {
			stirs = w.stirs()
			if w.run(t, claim) {
				return
			}
		}
		w.lend(t)
		select {
		case <-done:
			return
		case <-ctx.Done():
			return
		case <-stirs:
		}
	}
}

func (f *Future[T]) fail(err error) {
	f.err = err
	f.end()
}

// run runs fn. If fn does not return, the pool calls fail.
func (f *Future[T]) run(ctx *waited, fn func(ctx context.Context) (T, error)) {
	defer ctx.end()
	f.value, f.err = fn(ctx)
	f.end()
}

func (f *Future[T]) end() {
	f.task.Store(nil)
	close(f.done)
}

// waited is the context of a task that is waited for: the submitter's, which ends with the pool,
// too, and with the task. To merge two lifetimes costs more than all the rest; only a task that
// asks for its end, itself or by a context that it derives, pays for that.
type waited struct {
	task task // whose values are the submitter's
	ours bool // life is that of one of our contexts, not all of the submitter's

	mu      sync.Mutex
	life    context.Context // the submitter's lifetime
	merged  context.Context // nil until somebody asks
	release func()
}

func (w *waited) merge() context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.merged == nil {
		life := w.task.pool.life
		merged, cancel := context.WithCancelCause(w.life)
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
	case w.life.Err() != nil:
		w.merged = w.life
	default:
		w.merged = over
	}
	if w.ours { // else the lifetimes of tasks that submit each other would become a chain
		w.merged = endedLike(w.merged, w.life)
		w.life, w.release = w.merged, nil
	}
}

// endedLike returns a context that has ended as ctx has, with timed's deadline, and keeps neither.
func endedLike(ctx, timed context.Context) context.Context {
	canceled, cancel := context.WithCancelCause(context.Background())
	cancel(context.Cause(ctx))
	deadline, ok := timed.Deadline()
	return &ended{canceled, ctx.Err(), deadline, ok}
}

type ended struct {
	context.Context
	err      error
	deadline time.Time
	set      bool
}

func (e *ended) Deadline() (time.Time, bool) { return e.deadline, e.set }

func (e *ended) Err() error { return e.err }

// over is a context that has been canceled.
var over = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

func (w *waited) Done() <-chan struct{} { return w.merge().Done() }

func (w *waited) Err() error { return w.merge().Err() }

func (w *waited) Deadline() (time.Time, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.life.Deadline()
}

// Value answers package context, which looks for its canceler, with the merged one: see
// task.Value.
func (w *waited) Value(key any) any {
	switch key {
	case seam.CancelerKey:
		return w.merge().Value(key)
	case taskKey{}:
		return &w.task
	}
	return w.task.values.Value(key)
}

func (w *waited) Values() context.Context { return w.task.values }

func (w *waited) Over(values context.Context) context.Context {
	return &carried{w, values, fromTask{}}
}

func (w *waited) Detached() context.Context { return outlive(w) }
