package workerpool

import "weak"

// taskKey is the key under which a context says that it comes from a task, or from a Group's,
// which is then the value. It is a hint: whose goroutine it is that uses the context is another
// question.
type taskKey struct{}

// fromTask is the value of contexts that come from a Pool's task. It holds nothing of that.
type fromTask struct{}

// origin is what taskKey has found, to be kept. It holds nothing of a Group: those of work that
// schedules itself again would be a chain. A Group that is waited for is held by that.
type origin struct {
	inTask bool
	group  weak.Pointer[Group] // the zero one: none
}

func originOf(owner any) origin {
	o := origin{inTask: owner != nil}
	if g, ok := owner.(*Group); ok {
		o.group = weak.Make(g)
	}
	return o
}
