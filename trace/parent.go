package trace

import (
	"example.com/clew/internal/newid"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// parent is what a span is started under. The zero value is no parent, and nothing decided.
type parent struct {
	b3    B3 // with the decision that the child is to have; Defer: to be decided
	state oteltrace.TraceState

	bySample bool // Starter.Sample has decided
	ahead    bool // the sampler that the SDK would ask has decided, before the SDK

	callerParent oteltrace.SpanID // if a caller is the parent: the caller's own parent
}

// resolve finds the parent among the current span and the caller.
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

// join makes caller the parent, though there may be a current span.
func (p *parent) join(cur *current, caller B3) {
	p.b3, p.callerParent = caller, caller.ParentSpanID
	if caller.TraceID != cur.b3.TraceID {
		return
	}
	p.state = cur.traceState()
	if caller.Sampling == Defer && cur.own != nil { // decided before: see NewContext
		p.b3.Sampling = cur.b3.Sampling
	}
}

// follow makes the current span the parent, if there is one. The caller has no trace ID, or is in
// the current span's trace.
func (p *parent) follow(cur *current, caller B3) {
	p.b3, p.state = cur.b3, cur.traceState() // the tracestate of a span without IDs too
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
		// This hop has decided. Only a caller's deny or debug overrules that: see above.
	case caller.Sampling == Accept:
		if p.b3.Sampling != Deny && p.b3.Sampling != Debug {
			p.b3.Sampling = Accept
		}
	case caller.inTrace() && p.b3.Sampling == unsampled && cur.local():
		// The local span is another library's, and so is its decision. ParentBased reads an
		// undecided caller as unsampled: the flag may be no decision at all. So the sampler is
		// asked again, without a parent.
		p.b3.Sampling = Defer
	}
}

// sample asks f, which may be nil, if nobody has decided.
func (p *parent) sample(f func() Sampling) {
	if f == nil || p.b3.Sampling != Defer {
		return
	}
	p.b3.Sampling = f().known()
	p.bySample = p.b3.Sampling != Defer
}

// shown is p as an SDK must see it so that its sampler does what B3 says. The zero B3 is no
// parent.
func (p *parent) shown() B3 {
	b := p.b3
	switch {
	case b.Sampling == Defer, p.ahead:
		// The SDK keeps the trace ID. Without a span ID, ParentBased sees no valid parent and asks
		// its root sampler. With the span ID, it would not sample. A sampler that was asked ahead
		// of its SDK finds its decision in our span.
		b.SpanID = oteltrace.SpanID{}
	case b.Sampling.sampled():
		// ParentBased follows a valid parent only, so missing IDs are invented. They are on no
		// log line and on no wire. A caller for whom Sample decided has a span ID, but reports no
		// span.
		if !b.TraceID.IsValid() {
			b.TraceID = newid.Trace()
		}
		if !b.SpanID.IsValid() || p.bySample {
			b.SpanID = newid.Span()
		}
	}
	return b
}
