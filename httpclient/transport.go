// Package httpclient is the way out: it puts the current trace on outgoing requests, with
// net/http's clients and with resty.
//
// Every attempt is a span of its own, a child of the request's context: a redirect, a retry
// of resty's. They are siblings, not nested. A request without a trace starts one; its
// redirects, and resty's retries, stay in it.
//
// # Requests that are used again
//
// A request may be sent again, net/http's or resty's. Each send is a span of its own under the
// caller's, or begins a trace of its own. Nothing of the send before is kept, neither in the chain
// of contexts nor in http.request.resend_count, which counts the redirects and retries of one
// send.
//
// After a send resp.Request.Context() is the attempt's context, so that log lines have the
// attempt's IDs. A request that is made in this context is a sibling of the attempt, in the same
// trace: the second page is no part of the call for the first. While the attempt is under way, a
// request in its context is its child: in a hook of resty's, or in a RoundTripper further in. A
// span that you start in the context is the attempt's child at any time. A loop over requests,
// each in the context of the last answer, makes the chain longer if it adds something itself: a
// value, a span, or resty's EnableTrace. It does so without this package too.
//
// Two limits. When net/http replays a request on a new connection because a kept-alive one
// had gone, both tries share a span: it happens below every RoundTripper. And a loop of your
// own around requests without a trace is a trace a turn: [trace.Start] one before the loop.
//
// # What goes to whom
//
// A redirect to another host name than the first one asked gets none of our headers: an ID is
// not a stranger's business. [Config].Propagate is where to say otherwise. B3 headers that
// the caller's request already has, and others that the Propagator writes, are stale and
// never sent.
//
// # A line a call
//
// With [Config].CallLog each attempt has a log line, which says who was called, for how long, and
// what came of it. The span_id of the line is the one that the other side got, so a database, a
// third party or a refused connection, which have no access lines of their own, are found from the
// lines too, whether or not the trace is sampled. [CallLogConfig] has the keys.
package httpclient

import (
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sync/atomic"

	"example.com/clew/internal/goroutine"
	"example.com/clew/trace"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// NewTransport returns a RoundTripper that puts the trace of the request's context on the
// request and hands it to base. A nil base is http.DefaultTransport, whatever that is when
// the request is sent.
//
// The caller's request is not changed: base gets a copy, whose context has the attempt as its
// current span. Response, error and panic of base are passed on as they are; the Response's
// Request is the copy, and requests in its context are then siblings of the attempt. A recording
// span ends when the response body has been read to its end or closed. Safe for concurrent use if
// base is. It panics if cfg.CallLog has two loggers, as Wrap and Resty do.
func NewTransport(base http.RoundTripper, cfg Config) http.RoundTripper {
	return &transport{base: base, hop: newHop(cfg)}
}

// Wrap returns a copy of c whose transport is wrapped by [NewTransport]. c is not touched; the
// copy shares its cookie jar. Wrap once: a client wrapped twice makes two spans an attempt,
// one inside the other. It panics if c is nil.
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

// CloseIdleConnections is what http.Client.CloseIdleConnections looks for.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.next().(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if r == nil || r.URL == nil {
		return t.next().RoundTrip(r) // which knows what to say, and closes the body
	}
	prev, count := trace.B3{}, 1
	if r.Response != nil {
		prev, count = before(r)
	}
	var sent *outgoing
	var c *call // nil: the attempt has no line
	if t.calls == nil || !t.calls.wants(r) {
		sent = new(outgoing)
	} else {
		l := new(loggedOutgoing)
		sent, c = &l.outgoing, &l.call
		c.start(t.calls, count)
		c.describe(r)
	}
	caller := r.Context()
	sent.attempt.Context = caller
	if a := finished(caller); a != nil {
		sent.attempt.Context, caller = a.beside(caller)
		prev = rejoin(caller, r.Context())
	}
	ctx, span := t.start(&sent.attempt, caller, prev, r.Method)
	sent.attempt.own = ctx
	if c != nil || span.IsRecording() {
		return t.watch(r, sent, c, span, count)
	}
	resp, err := t.send(r, sent)
	span.End()
	return resp, err
}

// send sends a copy of r in its attempt.
func (t *transport) send(r *http.Request, sent *outgoing) (*http.Response, error) {
	ctx := sent.attempt.own
	sent.request = *r.WithContext(ctx)
	out := &sent.request
	out.Header = t.cloneHeader(r.Header)
	t.write(ctx, out.Header, t.allows(r, sameHost(r)))
	resp, err := t.next().RoundTrip(out)
	sent.attempt.over.Store(true)
	if resp != nil && resp.Request != out {
		// A redirect finds its chain, and its trace, by it. Not a copy of base's, whose URL
		// may be another: it has looked a service up, for instance.
		resp.Request = out
	}
	return resp, err
}

// watch sends r, and tells what becomes of it in the span and on the line c, if there is one.
func (t *transport) watch(r *http.Request, sent *outgoing, c *call, span oteltrace.Span, count int) (*http.Response, error) {
	if c != nil {
		c.pending.Context = sent.attempt.own
	}
	describe(span, r, count)
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
	resp, err := t.send(r, sent)
	returned = true
	settle(span, c, r.URL, resp, err)
	return resp, err
}

// outgoing is the copy of a request that base gets, together with its attempt: one allocation.
type outgoing struct {
	request http.Request
	attempt attempt
}

// loggedOutgoing is an outgoing with the line of its attempt.
type loggedOutgoing struct {
	outgoing
	call call
}

// maxChain is how much of a chain of redirects is looked at. A base that returns the same response
// twice (a cache, a stub) makes the chain a ring.
const maxChain = 1000

// before returns how many attempts there are with this one, and, for a redirect without a
// trace of its own, the one that it follows.
func before(r *http.Request) (prev trace.B3, count int) {
	count = 1
	for resp := r.Response; resp != nil && resp.Request != nil && count < maxChain; resp = resp.Request.Response {
		if count == 1 {
			prev, _ = trace.FromContext(resp.Request.Context())
		}
		count++
	}
	if prev.TraceID.IsValid() {
		if _, traced := trace.FromContext(r.Context()); traced {
			prev = trace.B3{}
		}
	}
	return prev, count
}

// cloneHeader copies header, without what is stale in it and with room for our headers. The values
// stay shared, but clipped: an append to one in the copy moves it.
func (h *hop) cloneHeader(header http.Header) http.Header {
	const (
		ours  = 4
		group = 8 // entries of the smallest map, which maps.Clone copies without hashing a name
	)
	if header != nil && len(header)+ours <= group {
		clone := maps.Clone(header)
		for name, values := range header {
			switch {
			case h.isStale(name):
				delete(clone, name)
			case len(values) < cap(values):
				clone[name] = slices.Clip(values)
			}
		}
		return clone
	}
	clone := make(http.Header, len(header)+ours)
	for name, values := range header {
		if !h.isStale(name) {
			clone[name] = slices.Clip(values)
		}
	}
	return clone
}

// settle ends the span of a request to u and writes the line c, if there is one; or leaves either
// to the response body.
func settle(span oteltrace.Span, c *call, u *url.URL, resp *http.Response, err error) {
	recording := span.IsRecording()
	if !recording && c == nil {
		span.End()
		return
	}
	status := 0
	if resp != nil {
		status = resp.StatusCode
	}
	conclude(span, status, err, u)
	open := resp != nil && resp.Body != nil && resp.Body != http.NoBody && err == nil
	if c != nil {
		c.answered(status)
		switch {
		case resp == nil && err == nil:
			c.write(errNothing) // http.Client makes an error of it
			c = nil
		case !open, c.bodyless(resp):
			c.write(err)
			c = nil
		}
	}
	if !recording || !open {
		span.End()
	}
	if !open || !recording && c == nil {
		return
	}

	var b *body
	if c != nil {
		b = &c.body
	} else {
		b = new(body)
	}
	b.ReadCloser, b.url, b.call = resp.Body, u, c
	if recording {
		b.span = span
	}
	if w, ok := resp.Body.(io.Writer); ok { // 101 Switching Protocols: the connection
		resp.Body = &connection{b, w}
	} else {
		resp.Body = b
	}
}

// body ends the span and writes the line when it has been read to its end or closed, whichever
// comes first.
type body struct {
	io.ReadCloser
	span  oteltrace.Span // nil: it has ended
	call  *call          // nil: it is written, or there is none
	url   *url.URL       // of the request
	ended atomic.Bool
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		if err != io.EOF {
			b.end(err)
		} else {
			b.end(nil)
		}
	}
	return n, err
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.end(nil)
	return err
}

func (b *body) end(err error) {
	if !b.ended.CompareAndSwap(false, true) {
		return
	}
	if b.call != nil {
		b.call.ended(err)
	}
	if b.span != nil {
		conclude(b.span, 0, err, b.url)
		b.span.End()
	}
}

// connection is a body that can be written, as net/http documents for a 101.
type connection struct {
	*body
	io.Writer
}

// CloseWrite is what httputil.ReverseProxy looks for, to pass on that one side has finished.
func (c *connection) CloseWrite() error {
	if w, ok := c.Writer.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return http.ErrNotSupported
}
