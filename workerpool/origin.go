package workerpool

import "weak"

// taskKey is the key under which a context says that it comes from a task or from a Group. The
// value is the task, the Group or a fromTask. It is a hint only: any goroutine may use the
// context.
type taskKey struct{}

// fromTask is the value in contexts that come from a Pool's task and must not hold the task.
type fromTask struct{}

// origin is what taskKey has found, in a form that may be kept. The pointer to the Group is weak,
// since the Groups of work that schedules itself again would be a chain. Whoever waits for a Group
// keeps it alive.
type origin struct {
	inTask bool                // or in a Group
	group  weak.Pointer[Group] // zero: none
}

func originOf(owner any) origin {
	o := origin{inTask: owner != nil}
	if g, ok := owner.(*Group); ok {
		o.group = weak.Make(g)
	}
	return o
}
