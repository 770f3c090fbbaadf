package trace

import (
	"context"
	"time"

	"example.com/clew/internal/seam"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// NewContext returns ctx with b as the remote parent, as if b had been extracted from an
// incoming message: the next [Start] continues b's trace. A b without IDs leaves its state
// for the next root, unless ctx has a trace already, which then keeps its own decision. The
// zero B3 changes nothing.
//
// If ctx is in b's trace already and b defers, the decision made in ctx stands: a service
// that has decided does not decide again.
func NewContext(ctx context.Context, b B3) context.Context {
	return newContext(ctx, b, oteltrace.TraceState{})
}

func newContext(ctx context.Context, b B3, state oteltrace.TraceState) context.Context {
	if ctx == nil {
		ctx = context.Background()
	}
	b.Sampling = b.Sampling.known()
	if !b.hasIDs() {
		if b.Sampling == Defer || lookup(ctx).b3.hasIDs() {
			return ctx
		}
		n := newRecordNode(ctx, ctx)
		n.b3.Sampling = b.Sampling
		return n
	}
	if b.Sampling == Defer {
		if cur := lookup(ctx); cur.b3.TraceID == b.TraceID {
			b.Sampling = cur.b3.Sampling.public()
		}
	}
	n := new(node)
	n.span.b3, n.span.remote, n.span.rare = b, true, rarely(state, nil)
	return n.link(ctx)
}

// FromContext returns the current trace of ctx as B3: the current span, its parent and its
// decision. It is what [Propagator] sends on. Without IDs ok is false; the B3 may still hold
// a state that came alone. A nil ctx has no trace.
func FromContext(ctx context.Context) (b B3, ok bool) {
	if n, ok := ctx.(*clientNode); ok { // as it is in Inject
		b = n.span.b3
		b.Sampling = b.Sampling.public()
	} else {
		cur := lookup(ctx)
		b = cur.public()
	}
	return b, b.hasIDs()
}

// ID returns the trace ID of ctx as text, 16 or 32 lower-case hexadecimal digits, or ""
// without one. A nil ctx has none.
func ID(ctx context.Context) string {
	cur := lookup(ctx)
	if cur.own != nil {
		traceID, _ := seam.Split(cur.own.idText())
		return traceID
	}
	return cur.b3.ID()
}

// SpanID returns the ID of ctx's current span as 16 lower-case hexadecimal digits, or ""
// without one. A nil ctx has none.
func SpanID(ctx context.Context) string {
	cur := lookup(ctx)
	switch {
	case cur.own != nil:
		_, spanID := seam.Split(cur.own.idText())
		return spanID
	case cur.b3.hasIDs():
		return cur.b3.SpanID.String()
	}
	return ""
}

// Detach returns a context with ctx's trace and all its other values, but without its
// cancellation and deadline: for work that outlives the request. All that ctx refers to
// stays alive as long; see [Only] for work that waits long. What is detached already is
// returned as it is, so that a loop in which each turn detaches the context of the one before
// makes no chain.
func Detach(ctx context.Context) context.Context {
	if ctx == nil {
		ctx = context.Background()
	}
	if l, ok := ctx.(seam.Lifetime); ok {
		return l.Detached()
	}
	if isDetached(ctx) {
		return ctx
	}
	return &detached{ctx}
}

// detached hides the lifetime of the context under it.
type detached struct{ context.Context }

func (*detached) Deadline() (deadline time.Time, ok bool) { return time.Time{}, false }

func (*detached) Done() <-chan struct{} { return nil }

func (*detached) Err() error { return nil }

func (d *detached) Value(key any) any {
	if key == seam.CancelerKey { // for context.Cause
		return nil
	}
	return d.Context.Value(key)
}

// isDetached reports whether ctx has no lifetime and never will. It knows our own contexts
// only. It is tempting to ask Done, Deadline and Err: another library's context may answer
// nothing now and something later, as *gin.Context does when its request is replaced.
func isDetached(ctx context.Context) bool {
	ctx = below(ctx)
	if ctx == context.Background() {
		return true
	}
	if l, ok := ctx.(seam.Lifetime); ok {
		return l.Detached() == ctx
	}
	_, ok := ctx.(*detached)
	return ok
}

// Only returns a context with ctx's trace and nothing else of it: no values, no logger, no
// cancellation, no deadline. It is for what waits long in queues, since it keeps nothing of
// the request alive; of tracestate, at most 512 characters. Spans started in it are children
// of ctx's current span, from the same provider.
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
	if state.Len() > 0 { // one that another propagator has read may be long, and keep the message alive
		state = parseTracestate([]string{state.String()})
	}
	s.rare = rarely(state, provider)
	base := context.Background()
	if sdk := skippedIn(ctx); sdk != nil {
		base = newSkippedNode(base, sdk)
	}
	return n.link(base)
}
