package workerpool

import "weak"

// taskKey is the key under which a context holds the task or the Group that it comes from. The
// value is the task, the Group or a fromTask. The value is only a hint, since any goroutine may
// use the context.
type taskKey struct{}

// fromTask is the value in contexts that come from a Pool's task, but must not keep the task in
// memory.
type fromTask struct{}

// origin is a value of taskKey, in a form that can be stored. The pointer to the Group is weak: in
// work that schedules itself again, each Group would otherwise keep the one before it alive. A
// goroutine that waits for a Group keeps that Group alive.
type origin struct {
	inTask bool                // the context comes from a task or a Group
	group  weak.Pointer[Group] // zero: none
}

func originOf(owner any) origin {
	o := origin{inTask: owner != nil}
	if g, ok := owner.(*Group); ok {
		o.group = weak.Make(g)
	}
	return o
}
