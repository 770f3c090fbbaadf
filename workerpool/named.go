package workerpool

import (
	"context"

	"example.com/clew/internal/seam"
	"example.com/clew/trace"
)

// named is a context that gives a name to what is scheduled with it. Its first fields are those of
// a context of context.WithValue, because some programs read these fields by reflection: see
// trace's node.
//
// In a task, named lies under the task's lifetime, since pools lay tasks over the values.
// Elsewhere named stays on top: it is a seam.Lifetime, so that trace can lay a new root or a
// detached context under it.
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

// takeName returns ctx without its name, and that name, or nil if there is none.
//
// A name on top is removed: runs that each schedule the next one under a name must not make a
// chain. Logged has removed or hidden every name below. A name that is not on top is hidden.
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

// withValues returns a context with these values, and with the lifetime of ctx if that is one of
// ours.
func withValues(ctx, values context.Context) context.Context {
	if life, ok := ctx.(seam.Lifetime); ok {
		return life.Over(values)
	}
	return values
}
