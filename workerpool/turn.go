package workerpool

import (
	"context"
	"reflect"
	"runtime"
	"strings"
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

// here returns the worker that this goroutine is; nil: it is none.
func here() *worker {
	if !startedByPool() {
		return nil
	}
	number := goroutine.Number()
	workers.RLock()
	defer workers.RUnlock()
	return workers.of[number]
}

// startedByPool reports whether a Pool's method is where this goroutine began. That is quick to
// tell, so that those who only submit, from deep inside a server, do not pay for their numbers.
func startedByPool() bool {
	var pcs [64]uintptr
	const last = 4 // the function that the go statement names, and some room
	skip, n := 0, len(pcs)
	for n == len(pcs) {
		n = runtime.Callers(skip, pcs[:])
		skip += n - last
	}
	for _, pc := range pcs[max(0, n-last):n] {
		if f := runtime.FuncForPC(pc - 1); f != nil && strings.HasPrefix(f.Name(), poolMethods) {
			return true
		}
	}
	return false
}

var poolMethods = reflect.TypeFor[Pool]().PkgPath() + ".(*Pool)."

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
// whatever its context, must not. If ctx does not say whose goroutine it is, made may: the mark
// of the context with which what it waits for was made.
func (p *Pool) begin(ctx context.Context, made origin) wait {
	w := wait{pool: p}
	mark := ctx.Value(taskKey{})
	if int(p.waiting.Add(1)) >= p.workers || mark != nil || made.inTask || lenders.Load() > 0 {
		w.known, w.worker = true, here()
		if w.worker != nil {
			w.self = &w.worker.task.link
		} else if g, ok := mark.(*Group); ok {
			w.self = &g.link
		} else if g := made.group.Value(); g != nil && mark == nil {
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

// run runs t, if a turn for it can be had and claim still gets t: in place of the task that runs
// here, or of one that waits for this goroutine.
func (w *wait) run(t *task, claim func() bool) bool {
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
		p.run(t)
	}()
	<-ran
}
