package workerpool

import "context"

// wait is this goroutine waiting for something of a pool's.
type wait struct {
	pool   *Pool
	known  bool    // worker and self have been looked for
	worker *worker // that this goroutine is
	self   *link   // the task that runs here, or the Group whose goroutine this is, by its context
	lent   *link   // what it waits for; worker's turn is lent then
}

// begin says that the goroutine waits. Where it can matter, it finds out which goroutine that
// is: where somebody's context comes from a task, of whatever pool; where a task waits, which
// may be for this one; or where as many wait as p has workers, since the last worker to wait,
// whatever its context, must not. If ctx does not say whose goroutine it is, made may: the owner
// of the context with which what it waits for was made.
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

// stirs returns what is closed when it is worth looking for a turn again; nil where it never is.
func (w *wait) stirs() <-chan struct{} {
	if w.self != nil {
		return w.pool.stirs()
	}
	return nil
}

// tryRun runs t, if a turn for it can be had and claim still gets t: in place of the task that runs
// here, or of one that waits for this goroutine.
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

// lend lends the turn that this goroutine has, if any, until end, to t and to what that waits for.
func (w *wait) lend(t *task) {
	if w.self == nil || w.lent != nil {
		return
	}
	w.lent = &t.link
	t.awaitedBy(w.self)
	if w.worker != nil {
		w.worker.lend()
	}
	w.self.stir()
}
