package workerpool

import (
	"context"
	"fmt"
)

// ShutdownError is the error that [Pool.Shutdown] returns if its context ends before all tasks
// have run.
type ShutdownError struct {
	NotRun int   // tasks that were accepted and will never run
	Err    error // the error of Shutdown's context
}

func (e *ShutdownError) Error() string {
	return fmt.Sprintf("workerpool: shutdown: %v; %d tasks not run", e.Err, e.NotRun)
}

// Unwrap returns e.Err.
func (e *ShutdownError) Unwrap() error { return e.Err }

// Shutdown closes the pool for new tasks and waits until the accepted ones have run. Then it
// returns nil, and no goroutine of the pool is left. If ctx ends first, Shutdown cancels the
// contexts of running tasks, throws away tasks that have not begun, and returns a *[ShutdownError]
// with their number. It does not wait for tasks that still run. If ctx has ended before the call,
// Shutdown gives up at once, even if the pool is idle.
//
// So do not use main's own context, which a signal may have canceled by then:
//
//	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
//	defer cancel()
//	if err := pool.Shutdown(ctx); err != nil {
//		log.Print(err) // how many tasks were not run
//	}
//
// All calls of Shutdown, concurrent calls too, wait for the same end and return the same result.
// The first of their contexts that ends makes Shutdown give up. A task must not call Shutdown: it
// would wait for itself.
func (p *Pool) Shutdown(ctx context.Context) error {
	p.mustBeMade("Pool.Shutdown")
	check("Pool.Shutdown", ctx, true)
	p.closeOnce.Do(func() {
		close(p.closing) // first: Lock waits for submitters, and they wait for room
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

// finish ends the pool. If err is nil, the pool is drained. Otherwise Shutdown gives up, and err
// is the reason.
func (p *Pool) finish(err error) {
	p.endOnce.Do(func() {
		if err != nil {
			lost := &ShutdownError{Err: err}
			// A worker that takes a task from now on still runs it: each task is either run or
			// counted.
			for t := range p.tasks {
				if t.claim() {
					lost.NotRun++
					t.failed(ErrClosed)
				}
			}
			p.result = lost
		}
		// Cancel only when the queue is empty: a worker whose task ends by this cancellation must
		// not begin another task.
		p.cancel(ErrClosed)
		close(p.done)
	})
}
