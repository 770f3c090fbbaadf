// Package guard is where the other packages meet tracetest.Guard: while none is on, for the price of
// a load.
package guard

import (
	"context"
	"runtime"
	"sync/atomic"
)

// Guard is what tracetest.Guard does. Its functions are safe for concurrent use.
type Guard struct {
	// Traced returns ctx, in which a trace has begun, marked: the goroutine that runs under its labels
	// owes a trace, and so do those that it starts.
	Traced func(ctx context.Context) context.Context

	// Handed returns ctx, with which a task is handed to another goroutine, marked if this goroutine is.
	Handed func(ctx context.Context) context.Context

	// Descends reports whether this goroutine is marked.
	Descends func() bool

	// Lost is told of a log line or a request without a trace, and how its place is found.
	Lost func(what string, place func() runtime.Frame)
}

var current atomic.Pointer[Guard]

// Current returns the Guard that is on; nil: none is.
func Current() *Guard { return current.Load() }

// Set turns g on, in place of old, and reports whether that was the one that was on.
func Set(g, old *Guard) bool { return current.CompareAndSwap(old, g) }

// Handed is Guard.Handed, if one is on.
func Handed(ctx context.Context) context.Context {
	if g := current.Load(); g != nil {
		return g.Handed(ctx)
	}
	return ctx
}
