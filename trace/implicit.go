package trace

import (
	"context"

	"example.com/clew/internal/mark"
	"example.com/clew/internal/seam"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Do calls fn with ctx and gives this goroutine ctx's trace until fn ends, also by panic or
// runtime.Goexit: log lines through logctx's hook and slog handler, and requests through
// httpclient, that are given no context with a trace have this one's. It is for interceptors,
// consumers of queues, commands and tests; httpmw's Config.Implicit does it for each request, and
// workerpool for each task, with the context that the task was given.
//
// The innermost Do rules. One whose ctx has no trace hides the outer. A context that has a trace
// is never overruled. A goroutine that fn starts with a bare go statement does not have fn's
// trace: what it logs needs a context, or a Do of its own.
//
// The trace stands on the goroutine's stack, as the return address of one of many call sites. So
// it may be missing, and is never another's. It is missing more than 250 frames further in, where
// 4,096 are in use already (one that a panic or Goexit has ended stays in use until a garbage
// collection), while a panic flies on from a Do that hides the outer, and in a program whose
// compiler has moved the call sites. Code of one request that another's goroutine runs, as the
// leader of a singleflight does, is filed under the goroutine that runs it; workerpool.Wrap
// gives it its own. So is a line that a logger keeps and passes to logctx's hook or handler
// later: put logctx.Slog around a handler that keeps records, not inside of it.
//
// An exporter that sends through httpclient in the goroutine that ends a span, as that of
// OpenTelemetry's SimpleSpanProcessor does, must send in Do(context.Background(), …). Its requests
// would else be in the trace that it exports: they have spans to export, and the processor, which
// exports one at a time, would wait for itself for ever.
//
// The first Do, or the first httpmw.New with Implicit, switches this on for the whole process and
// for good: from then on, a line without a context costs a walk up its stack. A nil ctx is
// context.Background(). It panics if fn is nil.
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

// Implicit returns ctx if it has a trace; else ctx with the trace of this goroutine's [Do], if
// there is one; else ctx itself. Of Do's context it takes the current span, and what this package
// knows of that, such as the width of its ID, debug and deny; no deadline, no values, no
// baggage. It is for code that is given no context, such as another logger's hook. Before the
// first Do, or httpmw.New with Implicit, in the process it costs a load. A nil ctx is
// context.Background().
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
