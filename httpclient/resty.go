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
	"time"

	"example.com/clew/internal/newid"
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
// A request may be sent again. Each send is a span under the context that SetContext gave it, or
// begins a trace of its own. What a hook adds to the request's context during a send stays for the
// retries of that send, and is gone with the next. One thing grows: an OnBeforeRequest hook that
// is registered before Resty and derives from the request's context derives, in the next send,
// from what the last one has left. Such a hook should derive from a context of its own.
//
// Redirects are seen through the client's redirect policy as it is at the first request. To
// set one later, add [RedirectPolicy] to it as the last. Requests that are sent with
// c.GetClient() directly are not traced. Two resty clients over one http.Client must not make
// their first requests at the same time: each adds to its redirect policy.
//
// Propagate is asked before resty has made the request: what it gets has the method, the URL
// without query parameters that resty adds, the request's own headers, and its context. A hook
// that sends the request to another host must be registered before Resty is called;
// SetPreRequestHook's comes too late for that.
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
	c.OnError(failed)
	c.OnPanic(panicked)
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

// try is what the hooks know of one attempt and its redirects. All hooks run in the goroutine that
// sends the request, so only the fields of attempt are guarded.
type try struct {
	attempt // of the first request, not of the redirects

	hop     *hop
	request *resty.Request
	send    send
	caller  context.Context // what this was started in, without what hooks have added
	now     *attempt        // of the last redirect seen, or of the first request
	hopped  *http.Request   // the last redirect seen
	span    oteltrace.Span  // of now
	line    *loggedTry      // that this is a part of; nil: attempts have no lines
	count   int             // of the send's attempts, redirects included

	// How it is known whether what comes next is a retry: see repeats.
	begun    time.Time       // the request's Time when this began
	repeated bool            // a retry hook was called
	done     bool            // the send has ended
	ended    bool            // span is; not part of repeats
	final    context.Context // the request's when the send was done
}

// loggedTry is a try whose attempts have lines. The memory of one line is enough: the next attempt
// begins when the last has ended.
type loggedTry struct {
	try
	call     call
	wanted   bool          // the attempt that is under way has a line
	panicked bool          // the send has
	client   *resty.Client // the one that sends
}

// send is where a request's sends start, until somebody gives it another context. It must not hold
// the context of the send before: each in a long row of requests would keep all that were before
// it.
type send struct {
	ctx    context.Context
	caller context.Context // ctx, without what was added to an earlier attempt's context
	stays  trace.B3        // the trace to stay in; the zero B3 if ctx tells it
	anew   bool            // begin a trace, though ctx holds the record of an earlier send's
}

type tryKey struct{}

func (t *try) Value(key any) any {
	if key == (tryKey{}) {
		return t
	}
	return t.attempt.Value(key)
}

// tryIn returns the try of r that ctx belongs to, nil if none does.
func tryIn(ctx context.Context, r *resty.Request) *try {
	if t, ok := ctx.Value(tryKey{}).(*try); ok && t.request == r {
		return t
	}
	return nil
}

// lastTry returns the last try of r, nil if there was none.
func lastTry(r *resty.Request) *try {
	if t := tryIn(r.Context(), r); t != nil {
		return t
	}
	if r.RawRequest != nil { // a hook, or the user, has set another context since
		return tryIn(r.RawRequest.Context(), r)
	}
	return nil
}

// repeats reports whether the attempt of r that begins now repeats t, in the same send. r.Attempt
// cannot tell: with retries resty goes on counting when a request is used again.
//
// A send ends with OnSuccess, OnError or OnPanic. It may end without them, by runtime.Goexit or by
// a panic in an OnPanic hook before ours. Then no retry hook was called either. resty calls the
// retry hooks with a response before it repeats, unless net/http was never asked: then r.Time is
// still what it was.
func (t *try) repeats(r *resty.Request) bool {
	return r.Attempt > 1 && !t.done && (t.repeated || t.begun.Equal(r.Time))
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

	var t *try
	if h.calls == nil {
		t = new(try)
	} else {
		l := &loggedTry{client: c}
		t = &l.try
		t.line = l
	}
	t.hop, t.request, t.begun = h.hop, r, r.Time
	prev := t.follow(lastTry(r))
	t.now = &t.attempt
	if t.line != nil {
		t.line.wanted = h.calls.Skip == nil || !h.calls.Skip(preview(c, r)) // no preview without need
	}
	t.start(t, prev, r.Method)
	r.SetContext(t.own)

	if r.Header == nil {
		r.Header = http.Header{}
	}
	var known *http.Request
	if h.propagate != nil || t.span.IsRecording() {
		known = preview(c, r)
	}
	describe(t.span, known, t.count)
	h.removeStale(r.Header)
	h.write(t.own, r.Header, h.allows(known, true))
	for name := range c.Header {
		// resty fills r.Header up from the client's; an empty entry keeps a stale one out.
		if h.isStale(name) && r.Header[name] == nil {
			r.Header[name] = nil
		}
	}
	return nil
}

// follow sets what t is started in, and returns the trace that t must be told to stay in. last is
// the last try of the request, nil if t is the first.
func (t *try) follow(last *try) (prev trace.B3) {
	ctx := t.request.Context()
	if last != nil {
		last.drop()
		last.now.over.Store(true)
	}
	switch {
	case last != nil && last.repeats(t.request):
		t.count, t.send = last.count, last.send
		if same(ctx, last.own) {
			t.Context, t.caller = last.Context, last.caller
		} else { // a hook has added to the context, or has set another
			t.Context, t.caller = finished(ctx).beside(ctx)
		}
		return rejoin(t.caller, last.own)
	case last != nil && same(ctx, last.final):
		t.send = last.send // without what hooks have added
	default:
		t.send = sendIn(ctx, t.request)
	}
	t.Context, t.caller = t.send.ctx, t.send.caller
	return t.send.trace()
}

// sendIn returns where r's sends start when its context is ctx.
func sendIn(ctx context.Context, r *resty.Request) send {
	s := send{ctx: ctx, caller: ctx}
	last := finished(ctx)
	if last == nil {
		return s
	}
	s.ctx, s.caller = last.beside(ctx)
	if tryIn(ctx, r) == nil {
		s.stays = rejoin(s.caller, ctx)
	} else if b, traced := trace.FromContext(s.caller); !traced {
		s.anew, s.stays.Sampling = true, b.Sampling // a state may have come alone
	}
	return s
}

// trace returns the trace that the first attempt must be told to stay in.
func (s *send) trace() trace.B3 {
	b := s.stays
	if s.anew {
		if _, traced := trace.FromContext(trace.Implicit(s.caller)); traced { // this goroutine's: as the first send
			return trace.B3{}
		}
		b.TraceID = newid.Trace()
	}
	return b
}

// start begins the span of t.now in ctx, and its line.
func (t *try) start(ctx context.Context, prev trace.B3, method string) {
	t.count++
	t.now.own, t.span = t.hop.start(ctx, t.caller, prev, method)
	t.ended = false
	if l := t.line; l != nil && l.wanted {
		l.call.start(t.hop.calls, t.count)
		l.call.pending.Context = t.now.own
	}
}

// end ends the attempt that is under way, if it has not ended yet.
func (t *try) end(status int, err error) {
	if t.ended {
		return
	}
	t.ended = true
	c := t.lineOf()
	if c != nil {
		c.answered(status)
		if t.line.panicked {
			c.write(errPanic)
		} else {
			c.write(err)
		}
	}
	var u *url.URL
	if err != nil { // else nobody asks
		u = t.url(c)
	}
	conclude(t.span, status, err, u)
	t.span.End()
}

// url returns where the attempt goes whose line is c; nil if that is not known.
func (t *try) url(c *call) *url.URL {
	if c != nil {
		return c.url
	}
	if r := t.sent(); r != nil {
		return r.URL
	}
	return nil
}

// lineOf returns the line of the attempt that ends now; nil if it has none.
func (t *try) lineOf() *call {
	if t.line == nil || !t.line.wanted {
		return nil
	}
	r := t.sent()
	if r == nil {
		r = preview(t.line.client, t.request)
	}
	t.line.call.describe(r)
	return &t.line.call
}

// sent returns the request of the attempt that is under way; nil if resty has not made it.
func (t *try) sent() *http.Request {
	if t.hopped != nil {
		return t.hopped
	}
	if r := t.request.RawRequest; r != nil && r.URL != nil && tryIn(r.Context(), t.request) == t {
		return r
	}
	return nil
}

// drop ends an attempt of which resty has told no end.
func (t *try) drop() {
	if t.begun.Equal(t.request.Time) {
		t.end(0, errUnsent)
	} else {
		t.end(0, errLost)
	}
}

// finish is called when the send is done.
func (t *try) finish() {
	if !t.done {
		t.done, t.final = true, t.request.Context()
		t.now.over.Store(true)
	}
}

// end ends the last attempt of r, if it is still under way.
func end(r *resty.Request, resp *resty.Response, err error) {
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

// responseOf returns the response that came with err, if one did, and the error beside it.
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

// retried ends the span of an attempt that is about to be repeated. By it a client is known
// to be instrumented: it is the one hook of ours that resty shows, and that clones keep.
func retried(resp *resty.Response, err error) {
	if resp != nil {
		end(resp.Request, resp, err)
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
	end(r, nil, err)
	if t := lastTry(r); t != nil {
		t.finish()
	}
}

// panicked is called when a send has panicked. The line does not say with what, since nobody has
// made that for others to read.
func panicked(r *resty.Request, err error) {
	if t := lastTry(r); t != nil && t.line != nil {
		t.line.panicked = true
	}
	failed(r, err)
}

// succeeded is called when a send has not failed. It leaves the end of the span to the body, if
// nobody has read that yet, as with SetDoNotParseResponse.
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

// redirect gives a redirect a span of its own, and the headers that it may have: net/http has
// copied those of the first request, whoever it is that now gets them.
func redirect(r *http.Request, via []*http.Request) {
	first := via[0]
	t, ok := first.Context().Value(tryKey{}).(*try)
	if !ok || t.request.RawRequest != first || t.hopped == r {
		return
	}
	status := 0
	if r.Response != nil {
		status = r.Response.StatusCode
	}
	t.end(status, nil)
	t.hopped = r
	t.now.over.Store(true)
	t.now = &attempt{Context: t.Context}
	if !same(r.Context(), t.own) { // what a hook has added, or EnableTrace
		t.now.Context = under(r.Context(), t.caller)
	}
	if t.line != nil {
		t.line.wanted = t.hop.calls.wants(r)
	}
	t.start(t.now, rejoin(t.caller, t.own), r.Method)
	describe(t.span, r, t.count)
	*r = *r.WithContext(t.now.own)
	allowed := t.hop.allows(r, sameName(first.URL, r.URL))
	t.hop.removeStale(r.Header)
	t.hop.write(t.now.own, r.Header, allowed)
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
