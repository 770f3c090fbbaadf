package trace

import (
	"context"
	"sync/atomic"

	"example.com/clew/internal/newid"
	"example.com/clew/internal/route"
	"example.com/clew/internal/seam"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
)

// span is the span that records nothing: IDs, a decision, and where children come from.
// Nothing that can be seen of it changes, so that it may be read from any goroutine and after End.
type span struct {
	embedded.Span
	record
	provider *Provider // of its children; nil in a remote span: see TracerProvider
	rare     *rare     // nil: most have none
}

// rare is what few spans have, apart so that the others are small: every request makes one.
type rare struct {
	state    oteltrace.TraceState     // W3C's, handed on untouched
	provider oteltrace.TracerProvider // of children, where that is not a Provider
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

// TracerProvider returns where libraries that know only OpenTelemetry get the children of s
// from. For a caller that said deny that is ID-only spans, so that they obey too.
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

// node is a link in the chain of contexts that holds a span. Being context and span in one
// it costs one allocation where oteltrace.ContextWithSpan around a span costs two, and every
// request has at least one.
//
// It begins as a context of context.WithValue does: the same three fields, in that order. fiber
// copies a context into one of its own by reading these fields through reflection, and other
// programs read the memory of any context as if it were such a one. Keep the fields as they are,
// although nothing here reads key and val.
type node struct {
	context.Context
	key, val any // currentSpanKey and &span
	span     span
}

// link puts n above ctx, as the link that holds n's span, and returns it.
func (n *node) link(ctx context.Context) *node {
	n.Context, n.key, n.val = ctx, currentSpanKey, &n.span
	return n
}

// begin makes s a child of under. It fills s in where it is, in a node: a span that is made
// elsewhere and copied there costs as much again.
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
		b.Sampling = Deny // in force from here on: this provider has no SDK
	}
}

// Value answers OpenTelemetry, which asks for the current span, and this package, which asks
// for the nearest record.
func (n *node) Value(key any) any {
	switch key {
	case currentSpanKey:
		return &n.span
	case recordKey{}:
		return &n.span.record
	case route.Key{}:
		if n.span.server {
			return &n.span.route
		}
	}
	return n.Context.Value(key)
}

// clientNode is the node of a client span. The request that span is for needs up to five
// header values; they have their room here, which saves the transport an allocation. The fields of
// node are repeated, since programs that look for them do not look into embedded structs.
type clientNode struct {
	context.Context
	key, val any
	span     span
	taken    atomic.Bool // the room is for one message only: a second one would write into the first
	values   multiValues
}

func (n *clientNode) link(ctx context.Context) *clientNode {
	n.Context, n.key, n.val = ctx, currentSpanKey, &n.span
	return n
}

// Value answers as node's does.
func (n *clientNode) Value(key any) any {
	switch key {
	case currentSpanKey:
		return &n.span
	case recordKey{}:
		return &n.span.record
	}
	return n.Context.Value(key)
}

// currentSpanKey is the key under which OpenTelemetry keeps the current span. It is not
// exported, but SpanFromContext tells it to every context it is asked to look in.
var currentSpanKey = seam.KeyOf(func(ctx context.Context) { oteltrace.SpanFromContext(ctx) })
