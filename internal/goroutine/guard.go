// Package goroutine tells what clew must know about the goroutine that asks: its number, its
// profiler labels, the place in the user's code where it stands, whether it panics, and whether
// tracetest.Guard expects a trace of it.
//
// Packages httpclient, httpmw, logctx, tracetest and workerpool import it. It is a package of its
// own because it knows nothing of traces: it needs the standard library only.
package goroutine

import (
	"context"
	"runtime"
	"sync/atomic"
)

// Guard is what tracetest.Guard does, for the packages that must not import it. Its functions are
// safe for concurrent use.
type Guard struct {
	// Traced returns ctx, in which a trace has begun, with a mark: the goroutine that runs under
	// its labels owes a trace, and so does each goroutine that it starts.
	Traced func(ctx context.Context) context.Context

	// Handed returns ctx, with which a task is handed to another goroutine. The result has the
	// mark if this goroutine has it.
	Handed func(ctx context.Context) context.Context

	// Descends reports whether this goroutine has the mark.
	Descends func() bool

	// Lost is called for a log line or a request without a trace. Place finds its place.
	Lost func(what string, place func() runtime.Frame)
}

var current atomic.Pointer[Guard]

// CurrentGuard returns the Guard that is on, or nil. It costs a load.
func CurrentGuard() *Guard { return current.Load() }

// SetGuard turns g on in place of old, and reports whether old was on. Nil stands for no Guard.
func SetGuard(g, old *Guard) bool { return current.CompareAndSwap(old, g) }

// Handed returns what the current Guard's Handed returns for ctx, or ctx if no Guard is on.
func Handed(ctx context.Context) context.Context {
	if g := current.Load(); g != nil {
		return g.Handed(ctx)
	}
	return ctx
}
