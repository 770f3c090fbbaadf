package httpclient

import (
	"errors"
	"net/http"
	"reflect"
	"slices"
	"sync"

	"github.com/go-resty/resty/v2"
)

// Resty makes c trace its requests and returns c. Give requests their context with
// SetContext. Every attempt is a span: retries and redirects stay in one trace, as siblings.
//
// Resty works by hooks, not by a transport, because SetProxy, SetTLSClientConfig and similar
// methods need a bare *http.Transport. Clones of c are traced too. A second call, on c or a
// clone, changes nothing. Call Resty before c is used, but after you have registered
// OnBeforeRequest hooks that replace the request's context.
//
// A request may be sent again. Each send has a span under the span of the context that SetContext
// has set, or begins a trace of its own. Values that a hook adds to the request's context during
// a send stay for the retries of that send, and are gone with the next send. An OnBeforeRequest
// hook that is registered before Resty should not derive a context from the request's context: at
// the next send, the request's context is the one that the last send has left, so that the chain
// of contexts grows with each send. Such a hook should derive from a context of its own.
//
// At the first request, Resty wraps the redirect policy that the client then has. Through this
// policy it sees redirects. If you set policies later, put [RedirectPolicy] last among them.
// Requests that are sent with c.GetClient() directly are not traced. Two resty clients over one
// http.Client must not make their first requests at the same time, since each changes the
// http.Client's redirect policy.
//
// Propagate is called before resty has made the http.Request. Its argument has the method, the
// URL without the query parameters that resty adds, the request's own headers, and its context. A
// hook that sends the request to another host must be registered before Resty is called; a hook
// of SetPreRequestHook runs too late.
//
// Resty panics if c is nil.
func Resty(c *resty.Client, cfg Config) *resty.Client {
	if c == nil {
		panic("httpclient: Resty: nil *resty.Client")
	}
	if slices.ContainsFunc(c.RetryHooks, isRetried) {
		return c
	}
	h := &restyHop{hop: newHop(cfg)}
	c.OnBeforeRequest(h.begin)
	c.OnAfterResponse(func(_ *resty.Client, resp *resty.Response) error {
		endLast(resp.Request, resp, nil)
		return nil
	})
	c.AddRetryHook(retried)
	c.OnSuccess(func(_ *resty.Client, resp *resty.Response) { succeeded(resp) })
	c.OnError(failed)
	c.OnPanic(panicked)
	return c
}

// restyHop is the hop of one resty client and its clones.
type restyHop struct {
	*hop
	once sync.Once // wraps the redirect policy
}

// begin is called before each attempt, and before resty has made the http.Request.
func (h *restyHop) begin(c *resty.Client, r *resty.Request) error {
	// This is not done in Resty, since the policy may be set after Resty is called.
	h.once.Do(func() { followRedirects(c.GetClient()) })

	var t *try
	if h.calls == nil {
		t = new(try)
	} else {
		l := &loggedTry{client: c}
		t = &l.try
		t.line = l
	}
	t.hop, t.request, t.restyTime = h.hop, r, r.Time
	stay := t.follow(lastTry(r))
	t.current = &t.attempt
	if t.line != nil {
		// Without Skip, the costly preview is not needed.
		t.line.wanted = h.calls.Skip == nil || !h.calls.Skip(preview(c, r))
	}
	t.start(t, stay, r.Method)
	r.SetContext(t.own)

	if r.Header == nil {
		r.Header = http.Header{}
	}
	var known *http.Request
	if h.propagate != nil || t.span.IsRecording() {
		known = preview(c, r)
	}
	describe(t.span, known, t.number)
	h.removeStale(r.Header)
	h.write(t.own, r.Header, h.allows(known, true))
	for name := range c.Header {
		// resty adds the client's headers to r.Header. An empty entry in r.Header keeps a stale
		// header of the client out.
		if h.isStale(name) && r.Header[name] == nil {
			r.Header[name] = nil
		}
	}
	return nil
}

// endLast ends the last attempt of r, if it is still under way.
func endLast(r *resty.Request, resp *resty.Response, err error) {
	if t := lastTry(r); t != nil {
		if resp == nil {
			resp, err = responseOf(err)
		}
		status := 0
		if resp != nil {
			status = resp.StatusCode()
		}
		t.end(status, err)
	}
}

// responseOf returns the response inside err, if there is one, and the error inside err.
func responseOf(err error) (*resty.Response, error) {
	var with *resty.ResponseError
	if !errors.As(err, &with) {
		return nil, err
	}
	if with.Err != nil {
		err = with.Err
	}
	return with.Response, err
}

// retried is Resty's retry hook. It ends the span of an attempt that is about to be repeated.
// Resty recognizes an instrumented client by this hook. It is the only one of Resty's hooks that
// is in an exported field of the client and that clones keep.
func retried(resp *resty.Response, err error) {
	if resp != nil {
		endLast(resp.Request, resp, err)
		if t := lastTry(resp.Request); t != nil {
			t.repeated = true
		}
	}
}

func isRetried(hook resty.OnRetryFunc) bool {
	return reflect.ValueOf(hook).Pointer() == reflect.ValueOf(retried).Pointer()
}

// failed is called when a send has failed.
func failed(r *resty.Request, err error) {
	endLast(r, nil, err)
	if t := lastTry(r); t != nil {
		t.finish()
	}
}

// panicked is called when a send has panicked. The line does not have the panic's value, since
// the value is not meant for a log.
func panicked(r *resty.Request, err error) {
	if t := lastTry(r); t != nil && t.line != nil {
		t.line.panicked = true
	}
	failed(r, err)
}

// succeeded is called when a send has not failed. If the body is still unread, as with
// SetDoNotParseResponse, the end of the body ends the span.
func succeeded(resp *resty.Response) {
	if resp == nil { // with a negative RetryCount resty sends nothing
		return
	}
	t := lastTry(resp.Request)
	if t == nil {
		return
	}
	if !t.ended {
		t.ended = true
		c := t.lineOf()
		settle(t.span, c, t.url(c), resp.RawResponse, nil)
	}
	t.finish()
}
