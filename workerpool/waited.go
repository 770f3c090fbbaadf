package workerpool

import (
	"context"
	"sync"
	"time"

	"example.com/clew/internal/seam"
)

// waited is the context of a task that is waited for: the submitter's context, which also ends
// with the pool and with the task. Merging the lifetimes is the largest cost, so they are merged
// only when the task, or a context that the task derives, looks at the context's end.
type waited struct {
	task task // its values are the submitter's
	ours bool // the submitter's context is of this package, and comes from a task or a Group

	mu      sync.Mutex
	life    context.Context // the submitter's lifetime
	merged  context.Context // nil until merge is called
	release func()
}

func (w *waited) merge() context.Context {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.merged == nil {
		life := w.task.pool.life
		merged, cancel := context.WithCancelCause(w.life)
		stop := context.AfterFunc(life, func() { cancel(context.Cause(life)) })
		if life.Err() != nil { // cancel now: AfterFunc's goroutine would cancel later
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
		w.merged = canceled
	}
	if w.ours { // the lifetimes of tasks that submit each other must not become a chain
		w.merged = endedLike(w.merged, w.life)
		w.life, w.release = w.merged, nil
	}
}

func (w *waited) Done() <-chan struct{} { return w.merge().Done() }

func (w *waited) Err() error { return w.merge().Err() }

func (w *waited) Deadline() (time.Time, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.life.Deadline()
}

// Value returns the merged context's canceler when package context looks for a canceler: see
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
