package trace

import (
	"context"

	"go.opentelemetry.io/otel"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
)

// defaultRate is the share of the traces that a Provider without a Sampler samples.
const defaultRate = 0.001

// ProviderConfig is the configuration of a [Provider]. The zero value is ready to use.
type ProviderConfig struct {
	Sampler Sampler // decides for new traces and for callers that defer; nil means NewRatio(0.001)
}

// Provider is an OpenTelemetry TracerProvider without an SDK. It gives IDs and decisions, and
// records nothing. Its spans have new span IDs, their parent's trace, and the parent's decision.
// If nobody has decided, the Provider's Sampler decides.
//
// The zero value, and nil, sample 0.1 % of the traces. A Provider is immutable and safe for
// concurrent use.
type Provider struct {
	embedded.TracerProvider
	sampler Sampler
	sdk     oteltrace.TracerProvider // if set, this Provider is asked before that SDK; see aheadOf
}

var _ oteltrace.TracerProvider = (*Provider)(nil)

// NewProvider returns a Provider.
func NewProvider(cfg ProviderConfig) *Provider {
	if cfg.Sampler == nil {
		cfg.Sampler = NewRatio(defaultRate)
	}
	return &Provider{sampler: cfg.Sampler}
}

// asOwn returns the Provider that makes all of provider's spans, if there is one: provider itself,
// or the Provider of an SDK that is off.
func asOwn(provider oteltrace.TracerProvider) (*Provider, bool) {
	if own, ok := provider.(*Provider); ok {
		return own, true
	}
	ahead := aheadOf(provider)
	return ahead, ahead != nil && ahead.sdk == nil
}

// fallback is the Provider for programs that have configured and installed none.
var fallback = NewProvider(ProviderConfig{})

// Tracer implements oteltrace.TracerProvider. It ignores the name and the options, because
// nothing is recorded.
func (p *Provider) Tracer(string, ...oteltrace.TracerOption) oteltrace.Tracer {
	return tracer{provider: p}
}

type tracer struct {
	embedded.Tracer
	provider *Provider
}

// Start implements oteltrace.Tracer.
func (t tracer) Start(ctx context.Context, _ string, opts ...oteltrace.SpanStartOption) (context.Context, oteltrace.Span) {
	if ctx == nil {
		ctx = context.Background()
	}
	if newRoot(opts) {
		return t.provider.start(ctx, &parent{}, oteltrace.SpanKindInternal)
	}
	cur := lookup(ctx)
	return t.provider.start(ctx, &parent{b3: cur.b3, state: cur.traceState()}, oteltrace.SpanKindInternal)
}

// start returns a new span and a context that holds it. The argument under describes the span's
// parent. If the parent has no span ID, the new span is the first of its trace.
func (p *Provider) start(ctx context.Context, under *parent, kind oteltrace.SpanKind) (context.Context, oteltrace.Span) {
	if p == nil {
		p = fallback
	}
	if kind == oteltrace.SpanKindClient {
		n := new(clientNode)
		n.span.begin(under, p)
		return n.link(ctx), &n.span
	}
	n := new(node)
	n.span.begin(under, p)
	if kind == oteltrace.SpanKindServer {
		n.span.server, n.span.callerParent = true, under.callerParent
	}
	return n.link(ctx), &n.span
}

func (p *Provider) decide(id oteltrace.TraceID) Sampling {
	if p.sampler == nil { // the zero Provider
		p = fallback
	}
	if p.sampler.Sample(id) {
		return Accept
	}
	return Deny
}

// globalProvider returns OpenTelemetry's global provider, or nil if nobody has set one. Call it
// for each span instead of keeping the result: an SDK may be installed later, and OpenTelemetry's
// placeholder stays bound to the first SDK for ever.
func globalProvider() oteltrace.TracerProvider {
	if global := otel.GetTracerProvider(); global != placeholder {
		return global
	}
	return nil
}
