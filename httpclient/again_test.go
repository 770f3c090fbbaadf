package httpclient_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/clew/httpclient"
	"example.com/clew/internal/testkit"
	"example.com/clew/internal/torture"
	"example.com/clew/trace"
	"github.com/go-resty/resty/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// links returns the length of ctx's chain of contexts.
func links(ctx context.Context) (n int) {
	contexts := reflect.TypeFor[context.Context]()
	for v := reflect.ValueOf(ctx); v.IsValid(); n++ {
		for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		v = parentIn(v, contexts)
	}
	return n
}

// parentIn returns the context that the struct v embeds, at any depth.
func parentIn(v reflect.Value, contexts reflect.Type) reflect.Value {
	if v.Kind() != reflect.Struct {
		return reflect.Value{}
	}
	for i := range v.NumField() {
		f := v.Field(i)
		switch {
		case v.Type().Field(i).Type == contexts && !f.IsNil():
			return f
		case v.Type().Field(i).Anonymous && f.Kind() == reflect.Struct:
			if p := parentIn(f, contexts); p.IsValid() {
				return p
			}
		}
	}
	return reflect.Value{}
}

type linkKey struct{}

func TestLinks(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.WithValue(context.Background(), linkKey{}, "v"), time.Hour)
	defer cancel()
	ctx, _ = trace.Start(ctx, "x")
	assert.Equal(t, 4, links(ctx), "links of a span over a deadline over a value over Background")
}

// assertOwnTraces checks that no two of the requests share a trace or have a parent.
func assertOwnTraces(t testing.TB, seen []arrival) {
	t.Helper()
	traces := map[string]bool{}
	for i, a := range seen {
		assert.Empty(t, a.parentID(), "parent span ID of request %d", i)
		assert.Len(t, a.traceID(), 32, "trace ID of request %d", i)
		assert.False(t, traces[a.traceID()], "request %d is in the trace %s of an earlier request", i, a.traceID())
		traces[a.traceID()] = true
	}
}

// A second send of a request is like the first send: its span is a root, or a child of the
// caller's span. The retries of each send are counted from one.
func TestRestyRequestAgain(t *testing.T) {
	const sends = 4
	for i := range callers(t, newRecorder(t, sdktrace.AlwaysSample())) {
		for _, retries := range []int{0, 2} {
			rec := newRecorder(t, sdktrace.AlwaysSample())
			caller := callers(t, rec)[i]
			t.Run(fmt.Sprintf("%s, %d retries", caller.name, retries), func(t *testing.T) {
				var failures int // number of answers that still fail
				w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) {
					if failures > 0 {
						failures--
						rw.WriteHeader(http.StatusServiceUnavailable)
					}
					io.WriteString(rw, "ok")
				})
				c := w.resty(t, rec.config()).SetRetryCount(retries).AddRetryCondition(sayServerError)
				r := c.R()
				if caller.ctx != nil {
					r.SetContext(caller.ctx)
				}
				var firsts []arrival
				var deep []int
				for n := range sends {
					failures = retries
					_, err := r.Get(fmt.Sprint("http://first.example/page", n))
					require.NoError(t, err, "Get")
					seen := w.take()
					require.Len(t, seen, retries+1, "requests of send %d that arrived", n)
					assertSiblings(t, seen, caller.wantTrace, caller.parent())
					assert.Equal(t, seen[retries].traceID(), trace.ID(r.Context()), "trace of the request's context after send %d", n)
					assert.Equal(t, seen[retries].spanID(), trace.SpanID(r.Context()), "span of the request's context after send %d", n)
					firsts, deep = append(firsts, seen[0]), append(deep, links(r.Context()))
				}
				if caller.wantTrace == "" {
					assertOwnTraces(t, firsts)
				}
				assert.Equal(t, deep[0], deep[sends-1], "links of the request's context after each send: %v", deep)
				n := 0
				for _, s := range rec.Ended() {
					if s.Name() == "local" {
						continue
					}
					var want any
					if attempt := n % (retries + 1); attempt > 0 {
						want = int64(attempt)
					}
					assert.Equal(t, want, recorded{s}.attribute("http.request.resend_count"), "http.request.resend_count of span %d", n)
					n++
				}
				assert.Equal(t, sends*(retries+1), n, "spans")
			})
		}
	}
}

// endings are ways in which a send may end before the request is sent again.
var endings = []struct {
	name   string
	before func(c *resty.Client) // called before Resty
	after  func(c *resty.Client)
	send   func(t *testing.T, r *resty.Request) // nil: GET
	unseen bool                                 // a send may have no span, since Resty's hook may not be called
	grows  bool                                 // the user's hook makes the chain of contexts longer
}{
	{name: "an answer"},
	{name: "no answer", after: func(c *resty.Client) {
		c.SetTransport(testkit.RoundTripper(func(*http.Request) (*http.Response, error) { return nil, errBase }))
	}},
	{name: "an error before Resty's hook", unseen: true, before: func(c *resty.Client) {
		c.OnBeforeRequest(func(_ *resty.Client, r *resty.Request) error { return errBase })
	}},
	{name: "an error after Resty's hook", after: func(c *resty.Client) {
		c.OnBeforeRequest(func(*resty.Client, *resty.Request) error { return errBase })
	}},
	{name: "an error of the PreRequestHook", after: func(c *resty.Client) {
		c.SetPreRequestHook(func(*resty.Client, *http.Request) error { return errBase })
	}},
	{name: "the rate limiter", after: func(c *resty.Client) { c.SetRateLimiter(none{}) }},
	{name: "an error of OnAfterResponse", after: func(c *resty.Client) {
		c.OnAfterResponse(func(*resty.Client, *resty.Response) error { return errBase })
	}},
	{name: "a panic of OnBeforeRequest", after: func(c *resty.Client) {
		c.OnBeforeRequest(func(*resty.Client, *resty.Request) error { panic(errBase) })
	}},
	{name: "a panic of the transport", after: func(c *resty.Client) {
		c.SetTransport(testkit.RoundTripper(func(*http.Request) (*http.Response, error) { panic(errBase) }))
	}},
	{name: "a panic of OnAfterResponse", after: func(c *resty.Client) {
		c.OnAfterResponse(func(*resty.Client, *resty.Response) error { panic(errBase) })
	}},
	{name: "a panic of OnSuccess before Resty's", before: func(c *resty.Client) {
		c.OnSuccess(func(*resty.Client, *resty.Response) { panic(errBase) })
	}},
	{name: "a panic of OnSuccess after Resty's", after: func(c *resty.Client) {
		c.OnSuccess(func(*resty.Client, *resty.Response) { panic(errBase) })
	}},
	{name: "a panic of OnError before Resty's", before: func(c *resty.Client) {
		c.OnBeforeRequest(func(*resty.Client, *resty.Request) error { return nil })
		c.OnError(func(*resty.Request, error) { panic(errBase) })
	}, after: func(c *resty.Client) {
		c.SetTransport(testkit.RoundTripper(func(*http.Request) (*http.Response, error) { return nil, errBase }))
	}},
	{name: "a panic of a retry hook", after: func(c *resty.Client) {
		c.AddRetryCondition(func(*resty.Response, error) bool { return true })
		c.AddRetryHook(func(*resty.Response, error) { panic(errBase) })
	}},
	{name: "a panic of a retry condition", after: func(c *resty.Client) {
		c.AddRetryCondition(func(*resty.Response, error) bool { panic(errBase) })
	}},
	{name: "a body left open", send: func(t *testing.T, r *resty.Request) {
		resp, err := r.SetDoNotParseResponse(true).Get("http://first.example/")
		require.NoError(t, err)
		t.Cleanup(func() { resp.RawBody().Close() })
	}},
	{name: "all retries are used up", after: func(c *resty.Client) {
		c.AddRetryCondition(func(*resty.Response, error) bool { return true })
	}},
	{name: "an error of RetryAfter", after: func(c *resty.Client) {
		c.AddRetryCondition(func(*resty.Response, error) bool { return true })
		c.SetRetryAfter(func(*resty.Client, *resty.Response) (time.Duration, error) { return 0, errBase })
	}},
	{name: "an invalid request", send: func(t *testing.T, r *resty.Request) {
		r.SetMultipartField("a", "b", "c", strings.NewReader("d"))
		_, err := r.Get("http://first.example/")
		require.ErrorContains(t, err, "multipart")
		_, err = r.Post("http://first.example/")
		require.NoError(t, err)
	}},
	{name: "a redirect that is refused", after: func(c *resty.Client) {
		c.SetTransport(testkit.RoundTripper(moved))
		c.SetRedirectPolicy(resty.NoRedirectPolicy())
	}},
	{name: "redirects", after: func(c *resty.Client) { c.SetTransport(testkit.RoundTripper(moved)) }},
	{name: "hooks that add to the context", after: func(c *resty.Client) {
		add := func(r *resty.Request) { r.SetContext(context.WithValue(r.Context(), linkKey{}, "hook's")) }
		c.OnBeforeRequest(func(_ *resty.Client, r *resty.Request) error { add(r); return nil })
		c.OnAfterResponse(func(_ *resty.Client, resp *resty.Response) error { add(resp.Request); return nil })
	}},
	{name: "a hook before Resty's that adds to the context", grows: true, before: func(c *resty.Client) {
		c.OnBeforeRequest(func(_ *resty.Client, r *resty.Request) error {
			r.SetContext(context.WithValue(r.Context(), linkKey{}, "hook's"))
			return nil
		})
	}, after: func(c *resty.Client) {
		c.AddRetryCondition(func(*resty.Response, error) bool { return true })
	}},
	{name: "a hook before Resty's that sets a context", before: func(c *resty.Client) {
		c.OnBeforeRequest(func(_ *resty.Client, r *resty.Request) error {
			ctx := context.Background()
			if r.Header.Get("X-Caller") != "" {
				ctx = testkit.Request()
			}
			r.SetContext(context.WithValue(ctx, linkKey{}, "hook's"))
			return nil
		})
	}, after: func(c *resty.Client) {
		c.AddRetryCondition(func(*resty.Response, error) bool { return true })
	}},
	{name: "EnableTrace", after: func(c *resty.Client) { c.EnableTrace() }},
	{name: "a deadline of a retry hook", after: func(c *resty.Client) {
		c.AddRetryCondition(func(*resty.Response, error) bool { return true })
		c.AddRetryHook(func(resp *resty.Response, _ error) {
			ctx, cancel := context.WithDeadline(resp.Request.Context(), time.Now())
			cancel()
			resp.Request.SetContext(ctx)
		})
	}},
}

// In whatever way a send has ended, the next send of the request has spans of its own, and the
// chain of contexts does not grow.
func TestRestyRequestAgainAfter(t *testing.T) {
	for _, tt := range endings {
		for _, retries := range []int{0, 2} {
			for _, noTrace := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, %d retries, without a trace %t", tt.name, retries, noTrace), func(t *testing.T) {
					rec := newRecorder(t, sdktrace.AlwaysSample())
					c := resty.New().SetTransport(testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
						return answer(r, http.StatusOK, "ok"), nil
					})).SetLogger(quiet{}).SetRetryWaitTime(1).SetRetryMaxWaitTime(1).SetRetryCount(retries)
					if tt.before != nil {
						tt.before(c)
					}
					httpclient.Resty(c, rec.config())
					if tt.after != nil {
						tt.after(c)
					}
					r := c.R()
					if !noTrace {
						r.SetContext(testkit.Request()).SetHeader("X-Caller", "1")
					}
					check := newSendCheck(rec, noTrace)
					var deep []int
					for n := range 4 {
						func() {
							defer func() { recover() }()
							if tt.send != nil {
								tt.send(t, r)
								return
							}
							r.Get("http://first.example/")
						}()
						deep = append(deep, links(r.Context()))
						if spans := check.send(t, n); !tt.unseen {
							assert.NotZero(t, spans, "send %d: spans", n)
						}
					}
					if !tt.grows {
						assert.Equal(t, deep[1], deep[3], "links of the request's context after each send: %v", deep)
					}
				})
			}
		}
	}
}

// sendCheck checks the spans when one request is sent several times.
type sendCheck struct {
	rec     *recorder
	noTrace bool // each send begins a trace; otherwise each is a child of the caller's span
	checked int  // number of spans that were checked so far
	traces  map[string]bool
	spans   map[oteltrace.SpanID]bool
}

func newSendCheck(rec *recorder, noTrace bool) *sendCheck {
	return &sendCheck{rec: rec, noTrace: noTrace, traces: map[string]bool{}, spans: map[oteltrace.SpanID]bool{}}
}

// send checks the spans that were started since the last call, and returns their number.
func (c *sendCheck) send(t *testing.T, n int) int {
	t.Helper()
	started := c.rec.Started()[c.checked:]
	c.checked += len(started)
	if len(started) == 0 {
		return 0
	}
	for i, s := range started {
		if c.noTrace {
			assert.False(t, c.spans[s.Parent().SpanID()], "send %d: span %d has a parent", n, i)
			assert.Equal(t, started[0].SpanContext().TraceID(), s.SpanContext().TraceID(), "send %d: trace of span %d", n, i)
		} else {
			assert.Equal(t, spanID, s.Parent().SpanID().String(), "send %d: parent of span %d", n, i)
		}
		c.spans[s.SpanContext().SpanID()] = true
		var want any
		if i > 0 {
			want = int64(i)
		}
		assert.Equal(t, want, recorded{s}.attribute("http.request.resend_count"), "send %d: http.request.resend_count of span %d", n, i)
	}
	id := started[0].SpanContext().TraceID().String()
	assert.Equal(t, c.noTrace, !c.traces[id] && id != id128, "send %d: trace %s is a new one", n, id)
	c.traces[id] = true
	return len(started)
}

// moved redirects a request to /moved, and answers a request for /moved with 200.
func moved(r *http.Request) (*http.Response, error) {
	if r.URL.Path == "/moved" {
		return answer(r, http.StatusOK, "ok"), nil
	}
	resp := answer(r, http.StatusFound, "")
	resp.Header.Set("Location", "/moved")
	return resp, nil
}

// none implements resty.RateLimiter, and allows no request.
type none struct{}

func (none) Allow() bool { return false }

// A retry counts as a retry even if the attempt before had no response.
func TestRestyRetryWithoutResponse(t *testing.T) {
	rec := newRecorder(t, sdktrace.AlwaysSample())
	c := httpclient.Resty(resty.New().SetTransport(testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		return answer(r, http.StatusOK, "ok"), nil
	})).SetLogger(quiet{}).SetRetryWaitTime(1).SetRetryMaxWaitTime(1).SetRetryCount(3).AddRetryCondition(sayServerError), rec.config())
	fails := 2
	c.SetPreRequestHook(func(*resty.Client, *http.Request) error {
		if fails--; fails >= 0 {
			return errBase
		}
		return nil
	})
	r := c.R()
	for send := range 2 {
		fails = 2
		_, err := r.Get("http://first.example/")
		require.NoError(t, err, "Get")
		spans := rec.spans(t, 3*(send+1))[3*send:]
		for i, s := range spans {
			assert.Equal(t, spans[0].SpanContext().TraceID(), s.SpanContext().TraceID(), "trace of attempt %d", i)
			assert.NotEqual(t, spans[0].SpanContext().SpanID(), s.Parent().SpanID(), "parent of attempt %d", i)
			var want any
			if i > 0 {
				want = int64(i)
			}
			assert.Equal(t, want, s.attribute("http.request.resend_count"), "http.request.resend_count of attempt %d", i)
		}
	}
	started := rec.Started()
	assert.NotEqual(t, started[0].SpanContext().TraceID(), started[3].SpanContext().TraceID(), "trace of the second send")
}

// If runtime.Goexit ends the goroutine of a send, and another goroutine sends the request again,
// the second send does not count as a retry.
func TestRestyRequestAgainAfterGoexit(t *testing.T) {
	for _, tt := range []struct {
		name    string
		retries int
		inHook  bool
	}{
		{"in the transport", 0, false},
		{"in the transport, with retries", 2, false},
		{"in a hook", 0, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rec := newRecorder(t, sdktrace.AlwaysSample())
			exit := true
			c := httpclient.Resty(resty.New().SetTransport(testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				if exit {
					runtime.Goexit()
				}
				return answer(r, http.StatusOK, "ok"), nil
			})).SetLogger(quiet{}).SetRetryCount(tt.retries), rec.config())
			c.OnBeforeRequest(func(*resty.Client, *resty.Request) error {
				if exit && tt.inHook {
					runtime.Goexit()
				}
				return nil
			})
			r := c.R()
			var wg sync.WaitGroup
			wg.Go(func() { r.Get("http://first.example/") })
			wg.Wait()
			exit = false
			_, err := r.Get("http://first.example/")
			require.NoError(t, err, "Get")
			spans := rec.spans(t, 2)
			assert.NotEqual(t, spans[0].SpanContext().TraceID(), spans[1].SpanContext().TraceID(), "trace of the second send")
			assert.Nil(t, spans[1].attribute("http.request.resend_count"), "http.request.resend_count of the second send")
		})
	}
}

// A request that is sent again in the context of another answer is in the trace of that answer.
func TestRestyRequestAgainInAnothersContext(t *testing.T) {
	w := newWorld(t, nil)
	c := w.resty(t, httpclient.Config{})
	r := c.R()
	_, err := r.Get("http://first.example/0")
	require.NoError(t, err)
	resp, err := c.R().Get("http://first.example/1")
	require.NoError(t, err)
	_, err = r.SetContext(resp.Request.Context()).Get("http://first.example/2")
	require.NoError(t, err)
	_, err = r.Get("http://first.example/3")
	require.NoError(t, err)
	seen := w.take()
	require.Len(t, seen, 4, "requests that arrived")
	assertSiblings(t, seen[1:], "", "")
	assertOwnTraces(t, seen[:2])
}

// The user may set a context between two sends. A send that fails before its attempt begins keeps
// that context.
func TestRestyRequestAgainAfterNoAttempt(t *testing.T) {
	type key struct{}
	var err error
	c := resty.New().SetTransport(testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		return answer(r, http.StatusOK, fmt.Sprint(r.Context().Value(key{}))), nil
	})).SetLogger(quiet{}).OnBeforeRequest(func(*resty.Client, *resty.Request) error { return err })
	r := httpclient.Resty(c, httpclient.Config{}).R()
	must(t)(r.Get("http://first.example/"))
	r.SetContext(context.WithValue(r.Context(), key{}, "user's"))
	err = errBase
	_, got := r.Get("http://first.example/")
	require.ErrorIs(t, got, errBase)
	err = nil
	assert.Equal(t, "user's", must(t)(r.Get("http://first.example/")).String(), "value that the user has set")
}

// A value that a hook adds once stays for all later retries, and makes the chain of contexts
// longer only once.
func TestRestyRetryHookAddsOnce(t *testing.T) {
	type key struct{}
	for _, noTrace := range []bool{false, true} {
		var seen []arrival
		var values []any
		var deep []int
		c := httpclient.Resty(resty.New().SetTransport(testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
			b, err := trace.FromHeader(r.Header)
			require.NoError(t, err)
			seen, values, deep = append(seen, arrival{b3: b}), append(values, r.Context().Value(key{})), append(deep, links(r.Context()))
			return nil, errBase
		})).SetLogger(quiet{}).SetRetryWaitTime(1).SetRetryMaxWaitTime(1).SetRetryCount(20), httpclient.Config{})
		c.AddRetryHook(func(resp *resty.Response, _ error) {
			if r := resp.Request; r.Attempt == 1 {
				r.SetContext(context.WithValue(r.Context(), key{}, "hook's"))
			}
		})
		r, wantTrace, wantParent := c.R(), "", ""
		if !noTrace {
			r.SetContext(testkit.Request())
			wantTrace, wantParent = id128, spanID
		}
		_, err := r.Get("http://first.example/")
		require.ErrorIs(t, err, errBase)
		require.Len(t, seen, 21, "attempts")
		assertSiblings(t, seen, wantTrace, wantParent)
		for i := range seen[1:] {
			assert.Equal(t, "hook's", values[i+1], "value of attempt %d", i+1)
			assert.Equal(t, deep[1], deep[i+1], "links of the context of attempt %d", i+1)
		}
	}
}

// A decision without IDs in the caller's context applies to each send, even if a hook has added a
// value to the context of the previous send.
func TestRestyRequestAgainLoneState(t *testing.T) {
	for _, state := range []string{"0", "1", "d"} {
		w := newWorld(t, nil)
		c := w.bareResty(t).OnBeforeRequest(func(_ *resty.Client, r *resty.Request) error {
			r.SetContext(context.WithValue(r.Context(), &state, "hook's"))
			return nil
		})
		want := testkit.Context(state)
		b, _ := trace.FromContext(want)
		r := httpclient.Resty(c, httpclient.Config{TracerProvider: trace.NewProvider(trace.ProviderConfig{
			Sampler: map[bool]trace.Sampler{true: trace.Always(), false: trace.Never()}[state == "0"],
		})}).R().SetContext(want)
		for range 3 {
			must(t)(r.Get("http://first.example/"))
		}
		seen := w.take()
		require.Len(t, seen, 3, "requests that arrived")
		assertOwnTraces(t, seen)
		for i, a := range seen {
			assert.Equal(t, b.Sampling, a.b3.Sampling, "decision of send %d, if the context has the decision %s without IDs", i, state)
		}
	}
}

// An attempt that was repeated or redirected has finished. A request in the attempt's context is
// a sibling of the attempt.
func TestFollowUpOfRetried(t *testing.T) {
	var seen []arrival
	var contexts []context.Context
	c := httpclient.Resty(resty.New().SetTransport(testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		b, err := trace.FromHeader(r.Header)
		require.NoError(t, err)
		seen = append(seen, arrival{b3: b})
		return moved(r)
	})).SetLogger(quiet{}).SetRetryWaitTime(1).SetRetryMaxWaitTime(1).SetRetryCount(1), httpclient.Config{})
	_, err := c.R().SetContext(testkit.Request()).AddRetryCondition(func(resp *resty.Response, _ error) bool {
		contexts = append(contexts, resp.Request.Context(), resp.RawResponse.Request.Context())
		return true
	}).Get("http://first.example/")
	require.NoError(t, err)
	require.Len(t, contexts, 4, "contexts of two attempts, redirected")
	for _, ctx := range contexts {
		must(t)(c.R().SetContext(ctx).Get("http://first.example/"))
	}
	require.Len(t, seen, 4+2*4, "requests")
	assertSiblings(t, seen, id128, spanID)
}

// Redirects have the values that a hook has added to the context.
func TestRestyRedirectKeepsContext(t *testing.T) {
	type key struct{}
	for _, noTrace := range []bool{false, true} {
		var values []any
		w, rec := []arrival(nil), newRecorder(t, sdktrace.AlwaysSample())
		c := httpclient.Resty(resty.New().SetTransport(testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
			b, err := trace.FromHeader(r.Header)
			require.NoError(t, err)
			w, values = append(w, arrival{b3: b}), append(values, r.Context().Value(key{}))
			return moved(r)
		})).SetLogger(quiet{}), rec.config())
		c.OnBeforeRequest(func(_ *resty.Client, r *resty.Request) error {
			r.SetContext(context.WithValue(r.Context(), key{}, "hook's"))
			return nil
		})
		r := c.R()
		if !noTrace {
			r.SetContext(testkit.Request())
		}
		must(t)(r.Get("http://first.example/"))
		assert.Equal(t, []any{"hook's", "hook's"}, values, "values of the two requests, without a trace %t", noTrace)
		if noTrace {
			assertSiblings(t, w, "", "")
		} else {
			assertSiblings(t, w, id128, spanID)
		}
	}
}

// A retry hook may replace the request's context by a context of its own. The attempts are still
// one send.
func TestRestyRetryHookReplacesContext(t *testing.T) {
	type key struct{}
	rec := newRecorder(t, sdktrace.AlwaysSample())
	for name, fresh := range map[string]func(t *testing.T) context.Context{
		"no trace":           func(*testing.T) context.Context { return context.WithValue(context.Background(), key{}, "hook's") },
		"the caller's trace": func(t *testing.T) context.Context { return context.WithValue(testkit.Request(), key{}, "hook's") },
		"another trace": func(t *testing.T) context.Context {
			return context.WithValue(testkit.Context("00000000000000aa-00000000000000bb-1"), key{}, "hook's")
		},
	} {
		t.Run(name, func(t *testing.T) {
			rec.Reset()
			tries := 0
			c := httpclient.Resty(resty.New().SetTransport(testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				if tries++; tries < 3 {
					return nil, errBase
				}
				var want any
				if tries == 3 {
					want = "hook's" // the last attempt of the first send
				}
				assert.Equal(t, want, r.Context().Value(key{}), "value of attempt %d", tries)
				return answer(r, http.StatusOK, "ok"), nil
			})).SetLogger(quiet{}).SetRetryWaitTime(1).SetRetryMaxWaitTime(1).SetRetryCount(2), rec.config())
			c.AddRetryHook(func(resp *resty.Response, _ error) { resp.Request.SetContext(fresh(t)) })
			r := c.R()
			if name != "no trace" {
				r.SetContext(testkit.Request())
			}
			_, err := r.Get("http://first.example/")
			require.NoError(t, err, "Get")
			for i, s := range rec.spans(t, 3) {
				wantTrace, wantParent := id128, spanID
				switch {
				case name == "no trace":
					wantTrace, wantParent = rec.Started()[0].SpanContext().TraceID().String(), ""
				case name == "another trace" && i > 0:
					wantTrace, wantParent = "000000000000000000000000000000aa", "00000000000000bb"
				}
				assert.Equal(t, wantTrace, s.SpanContext().TraceID().String(), "trace of attempt %d", i)
				if wantParent != "" {
					assert.Equal(t, wantParent, s.Parent().SpanID().String(), "parent of attempt %d", i)
				} else if i > 0 {
					assert.NotEqual(t, rec.Started()[i-1].SpanContext().SpanID(), s.Parent().SpanID(), "parent of attempt %d", i)
				}
				var want any
				if i > 0 {
					want = int64(i)
				}
				assert.Equal(t, want, s.attribute("http.request.resend_count"), "http.request.resend_count of attempt %d", i)
			}

			rec.Reset()
			_, err = r.Get("http://first.example/")
			require.NoError(t, err, "Get again")
			again := rec.one(t)
			if name == "no trace" {
				assert.False(t, again.Parent().IsValid(), "the next send has a parent")
			} else {
				assert.Equal(t, spanID, again.Parent().SpanID().String(), "parent of the next send")
			}
		})
	}
}

// The context of the next send does not have what a hook has added during the send before, such
// as a cancellation. It has what the user has added.
func TestRestyRequestAgainContext(t *testing.T) {
	type key struct{}
	for _, noTrace := range []bool{false, true} {
		t.Run(fmt.Sprintf("without a trace %t", noTrace), func(t *testing.T) {
			var seen []arrival
			var values []any
			fails := 0
			c := httpclient.Resty(resty.New().SetTransport(testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				b, err := trace.FromHeader(r.Header)
				require.NoError(t, err)
				seen, values = append(seen, arrival{b3: b}), append(values, r.Context().Value(key{}))
				if fails--; fails >= 0 {
					return nil, errBase
				}
				return answer(r, http.StatusOK, "ok"), r.Context().Err()
			})).SetLogger(quiet{}).SetRetryWaitTime(1).SetRetryMaxWaitTime(1).SetRetryCount(3), httpclient.Config{})
			var cancel context.CancelFunc
			c.AddRetryHook(func(resp *resty.Response, _ error) {
				var ctx context.Context
				ctx, cancel = context.WithCancel(context.WithValue(resp.Request.Context(), key{}, "hook's"))
				resp.Request.SetContext(ctx)
			})
			caller := context.Background()
			if !noTrace {
				caller = testkit.Request()
			}
			r := c.R().SetContext(caller)
			fails = 1
			_, err := r.Get("http://first.example/")
			require.NoError(t, err, "the first Get")
			cancel()
			_, err = r.Get("http://first.example/")
			require.NoError(t, err, "Get after the cancel of the context that a hook set during the first Get")
			r.SetContext(context.WithValue(r.Context(), key{}, "user's"))
			for range 2 {
				_, err = r.Get("http://first.example/")
				require.NoError(t, err, "Get with a context derived from that of the send before")
			}
			r.SetContext(context.WithValue(caller, key{}, "user's"))
			_, err = r.Get("http://first.example/")
			require.NoError(t, err, "Get with a context derived from the caller's")
			assert.Equal(t, []any{nil, "hook's", nil, "user's", "user's", "user's"}, values, "values that the attempts had")
			if noTrace {
				assertSiblings(t, seen[:2], "", "")
				assertOwnTraces(t, seen[1:])
			} else {
				assertSiblings(t, seen, id128, spanID)
			}
		})
	}
}

// followers are ways to send a request in the context of an earlier answer's request, as for
// pages of one list.
var followers = []struct {
	name string
	make func(base http.RoundTripper, cfg httpclient.Config) func(ctx context.Context) (next context.Context, err error)
}{
	{"resty", func(base http.RoundTripper, cfg httpclient.Config) func(context.Context) (context.Context, error) {
		c := httpclient.Resty(resty.New().SetTransport(base).SetLogger(quiet{}), cfg)
		return func(ctx context.Context) (context.Context, error) {
			resp, err := c.R().SetContext(ctx).Get("http://first.example/")
			if err != nil {
				return nil, err
			}
			return resp.Request.Context(), nil
		}
	}},
	{"resty, the context of RawResponse", func(base http.RoundTripper, cfg httpclient.Config) func(context.Context) (context.Context, error) {
		c := httpclient.Resty(resty.New().SetTransport(base).SetLogger(quiet{}), cfg)
		return func(ctx context.Context) (context.Context, error) {
			resp, err := c.R().SetContext(ctx).Get("http://first.example/")
			if err != nil {
				return nil, err
			}
			return resp.RawResponse.Request.Context(), nil
		}
	}},
	{"resty over a wrapped client", func(base http.RoundTripper, cfg httpclient.Config) func(context.Context) (context.Context, error) {
		c := httpclient.Resty(resty.NewWithClient(httpclient.Wrap(&http.Client{Transport: base}, cfg)).SetLogger(quiet{}), cfg)
		return func(ctx context.Context) (context.Context, error) {
			resp, err := c.R().SetContext(ctx).Get("http://first.example/")
			if err != nil {
				return nil, err
			}
			return resp.RawResponse.Request.Context(), nil
		}
	}},
	{"net/http", func(base http.RoundTripper, cfg httpclient.Config) func(context.Context) (context.Context, error) {
		c := httpclient.Wrap(&http.Client{Transport: base}, cfg)
		return func(ctx context.Context) (context.Context, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://first.example/", nil)
			if err != nil {
				return nil, err
			}
			resp, err := c.Do(r)
			if err != nil {
				return nil, err
			}
			return resp.Request.Context(), resp.Body.Close()
		}
	}},
	{"net/http, WithContext", func(base http.RoundTripper, cfg httpclient.Config) func(context.Context) (context.Context, error) {
		c := httpclient.Wrap(&http.Client{Transport: base}, cfg)
		r, err := http.NewRequest(http.MethodGet, "http://first.example/", nil)
		return func(ctx context.Context) (context.Context, error) {
			if err != nil {
				return nil, err
			}
			r = r.WithContext(ctx)
			resp, err := c.Do(r)
			if err != nil {
				return nil, err
			}
			return resp.Request.Context(), resp.Body.Close()
		}
	}},
	{"net/http, the answer's request", func(base http.RoundTripper, cfg httpclient.Config) func(context.Context) (context.Context, error) {
		c := httpclient.Wrap(&http.Client{Transport: base}, cfg)
		var r *http.Request
		return func(ctx context.Context) (context.Context, error) {
			if r == nil {
				r, _ = http.NewRequestWithContext(ctx, http.MethodGet, "http://first.example/", nil)
			}
			resp, err := c.Do(r)
			if err != nil {
				return nil, err
			}
			r = resp.Request
			return r.Context(), resp.Body.Close()
		}
	}},
}

// If each page is requested in the context of the last answer, the requests are siblings: no page
// is part of the call for another page. The chain of contexts does not grow.
func TestFollowUps(t *testing.T) {
	const pages = 5
	for i := range callers(t, newRecorder(t, sdktrace.AlwaysSample())) {
		for _, f := range followers {
			for _, redirected := range []bool{false, true} {
				rec := newRecorder(t, sdktrace.AlwaysSample())
				caller := callers(t, rec)[i]
				t.Run(fmt.Sprintf("%s, %s, redirected %t", f.name, caller.name, redirected), func(t *testing.T) {
					var seen []arrival
					get := f.make(testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
						b, err := trace.FromHeader(r.Header)
						require.NoError(t, err)
						seen = append(seen, arrival{b3: b})
						if redirected {
							return moved(r)
						}
						return answer(r, http.StatusOK, "ok"), nil
					}), rec.config())
					ctx := caller.ctx
					if ctx == nil {
						ctx = context.Background()
					}
					var deep []int
					for range pages {
						next, err := get(ctx)
						require.NoError(t, err)
						ctx, deep = next, append(deep, links(next))
						assert.Equal(t, seen[len(seen)-1].traceID(), trace.ID(ctx), "trace of the answer's context")
					}
					if f.name == "resty over a wrapped client" {
						// Each span of net/http is a child of resty's span. The spans of resty
						// are siblings.
						for j := range seen {
							assert.Equal(t, seen[0].traceID(), seen[j].traceID(), "trace of request %d", j)
						}
					} else {
						assertSiblings(t, seen, caller.wantTrace, caller.parent())
					}
					assert.Equal(t, deep[1], deep[pages-1], "links of the answers' contexts: %v", deep)
				})
			}
		}
	}
}

// With EnableTrace, resty itself adds links to the context of each page. If resty's http.Client is
// wrapped too, the context does not grow faster.
func TestFollowUpsEnableTrace(t *testing.T) {
	grown := map[bool]int{}
	for _, twice := range []bool{false, true} {
		hc := &http.Client{Transport: fakeAnswers()}
		if twice {
			hc = httpclient.Wrap(hc, httpclient.Config{})
		}
		c := httpclient.Resty(resty.NewWithClient(hc).SetLogger(quiet{}), httpclient.Config{})
		ctx, deep := testkit.Request(), []int(nil)
		for range 5 {
			resp := must(t)(c.R().EnableTrace().SetContext(ctx).Get("http://first.example/"))
			ctx = resp.RawResponse.Request.Context()
			deep = append(deep, links(ctx))
		}
		grown[twice] = deep[4] - deep[3]
	}
	assert.Equal(t, grown[false], grown[true], "links that a page adds, without and with a wrapped http.Client")
}

// A request in an answer's context has the values that were added to that context. A span that
// was started in that context is the request's parent.
func TestFollowUpKeeps(t *testing.T) {
	type key struct{}
	for _, f := range followers[:4] {
		for _, noTrace := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, without a trace %t", f.name, noTrace), func(t *testing.T) {
				var seen []arrival
				var values []any
				get := f.make(testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
					b, err := trace.FromHeader(r.Header)
					require.NoError(t, err)
					seen, values = append(seen, arrival{b3: b}), append(values, r.Context().Value(key{}))
					if err := r.Context().Err(); err != nil {
						return nil, err
					}
					return answer(r, http.StatusOK, "ok"), nil
				}), httpclient.Config{})
				caller, wantTrace, wantParent := context.Background(), "", ""
				if !noTrace {
					caller, wantTrace, wantParent = testkit.Request(), id128, spanID
				}
				ctx, err := get(caller)
				require.NoError(t, err)
				ctx, cancel := context.WithCancel(context.WithValue(ctx, key{}, "mine"))
				defer cancel()
				_, err = get(ctx)
				require.NoError(t, err)
				if f.name != "resty over a wrapped client" {
					assertSiblings(t, seen, wantTrace, wantParent)
				}
				local, span := trace.Start(ctx, "local")
				_, err = get(local)
				require.NoError(t, err)
				if f.name != "resty over a wrapped client" {
					assert.Equal(t, span.SpanContext().SpanID().String(), seen[2].parentID(), "parent of a request in a span of the user's")
				}
				assert.Equal(t, seen[0].traceID(), seen[2].traceID(), "trace of a request in a span of the user's")
				assert.Equal(t, []any{nil, "mine", "mine"}, values, "values in the contexts of the requests")
				cancel()
				_, err = get(ctx)
				require.ErrorIs(t, err, context.Canceled, "error of a request in a context that has ended")
			})
		}
	}
}

// While an attempt is under way, a request in its context is its child. A hook, or a RoundTripper
// that clew wraps, may send such a request, for instance to get a token.
func TestRequestInAnAttempt(t *testing.T) {
	t.Run("resty", func(t *testing.T) {
		fails := failing(1)
		w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/outer" {
				fails(rw, r)
			}
		})
		c := w.resty(t, httpclient.Config{}).SetRetryCount(1).AddRetryCondition(sayServerError)
		tokens := httpclient.Resty(resty.New().SetTransport(w.transport(t)).SetLogger(quiet{}), httpclient.Config{})
		ask := func(name string, r *resty.Request) {
			_, err := tokens.R().SetContext(r.Context()).Get("http://first.example/" + name)
			assert.NoError(t, err, name)
		}
		c.OnBeforeRequest(func(_ *resty.Client, r *resty.Request) error { ask("before", r); return nil })
		c.OnAfterResponse(func(_ *resty.Client, resp *resty.Response) error { ask("after", resp.Request); return nil })
		c.AddRetryHook(func(resp *resty.Response, _ error) { ask("retry", resp.Request) })
		_, err := c.R().SetContext(testkit.Request()).Get("http://first.example/outer")
		require.NoError(t, err)
		byPath := map[string][]arrival{}
		for _, a := range w.take() {
			path := strings.TrimPrefix(a.url, "http://first.example/")
			byPath[path] = append(byPath[path], a)
		}
		require.Len(t, byPath["outer"], 2, "attempts")
		for name, n := range map[string]int{"before": 2, "after": 2, "retry": 1} {
			require.Len(t, byPath[name], n, "requests in the hook %s", name)
			for i, a := range byPath[name] {
				assert.Equal(t, byPath["outer"][i].spanID(), a.parentID(), "parent of request %d in the hook %s", i, name)
			}
		}
	})
	t.Run("net/http", func(t *testing.T) {
		w := newWorld(t, nil)
		tokens := w.client(t, httpclient.Config{})
		inner := w.transport(t)
		c := httpclient.Wrap(&http.Client{Transport: testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
			fetch(t, tokens, r.Context(), "http://first.example/token")
			return inner.RoundTrip(r)
		})}, httpclient.Config{})
		fetch(t, c, testkit.Request(), "http://first.example/")
		seen := w.take()
		require.Len(t, seen, 2, "requests that arrived")
		assert.Equal(t, seen[1].spanID(), seen[0].parentID(), "parent of the request for the token")
	})
}

// Other goroutines may use the context of a request, or of its answer, while the request is sent,
// retried, or sent again.
func TestFollowUpsRace(t *testing.T) {
	var wg sync.WaitGroup
	other := fakeResty()
	std := followers[3].make(fakeAnswers(), httpclient.Config{})
	c := httpclient.Resty(resty.New().SetTransport(testkit.RoundTripper(moved)).SetLogger(quiet{}).
		SetRetryCount(2).SetRetryWaitTime(1).SetRetryMaxWaitTime(1), httpclient.Config{})
	use := func(ctx context.Context) {
		for range 4 {
			wg.Go(func() {
				for range 10 {
					resp, err := other.R().SetContext(ctx).Get("http://first.example/")
					if assert.NoError(t, err) {
						assert.Equal(t, id128, trace.ID(resp.Request.Context()), "trace of a request in the answer's context")
					}
					next, err := std(ctx)
					if assert.NoError(t, err) {
						assert.Equal(t, id128, trace.ID(next), "trace of a request in the answer's context")
					}
				}
			})
		}
	}
	c.OnBeforeRequest(func(_ *resty.Client, r *resty.Request) error { use(r.Context()); return nil })
	c.OnAfterResponse(func(_ *resty.Client, resp *resty.Response) error {
		use(resp.Request.Context())
		use(resp.RawResponse.Request.Context())
		return nil
	})
	r := c.R().SetContext(testkit.Request()).AddRetryCondition(func(*resty.Response, error) bool { return true })
	for range 3 {
		_, err := r.Get("http://first.example/")
		require.NoError(t, err)
	}
	wg.Wait()
}

// The context of a request may be of a type for which == panics.
func TestRestyContextNotComparable(t *testing.T) {
	type mine struct {
		context.Context
		_ []int
	}
	r := fakeResty().SetRetryCount(1).R().AddRetryCondition(func(resp *resty.Response, _ error) bool {
		resp.Request.SetContext(mine{Context: resp.Request.Context()})
		return true
	}).SetContext(mine{Context: testkit.Request()})
	for range 3 {
		resp, err := r.Get("http://first.example/")
		require.NoError(t, err)
		assert.Equal(t, id128, trace.ID(resp.Request.Context()), "trace")
		_, err = fakeResty().R().SetContext(mine{Context: resp.Request.Context()}).Get("http://first.example/")
		require.NoError(t, err)
	}
}

// The context of a redirect is derived from the context of the first request, not from the context
// of the previous redirect. So the chain of contexts does not grow with the number of redirects.
func TestRedirectsAreFlat(t *testing.T) {
	const redirects = 300
	for _, way := range []struct {
		name string
		get  func(base http.RoundTripper, cfg httpclient.Config) error
	}{
		{"net/http", func(base http.RoundTripper, cfg httpclient.Config) error {
			c := httpclient.Wrap(&http.Client{Transport: base, CheckRedirect: func(*http.Request, []*http.Request) error { return nil }}, cfg)
			resp, err := c.Get("http://first.example/")
			if err != nil {
				return err
			}
			return resp.Body.Close()
		}},
		{"resty", func(base http.RoundTripper, cfg httpclient.Config) error {
			c := httpclient.Resty(resty.New().SetTransport(base).SetLogger(quiet{}).SetRedirectPolicy(resty.FlexibleRedirectPolicy(2*redirects)), cfg)
			_, err := c.R().Get("http://first.example/")
			return err
		}},
		{"resty, EnableTrace", func(base http.RoundTripper, cfg httpclient.Config) error {
			c := httpclient.Resty(resty.New().SetTransport(base).SetLogger(quiet{}).SetRedirectPolicy(resty.FlexibleRedirectPolicy(2*redirects)), cfg)
			_, err := c.R().EnableTrace().Get("http://first.example/")
			return err
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			rec := newRecorder(t, sdktrace.AlwaysSample())
			var deep []int
			var seen []arrival
			require.NoError(t, way.get(testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				b, err := trace.FromHeader(r.Header)
				require.NoError(t, err)
				deep, seen = append(deep, links(r.Context())), append(seen, arrival{b3: b})
				resp := answer(r, http.StatusFound, "")
				resp.Header.Set("Location", "/")
				if len(seen) > redirects {
					resp.StatusCode = http.StatusOK
				}
				return resp, nil
			}), rec.config()))
			require.Len(t, seen, redirects+1, "requests")
			assertSiblings(t, seen, "", "")
			assert.Equal(t, deep[1], deep[redirects], "links of the contexts of the first redirect and the last")
			for i, s := range rec.spans(t, redirects+1) {
				var want any
				if i > 0 {
					want = int64(i)
				}
				require.Equal(t, want, s.attribute("http.request.resend_count"), "http.request.resend_count of request %d", i)
			}
		})
	}
}

// With a negative RetryCount resty sends nothing and returns no error.
func TestRestyNegativeRetryCount(t *testing.T) {
	rec := newRecorder(t, sdktrace.AlwaysSample())
	c := httpclient.Resty(resty.New().SetLogger(quiet{}).SetRetryCount(-1), rec.config())
	resp, err := c.R().Get("http://first.example/")
	assert.NoError(t, err, "Get")
	assert.Nil(t, resp, "response of Get")
	rec.spans(t, 0)
}

// Without a recording span nothing waits for the end of the body, so the body is not wrapped.
func TestRestyBodyOfNoRecord(t *testing.T) {
	text := io.NopCloser(strings.NewReader("text"))
	c := httpclient.Resty(resty.New().SetTransport(testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		resp := answer(r, http.StatusOK, "")
		resp.Body = text
		return resp, nil
	})), httpclient.Config{TracerProvider: trace.NewProvider(trace.ProviderConfig{})})
	resp, err := c.R().SetDoNotParseResponse(true).Get("http://first.example/")
	require.NoError(t, err)
	assert.Equal(t, text, resp.RawBody(), "RawBody")
}

// sends are ways to send requests again and again, over a base that answers at once.
var sends = []struct {
	name string
	make func(t testing.TB) (send func())
}{
	{"resty", func(t testing.TB) func() {
		r := fakeResty().R()
		return func() { must(t)(r.Get("http://first.example/")) }
	}},
	{"resty, under a caller", func(t testing.TB) func() {
		r := fakeResty().R().SetContext(testkit.Request())
		return func() { must(t)(r.Get("http://first.example/")) }
	}},
	{"resty, retried once", func(t testing.TB) func() {
		r := fakeResty().SetRetryCount(1).R().AddRetryCondition(func(*resty.Response, error) bool { return true })
		return func() { must(t)(r.Get("http://first.example/")) }
	}},
	{"resty, the answer's context", func(t testing.TB) func() {
		c, ctx := fakeResty(), context.Background()
		return func() { ctx = must(t)(c.R().SetContext(ctx).Get("http://first.example/")).Request.Context() }
	}},
	{"net/http, the answer's context", func(t testing.TB) func() {
		get := followers[3].make(fakeAnswers(), httpclient.Config{})
		ctx := context.Background()
		return func() {
			next, err := get(ctx)
			require.NoError(t, err)
			ctx = next
		}
	}},
	{"net/http, one request", func(t testing.TB) func() {
		c := httpclient.Wrap(&http.Client{Transport: fakeAnswers()}, httpclient.Config{})
		r, err := http.NewRequestWithContext(testkit.Request(), http.MethodGet, "http://first.example/", nil)
		require.NoError(t, err)
		return func() {
			resp, err := c.Do(r)
			require.NoError(t, err)
			resp.Body.Close()
		}
	}},
}

func must(t testing.TB) func(*resty.Response, error) *resty.Response {
	return func(resp *resty.Response, err error) *resty.Response {
		require.NoError(t, err)
		return resp
	}
}

// fakeAnswers returns a base that answers every request with 200.
func fakeAnswers() http.RoundTripper {
	header := http.Header{}
	return testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Header: header, Request: r}, nil
	})
}

// fakeResty returns a traced client over fakeAnswers that does not wait between retries.
func fakeResty() *resty.Client {
	c := resty.New().SetTransport(fakeAnswers()).SetLogger(quiet{}).SetRetryWaitTime(1).SetRetryMaxWaitTime(1)
	return httpclient.Resty(c, httpclient.Config{})
}

// After 100,000 sends, the heap is at most 64 KiB larger than after 1,000, and a send makes as
// many allocations as then. After the last of 2,000 retries, the heap is at most 64 KiB larger
// than after the hundredth.
func TestTortureRequestsUsedAgain(t *testing.T) {
	const allowed = 64 << 10
	n := torture.Size(5_000, 100_000)
	most := 0
	for _, s := range sends {
		send := s.make(t)
		for range 1000 {
			send()
		}
		wantAllocs, before := testing.AllocsPerRun(100, send), torture.Heap()
		for range n - 1000 {
			send()
		}
		grown := torture.Heap() - before
		most = max(most, grown)
		assert.LessOrEqual(t, grown, allowed, "%s: bytes by which the heap after %d sends is larger than after 1,000", s.name, n)
		// The delta is 1, since a sync.Pool may drop an object.
		assert.InDelta(t, wantAllocs, testing.AllocsPerRun(100, send), 1, "%s: allocations of send %d", s.name, n)
		runtime.KeepAlive(send)
	}

	const retries = 2000
	var early, late, earlyLinks, lateLinks int
	c := fakeResty().SetRetryCount(retries)
	r := c.R().AddRetryCondition(func(resp *resty.Response, _ error) bool {
		switch resp.Request.Attempt {
		case 100:
			early, earlyLinks = torture.Heap(), links(resp.Request.Context())
		case retries:
			late, lateLinks = torture.Heap(), links(resp.Request.Context())
		}
		return true
	})
	_, err := r.Get("http://first.example/")
	require.NoError(t, err)
	assert.LessOrEqual(t, late-early, allowed, "bytes by which the heap after %d retries is larger than after 100", retries)
	assert.Equal(t, earlyLinks, lateLinks, "links of the context after %d retries, and after 100", retries)
	torture.Row(t, "Requests used again",
		"%d sends of one request, or of requests in the last answer's context, in %d ways: the heap is at most %d bytes larger than after 1,000 sends, and a send allocates as often; %d retries in one send: the heap is %d bytes larger than after 100, and the context has %d links after 100 and %d after all",
		n, len(sends), max(most, 0), retries, max(late-early, 0), earlyLinks, lateLinks)
}
