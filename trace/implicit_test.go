package trace_test

import (
	"context"
	"runtime"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// implicit returns the trace that Implicit finds for a context without a trace.
func implicit() trace.B3 {
	b, _ := trace.FromContext(trace.Implicit(context.Background()))
	return b
}

func TestDo(t *testing.T) {
	sdk := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.AlwaysSample()))
	never := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))
	deferred := testkit.Context(idWide + "-" + spanID)
	start := func(s trace.Starter, b3 string) context.Context {
		ctx, span := s.Start(context.Background(), testkit.B3(b3), "request")
		t.Cleanup(func() { span.End() })
		return ctx
	}
	for _, tt := range []struct {
		name string
		ctx  context.Context
	}{
		{"our span", start(trace.Starter{}, id64+"-"+spanID+"-1-"+parentID)},
		{"our span, of a server", start(trace.Starter{Kind: oteltrace.SpanKindServer}, idWide+"-"+spanID)},
		{"our span, debug", start(trace.Starter{}, id64+"-"+spanID+"-d")},
		{"our span, deny", start(trace.Starter{}, id64+"-"+spanID+"-0")},
		{"an SDK's span", start(trace.Starter{TracerProvider: sdk}, idWide+"-"+spanID+"-1")},
		{"an SDK's span, debug", start(trace.Starter{TracerProvider: sdk}, id64+"-"+spanID+"-d")},
		{"our span, because an SDK is not asked about a deny", start(trace.Starter{TracerProvider: sdk}, id64+"-"+spanID+"-0")},
		{"an SDK's span, not sampled", start(trace.Starter{TracerProvider: never}, id64+"-"+spanID)},
		{"a remote span that OpenTelemetry has put into the context again", oteltrace.ContextWithRemoteSpanContext(deferred, oteltrace.SpanContextFromContext(deferred))},
		{"a remote span", testkit.Context(idWide + "-" + spanID + "-1-" + parentID)},
		{"a context of Only", trace.Only(start(trace.Starter{}, idWide+"-"+spanID+"-1"))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want, _ := trace.FromContext(tt.ctx)
			trace.Do(tt.ctx, func(ctx context.Context) {
				assert.Equal(t, tt.ctx, ctx, "the context that fn gets")
				adopted := trace.Implicit(context.Background())
				got, ok := trace.FromContext(adopted)
				assert.True(t, ok, "whether Implicit found a trace")
				assert.Equal(t, want, got, "trace of the context from Implicit")
				assert.Equal(t, trace.ID(tt.ctx), trace.ID(adopted), "ID of the context from Implicit")
				assert.Equal(t, oteltrace.SpanFromContext(tt.ctx), oteltrace.SpanFromContext(adopted), "OpenTelemetry's current span")

				_, one := trace.Start(tt.ctx, "child")
				child, two := trace.Start(adopted, "child")
				b, _ := trace.FromContext(child)
				assert.Equal(t, want.SpanID, b.ParentSpanID, "parent of a child of the adopted span")
				assert.Equal(t, one.SpanContext().IsSampled(), two.SpanContext().IsSampled(), "whether a child of the adopted span is sampled")
				assert.Equal(t, one.IsRecording(), two.IsRecording(), "whether a child of the adopted span records")
				assert.Equal(t, one.TracerProvider(), two.TracerProvider(), "provider of a child of the adopted span")
				one.End()
				two.End()
				_, one = trace.Root(tt.ctx, "root")
				_, two = trace.Root(adopted, "root")
				assert.Equal(t, one.IsRecording(), two.IsRecording(), "whether a new root records")
				one.End()
				two.End()
			})
			assert.Equal(t, trace.B3{}, implicit(), "trace from Implicit after Do")
		})
	}
}

// The trace of the innermost Do counts. A Do without a trace hides the trace of the outer Do. A
// context that has a trace keeps its trace.
func TestDoNested(t *testing.T) {
	type key struct{}
	outer, inner := testkit.Context(id64+"-"+spanID), testkit.Context(id128+"-"+spanID)
	trace.Do(outer, func(context.Context) {
		trace.Do(inner, func(context.Context) {
			assert.Equal(t, inner.Value(key{}), nil)
			assert.Equal(t, id128, implicit().ID(), "ID in the inner Do")
			trace.Do(context.Background(), func(context.Context) {
				assert.Equal(t, trace.B3{}, implicit(), "trace in a Do without one")
				assert.Equal(t, context.Background(), trace.Implicit(context.Background()), "without a trace, Implicit must return its argument")
			})
			assert.Equal(t, id64, trace.ID(trace.Implicit(outer)), "ID of a context that has a trace")
		})
		assert.Equal(t, id64, implicit().ID(), "ID in the outer Do, after the inner one")
		ctx := context.WithValue(context.Background(), key{}, "mine")
		assert.Equal(t, "mine", trace.Implicit(ctx).Value(key{}), "a value of Implicit's argument")
		done := make(chan trace.B3)
		go func() { done <- implicit() }()
		assert.Equal(t, trace.B3{}, <-done, "trace in another goroutine")
	})
}

// Implicit copies the trace of Do's context, and nothing else.
func TestImplicitTakesNothingElse(t *testing.T) {
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(testkit.Context(id64+"-"+spanID), key{}, "theirs"))
	cancel()
	trace.Do(ctx, func(context.Context) {
		adopted := trace.Implicit(context.Background())
		assert.NoError(t, adopted.Err(), "Err of the context from Implicit")
		assert.Nil(t, adopted.Value(key{}), "a value of Do's context")
		assert.Equal(t, id64, trace.ID(adopted), "ID of the context from Implicit")
	})
}

func TestDoEndsByPanicAndGoexit(t *testing.T) {
	for _, tt := range []struct {
		name string
		end  func()
	}{{"panic", func() { panic("x") }}, {"Goexit", runtime.Goexit}} {
		t.Run(tt.name, func(t *testing.T) {
			seen := make(chan trace.B3, 1)
			go func() {
				defer func() {
					_ = recover()
					seen <- implicit()
				}()
				trace.Do(testkit.Context(id64+"-"+spanID), func(context.Context) { tt.end() })
			}()
			assert.Equal(t, trace.B3{}, <-seen, "trace in a deferred function outside of Do")
		})
	}
}

func TestDoNil(t *testing.T) {
	var none context.Context
	assert.PanicsWithValue(t, "trace: Do: nil function", func() { trace.Do(t.Context(), nil) })
	trace.Do(none, func(ctx context.Context) { assert.Equal(t, context.Background(), ctx) })
	assert.Equal(t, context.Background(), trace.Implicit(none))
}
