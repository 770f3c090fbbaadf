package workerpool

import (
	"context"
	"fmt"
	"os"
	"runtime/pprof"

	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/mark"
	"example.com/clew/trace"
)

// Go runs fn in a goroutine that nobody waits for: with ctx's trace and values, without its
// cancellation and deadline, so that it may outlive the request. All that ctx's values refer to,
// the request too if a value holds it, lives until fn returns; see [trace.Only]. ctx must not be
// one that a framework uses again for another request, as *gin.Context is: take the request's
// from it.
func Go(ctx context.Context, fn func(ctx context.Context)) {
	check("Go", ctx, fn != nil)
	go run(trace.Detach(goroutine.Handed(ctx)), fn)
}

// Wrap returns fn as a function without parameters that runs it as [Go] would, in whatever
// goroutine it is called: for what nobody waits for, such as ants, pond or time.AfterFunc.
// It may be called many times, and concurrently if fn may. As with Go, ctx's values live as
// long as the function does.
func Wrap(ctx context.Context, fn func(ctx context.Context)) func() {
	check("Wrap", ctx, fn != nil)
	ctx = trace.Detach(goroutine.Handed(ctx))
	return func() { run(ctx, fn) }
}

// WrapErr returns fn as a function without parameters that runs it under ctx itself, with
// its cancellation and deadline: for what is waited for, such as errgroup or conc. In a task of a
// Pool whose functions submit to that pool, use a [Group] instead: see [Pool.Go].
func WrapErr(ctx context.Context, fn func(ctx context.Context) error) func() error {
	check("WrapErr", ctx, fn != nil)
	ctx = goroutine.Handed(ctx)
	return func() error { return runErr(ctx, fn) }
}

// check panics on what only a programmer's error can bring.
func check(name string, ctx context.Context, fn bool) {
	if ctx == nil {
		panic("workerpool: " + name + ": nil context")
	}
	if !fn {
		panic("workerpool: " + name + ": nil function")
	}
}

func run(ctx context.Context, fn func(ctx context.Context)) {
	labelled, after := goroutine.LabelsWanted(), context.Background()
	if labelled {
		after = afterwards(after)
		pprof.SetGoroutineLabels(ctx)
	}
	returned := false
	defer func() {
		if !returned && goroutine.Panicking() {
			report(ctx) // with the labels on: the runtime's own report may show them
		} else if labelled {
			pprof.SetGoroutineLabels(after)
		}
	}()
	call(ctx, fn)
	returned = true
}

// call calls fn with ctx. Once anybody looks for marks it has one: else a task that is run in the
// goroutine of another request would be taken for that request's. Nothing here looks for one.
func call(ctx context.Context, fn func(ctx context.Context)) {
	if !mark.IsOn() {
		fn(ctx)
		return
	}
	_, traced := trace.FromContext(ctx)
	mark.Run(&mark.Call{Ctx: ctx, Fn: fn}, traced)
}

// afterwards returns ctx as one whose labels this goroutine has after a task: it may be that of
// a request, which a guard watches, and nothing but a guard can tell what labels a goroutine
// has.
func afterwards(ctx context.Context) context.Context {
	if g := goroutine.CurrentGuard(); g != nil && g.Descends() {
		return g.Traced(ctx)
	}
	return ctx
}

// unlabel takes a task's profiler labels off a goroutine that may be used again.
func unlabel() { pprof.SetGoroutineLabels(context.Background()) }

func runErr(ctx context.Context, fn func(ctx context.Context) error) (err error) {
	run(ctx, func(ctx context.Context) { err = fn(ctx) })
	return err
}

// report says whose panic it is that is about to end the program.
func report(ctx context.Context) {
	if id := trace.ID(ctx); id != "" {
		fmt.Fprintf(os.Stderr, "workerpool: panic in trace %s\n", id)
	}
}
