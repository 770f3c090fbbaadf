package zipkin

import (
	"context"

	"example.com/clew/internal/seam"
	"example.com/clew/trace"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// A sampler obeys B3, and asks its trace.Sampler about traces that no caller has decided.
// OpenTelemetry's ParentBased knows only a flag, which is the same for a caller that defers and
// for one that denies.
type sampler struct{ trace.Sampler }

// These attributes take facts from the sampler to the encoder. A span context cannot hold these
// facts. Few spans have them. They are a span's first attributes, so that a limit on the number of
// attributes does not drop them.
const (
	debugKey = attribute.Key("b3.debug") // true in a debug trace

	// traceIDKey is set if the trace ID came as 32 digits of which the first 16 are zeros.
	traceIDKey = attribute.Key("b3.trace_id")

	// rootKey is true if no service reports the parent: see hasNoParent.
	rootKey = attribute.Key("b3.root")
)

func (s sampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	parent := oteltrace.SpanContextFromContext(p.ParentContext)
	result := sdktrace.SamplingResult{Decision: sdktrace.Drop, Tracestate: parent.TraceState()}
	caller := callerOf(p)
	switch caller.Sampling {
	case trace.Deny:
		return result
	case trace.Accept, trace.Debug:
	default:
		if !s.Sample(p.TraceID) {
			return result
		}
	}
	result.Decision = sdktrace.RecordAndSample
	if caller.Sampling == trace.Debug {
		result.Attributes = append(result.Attributes, debugKey.Bool(true))
	}
	if isNarrow(p.TraceID) && caller.TraceID.IsValid() {
		var buf [32]byte
		if text := caller.AppendTraceID(buf[:0]); len(text) == 32 {
			result.Attributes = append(result.Attributes, traceIDKey.String(string(text)))
		}
	}
	if hasNoParent(p.ParentContext, parent, caller) {
		result.Attributes = append(result.Attributes, rootKey.Bool(true))
	}
	return result
}

// hasNoParent reports whether no service sends the parent span to the collector. This is so if
// package trace has invented the parent's ID, or if the parent is in a service that defers.
func hasNoParent(ctx context.Context, parent oteltrace.SpanContext, caller trace.B3) bool {
	invented, ok := ctx.Value(seam.InventedParent{}).(oteltrace.SpanID)
	return ok && invented == parent.SpanID() || caller.Sampling == trace.Defer && parent.IsRemote()
}

// callerOf returns the B3 of the span's caller from the context, or the zero B3 if the context is
// in another trace.
func callerOf(p sdktrace.SamplingParameters) trace.B3 {
	b, ok := trace.FromContext(p.ParentContext)
	switch {
	case b.TraceID == p.TraceID: // the parent's trace, or a new trace with this ID
		return b
	case !ok && oteltrace.SpanFromContext(p.ParentContext) == noSpan:
		// b is a state without IDs, or nothing. Use b only if the context has no span. Under a
		// span without IDs, the SDK begins a new root, and b does not apply to that root.
		return b
	}
	return trace.B3{}
}

func (s sampler) Description() string { return "B3" }

// noSpan is what OpenTelemetry returns as the current span of a context without a span.
var noSpan = oteltrace.SpanFromContext(context.Background())

// isNarrow reports whether the high half of id is zero. Such an ID is written with 16 digits,
// unless it came with 32 digits.
func isNarrow(id oteltrace.TraceID) bool { return [8]byte(id[:8]) == [8]byte{} }
