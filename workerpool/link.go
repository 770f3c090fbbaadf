package workerpool

import "sync/atomic"

// link is a task, or the goroutines of a Group, in a chain of waiting: each link's waiter is the
// next link.
type link struct {
	pool   *Pool                // the task's pool; nil: the link is a Group
	waiter atomic.Pointer[link] // waits for this link; nil: none is known
	lender *worker              // the task's worker, if the task lends its turn; else nil; guarded by pool.turns
}

// awaitedBy records that x waits for l.
func (l *link) awaitedBy(x *link) {
	workers.Lock() // two calls at once must not make a circle
	defer workers.Unlock()
	for a := x; a != nil; a = a.waiter.Load() {
		if a == l { // they wait for each other, for ever
			return
		}
	}
	l.waiter.Store(x)
}

// wake makes goroutines that have found no turn look again, because l now waits or lends its turn.
func (l *link) wake() {
	for ; l != nil; l = l.waiter.Load() {
		if l.pool != nil {
			l.pool.turns.Lock()
			l.pool.wake()
			l.pool.turns.Unlock()
		}
	}
}

// borrow borrows the turn that l, a waiting task, lends. It returns l's worker, or nil if l lends
// no turn or the turn is already borrowed. The caller gives the turn back.
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
