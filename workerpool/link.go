package workerpool

import "sync/atomic"

// link is one that waits, in the chain of those that wait for each other: a task, or the
// goroutines of a Group.
type link struct {
	pool   *Pool                // a task's
	waiter atomic.Pointer[link] // waits for this one; nil: none does that is known
	lender *worker              // a task's own, while that lends its turn; guarded by pool.turns
}

// awaitedBy says that x waits for l.
func (l *link) awaitedBy(x *link) {
	workers.Lock() // so that two at once make no circle
	defer workers.Unlock()
	for a := x; a != nil; a = a.waiter.Load() {
		if a == l { // they wait for each other, and will for ever
			return
		}
	}
	l.waiter.Store(x)
}

// stir has those who have looked for a turn in vain look again: l waits now, or lends its turn.
func (l *link) stir() {
	for ; l != nil; l = l.waiter.Load() {
		if l.pool != nil {
			l.pool.turns.Lock()
			l.pool.stir()
			l.pool.turns.Unlock()
		}
	}
}

// borrow returns the worker whose turn can be had while l, its task, waits. It is to be given
// back.
func (l *link) borrow() *worker {
	l.pool.turns.Lock()
	defer l.pool.turns.Unlock()
	w := l.lender
	if w == nil || w.back != nil {
		return nil
	}
	w.back = make(chan struct{})
	return w
}
