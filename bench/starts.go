package main

import (
	"context"
	"errors"

	"example.com/clew/trace"
	"github.com/openzipkin/zipkin-go"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// startingWay is a way to start a span inside of a process, to make it current, and to end it.
type startingWay struct {
	name   string
	kind   kind
	caller func() context.Context
	fresh  bool // makes a new span
	begin  func() func(context.Context) context.Context
}

var startingWays = []startingWay{
	{"`ContextWithSpanContext`: no new span", baseline, otelCaller, false, func() func(context.Context) context.Context {
		same := callerSpan()
		return func(ctx context.Context) context.Context { return oteltrace.ContextWithSpanContext(ctx, same) }
	}},
	// The job requires that the floor makes IDs, and the sampling decision for a root. Its spans
	// need no end.
	{"floor", floor, floorCaller, true, func() func(context.Context) context.Context {
		return func(ctx context.Context) context.Context { return &node{ctx, attempt(ctx)} }
	}},
	{"clew", ours, clewCaller, true, func() func(context.Context) context.Context {
		return func(ctx context.Context) context.Context {
			ctx, s := trace.Start(ctx, "job")
			s.End()
			return ctx
		}
	}},
	{"OpenTelemetry's SDK, never sampled", peer, otelCaller, true, bySDK(never)},
	{"OpenTelemetry's SDK, ParentBased(0.001)", peer, otelCaller, true, bySDK(ratio)},
	{"zipkin-go, never sampled", peer, zipkinCaller, true, func() func(context.Context) context.Context {
		tracer := zipkinTracer()
		return func(ctx context.Context) context.Context {
			s, ctx := tracer.StartSpanFromContext(ctx, "job")
			s.Finish()
			return ctx
		}
	}},
}

func bySDK(provider func() oteltrace.TracerProvider) func() func(context.Context) context.Context {
	return func() func(context.Context) context.Context {
		tracer := provider().Tracer("bench")
		return func(ctx context.Context) context.Context {
			ctx, s := tracer.Start(ctx, "job")
			s.End()
			return ctx
		}
	}
}

func startJobs() []job {
	child, root := job{name: "start and end a child"}, job{name: "start and end a root"}
	for _, way := range startingWays {
		child.variants = append(child.variants, variant{way.name, way.kind, func() work { return starting(false, way) }})
		root.variants = append(root.variants, variant{way.name, way.kind, func() work { return starting(true, way) }})
	}
	return []job{child, root}
}

// starting returns work that starts and ends a span: a root, or a child of a caller.
func starting(root bool, way startingWay) work {
	begin, parent := way.begin(), context.Background()
	if !root {
		parent = way.caller()
	}
	var begun context.Context
	op := func(n int) {
		for range n {
			begun = begin(parent)
		}
	}
	return work{op: op, check: func() error {
		begun = nil
		op(1)
		if begun == nil {
			return errors.New("no context")
		}
		traceID := oteltrace.SpanContextFromContext(begun).TraceID().String()
		if s := zipkin.SpanFromContext(begun); s != nil {
			traceID = s.Context().TraceID.String()
		}
		return input{root: root}.match(traceID, spanIn(begun), spanIn(parent), way.fresh)
	}}
}
