package workerpool

import (
	"context"
	"time"
)

// endedLike returns a context that has ended with the error and the cause of ctx, and that has the
// deadline of the context timed. It keeps neither ctx nor timed in memory.
func endedLike(ctx, timed context.Context) context.Context {
	done, cancel := context.WithCancelCause(context.Background())
	cancel(context.Cause(ctx))
	deadline, ok := timed.Deadline()
	return &ended{done, ctx.Err(), deadline, ok}
}

type ended struct {
	context.Context
	err      error
	deadline time.Time
	set      bool
}

func (e *ended) Deadline() (time.Time, bool) { return e.deadline, e.set }

func (e *ended) Err() error { return e.err }

// canceled is a context that was canceled.
var canceled = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()
