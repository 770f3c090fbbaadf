package trace

import (
	"context"

	oteltrace "go.opentelemetry.io/otel/trace"
)

// Start begins a span in ctx's trace, or a new trace if ctx has none, and returns a context in
// which that span is the current one. The caller ends the span.
//
// The span comes from the provider of ctx's current span, else from OpenTelemetry's global
// provider, else from a [Provider] that samples 0.1 % of new traces. The span always has valid
// IDs. A nil ctx is context.Background(). With oteltrace.WithNewRoot, a zerolog logger in ctx
// stays bound to the old trace. [Root] binds the logger to the new trace.
func Start(ctx context.Context, name string, opts ...oteltrace.SpanStartOption) (context.Context, oteltrace.Span) {
	return Starter{}.Start(ctx, B3{}, name, opts...)
}

// Starter starts spans as [Start] does, for middleware, transports and consumers of queues. It
// may have a provider of its own, and its Start has the caller as a parameter. The zero value is
// ready to use. It may be copied and is safe for concurrent use.
type Starter struct {
	TracerProvider oteltrace.TracerProvider // nil means the providers of the function Start
	Kind           oteltrace.SpanKind       // for the spans of an SDK

	// Sample is called if neither the caller nor the current span of ctx has decided. It is
	// called before the sampler of a Provider or an SDK, and overrules that sampler. The results
	// Deny, Accept and Debug have the effect of the headers "b3: 0", "b3: 1" and "b3: d". The
	// sampler decides if Sample is nil, or returns Defer or an unknown value.
	Sample func() Sampling
}

// Start begins a span as a child of caller, a B3 from [FromHeader], [Parse] or [FromContext]. If
// caller is zero, the parent is ctx's current span. With oteltrace.WithNewRoot, the span has no
// parent.
//
// If ctx's current span was started in this process, that span is the parent instead of caller,
// unless caller is in another trace. If caller has a trace ID and no span ID, the new span joins
// that trace, without a parent.
//
// The B3 states keep their meaning with an SDK, whatever its sampler. Start does not ask the SDK
// about a deny: a denied span has IDs only. The SDK sees accept and debug as a sampled remote
// parent. It sees defer as a trace ID without a parent span, so that ParentBased asks its root
// sampler.
func (s Starter) Start(ctx context.Context, caller B3, name string, opts ...oteltrace.SpanStartOption) (context.Context, oteltrace.Span) {
	if ctx == nil {
		ctx = context.Background()
	}
	if newRoot(opts) {
		root, _, span := s.root(ctx, name, opts)
		return alive(ctx, root), span
	}
	var a attempt // a composite literal would be built in a temporary variable and copied
	a.ctx, a.kind, a.name, a.opts = ctx, s.Kind, name, opts
	a.current.read(ctx)
	a.parent.resolve(&a.current, caller)
	a.parent.sample(s.Sample)

	if a.with(s.TracerProvider) || a.with(a.current.provider()) {
		return a.made, a.span
	}
	nearest := a.skipped
	if a.with(globalProvider()) {
		return a.made, a.span
	}
	// ctx remembers the global SDK only if it does not remember a nearer one.
	if a.skipped != nil && (nearest != nil || skippedIn(ctx) == nil) {
		a.ctx = newSkippedNode(ctx, a.skipped)
	}
	return fallback.start(a.ctx, &a.parent, s.Kind)
}

func newRoot(opts []oteltrace.SpanStartOption) bool {
	if len(opts) == 0 {
		return false
	}
	cfg := oteltrace.NewSpanStartConfig(opts...)
	return cfg.NewRoot()
}
