package workerpool

import (
	"context"

	"example.com/clew/internal/goroutine"
	"golang.org/x/sync/errgroup"
)

// Group runs the tasks of one job and waits for them. It is an errgroup whose tasks cannot get the
// wrong context. Make it with [NewGroup]. Its methods may be called concurrently, except SetLimit
// while tasks run and Go after Wait has returned.
type Group struct {
	link
	group  *errgroup.Group
	ctx    carried // the context of the tasks
	origin origin  // the origin of the context given to NewGroup
}

// NewGroup returns a Group whose tasks run under ctx, with its trace, values and cancellation. The
// first error, and the end of Wait, cancel the tasks' context.
func NewGroup(ctx context.Context) *Group {
	check("NewGroup", ctx, true)
	life, _ := lifeOf(ctx)
	g := new(Group)
	g.origin = originOf(ctx.Value(taskKey{}))
	g.group, life = errgroup.WithContext(life)
	g.ctx = carried{life, goroutine.Handed(valuesOf(ctx)), g}
	return g
}

// SetLimit lets at most n tasks run at once: while n tasks run, Go waits. A negative n means no
// limit, and 0 lets no task run. SetLimit panics while tasks run.
func (g *Group) SetLimit(n int) { g.mustBeMade("SetLimit").SetLimit(n) }

// Go runs fn in a goroutine. The first error that a task returns cancels the context of all tasks,
// and [Group.Wait] returns this error.
func (g *Group) Go(fn func(ctx context.Context) error) {
	group := g.mustBeMade("Go")
	check("Group.Go", &g.ctx, fn != nil)
	run := func() error { return runErr(&g.ctx, fn) }
	if !group.TryGo(run) { // the limit is reached
		defer g.lend()()
		group.Go(run)
	}
}

// Wait waits for all tasks and returns the first error, if there was one. While a pool's task
// waits, the work that the group's tasks submit to that pool may run in the waiting task's place:
// see [Pool.Go]. This works if the task that made the group calls Wait. If the group was made in
// the context of another Group, any task of that other Group may call Wait.
func (g *Group) Wait() error {
	group := g.mustBeMade("Wait")
	defer g.lend()()
	return group.Wait()
}

// lend lends the turn of the task that runs in this goroutine, if there is one, to the group's
// tasks, until takeBack is called. In a goroutine of another Group, the task that waits for that
// Group lends its turn.
func (g *Group) lend() (takeBack func()) {
	if !g.origin.inTask {
		return func() {}
	}
	w := here()
	if w == nil {
		if outer := g.origin.group.Value(); outer != nil {
			g.awaitedBy(&outer.link)
			outer.wake()
			return func() { g.waiter.Store(nil) }
		}
		return func() {}
	}
	g.awaitedBy(&w.task.link)
	w.lend()
	w.task.wake()
	return func() {
		w.takeBack()
		g.waiter.Store(nil)
	}
}

func (g *Group) mustBeMade(method string) *errgroup.Group {
	if g == nil || g.group == nil {
		panic("workerpool: Group." + method + ": nil or zero Group, make it with NewGroup")
	}
	return g.group
}
