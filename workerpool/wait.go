package workerpool

import "context"

// A wait describes how one goroutine waits for room in a pool's queue or for a task of the pool.
// For the word turn, see worker.go.
type wait struct {
	pool   *Pool
	known  bool    // begin has looked for worker and self
	worker *worker // the worker of this goroutine; nil: it is no worker
	self   *link   // the task that runs here, or the Group that the context names; nil: neither
	lent   *link   // the awaited task for which lend was called; nil: lend was not called
}

// begin records that the goroutine waits. Looking up the goroutine takes time, so begin does that
// only where the answer can matter:
//   - ctx, or the context of the awaited task, comes from a task of any pool,
//   - a task waits, perhaps for this goroutine,
//   - as many goroutines wait as p has workers: the last worker must not just wait, whatever its
//     context.
//
// The parameter from is the origin of the context with which the awaited task was made. The Group
// in from is used only if ctx has no owner.
func (p *Pool) begin(ctx context.Context, from origin) wait {
	w := wait{pool: p}
	owner := ctx.Value(taskKey{})
	if int(p.waiting.Add(1)) >= p.workers || owner != nil || from.inTask || lenders.Load() > 0 {
		w.known, w.worker = true, here()
		if w.worker != nil {
			w.self = &w.worker.task.link
		} else if g, ok := owner.(*Group); ok {
			w.self = &g.link
		} else if g := from.group.Value(); g != nil && owner == nil {
			w.self = &g.link
		}
	}
	return w
}

func (w *wait) end() {
	w.pool.waiting.Add(-1)
	if w.lent != nil {
		w.lent.waiter.CompareAndSwap(w.self, nil)
		if w.worker != nil {
			w.worker.takeBack()
		}
	}
}

// nextWake returns a channel that is closed when this goroutine should look for a turn again. It
// returns nil if the goroutine can never get a turn.
func (w *wait) nextWake() <-chan struct{} {
	if w.self != nil {
		return w.pool.nextWake()
	}
	return nil
}

// tryRun runs t in place of the task that runs here, or of a task that waits for this goroutine.
// It returns false if no turn is free, or if claim returns false.
func (w *wait) tryRun(t *task, claim func() bool) bool {
	if w.worker != nil && w.worker.pool == w.pool {
		if !claim() {
			return false
		}
		t.waiter.Store(w.self)
		w.pool.inline(t)
		t.waiter.Store(nil)
		return true
	}
	if w.self == nil {
		return false
	}
	for x := w.self.waiter.Load(); x != nil; x = x.waiter.Load() {
		if x.pool != w.pool {
			continue
		}
		if lender := x.borrow(); lender != nil {
			defer lender.giveBack()
			if !claim() {
				return false
			}
			w.lend(t)
			w.pool.inline(t)
			return true
		}
	}
	return false
}

// lend lends the turn of this goroutine, if it has one, to t and to whatever t waits for, until
// end is called.
func (w *wait) lend(t *task) {
	if w.self == nil || w.lent != nil {
		return
	}
	w.lent = &t.link
	t.awaitedBy(w.self)
	if w.worker != nil {
		w.worker.lend()
	}
	w.self.wake()
}
