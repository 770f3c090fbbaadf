package trace

import "context"

type TraceID [16]byte

func (t TraceID) String() string { return "" }
func (t TraceID) IsValid() bool  { return true }

type SpanID [8]byte

func (s SpanID) String() string { return "" }

type SpanContext struct{}

type Link struct{}

type SpanStartOption any

func SpanContextFromContext(context.Context) (sc SpanContext)                   { return }
func ContextWithSpanContext(ctx context.Context, _ SpanContext) context.Context { return ctx }
func LinkFromContext(context.Context) (l Link)                                  { return }
func WithLinks(...Link) SpanStartOption                                         { return nil }
