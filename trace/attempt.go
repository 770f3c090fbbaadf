package trace

import (
	"context"
	"reflect"

	"example.com/clew/internal/seam"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// attempt is the start of a span. It tries one provider after the other.
type attempt struct {
	ctx     context.Context // the parent of the span's context
	current current         // the current trace of ctx
	parent  parent
	root    bool // opts contain WithNewRoot
	kind    oteltrace.SpanKind
	name    string
	opts    []oteltrace.SpanStartOption

	skipped oteltrace.TracerProvider // the first SDK that was not asked, because of a deny

	// The result: a span, and the context in which the span is the current one.
	made context.Context
	span oteltrace.Span
}

// The method with tries a provider, and reports whether the provider has made the span. A nil
// provider makes no span.
func (a *attempt) with(provider oteltrace.TracerProvider) bool {
	return provider != nil && a.try(provider)
}

func (a *attempt) try(provider oteltrace.TracerProvider) bool {
	if own, ok := asOwn(provider); ok {
		a.made, a.span = own.start(a.ctx, &a.parent, a.kind)
		return true
	}
	if a.parent.b3.Sampling == Deny {
		if a.skipped == nil {
			a.skipped = provider
		}
		return false
	}
	if ahead := aheadOf(provider); ahead != nil && !a.parent.sampledBy(ahead) {
		a.made, a.span = ahead.start(a.ctx, &a.parent, a.kind)
		return true
	}
	if a.withSDK(provider) {
		return true
	}
	a.parent.undecide()
	return false
}

// withSDK lets an SDK make the span, and reports whether the SDK has made one. A no-op provider
// makes none: it returns its parent's span, or a span without IDs.
func (a *attempt) withSDK(sdk oteltrace.TracerProvider) bool {
	shown, there := a.parent.shown(), a.current.spanContext()
	sdkCtx, s := sdk.Tracer(scope).Start(a.contextFor(shown, there), a.name, a.sdkOptions()...)
	sc := s.SpanContext()
	if !sc.IsValid() || sc.SpanID() == shown.SpanID || sc.SpanID() == there.SpanID() {
		return false
	}

	n := newRecordNode(sdkCtx, a.ctx)
	n.b3 = B3{TraceID: sc.TraceID(), SpanID: sc.SpanID(), Sampling: byFlag(sc.IsSampled())}
	if a.parent.b3.Sampling == Debug {
		n.b3.Sampling = Debug
	}
	if under := a.parent.b3; under.TraceID == n.b3.TraceID {
		// Record the real parent, because the parent that the SDK was shown may be invented.
		n.b3.ParentSpanID, n.b3.wide = under.SpanID, under.wide
	}
	if n.b3.ParentSpanID.IsValid() {
		n.callerParent = a.parent.callerParent
	}
	n.server = a.kind == oteltrace.SpanKindServer
	a.made, a.span = n, s
	return true
}

// contextFor returns the attempt's context for an SDK, with a current span that has the IDs in the
// parameter shown. The parameter there is the span context that the attempt's context already has.
func (a *attempt) contextFor(shown B3, there oteltrace.SpanContext) context.Context {
	inTrace := shown.SpanID == there.SpanID() && shown.TraceID == there.TraceID()
	if !shown.inTrace() || inTrace && shown.Sampling == a.current.b3.Sampling {
		return a.ctx
	}
	// The SDK is shown a span of this package, so that a sampler that calls FromContext gets the
	// B3 state. A flag cannot express all states.
	n := new(node)
	n.span.b3, n.span.rare = shown, rarely(a.parent.state, nil)
	n.span.remote = !a.current.local() || shown.SpanID != there.SpanID()
	// OpenTelemetry must not see the span of a caller that defers, but FromContext must.
	if !shown.SpanID.IsValid() {
		n.span.b3, n.span.hidden = a.parent.b3, true
	}
	ctx := n.link(a.ctx)
	if shown.SpanID.IsValid() && shown.SpanID != a.parent.b3.SpanID {
		return context.WithValue(ctx, seam.InventedParent{}, shown.SpanID)
	}
	return ctx
}

// sdkOptions returns the attempt's kind as an option, and then the attempt's options. Middleware
// passes no options, so its spans share slices that are made once.
func (a *attempt) sdkOptions() []oteltrace.SpanStartOption {
	opts := a.opts
	if a.root && a.parent.b3.Sampling != Defer {
		opts = joining(opts)
	}
	switch {
	case a.kind == oteltrace.SpanKindUnspecified:
		return opts
	case len(opts) == 0 && a.kind == oteltrace.SpanKindServer:
		return asServer
	case len(opts) == 0 && a.kind == oteltrace.SpanKindClient:
		return asClient
	}
	return append([]oteltrace.SpanStartOption{oteltrace.WithSpanKind(a.kind)}, opts...)
}

var (
	asServer = []oteltrace.SpanStartOption{oteltrace.WithSpanKind(oteltrace.SpanKindServer)}
	asClient = []oteltrace.SpanStartOption{oteltrace.WithSpanKind(oteltrace.SpanKindClient)}
)

// joining returns opts without WithNewRoot, which would hide the parent that an SDK is shown.
func joining(opts []oteltrace.SpanStartOption) []oteltrace.SpanStartOption {
	cfg := oteltrace.NewSpanStartConfig(opts...)
	kept := []oteltrace.SpanStartOption{
		oteltrace.WithAttributes(cfg.Attributes()...), oteltrace.WithLinks(cfg.Links()...), oteltrace.WithTimestamp(cfg.Timestamp()),
	}
	// If opts have no kind, sdkOptions adds the Starter's kind.
	if kind := cfg.SpanKind(); kind != oteltrace.SpanKindUnspecified {
		kept = append(kept, oteltrace.WithSpanKind(kind))
	}
	return kept
}

// scope is the name under which SDKs see the spans of this module.
var scope = reflect.TypeFor[Starter]().PkgPath()
