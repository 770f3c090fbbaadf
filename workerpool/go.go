package workerpool

import (
	"context"

	"example.com/clew/internal/goroutine"
	"example.com/clew/trace"
)

// Go runs fn in a goroutine that nobody waits for: with ctx's trace and values, and without its
// cancellation and deadline, so that fn may outlive the request. Everything that ctx's values
// refer to lives until fn returns, the request too if a value holds it; see [trace.Only]. ctx must
// not be one that a framework uses again for another request, as *gin.Context is: take the
// request's context from it.
func Go(ctx context.Context, fn func(ctx context.Context)) {
	check("Go", ctx, fn != nil)
	go run(trace.Detach(goroutine.Handed(ctx)), nil, fn)
}

// Wrap returns fn as a function without parameters, which runs fn as [Go] would, in the goroutine
// that calls it. Use it where nobody waits, with ants, pond or time.AfterFunc for instance. The
// function may be called many times, and concurrently if fn may. ctx's values live as long as the
// function does.
func Wrap(ctx context.Context, fn func(ctx context.Context)) func() {
	check("Wrap", ctx, fn != nil)
	ctx = trace.Detach(goroutine.Handed(ctx))
	return func() { run(ctx, nil, fn) }
}

// WrapErr returns fn as a function without parameters, which runs fn under ctx itself, with its
// cancellation and deadline. Use it where somebody waits, with errgroup or conc for instance. In a
// task of a Pool whose functions submit to that pool, use a [Group] instead: see [Pool.Go].
func WrapErr(ctx context.Context, fn func(ctx context.Context) error) func() error {
	check("WrapErr", ctx, fn != nil)
	ctx = goroutine.Handed(ctx)
	return func() error { return runErr(ctx, fn) }
}

// check panics if a caller of the function name has passed nil.
func check(name string, ctx context.Context, fn bool) {
	if ctx == nil {
		panic("workerpool: " + name + ": nil context")
	}
	if !fn {
		panic("workerpool: " + name + ": nil function")
	}
}
