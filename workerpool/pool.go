package workerpool

import (
	"context"
	"errors"
	"runtime/pprof"
	"sync"
	"sync/atomic"

	"example.com/clew/internal/goroutine"
)

// ErrClosed is returned by [Pool.Go] and by futures when the pool was shut down before the
// task ran. It is also the cause of the contexts of tasks that a pool canceled.
var ErrClosed = errors.New("workerpool: pool is shut down")

// Pool runs tasks on a fixed number of goroutines, with a bounded queue. Make it with [New],
// end it with [Pool.Shutdown]. Its methods are safe for concurrent use. Those of a nil or zero
// Pool panic.
type Pool struct {
	onPanic func(ctx context.Context, value any, stack []byte)
	tasks   chan *task
	workers int

	life   context.Context // of the tasks
	cancel context.CancelCauseFunc

	// gate is held for reading while a task is handed over, so that closing is no race:
	// what was accepted is in the queue before the queue is closed.
	gate      sync.RWMutex
	closed    bool          // guarded by gate
	closing   chan struct{} // closed before closed is set: lets waiting submitters go
	closeOnce sync.Once

	waiting atomic.Int64  // those who wait for room in the queue, or for a task's result
	turns   sync.Mutex    // guards the workers' turns
	stirred chan struct{} // closed when a turn may be had; nil: nobody has asked; guarded by turns

	running sync.WaitGroup // workers, and tasks that run inline
	done    chan struct{}  // closed at the end: drained or given up
	endOnce sync.Once
	result  error // of Shutdown; guarded by done
}

// New returns a Pool and starts its workers. It panics with all that is wrong with cfg.
func New(cfg Config) *Pool {
	cfg, err := cfg.checked()
	if err != nil {
		panic(err.Error())
	}
	p := &Pool{
		onPanic: cfg.OnPanic,
		tasks:   make(chan *task, cfg.Queue),
		workers: cfg.Workers,
		closing: make(chan struct{}),
		done:    make(chan struct{}),
	}
	p.life, p.cancel = context.WithCancelCause(context.Background())
	p.running.Add(cfg.Workers)
	for range cfg.Workers {
		go p.work()
	}
	return p
}

// Go hands fn to the pool. While the queue is full it waits, no longer than ctx; the error is
// then ctx's, or [ErrClosed] if the pool is shut down. With room in the queue fn is accepted
// even if ctx is done. What was accepted runs, or is counted by [Pool.Shutdown].
//
// fn gets ctx's trace and values with the pool's lifetime: it does not end with ctx, but with
// a Shutdown that runs out of time. Until fn has run, the queue keeps alive all that ctx
// refers to; submit with [trace.Only] what may wait long.
//
// A task that submits to its own pool may find the queue full of work that waits for it to
// return. Then fn runs at once, in place of the task, and Go returns when it has: no more tasks
// run than there are workers, and a task waits for no worker. The same holds while the task
// waits in [Future.Wait] or [Group.Wait] for work of another pool that submits here. Everybody
// else waits for room, whatever context they use. That includes goroutines that a task has started
// itself, by a go statement, an errgroup, or with Wrap and WrapErr: a task must not wait for one
// that submits to the task's own pool, unless by a [Group].
//
// The pool looks at the goroutine that calls. It takes the trouble where ctx comes from a task,
// so submit with a task's context, not with [trace.Only] of it.
//
// Two pools whose tasks submit to each other with Go, and do not wait for the results, can fill
// up and wait for each other for ever: pools cannot be bounded and free of that. Use
// [Pool.TryGo] in one direction. A task that submits itself again to a queue that stays full
// runs in itself, deeper each time: leave it room, or use TryGo.
//
// A task may submit itself again with its own context, for ever: see the package comment.
func (p *Pool) Go(ctx context.Context, fn func(ctx context.Context)) error {
	p.mustBeMade("Pool.Go")
	check("Pool.Go", ctx, fn != nil)
	return p.submit(ctx, p.newTask(ctx, fn))
}

// TryGo is [Pool.Go] without the waiting: it reports whether the pool took fn. It is false
// when the queue is full or the pool is shut down. It never runs fn inline. A task that has run in
// place of one that waits for it keeps its room in the queue until a worker gets there.
func (p *Pool) TryGo(ctx context.Context, fn func(ctx context.Context)) bool {
	p.mustBeMade("Pool.TryGo")
	check("Pool.TryGo", ctx, fn != nil)
	t := p.newTask(ctx, fn)
	p.gate.RLock()
	defer p.gate.RUnlock()
	return !p.closed && p.offer(t)
}

func (p *Pool) mustBeMade(name string) {
	if p == nil || p.tasks == nil {
		panic("workerpool: " + name + ": nil or zero Pool, make it with New")
	}
}

// offer puts t into the queue if there is room. The gate is held and open.
func (p *Pool) offer(t *task) bool {
	select {
	case p.tasks <- t:
		return true
	default:
		return false
	}
}

func (p *Pool) submit(ctx context.Context, t *task) error {
	p.gate.RLock()
	if p.closed {
		p.gate.RUnlock()
		return ErrClosed
	}
	if p.offer(t) {
		p.gate.RUnlock()
		return nil
	}
	w := p.begin(ctx, origin{})
	if !w.known {
		err := p.waitForRoom(ctx, t, nil)
		p.gate.RUnlock()
		w.end()
		return err
	}
	defer w.end() // when the gate is open: it may wait
	accept := func() bool {
		p.running.Add(1)
		p.gate.RUnlock()
		return true
	}
	for {
		stirs := w.stirs() // before the look: what comes after it is not missed
		if w.tryRun(t, accept) {
			return nil
		}
		if err := p.waitForRoom(ctx, t, stirs); err != errStirred {
			p.gate.RUnlock()
			return err
		}
	}
}

var errStirred = errors.New("") // stays here

func (p *Pool) waitForRoom(ctx context.Context, t *task, stirs <-chan struct{}) error {
	select {
	case p.tasks <- t:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-p.closing:
		return ErrClosed
	case <-stirs:
		return errStirred
	}
}

func (p *Pool) work() {
	if goroutine.LabelsWanted() { // takes off the labels of the goroutine that made the pool
		pprof.SetGoroutineLabels(context.Background())
	}
	w := p.enter()
	returned := false
	defer func() {
		if !returned && goroutine.Panicking() {
			return
		}
		w.leave()
		if returned {
			p.running.Done()
		} else {
			go p.work() // a task ended this goroutine with runtime.Goexit
		}
	}()
	for t := range p.tasks {
		if t.claim() {
			w.task = t
			t.run()
			w.task = nil
		}
	}
	returned = true
}
