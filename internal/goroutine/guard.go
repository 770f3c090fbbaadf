// Package goroutine returns facts about the calling goroutine: its number, its profiler labels,
// its place in the user's code, whether it panics, and whether tracetest.Guard expects it to have
// a trace.
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
	// Traced returns ctx with a mark. It is called when a trace has begun in ctx. A goroutine that
	// runs under the labels of the result must have a trace, and so must each goroutine that it
	// starts.
	Traced func(ctx context.Context) context.Context

	// Handed is called when a task with ctx is handed to another goroutine. It returns ctx, with
	// the mark if ctx has a trace or this goroutine has the mark.
	Handed func(ctx context.Context) context.Context

	// Descends reports whether this goroutine has the mark.
	Descends func() bool

	// Lost is called for a log line or a request without a trace. The function place returns
	// where in the user's code the line or the request is.
	Lost func(what string, place func() runtime.Frame)
}

var current atomic.Pointer[Guard]

// CurrentGuard returns the Guard that is on, or nil. It costs one atomic load.
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
