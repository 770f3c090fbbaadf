package workerpool

import (
	"context"
	"fmt"
	"os"
	"runtime/debug"
	"runtime/pprof"

	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/mark"
	"example.com/clew/trace"
)

// run calls fn with ctx, and under ctx's profiler labels if anybody looks at labels. t is
// fn's task if a Pool runs it, or nil.
func run(ctx context.Context, t *task, fn func(ctx context.Context)) {
	var restore context.Context // the context whose labels to restore; nil: nobody looks at labels
	if goroutine.LabelsWanted() {
		restore = context.Background()
		if t == nil { // a Pool's goroutine has no labels of its own
			restore = labelsToRestore(restore)
		}
		pprof.SetGoroutineLabels(ctx)
	}
	returned := false
	defer func() {
		if !returned {
			switch {
			case !goroutine.Panicking():
				t.failed(errGoexit)
			case !t.survivesPanic():
				report(ctx)
				return // the labels stay set: the runtime's report of the panic may show them
			default:
				stack := debug.Stack()
				t.panicked(recover(), stack)
			}
		}
		if restore != nil {
			pprof.SetGoroutineLabels(restore)
		}
	}()
	call(ctx, fn)
	returned = true
}

func runErr(ctx context.Context, fn func(ctx context.Context) error) (err error) {
	run(ctx, nil, func(ctx context.Context) { err = fn(ctx) })
	return err
}

// call runs fn with ctx. If anybody looks for marks, it also marks the stack. Without a mark, a
// task that runs in another request's goroutine would be taken for a part of that request. This
// package itself looks for no mark.
func call(ctx context.Context, fn func(ctx context.Context)) {
	if !mark.IsOn() {
		fn(ctx)
		return
	}
	_, traced := trace.FromContext(ctx)
	mark.Run(&mark.Call{Ctx: ctx, Fn: fn}, traced)
}

// labelsToRestore returns the context whose labels to restore after a task: ctx, or, in a
// goroutine that a guard watches, ctx with the guard's label. Only the guard knows which labels a
// goroutine has.
func labelsToRestore(ctx context.Context) context.Context {
	if g := goroutine.CurrentGuard(); g != nil && g.Descends() {
		return g.Traced(ctx)
	}
	return ctx
}

// report writes the trace ID of ctx to standard error. A panic in ctx's task is about to end the
// program.
func report(ctx context.Context) {
	if id := trace.ID(ctx); id != "" {
		fmt.Fprintf(os.Stderr, "workerpool: panic in trace %s\n", id)
	}
}
