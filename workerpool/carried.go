package workerpool

import (
	"context"
	"time"

	"example.com/clew/internal/seam"
)

// carried is a context with the lifetime of one context and the values of another.
type carried struct {
	life   context.Context
	values context.Context
	owner  any // the value of taskKey; nil: the one in values
}

var _, _, _ seam.Lifetime = (*carried)(nil), (*task)(nil), (*waited)(nil)

func (c *carried) Deadline() (time.Time, bool) { return c.life.Deadline() }

func (c *carried) Done() <-chan struct{} { return c.life.Done() }

func (c *carried) Err() error { return c.life.Err() }

func (c *carried) Value(key any) any {
	switch {
	case key == seam.CancelerKey:
		return c.life.Value(key)
	case key == taskKey{} && c.owner != nil:
		return c.owner
	}
	return c.values.Value(key)
}

func (c *carried) Values() context.Context { return c.values }

func (c *carried) Over(values context.Context) context.Context {
	return &carried{c.life, values, c.owner}
}

func (c *carried) Detached() context.Context {
	if c.life == context.Background() {
		return c
	}
	return outlive(c)
}

// outlive returns a context with the values of ctx, but without its lifetime. ctx is a context of
// this package.
func outlive(ctx context.Context) context.Context {
	_, owner := lifeOf(ctx)
	return &carried{context.Background(), valuesOf(ctx), owner}
}

// valuesOf returns the context that a new context wraps instead of ctx, so that contexts do not
// become a chain: see seam.Lifetime. It is short enough to be inlined, since each task of a pool
// needs it.
func valuesOf(ctx context.Context) context.Context {
	switch c := ctx.(type) {
	case *task:
		return c.values
	case *waited:
		return c.task.values
	case *carried:
		return c.values
	}
	return ctx
}

// lifeOf returns a context with the lifetime of ctx. For a task and a carried, life has none of
// ctx's values. For all other contexts, life is ctx itself. If ctx is a context of this package,
// owner is not nil if ctx comes from a task or a Group. If ctx is of another package, owner is
// nil, and the caller must look up taskKey in ctx.
func lifeOf(ctx context.Context) (life context.Context, owner any) {
	switch c := ctx.(type) {
	case *task:
		return c.pool.life, fromTask{}
	case *waited:
		return c, fromTask{}
	case *carried:
		return c.life, c.owner
	}
	return ctx, nil
}
