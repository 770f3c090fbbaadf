package httpclient_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/clew/httpclient"
	"example.com/clew/internal/testkit"
	"example.com/clew/internal/torture"
	"example.com/clew/trace"
	"github.com/go-resty/resty/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// strangers are the hosts that api.example.com redirects to. The variable answers has a column for
// each.
var strangers = []struct{ name, url string }{
	{"itself", "https://api.example.com"},
	{"its sister", "https://www.example.com"},
	{"another host", "https://partner.example.net"},
	{"a look-alike", "https://api.example.com.evil.net"},
	{"an IP", "https://10.1.2.3"},
	{"another port", "https://api.example.com:8443"},
	{"http", "http://api.example.com"},
}

// answers lists for each policy which hosts get the trace headers: y or n for the first request,
// and for a redirect to each stranger.
var answers = []struct {
	name      string
	propagate func(*http.Request) bool
	first     byte
	redirects string
}{
	{"default", nil, 'y', "ynnnnyy"},
	{"SameSite", httpclient.SameSite, 'y', "yynnnyn"},
	{"Hosts", httpclient.Hosts("partner.example.net", ".example.com"), 'y', "yyynnyy"},
	{"PrivateNetworks", httpclient.PrivateNetworks, 'n', "nnnnynn"},
	{"never", func(*http.Request) bool { return false }, 'n', "nnnnnnn"},
	{"always", func(*http.Request) bool { return true }, 'y', "yyyyyyy"},
}

var encodings = []struct {
	name       string
	propagator propagation.TextMapPropagator
	want       []string
}{
	{"multi", nil, multi},
	{"single", trace.Propagator{Encoding: b3.B3SingleHeader}, []string{"b3"}},
	{"W3C and baggage", propagation.NewCompositeTextMapPropagator(trace.Propagator{W3C: true}, propagation.Baggage{}),
		append([]string{"baggage", "traceparent"}, multi...)},
}

// ways are clients, with or without a proxy. Each posts a body, with stale headers.
var ways = []struct {
	name  string
	plain bool // without https
	make  func(w *world, base *http.Transport, proxy string, cfg httpclient.Config) func(ctx context.Context, url string) error
}{
	{"net/http", false, func(_ *world, base *http.Transport, _ string, cfg httpclient.Config) func(context.Context, string) error {
		return posting(base, cfg)
	}},
	{"net/http, proxy", true, func(_ *world, _ *http.Transport, proxy string, cfg httpclient.Config) func(context.Context, string) error {
		return posting(&http.Transport{Proxy: http.ProxyURL(testkit.Must(url.Parse(proxy))), DisableKeepAlives: true}, cfg)
	}},
	{"resty", false, func(_ *world, base *http.Transport, _ string, cfg httpclient.Config) func(context.Context, string) error {
		return restyPosting(httpclient.Resty(resty.New().SetTransport(base).SetLogger(quiet{}), cfg))
	}},
	{"resty, flexible", false, func(_ *world, base *http.Transport, _ string, cfg httpclient.Config) func(context.Context, string) error {
		return restyPosting(httpclient.Resty(resty.New().SetTransport(base).SetLogger(quiet{}).SetRedirectPolicy(resty.FlexibleRedirectPolicy(5)), cfg))
	}},
	{"resty, domain check", false, func(_ *world, base *http.Transport, _ string, cfg httpclient.Config) func(context.Context, string) error {
		return restyPosting(httpclient.Resty(resty.New().SetTransport(base).SetLogger(quiet{}), cfg).SetRedirectPolicy(allDomains()))
	}},
	{"resty, both policies set after its first request", false, func(w *world, base *http.Transport, _ string, cfg httpclient.Config) func(context.Context, string) error {
		c := httpclient.Resty(resty.New().SetTransport(base).SetLogger(quiet{}), cfg)
		c.R().Get("http://api.example.com/none")
		w.take()
		return restyPosting(c.SetRedirectPolicy(resty.FlexibleRedirectPolicy(5), allDomains(), httpclient.RedirectPolicy()))
	}},
	{"resty, proxy", true, func(_ *world, _ *http.Transport, proxy string, cfg httpclient.Config) func(context.Context, string) error {
		return restyPosting(httpclient.Resty(resty.New().SetLogger(quiet{}), cfg).SetProxy(proxy).SetCloseConnection(true))
	}},
}

func posting(base *http.Transport, cfg httpclient.Config) func(context.Context, string) error {
	c := httpclient.Wrap(&http.Client{Transport: base}, cfg)
	return func(ctx context.Context, url string) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("body"))
		if err != nil {
			return err
		}
		r.Header = staleHeader()
		resp, err := c.Do(r)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		return err
	}
}

func restyPosting(c *resty.Client) func(context.Context, string) error {
	return func(ctx context.Context, url string) error {
		r := c.R().SetContext(ctx).SetBody("body")
		r.Header = staleHeader()
		_, err := r.Post(url)
		return err
	}
}

func allDomains() resty.RedirectPolicy {
	var names []string
	for _, s := range strangers {
		names = append(names, testkit.Must(url.Parse(s.url)).Hostname())
	}
	return resty.DomainCheckRedirectPolicy(names...)
}

// With any client, a host gets either all trace headers or not a byte of the trace. The variable
// answers says which. Each chain of redirects goes to a stranger, from the stranger to itself, and
// back to the first host.
func TestTortureLeakToStrangers(t *testing.T) {
	var current atomic.Value
	w := newTLSWorld(t, func(rw http.ResponseWriter, r *http.Request) { current.Load().(http.HandlerFunc)(rw, r) })
	current.Store(chain(302))
	base := w.transport(t)
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(*httputil.ProxyRequest) {}, Transport: base})
	t.Cleanup(proxy.Close)
	member, err := baggage.NewMember("user", spanID)
	require.NoError(t, err)
	bag, err := baggage.New(member)
	require.NoError(t, err)
	ctx := baggage.ContextWithBaggage(testkit.Request(), bag)

	all := []int{301, 302, 303, 307, 308}
	perChain := torture.Size(1, len(all))
	n, hops, leaks, missing := 0, 0, 0, 0
	for _, way := range ways {
		for _, a := range answers {
			for _, e := range encodings {
				send := way.make(w, base, proxy.URL, httpclient.Config{Propagator: e.propagator, Propagate: a.propagate})
				for i, s := range strangers {
					if way.plain && s.name == "http" {
						continue
					}
					for range perChain {
						status := all[n%len(all)]
						n++
						urls := []string{strangers[0].url + "/0", s.url + "/1", s.url + "/2", strangers[0].url + "/3"}
						want := []byte{a.first, a.redirects[i], a.redirects[i], a.first}
						for j := range urls {
							if way.plain {
								urls[j] = strings.Replace(urls[j], "https:", "http:", 1)
							}
						}
						current.Store(chain(status, urls...))
						call := fmt.Sprintf("%s, %s, %s, %d to %s", way.name, a.name, e.name, status, s.name)
						require.NoError(t, send(ctx, urls[0]), call)
						seen := w.take()
						require.Len(t, seen, len(urls), "%s: requests that arrived", call)
						for j, got := range seen {
							hops++
							require.Equal(t, urls[j], got.url, "%s: URL of hop %d", call, j)
							names := traced(got.header)
							if got.header.Get("Baggage") != "" {
								names = append(names, "baggage")
							}
							text := fmt.Sprint(got.header)
							traces := strings.Contains(text, id128) || strings.Contains(text, spanID)
							switch {
							case strings.Contains(text, canary), want[j] == 'n' && (len(names) > 0 || traces):
								leaks++
								t.Errorf("%s: hop %d, %s: got %v, want no trace header and no stale value", call, j, got.url, got.header)
							case want[j] == 'y' && (!sameNames(e.want, names) || got.traceID() != id128 || got.parentID() != spanID):
								missing++
								t.Errorf("%s: hop %d, %s: got %v, want %v of trace %s", call, j, got.url, got.header, e.want, id128)
							}
						}
					}
				}
			}
		}
	}
	torture.Row(t, "Leak to strangers", "%d hops of %d redirect chains looked at, with %d clients, %d policies, %d encodings: leaks %d, missing %d",
		hops, n, len(ways), len(answers), len(encodings), leaks, missing)
}

func sameNames(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// A request that Propagate exempts arrives as a bare client sends it, and its signature is valid.
// All other requests carry the trace, and are otherwise the same.
func TestTortureSignedRequests(t *testing.T) {
	var verified atomic.Int64
	w := newWorld(t, func(_ http.ResponseWriter, r *http.Request) {
		if verify(r) == "good" {
			verified.Add(1)
		}
	})
	cfg := httpclient.Config{Propagate: func(r *http.Request) bool { return httpclient.SameSite(r) && !isSigned(r) }}
	bare := &http.Client{Transport: w.transport(t)}
	wrapped, bareResty, tracedResty := w.client(t, cfg), w.bareResty(t), w.resty(t, cfg)
	viaResty := func(c *resty.Client) func(*http.Request) error {
		return func(r *http.Request) error {
			rr := c.R().SetContext(r.Context())
			rr.Header = r.Header.Clone()
			if r.Body != nil {
				rr.SetBody("body")
			}
			_, err := rr.Execute(r.Method, r.URL.String())
			return err
		}
	}
	viaHTTP := func(c *http.Client) func(*http.Request) error {
		return func(r *http.Request) error {
			resp, err := c.Do(r)
			if err == nil {
				resp.Body.Close()
			}
			return err
		}
	}
	clients := []struct {
		name         string
		bare, traced func(*http.Request) error
	}{
		{"net/http", viaHTTP(bare), viaHTTP(wrapped)},
		{"resty", viaResty(bareResty), viaResty(tracedResty)},
	}

	exempt, carried, rounds := 0, 0, torture.Size(40, 4000)
	for i := range rounds {
		for _, c := range clients {
			for _, signed := range []bool{true, false} {
				request := func() *http.Request {
					method, body := http.MethodGet, io.Reader(nil)
					if i%2 == 1 {
						method, body = http.MethodPut, strings.NewReader("body")
					}
					r, err := http.NewRequestWithContext(testkit.Request(), method, fmt.Sprintf("http://s3.example.com/bucket/%d?versions&x=%d", i, i), body)
					require.NoError(t, err)
					r.Header = http.Header{"X-Amz-Date": {"20260102T030405Z"}, "Content-Type": {"text/plain"}, "X-Many": slices.Repeat([]string{"v"}, i%4+1)}
					if signed {
						sign(r)
					}
					return r
				}
				require.NoError(t, c.bare(request()), "%s, bare", c.name)
				want := w.takeOne(t)
				require.NoError(t, c.traced(request()), "%s, traced", c.name)
				got := w.takeOne(t)
				if signed {
					exempt++
				} else {
					carried++
					require.Equal(t, multi, traced(got.header), "%s: trace headers of request %d", c.name, i)
					require.Equal(t, id128, got.traceID(), "%s: trace ID of request %d", c.name, i)
					maps.DeleteFunc(got.header, func(name string, _ []string) bool { return strings.HasPrefix(name, "X-B3-") })
					got.b3 = trace.B3{}
				}
				require.Equal(t, want, got, "%s, signed %t: request %d, against a bare client's", c.name, signed, i)
			}
		}
	}
	require.EqualValues(t, 2*exempt, verified.Load(), "good signatures that arrived, bare and traced")
	torture.Row(t, "Signed requests", "%d exempt requests arrived as a bare client sends them, %d signatures valid; %d other requests traced, and otherwise the same",
		exempt, exempt, carried)
}

// unchanged returns a function that checks that r has not changed since unchanged was called. The
// function compares every field, the header's map, its values and the spare capacity behind them,
// and the pointers to the URL and to GetBody.
func unchanged(r *http.Request) func(t testing.TB, call string) {
	want, header, target, getBody := r.Clone(r.Context()), reflect.ValueOf(r.Header), r.URL, reflect.ValueOf(r.GetBody)
	return func(t testing.TB, call string) {
		t.Helper()
		assert.Equal(t, header.Pointer(), reflect.ValueOf(r.Header).Pointer(), "%s: map of the caller's header", call)
		assert.Same(t, target, r.URL, "%s: URL of the caller's request", call)
		assert.Equal(t, getBody.Pointer(), reflect.ValueOf(r.GetBody).Pointer(), "%s: GetBody of the caller's request", call)
		now, before := *r, *want
		now.GetBody, before.GetBody = nil, nil // functions are never deeply equal
		assert.True(t, reflect.DeepEqual(&before, &now), "%s: the caller's request: got %+v, want %+v", call, &now, &before)
		for name, values := range r.Header {
			behind := values[len(values):cap(values)]
			assert.Equal(t, make([]string, len(behind)), behind, "%s: spare capacity behind the caller's values of %s", call, name)
		}
	}
}

// mutate changes r in each way in which a RoundTripper may change its own request.
func mutate(r *http.Request) {
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Add("X-Spare", "from base")
	r.Header["X-Caller"] = append(r.Header["X-Caller"], "from base")
	r.Header.Set("X-Base", "1")
	r.Header.Del("Accept")
	r.Header.Del("B3")
	r.URL = testkit.Must(url.Parse("http://base.example/"))
	r.Method, r.Host, r.ContentLength, r.Close = "BASE", "base.example", 1, true
	r.Body, r.GetBody, r.Trailer, r.Form, r.TransferEncoding = nil, nil, nil, nil, nil
}

// spare returns a header with a value that has spare capacity.
func spare() http.Header {
	h := staleHeader()
	h["Accept"] = []string{"text/plain"}
	h["X-Spare"] = append(make([]string, 0, 4), "one")
	return h
}

// Many goroutines may send the same request at the same time, and the base RoundTripper may change
// the copies that it gets. Each send has a span of its own, and the request does not change.
func TestTortureSharedRequestRace(t *testing.T) {
	const goroutines = 64
	w := newWorld(t, nil)
	var spans sync.Map
	fakeBase := httpclient.NewTransport(testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		b, err := trace.FromHeader(r.Header)
		if err != nil || b.TraceID.String() != id128 {
			return nil, fmt.Errorf("trace %v, %w", b, err)
		}
		if _, twice := spans.LoadOrStore(b.SpanID, true); twice {
			return nil, fmt.Errorf("span ID %s twice", b.SpanID)
		}
		mutate(r)
		return &http.Response{StatusCode: 200, Body: http.NoBody}, nil
	}), httpclient.Config{})
	real := w.transport(t)
	real.MaxIdleConnsPerHost = goroutines

	sent := []int{0, 0}
	for i, send := range []struct {
		name   string
		client http.RoundTripper
		each   int
	}{
		{"a fake base", fakeBase, torture.Size(50, 1000)},
		{"a real server", httpclient.NewTransport(real, httpclient.Config{}), torture.Size(5, 100)},
	} {
		r, err := http.NewRequestWithContext(testkit.Request(), http.MethodGet, "http://first.example/path?q=1#f", nil)
		require.NoError(t, err)
		r.Header = spare()
		r.GetBody = func() (io.ReadCloser, error) { return http.NoBody, nil }
		check := unchanged(r)
		var wg sync.WaitGroup
		for range goroutines {
			wg.Go(func() {
				for range send.each {
					resp, err := send.client.RoundTrip(r)
					if !assert.NoError(t, err, "RoundTrip over %s", send.name) {
						return
					}
					io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
			})
		}
		wg.Wait()
		check(t, send.name)
		sent[i] = goroutines * send.each
	}
	seen := w.take()
	require.Len(t, seen, sent[1], "requests that arrived")
	assertSiblings(t, seen, id128, spanID)
	different := 0
	spans.Range(func(any, any) bool { different++; return true })
	require.Equal(t, sent[0], different, "different span IDs that the fake base saw")
	torture.Row(t, "Mutation and races: one request in many goroutines",
		"%d goroutines, %d sends over a fake base that mutates, %d over a server: each has its own span ID, and the request is unchanged", goroutines, sent[0], sent[1])
}

// outcome is the end of a call.
type outcome struct {
	resp   *http.Response
	err    error
	panics any
	exited bool // runtime.Goexit
}

// trying(send) calls send in a new goroutine, because send may end its goroutine.
func trying(send func() (*http.Response, error)) (o outcome) {
	var wg sync.WaitGroup
	wg.Go(func() {
		o.exited = true
		defer func() {
			if o.panics = recover(); o.panics != nil {
				o.exited = false
			}
		}()
		o.resp, o.err = send()
		o.exited = false
	})
	wg.Wait()
	return o
}

// readers read requests in goroutines of their own, as a hostile base may.
type readers struct {
	sync.WaitGroup
	times int
}

func (rs *readers) read(r *http.Request) {
	rs.Go(func() {
		for range rs.times {
			_ = fmt.Sprint(r.Method, r.Host, r.Header, r.URL, r.Context())
		}
	})
}

// hostileBase is a RoundTripper for clew to wrap. It breaks the rules of http.RoundTripper.
type hostileBase struct {
	name   string
	trip   func(r *http.Request, resp *http.Response) (*http.Response, error)
	status int // the status code of the span
	failed bool
}

func hostileBases(rs *readers) []hostileBase {
	other := httptest.NewRequest(http.MethodPut, "http://other.example/", nil)
	return []hostileBase{
		{"mutates", func(r *http.Request, resp *http.Response) (*http.Response, error) { mutate(r); return resp, nil }, 200, false},
		{"mutates and fails", func(r *http.Request, _ *http.Response) (*http.Response, error) { mutate(r); return nil, errBase }, 0, true},
		{"panics", func(r *http.Request, _ *http.Response) (*http.Response, error) { mutate(r); panic(errBase) }, 0, true},
		{"aborts", func(*http.Request, *http.Response) (*http.Response, error) { panic(http.ErrAbortHandler) }, 0, true},
		{"ends the goroutine", func(*http.Request, *http.Response) (*http.Response, error) { runtime.Goexit(); return nil, nil }, 0, false},
		{"nil, nil", func(*http.Request, *http.Response) (*http.Response, error) { return nil, nil }, 0, false},
		{"error", func(*http.Request, *http.Response) (*http.Response, error) { return nil, errBase }, 0, true},
		{"response and error", func(_ *http.Request, resp *http.Response) (*http.Response, error) { return resp, errBase }, 200, true},
		{"no body", func(_ *http.Request, resp *http.Response) (*http.Response, error) { resp.Body = nil; return resp, nil }, 200, false},
		{"closes twice", func(r *http.Request, resp *http.Response) (*http.Response, error) {
			r.Body.Close()
			r.Body.Close()
			return resp, nil
		}, 200, false},
		{"another request", func(_ *http.Request, resp *http.Response) (*http.Response, error) {
			resp.Request = other
			return resp, nil
		}, 200, false},
		{"keeps reading", func(r *http.Request, resp *http.Response) (*http.Response, error) { rs.read(r); return resp, nil }, 200, false},
	}
}

// hostileHeaders are headers of the caller's request that a base may find.
var hostileHeaders = map[string]func() http.Header{
	"nil":   func() http.Header { return nil },
	"none":  func() http.Header { return http.Header{} },
	"spare": spare,
	"few": func() http.Header {
		return http.Header{
			"x-b3-TRACEID": {canary},
			"Accept":       {"text/plain"},
			"X-Spare":      append(make([]string, 0, 4), "one"),
		}
	},
}

// The caller's request does not change, whatever the wrapped RoundTripper does. The outcome is the
// same as without clew. The span has this outcome, and ends once.
func TestTortureHostileBaseRace(t *testing.T) {
	rs := &readers{times: torture.Size(20, 2000)}
	bases := hostileBases(rs)
	policies := map[string]func(*http.Request) bool{"default": nil, "never": func(*http.Request) bool { return false }}
	trips := 0
	for _, base := range bases {
		for headerName, header := range hostileHeaders {
			for policyName, policy := range policies {
				call := fmt.Sprintf("%s, header %s, policy %s", base.name, headerName, policyName)
				trips += tripThrough(t, call, base, header, policy)
			}
		}
	}
	trips += redirectWhileRead(t, rs)
	rs.Wait()
	torture.Row(t, "Mutation and races: hostile RoundTrippers",
		"%d kinds, %d round trips: the caller's request unchanged, outcome as without clew, each span ended once", len(bases), trips)
}

// tripThrough sends a request through base without clew, with clew, and with a span that is
// recorded. It checks that the outcomes are equal, and returns the number of round trips.
func tripThrough(t *testing.T, call string, base hostileBase, header func() http.Header, policy func(*http.Request) bool) (trips int) {
	t.Helper()
	rec := newRecorder(t, sdktrace.AlwaysSample())
	count := &counting{TracerProvider: rec.provider}
	var want outcome
	for i, cfg := range []httpclient.Config{{}, {Propagate: policy}, {Propagate: policy, TracerProvider: count}} {
		resp := answer(nil, http.StatusOK, "text")
		var client http.RoundTripper = testkit.RoundTripper(func(r *http.Request) (*http.Response, error) { return base.trip(r, resp) })
		r, err := http.NewRequestWithContext(testkit.Request(), http.MethodPost, "http://first.example/path?q=1#f", &watchedBody{Reader: strings.NewReader("body")})
		require.NoError(t, err)
		r.Header, r.Trailer = header(), http.Header{"X-Trailer": {"1"}}
		r.GetBody = func() (io.ReadCloser, error) { return nil, errBase }
		check := unchanged(r)
		if i > 0 {
			client = httpclient.NewTransport(client, cfg)
		}
		got := trying(func() (*http.Response, error) { return client.RoundTrip(r) })
		trips++
		if got.resp != nil {
			require.Same(t, resp, got.resp, "%s: response", call)
			if got.resp.Body != nil {
				text, err := io.ReadAll(got.resp.Body)
				require.NoError(t, err, "%s: reading the body", call)
				require.Equal(t, "text", string(text), "%s: body", call)
			}
		}
		if i == 0 {
			want = got
			continue
		}
		check(t, call)
		require.Equal(t, want.resp != nil, got.resp != nil, "%s: whether there is a response", call)
		got.resp = want.resp
		require.Equal(t, want, got, "%s: error, panic, Goexit", call)
	}
	require.EqualValues(t, 1, count.ends.Load(), "%s: ends of the span", call)
	rec.one(t).assertOutcome(t, base.status, base.failed)
	return trips
}

// redirectWhileRead follows redirects while each request is still being read: for a redirect,
// net/http makes the new request from the last one. It returns the number of round trips.
func redirectWhileRead(t *testing.T, rs *readers) (trips int) {
	t.Helper()
	const redirects = 9
	for _, via := range []struct {
		name string
		get  func(base http.RoundTripper) error
	}{
		{"net/http", func(base http.RoundTripper) error {
			return posted(httpclient.Wrap(&http.Client{Transport: base}, httpclient.Config{}))
		}},
		{"resty", func(base http.RoundTripper) error {
			c := httpclient.Resty(resty.New().SetTransport(base).SetLogger(quiet{}), httpclient.Config{})
			r := c.R().SetContext(testkit.Request())
			r.Header = spare()
			_, err := r.Get("http://first.example/")
			return err
		}},
	} {
		n := 0
		require.NoError(t, via.get(testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
			rs.read(r)
			resp := answer(r, http.StatusFound, "")
			resp.Header.Set("Location", "/")
			if n++; n > redirects {
				resp.StatusCode = http.StatusOK
			}
			return resp, nil
		})), "%s", via.name)
		require.Equal(t, redirects+1, n, "%s: requests", via.name)
		trips += n
	}
	return trips
}

func posted(c *http.Client) error {
	r := httptest.NewRequest(http.MethodGet, "http://first.example/", nil)
	r.RequestURI, r.Header = "", spare()
	resp, err := c.Do(r)
	if err == nil {
		err = resp.Body.Close()
	}
	return err
}
