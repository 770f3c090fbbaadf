package httpclient

import (
	"context"
	"reflect"
	"sync/atomic"

	"example.com/clew/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// attempt is a link in the chain of contexts, right below the span of an attempt. A request that
// is made in the attempt's context finds the link. If the attempt has finished, the request is
// started in the context that the attempt was started in. The request and the attempt are then
// siblings, and the chain does not grow.
type attempt struct {
	context.Context                 // the context in which the attempt was started
	own             context.Context // the context with the attempt's span; others read it only after finished is set
	finished        atomic.Bool
}

type attemptKey struct{}

func (a *attempt) Value(key any) any {
	if key == (attemptKey{}) {
		return a
	}
	return a.Context.Value(key)
}

// finishedIn returns the nearest attempt in ctx if it has finished, else nil.
func finishedIn(ctx context.Context) *attempt {
	if a, _ := ctx.Value(attemptKey{}).(*attempt); a != nil && a.finished.Load() {
		return a
	}
	return nil
}

// beside returns two contexts for a request. started is the context to start the request in.
// caller is the caller's context. The argument ctx is the request's context, and a is
// finishedIn(ctx).
//
// If the user has started a span after the attempt a, both are ctx. Otherwise caller is the
// context that a was started in, and started is caller with all that was added to a's context
// later. To find out whether the caller has a trace, look in caller: below the additions, started
// may hold a's record of its own trace.
func (a *attempt) beside(ctx context.Context) (started, caller context.Context) {
	started, caller = ctx, ctx
	added := false
	for a != nil { // more than one attempt, if the http.Client of a resty client is wrapped too
		if spanID(caller) != spanID(a.own) {
			break // the user has started a span
		}
		if added = added || !same(caller, a.own); !added {
			started = a.Context
		}
		caller = a.Context
		a = finishedIn(caller)
	}
	if added {
		started = under(started, caller)
	}
	return started, caller
}

func spanID(ctx context.Context) oteltrace.SpanID {
	b, _ := trace.FromContext(ctx)
	return b.SpanID
}

// rejoin returns the trace that an attempt must stay in. last is the context of the attempt
// before, and caller is the context that both attempts were started in. The result is the zero B3
// if last has no trace, or if caller has one.
func rejoin(caller, last context.Context) trace.B3 {
	if _, traced := trace.FromContext(caller); !traced {
		if b, ok := trace.FromContext(last); ok {
			return b
		}
	}
	return trace.B3{}
}

// under returns ctx with caller's current span as its current span. All else in ctx stays, such
// as a deadline. under adds a link to the chain of contexts, so call it only for a context that
// other code has derived.
func under(ctx, caller context.Context) context.Context {
	span := oteltrace.SpanFromContext(caller)
	if b, ok := trace.FromContext(caller); ok && !span.SpanContext().IsValid() {
		// caller's current span is a no-op tracer's, and caller's trace is in a record below that
		// span. The nearest record in ctx is an attempt's, so put caller's record on top.
		return trace.NewContext(ctx, b)
	}
	return oteltrace.ContextWithSpan(ctx, span)
}

// same reports whether a and b are one context. The operator == panics on some types of contexts.
func same(a, b context.Context) bool {
	return reflect.TypeOf(a) == reflect.TypeOf(b) && a != nil && reflect.ValueOf(a).Comparable() && a == b
}
