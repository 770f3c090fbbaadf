package workerpool

import (
	"context"
	"fmt"
)

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
	p.mustBeMade("Pool.Shutdown")
	check("Pool.Shutdown", ctx, true)
	p.closeOnce.Do(func() {
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
	p.endOnce.Do(func() {
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
