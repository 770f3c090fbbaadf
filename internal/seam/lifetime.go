package seam

import "context"

// From workerpool to trace.

// Lifetime is a context with the values of one context and the lifetime of another, so that trace
// can take the two apart. Work that schedules itself again gives its own context to the next run.
// Laid over it, the contexts of all runs would become a chain. So the next one is laid over
// Values.
type Lifetime interface {
	context.Context

	// Values returns the context whose values these are.
	Values() context.Context

	// Over returns a context with the same lifetime, over other values.
	Over(values context.Context) context.Context

	// Detached returns a context with the same values, without cancellation and deadline.
	Detached() context.Context
}

// CancelerKey is the key under which package context looks for the canceler of a context. A
// context that hides a lifetime must not answer it.
var CancelerKey = KeyOf(func(ctx context.Context) { _ = context.Cause(ctx) })

// KeyOf returns the key that ask looks for in the context that it is given. Other packages do not
// export their keys, but tell them to every context.
func KeyOf(ask func(ctx context.Context)) (key any) {
	ask(keyProbe{context.Background(), &key})
	return key
}

type keyProbe struct {
	context.Context
	key *any
}

// Err says that the context has ended: context.Cause asks no other for a cause.
func (p keyProbe) Err() error { return context.Canceled }

func (p keyProbe) Value(key any) any {
	*p.key = key
	return nil
}
