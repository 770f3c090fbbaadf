package trace

import (
	"example.com/clew/internal/newid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
)

// span is a span that records nothing. It has IDs, a decision, and the provider of its children.
// Its visible state never changes, so that any goroutine may read it, also after End.
type span struct {
	embedded.Span
	record
	provider *Provider // the provider of its children; nil in a remote span, see TracerProvider
	rare     *rare     // nil in most spans
}

// The type rare holds facts that few spans have. They are in a struct of their own so that all
// other spans stay small: every request makes a span.
type rare struct {
	state    oteltrace.TraceState     // W3C's tracestate, sent on as it came
	provider oteltrace.TracerProvider // the provider of the children, if it is no *Provider
}

func rarely(state oteltrace.TraceState, provider oteltrace.TracerProvider) *rare {
	if state.Len() == 0 && provider == nil {
		return nil
	}
	return &rare{state, provider}
}

func (s *span) state() oteltrace.TraceState {
	if s.rare == nil {
		return oteltrace.TraceState{}
	}
	return s.rare.state
}

var _ oteltrace.Span = (*span)(nil)

func (s *span) SpanContext() oteltrace.SpanContext {
	b := s.b3
	if s.hidden {
		b.SpanID = oteltrace.SpanID{}
	}
	return b.spanContext(s.state(), s.remote)
}

// TracerProvider returns the provider from which libraries that know only OpenTelemetry get the
// children of s. After a caller's deny, that provider makes spans with IDs only, so that these
// libraries obey the deny too.
func (s *span) TracerProvider() oteltrace.TracerProvider {
	switch {
	case s.provider != nil:
		if s.provider.sdk != nil {
			return s.provider.sdk
		}
		return s.provider
	case s.rare != nil && s.rare.provider != nil:
		return s.rare.provider
	case s.b3.Sampling.public() == Deny:
		return fallback
	}
	if global := globalProvider(); global != nil {
		return global
	}
	return fallback
}

func (s *span) IsRecording() bool                           { return false }
func (s *span) End(...oteltrace.SpanEndOption)              {}
func (s *span) AddEvent(string, ...oteltrace.EventOption)   {}
func (s *span) AddLink(oteltrace.Link)                      {}
func (s *span) RecordError(error, ...oteltrace.EventOption) {}
func (s *span) SetStatus(codes.Code, string)                {}
func (s *span) SetName(string)                              {}
func (s *span) SetAttributes(...attribute.KeyValue)         {}

// begin makes s a child of the parent that the argument under describes. It fills in s in place,
// inside a node, because making a span elsewhere and copying it into the node costs twice as much.
func (s *span) begin(under *parent, p *Provider) {
	s.provider = p
	s.rare = rarely(under.state, nil)

	b := &s.b3
	*b = under.b3
	b.ParentSpanID, b.SpanID = b.SpanID, newid.Span()
	if !b.inTrace() {
		b.TraceID = newid.Trace()
	}
	switch {
	case b.Sampling == Defer:
		b.Sampling = p.decide(b.TraceID)
	case b.Sampling == unsampled && p.sdk == nil:
		b.Sampling = Deny // a real deny, because this provider has no SDK to ask
	}
}
