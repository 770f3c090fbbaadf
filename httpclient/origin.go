package httpclient

import (
	"context"

	"example.com/clew/internal/newid"
	"example.com/clew/trace"
	"github.com/go-resty/resty/v2"
)

// origin is the context that a resty request's sends start in, until the request gets another
// context. An origin must not hold the context of an earlier send. Otherwise, if a request is sent
// many times, each send would keep the contexts of all sends before it.
type origin struct {
	ctx    context.Context
	caller context.Context // ctx, without additions to the context of an earlier attempt
	stay   trace.B3        // the trace to stay in; the zero B3 if ctx determines the trace
	anew   bool            // begin a trace, though ctx holds the record of an earlier send's trace
}

// originIn returns the origin of r's sends when r's context is ctx.
func originIn(ctx context.Context, r *resty.Request) origin {
	o := origin{ctx: ctx, caller: ctx}
	last := finishedIn(ctx)
	if last == nil {
		return o
	}
	o.ctx, o.caller = last.beside(ctx)
	if tryIn(ctx, r) == nil {
		o.stay = rejoin(o.caller, ctx)
	} else if b, traced := trace.FromContext(o.caller); !traced {
		o.anew, o.stay.Sampling = true, b.Sampling // a sampling state may have come without IDs
	}
	return o
}

// trace returns the trace that the first attempt of a send must stay in.
func (o *origin) trace() trace.B3 {
	b := o.stay
	if o.anew {
		// If this goroutine has a trace, it is used, as in the first send.
		if _, traced := trace.FromContext(trace.Implicit(o.caller)); traced {
			return trace.B3{}
		}
		b.TraceID = newid.Trace()
	}
	return b
}
