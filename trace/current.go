package trace

import (
	"context"

	oteltrace "go.opentelemetry.io/otel/trace"
)

// current describes the current trace of a context.
type current struct {
	b3   B3                    // IDs, parent and decision, by the rule in the package comment
	span oteltrace.Span        // the current span; nil if it has no IDs
	sc   oteltrace.SpanContext // the span context of the current span; zero if own is set
	own  *span                 // the current span, if this package made it; otherwise nil

	known bool // the span was made by Start, so this service has decided
}

// lookup returns the description of ctx's current trace. ctx may be nil.
func lookup(ctx context.Context) (cur current) {
	if ctx != nil {
		cur.read(ctx)
	}
	return cur
}

// read fills in c from ctx by the rule in the package comment: "The current span decides, and the
// record fills in." Before the call, c must be zero.
func (c *current) read(ctx context.Context) {
	switch s := ctx.Value(currentSpanKey).(type) {
	case *span:
		c.b3, c.span, c.own, c.known = s.b3, s, s, !s.remote
		return
	case oteltrace.Span:
		if c.sc = s.SpanContext(); c.sc.IsValid() { // otherwise a no-op tracer made the span
			c.span = s
			c.merge(nearestRecord(ctx))
			return
		}
	}
	c.b3 = nearestRecord(ctx).b3
}

// merge combines another library's span and the nearest record.
func (c *current) merge(rec *record) {
	b := B3{TraceID: c.sc.TraceID(), SpanID: c.sc.SpanID(), Sampling: byFlag(c.sc.IsSampled())}
	same := rec.b3.TraceID == b.TraceID
	if same {
		b.wide = rec.b3.wide
		if rec.b3.Sampling == Debug || rec.b3.Sampling == Deny {
			b.Sampling = rec.b3.Sampling
		}
	}
	if same && rec.b3.SpanID == b.SpanID {
		b.ParentSpanID = rec.b3.ParentSpanID
		c.known = !c.sc.IsRemote()
		if rec.remote && rec.b3.Sampling == Defer && b.Sampling == unsampled && c.sc.IsRemote() {
			// otelgrpc's server put the caller's span context into the context once more. Its flag
			// cannot express "undecided", so the record rules.
			b.Sampling = Defer
		}
	} else if tells, ok := c.span.(interface{ Parent() oteltrace.SpanContext }); ok {
		// An SDK's recording span has a method Parent (sdktrace.ReadOnlySpan).
		if parent := tells.Parent(); parent.TraceID() == b.TraceID {
			b.ParentSpanID = parent.SpanID()
		}
	}
	c.b3 = b
}

// public returns the B3 as users see it.
func (c *current) public() B3 {
	b := c.b3
	b.Sampling = b.Sampling.public()
	return b
}

// spanContext returns the span context of the current span, or the zero SpanContext if there is no
// span.
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

// local reports whether there is a current span and it is in this process.
func (c *current) local() bool { return c.span != nil && !c.remote() }

// provider returns the provider of the current span if that span is local, and otherwise nil. For
// the provider fallback it also returns nil. Then the next Start looks for an SDK again: one may
// have been installed since, or may have been skipped because of a deny. For OpenTelemetry's no-op
// provider it returns nil too.
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
