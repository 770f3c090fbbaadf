package trace

import (
	"context"

	"example.com/clew/internal/mark"
	"example.com/clew/internal/seam"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Do calls fn with ctx, and gives this goroutine ctx's trace until fn returns, panics or calls
// runtime.Goexit. Meanwhile, log lines through logctx's hook and slog handler, and requests
// through httpclient, get this trace if their own context has none. Do is for interceptors,
// consumers of queues, commands and tests. httpmw's Config.Implicit does the same for each
// request, and workerpool for each task, with the task's context.
//
// If calls are nested, the innermost call rules. If its ctx has no trace, it hides the trace of
// the outer call. A context that has a trace is never overruled. A goroutine that fn starts with a
// bare go statement does not get fn's trace: pass it a context, or call Do in it.
//
// Do picks a free number for the trace, and calls fn from the call sites that belong to this
// number. Implicit reads the return addresses on the goroutine's stack, and so finds the number
// and the trace. The trace may be missing, but it is never the trace of another goroutine. It is
// missing
//
//   - in calls that are more than 250 stack frames deeper,
//   - if all 4,096 numbers are in use (after a panic or Goexit, a number stays in use until a
//     garbage collection),
//   - if an inner Do whose ctx has no trace ends by a panic: in the functions that the outer Do's
//     fn has deferred,
//   - in a program whose compiler has moved the call sites.
//
// Code that runs in the goroutine of another request gets the trace of that goroutine. An example
// is a singleflight, whose leader works for all callers. workerpool.Wrap gives such code the
// trace of its own request. Likewise, if a slog handler keeps records and passes them on later,
// the lines get the trace of the goroutine that passes them on. Put logctx.Slog around such a
// handler, not inside of it.
//
// OpenTelemetry's SimpleSpanProcessor runs its exporter in the goroutine that ends a span. If that
// exporter sends through httpclient, it must do so inside of Do(context.Background(), …).
// Otherwise its requests are in the trace that is exported, and have spans that must be exported
// too. The processor exports one span at a time, so it would wait for itself for ever.
//
// The first call of Do, or of httpmw.New with Config.Implicit, switches the feature on for the
// whole process and for good. From then on, a log line without a context costs a walk up the
// goroutine's stack. A nil ctx is context.Background(). Do panics if fn is nil.
func Do(ctx context.Context, fn func(ctx context.Context)) {
	if fn == nil {
		panic("trace: Do: nil function")
	}
	if ctx == nil {
		ctx = context.Background()
	}
	mark.On()
	mark.Run(&mark.Call{Ctx: ctx, Fn: fn}, lookup(ctx).b3.hasIDs())
}

// Implicit returns ctx if it has a trace. Otherwise it returns ctx with the trace of this
// goroutine's [Do], or ctx itself if the goroutine has no trace. It copies from Do's context the
// current span and what this package knows of that span, such as the width of its ID, debug and
// deny. It copies no deadline, no values and no baggage. Implicit is for code that gets no
// context, such as another logger's hook. Before the process has called Do, or httpmw.New with
// Config.Implicit, a call of Implicit costs one atomic load. A nil ctx is context.Background().
func Implicit(ctx context.Context) context.Context {
	if ctx == nil {
		ctx = context.Background()
	}
	if !mark.IsOn() || lookup(ctx).b3.hasIDs() {
		return ctx
	}
	from := mark.Find()
	if from == nil {
		return ctx
	}
	return adopt(ctx, from)
}

// adopt returns ctx with the current span of the context from.
func adopt(ctx, from context.Context) context.Context {
	cur := lookup(from)
	if cur.span != nil {
		ctx = oteltrace.ContextWithSpan(ctx, cur.span)
	}
	if cur.own == nil { // the span does not hold the width, debug and deny
		r := nearestRecord(from)
		n := newRecordNode(ctx, ctx)
		n.b3, n.remote = r.b3, r.remote
		ctx = n
	}
	if sdk := skippedIn(from); sdk != nil {
		ctx = newSkippedNode(ctx, sdk)
	}
	return ctx
}

func init() { seam.Marked, seam.Adopt = mark.Find, adopt }
