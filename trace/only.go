package trace

import (
	"context"
)

// Only returns a context with ctx's trace and nothing else from ctx: no values, no logger, no
// cancellation, no deadline. It is for work that waits long in queues: the new context keeps
// nothing of the request in memory but at most 512 characters of tracestate. Spans that are
// started in the new context are children of ctx's current span, from the same provider.
func Only(ctx context.Context) context.Context {
	cur := lookup(ctx)
	if !cur.b3.hasIDs() {
		return NewContext(context.Background(), cur.public())
	}
	n := new(node)
	s := &n.span
	s.b3, s.remote = cur.b3, cur.remote()
	provider, state := cur.provider(), cur.traceState()
	if own, ok := provider.(*Provider); ok {
		s.provider, provider = own, nil
	}
	// A tracestate from another propagator may be long, and keep its message in memory.
	if state.Len() > 0 {
		state = parseTracestate([]string{state.String()})
	}
	s.rare = rarely(state, provider)
	base := context.Background()
	if sdk := skippedIn(ctx); sdk != nil {
		base = newSkippedNode(base, sdk)
	}
	return n.link(base)
}
