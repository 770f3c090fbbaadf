package workerpool

import (
	"context"

	"example.com/clew/internal/guard"
	"golang.org/x/sync/errgroup"
)

// Group runs tasks that are parts of one job, and waits for them: an errgroup whose tasks
// cannot get the wrong context. Make it with [NewGroup]. Its methods may be called
// concurrently, but SetLimit not while tasks run, and Go not after Wait has returned.
type Group struct {
	group *errgroup.Group
	ctx   context.Context
}

// NewGroup returns a Group whose tasks run under ctx: its trace, its values, its
// cancellation. The first error, and the end of Wait, cancel the tasks' context.
func NewGroup(ctx context.Context) *Group {
	check("NewGroup", ctx, true)
	g := new(Group)
	g.group, g.ctx = errgroup.WithContext(guard.Handed(ctx))
	return g
}

// SetLimit lets at most n tasks run at once; Go then waits. A negative n is no limit, 0 lets
// none run. It panics while tasks run.
func (g *Group) SetLimit(n int) { g.made("SetLimit").SetLimit(n) }

// Go runs fn in a goroutine. The first error that a task returns cancels the others'
// context and is what [Group.Wait] returns.
func (g *Group) Go(fn func(ctx context.Context) error) {
	group := g.made("Go")
	check("Group.Go", g.ctx, fn != nil)
	group.Go(func() error { return runErr(g.ctx, fn) })
}

// Wait waits for all tasks and returns the first error, if there was one.
func (g *Group) Wait() error { return g.made("Wait").Wait() }

func (g *Group) made(method string) *errgroup.Group {
	if g == nil || g.group == nil {
		panic("workerpool: Group." + method + ": nil or zero Group, make it with NewGroup")
	}
	return g.group
}
