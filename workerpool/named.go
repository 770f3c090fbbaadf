package workerpool

import (
	"context"

	"example.com/clew/internal/seam"
	"example.com/clew/trace"
)

// named is a context that gives a name to what is scheduled with it. Its first fields are those of
// context.WithValue's contexts, which programs look for: see trace's node.
//
// In a task it lies under the task's lifetime, since pools lay tasks over the values. Elsewhere it
// stays on top: as a seam.Lifetime it lets a new root or a detached context be laid under it.
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
// A name on top is removed, so that runs that each schedule the next under a name make no chain.
// No name below it counts, since Logged has removed it. A name that is not on top is hidden.
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
