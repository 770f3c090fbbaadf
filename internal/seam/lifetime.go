package seam

import "context"

// From workerpool to trace.

// Lifetime is a context with the values of one context and the lifetime of another. It lets
// package trace separate the two. Work that schedules itself again passes its own context to the
// next run. If each run wrapped the context of the run before, the contexts of all runs would
// become a chain. So the next run wraps only Values.
type Lifetime interface {
	context.Context

	// Values returns the context that the values come from.
	Values() context.Context

	// Over returns a context with the same lifetime and with the given values.
	Over(values context.Context) context.Context

	// Detached returns a context with the same values, without cancellation and deadline.
	Detached() context.Context
}

// CancelerKey is the key under which package context looks for the canceler of a context. A
// context that hides the lifetime of another must not return the other's value for that key.
var CancelerKey = KeyOf(func(ctx context.Context) { _ = context.Cause(ctx) })

// KeyOf returns the key that the function ask looks up in its context. Other packages do not
// export their keys, but pass them to Value of every context.
func KeyOf(ask func(ctx context.Context)) (key any) {
	ask(keyProbe{context.Background(), &key})
	return key
}

type keyProbe struct {
	context.Context
	key *any
}

// Err reports that the context has ended, because context.Cause looks up its key only in such a
// context.
func (p keyProbe) Err() error { return context.Canceled }

func (p keyProbe) Value(key any) any {
	*p.key = key
	return nil
}
