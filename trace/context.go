package trace

import (
	"context"
	"time"

	"example.com/clew/internal/lifetime"
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
			b.Sampling = cur.b3.Sampling
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
	b = lookup(ctx).b3
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
	if l, ok := ctx.(lifetime.Context); ok {
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
	if key == lifetime.Key { // for context.Cause
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
	if l, ok := ctx.(lifetime.Context); ok {
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
		return NewContext(context.Background(), cur.b3)
	}
	n := new(node)
	s := &n.span
	s.b3, s.bySDK, s.remote = cur.b3, cur.bySDK, cur.remote()
	provider, state := cur.provider(), cur.traceState()
	if own, ok := provider.(*Provider); ok {
		s.provider, provider = own, nil
	}
	if state.Len() > 0 { // one that another propagator has read may be long, and keep the message alive
		state = parseTracestate([]string{state.String()})
	}
	s.rare = rarely(state, provider)
	base := context.Background()
	if over := passedOver(ctx); over != nil {
		base = newPassedNode(base, over)
	}
	return n.link(base)
}

// current is what a context says about the trace it is in.
type current struct {
	b3   B3                    // the answer: see the package comment
	span oteltrace.Span        // the current span; nil if it has no IDs
	sc   oteltrace.SpanContext // of span, unless own
	own  *span                 // span, if it is this package's

	known bool // the span was made by Start: this hop has decided
	bySDK bool // Deny is an SDK's decision, not a caller's
}

// lookup is the rule "the current span decides, the record fills in".
func lookup(ctx context.Context) (cur current) {
	if ctx == nil {
		return cur
	}
	switch s := ctx.Value(currentSpanKey).(type) {
	case *span:
		cur.b3, cur.span, cur.own, cur.known, cur.bySDK = s.b3, s, s, !s.remote, s.bySDK
		return cur
	case oteltrace.Span:
		cur.sc = s.SpanContext()
		if cur.sc.IsValid() {
			cur.span = s
		}
	}

	rec := nearestRecord(ctx)
	if cur.span == nil { // nobody's span, or a no-op tracer's
		cur.b3, cur.bySDK = rec.b3, rec.bySDK
		return cur
	}

	b := B3{TraceID: cur.sc.TraceID(), SpanID: cur.sc.SpanID(), Sampling: Deny}
	if cur.sc.IsSampled() {
		b.Sampling = Accept
	}
	cur.bySDK = true
	same := rec.b3.TraceID == b.TraceID
	if same {
		b.wide = rec.b3.wide
		if rec.b3.Sampling == Debug || rec.b3.Sampling == Deny && !rec.bySDK {
			b.Sampling, cur.bySDK = rec.b3.Sampling, false
		}
	}
	if same && rec.b3.SpanID == b.SpanID {
		b.ParentSpanID = rec.b3.ParentSpanID
		cur.known = !cur.sc.IsRemote()
		if rec.remote && rec.b3.Sampling == Defer && b.Sampling == Deny && cur.sc.IsRemote() {
			// The caller's span, put there again by somebody who has it from OpenTelemetry, as
			// otelgrpc's server does. Its flag cannot say that the caller defers.
			b.Sampling, cur.bySDK = Defer, false
		}
	} else if tells, ok := cur.span.(interface{ Parent() oteltrace.SpanContext }); ok {
		// An SDK's recording span does (sdktrace.ReadOnlySpan).
		if parent := tells.Parent(); parent.TraceID() == b.TraceID {
			b.ParentSpanID = parent.SpanID()
		}
	}
	cur.b3 = b
	return cur
}

// spanContext is that of the current span; the zero one without a span.
func (c *current) spanContext() oteltrace.SpanContext {
	if c.own != nil {
		return c.own.SpanContext()
	}
	return c.sc
}

func (c *current) traceState() oteltrace.TraceState {
	if c.own != nil {
		return c.own.state()
	}
	return c.sc.TraceState()
}

// remote reports whether the current span is in another process.
func (c *current) remote() bool {
	if c.own != nil {
		return c.own.remote
	}
	return c.span != nil && c.sc.IsRemote()
}

// local reports whether there is a current span, and in this process.
func (c *current) local() bool { return c.span != nil && !c.remote() }

// provider is the current local span's own; nil without one. The fallback counts as none,
// so that an SDK that is installed later, or was passed over for a deny, gets its turn; and
// so does OpenTelemetry's no-op, which is not worth the asking.
func (c *current) provider() oteltrace.TracerProvider {
	if !c.local() {
		return nil
	}
	if p := c.span.TracerProvider(); p != fallback && p != noop {
		return p
	}
	return nil
}

var noop = oteltrace.SpanFromContext(context.Background()).TracerProvider()

// denied reports whether a caller's deny is in force here. It never reaches an SDK.
func (c *current) denied() bool { return c.b3.Sampling == Deny && !c.bySDK }
