package workerpool_test

import (
	"context"
	"testing"
	"time"

	"example.com/clew/internal/hoptest"
	"example.com/clew/trace"
	"example.com/clew/workerpool"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

func TestHop(t *testing.T) {
	for _, h := range hops() {
		t.Run(h.name, func(t *testing.T) {
			hoptest.Run(t, func(t *testing.T, r hoptest.Row) (seen hoptest.Seen) {
				h.run(r.Context(), func(ctx context.Context) {
					b, _ := trace.FromContext(ctx)
					seen = hoptest.Seen{TraceID: trace.ID(ctx), State: b.Sampling.String()}
				})
				return seen
			})
		})
	}
}

// A run of Every or Job is not part of the trace that scheduled it, but has a link to that trace.
func TestRepeatedRunsAreLinkedToTheScheduler(t *testing.T) {
	tests := []struct {
		name     string
		spanName string
		run      func(ctx context.Context, fn func(ctx context.Context))
	}{
		{name: "Every", spanName: "workerpool.Every", run: func(ctx context.Context, fn func(ctx context.Context)) {
			ctx, cancel := context.WithCancel(ctx)
			workerpool.Every(ctx, time.Nanosecond, func(ctx context.Context) { cancel(); fn(ctx) })
		}},
		{name: "Job", spanName: "workerpool.Job", run: func(ctx context.Context, fn func(ctx context.Context)) {
			workerpool.Job(ctx, fn)()
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, r := range hoptest.Rows() {
				t.Run(r.Name, func(t *testing.T) {
					ctx, spans := recorded(r.Context())
					scheduler, _ := trace.FromContext(ctx)
					require.Equal(t, r.TraceID, trace.ID(ctx), "trace.ID of the scheduler")

					var id string
					test.run(ctx, func(ctx context.Context) { id = trace.ID(ctx) })

					assert.Len(t, id, 32, "trace.ID in the run")
					assert.NotEqual(t, r.TraceID, id, "trace.ID in the run, which must be a new one")
					span := spanNamed(t, spans.Ended(), test.spanName)
					assert.Equal(t, id, span.SpanContext().TraceID().String(), "trace ID of the run's span")
					assert.False(t, span.Parent().IsValid(), "the run's span has a parent: %v", span.Parent())
					require.Len(t, span.Links(), 1, "links of the run's span")
					link := span.Links()[0].SpanContext
					assert.Equal(t, scheduler.TraceID, link.TraceID(), "trace ID of the link")
					assert.Equal(t, scheduler.SpanID, link.SpanID(), "span ID of the link")
				})
			}
		})
	}
}

// A run that is scheduled without a trace has a trace ID too.
func TestRepeatedRunWithoutTrace(t *testing.T) {
	var id string
	workerpool.Job(context.Background(), func(ctx context.Context) { id = trace.ID(ctx) })()
	assert.Len(t, id, 32, "trace.ID in a Job of context.Background()")
}

func spanNamed(t *testing.T, spans []sdktrace.ReadOnlySpan, name string) sdktrace.ReadOnlySpan {
	t.Helper()
	for _, s := range spans {
		if s.Name() == name {
			return s
		}
	}
	t.Fatalf("no span %q has ended, got %d others", name, len(spans))
	return nil
}
