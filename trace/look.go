package trace

import (
	"context"

	"example.com/clew/internal/seam"
	oteltrace "go.opentelemetry.io/otel/trace"
)

func init() { seam.Text, seam.Look = idText, look }

// look returns all facts about ctx's current span that log lines contain.
func look(ctx context.Context) (s seam.Span) {
	if own, ok := ctx.Value(currentSpanKey).(*span); ok {
		s.Text, s.Parent = own.idText(), own.b3.ParentSpanID
		s.Sampled, s.Debug = own.b3.Sampling.sampled(), own.b3.Sampling == Debug
		s.Server, s.CallerParent = own.server, own.callerParent
		return s
	}
	cur := lookup(ctx)
	s.Parent, s.Sampled, s.Debug = cur.b3.ParentSpanID, cur.b3.Sampling.sampled(), cur.b3.Sampling == Debug
	if cur.span != nil {
		s.Recording = cur.span.IsRecording()
	}
	if r := nearestRecord(ctx); r.b3.TraceID == cur.b3.TraceID && r.b3.SpanID == cur.b3.SpanID && cur.b3.hasIDs() {
		s.Text, s.Server, s.CallerParent = r.idText(), r.server, r.callerParent
	}
	return s
}

// idText returns the text of the IDs of ctx's current span, if this package has made the span, or
// has asked an SDK for it.
func idText(ctx context.Context) string {
	switch s := ctx.Value(currentSpanKey).(type) {
	case *span:
		return s.idText()
	case oteltrace.Span:
		sc := s.SpanContext()
		if r := nearestRecord(ctx); sc.IsValid() && r.b3.TraceID == sc.TraceID() && r.b3.SpanID == sc.SpanID() {
			return r.idText()
		}
	}
	return ""
}
