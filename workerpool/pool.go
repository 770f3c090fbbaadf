package workerpool

import (
	"context"
	"errors"
	"runtime/pprof"
	"sync"
	"sync/atomic"

	"example.com/clew/internal/goroutine"
)

// ErrClosed is returned by [Pool.Go] and by futures when the pool was shut down before the task
// ran. If the pool has canceled a task's context, [context.Cause] of that context is ErrClosed.
var ErrClosed = errors.New("workerpool: pool is shut down")

// Pool runs tasks on a fixed number of goroutines, with a bounded queue. Make it with [New], and
// end it with [Pool.Shutdown]. Its methods are safe for concurrent use. The methods of a nil or
// zero Pool panic.
type Pool struct {
	onPanic func(ctx context.Context, value any, stack []byte)
	tasks   chan *task
	workers int

	life   context.Context // the lifetime of the tasks
	cancel context.CancelCauseFunc

	// gate is held for reading while a task is handed over. So an accepted task is in the queue
	// before the queue is closed.
	gate      sync.RWMutex
	closed    bool          // guarded by gate
	closing   chan struct{} // Shutdown closes it to wake waiting submitters, then sets closed
	closeOnce sync.Once

	waiting atomic.Int64  // goroutines that wait for room in the queue or for a result
	turns   sync.Mutex    // guards the workers' turns
	woken   chan struct{} // closed when a turn may be free; nil: nobody waits; guarded by turns

	running sync.WaitGroup // workers, and tasks that run inline
	done    chan struct{}  // closed when the pool is drained or given up
	endOnce sync.Once
	result  error // the result of Shutdown; set before done is closed
}

// New returns a Pool and starts its workers. If cfg is wrong, New panics with a message that names
// all faults.
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

// Go hands fn to the pool. While the queue is full, Go waits for room until ctx ends. The error is
// ctx's, or [ErrClosed] if the pool is shut down. With room in the queue, fn is accepted even if
// ctx is done. An accepted task runs, or [Pool.Shutdown] counts it as not run.
//
// fn's context has ctx's trace and values, and the pool's lifetime: fn's context is canceled if
// Shutdown runs out of time, but not when ctx ends. Until fn has run, the queue keeps in memory
// all that ctx refers to. Use [trace.Only] for tasks that may wait long.
//
// A task that waited for room in its own pool could wait for ever, since the queued work may wait
// for the task to return. So if a task calls Go and the queue is full, fn runs at once, in place
// of the task, and Go returns when fn has returned. No more tasks run at once than there are
// workers, and no task waits for a worker. A task may also wait in [Future.Wait] or [Group.Wait]
// for work of another pool, and that work may submit to the task's pool. In this case too, fn runs
// at once, in place of the waiting task.
//
// All other goroutines wait for room, whatever context they use. That includes goroutines that a
// task has started itself, by a go statement, an errgroup, or with Wrap and WrapErr. A task must
// not wait for such a goroutine if the goroutine submits to the task's own pool; use a [Group].
//
// To run fn in place of a task, the pool must find out that the calling goroutine runs a task. The
// check takes time, so the pool may skip it if ctx does not come from a task. So submit with the
// task's context, and not with [trace.Only] of it.
//
// Two pools whose tasks submit to each other with Go, and do not wait for the results, can fill up
// and wait for each other for ever. All bounded pools have this problem. Use [Pool.TryGo] in one
// direction. If a task submits itself again while the queue stays full, each run is nested in the
// one before: keep room in the queue, or use TryGo.
//
// A task may submit itself again with its own context, for ever: see the package comment.
func (p *Pool) Go(ctx context.Context, fn func(ctx context.Context)) error {
	p.mustBeMade("Pool.Go")
	check("Pool.Go", ctx, fn != nil)
	return p.submit(ctx, p.newTask(ctx, fn))
}

// TryGo is like [Pool.Go], but never waits and never runs fn inline. It reports whether the pool
// accepted fn. The result is false if the queue is full or the pool is shut down. A queued task
// may already have run, in place of a task that waits for it. Such a task still takes up room in
// the queue, until a worker skips it.
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

// offer puts t into the queue if there is room. The caller holds gate, and closed is false.
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
	defer w.end() // deferred until the gate is unlocked, since end may wait
	accept := func() bool {
		p.running.Add(1)
		p.gate.RUnlock()
		return true
	}
	for {
		woken := w.nextWake() // before tryRun looks, so that a wake meanwhile is not missed
		if w.tryRun(t, accept) {
			return nil
		}
		if err := p.waitForRoom(ctx, t, woken); err != errWoken {
			p.gate.RUnlock()
			return err
		}
	}
}

var errWoken = errors.New("") // submit never returns it

func (p *Pool) waitForRoom(ctx context.Context, t *task, woken <-chan struct{}) error {
	select {
	case p.tasks <- t:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-p.closing:
		return ErrClosed
	case <-woken:
		return errWoken
	}
}

func (p *Pool) work() {
	if goroutine.LabelsWanted() { // else the worker keeps the labels of New's caller
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
