package httpmw

import (
	"context"
	"net/http"
	"runtime/pprof"

	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/logbind"
	"example.com/clew/internal/route"
	"example.com/clew/internal/seam"
	"example.com/clew/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// visit is one request on its way through a handler. A visit stays on the stack of ServeHTTP, to
// save an allocation. So no method may keep a pointer to it.
type visit struct {
	handler *handler
	given   *http.Request // what ServeHTTP was given
	seen    *http.Request // what the next handler gets

	span      oteltrace.Span
	recording bool // span.IsRecording()

	// A cell holds the route of a request, for the span and for the access line.
	cell    *route.Cell // the cell of this span; nil if nobody reads it
	further *route.Cell // the cell of the New or AccessLog further out; nil if there is none

	restore  context.Context // holds the labels to restore; nil: the labels are unchanged
	returned bool            // the handler has returned
}

// equip returns traced, the context of the span, with the loggers. If a Guard is on, the result
// also has the labels by which the Guard marks goroutines.
func (v *visit) equip(traced context.Context) context.Context {
	h, ctx := v.handler, traced
	if g := goroutine.CurrentGuard(); g != nil {
		ctx, v.restore = g.Traced(ctx), v.given.Context()
		if g.Descends() { // the goroutine had the labels before, as in another request's handler
			v.restore = g.Traced(v.restore)
		}
	} else if h.Labels != nil {
		v.restore = v.given.Context()
	}
	if h.Slog != nil {
		ctx = context.WithValue(ctx, seam.SlogKey{}, h.Slog)
	}
	if h.Logger != nil {
		if b, _ := trace.FromContext(traced); b.Sampling == trace.Debug {
			return logbind.BindDebug(ctx, *h.Logger)
		}
		return logbind.Bind(ctx, *h.Logger)
	}
	return ctx
}

// report finds the cells that carry the route outwards. It tells an AccessLog outside of New the
// trace of the request, and describes the span if it is recorded.
func (v *visit) report(traced context.Context) {
	madeHere := made(v.given)
	// If further.Made differs from madeHere, a handler made v.given while it served another
	// request. The cell then belongs to that other request.
	if further := route.Of(v.given.Context()); further != nil && further.Made == madeHere {
		v.further = further
		if further.Outside { // otherwise another New has already told the AccessLog
			tellOutside(v.given.Context(), v.seen.Context())
		}
	}
	if wanted := v.recording || v.further != nil; wanted || madeHere {
		v.cell = route.Of(traced)
		v.cell.Wanted, v.cell.Made = wanted, madeHere
		route.Want()
	}
	if v.recording {
		describe(v.span, v.seen)
	}
}

// label gives the goroutine the labels of the request.
func (v *visit) label() {
	ctx := v.seen.Context()
	if labels := v.handler.Labels; labels != nil {
		ctx = pprof.WithLabels(ctx, labels(v.seen))
		v.seen = v.seen.WithContext(ctx)
	}
	pprof.SetGoroutineLabels(ctx)
}

// end is deferred, to run after a panic too.
func (v *visit) end() {
	if v.restore != nil {
		pprof.SetGoroutineLabels(v.restore)
	}
	giveBack(v.given, v.seen)
	if v.further != nil {
		v.further.Set(v.cell.Get())
		offerPattern(v.further, v.seen)
	}
	if v.recording {
		v.handler.conclude(v.span, v.seen, v.cell, !v.returned && goroutine.Panicking())
	} else {
		v.span.End()
	}
}
