package workerpool

import (
	"sync"
	"sync/atomic"

	"example.com/clew/internal/goroutine"
)

// A pool has as many turns as workers. A task runs in a turn. A task that waits lends its turn to
// the work that it waits for. That work is either a task that the waiting task submits to its own
// full pool, or a task of any pool whose result needs this pool again. A turn belongs to a
// goroutine, not to a context, since any goroutine may use a context at any time.

// worker is a goroutine that has a turn of its pool.
type worker struct {
	pool   *Pool
	number uint64 // the goroutine's number; 0: unknown, so that here never finds the worker
	task   *task  // the running task; only the goroutine itself looks at it

	// back is closed when the borrower gives the turn back. It is nil if nobody has borrowed the
	// turn. Guarded by pool.turns.
	back chan struct{}
}

// workers holds the workers of all pools, by the numbers of their goroutines.
var workers = struct {
	sync.RWMutex
	of map[uint64]*worker
}{of: map[uint64]*worker{}}

// lenders counts the workers of all pools that lend their turns.
var lenders atomic.Int64

// enter makes this goroutine a worker.
func (p *Pool) enter() *worker {
	w := &worker{pool: p, number: goroutine.Number()}
	if w.number != 0 {
		workers.Lock()
		defer workers.Unlock()
		workers.of[w.number] = w
	}
	return w
}

func (w *worker) leave() {
	workers.Lock()
	defer workers.Unlock()
	delete(workers.of, w.number)
}

// lend lends w's turn to the work that w's task waits for, until takeBack.
func (w *worker) lend() {
	lenders.Add(1)
	w.pool.turns.Lock()
	defer w.pool.turns.Unlock()
	w.task.lender = w
}

// takeBack ends lend, and waits until a borrowed turn is back.
func (w *worker) takeBack() {
	lenders.Add(-1)
	w.pool.turns.Lock()
	w.task.lender = nil
	back := w.back
	w.pool.turns.Unlock()
	if back != nil {
		<-back
	}
}

func (w *worker) giveBack() {
	w.pool.turns.Lock()
	defer w.pool.turns.Unlock()
	close(w.back)
	w.back = nil
	w.pool.wake()
}

// wake makes goroutines that wait for a turn of p look again. The caller holds p.turns.
func (p *Pool) wake() {
	if p.woken != nil {
		close(p.woken)
		p.woken = nil
	}
}

// nextWake returns a channel that is closed at the next wake.
func (p *Pool) nextWake() <-chan struct{} {
	p.turns.Lock()
	defer p.turns.Unlock()
	if p.woken == nil {
		p.woken = make(chan struct{})
	}
	return p.woken
}

// inline runs t at once and returns when t has ended. t has a goroutine of its own, so that
// runtime.Goexit in t does not end the calling task too.
func (p *Pool) inline(t *task) {
	ran := make(chan struct{})
	go func() {
		defer p.running.Done()
		defer close(ran)
		w := p.enter()
		defer w.leave()
		w.task = t
		t.run()
	}()
	<-ran
}
