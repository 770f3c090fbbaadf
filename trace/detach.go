package trace

import (
	"context"
	"time"

	"example.com/clew/internal/seam"
)

// Detach returns a context with ctx's trace and all its other values, but without its cancellation
// and deadline: for work that outlives the request. All that ctx refers to stays alive as long as
// that work. For work that waits long, see [Only]. Detach returns a detached context as it is: a
// loop that detaches the context of the turn before makes no chain.
func Detach(ctx context.Context) context.Context {
	if ctx == nil {
		ctx = context.Background()
	}
	if l, ok := ctx.(seam.Lifetime); ok {
		return l.Detached()
	}
	if isDetached(ctx) {
		return ctx
	}
	return &detached{ctx}
}

// detached hides the lifetime of the context under it.
type detached struct{ context.Context }

func (*detached) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }

func (*detached) Done() <-chan struct{} { return nil }

func (*detached) Err() error { return nil }

func (d *detached) Value(key any) any {
	if key == seam.CancelerKey { // for context.Cause
		return nil
	}
	return d.Context.Value(key)
}

// isDetached reports whether ctx has no lifetime and never will. It knows only our own contexts.
// Do not ask Done, Deadline and Err instead: another library's context may have no lifetime now
// and one later, as *gin.Context has after its request was replaced.
func isDetached(ctx context.Context) bool {
	ctx = below(ctx)
	if ctx == context.Background() {
		return true
	}
	if l, ok := ctx.(seam.Lifetime); ok {
		return l.Detached() == ctx
	}
	_, ok := ctx.(*detached)
	return ok
}
