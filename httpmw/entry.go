package httpmw

import (
	"context"
	"net/http"
	"time"

	"example.com/clew/internal/clip"
	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/route"
	"example.com/clew/internal/seam"
	"example.com/clew/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// entry collects what the line of one request says. It stays on the stack of ServeHTTP, to save
// an allocation. So no method may keep a pointer to it.
type entry struct {
	log     *accessLog
	outcome *outcome

	// The arguments of AccessLog's ServeHTTP, and the request's context at that time. Handlers
	// further in may change the request, and overwrite its context.
	ctx   context.Context
	w     http.ResponseWriter
	given *http.Request

	seen    *http.Request // the handler's request: given, or a copy whose context is e.outside
	cell    *route.Cell   // holds the route of the request
	outside *outside      // the context that this AccessLog made; nil if cell is from further out

	caller   trace.B3 // the trace in the headers, if no New further out has read them
	returned bool     // the handler has returned
}

// begin notes what is known before the handler runs. It returns a ResponseWriter that observes w.
func (e *entry) begin(a *accessLog, w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	e.log, e.ctx, e.w, e.given, e.seen = a, r.Context(), w, r, r
	e.cell = route.Of(e.ctx)
	// If a handler of this process made r, the cell may belong to the request that the handler
	// serves.
	others := e.cell != nil && made(r) && !e.cell.Made
	if e.cell == nil || others {
		e.outside = newOutside(r)
		e.cell, e.seen = &e.outside.route, r.WithContext(e.outside)
	}
	if e.cell.Outside {
		e.caller, _ = trace.FromHeader(r.Header)
	}

	w, o := watch(w)
	o.begin, o.Method, o.Remote = time.Now(), clip.Text(r.Method), clip.Text(r.RemoteAddr)
	o.proto, o.head = r.ProtoMajor, r.Method == http.MethodHead
	if r.URL != nil {
		o.Path = clip.Text(r.URL.Path)
	}
	e.outcome = o
	return w
}

// end is deferred, to run after a panic too. It writes the line.
func (e *entry) end() {
	o := e.outcome
	o.Panicked = !e.returned && goroutine.Panicking()
	o.settle(e.ctx, e.w, e.returned)
	e.tellOutwards()
	ctx := e.within()
	o.Route = routeOf(e.seen, e.cell)
	if e.log.Fields != nil {
		o.pending.Fields = e.log.Fields(e.seen.WithContext(ctx))
	}
	o.UntrustedTraceID = untrustedIn(ctx)
	e.write(ctx)
}

// tellOutwards passes on to code further out what the handler has written into the request.
func (e *entry) tellOutwards() {
	switch {
	case e.outside != nil:
		giveBack(e.given, e.seen)
	case e.cell.Wanted:
		offerPattern(e.cell, e.seen)
	}
}

// within returns the context to write the line in: New's context, whether New is inside or
// outside of AccessLog. Without New, it returns the context that AccessLog was given.
func (e *entry) within() context.Context {
	switch {
	case e.outside != nil:
		return e.outside.within()
	case e.cell.Outside: // the cell of another AccessLog, further out
		if o := outsideOf(e.ctx); o != nil {
			return o.within()
		}
	}
	return e.ctx
}

// write writes the access line. Its argument is the context that the method within returns.
func (e *entry) write(ctx context.Context) {
	o, current := e.outcome, seam.Look(ctx)
	if current.Recording && o.Status != 0 {
		o.setStatus(oteltrace.SpanFromContext(ctx))
	}
	o.ParentID, o.CallerParentID, o.Sampled = current.Parent, current.CallerParent, current.Sampled
	if e.caller.SpanID.IsValid() && e.caller.SpanID == current.Parent {
		if ours, _ := trace.FromContext(ctx); e.caller.TraceID == ours.TraceID {
			o.CallerParentID = e.caller.ParentSpanID
		}
	}
	level := o.level()
	if e.log.Level != nil {
		level = e.log.Level(o.Status)
	}
	o.Duration = time.Since(o.begin).Round(time.Microsecond)

	p := &o.pending
	p.Context, p.Record, p.IDs = ctx, &o.Request, current.Text
	e.log.loggers.WriteAt(p, level, current.Debug)
}
