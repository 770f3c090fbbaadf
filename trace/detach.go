package trace

import (
	"context"
	"time"

	"example.com/clew/internal/seam"
)

// Detach returns a context with ctx's trace and all its other values, but without its
// cancellation and deadline. It is for work that outlives the request. All that ctx refers to
// stays in memory until that work ends. For work that waits long, see [Only]. If ctx is detached
// already, Detach returns ctx itself, so that a loop that detaches its context each time does not
// make a growing chain of contexts.
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

// The type detached hides the deadline and the cancellation of the context that it embeds.
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

// isDetached reports whether ctx has no deadline and no cancellation, now and later. It
// recognizes only our own contexts and context.Background(). Do not use ctx's Done, Deadline and
// Err instead: another library's context may change its answers, as *gin.Context does when its
// request is replaced.
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
