package httpclient

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"

	"example.com/clew/trace"
	"github.com/go-resty/resty/v2"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Resty makes c trace its requests and returns c. Give requests their context with
// SetContext. Every attempt is a span: retries and redirects stay in one trace, as siblings.
//
// It works by hooks, not by a transport: SetProxy, SetTLSClientConfig and their like insist
// on a bare *http.Transport and go on working. So do clones of c. A second call, on c or a
// clone, changes nothing. Call it before c is used; register OnBeforeRequest hooks that
// replace the request's context before it.
//
// Redirects are seen through the client's redirect policy as it is at the first request. To
// set one later, add [RedirectPolicy] to it as the last. Requests that are sent with
// c.GetClient() directly are not traced. Two resty clients over one http.Client must not make
// their first requests at the same time: each adds to its redirect policy.
//
// Propagate is asked before resty has made the request: what it gets has the method, the URL
// without query parameters that resty adds, the request's own headers, and its context. A hook
// that sends the request to another host must be registered before Resty is called; SetPreRequestHook's
// comes too late for that.
//
// It panics if c is nil.
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
		end(resp.Request, resp, nil)
		return nil
	})
	c.AddRetryHook(retried)
	c.OnSuccess(func(_ *resty.Client, resp *resty.Response) { succeeded(resp) })
	c.OnError(func(r *resty.Request, err error) { end(r, nil, err) })
	c.OnPanic(func(r *resty.Request, err error) { end(r, nil, err) })
	return c
}

// RedirectPolicy returns the policy that gives each redirect of a client instrumented by
// [Resty] its own span and headers. It stops no redirect. Put it last: others, such as
// resty.FlexibleRedirectPolicy, copy the headers of the first request.
//
// It is needed only where SetRedirectPolicy is called after the client's first request.
func RedirectPolicy() resty.RedirectPolicy {
	return resty.RedirectPolicyFunc(func(r *http.Request, via []*http.Request) error {
		redirect(r, via)
		return nil
	})
}

// restyHop is the hop of one resty client and its clones.
type restyHop struct {
	*hop
	once sync.Once // for the redirect policy
}

// attempt is what the hooks know of one request. They all run in the goroutine that sends the
// request, so nothing in it is guarded.
type attempt struct {
	hop     *hop
	request *resty.Request
	base    context.Context // the caller's: attempts are siblings under it
	ctx     context.Context // this attempt's
	span    oteltrace.Span
	count   int
	hopped  *http.Request // the last redirect seen
	ended   bool
}

type attemptKey struct{}

// attemptOf returns the attempt of r that ctx belongs to, nil if none does.
func attemptOf(ctx context.Context, r *resty.Request) *attempt {
	if a, ok := ctx.Value(attemptKey{}).(*attempt); ok && a.request == r {
		return a
	}
	return nil
}

// begin is called before each attempt, and before resty has made the http.Request.
func (h *restyHop) begin(c *resty.Client, r *resty.Request) error {
	h.once.Do(func() { // here, not in Resty: the policy may be set after it
		policy := c.GetClient().CheckRedirect
		c.GetClient().CheckRedirect = func(r *http.Request, via []*http.Request) error {
			if err := checkRedirect(policy, r, via); err != nil {
				return err
			}
			redirect(r, via)
			return nil
		}
	})

	a := &attempt{hop: h.hop, request: r, base: r.Context()}
	ctx, prev := r.Context(), trace.B3{}
	if last := attemptOf(ctx, r); last != nil {
		last.end(0, nil)
		a.base, a.count = last.base, last.count
		ctx, prev = last.under(ctx), last.rejoin()
	}
	a.start(ctx, prev, r.Method)
	r.SetContext(context.WithValue(a.ctx, attemptKey{}, a))

	if r.Header == nil {
		r.Header = http.Header{}
	}
	var known *http.Request
	if h.propagate != nil || a.span.IsRecording() {
		known = preview(c, r)
	}
	describe(a.span, known, a.count)
	h.fields.Remove(r.Header)
	h.write(a.ctx, r.Header, h.allows(known, true))
	for key := range c.Header {
		// resty fills r.Header up from the client's; an empty entry keeps a stale one out.
		if _, written := r.Header[key]; !written && h.fields.Has(key) {
			r.Header[key] = nil
		}
	}
	return nil
}

// under returns ctx, which came of an earlier attempt, as one in which the caller's span is
// current again, so that attempts do not nest. The rest of ctx stays: hooks may have added
// to it, a deadline for instance.
func (a *attempt) under(ctx context.Context) context.Context {
	span := oteltrace.SpanFromContext(a.base)
	if b, ok := trace.FromContext(a.base); ok && !span.SpanContext().IsValid() {
		// A no-op tracer's span, above a record of the trace. The nearest record in ctx is
		// an attempt's.
		return trace.NewContext(ctx, b)
	}
	return oteltrace.ContextWithSpan(ctx, span)
}

// rejoin is the trace that the next attempt must be told to stay in: none if the caller's
// context has one.
func (a *attempt) rejoin() trace.B3 {
	if _, traced := trace.FromContext(a.base); traced {
		return trace.B3{}
	}
	b, _ := trace.FromContext(a.ctx)
	return b
}

func (a *attempt) start(ctx context.Context, rejoin trace.B3, method string) {
	a.count++
	a.ctx, a.span = a.hop.start(ctx, rejoin, method)
	a.ended = false
}

func (a *attempt) end(status int, err error) {
	if !a.ended {
		a.ended = true
		conclude(a.span, status, err)
		a.span.End()
	}
}

// end ends the attempt of r, if it is still under way.
func end(r *resty.Request, resp *resty.Response, err error) {
	if a := attemptOf(r.Context(), r); a != nil {
		if with := (*resty.ResponseError)(nil); resp == nil && errors.As(err, &with) {
			resp = with.Response
		}
		status := 0
		if resp != nil {
			status = resp.StatusCode()
		}
		a.end(status, err)
	}
}

// retried ends the span of an attempt that is about to be repeated. By it a client is known
// to be instrumented: it is the one hook of ours that resty shows, and that clones keep.
func retried(resp *resty.Response, err error) {
	if resp != nil {
		end(resp.Request, resp, err)
	}
}

func isRetried(hook resty.OnRetryFunc) bool {
	return reflect.ValueOf(hook).Pointer() == reflect.ValueOf(retried).Pointer()
}

// succeeded leaves the end of the span to the body, if nobody has read that yet, as with
// SetDoNotParseResponse.
func succeeded(resp *resty.Response) {
	if a := attemptOf(resp.Request.Context(), resp.Request); a != nil && !a.ended {
		a.ended = true
		settle(a.span, resp.RawResponse, nil)
	}
}

// redirect gives a redirect a span of its own, and the headers that it may have: net/http has
// copied those of the first request, whoever it is that now gets them.
func redirect(r *http.Request, via []*http.Request) {
	first := via[0]
	a, ok := first.Context().Value(attemptKey{}).(*attempt)
	if !ok || a.request.RawRequest != first || a.hopped == r {
		return
	}
	a.hopped = r
	status := 0
	if r.Response != nil {
		status = r.Response.StatusCode
	}
	a.end(status, nil)
	a.start(a.under(r.Context()), a.rejoin(), r.Method)
	describe(a.span, r, a.count)
	*r = *r.WithContext(a.ctx)
	allowed := a.hop.allows(r, sameName(first.URL, r.URL))
	a.hop.fields.Remove(r.Header)
	a.hop.write(a.ctx, r.Header, allowed)
}

// checkRedirect is http.Client's: without a policy, it stops after ten.
func checkRedirect(policy func(*http.Request, []*http.Request) error, r *http.Request, via []*http.Request) error {
	if policy != nil {
		return policy(r, via)
	}
	if len(via) >= 10 {
		return errors.New("stopped after 10 redirects")
	}
	return nil
}

// preview is the request as far as it is known before resty makes it, for the span and for
// Propagate: method, URL with its path parameters, the request's own headers.
func preview(c *resty.Client, r *resty.Request) *http.Request {
	var pairs []string // of one name the first counts
	for _, params := range []struct {
		values map[string]string
		escape func(string) string
	}{
		{r.PathParams, url.PathEscape}, {c.PathParams, url.PathEscape},
		{r.RawPathParams, strings.Clone}, {c.RawPathParams, strings.Clone},
	} {
		for name, value := range params.values {
			pairs = append(pairs, "{"+name+"}", params.escape(value))
		}
	}
	raw := strings.NewReplacer(pairs...).Replace(r.URL) // in one pass, as resty does
	u, err := url.Parse(raw)
	if err == nil && !u.IsAbs() {
		base := c.BaseURL
		if base == "" {
			base = c.HostURL
		}
		if raw = u.String(); raw != "" && raw[0] != '/' {
			raw = "/" + raw
		}
		u, err = url.Parse(base + raw)
	}
	if err != nil {
		u = new(url.URL) // resty is about to say so
	}
	p := &http.Request{Method: r.Method, URL: u, Host: u.Host, Header: r.Header.Clone()}
	return p.WithContext(r.Context())
}
