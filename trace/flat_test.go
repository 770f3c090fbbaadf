package trace_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

func TestDetachOfWhatIsDetached(t *testing.T) {
	parent, cancel := context.WithTimeout(context.WithValue(testkit.Context(id64+"-"+spanID+"-1"), key("k"), "v"), time.Hour)
	defer cancel()
	sdkSpan := func(ctx context.Context) context.Context {
		ctx, span := trace.Starter{TracerProvider: sdk(sdktrace.AlwaysSample())}.Start(ctx, trace.B3{}, "x")
		span.End()
		return ctx
	}
	root := func(ctx context.Context) context.Context {
		ctx, span := trace.Root(ctx, "x")
		span.End()
		return ctx
	}
	for name, ctx := range map[string]context.Context{
		"Detach": trace.Detach(parent), "Background": context.Background(),
		"a remote span in Background": testkit.Context(id64 + "-" + spanID), "an SDK's span in a detached context": sdkSpan(trace.Detach(parent)),
		"a root in a detached context": root(trace.Detach(parent)), "an SDK's root in a detached context": root(sdkSpan(trace.Detach(parent))),
	} {
		assert.Equal(t, ctx, trace.Detach(ctx), name)
	}
	for name, ctx := range map[string]context.Context{
		"a deadline in a detached context": func() context.Context {
			ctx, cancel := context.WithTimeout(trace.Detach(parent), time.Hour)
			t.Cleanup(cancel)
			return ctx
		}(),
		"a root under a deadline":        root(parent),
		"an SDK's span under a deadline": sdkSpan(parent),
	} {
		detached := trace.Detach(ctx)
		assert.Nil(t, detached.Done(), name)
		_, set := detached.Deadline()
		assert.False(t, set, name)
		assert.Equal(t, "v", detached.Value(key("k")), name)
	}
}

// Package context must not find the canceler of a detached context's parent. It looks for a
// canceler with a key that is not exported. If a new version of Go looks in another way, this test
// fails.
func TestDetachedFromTheCanceler(t *testing.T) {
	parent, cancel := context.WithCancelCause(testkit.Context(id64 + "-" + spanID + "-1"))
	detached := trace.Detach(parent)
	child, stop := context.WithTimeout(context.WithValue(detached, key("k"), "v"), time.Hour)
	defer stop()
	ran := false
	unregister := context.AfterFunc(detached, func() { ran = true })
	cancel(errors.New("the client went away"))
	assert.NoError(t, context.Cause(detached), "Cause")
	assert.NoError(t, detached.Err(), "Err")
	assert.NoError(t, child.Err(), "Err of a child")
	assert.NoError(t, context.Cause(child), "Cause of a child")
	assert.True(t, unregister(), "whether the AfterFunc is still waiting")
	own := &changing{detached, make(chan struct{}), context.DeadlineExceeded}
	assert.Equal(t, context.DeadlineExceeded, context.Cause(own), "Cause of another library's context, which embeds the detached context and has ended by itself")
	assert.False(t, ran)
}

// The type changing is a context whose Done and Err change, as in a framework that reuses its
// contexts.
type changing struct {
	context.Context
	done chan struct{}
	err  error
}

func (c *changing) Done() <-chan struct{} { return c.done }
func (c *changing) Err() error            { return c.err }

func TestDetachOfAContextThatChanges(t *testing.T) {
	c := &changing{Context: testkit.Context(id64 + "-" + spanID + "-1")}
	ctx, span := trace.Start(c, "x")
	defer span.End()
	for name, detached := range map[string]context.Context{"itself": trace.Detach(c), "under a span": trace.Detach(ctx)} {
		c.done, c.err = make(chan struct{}), context.Canceled
		assert.Nil(t, detached.Done(), name)
		assert.NoError(t, detached.Err(), name)
		c.done, c.err = nil, nil
		assert.NotEmpty(t, trace.ID(detached), name)
	}
}

// A root keeps the values of its context. Of the old trace, it keeps only a link.
func TestRootInARoot(t *testing.T) {
	rec := watch(sdktrace.AlwaysSample())
	ctx := context.WithValue(testkit.Context(id64+"-"+spanID+"-1"), key("k"), "v")
	for _, starter := range []trace.Starter{{}, {TracerProvider: rec}} {
		ctx, first := starter.Start(ctx, trace.B3{}, "first")
		first.End()
		ids := map[string]bool{trace.ID(ctx): true}
		for range 3 {
			var span oteltrace.Span
			ctx, span = trace.Root(ctx, "root")
			span.End()
			ids[trace.ID(ctx)] = true
			assert.Equal(t, "v", ctx.Value(key("k")))
			assert.Equal(t, span, oteltrace.SpanFromContext(ctx))
			b, _ := trace.FromContext(ctx)
			assert.False(t, b.ParentSpanID.IsValid(), "whether a root has a parent")
			ctx, span = starter.Start(ctx, trace.B3{}, "root", oteltrace.WithNewRoot())
			span.End()
			ids[trace.ID(ctx)] = true
			assert.Equal(t, "v", ctx.Value(key("k")))
		}
		assert.Len(t, ids, 7, "IDs")
	}
	assert.Len(t, rec.named("root"), 6, "roots begun at the SDK of the first span")
}

// A no-op provider returns the span that it finds in the context. Root hides clew's span from the
// provider. The provider may then find another library's span further out in the context. Root
// must not take either span for a new root.
func TestRootUnderNoopProviderOverAnotherSpan(t *testing.T) {
	if !testkit.InChild(t) {
		return
	}
	otel.SetTracerProvider(noop.NewTracerProvider())
	other, span := sdk(sdktrace.AlwaysSample()).Tracer("").Start(context.Background(), "another library's")
	defer span.End()
	ctx := trace.NewContext(other, testkit.B3(id128+"-"+spanID+"-1"))
	ctx, root := trace.Root(ctx, "root")
	defer root.End()
	assert.NotEqual(t, span.SpanContext().TraceID(), root.SpanContext().TraceID(), "trace of a root")
	assert.NotEqual(t, trace.ID(other), trace.ID(ctx), "ID in a root")
	assert.Len(t, trace.ID(ctx), 32)
}

// A deny holds only for its own trace, and no SDK is asked about that trace. Each new root
// passes on the SDK of the denied trace. The first root that asks an SDK ends this.
func TestRootInARootAfterADeny(t *testing.T) {
	rec := watch(sdktrace.AlwaysSample())
	ctx, span := trace.Starter{TracerProvider: rec}.Start(context.Background(), testkit.B3("0"), "denied")
	span.End()
	own := trace.Starter{TracerProvider: trace.NewProvider(trace.ProviderConfig{})}
	ctx, span = own.Start(ctx, trace.B3{}, "own", oteltrace.WithNewRoot())
	span.End()
	// This root finds no nearer SDK, so it asks the remembered SDK.
	_, span = trace.Root(oteltrace.ContextWithSpan(ctx, noop.Span{}), "root")
	span.End()
	assert.Len(t, rec.named("root"), 1, "roots at the SDK that was not asked about the deny")
}
