// Package lifetime is how trace takes apart the contexts of workerpool, and both tell whether
// package context asks for a lifetime.
package lifetime

import "context"

// Context is a context with the values of one context and the lifetime of another. Work that
// schedules itself again gives its own context to the next run: laid over it, the contexts of
// all runs would become a chain. So the next one is laid over Values instead.
type Context interface {
	context.Context

	// Values returns the context whose values these are.
	Values() context.Context

	// Over returns a context with the same lifetime, over other values.
	Over(values context.Context) context.Context

	// Detached returns a context with the same values, without cancellation and deadline.
	Detached() context.Context
}

// Key is the key under which package context finds the canceler of a context. It is not
// exported, but context.Cause tells it to every context that it is asked to look in.
var Key = KeyOf(func(ctx context.Context) { _ = context.Cause(ctx) })

// KeyOf returns the key that ask looks for in the context that it is given.
func KeyOf(ask func(ctx context.Context)) (key any) {
	ask(keyProbe{context.Background(), &key})
	return key
}

type keyProbe struct {
	context.Context
	key *any
}

// Err says that it has ended: nothing else has a cause.
func (p keyProbe) Err() error { return context.Canceled }

func (p keyProbe) Value(key any) any {
	*p.key = key
	return nil
}
