package main

import (
	"context"
	"errors"

	"example.com/clew/trace"
	"github.com/openzipkin/zipkin-go"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// startJobs are about a span inside of the process: begun, current in its context, ended.
func startJobs() (jobs []job) {
	for _, root := range []bool{false, true} {
		j := job{name: "start and end a child"}
		if root {
			j.name = "start and end a root"
		}
		// begin returns the context that has the span, which it has ended.
		add := func(name string, k kind, caller func() context.Context, fresh bool, begin func(context.Context) context.Context) {
			j.variants = append(j.variants, variant{name, k, func() work {
				parent := context.Background()
				if !root {
					parent = caller()
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
					return input{root: root}.match(traceID, spanIn(begun), spanIn(parent), fresh)
				}}
			}})
		}
		sdk := func(provider oteltrace.TracerProvider) func(context.Context) context.Context {
			tracer := provider.Tracer("bench")
			return func(ctx context.Context) context.Context {
				ctx, s := tracer.Start(ctx, "job")
				s.End()
				return ctx
			}
		}
		same := callerSpan()
		add("`ContextWithSpanContext`: no new span", baseline, otelCaller, false, func(ctx context.Context) context.Context {
			return oteltrace.ContextWithSpanContext(ctx, same)
		})
		// It must make IDs and decide a root; ending it is nothing.
		add("floor", floor, floorCaller, true, func(ctx context.Context) context.Context {
			return &node{ctx, attempt(ctx)}
		})
		add("clew", ours, clewCaller, true, func(ctx context.Context) context.Context {
			ctx, s := trace.Start(ctx, "job")
			s.End()
			return ctx
		})
		add("OpenTelemetry's SDK, never sampled", peer, otelCaller, true, sdk(never()))
		add("OpenTelemetry's SDK, ParentBased(0.001)", peer, otelCaller, true, sdk(ratio()))
		tracer := zipkinTracer()
		add("zipkin-go, never sampled", peer, zipkinCaller, true, func(ctx context.Context) context.Context {
			s, ctx := tracer.StartSpanFromContext(ctx, "job")
			s.Finish()
			return ctx
		})
		jobs = append(jobs, j)
	}
	return jobs
}
