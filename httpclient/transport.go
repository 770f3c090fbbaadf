package httpclient

import (
	"net/http"

	"example.com/clew/internal/goroutine"
	"example.com/clew/trace"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// NewTransport returns a RoundTripper that puts the trace of the request's context on the request
// and hands it to base. A nil base means the value of http.DefaultTransport when the request is
// sent.
//
// The caller's request is not changed: base gets a copy, whose context has the attempt's span as
// its current span. Response, error and panic of base are passed on unchanged, except that the
// Response's Request is the copy. A later request in the copy's context becomes a sibling of the
// attempt, not its child. A recording span ends when the response body has been read to its end
// or closed.
//
// The RoundTripper is safe for concurrent use if base is. NewTransport, Wrap and Resty panic if
// cfg.CallLog has both Logger and Slog.
func NewTransport(base http.RoundTripper, cfg Config) http.RoundTripper {
	return &transport{base: base, hop: newHop(cfg)}
}

// Wrap returns a copy of c whose transport is wrapped by [NewTransport]. c is not touched; the
// copy shares its cookie jar. Wrap once: a client wrapped twice makes two spans for each attempt,
// one inside the other. Wrap panics if c is nil.
func Wrap(c *http.Client, cfg Config) *http.Client {
	if c == nil {
		panic("httpclient: Wrap: nil *http.Client")
	}
	wrapped := *c
	wrapped.Transport = NewTransport(c.Transport, cfg)
	return &wrapped
}

type transport struct {
	base http.RoundTripper
	*hop
}

func (t *transport) next() http.RoundTripper {
	if t.base == nil {
		return http.DefaultTransport
	}
	return t.base
}

// CloseIdleConnections is the method that http.Client.CloseIdleConnections looks for.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.next().(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r == nil || r.URL == nil {
		return t.next().RoundTrip(r) // base returns the right error, and closes the body
	}
	stay, number := trace.B3{}, 1
	if r.Response != nil {
		stay, number = earlier(r)
	}
	var out *outgoing
	var c *call // nil: the attempt has no line
	if t.calls == nil || !t.calls.wants(r) {
		out = new(outgoing)
	} else {
		l := new(loggedOutgoing)
		out, c = &l.outgoing, &l.call
		c.start(t.calls, number)
		c.describe(r)
	}
	caller := r.Context()
	out.attempt.Context = caller
	if a := finishedIn(caller); a != nil {
		out.attempt.Context, caller = a.beside(caller)
		stay = rejoin(caller, r.Context())
	}
	ctx, span := t.start(&out.attempt, caller, stay, r.Method)
	out.attempt.own = ctx
	if c != nil || span.IsRecording() {
		return t.watch(r, out, c, span, number)
	}
	resp, err := t.send(r, out)
	span.End()
	return resp, err
}

// send sends a copy of r, in the context of the attempt.
func (t *transport) send(r *http.Request, out *outgoing) (*http.Response, error) {
	ctx := out.attempt.own
	out.request = *r.WithContext(ctx)
	request := &out.request
	request.Header = t.cloneHeader(r.Header)
	t.write(ctx, request.Header, t.allows(r, sameHost(r)))
	resp, err := t.next().RoundTrip(request)
	out.attempt.finished.Store(true)
	if resp != nil && resp.Request != request {
		// If resp is a redirect, the next request finds its trace and the earlier requests through
		// resp.Request. base may have set a copy with another URL there, for instance after a
		// look-up of the service.
		resp.Request = request
	}
	return resp, err
}

// watch sends r, and reports the outcome in the span and on the line c, if there is one.
func (t *transport) watch(r *http.Request, out *outgoing, c *call, span oteltrace.Span, number int) (*http.Response, error) {
	if c != nil {
		c.pending.Context = out.attempt.own
	}
	describe(span, r, number)
	returned := false
	defer func() {
		if returned {
			return
		}
		broken := errGoexit
		if goroutine.Panicking() {
			broken = errPanic
			span.SetStatus(codes.Error, "panic")
		}
		if c != nil {
			c.answered(0)
			c.write(broken)
		}
		span.End()
	}()
	resp, err := t.send(r, out)
	returned = true
	settle(span, c, r.URL, resp, err)
	return resp, err
}
