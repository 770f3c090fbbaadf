package trace

import (
	"example.com/clew/internal/newid"
	"example.com/clew/internal/seam"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// An SDK makes a span before it asks its sampler, and 999 of 1,000 for nothing. Where its
// sampler is known, a Provider is asked first: it makes the spans that record nothing, and knows
// the SDK, which is the provider of their children.

func init() {
	seam.Ahead = func(sdk oteltrace.TracerProvider, sampler seam.Sampler) any {
		return &Provider{sampler: sampler, sdk: sdk}
	}
}

// aheadOf returns the Provider that decides ahead of an SDK; nil if there is none.
func aheadOf(sdk oteltrace.TracerProvider) *Provider {
	if seam.AheadOf == nil {
		return nil
	}
	p, _ := seam.AheadOf(sdk).(*Provider)
	return p
}

// takes reports whether the SDK is to make the child of under. If nobody has decided yet, under
// has the decision afterwards, and a trace ID: the sampler must not be asked twice about one
// trace.
func (p *Provider) takes(under *parent) bool {
	if under.b3.Sampling == Defer {
		if !under.b3.TraceID.IsValid() {
			under.b3.TraceID = newid.Trace()
		}
		under.b3.Sampling, under.ahead = p.decide(under.b3.TraceID), true
	}
	return under.b3.Sampling.sampled()
}

// undecided takes back what takes has decided, for the next provider: the SDK has made no span.
func (p *parent) undecided() {
	if p.ahead {
		p.b3.Sampling, p.ahead = Defer, false
	}
}

// joining returns opts without WithNewRoot, for a trace that begins with the parent that an SDK is
// shown. It would hide that parent.
func joining(opts []oteltrace.SpanStartOption) []oteltrace.SpanStartOption {
	cfg := oteltrace.NewSpanStartConfig(opts...)
	kept := []oteltrace.SpanStartOption{
		oteltrace.WithAttributes(cfg.Attributes()...), oteltrace.WithLinks(cfg.Links()...), oteltrace.WithTimestamp(cfg.Timestamp()),
	}
	if kind := cfg.SpanKind(); kind != oteltrace.SpanKindUnspecified { // else it is the Starter's
		kept = append(kept, oteltrace.WithSpanKind(kind))
	}
	return kept
}
