package workerpool

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"

	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/seam"
)

// ErrClosed is returned by [Pool.Go] and by futures when the pool was shut down before the
// task ran. It is also the cause of the contexts of tasks that a pool canceled.
var ErrClosed = errors.New("workerpool: pool is shut down")

// Config is the configuration of a [Pool]. The zero value is ready to use. A negative number
// panics.
type Config struct {
	Workers int // how many tasks run at once; 0: GOMAXPROCS
	Queue   int // how many more may wait; 0: 1,024

	// OnPanic, if set, is called with a panic of a task, which then ends only that task. It
	// gets the task's context, the value given to panic and the stack, runs in the worker's
	// goroutine and must be safe for concurrent use. Nil: a panic ends the program.
	OnPanic func(ctx context.Context, value any, stack []byte)
}

const defaultQueue = 1024

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
	gate    sync.RWMutex
	closed  bool          // guarded by gate
	closing chan struct{} // closed before closed is set: lets waiting submitters go
	once    sync.Once     // for closing

	waiting atomic.Int64  // those who wait for room in the queue, or for a task's result
	turns   sync.Mutex    // guards the workers' turns
	stirred chan struct{} // closed when a turn may be had; nil: nobody has asked; guarded by turns

	running sync.WaitGroup // workers, and tasks that run inline
	done    chan struct{}  // closed at the end: drained or given up
	end     sync.Once
	result  error // of Shutdown; guarded by done
}

// task is a task in the queue, and its own context: the values are the submitter's, the
// lifetime is the pool's. One allocation for all of it.
type task struct {
	link
	values  context.Context
	fn      func(ctx context.Context)
	fail    func(error) // told why fn did not return; nil: nobody asks
	claimed atomic.Bool // of a task with a Future: it has begun, or never will
}

func (t *task) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }

func (t *task) Done() <-chan struct{} { return t.pool.life.Done() }

func (t *task) Err() error { return t.pool.life.Err() }

// Value answers package context, which looks for its canceler, with the pool's: with the
// submitter's answer, context.Cause in a task would be the request's, and each timeout derived
// there would cost a goroutine, through any number of contexts in between. (A method AfterFunc
// on task would help only contexts derived from it directly.)
func (t *task) Value(key any) any {
	switch key {
	case seam.CancelerKey:
		return t.pool.life.Value(key)
	case taskKey{}:
		return t
	}
	return t.values.Value(key)
}

func (t *task) Values() context.Context { return t.values }

func (t *task) Over(values context.Context) context.Context {
	return &carried{t.pool.life, values, fromTask{}}
}

func (t *task) Detached() context.Context { return outlive(t) }

// claim reports whether the caller is to run t, or to say that it will not run.
func (t *task) claim() bool {
	return t.fail == nil || t.claimed.CompareAndSwap(false, true)
}

// New returns a Pool and starts its workers. It panics if cfg has a negative number.
func New(cfg Config) *Pool {
	if cfg.Workers < 0 {
		panic(fmt.Sprintf("workerpool: New: Config.Workers is %d", cfg.Workers))
	}
	if cfg.Queue < 0 {
		panic(fmt.Sprintf("workerpool: New: Config.Queue is %d", cfg.Queue))
	}
	if cfg.Workers == 0 {
		cfg.Workers = runtime.GOMAXPROCS(0)
	}
	if cfg.Queue == 0 {
		cfg.Queue = defaultQueue
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
	p.made("Pool.Go")
	check("Pool.Go", ctx, fn != nil)
	values := valuesOf(ctx)
	// Not goroutine.Handed, here and in TryGo: it is not inlined, which each task would pay for.
	if g := goroutine.CurrentGuard(); g != nil {
		values = g.Handed(values)
	}
	t := &task{link: link{pool: p}, values: values, fn: fn}
	return p.submit(ctx, t)
}

// TryGo is [Pool.Go] without the waiting: it reports whether the pool took fn. It is false
// when the queue is full or the pool is shut down. It never runs fn inline. A task that has run in
// place of one that waits for it keeps its room in the queue until a worker gets there.
func (p *Pool) TryGo(ctx context.Context, fn func(ctx context.Context)) bool {
	p.made("Pool.TryGo")
	check("Pool.TryGo", ctx, fn != nil)
	values := valuesOf(ctx)
	if g := goroutine.CurrentGuard(); g != nil {
		values = g.Handed(values)
	}
	t := &task{link: link{pool: p}, values: values, fn: fn}
	p.gate.RLock()
	defer p.gate.RUnlock()
	return !p.closed && p.offer(t)
}

func (p *Pool) made(name string) {
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
		if w.run(t, accept) {
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
	if goroutine.LabelsWanted() { // those of whoever made the pool
		unlabel()
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
			p.run(t)
			w.task = nil
		}
	}
	returned = true
}

func (p *Pool) run(t *task) {
	fn := t.fn
	t.fn = nil // contexts derived in the task may live on; the function need not
	labelled := goroutine.LabelsWanted()
	if labelled {
		pprof.SetGoroutineLabels(t)
	}
	returned := false
	defer func() {
		switch {
		case returned:
		case !goroutine.Panicking():
			t.failed(errGoexit)
		case p.onPanic == nil:
			report(t)
			return // with the labels on: the runtime's own report may show them
		default:
			stack := debug.Stack()
			v := recover()
			t.failed(fmt.Errorf("workerpool: task panicked: %v", v))
			call(t, func(ctx context.Context) { p.onPanic(ctx, v, stack) })
		}
		if labelled {
			unlabel()
		}
	}()
	call(t, fn)
	returned = true
}

var errGoexit = errors.New("workerpool: task called runtime.Goexit")

func (t *task) failed(err error) {
	if t.fail != nil {
		t.fail(err)
	}
}

// ShutdownError is what [Pool.Shutdown] returns when its context ended first.
type ShutdownError struct {
	NotRun int   // tasks that were accepted and will never run
	Err    error // the context's
}

func (e *ShutdownError) Error() string {
	return fmt.Sprintf("workerpool: shutdown: %v; %d tasks not run", e.Err, e.NotRun)
}

// Unwrap returns e.Err.
func (e *ShutdownError) Unwrap() error { return e.Err }

// Shutdown closes the pool for new tasks, waits until the accepted ones have run, and returns
// nil: then no goroutine of the pool is left. If ctx ends first, the contexts of running tasks
// are canceled, tasks that have not begun are thrown away, and a *[ShutdownError] says how
// many; it does not wait for tasks that run on regardless. A ctx that has ended already gives
// up at once, idle pool or not.
//
// Main's own context is no use here, if a signal has ended it by then:
//
//	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
//	defer cancel()
//	if err := pool.Shutdown(ctx); err != nil {
//		log.Print(err) // how many tasks were not run
//	}
//
// Called again, or concurrently, it waits for the same end and returns the same result; the
// context that ends first counts. A task must not call it: it would wait for itself.
func (p *Pool) Shutdown(ctx context.Context) error {
	p.made("Pool.Shutdown")
	check("Pool.Shutdown", ctx, true)
	p.once.Do(func() {
		close(p.closing) // before the lock, which waits for the submitters that wait for room
		p.gate.Lock()
		p.closed = true
		p.gate.Unlock()
		close(p.tasks)
		go func() { // ends with the last task
			p.running.Wait()
			p.finish(nil)
		}()
	})
	select {
	case <-p.done:
	case <-ctx.Done():
		p.finish(ctx.Err())
	}
	return p.result
}

// finish ends the pool: drained if err is nil, else given up.
func (p *Pool) finish(err error) {
	p.end.Do(func() {
		if err != nil {
			given := &ShutdownError{Err: err}
			// A worker that takes a task from here on still runs it: each task is either
			// run or counted.
			for t := range p.tasks {
				if t.claim() {
					given.NotRun++
					t.failed(ErrClosed)
				}
			}
			p.result = given
		}
		p.cancel(ErrClosed) // after the queue is empty: a worker set free by it must not begin another task
		close(p.done)
	})
}
