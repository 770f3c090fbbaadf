package workerpool

import (
	"context"
	"sync"
	"time"

	"example.com/clew/internal/seam"
)

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
		w.merged = canceled
	}
	if w.ours { // else the lifetimes of tasks that submit each other would become a chain
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
