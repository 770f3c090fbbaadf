package workerpool

import (
	"context"

	"example.com/clew/internal/goroutine"
	"example.com/clew/trace"
)

// Go runs fn in a goroutine that nobody waits for. fn's context has ctx's trace and values, but
// not its cancellation and deadline, so that fn may outlive the request. Everything that ctx's
// values refer to stays in memory until fn returns, even the request if a value holds it. Use
// [trace.Only] to keep less. ctx must not be a context that a framework reuses for another
// request, such as *gin.Context: pass the request's own context instead.
func Go(ctx context.Context, fn func(ctx context.Context)) {
	check("Go", ctx, fn != nil)
	go run(trace.Detach(goroutine.Handed(ctx)), nil, fn)
}

// Wrap returns fn as a function without parameters. The function runs fn as [Go] would, but in the
// goroutine that calls the function. Use Wrap where nobody waits, for instance with ants, pond or
// time.AfterFunc. The function may be called many times, and concurrently if fn may. ctx's values
// stay in memory as long as the function.
func Wrap(ctx context.Context, fn func(ctx context.Context)) func() {
	check("Wrap", ctx, fn != nil)
	ctx = trace.Detach(goroutine.Handed(ctx))
	return func() { run(ctx, nil, fn) }
}

// WrapErr returns fn as a function without parameters. The function runs fn under ctx itself, with
// its cancellation and deadline. Use WrapErr where somebody waits, for instance with errgroup or
// conc. If a task of a Pool waits for functions that submit to the same Pool, use a [Group]
// instead: see [Pool.Go].
func WrapErr(ctx context.Context, fn func(ctx context.Context) error) func() error {
	check("WrapErr", ctx, fn != nil)
	ctx = goroutine.Handed(ctx)
	return func() error { return runErr(ctx, fn) }
}

// check panics if ctx is nil or given is false. The parameter given reports whether the caller
// passed a function. The parameter name is the called function's name, for the message.
func check(name string, ctx context.Context, given bool) {
	if ctx == nil {
		panic("workerpool: " + name + ": nil context")
	}
	if !given {
		panic("workerpool: " + name + ": nil function")
	}
}
