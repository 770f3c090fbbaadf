package workerpool

import "context"

// wait is one time that a goroutine waits for something of a pool.
type wait struct {
	pool   *Pool
	known  bool    // worker and self have been looked for
	worker *worker // of this goroutine; nil: it is no worker
	self   *link   // the task that runs here, or the Group that the context names; nil: neither
	lent   *link   // what the goroutine waits for, with worker's turn lent; nil: nothing is lent
}

// begin says that the goroutine waits. To look for the goroutine's worker takes time, so begin
// looks only where it can matter:
//   - a context comes from a task, of whatever pool,
//   - a task waits, perhaps for this goroutine,
//   - as many wait as p has workers: the last worker must not just wait, whatever its context.
//
// from is the origin of the context with which the awaited task was made. It counts if ctx has no
// owner.
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

// nextWake returns a channel that is closed when it is worth looking for a turn again; nil: it
// never is.
func (w *wait) nextWake() <-chan struct{} {
	if w.self != nil {
		return w.pool.nextWake()
	}
	return nil
}

// tryRun runs t in place of the task that runs here, or of one that waits for this goroutine. It
// returns false if no turn can be had, or if claim does not get t.
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
// end.
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
