package trace

import (
	"example.com/clew/internal/newid"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// parent describes the parent of a new span. The zero value means that there is no parent and no
// decision.
type parent struct {
	b3    B3 // b3.Sampling is the decision for the child, or Defer if nobody has decided
	state oteltrace.TraceState

	bySample bool // Starter.Sample has decided
	ahead    bool // sampledBy has decided, so that the SDK need not

	callerParent oteltrace.SpanID // if a caller is the parent: the parent of the caller's span
}

// resolve chooses the parent: the current span or the caller.
func (p *parent) resolve(cur *current, caller B3) {
	caller.Sampling = caller.Sampling.known()
	switch {
	case !caller.inTrace():
		p.follow(cur, caller)
	case cur.local() && caller.TraceID == cur.b3.TraceID:
		p.follow(cur, caller)
	default:
		p.join(cur, caller)
	}
}

// join makes caller the parent, even if there is a current span.
func (p *parent) join(cur *current, caller B3) {
	p.b3, p.callerParent = caller, caller.ParentSpanID
	if caller.TraceID != cur.b3.TraceID {
		return
	}
	p.state = cur.traceState()
	if caller.Sampling == Defer && cur.own != nil { // decided already: see NewContext
		p.b3.Sampling = cur.b3.Sampling
	}
}

// follow makes the current span the parent, if there is one. The caller has no trace ID, or is in
// the current span's trace.
func (p *parent) follow(cur *current, caller B3) {
	p.b3, p.state = cur.b3, cur.traceState() // a span without IDs may have a tracestate too
	if cur.remote() {
		p.callerParent = cur.b3.ParentSpanID
	}
	if !cur.known && caller.inTrace() {
		p.b3.wide = caller.wide
	}
	switch {
	case caller.Sampling == Deny || caller.Sampling == Debug:
		p.b3.Sampling = caller.Sampling
	case cur.known:
		// This service has decided. Only a caller's deny or debug overrules its decision, and the
		// case above handles these two.
	case caller.Sampling == Accept:
		if p.b3.Sampling != Deny && p.b3.Sampling != Debug {
			p.b3.Sampling = Accept
		}
	case caller.inTrace() && p.b3.Sampling == unsampled && cur.local():
		// Another library made the local span, and its flag is not set. A ParentBased sampler
		// reads an undecided caller as unsampled, so the flag may be no decision at all.
		// Therefore the sampler is asked again, without a parent.
		p.b3.Sampling = Defer
	}
}

// sample calls f for a decision if nobody has decided. f may be nil.
func (p *parent) sample(f func() Sampling) {
	if f == nil || p.b3.Sampling != Defer {
		return
	}
	p.b3.Sampling = f().known()
	p.bySample = p.b3.Sampling != Defer
}

// shown returns the parent that an SDK must see so that its sampler does what B3 says. The zero
// B3 means no parent.
func (p *parent) shown() B3 {
	b := p.b3
	switch {
	case b.Sampling == Defer, p.ahead:
		// The SDK keeps the trace ID. Without a span ID, ParentBased sees no valid parent and
		// asks its root sampler. With the span ID, it would see an unsampled parent, and not
		// sample. If the SDK's sampler was asked in advance (p.ahead), it finds its decision in
		// our span.
		b.SpanID = oteltrace.SpanID{}
	case b.Sampling.sampled():
		// ParentBased follows a valid parent only, so missing IDs are invented. Invented IDs
		// appear in no log line and in no header. If Sample has decided for a caller, a span ID
		// is invented too, because the caller reports no span with its own ID.
		if !b.TraceID.IsValid() {
			b.TraceID = newid.Trace()
		}
		if !b.SpanID.IsValid() || p.bySample {
			b.SpanID = newid.Span()
		}
	}
	return b
}
