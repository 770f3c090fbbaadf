package workerpool

import (
	"context"

	"example.com/clew/internal/seam"
	"example.com/clew/trace"
)

// named is a context that gives a name to the jobs that are scheduled with it. Its first fields
// are the fields that a context of context.WithValue has, because some programs read them by
// reflection: see the type node in package trace.
//
// In a task, the context of the task wraps named, since a task wraps the submitter's values.
// Elsewhere named stays the outermost context: it is a seam.Lifetime, so that trace can put a new
// root or a detached context inside of it.
type named struct {
	context.Context
	key, val any // nameKey{} and the named itself
	name     string
}

type nameKey struct{}

var _ seam.Lifetime = (*named)(nil)

func newNamed(ctx context.Context, name string) *named {
	n := &named{Context: ctx, key: nameKey{}, name: name}
	n.val = n
	return n
}

func (n *named) Value(key any) any {
	if key == n.key {
		return n
	}
	return n.Context.Value(key)
}

func (n *named) Values() context.Context { return n.Context }

func (n *named) Over(values context.Context) context.Context { return newNamed(values, n.name) }

func (n *named) Detached() context.Context {
	if detached := trace.Detach(n.Context); detached != n.Context {
		return newNamed(detached, n.name)
	}
	return n
}

// takeName returns ctx without its name, and the name. The name is nil if ctx has none.
//
// If the name is the outermost context, or the outermost context of ctx's values, takeName removes
// it. Otherwise, if each run scheduled the next run under a name, their contexts would become a
// chain. If the name is further inside, takeName hides it. Logged has removed or hidden any other
// names.
func takeName(ctx context.Context) (context.Context, *named) {
	n, _ := ctx.Value(nameKey{}).(*named)
	switch {
	case n == nil:
		return ctx, nil
	case ctx == n:
		return n.Context, n
	case valuesOf(ctx) == n:
		return withValues(ctx, n.Context), n
	}
	return withValues(ctx, context.WithValue(valuesOf(ctx), nameKey{}, nil)), n
}

// withValues returns a context with the given values. It has the lifetime of ctx if ctx is a
// seam.Lifetime.
func withValues(ctx, values context.Context) context.Context {
	if life, ok := ctx.(seam.Lifetime); ok {
		return life.Over(values)
	}
	return values
}
