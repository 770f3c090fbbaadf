package trace

import (
	"example.com/clew/internal/newid"
	"example.com/clew/internal/seam"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// An SDK prepares a span before it asks its sampler. At a rate of 0.1 %, it prepares 999 spans of
// 1,000 in vain. If the SDK's sampler is known, a Provider with this sampler is asked first. The
// Provider makes the spans that record nothing, and keeps the SDK as the provider of their
// children.

func init() {
	seam.Ahead = func(sdk oteltrace.TracerProvider, sampler seam.Sampler) any {
		return &Provider{sampler: sampler, sdk: sdk}
	}
}

// aheadOf returns the Provider that is asked before an SDK, or nil if there is none.
func aheadOf(sdk oteltrace.TracerProvider) *Provider {
	if seam.AheadOf == nil {
		return nil
	}
	p, _ := seam.AheadOf(sdk).(*Provider)
	return p
}

// sampledBy reports whether the child of p is sampled. If nobody has decided yet, the Provider in
// the argument ahead decides. Then p keeps the decision and the trace ID, because the sampler must
// not be asked twice about one trace.
func (p *parent) sampledBy(ahead *Provider) bool {
	if p.b3.Sampling == Defer {
		if !p.b3.inTrace() {
			p.b3.TraceID = newid.Trace()
		}
		p.b3.Sampling, p.ahead = byFlag(ahead.decide(p.b3.TraceID) == Accept), true
	}
	return p.b3.Sampling.sampled()
}

// undecide takes back the decision of sampledBy. If the SDK has made no span, the next provider
// must decide.
func (p *parent) undecide() {
	if p.ahead {
		p.b3.Sampling, p.ahead = Defer, false
	}
}
