package httpclient

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"example.com/clew/trace"
	"github.com/go-resty/resty/v2"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// try is what the hooks know of one attempt and its redirects. All hooks run in the goroutine that
// sends the request. Other goroutines may read only the embedded attempt.
type try struct {
	attempt // the attempt of the first request, not of a redirect

	hop     *hop
	request *resty.Request
	origin  origin
	caller  context.Context // the context that the try was started in, without additions by hooks
	current *attempt        // the attempt of the last redirect seen, or of the first request
	hopped  *http.Request   // the last redirect seen
	span    oteltrace.Span  // the span of the attempt current
	ended   bool            // the span has ended
	line    *loggedTry      // the loggedTry that the try is a part of; nil: attempts have no lines
	number  int             // number of the current attempt in its send, from 1, redirects included

	// These fields show whether the next attempt is a retry: see repeats.
	restyTime time.Time       // the request's Time when the try began
	repeated  bool            // a retry hook was called
	done      bool            // the send has ended
	doneIn    context.Context // the request's context when the send ended
}

// loggedTry is a try whose attempts have lines. One value of the type call is enough for all of
// its attempts, since each attempt begins after the previous one has ended.
type loggedTry struct {
	try
	call     call
	wanted   bool          // the current attempt has a line
	panicked bool          // the send has panicked
	client   *resty.Client // the client that sends
}

type tryKey struct{}

func (t *try) Value(key any) any {
	if key == (tryKey{}) {
		return t
	}
	return t.attempt.Value(key)
}

// tryIn returns the try of r that ctx belongs to, nil if there is none.
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
// does not show this: if the client has retries, resty continues the count when a request is sent
// again.
//
// A send ends with OnSuccess, OnError or OnPanic. It may end without them, by runtime.Goexit or by
// a panic in an OnPanic hook that runs before Resty's. Then no retry hook was called either.
// Before resty repeats an attempt, it calls the retry hooks. Resty's own retry hook sets repeated
// if it gets a response. It gets none only if resty has not called net/http, and then r.Time has
// not changed.
func (t *try) repeats(r *resty.Request) bool {
	return r.Attempt > 1 && !t.done && (t.repeated || t.restyTime.Equal(r.Time))
}

// follow sets the context that t is started in, and returns the trace that t must stay in. last is
// the last try of the request, nil if t is the first.
func (t *try) follow(last *try) (stay trace.B3) {
	ctx := t.request.Context()
	if last != nil {
		last.drop()
		last.current.finished.Store(true)
	}
	switch {
	case last != nil && last.repeats(t.request):
		t.number, t.origin = last.number, last.origin
		if same(ctx, last.own) {
			t.Context, t.caller = last.Context, last.caller
		} else { // a hook has added a value to the context, or has set another context
			t.Context, t.caller = finishedIn(ctx).beside(ctx)
		}
		return rejoin(t.caller, last.own)
	case last != nil && same(ctx, last.doneIn):
		t.origin = last.origin // without additions by hooks
	default:
		t.origin = originIn(ctx, t.request)
	}
	t.Context, t.caller = t.origin.ctx, t.origin.caller
	return t.origin.trace()
}

// start begins the current attempt: its span, in ctx, and its line.
func (t *try) start(ctx context.Context, stay trace.B3, method string) {
	t.number++
	t.current.own, t.span = t.hop.start(ctx, t.caller, stay, method)
	t.ended = false
	if l := t.line; l != nil && l.wanted {
		l.call.start(t.hop.calls, t.number)
		l.call.pending.Context = t.current.own
	}
}

// end ends the current attempt, if it has not ended yet.
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
	if err != nil { // only an error needs the URL
		u = t.url(c)
	}
	conclude(t.span, status, err, u)
	t.span.End()
}

// url returns the URL of the current attempt, whose line is c; nil if it is not known.
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

// sent returns the request of the current attempt; nil if resty has not made it.
func (t *try) sent() *http.Request {
	if t.hopped != nil {
		return t.hopped
	}
	if r := t.request.RawRequest; r != nil && r.URL != nil && tryIn(r.Context(), t.request) == t {
		return r
	}
	return nil
}

// drop ends an attempt whose end resty has not reported.
func (t *try) drop() {
	if t.restyTime.Equal(t.request.Time) {
		t.end(0, errUnsent)
	} else {
		t.end(0, errLost)
	}
}

// finish is called when the send has ended.
func (t *try) finish() {
	if !t.done {
		t.done, t.doneIn = true, t.request.Context()
		t.current.finished.Store(true)
	}
}
