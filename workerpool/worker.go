package workerpool

import (
	"sync"
	"sync/atomic"

	"example.com/clew/internal/goroutine"
)

// A pool has as many turns as workers. A task runs in a turn, and gives it away only while it
// waits for what then runs in it: for what it submits to its own full pool, or for a result that
// needs the pool again, through whatever other pool. Whether a goroutine has a turn is a fact of
// that goroutine. It is tempting to ask its context, but a context may be used by any goroutine,
// at any time.

// worker is a goroutine that has a turn of its pool.
type worker struct {
	pool   *Pool
	number uint64 // of the goroutine; 0: not known, so that it is never found
	task   *task  // the one that runs; only the goroutine itself looks

	back chan struct{} // closed when the turn is back; nil: nobody has it; guarded by pool.turns
}

// workers are those of all pools, by the numbers of their goroutines.
var workers = struct {
	sync.RWMutex
	of map[uint64]*worker
}{of: map[uint64]*worker{}}

// lenders is how many workers of all pools lend their turns.
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

// lend lets what w's task waits for have w's turn, from now on.
func (w *worker) lend() {
	lenders.Add(1)
	w.pool.turns.Lock()
	defer w.pool.turns.Unlock()
	w.task.lender = w
}

// takeBack ends lend. It waits until the turn is back.
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
	w.pool.stir()
}

// stir wakes those who wait for a turn of p's. p.turns is held.
func (p *Pool) stir() {
	if p.stirred != nil {
		close(p.stirred)
		p.stirred = nil
	}
}

// stirs returns what is closed at the next stir.
func (p *Pool) stirs() <-chan struct{} {
	p.turns.Lock()
	defer p.turns.Unlock()
	if p.stirred == nil {
		p.stirred = make(chan struct{})
	}
	return p.stirred
}

// inline runs t now, and returns when it has: not in this goroutine, which belongs to another
// task, since runtime.Goexit would end both.
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
