package httpclient_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/clew/httpclient"
	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/go-resty/resty/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

func TestResty(t *testing.T) {
	w := newWorld(t, nil)
	rec := newRecorder(t, sdktrace.AlwaysSample())
	bare := w.bareResty(t)
	c := httpclient.Resty(bare, rec.config())
	require.Same(t, bare, c, "Resty(c)")

	resp, err := c.R().SetContext(testkit.Request()).Get("http://user:" + canary + "@first.example/path?token=" + canary)
	require.NoError(t, err, "Get")
	assert.Equal(t, "ok", resp.String(), "body")
	a, s := w.takeOne(t), rec.one(t)
	assert.Equal(t, multi, traced(a.header), "trace headers that arrived")
	assertSiblings(t, []arrival{a}, id128, spanID)
	assert.Equal(t, s.SpanContext().SpanID().String(), a.spanID(), "span ID that arrived, which must be the span's")
	assert.Equal(t, oteltrace.SpanKindClient, s.SpanKind(), "kind of the span")
	assert.Equal(t, "GET", s.Name(), "name of the span")
	assert.Equal(t, map[string]any{
		"http.request.method": "GET", "server.address": "first.example", "server.port": int64(80),
		"url.full": "http://first.example/path", "http.response.status_code": int64(200),
	}, s.attributes(), "attributes of the span")
	assert.NotContains(t, s.text(), canary, "text of the span")
	s.assertOutcome(t, 200, false)
}

// callers returns contexts in which the spans of attempts must be siblings.
func callers(t *testing.T, rec *recorder) []caller {
	local, span := rec.provider.Tracer("test").Start(context.Background(), "local")
	t.Cleanup(func() { span.End() })
	noID, _ := noop.NewTracerProvider().Tracer("test").Start(context.Background(), "no-op")
	return []caller{
		{"a remote parent", testkit.Request(), id128, spanID},
		{"no trace", context.Background(), "", ""},
		{"no context", nil, "", ""},
		{"an accept without IDs", testkit.Context("1"), "", ""},
		{"an SDK's local span", local, span.SpanContext().TraceID().String(), span.SpanContext().SpanID().String()},
		{"a span of clew's without an SDK", localSpan(t), id128, ""},
		{"a no-op tracer's span", noID, "", ""},
		{"a no-op tracer's span over a remote parent", oteltrace.ContextWithSpan(testkit.Request(), noop.Span{}), id128, spanID},
	}
}

type caller struct {
	name       string
	ctx        context.Context
	wantTrace  string
	wantParent string // "": the current span of ctx
}

func localSpan(t *testing.T) context.Context {
	ctx, _ := trace.NewProvider(trace.ProviderConfig{}).Tracer("test").Start(testkit.Request(), "local")
	return ctx
}

func (c caller) parent() string {
	if c.wantParent != "" || c.ctx == nil {
		return c.wantParent
	}
	return trace.SpanID(c.ctx)
}

func TestRestyRetries(t *testing.T) {
	for i := range callers(t, newRecorder(t, sdktrace.AlwaysSample())) {
		rec := newRecorder(t, sdktrace.AlwaysSample())
		caller := callers(t, rec)[i]
		t.Run(caller.name, func(t *testing.T) {
			w := newWorld(t, failing(2))
			c := w.resty(t, rec.config()).SetRetryCount(5).AddRetryCondition(sayServerError)
			r := c.R()
			if caller.ctx != nil {
				r.SetContext(caller.ctx)
			}
			resp, err := r.Get("http://first.example/")
			require.NoError(t, err, "Get")
			assert.Equal(t, 3, resp.Request.Attempt, "attempts")

			seen := w.take()
			require.Len(t, seen, 3, "requests that arrived")
			assertSiblings(t, seen, caller.wantTrace, caller.parent())
			var spans []recorded
			for _, s := range rec.Ended() {
				spans = append(spans, recorded{s})
			}
			require.Len(t, spans, 3, "spans of attempts that ended")
			for i, s := range spans {
				assert.Equal(t, seen[i].spanID(), s.SpanContext().SpanID().String(), "span ID of attempt %d", i)
				if i < 2 {
					s.assertOutcome(t, 503, true)
				} else {
					s.assertOutcome(t, 200, false)
				}
				var wantResend any
				if i > 0 {
					wantResend = int64(i)
				}
				assert.Equal(t, wantResend, s.attribute("http.request.resend_count"), "http.request.resend_count of attempt %d", i)
			}
		})
	}
}

// Without an SDK the attempts are siblings too, and the decision is made once.
func TestRestyRetriesDecideOnce(t *testing.T) {
	p := trace.NewProvider(trace.ProviderConfig{Sampler: &fickle{}})
	for range 4 {
		w := newWorld(t, failing(2))
		_, err := w.resty(t, httpclient.Config{TracerProvider: p}).SetRetryCount(2).AddRetryCondition(sayServerError).
			R().Get("http://first.example/")
		require.NoError(t, err, "Get")
		seen := w.take()
		require.Len(t, seen, 3, "requests that arrived")
		assertSiblings(t, seen, "", "")
	}
}

func TestRestyConnectionRefused(t *testing.T) {
	for _, refusals := range []int{1, 3} {
		t.Run(fmt.Sprint(refusals, " refusals"), func(t *testing.T) {
			rec := newRecorder(t, sdktrace.AlwaysSample())
			var seen []arrival
			base := testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				b, err := trace.FromHeader(r.Header)
				require.NoError(t, err)
				seen = append(seen, arrival{url: r.URL.String(), header: r.Header, b3: b})
				if len(seen) <= refusals {
					return nil, errBase
				}
				return answer(r, http.StatusOK, "ok"), nil
			})
			c := httpclient.Resty(resty.New().SetTransport(base).SetLogger(quiet{}).
				SetRetryWaitTime(1).SetRetryMaxWaitTime(1).SetRetryCount(2), rec.config())
			_, err := c.R().Get("http://first.example/?token=" + canary)
			attempts := refusals + 1
			if refusals == 3 { // none of the attempts has an answer
				attempts = 3
				require.ErrorIs(t, err, errBase, "Get")
			} else {
				require.NoError(t, err, "Get")
			}
			require.Len(t, seen, attempts, "attempts")
			assertSiblings(t, seen, "", "")
			for i, s := range rec.spans(t, attempts) {
				assert.NotContains(t, s.text(), canary, "text of span %d", i)
				if i < refusals {
					s.assertOutcome(t, 0, true)
					assert.Contains(t, s.text(), errBase.Error(), "text of span %d", i)
				} else {
					s.assertOutcome(t, 200, false)
				}
			}
		})
	}
}

// hops returns a list with the same host n times, for a chain of redirects.
func hops(n int) []string { return slices.Repeat([]string{"first.example"}, n) }

// redirectPolicies are policies of resty's, and the redirects that they allow.
var redirectPolicies = []struct {
	name     string
	policies []any
	hosts    []string
	want     []bool // for each hop that must arrive: whether it gets the trace headers
	wantErr  string
}{
	{"default", nil, []string{"first.example", "first.example"}, []bool{true, true}, ""},
	{"default, eleven hops", nil, hops(11), slices.Repeat([]bool{true}, 10), "stopped after 10 redirects"},
	{"flexible", []any{resty.FlexibleRedirectPolicy(5)}, hops(3), []bool{true, true, true}, ""},
	{"flexible, to other hosts", []any{resty.FlexibleRedirectPolicy(5)}, []string{"first.example", "other.example", "first.example"}, []bool{true, false, true}, ""},
	{"flexible, too many", []any{resty.FlexibleRedirectPolicy(2)}, hops(4), []bool{true, true}, "stopped after 2 redirects"},
	{"flexible, more than ten", []any{resty.FlexibleRedirectPolicy(20)}, hops(12), slices.Repeat([]bool{true}, 12), ""},
	{"domain check, allowed", []any{resty.DomainCheckRedirectPolicy("other.example")}, []string{"first.example", "other.example"}, []bool{true, false}, ""},
	{"domain check, refused", []any{resty.DomainCheckRedirectPolicy("first.example")}, []string{"first.example", "other.example"}, []bool{true}, "redirect is not allowed"},
	{"no redirects", []any{resty.NoRedirectPolicy()}, hops(2), []bool{true}, "auto redirect is disabled"},
	{"two policies", []any{resty.FlexibleRedirectPolicy(5), resty.DomainCheckRedirectPolicy("first.example")}, hops(2), []bool{true, true}, ""},
	{"flexible, then RedirectPolicy", []any{resty.FlexibleRedirectPolicy(5), httpclient.RedirectPolicy()}, hops(3), []bool{true, true, true}, ""},
}

func TestRestyRedirectPolicies(t *testing.T) {
	const (
		beforeResty = iota
		beforeFirst
		afterFirst
	)
	for _, tt := range redirectPolicies {
		for when, name := range []string{"before Resty", "before the first request", "after the first request"} {
			if tt.policies == nil && when != beforeResty {
				continue // nothing to set
			}
			t.Run(tt.name+", set "+name, func(t *testing.T) {
				urls := chainOf(tt.hosts...)
				w := newWorld(t, chain(302, urls...))
				rec := newRecorder(t, sdktrace.AlwaysSample())
				c := w.bareResty(t)
				if when == beforeResty && tt.policies != nil {
					c.SetRedirectPolicy(tt.policies...)
				}
				httpclient.Resty(c, rec.config())
				switch when {
				case beforeFirst:
					c.SetRedirectPolicy(tt.policies...)
				case afterFirst:
					_, err := c.R().Get("http://first.example/none")
					require.NoError(t, err, "the first Get")
					w.take()
					rec.Reset()
					c.SetRedirectPolicy(append(slices.Clip(tt.policies), httpclient.RedirectPolicy())...)
				}

				_, err := c.R().SetContext(testkit.Request()).SetHeader("X-Caller", "kept").Get(urls[0])
				if tt.wantErr == "" {
					require.NoError(t, err, "Get")
				} else {
					require.ErrorContains(t, err, tt.wantErr, "Get")
				}
				assertHosts(t, w.take(), urls[:len(tt.want)], tt.want, id128, spanID)
				spans := rec.spans(t, len(tt.want))
				last := len(spans) - 1
				for i, s := range spans {
					assert.Equal(t, spanID, s.Parent().SpanID().String(), "parent of span %d", i)
					assert.Equal(t, urls[i], s.attribute("url.full"), "url.full of span %d", i)
					switch {
					case i < last:
						s.assertOutcome(t, 302, false)
					case tt.wantErr == "":
						s.assertOutcome(t, 200, false)
					default: // the policy refused the redirect, after the redirect had arrived
						s.assertOutcome(t, 302, true)
					}
				}
			})
		}
	}
}

func TestRestyRedirectHosts(t *testing.T) {
	for _, tt := range hostChains {
		for _, policy := range []resty.RedirectPolicy{nil, resty.FlexibleRedirectPolicy(10)} {
			for _, noTrace := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, policy %t, without a trace %t", tt.name, policy != nil, noTrace), func(t *testing.T) {
					urls := chainOf(tt.hosts...)
					w := newWorld(t, chain(307, urls...))
					rec := newRecorder(t, sdktrace.AlwaysSample())
					c := w.resty(t, rec.config())
					if policy != nil {
						c.SetRedirectPolicy(policy)
					}
					r, wantTrace, wantParent := c.R(), "", ""
					if !noTrace {
						r.SetContext(testkit.Request())
						wantTrace, wantParent = id128, spanID
					}
					_, err := r.SetBody("body").SetHeader("b3", canary+"-"+canary+"-1").Post(urls[0])
					require.NoError(t, err, "Post")
					seen := w.take()
					assertHosts(t, seen, urls, tt.want, wantTrace, wantParent)
					for i, a := range seen {
						assert.Equal(t, "body", a.body, "body of hop %d", i)
					}
					rec.spans(t, len(urls))
				})
			}
		}
	}
}

// Attempts are siblings across redirects too, under a caller of any kind.
func TestRestyRedirectCallers(t *testing.T) {
	for i := range callers(t, newRecorder(t, sdktrace.AlwaysSample())) {
		rec := newRecorder(t, sdktrace.AlwaysSample())
		caller := callers(t, rec)[i]
		t.Run(caller.name, func(t *testing.T) {
			urls := chainOf("first.example", "first.example", "first.example")
			w := newWorld(t, chain(302, urls...))
			r := w.resty(t, rec.config()).R()
			if caller.ctx != nil {
				r.SetContext(caller.ctx)
			}
			_, err := r.Get(urls[0])
			require.NoError(t, err, "Get")
			seen := w.take()
			require.Len(t, seen, 3, "requests that arrived")
			assertSiblings(t, seen, caller.wantTrace, caller.parent())
			assert.Len(t, rec.Started(), 3+1, "spans started, including the local span")
			assert.Len(t, rec.Ended(), 3, "spans ended")
		})
	}
}

// A retry of a redirected request begins again at the first URL.
func TestRestyRetryOfRedirect(t *testing.T) {
	fails := failing(1)
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/0" {
			http.Redirect(rw, r, "http://other.example/1", http.StatusFound)
			return
		}
		fails(rw, r)
	})
	rec := newRecorder(t, sdktrace.AlwaysSample())
	c := w.resty(t, rec.config()).SetRetryCount(2).AddRetryCondition(sayServerError)
	_, err := c.R().Get("http://first.example/0")
	require.NoError(t, err, "Get")
	assertHosts(t, w.take(),
		[]string{"http://first.example/0", "http://other.example/1", "http://first.example/0", "http://other.example/1"},
		[]bool{true, false, true, false}, "", "")
	for i, s := range rec.spans(t, 4) {
		s.assertOutcome(t, []int{302, 503, 302, 200}[i], i == 1)
	}
}

func TestRestyRedirectPropagate(t *testing.T) {
	urls := chainOf("first.example", "other.example", "third.example")
	w := newWorld(t, chain(302, urls...))
	var asked []string
	c := w.resty(t, httpclient.Config{Propagate: func(r *http.Request) bool {
		asked = append(asked, r.URL.String())
		return r.URL.Host != "first.example"
	}})
	_, err := c.R().SetContext(testkit.Request()).Get(urls[0])
	require.NoError(t, err, "Get")
	assert.Equal(t, urls, asked, "URLs that Propagate got")
	assertHosts(t, w.take(), urls, []bool{false, true, true}, id128, spanID)
}

// Propagate gets the URL that resty is about to request.
func TestRestyPropagate(t *testing.T) {
	tests := []struct {
		name   string
		client func(*resty.Client)
		url    string
		params map[string]string
		raw    map[string]string
	}{
		{"absolute", nil, "http://first.example/path", nil, nil},
		{"BaseURL", func(c *resty.Client) { c.SetBaseURL("http://first.example") }, "/path", nil, nil},
		{"BaseURL with a slash and a path", func(c *resty.Client) { c.SetBaseURL("http://first.example/v1/") }, "path", nil, nil},
		{"BaseURL and an absolute URL", func(c *resty.Client) { c.SetBaseURL("http://first.example") }, "http://other.example/path", nil, nil},
		//lint:ignore SA1019 resty still uses it without a BaseURL
		{"HostURL", func(c *resty.Client) { c.SetHostURL("http://first.example") }, "/path", nil, nil},
		{"BaseURL and an empty URL", func(c *resty.Client) { c.SetBaseURL("http://first.example/v1") }, "", nil, nil},
		{"BaseURL and two slashes", func(c *resty.Client) { c.SetBaseURL("http://first.example") }, "//path", nil, nil},
		{"path params", nil, "http://first.example/{id}/{id}/x", map[string]string{"id": "a/b c"}, nil},
		{"a path param as the host", nil, "http://{host}/path", map[string]string{"host": "other.example"}, nil},
		{"raw path params", nil, "http://first.example/{path}", nil, map[string]string{"path": "a/b"}},
		{"path params take precedence over raw ones", nil, "http://first.example/{id}", map[string]string{"id": "one"}, map[string]string{"id": "two"}},
		{"the client's path params", func(c *resty.Client) { c.SetPathParam("id", "client").SetRawPathParam("raw", "x/y") }, "http://first.example/{id}/{raw}", nil, nil},
		{"the request's path params take precedence over the client's", func(c *resty.Client) { c.SetPathParam("id", "client") }, "http://first.example/{id}", map[string]string{"id": "request"}, nil},
		{"an unknown param", nil, "http://first.example/{other}", map[string]string{"id": "one"}, nil},
		{"a value that looks like a param", nil, "http://first.example/{a}/{b}", nil, map[string]string{"a": "{b}", "b": "{a}"}},
		{"BaseURL and path params", func(c *resty.Client) { c.SetBaseURL("http://first.example") }, "/users/{id}", map[string]string{"id": "7"}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			rec := newRecorder(t, sdktrace.AlwaysSample())
			cfg := rec.config()
			var asked []*http.Request
			cfg.Propagate = func(r *http.Request) bool {
				asked = append(asked, r)
				return false
			}
			c := w.resty(t, cfg)
			if tt.client != nil {
				tt.client(c)
			}
			resp, err := c.R().SetContext(testkit.Request()).SetPathParams(tt.params).SetRawPathParams(tt.raw).
				SetHeader("X-Caller", "1").Put(tt.url)
			require.NoError(t, err, "Put(%s)", tt.url)
			assert.Empty(t, traced(w.takeOne(t).header), "trace headers that arrived")
			rec.one(t)
			require.Len(t, asked, 1, "requests that Propagate got")
			made := resp.Request.RawRequest.URL
			assert.Equal(t, made.String(), asked[0].URL.String(), "URL that Propagate got, which must be the URL that resty requested")
			assert.Equal(t, "PUT", asked[0].Method, "method that Propagate got")
			assert.Equal(t, "1", asked[0].Header.Get("X-Caller"), "header that Propagate got")
			assert.Equal(t, id128, trace.ID(asked[0].Context()), "trace in the context that Propagate got")
		})
	}
}

// For a URL without a scheme, Propagate gets the host that resty is about to ask.
func TestRestyPropagateScheme(t *testing.T) {
	w := newWorld(t, nil)
	var host string
	c := w.resty(t, httpclient.Config{Propagate: func(r *http.Request) bool {
		host = r.URL.Host
		return true
	}}).SetScheme("http")
	_, err := c.R().Get("//first.example/path")
	require.NoError(t, err, "Get")
	assert.Equal(t, "http://first.example/path", w.takeOne(t).url, "URL that arrived")
	assert.Equal(t, "first.example", host, "host that Propagate got")
}

func TestRestyStaleHeaders(t *testing.T) {
	tests := []struct {
		name       string
		propagator propagation.TextMapPropagator
		propagate  func(*http.Request) bool
		want       []string
	}{
		{"X-B3", nil, nil, multi},
		{"b3", trace.Propagator{Encoding: b3.B3SingleHeader}, nil, []string{"b3"}},
		{"refused", nil, func(*http.Request) bool { return false }, []string{}},
		{"W3C", trace.Propagator{W3C: true}, nil, append([]string{"traceparent"}, multi...)},
		{"contrib's b3", b3.New(), nil, []string{"b3"}},
	}
	where := []struct {
		name string
		set  func(*resty.Client, *resty.Request)
	}{
		{"on the client", func(c *resty.Client, _ *resty.Request) {
			c.SetHeader("b3", canary+"-"+canary+"-1").SetHeader("X-B3-TraceId", canary).SetHeader("X-B3-Flags", "1")
		}},
		{"on the client, verbatim", func(c *resty.Client, _ *resty.Request) {
			for name, values := range staleHeader() {
				c.SetHeaderVerbatim(name, values[0])
			}
		}},
		{"on the request", func(_ *resty.Client, r *resty.Request) {
			r.SetHeader("b3", canary+"-"+canary+"-1").SetHeader("X-B3-TraceId", canary).SetHeader("X-B3-Flags", "1")
		}},
		{"on the request, verbatim", func(_ *resty.Client, r *resty.Request) {
			for name, values := range staleHeader() {
				r.SetHeaderVerbatim(name, values[0])
			}
		}},
		{"on both", func(c *resty.Client, r *resty.Request) {
			c.SetHeader("b3", canary)
			r.SetHeader("b3", canary)
			c.SetHeader("traceparent", "00-"+canary)
			r.SetHeader("x-b3-sampled", "true")
		}},
	}
	for _, tt := range tests {
		for _, place := range where {
			t.Run(tt.name+"/"+place.name, func(t *testing.T) {
				urls := chainOf("first.example", "first.example")
				ok := failing(1)
				w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/0" {
						chain(302, urls...)(rw, r)
						return
					}
					ok(rw, r)
				})
				c := w.resty(t, httpclient.Config{Propagator: tt.propagator, Propagate: tt.propagate}).
					SetRetryCount(1).AddRetryCondition(sayServerError).SetHeader("X-Client", "kept")
				r := c.R().SetContext(testkit.Request()).SetHeader("X-Caller", "kept")
				place.set(c, r)
				_, err := r.Get(urls[0])
				require.NoError(t, err, "Get")

				seen := w.take() // a redirect, and both requests again
				require.Len(t, seen, 4, "requests that arrived")
				for i, a := range seen {
					if place.name == "on both" && tt.name != "W3C" {
						a.header.Del("traceparent") // without W3C, the caller's traceparent is sent unchanged
					}
					assert.ElementsMatch(t, tt.want, traced(a.header), "trace headers of attempt %d", i)
					assert.NotContains(t, fmt.Sprint(a.header), canary, "headers of attempt %d", i)
					assert.Equal(t, "kept", a.header.Get("X-Client"), "the client's header in attempt %d", i)
					assert.Equal(t, "kept", a.header.Get("X-Caller"), "the request's header in attempt %d", i)
				}
			})
		}
	}
}

func TestRestySetProxy(t *testing.T) {
	proxy := newWorld(t, nil)
	c := httpclient.Resty(resty.New().SetLogger(quiet{}), httpclient.Config{}).SetProxy(proxy.URL)
	t.Cleanup(c.GetClient().CloseIdleConnections)
	require.True(t, c.IsProxySet(), "IsProxySet")
	_, err := c.R().SetContext(testkit.Request()).Get("http://somewhere.example/path")
	require.NoError(t, err, "Get")
	a := proxy.takeOne(t)
	assert.Contains(t, a.url, "somewhere.example", "URL that the proxy saw")
	assertSiblings(t, []arrival{a}, id128, spanID)
}

func TestRestySetTLSClientConfig(t *testing.T) {
	seen := make(chan http.Header, 1)
	server := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen <- r.Header }))
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())

	c := httpclient.Resty(resty.New().SetLogger(quiet{}), httpclient.Config{}).SetTLSClientConfig(&tls.Config{RootCAs: roots})
	t.Cleanup(c.GetClient().CloseIdleConnections)
	_, err := c.R().SetContext(testkit.Request()).Get(server.URL)
	require.NoError(t, err, "Get over TLS")
	assert.Equal(t, id128, (<-seen).Get("X-B3-TraceId"), "X-B3-TraceId that arrived")
	base, err := c.Transport()
	require.NoError(t, err, "Transport")
	assert.Same(t, roots, base.TLSClientConfig.RootCAs, "roots of the transport")
}

// Clones are traced, and a second call of Resty changes nothing: each hop has one span.
func TestRestyClone(t *testing.T) {
	urls := chainOf("first.example", "first.example")
	tests := []struct {
		name string
		make func(c *resty.Client, cfg httpclient.Config) *resty.Client
	}{
		{"the client", func(c *resty.Client, cfg httpclient.Config) *resty.Client { return httpclient.Resty(c, cfg) }},
		{"twice", func(c *resty.Client, cfg httpclient.Config) *resty.Client {
			return httpclient.Resty(httpclient.Resty(c, cfg), cfg)
		}},
		{"a clone", func(c *resty.Client, cfg httpclient.Config) *resty.Client { return httpclient.Resty(c, cfg).Clone() }},
		{"Resty of a clone", func(c *resty.Client, cfg httpclient.Config) *resty.Client {
			return httpclient.Resty(httpclient.Resty(c, cfg).Clone(), cfg)
		}},
		{"a clone of a used client", func(c *resty.Client, cfg httpclient.Config) *resty.Client {
			httpclient.Resty(c, httpclient.Config{TracerProvider: cfg.TracerProvider})
			c.R().Get("http://first.example/none")
			return c.Clone()
		}},
		{"one of two clients over one http.Client", func(c *resty.Client, cfg httpclient.Config) *resty.Client {
			other := httpclient.Resty(resty.NewWithClient(c.GetClient()), cfg)
			other.R().Get("http://first.example/none")
			return httpclient.Resty(c, cfg)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, chain(302, urls...))
			rec := newRecorder(t, sdktrace.AlwaysSample())
			c := tt.make(w.bareResty(t), rec.config())
			w.take()
			rec.Reset()
			_, err := c.R().SetContext(testkit.Request()).Get(urls[0])
			require.NoError(t, err, "Get")
			seen := w.take()
			require.Len(t, seen, 2, "requests that arrived")
			assertSiblings(t, seen, id128, spanID)
			rec.spans(t, 2)
		})
	}
}

func TestRestyBodies(t *testing.T) {
	tests := []struct {
		name string
		set  func(*resty.Request)
		want []string // texts that the arriving body contains
	}{
		{"SetBody with text", func(r *resty.Request) { r.SetBody("plain text") }, []string{"plain text"}},
		{"SetBody with a struct", func(r *resty.Request) { r.SetBody(struct{ Name string }{"x"}) }, []string{`{"Name":"x"}`}},
		{"SetBody with a reader", func(r *resty.Request) { r.SetBody(strings.NewReader("from a reader")) }, []string{"from a reader"}},
		{"SetFormData", func(r *resty.Request) { r.SetFormData(map[string]string{"k": "v"}) }, []string{"k=v"}},
		{"SetMultipartField", func(r *resty.Request) {
			r.SetMultipartField("part", "a.txt", "text/plain", strings.NewReader("the part"))
		}, []string{`name="part"`, "the part"}},
		{"SetFileReader", func(r *resty.Request) { r.SetFileReader("file", "b.txt", strings.NewReader("the file")) }, []string{`filename="b.txt"`, "the file"}},
		{"SetFile", func(r *resty.Request) { r.SetFile("file", "resty_test.go") }, []string{`filename="resty_test.go"`, "package httpclient_test"}},
	}
	for _, tt := range tests {
		for _, retries := range []int{0, 1} {
			t.Run(fmt.Sprintf("%s, %d retries", tt.name, retries), func(t *testing.T) {
				w := newWorld(t, failing(retries))
				rec := newRecorder(t, sdktrace.AlwaysSample())
				c := w.resty(t, rec.config()).SetRetryCount(retries).AddRetryCondition(sayServerError).SetRetryResetReaders(true)
				r := c.R().SetContext(testkit.Request())
				tt.set(r)
				resp, err := r.Post("http://first.example/")
				require.NoError(t, err, "Post")
				assert.Equal(t, 200, resp.StatusCode(), "status")
				seen := w.take()
				require.Len(t, seen, retries+1, "requests that arrived")
				assertSiblings(t, seen, id128, spanID)
				for _, want := range tt.want {
					assert.Contains(t, seen[0].body, want, "body that arrived")
				}
				rec.spans(t, retries+1)
			})
		}
	}
}

func TestRestyResults(t *testing.T) {
	type result struct{ Name string }
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/error" {
			w.WriteHeader(http.StatusTeapot)
		}
		io.WriteString(w, `{"Name":"x"}`)
	})
	rec := newRecorder(t, sdktrace.AlwaysSample())
	c := w.resty(t, rec.config())
	var got, failed result
	_, err := c.R().SetResult(&got).Get("http://first.example/")
	require.NoError(t, err, "Get")
	assert.Equal(t, result{"x"}, got, "result")
	_, err = c.R().SetError(&failed).Get("http://first.example/error")
	require.NoError(t, err, "Get")
	assert.Equal(t, result{"x"}, failed, "error result")
	file := t.TempDir() + "/out"
	_, err = c.R().SetOutput(file).Get("http://first.example/")
	require.NoError(t, err, "Get with SetOutput")
	_, err = c.R().Head("http://first.example/")
	require.NoError(t, err, "Head")

	assert.Len(t, w.take(), 4, "requests that arrived")
	for i, s := range rec.spans(t, 4) {
		if i == 1 {
			s.assertOutcome(t, 418, true)
		} else {
			s.assertOutcome(t, 200, false)
		}
	}
}

func TestRestyDoNotParseResponse(t *testing.T) {
	for _, retries := range []int{0, 2} {
		t.Run(fmt.Sprint(retries, " retries"), func(t *testing.T) {
			w := newWorld(t, failing(retries))
			rec := newRecorder(t, sdktrace.AlwaysSample())
			c := w.resty(t, rec.config()).SetRetryCount(3).AddRetryCondition(func(resp *resty.Response, err error) bool {
				if sayServerError(resp, err) {
					resp.RawBody().Close()
					return true
				}
				return false
			})
			resp, err := c.R().SetDoNotParseResponse(true).Get("http://first.example/")
			require.NoError(t, err, "Get")
			require.Len(t, rec.Started(), retries+1, "spans started")
			assert.Len(t, rec.Ended(), retries, "spans ended before the body is read")
			text, err := io.ReadAll(resp.RawBody())
			require.NoError(t, err, "reading the body")
			assert.Equal(t, "ok", string(text), "body")
			require.NoError(t, resp.RawBody().Close(), "closing the body")
			rec.spans(t, retries+1)[retries].assertOutcome(t, 200, false)
			assertSiblings(t, w.take(), "", "")
		})
	}
}

func TestRestyEnableTrace(t *testing.T) {
	for i := range callers(t, newRecorder(t, sdktrace.AlwaysSample())) {
		rec := newRecorder(t, sdktrace.AlwaysSample())
		caller := callers(t, rec)[i]
		t.Run(caller.name, func(t *testing.T) {
			w := newWorld(t, failing(2))
			c := w.resty(t, rec.config()).SetRetryCount(2).AddRetryCondition(sayServerError).EnableTrace()
			r := c.R()
			if caller.ctx != nil {
				r.SetContext(caller.ctx)
			}
			resp, err := r.Get("http://first.example/")
			require.NoError(t, err, "Get")
			info := resp.Request.TraceInfo()
			assert.Equal(t, 3, info.RequestAttempt, "TraceInfo().RequestAttempt")
			assert.NotNil(t, info.RemoteAddr, "TraceInfo().RemoteAddr")
			assert.Positive(t, info.TotalTime, "TraceInfo().TotalTime")
			seen := w.take()
			require.Len(t, seen, 3, "requests that arrived")
			assertSiblings(t, seen, caller.wantTrace, caller.parent())
		})
	}
}

// logBuffer is a resty.Logger.
type logBuffer struct{ bytes.Buffer }

func (b *logBuffer) Errorf(format string, v ...any) { fmt.Fprintf(b, format, v...) }
func (b *logBuffer) Warnf(format string, v ...any)  { fmt.Fprintf(b, format, v...) }
func (b *logBuffer) Debugf(format string, v ...any) { fmt.Fprintf(b, format, v...) }

func TestRestySetDebug(t *testing.T) {
	w := newWorld(t, nil)
	var log logBuffer
	c := w.resty(t, httpclient.Config{}).SetLogger(&log).SetDebug(true).EnableGenerateCurlOnDebug()
	_, err := c.R().SetContext(testkit.Request()).Get("http://first.example/")
	require.NoError(t, err, "Get")
	a := w.takeOne(t)
	assert.Contains(t, log.String(), a.spanID(), "debug log")
	assert.Contains(t, log.String(), "curl", "debug log")
}

// If resty cannot make a request, the error is the same as without clew, and the span ends.
func TestRestyBadURL(t *testing.T) {
	tests := []struct{ name, url string }{
		{"bad escape", "http://first.example/%zz"},
		{"control character", "http://first.example/\x7f"},
		{"bad port", "http://first.example:port/"},
		{"a secret that looks like a port", "http://user:" + canary + "/x@first.example/"},
		{"a secret in the query", "http://first.example/%zz?token=" + canary},
		{"no host", "http:///path"},
		{"no scheme", "first.example/path"},
		{"unknown scheme", "gopher://first.example/"},
		{"empty", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			_, want := w.bareResty(t).R().Get(tt.url)
			require.Error(t, want, "Get(%q) without clew", tt.url)
			rec := newRecorder(t, sdktrace.AlwaysSample())
			_, err := w.resty(t, rec.config()).R().SetContext(testkit.Request()).Get(tt.url)
			require.EqualError(t, err, want.Error(), "Get(%q)", tt.url)
			s := rec.one(t)
			s.assertOutcome(t, 0, true)
			assert.NotContains(t, s.text(), canary, "text of the span")
			assert.Empty(t, w.take(), "requests that arrived")
		})
	}
}

// A redirect that net/http cannot follow may contain secrets of the server. The span does not
// contain them.
func TestRestyBadLocation(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://first.example/%zz?token="+canary)
		w.WriteHeader(http.StatusFound)
	})
	rec := newRecorder(t, sdktrace.AlwaysSample())
	_, err := w.resty(t, rec.config()).R().Get("http://first.example/")
	require.ErrorContains(t, err, "Location", "Get")
	s := rec.one(t)
	s.assertOutcome(t, 0, true) // net/http gives no response with this error
	assert.NotContains(t, s.text(), canary, "text of the span")
}

func TestRestyCancel(t *testing.T) {
	for _, noTrace := range []bool{false, true} {
		t.Run(fmt.Sprintf("without a trace %t", noTrace), func(t *testing.T) {
			parent := testkit.Request()
			if noTrace {
				parent = context.Background()
			}
			ctx, cancel := context.WithCancel(parent)
			defer cancel()
			w := newWorld(t, failing(100))
			rec := newRecorder(t, sdktrace.AlwaysSample())
			// Only the cancellation ends the wait for the retry.
			c := w.resty(t, rec.config()).SetRetryCount(50).AddRetryCondition(sayServerError).
				SetRetryWaitTime(time.Hour).SetRetryMaxWaitTime(time.Hour).
				AddRetryHook(func(resp *resty.Response, _ error) {
					if resp.Request.Attempt == 1 {
						cancel()
					}
				})
			_, err := c.R().SetContext(ctx).Get("http://first.example/")
			require.ErrorIs(t, err, context.Canceled, "Get")
			require.Len(t, w.take(), 1, "requests that arrived")
			rec.one(t).assertOutcome(t, 503, true)
		})
	}
}

func TestRestyCancelUnderWay(t *testing.T) {
	arrived := make(chan struct{})
	w := newWorld(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(testkit.Request())
	defer cancel()
	go func() {
		<-arrived
		cancel()
	}()
	rec := newRecorder(t, sdktrace.AlwaysSample())
	_, err := w.resty(t, rec.config()).SetRetryCount(3).R().SetContext(ctx).Get("http://first.example/")
	require.ErrorIs(t, err, context.Canceled, "Get")
	rec.one(t).assertOutcome(t, 0, true)
}

// A retry hook may give the next attempt another context. The values of that context stay, and
// the attempts are still siblings.
func TestRestyRetryHookContext(t *testing.T) {
	type key struct{}
	deadline := time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, noTrace := range []bool{false, true} {
		t.Run(fmt.Sprintf("without a trace %t", noTrace), func(t *testing.T) {
			var seen []arrival
			base := testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				b, err := trace.FromHeader(r.Header)
				require.NoError(t, err)
				seen = append(seen, arrival{url: r.URL.String(), b3: b})
				if len(seen) == 1 {
					return nil, errBase
				}
				got, _ := r.Context().Deadline()
				assert.Equal(t, deadline, got, "deadline of attempt %d", len(seen))
				assert.Equal(t, "value", r.Context().Value(key{}), "value of attempt %d", len(seen))
				inside, _ := trace.FromContext(r.Context())
				assert.Equal(t, b, inside, "trace in the context of attempt %d: must be the trace in its headers", len(seen))
				if len(seen) == 2 {
					return nil, errBase
				}
				return answer(r, http.StatusOK, "ok"), nil
			})
			c := httpclient.Resty(resty.New().SetTransport(base).SetLogger(quiet{}).
				SetRetryWaitTime(1).SetRetryMaxWaitTime(1).SetRetryCount(3), httpclient.Config{})
			c.AddRetryHook(func(resp *resty.Response, _ error) {
				ctx := context.WithValue(resp.Request.Context(), key{}, "value")
				ctx, cancel := context.WithDeadline(ctx, deadline)
				t.Cleanup(cancel)
				resp.Request.SetContext(ctx)
			})
			r, wantTrace, wantParent := c.R(), "", ""
			if !noTrace {
				r.SetContext(testkit.Request())
				wantTrace, wantParent = id128, spanID
			}
			_, err := r.Get("http://first.example/")
			require.NoError(t, err, "Get")
			require.Len(t, seen, 3, "attempts")
			assertSiblings(t, seen, wantTrace, wantParent)
		})
	}
}

// hookFailures are hooks that fail.
var hookFailures = []struct {
	name       string
	handler    http.HandlerFunc
	before     func(*resty.Client) // called before Resty
	after      func(*resty.Client)
	wantErr    string
	wantPanic  bool
	wantSpans  int
	wantStatus int
}{
	{name: "OnBeforeRequest before Resty's", wantErr: errBase.Error(), wantSpans: 0,
		before: func(c *resty.Client) {
			c.OnBeforeRequest(func(*resty.Client, *resty.Request) error { return errBase })
		}},
	{name: "OnBeforeRequest after Resty's", wantErr: errBase.Error(), wantSpans: 1,
		after: func(c *resty.Client) {
			c.OnBeforeRequest(func(*resty.Client, *resty.Request) error { return errBase })
		}},
	{name: "PreRequestHook", wantErr: errBase.Error(), wantSpans: 1,
		after: func(c *resty.Client) {
			c.SetPreRequestHook(func(*resty.Client, *http.Request) error { return errBase })
		}},
	{name: "OnAfterResponse before Resty's", wantErr: errBase.Error(), wantSpans: 1, wantStatus: 200,
		before: func(c *resty.Client) {
			c.OnAfterResponse(func(*resty.Client, *resty.Response) error { return errBase })
		}},
	{name: "malformed JSON", handler: jsonBody("{"), wantErr: "JSON", wantSpans: 1, wantStatus: 200},
	{name: "panic in OnBeforeRequest", wantPanic: true, wantSpans: 1,
		after: func(c *resty.Client) {
			c.OnBeforeRequest(func(*resty.Client, *resty.Request) error { panic(errBase) })
		}},
	{name: "panic in OnAfterResponse before Resty's", wantPanic: true, wantSpans: 1,
		before: func(c *resty.Client) {
			c.OnAfterResponse(func(*resty.Client, *resty.Response) error { panic(errBase) })
		}},
	{name: "panic in PreRequestHook", wantPanic: true, wantSpans: 1,
		after: func(c *resty.Client) {
			c.SetPreRequestHook(func(*resty.Client, *http.Request) error { panic(errBase) })
		}},
	{name: "panic in the transport", wantPanic: true, wantSpans: 1,
		after: func(c *resty.Client) {
			c.SetTransport(testkit.RoundTripper(func(*http.Request) (*http.Response, error) { panic(errBase) }))
		}},
}

// jsonBody answers with body, as JSON.
func jsonBody(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, body)
	}
}

// The span ends and has the error, whichever hook fails.
func TestRestyHookFailures(t *testing.T) {
	for _, tt := range hookFailures {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, tt.handler)
			rec := newRecorder(t, sdktrace.AlwaysSample())
			c := w.bareResty(t)
			if tt.before != nil {
				tt.before(c)
			}
			httpclient.Resty(c, rec.config())
			if tt.after != nil {
				tt.after(c)
			}
			var err error
			got := func() (recovered any) {
				defer func() { recovered = recover() }()
				var into map[string]any
				_, err = c.R().SetContext(testkit.Request()).SetResult(&into).Get("http://first.example/")
				return nil
			}()
			if tt.wantPanic {
				assert.Equal(t, errBase, got, "the panic of Get")
			} else {
				assert.Nil(t, got, "the panic of Get")
				require.ErrorContains(t, err, tt.wantErr, "Get")
			}
			for _, s := range rec.spans(t, tt.wantSpans) {
				s.assertOutcome(t, tt.wantStatus, true)
			}
		})
	}
}

// If a hook that runs after Resty's hooks panics, the span has already ended. The user gets the
// panic.
func TestRestyLateHooks(t *testing.T) {
	tests := []struct {
		name string
		set  func(*resty.Client)
	}{
		{"OnAfterResponse", func(c *resty.Client) {
			c.OnAfterResponse(func(*resty.Client, *resty.Response) error { panic(errBase) })
		}},
		{"OnSuccess", func(c *resty.Client) { c.OnSuccess(func(*resty.Client, *resty.Response) { panic(errBase) }) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			rec := newRecorder(t, sdktrace.AlwaysSample())
			c := w.resty(t, rec.config())
			tt.set(c)
			assert.PanicsWithValue(t, errBase, func() { c.R().Get("http://first.example/") }, "Get")
			assert.Equal(t, int64(200), rec.one(t).attribute("http.response.status_code"), "status code of the span")
		})
	}
}

// All of the user's hooks run, and the attempt's span is the current span in their contexts.
func TestRestyUserHooks(t *testing.T) {
	w := newWorld(t, failing(1))
	var ran []string
	var spans []string
	note := func(name string, ctx context.Context) {
		ran = append(ran, name)
		spans = append(spans, trace.SpanID(ctx))
	}
	c := w.resty(t, httpclient.Config{}).SetRetryCount(1).AddRetryCondition(sayServerError)
	c.OnBeforeRequest(func(_ *resty.Client, r *resty.Request) error { note("before", r.Context()); return nil })
	c.OnAfterResponse(func(_ *resty.Client, r *resty.Response) error { note("after", r.Request.Context()); return nil })
	c.AddRetryHook(func(r *resty.Response, _ error) { note("retry", r.Request.Context()) })
	c.OnSuccess(func(_ *resty.Client, r *resty.Response) { note("success", r.Request.Context()) })
	_, err := c.R().SetContext(testkit.Request()).Get("http://first.example/")
	require.NoError(t, err, "Get")
	seen := w.take()
	require.Len(t, seen, 2, "requests that arrived")
	first, second := seen[0].spanID(), seen[1].spanID()
	assert.Equal(t, []string{"before", "after", "retry", "before", "after", "success"}, ran, "hooks that ran")
	assert.Equal(t, []string{first, first, first, second, second, second}, spans, "current spans of the hooks")
}

// If resty refuses an invalid request, each span that has begun also ends.
func TestRestyInvalid(t *testing.T) {
	w := newWorld(t, nil)
	rec := newRecorder(t, sdktrace.AlwaysSample())
	_, err := w.resty(t, rec.config()).R().SetMultipartField("a", "b", "c", strings.NewReader("d")).Get("http://first.example/")
	require.ErrorContains(t, err, "multipart content is not allowed", "Get")
	rec.spans(t, len(rec.Started()))
}

// Goroutines may share a client from its first request on, and the hooks do not race.
func TestRestyShared(t *testing.T) {
	urls := chainOf("first.example", "first.example")
	w := newWorld(t, chain(302, urls...))
	rec := newRecorder(t, sdktrace.AlwaysSample())
	cfg := rec.config()
	var policies atomic.Int32
	cfg.Propagate = func(*http.Request) bool { policies.Add(1); return true }
	c := w.resty(t, cfg).SetHeader("b3", canary)
	clone := c.Clone()

	const goroutines, each = 32, 10
	var wg sync.WaitGroup
	for i := range goroutines {
		client := c
		if i%2 == 1 {
			client = clone
		}
		wg.Go(func() {
			for range each {
				_, err := client.R().SetContext(testkit.Request()).Get(urls[0])
				assert.NoError(t, err, "Get")
			}
		})
	}
	wg.Wait()
	seen := w.take()
	require.Len(t, seen, 2*goroutines*each, "requests that arrived")
	assertSiblings(t, seen, id128, spanID)
	assert.EqualValues(t, 2*goroutines*each, policies.Load(), "requests that Propagate got")
	rec.spans(t, 2*goroutines*each)
}

// A request that is sent twice has two spans, and neither is the parent of the other.
func TestRestyRequestTwice(t *testing.T) {
	w := newWorld(t, nil)
	rec := newRecorder(t, sdktrace.AlwaysSample())
	r := w.resty(t, rec.config()).R().SetContext(testkit.Request())
	for range 2 {
		_, err := r.Get("http://first.example/")
		require.NoError(t, err, "Get")
	}
	assertSiblings(t, w.take(), id128, spanID)
	rec.spans(t, 2)
}

// A hook may send another request in the attempt's context. That request is the attempt's child.
func TestRestyNestedRequest(t *testing.T) {
	w := newWorld(t, nil)
	inner := w.resty(t, httpclient.Config{})
	outer := w.resty(t, httpclient.Config{}).OnAfterResponse(func(_ *resty.Client, resp *resty.Response) error {
		_, err := inner.R().SetContext(resp.Request.Context()).Get("http://first.example/inner")
		return err
	})
	_, err := outer.R().SetContext(testkit.Request()).Get("http://first.example/outer")
	require.NoError(t, err, "Get")
	seen := w.take()
	require.Len(t, seen, 2, "requests that arrived")
	assert.Equal(t, seen[0].spanID(), seen[1].parentID(), "parent of the inner request")
}

func TestRestyGetClient(t *testing.T) {
	urls := chainOf("first.example", "first.example")
	w := newWorld(t, chain(302, urls...))
	rec := newRecorder(t, sdktrace.AlwaysSample())
	c := w.resty(t, rec.config())
	resp, err := c.R().SetContext(testkit.Request()).Get("http://first.example/none")
	require.NoError(t, err, "Get")
	w.take()
	rec.Reset()

	for _, ctx := range []context.Context{testkit.Request(), resp.Request.Context()} {
		fetch(t, c.GetClient(), ctx, urls[0])
		seen := w.take()
		require.Len(t, seen, 2, "requests that arrived")
		for _, a := range seen {
			assert.Empty(t, traced(a.header), "trace headers of %s", a.url)
		}
	}
	rec.spans(t, 0)

	// The limit of redirects is still that of a client without a policy.
	long := chainOf(strings.Split(strings.Repeat("first.example ", 12), " ")[:12]...)
	w2 := newWorld(t, chain(302, long...))
	c2 := w2.resty(t, httpclient.Config{})
	_, err = c2.R().Get("http://first.example/none")
	require.NoError(t, err, "Get")
	w2.take()
	_, err = c2.GetClient().Get(long[0])
	require.ErrorContains(t, err, "stopped after 10 redirects", "Get with c.GetClient()")
	assert.Len(t, w2.take(), 10, "requests that arrived")
}

// If a policy returns http.ErrUseLastResponse, the redirect itself is the answer.
func TestRestyUseLastResponse(t *testing.T) {
	urls := chainOf("first.example", "first.example")
	w := newWorld(t, chain(302, urls...))
	rec := newRecorder(t, sdktrace.AlwaysSample())
	c := w.resty(t, rec.config()).SetRedirectPolicy(resty.RedirectPolicyFunc(func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}))
	resp, err := c.R().Get(urls[0])
	require.NoError(t, err, "Get")
	assert.Equal(t, 302, resp.StatusCode(), "status")
	w.takeOne(t)
	rec.one(t).assertOutcome(t, 302, false)
}

// RedirectPolicy does not change a redirect of a request that Resty does not trace.
func TestRedirectPolicyAlone(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "http://first.example/1", nil)
	first := httptest.NewRequest(http.MethodGet, "http://first.example/0", nil)
	header := r.Header.Clone()
	err := httpclient.RedirectPolicy().Apply(r, []*http.Request{first})
	assert.NoError(t, err, "Apply to a chain that Resty does not trace")
	assert.Equal(t, header, r.Header, "headers of a redirect that Resty does not trace")
	assert.False(t, errors.Is(err, resty.ErrAutoRedirectDisabled))
}
