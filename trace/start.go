package trace

import (
	"context"

	oteltrace "go.opentelemetry.io/otel/trace"
)

// Start begins a span in ctx's trace, or a new trace if ctx has none, and returns a context in
// which that span is the current one. The caller ends the span.
//
// The span comes from the provider of ctx's current span, else from OpenTelemetry's global one,
// else from a [Provider] that samples 0.1 % of new traces. The span always has valid IDs. A nil
// ctx is context.Background(). With oteltrace.WithNewRoot a logger in ctx stays bound to the old
// trace: use [Root].
func Start(ctx context.Context, name string, opts ...oteltrace.SpanStartOption) (context.Context, oteltrace.Span) {
	return Starter{}.Start(ctx, B3{}, name, opts...)
}

// Starter starts spans as [Start] does, for middleware, transports and consumers of queues. It
// may have a provider of its own, and takes the caller as [B3]. The zero value is ready to use.
// It may be copied and is safe for concurrent use.
type Starter struct {
	TracerProvider oteltrace.TracerProvider // nil: as Start says
	Kind           oteltrace.SpanKind       // for the spans of an SDK

	// Sample is asked if neither the caller nor a span that is current in ctx has decided. It is
	// asked before the sampler of a Provider or an SDK, and overrules that sampler. The answer
	// has the effect of a header "b3: 0", "b3: 1" or "b3: d", which is a state without IDs. The
	// sampler decides if Sample is nil, or returns Defer or an unknown value.
	Sample func() Sampling
}

// Start begins a span as a child of caller, which is what [FromHeader], [Parse] or
// [FromContext] returned. The zero caller is ctx's current span. With oteltrace.WithNewRoot
// there is no parent.
//
// If ctx's current span is of this process, that span and not caller is the parent, unless caller
// names another trace. A caller with a trace ID and no span ID is a trace to join, without a
// parent.
//
// With an SDK, whatever its sampler, the B3 states keep their meaning. Deny never reaches the
// SDK: a denied span has IDs only. Accept and debug arrive as a sampled remote parent. Defer
// arrives as a trace ID without a parent span, so that ParentBased asks its root sampler.
func (s Starter) Start(ctx context.Context, caller B3, name string, opts ...oteltrace.SpanStartOption) (context.Context, oteltrace.Span) {
	if ctx == nil {
		ctx = context.Background()
	}
	if newRoot(opts) {
		root, _, span := s.root(ctx, name, opts)
		return alive(ctx, root), span
	}
	var a attempt // a composite literal would be built in a temporary and copied
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
	// The global SDK is remembered only if ctx remembers no nearer one.
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
