package trace

import (
	"context"

	"example.com/clew/internal/mark"
	"example.com/clew/internal/seam"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Do calls fn with ctx and gives this goroutine ctx's trace until fn ends, also by panic or
// runtime.Goexit. Meanwhile, log lines through logctx's hook and slog handler, and requests
// through httpclient, have this trace if they are given no context with one. Do is for
// interceptors, consumers of queues, commands and tests. httpmw's Config.Implicit does the same
// for each request, and workerpool for each task, with the context that the task was given.
//
// The innermost Do rules. A Do whose ctx has no trace hides the outer one. A context that has a
// trace is never overruled. A goroutine that fn starts with a bare go statement does not have fn's
// trace: its lines need a context, or a Do of its own.
//
// Do takes a free number, which leads to the trace, and calls fn from the call site with that
// number. The return address on the goroutine's stack then tells the number. So the trace may be
// missing, but it is never the trace of another goroutine. It is missing
//
//   - in calls that are more than 250 frames further in,
//   - if all 4,096 numbers are in use (after a panic or Goexit, a number stays in use until a
//     garbage collection),
//   - in the outer Do's deferred functions, while a panic passes that came out of an inner Do
//     without a trace,
//   - in a program whose compiler has moved the call sites.
//
// Code of one request that runs in the goroutine of another, as the leader of a singleflight does,
// has the trace of that goroutine. workerpool.Wrap gives such code the trace of its own request.
// Likewise, a line that a logger keeps and passes on later has the trace of the goroutine that
// passes it on: put logctx.Slog around a handler that keeps records, not inside of it.
//
// An exporter that sends through httpclient in the goroutine that ends a span must send in
// Do(context.Background(), …). OpenTelemetry's SimpleSpanProcessor runs its exporter in that
// goroutine. Without such a Do, the requests would be in the trace that is exported, and have
// spans to export. The processor exports one span at a time, and would wait for itself for ever.
//
// The first Do, or the first httpmw.New with Implicit, switches this on for the whole process and
// for good. From then on, a line without a context costs a walk up its stack. A nil ctx is
// context.Background(). Do panics if fn is nil.
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
// goroutine's [Do], or ctx itself if there is none. It takes from Do's context the current span
// and what this package knows of that span, such as the width of its ID, debug and deny. It takes
// no deadline, no values and no baggage. Implicit is for code that is given no context, such as
// another logger's hook. Before the process has called Do, or httpmw.New with Config.Implicit, it
// costs one atomic load. A nil ctx is context.Background().
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

// adopt returns ctx with the current span of from.
func adopt(ctx, from context.Context) context.Context {
	cur := lookup(from)
	if cur.span != nil {
		ctx = oteltrace.ContextWithSpan(ctx, cur.span)
	}
	if cur.own == nil { // what the span itself does not tell
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
