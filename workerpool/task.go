package workerpool

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/seam"
)

// task is a task of a Pool and, in the same allocation, its context. The values are the
// submitter's, the lifetime is the pool's.
type task struct {
	link
	values  context.Context
	fn      func(ctx context.Context)
	fail    func(error) // is called with the reason why fn did not return; nil: there is no Future
	claimed atomic.Bool // for a task with a Future: the task has begun, or will never begin
}

func (t *task) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }

func (t *task) Done() <-chan struct{} { return t.pool.life.Done() }

func (t *task) Err() error { return t.pool.life.Err() }

// Value returns the pool's canceler when package context looks for a canceler. Otherwise package
// context would find the submitter's: context.Cause in a task would return the request's cause,
// and package context would start a goroutine for each timeout that a task derives. (A method
// AfterFunc on task would spare that goroutine only for contexts derived directly from the task.)
func (t *task) Value(key any) any {
	switch key {
	case seam.CancelerKey:
		return t.pool.life.Value(key)
	case taskKey{}:
		return t
	}
	return t.values.Value(key)
}

func (t *task) Values() context.Context { return t.values }

func (t *task) Over(values context.Context) context.Context {
	return &carried{t.pool.life, values, fromTask{}}
}

func (t *task) Detached() context.Context { return outlive(t) }

// newTask returns fn as a task with ctx's values.
func (p *Pool) newTask(ctx context.Context, fn func(ctx context.Context)) *task {
	values := valuesOf(ctx)
	// Not goroutine.Handed, which would be one more call for each task.
	if g := goroutine.CurrentGuard(); g != nil {
		values = g.Handed(values)
	}
	return &task{link: link{pool: p}, values: values, fn: fn}
}

// claim reports whether the caller may run t, or may report that t will not run. For a task with a
// Future, only the first call returns true.
func (t *task) claim() bool {
	return t.fail == nil || t.claimed.CompareAndSwap(false, true)
}

// run runs t in this goroutine.
func (t *task) run() {
	fn := t.fn
	t.fn = nil // contexts that the task has derived may keep t in memory, but need not keep fn
	run(t, t, fn)
}

// survivesPanic reports whether the program continues after a panic in t. For a nil t it returns
// false.
func (t *task) survivesPanic() bool { return t != nil && t.pool.onPanic != nil }

func (t *task) panicked(value any, stack []byte) {
	t.failed(fmt.Errorf("workerpool: task panicked: %v", value))
	call(t, func(ctx context.Context) { t.pool.onPanic(ctx, value, stack) })
}

var errGoexit = errors.New("workerpool: task called runtime.Goexit")

// failed reports to the Future of t why fn did not return. If t is nil or has no Future, failed
// does nothing.
func (t *task) failed(err error) {
	if t != nil && t.fail != nil {
		t.fail(err)
	}
}
