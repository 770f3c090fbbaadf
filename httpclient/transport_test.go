package httpclient_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/clew/httpclient"
	"example.com/clew/internal/clip"
	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// staleHeader returns every B3 header, with values that must not be sent. Some names have capitals
// where net/http's own functions never write them.
func staleHeader() http.Header {
	return http.Header{
		"b3":                {canary + "-" + canary + "-d"},
		"B3":                {canary + "-" + canary + "-1"},
		"x-b3-TRACEID":      {canary},
		"X-B3-Traceid":      {canary, canary},
		"X-B3-SpanId":       {canary},
		"x-b3-parentspanid": {canary},
		"X-B3-SAMPLED":      {"1"},
		"x-B3-Flags":        {"1"},
		"X-Caller":          {"kept"},
	}
}

// watchedBody counts how often it was closed.
type watchedBody struct {
	io.Reader
	closed atomic.Int32
}

func (b *watchedBody) Close() error { b.closed.Add(1); return nil }

func TestTransportClosesBody(t *testing.T) {
	w := newWorld(t, nil)
	refused := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("refused")
	}}
	tests := []struct {
		name    string
		base    http.RoundTripper
		change  func(*http.Request)
		wantErr string
	}{
		{"answered", w.transport(t), func(*http.Request) {}, ""},
		{"base errors", refused, func(*http.Request) {}, "refused"},
		{"nil URL", w.transport(t), func(r *http.Request) { r.URL = nil }, "nil Request.URL"},
		{"no host", w.transport(t), func(r *http.Request) { r.URL.Host, r.Host = "", "" }, "no Host"},
		{"bad method", w.transport(t), func(r *http.Request) { r.Method = "B AD" }, "invalid method"},
		{"nil header", w.transport(t), func(r *http.Request) { r.Header = nil }, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w.take()
			body := &watchedBody{Reader: strings.NewReader("body")}
			r, err := http.NewRequestWithContext(testkit.Request(), http.MethodPost, "http://first.example/", body)
			require.NoError(t, err)
			tt.change(r)

			resp, err := httpclient.NewTransport(tt.base, httpclient.Config{}).RoundTrip(r)
			assert.Positive(t, body.closed.Load(), "times the body was closed")
			if tt.wantErr != "" {
				require.ErrorContains(t, err, tt.wantErr, "RoundTrip")
				assert.Empty(t, w.take(), "requests that arrived")
				return
			}
			require.NoError(t, err, "RoundTrip")
			drain(t, resp)
			a := w.takeOne(t)
			assert.Equal(t, "body", a.body, "body that arrived")
			assert.Equal(t, id128, a.traceID(), "trace ID that arrived")
		})
	}
}

func TestTransportKeepsGetBody(t *testing.T) {
	base := testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		again, err := r.GetBody()
		require.NoError(t, err, "GetBody in base")
		text, err := io.ReadAll(again)
		require.NoError(t, err)
		return answer(r, http.StatusOK, string(text)), nil
	})
	r, err := http.NewRequest(http.MethodPost, "http://first.example/", strings.NewReader("again"))
	require.NoError(t, err)
	resp, err := httpclient.NewTransport(base, httpclient.Config{}).RoundTrip(r)
	require.NoError(t, err, "RoundTrip")
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Equal(t, "again", string(text), "what GetBody gave base")
}

func TestTransportNilBase(t *testing.T) {
	client := httpclient.NewTransport(nil, httpclient.Config{})
	wrapped := httpclient.Wrap(&http.Client{}, httpclient.Config{})

	// The default is replaced only now, since a nil base means the default at the time of the
	// call.
	original := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = original })
	base := &closable{}
	http.DefaultTransport = base

	r, err := http.NewRequest(http.MethodGet, "http://first.example/", nil)
	require.NoError(t, err)
	resp, err := client.RoundTrip(r)
	require.NoError(t, err, "RoundTrip")
	drain(t, resp)
	fetch(t, wrapped, context.Background(), "http://first.example/")
	assert.Equal(t, 2, base.trips, "requests through the new http.DefaultTransport")
	wrapped.CloseIdleConnections()
	assert.Equal(t, 1, base.closes, "calls of CloseIdleConnections of the new http.DefaultTransport")
}

// closable is a base that counts its calls.
type closable struct{ trips, closes int }

func (c *closable) RoundTrip(r *http.Request) (*http.Response, error) {
	c.trips++
	return answer(r, http.StatusOK, ""), nil
}

func (c *closable) CloseIdleConnections() { c.closes++ }

func TestTransportCloseIdleConnections(t *testing.T) {
	base := &closable{}
	client := httpclient.Wrap(&http.Client{Transport: base}, httpclient.Config{})
	client.CloseIdleConnections()
	assert.Equal(t, 1, base.closes, "CloseIdleConnections calls that reached base")

	without := httpclient.Wrap(&http.Client{Transport: testkit.RoundTripper(nil)}, httpclient.Config{})
	assert.NotPanics(t, without.CloseIdleConnections, "a base without CloseIdleConnections")
}

// The base RoundTripper refuses a request without a URL. RoundTrip does not panic, although the
// span needs the URL.
func TestTransportNilURL(t *testing.T) {
	rec := newRecorder(t, sdktrace.AlwaysSample())
	var got []*http.Request
	client := httpclient.NewTransport(testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		got = append(got, r)
		return nil, errBase
	}), rec.config())
	without := &http.Request{Header: http.Header{}}
	_, err := client.RoundTrip(without)
	assert.Equal(t, errBase, err, "RoundTrip of a request without a URL")
	_, err = client.RoundTrip(nil)
	assert.Equal(t, errBase, err, "RoundTrip(nil)")
	require.Len(t, got, 2, "requests that base got")
	rec.spans(t, len(rec.Started()))
}

// A request without a trace starts a trace.
func TestTransportStartsTrace(t *testing.T) {
	tests := []struct {
		name    string
		sampler trace.Sampler
		ctx     context.Context
		want    trace.Sampling
	}{
		{"the client samples", trace.Always(), context.Background(), trace.Accept},
		{"the client does not sample", trace.Never(), context.Background(), trace.Deny},
		{"a deny without IDs", trace.Always(), trace.NewContext(context.Background(), trace.B3{Sampling: trace.Deny}), trace.Deny},
		{"an accept without IDs", trace.Never(), trace.NewContext(context.Background(), trace.B3{Sampling: trace.Accept}), trace.Accept},
		{"a debug without IDs", trace.Never(), trace.NewContext(context.Background(), trace.B3{Sampling: trace.Debug}), trace.Debug},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			cfg := httpclient.Config{TracerProvider: trace.NewProvider(trace.ProviderConfig{Sampler: tt.sampler})}
			fetch(t, w.client(t, cfg), tt.ctx, "http://first.example/")
			a := w.takeOne(t)
			assert.Len(t, a.traceID(), 32, "trace ID that arrived, %v", a.header)
			assert.Len(t, a.spanID(), 16, "span ID that arrived, %v", a.header)
			assert.Empty(t, a.parentID(), "parent of a root, %v", a.header)
			assert.Equal(t, tt.want, a.b3.Sampling, "decision that arrived, %v", a.header)
		})
	}
}

func TestTransportStaleHeaders(t *testing.T) {
	yes := func(*http.Request) bool { return true }
	no := func(*http.Request) bool { return false }
	tests := []struct {
		name       string
		propagator propagation.TextMapPropagator
		propagate  func(*http.Request) bool
		stale      http.Header // in addition to staleHeader
		want       []string
	}{
		{"X-B3", nil, nil, nil, multi},
		{"b3", trace.Propagator{Encoding: b3.B3SingleHeader}, nil, nil, []string{"b3"}},
		{"X-B3, allowed", nil, yes, nil, multi},
		{"X-B3, refused", nil, no, nil, []string{}},
		{"b3, refused", trace.Propagator{Encoding: b3.B3SingleHeader}, no, nil, []string{}},
		{"W3C", trace.Propagator{W3C: true}, nil, http.Header{"TraceParent": {canary}, "tracestate": {canary}}, append([]string{"traceparent"}, multi...)},
		{"W3C, refused", trace.Propagator{W3C: true}, no, http.Header{"TraceParent": {canary}, "tracestate": {canary}}, []string{}},
		{"contrib's b3", b3.New(), nil, nil, []string{"b3"}},
		{"contrib's b3, refused", b3.New(), no, nil, []string{}},
		{"TraceContext", propagation.TraceContext{}, nil, http.Header{"TRACEPARENT": {canary}}, []string{"traceparent"}},
		{"TraceContext, refused", propagation.TraceContext{}, no, http.Header{"TRACEPARENT": {canary}}, []string{}},
		{"a propagator without headers", propagation.NewCompositeTextMapPropagator(), nil, nil, []string{}},
		{"baggage", propagation.Baggage{}, nil, http.Header{"bagGage": {"k=" + canary}}, []string{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, nil)
			r, err := http.NewRequestWithContext(testkit.Request(), http.MethodGet, "http://first.example/", nil)
			require.NoError(t, err)
			r.Header = staleHeader()
			maps.Copy(r.Header, tt.stale)

			resp, err := w.client(t, httpclient.Config{Propagator: tt.propagator, Propagate: tt.propagate}).Do(r)
			require.NoError(t, err, "Do")
			drain(t, resp)
			a := w.takeOne(t)
			assert.ElementsMatch(t, tt.want, traced(a.header), "trace headers that arrived")
			assert.NotContains(t, fmt.Sprint(a.header), canary, "headers that arrived")
			assert.Equal(t, "kept", a.header.Get("X-Caller"), "the caller's own header")
			for name, values := range a.header {
				assert.Len(t, values, 1, "values of %s that arrived", name)
			}
		})
	}
}

// A small header is copied in another way than a large one. Either copy leaves out the stale names
// and keeps all others. An append to a value of the copy does not change the original.
func TestTransportHeaderSizes(t *testing.T) {
	for name := range staleHeader() {
		for others := range 12 {
			header := http.Header{name: {canary}}
			if name == "X-Caller" { // the only name that is not stale
				header = http.Header{}
			}
			want := http.Header{}
			for i := range others {
				key := fmt.Sprintf("X-Own-%d", i)
				if i == 1 {
					key = "é" // no valid name of a header, but a base may accept it
				}
				header[key] = append(make([]string, 0, 2), "own")
				want[key] = []string{"own", "base's"}
			}
			base := testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				for _, own := range traced(r.Header) {
					r.Header.Del(own)
				}
				for key, values := range r.Header {
					r.Header[key] = append(values, "base's")
				}
				assert.Equal(t, want, r.Header, "header of %s and %d others, without the trace headers", name, others)
				return answer(r, http.StatusOK, ""), nil
			})
			r, err := http.NewRequestWithContext(testkit.Request(), http.MethodGet, "http://first.example/", nil)
			require.NoError(t, err)
			r.Header = header
			check := unchanged(r)
			_, err = httpclient.NewTransport(base, httpclient.Config{Propagate: func(*http.Request) bool { return others%2 == 0 }}).RoundTrip(r)
			require.NoError(t, err, "RoundTrip")
			check(t, fmt.Sprintf("%s and %d others", name, others))
		}
	}
}

func TestTransportPropagate(t *testing.T) {
	w := newWorld(t, nil)
	rec := newRecorder(t, sdktrace.AlwaysSample())
	cfg := rec.config()
	var asked *http.Request
	cfg.Propagate = func(r *http.Request) bool {
		asked = r
		return false
	}
	fetch(t, w.client(t, cfg), testkit.Request(), "http://first.example/path")
	assert.Empty(t, traced(w.takeOne(t).header), "trace headers that arrived")
	s := rec.one(t) // no headers, but still a span
	assert.Equal(t, id128, s.SpanContext().TraceID().String(), "trace ID of the span")
	assert.Equal(t, "http://first.example/path", asked.URL.String(), "URL that Propagate got")
	assert.Equal(t, id128, trace.ID(asked.Context()), "trace in the context that Propagate got")
}

func TestTransportRedirectStatuses(t *testing.T) {
	callers := []struct {
		name, single, wantTrace, wantParent string
	}{
		{"in a trace", id128 + "-" + spanID + "-1", id128, spanID},
		{"in a denied trace", id128 + "-" + spanID + "-0", id128, spanID},
		{"without a trace", "", "", ""},
		{"with a deny without IDs", "0", "", ""},
		{"with a debug without IDs", "d", "", ""},
	}
	for _, tt := range []struct {
		status     int
		wantMethod string
		wantBody   string
	}{
		{301, "GET", ""}, {302, "GET", ""}, {303, "GET", ""}, {307, "POST", "body"}, {308, "POST", "body"},
	} {
		for _, caller := range callers {
			for _, sampler := range []trace.Sampler{trace.Always(), trace.Never()} {
				t.Run(fmt.Sprint(tt.status, " ", caller.name, " ", sampler), func(t *testing.T) {
					urls := chainOf("first.example", "first.example", "first.example")
					w := newWorld(t, chain(tt.status, urls...))
					ctx := context.Background()
					if caller.single != "" {
						ctx = testkit.Context(caller.single)
					}
					r, err := http.NewRequestWithContext(ctx, http.MethodPost, urls[0], strings.NewReader("body"))
					require.NoError(t, err)
					cfg := httpclient.Config{TracerProvider: trace.NewProvider(trace.ProviderConfig{Sampler: sampler})}
					resp, err := w.client(t, cfg).Do(r)
					require.NoError(t, err, "Do")
					drain(t, resp)

					seen := w.take()
					require.Len(t, seen, 3, "requests that arrived")
					assertSiblings(t, seen, caller.wantTrace, caller.wantParent)
					assert.Equal(t, tt.wantMethod, seen[2].method, "method after a %d", tt.status)
					assert.Equal(t, tt.wantBody, seen[2].body, "body after a %d", tt.status)
				})
			}
		}
	}
}

// A sampler that decides at random is asked once for a chain of redirects. (An SDK's sampler that
// ignores the parent decides for each attempt. It is not tested here.)
func TestTransportRedirectDecidesOnce(t *testing.T) {
	urls := chainOf("first.example", "first.example", "first.example", "first.example")
	w := newWorld(t, chain(302, urls...))
	for _, p := range []struct {
		name     string
		provider oteltrace.TracerProvider
	}{
		{"clew's provider", trace.NewProvider(trace.ProviderConfig{Sampler: &fickle{}})},
		{"an SDK with ParentBased", sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.ParentBased(&fickle{})))},
	} {
		t.Run(p.name, func(t *testing.T) {
			client := w.client(t, httpclient.Config{TracerProvider: p.provider})
			decisions := map[trace.Sampling]bool{}
			for range 4 {
				fetch(t, client, context.Background(), urls[0])
				seen := w.take()
				require.Len(t, seen, 4, "requests that arrived")
				assertSiblings(t, seen, "", "")
				decisions[seen[0].b3.Sampling] = true
			}
			assert.Len(t, decisions, 2, "different decisions of the first attempts: %v", decisions)
		})
	}
}

// fickle is a sampler that alternates between yes and no.
type fickle struct{ asked atomic.Int64 }

func (f *fickle) Sample(oteltrace.TraceID) bool { return f.asked.Add(1)%2 == 1 }

func (f *fickle) ShouldSample(sdktrace.SamplingParameters) sdktrace.SamplingResult {
	if f.asked.Add(1)%2 == 1 {
		return sdktrace.SamplingResult{Decision: sdktrace.RecordAndSample}
	}
	return sdktrace.SamplingResult{Decision: sdktrace.Drop}
}

func (f *fickle) Description() string { return "fickle" }

var hostChains = []struct {
	name  string
	hosts []string
	want  []bool // whether each request gets headers
}{
	{"same host", []string{"first.example", "first.example"}, []bool{true, true}},
	{"same name in another case", []string{"first.example", "FIRST.example"}, []bool{true, true}},
	{"same name on another port", []string{"first.example:8001", "first.example:8002", "first.example"}, []bool{true, true, true}},
	{"another host", []string{"first.example", "other.example"}, []bool{true, false}},
	{"another host that redirects to itself", []string{"first.example", "other.example", "other.example"}, []bool{true, false, false}},
	{"back to the first host", []string{"first.example", "other.example", "first.example"}, []bool{true, false, true}},
	{"to and fro", []string{"first.example", "other.example", "first.example", "other.example"}, []bool{true, false, true, false}},
	{"a subdomain", []string{"first.example", "sub.first.example"}, []bool{true, false}},
	{"the parent domain", []string{"sub.first.example", "first.example"}, []bool{true, false}},
	{"a name that only begins alike", []string{"first.example", "first.example.org"}, []bool{true, false}},
	{"127.0.0.1 is not localhost", []string{"127.0.0.1", "localhost", "[::1]", "127.0.0.1"}, []bool{true, false, false, true}},
}

func TestTransportRedirectHosts(t *testing.T) {
	for _, tt := range hostChains {
		for _, noTrace := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, without a trace %t", tt.name, noTrace), func(t *testing.T) {
				urls := chainOf(tt.hosts...)
				w := newWorld(t, chain(302, urls...))
				rec := newRecorder(t, sdktrace.AlwaysSample())
				ctx, wantTrace, wantParent := testkit.Request(), id128, spanID
				if noTrace {
					ctx, wantTrace, wantParent = context.Background(), "", ""
				}
				r, err := http.NewRequestWithContext(ctx, http.MethodGet, urls[0], nil)
				require.NoError(t, err)
				r.Header = staleHeader() // net/http copies them to every hop
				resp, err := w.client(t, rec.config()).Do(r)
				require.NoError(t, err, "Do")
				drain(t, resp)

				assertHosts(t, w.take(), urls, tt.want, wantTrace, wantParent)
				// A hop without headers still has a span in the trace.
				spans := rec.spans(t, len(urls))
				for i, s := range spans {
					assert.Equal(t, spans[0].SpanContext().TraceID(), s.SpanContext().TraceID(), "trace ID of span %d", i)
				}
			})
		}
	}
}

// assertHosts checks which hops of a chain carried headers, and that the hops with headers are
// siblings.
func assertHosts(t testing.TB, seen []arrival, urls []string, want []bool, wantTrace, wantParent string) {
	t.Helper()
	require.Len(t, seen, len(urls), "requests that arrived")
	var with []arrival
	for i, a := range seen {
		assert.Equal(t, strings.ToLower(urls[i]), strings.ToLower(a.url), "URL of hop %d", i)
		assert.NotContains(t, fmt.Sprint(a.header), canary, "headers of hop %d, %s", i, a.url)
		if !want[i] {
			assert.Empty(t, traced(a.header), "trace headers of hop %d, %s", i, a.url)
			continue
		}
		if assert.NotEmpty(t, traced(a.header), "trace headers of hop %d, %s", i, a.url) {
			with = append(with, a)
		}
	}
	assertSiblings(t, with, wantTrace, wantParent)
}

func TestTransportRedirectPropagate(t *testing.T) {
	urls := chainOf("first.example", "other.example", "third.example")
	w := newWorld(t, chain(302, urls...))
	var asked []string
	client := w.client(t, httpclient.Config{Propagate: func(r *http.Request) bool {
		asked = append(asked, r.URL.String())
		return r.URL.Host != "first.example"
	}})
	fetch(t, client, testkit.Request(), urls[0])
	assert.Equal(t, urls, asked, "URLs that Propagate got")
	assertHosts(t, w.take(), urls, []bool{false, true, true}, id128, spanID)
}

// The default policy compares the hosts of the caller's URLs. A base may write another host into
// its own copy of the request, for instance after a look-up of the service.
func TestTransportRedirectRewritingBase(t *testing.T) {
	for _, noTrace := range []bool{false, true} {
		t.Run(fmt.Sprintf("without a trace %t", noTrace), func(t *testing.T) {
			urls := chainOf("first.example", "first.example", "internal.example")
			w := newWorld(t, chain(302, urls...))
			real := w.transport(t)
			base := testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				lookedUp := r.Clone(r.Context())
				lookedUp.URL.Host = "internal.example"
				lookedUp.Host = r.URL.Host
				return real.RoundTrip(lookedUp)
			})
			ctx, wantTrace, wantParent := testkit.Request(), id128, spanID
			if noTrace {
				ctx, wantTrace, wantParent = context.Background(), "", ""
			}
			fetch(t, httpclient.Wrap(&http.Client{Transport: base}, httpclient.Config{}), ctx, urls[0])
			assertHosts(t, w.take(), urls, []bool{true, true, false}, wantTrace, wantParent)
		})
	}
}

func TestTransportSpan(t *testing.T) {
	tests := []struct {
		name   string
		method string
		url    string
		status int
		want   map[string]any
		failed bool
	}{
		{"plain", "GET", "http://first.example/path", 200, map[string]any{
			"http.request.method": "GET", "server.address": "first.example", "server.port": int64(80), "url.full": "http://first.example/path", "http.response.status_code": int64(200)}, false},
		{"empty method", "", "http://first.example/path", 204, map[string]any{
			"http.request.method": "GET", "server.address": "first.example", "server.port": int64(80), "url.full": "http://first.example/path", "http.response.status_code": int64(204)}, false},
		{"secrets", "POST", "http://" + canary + ":" + canary + "@first.example:8080/a%2Fb?token=" + canary + "#" + canary, 201, map[string]any{
			"http.request.method": "POST", "server.address": "first.example", "server.port": int64(8080), "url.full": "http://first.example:8080/a%2Fb", "http.response.status_code": int64(201)}, false},
		{"IPv6", "HEAD", "http://[::1]:8080/", 200, map[string]any{
			"http.request.method": "HEAD", "server.address": "::1", "server.port": int64(8080), "url.full": "http://[::1]:8080/", "http.response.status_code": int64(200)}, false},
		{"not found", "GET", "http://first.example/", 404, map[string]any{
			"http.request.method": "GET", "server.address": "first.example", "server.port": int64(80), "url.full": "http://first.example/", "http.response.status_code": int64(404)}, true},
		{"server error", "DELETE", "http://first.example/", 500, map[string]any{
			"http.request.method": "DELETE", "server.address": "first.example", "server.port": int64(80), "url.full": "http://first.example/", "http.response.status_code": int64(500)}, true},
		{"a redirect that is not followed", "GET", "http://first.example/", 304, map[string]any{
			"http.request.method": "GET", "server.address": "first.example", "server.port": int64(80), "url.full": "http://first.example/", "http.response.status_code": int64(304)}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(tt.status) })
			rec := newRecorder(t, sdktrace.AlwaysSample())
			r, err := http.NewRequestWithContext(testkit.Request(), tt.method, tt.url, nil)
			require.NoError(t, err)
			r.Method = tt.method // NewRequest makes an empty method GET
			resp, err := w.client(t, rec.config()).Do(r)
			require.NoError(t, err, "Do")
			drain(t, resp)

			s, a := rec.one(t), w.takeOne(t)
			assert.Equal(t, oteltrace.SpanKindClient, s.SpanKind(), "kind of the span")
			assert.Equal(t, tt.want["http.request.method"], s.Name(), "name of the span")
			assert.Equal(t, tt.want, s.attributes(), "attributes of the span")
			assert.NotContains(t, s.text(), canary, "text of the span")
			s.assertOutcome(t, tt.status, tt.failed)
			assert.Equal(t, s.SpanContext().SpanID().String(), a.spanID(), "span ID that arrived, which must be the span's")
			assert.Equal(t, spanID, s.Parent().SpanID().String(), "parent of the span")
		})
	}
}

func TestTransportSpanPort(t *testing.T) {
	for url, want := range map[string]any{
		"http://first.example/":        int64(80),
		"https://first.example/":       int64(443),
		"https://first.example:8443/":  int64(8443),
		"http://first.example:0/":      nil,
		"http://first.example:65536/":  nil,
		"other://first.example/":       nil,
		"other://first.example:99/":    int64(99),
		"https://[2001:db8::1]:65535/": int64(65535),
	} {
		rec := newRecorder(t, sdktrace.AlwaysSample())
		fetch(t, httpclient.Wrap(&http.Client{Transport: testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, nil
		})}, rec.config()), testkit.Request(), url)
		assert.Equal(t, want, rec.one(t).attribute("server.port"), "server.port of %s", url)
	}
}

func TestTransportRedirectSpans(t *testing.T) {
	urls := chainOf("first.example", "other.example", "first.example")
	w := newWorld(t, chain(302, urls...))
	rec := newRecorder(t, sdktrace.AlwaysSample())
	fetch(t, w.client(t, rec.config()), testkit.Request(), urls[0])

	for i, s := range rec.spans(t, 3) {
		assert.Equal(t, urls[i], s.attribute("url.full"), "url.full of span %d", i)
		assert.Equal(t, spanID, s.Parent().SpanID().String(), "parent of span %d", i)
		wantStatus := http.StatusFound
		var wantResend any = int64(i)
		switch i {
		case 0:
			wantResend = nil
		case 2:
			wantStatus = http.StatusOK
		}
		assert.Equal(t, wantResend, s.attribute("http.request.resend_count"), "http.request.resend_count of span %d", i)
		s.assertOutcome(t, wantStatus, false)
	}
}

func TestTransportFailedSpan(t *testing.T) {
	tests := []struct {
		name string
		err  error
	}{
		{"plain", errBase},
		{"url.Error", &url.Error{Op: "Get", URL: "http://first.example/?token=" + canary, Err: errBase}},
		{"url.Error inside", fmt.Errorf("proxy: %w", &url.Error{Op: "Get", URL: "http://user:" + canary + "@first.example/", Err: errBase})},
		{"url.Error in url.Error", &url.Error{Op: "Get", URL: "http://first.example/?" + canary,
			Err: &url.Error{Op: "Get", URL: "http://first.example/?" + canary, Err: errBase}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec := newRecorder(t, sdktrace.AlwaysSample())
			base := testkit.RoundTripper(func(*http.Request) (*http.Response, error) { return nil, tt.err })
			r, err := http.NewRequest(http.MethodGet, "http://user:"+canary+"@first.example/?token="+canary, nil)
			require.NoError(t, err)
			_, err = httpclient.NewTransport(base, rec.config()).RoundTrip(r)
			assert.Equal(t, tt.err, err, "error of RoundTrip")
			s := rec.one(t)
			s.assertOutcome(t, 0, true)
			assert.Contains(t, s.text(), errBase.Error(), "text of the span")
			assert.NotContains(t, s.text(), canary, "text of the span")
		})
	}
}

// counting is a provider that counts the calls of End, since an SDK ignores a second End.
type counting struct {
	oteltrace.TracerProvider
	ends atomic.Int32
}

func (c *counting) Tracer(name string, opts ...oteltrace.TracerOption) oteltrace.Tracer {
	return countingTracer{c.TracerProvider.Tracer(name, opts...), c}
}

type countingTracer struct {
	oteltrace.Tracer
	counting *counting
}

func (ct countingTracer) Start(ctx context.Context, name string, opts ...oteltrace.SpanStartOption) (context.Context, oteltrace.Span) {
	ctx, s := ct.Tracer.Start(ctx, name, opts...)
	s = countingSpan{s, ct.counting}
	return oteltrace.ContextWithSpan(ctx, s), s
}

type countingSpan struct {
	oteltrace.Span
	counting *counting
}

func (s countingSpan) End(opts ...oteltrace.SpanEndOption) {
	s.counting.ends.Add(1)
	s.Span.End(opts...)
}

// brokenBody fails after some bytes.
type brokenBody struct{ io.Reader }

func (b brokenBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = errBase
	}
	return n, err
}

func (brokenBody) Close() error { return nil }

func TestTransportSpanEndsOnce(t *testing.T) {
	read := func(t *testing.T, b io.ReadCloser) { io.Copy(io.Discard, b) }
	closeIt := func(t *testing.T, b io.ReadCloser) { b.Close() }
	tests := []struct {
		name   string
		body   io.ReadCloser
		use    []func(*testing.T, io.ReadCloser)
		failed bool
	}{
		{"read to the end", io.NopCloser(strings.NewReader("text")), []func(*testing.T, io.ReadCloser){read}, false},
		{"closed unread", io.NopCloser(strings.NewReader("text")), []func(*testing.T, io.ReadCloser){closeIt}, false},
		{"read and closed", io.NopCloser(strings.NewReader("text")), []func(*testing.T, io.ReadCloser){read, closeIt}, false},
		{"closed twice, read after", io.NopCloser(strings.NewReader("text")), []func(*testing.T, io.ReadCloser){closeIt, closeIt, read}, false},
		{"read twice", io.NopCloser(strings.NewReader("text")), []func(*testing.T, io.ReadCloser){read, read, closeIt}, false},
		{"broken off", brokenBody{strings.NewReader("text")}, []func(*testing.T, io.ReadCloser){read, closeIt}, true},
		{"empty", http.NoBody, []func(*testing.T, io.ReadCloser){read, closeIt}, false},
		{"closed by eight goroutines at once", io.NopCloser(strings.NewReader("text")), []func(*testing.T, io.ReadCloser){func(_ *testing.T, b io.ReadCloser) {
			var wg sync.WaitGroup
			for range 8 {
				wg.Go(func() { b.Close() })
			}
			wg.Wait()
		}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec := newRecorder(t, sdktrace.AlwaysSample())
			count := &counting{TracerProvider: rec.provider}
			base := testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				resp := answer(r, http.StatusOK, "")
				resp.Body = tt.body
				return resp, nil
			})
			r, err := http.NewRequest(http.MethodGet, "http://first.example/", nil)
			require.NoError(t, err)
			resp, err := httpclient.NewTransport(base, httpclient.Config{TracerProvider: count}).RoundTrip(r)
			require.NoError(t, err, "RoundTrip")
			if tt.body != http.NoBody {
				n, _ := resp.Body.Read(make([]byte, 1))
				require.Equal(t, 1, n, "bytes read")
				assert.Zero(t, count.ends.Load(), "ends of the span before the end of the body")
			}
			for _, use := range tt.use {
				use(t, resp.Body)
			}
			assert.EqualValues(t, 1, count.ends.Load(), "ends of the span")
			rec.one(t).assertOutcome(t, 200, tt.failed)
		})
	}
}

// A wrapped body returns the errors of the base's body, at its end and at Close.
func TestTransportBodyPassesOn(t *testing.T) {
	closing := errors.New("cannot close")
	base := testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		resp := answer(r, http.StatusOK, "")
		resp.Body = struct {
			io.Reader
			io.Closer
		}{brokenBody{strings.NewReader("text")}, closer{closing}}
		return resp, nil
	})
	rec := newRecorder(t, sdktrace.AlwaysSample())
	r, err := http.NewRequest(http.MethodGet, "http://first.example/", nil)
	require.NoError(t, err)
	resp, err := httpclient.NewTransport(base, rec.config()).RoundTrip(r)
	require.NoError(t, err, "RoundTrip")
	text, err := io.ReadAll(resp.Body)
	assert.Equal(t, "text", string(text), "body")
	assert.Equal(t, errBase, err, "error of Read")
	assert.Equal(t, closing, resp.Body.Close(), "error of Close")
}

type closer struct{ err error }

func (c closer) Close() error { return c.err }

func TestTransportSwitchingProtocols(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("Hijack: %v", err)
			return
		}
		defer conn.Close()
		fmt.Fprintf(buffered, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
		buffered.Flush()
		line, _ := buffered.ReadString('\n')
		fmt.Fprintf(buffered, "echo %s", line)
		buffered.Flush()
		rest, _ := io.ReadAll(buffered) // until the client closes its side
		fmt.Fprintf(buffered, "and %s", rest)
		buffered.Flush()
	}))
	t.Cleanup(server.Close)

	for _, tt := range []struct {
		name    string
		sampler sdktrace.Sampler
		spans   int
	}{
		{"recorded", sdktrace.AlwaysSample(), 1},
		{"not recorded", sdktrace.NeverSample(), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rec := newRecorder(t, tt.sampler)
			base := &http.Transport{}
			t.Cleanup(base.CloseIdleConnections)
			r, err := http.NewRequest(http.MethodGet, server.URL, nil)
			require.NoError(t, err)
			r.Header.Set("Connection", "Upgrade")
			r.Header.Set("Upgrade", "echo")
			resp, err := httpclient.Wrap(&http.Client{Transport: base}, rec.config()).Do(r)
			require.NoError(t, err, "Do")
			require.Equal(t, http.StatusSwitchingProtocols, resp.StatusCode, "status")

			conn, ok := resp.Body.(io.ReadWriteCloser)
			require.True(t, ok, "body of a 101: got %T, want an io.ReadWriteCloser", resp.Body)
			_, err = io.WriteString(conn, "hello\n")
			require.NoError(t, err, "writing to the connection")
			reader := bufio.NewReader(conn)
			line, err := reader.ReadString('\n')
			require.NoError(t, err, "reading from the connection")
			assert.Equal(t, "echo hello\n", line, "the server's answer")
			_, err = io.WriteString(conn, "bye")
			require.NoError(t, err, "writing to the connection")
			half, ok := resp.Body.(interface{ CloseWrite() error })
			require.True(t, ok, "body of a 101: got %T, want a body with CloseWrite", resp.Body)
			require.NoError(t, half.CloseWrite(), "CloseWrite")
			if tt.spans > 0 {
				assert.Empty(t, rec.Ended(), "spans ended while the connection is open")
			}
			answer, err := io.ReadAll(reader)
			require.NoError(t, err, "reading after CloseWrite")
			assert.Equal(t, "and bye", string(answer), "the server's answer after CloseWrite")
			require.NoError(t, conn.Close(), "closing the connection")
			for _, s := range rec.spans(t, tt.spans) {
				s.assertOutcome(t, 101, false)
			}
		})
	}
}

// Without a recording span the body has no wrapper.
func TestTransportUnsampledBody(t *testing.T) {
	tests := []struct {
		name    string
		cfg     httpclient.Config
		ctx     context.Context
		wrapped bool
	}{
		{"no SDK", httpclient.Config{}, testkit.Request(), false},
		{"SDK, not sampled", newRecorder(t, sdktrace.NeverSample()).config(), context.Background(), false},
		{"SDK, denied", newRecorder(t, sdktrace.AlwaysSample()).config(), testkit.Context(id128 + "-" + spanID + "-0"), false},
		{"SDK, sampled", newRecorder(t, sdktrace.AlwaysSample()).config(), context.Background(), true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := io.NopCloser(strings.NewReader("text"))
			base := testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				resp := answer(r, http.StatusOK, "")
				resp.Body = body
				return resp, nil
			})
			r, err := http.NewRequestWithContext(tt.ctx, http.MethodGet, "http://first.example/", nil)
			require.NoError(t, err)
			resp, err := httpclient.NewTransport(base, tt.cfg).RoundTrip(r)
			require.NoError(t, err, "RoundTrip")
			assert.Equal(t, tt.wrapped, resp.Body != body, "the body is wrapped: %T", resp.Body)
			drain(t, resp)
		})
	}
}

// sampling is an SDK's sampler, and the states that are sent with it.
type sampling struct {
	name    string
	sampler sdktrace.Sampler
	want    map[string]trace.Sampling // the state that is sent, by the state of the caller
}

var samplings = []sampling{
	{"ParentBased always", sdktrace.ParentBased(sdktrace.AlwaysSample()),
		map[string]trace.Sampling{"": trace.Accept, "0": trace.Deny, "1": trace.Accept, "d": trace.Debug}},
	{"ParentBased never", sdktrace.ParentBased(sdktrace.NeverSample()),
		map[string]trace.Sampling{"": trace.Deny, "0": trace.Deny, "1": trace.Accept, "d": trace.Debug}},
	{"ParentBased ratio 0", sdktrace.ParentBased(sdktrace.TraceIDRatioBased(0)),
		map[string]trace.Sampling{"": trace.Deny, "0": trace.Deny, "1": trace.Accept, "d": trace.Debug}},
	{"always", sdktrace.AlwaysSample(),
		map[string]trace.Sampling{"": trace.Accept, "0": trace.Deny, "1": trace.Accept, "d": trace.Debug}},
	{"never", sdktrace.NeverSample(),
		map[string]trace.Sampling{"": trace.Deny, "0": trace.Deny, "1": trace.Deny, "d": trace.Debug}},
}

// asked counts the calls of a sampler, so that the test knows how often the SDK was asked.
type asked struct {
	sdktrace.Sampler
	count atomic.Int32
}

func (a *asked) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	a.count.Add(1)
	return a.Sampler.ShouldSample(p)
}

func TestTransportSamplers(t *testing.T) {
	for _, clientOf := range restyOrNot {
		for _, s := range samplings {
			for state, want := range s.want {
				for _, lone := range []bool{false, true} {
					t.Run(fmt.Sprintf("%s/%s/%q, without IDs %t", clientOf.name, s.name, state, lone), func(t *testing.T) {
						w := newWorld(t, nil)
						sampler := &asked{Sampler: s.sampler}
						rec := newRecorder(t, sampler)
						single := strings.TrimSuffix(id128+"-"+spanID+"-"+state, "-")
						if lone {
							single = state
						}
						ctx := context.Background()
						if single != "" {
							ctx = testkit.Context(single)
						}
						clientOf.get(t, w, rec.config(), ctx, "http://first.example/")

						a := w.takeOne(t)
						assert.Equal(t, want, a.b3.Sampling, "decision that arrived: got %s, want %s, headers %v", a.b3.Sampling, want, a.header)
						if lone {
							assert.Len(t, a.traceID(), 32, "new trace ID that arrived")
							assert.Empty(t, a.parentID(), "parent span ID that arrived: a root has none")
						} else {
							assert.Equal(t, id128, a.traceID(), "trace ID that arrived")
							assert.Equal(t, spanID, a.parentID(), "parent span ID that arrived")
						}
						wantAsked := int32(1)
						if state == "0" {
							wantAsked = 0 // deny never reaches the SDK
						}
						assert.Equal(t, wantAsked, sampler.count.Load(), "times the SDK was asked")
						recorded := len(rec.Started())
						wantRecorded := 0
						if want == trace.Accept || want == trace.Debug && s.name != "never" {
							wantRecorded = 1
						}
						assert.Equal(t, wantRecorded, recorded, "spans recorded")
						rec.spans(t, recorded)
					})
				}
			}
		}
	}
}

// restyOrNot are the two kinds of clients.
var restyOrNot = []struct {
	name string
	get  func(t *testing.T, w *world, cfg httpclient.Config, ctx context.Context, url string)
}{
	{"net/http", func(t *testing.T, w *world, cfg httpclient.Config, ctx context.Context, url string) {
		fetch(t, w.client(t, cfg), ctx, url)
	}},
	{"resty", func(t *testing.T, w *world, cfg httpclient.Config, ctx context.Context, url string) {
		_, err := w.resty(t, cfg).R().SetContext(ctx).Get(url)
		require.NoError(t, err, "Get(%s)", url)
	}},
}

// Under a local span of an SDK, the provider of the local span makes the client span.
func TestTransportLocalSpan(t *testing.T) {
	for _, clientOf := range restyOrNot {
		t.Run(clientOf.name, func(t *testing.T) {
			w := newWorld(t, nil)
			rec := newRecorder(t, sdktrace.AlwaysSample())
			ctx, local := rec.provider.Tracer("test").Start(context.Background(), "local")
			clientOf.get(t, w, httpclient.Config{}, ctx, "http://first.example/")
			local.End()
			spans, a := rec.spans(t, 2), w.takeOne(t)
			assert.Equal(t, spans[0].SpanContext().SpanID(), spans[1].Parent().SpanID(), "parent of the client span")
			assert.Equal(t, spans[1].SpanContext().SpanID().String(), a.spanID(), "span ID that arrived")
			assert.Equal(t, spans[0].SpanContext().SpanID().String(), a.parentID(), "parent span ID that arrived")
		})
	}
}

func TestTransportCancel(t *testing.T) {
	arrived := make(chan struct{})
	w := newWorld(t, func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
	})
	rec := newRecorder(t, sdktrace.AlwaysSample())
	ctx, cancel := context.WithCancel(testkit.Request())
	defer cancel()
	go func() {
		<-arrived
		cancel()
	}()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://first.example/?token="+canary, nil)
	require.NoError(t, err)
	_, err = w.client(t, rec.config()).Do(r)
	require.ErrorIs(t, err, context.Canceled, "Do")
	s := rec.one(t)
	s.assertOutcome(t, 0, true)
	assert.NotContains(t, s.text(), canary, "text of the span")
}

func TestTransportCancelWhileReading(t *testing.T) {
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "begun")
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	rec := newRecorder(t, sdktrace.AlwaysSample())
	ctx, cancel := context.WithCancel(testkit.Request())
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://first.example/", nil)
	require.NoError(t, err)
	resp, err := w.client(t, rec.config()).Do(r)
	require.NoError(t, err, "Do")
	assert.Empty(t, rec.Ended(), "spans that ended before the body")
	cancel()
	_, err = io.Copy(io.Discard, resp.Body)
	require.ErrorIs(t, err, context.Canceled, "reading the body")
	resp.Body.Close()
	rec.one(t).assertOutcome(t, 200, true)
}

// The context of the request that base gets has the attempt's span as its current span, and the
// caller's values.
func TestTransportContext(t *testing.T) {
	type key struct{}
	var inside context.Context
	base := testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		inside = r.Context()
		b, _ := trace.FromContext(inside)
		sent, err := trace.FromHeader(r.Header)
		require.NoError(t, err)
		assert.Equal(t, sent, b, "trace of base's context, which must be the headers' trace")
		return answer(r, http.StatusOK, ""), nil
	})
	ctx, cancel := context.WithDeadline(context.WithValue(testkit.Request(), key{}, "value"), time.Date(3000, 1, 1, 0, 0, 0, 0, time.UTC))
	defer cancel()
	fetch(t, httpclient.Wrap(&http.Client{Transport: base}, httpclient.Config{}), ctx, "http://first.example/")
	assert.Equal(t, "value", inside.Value(key{}), "value of base's context")
	want, _ := ctx.Deadline()
	got, _ := inside.Deadline()
	assert.Equal(t, want, got, "deadline of base's context")
}

// If a transport wraps another transport, the inner span is a child of the outer span, and the
// headers name the inner span.
func TestTransportTwice(t *testing.T) {
	w := newWorld(t, nil)
	rec := newRecorder(t, sdktrace.AlwaysSample())
	inner := httpclient.NewTransport(w.transport(t), rec.config())
	fetch(t, httpclient.Wrap(&http.Client{Transport: inner}, rec.config()), testkit.Request(), "http://first.example/")
	spans, a := rec.spans(t, 2), w.takeOne(t)
	assert.Equal(t, spans[0].SpanContext().SpanID(), spans[1].Parent().SpanID(), "parent of the inner span")
	assert.Equal(t, spans[1].SpanContext().SpanID().String(), a.spanID(), "span ID that arrived")
}

func TestWrap(t *testing.T) {
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	stop := errors.New("stop")
	base := &closable{}
	original := &http.Client{
		Transport:     base,
		Jar:           jar,
		Timeout:       time.Hour,
		CheckRedirect: func(*http.Request, []*http.Request) error { return stop },
	}
	wrapped := httpclient.Wrap(original, httpclient.Config{})
	assert.NotSame(t, original, wrapped, "client")
	assert.Same(t, base, original.Transport, "transport of the original")
	assert.NotEqual(t, original.Transport, wrapped.Transport, "transport of the copy")
	assert.Same(t, jar, wrapped.Jar, "jar of the copy")
	assert.Equal(t, time.Hour, wrapped.Timeout, "timeout of the copy")
	assert.Equal(t, stop, wrapped.CheckRedirect(nil, nil), "CheckRedirect of the copy")
	fetch(t, wrapped, context.Background(), "http://first.example/")
	assert.Equal(t, 1, base.trips, "requests through the original's transport")
}

func TestNilClients(t *testing.T) {
	tests := []struct {
		name string
		call func()
		want string
	}{
		{"Wrap", func() { httpclient.Wrap(nil, httpclient.Config{}) }, "httpclient: Wrap"},
		{"Resty", func() { httpclient.Resty(nil, httpclient.Config{}) }, "httpclient: Resty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			defer func() {
				got := fmt.Sprint(recover())
				assert.True(t, strings.HasPrefix(got, tt.want) && strings.Contains(got, "nil"), "panic of %s(nil): got %q, want a text that begins with %q and contains nil", tt.name, got, tt.want)
			}()
			tt.call()
		})
	}
}

// net/http's limit of ten redirects stays.
func TestTransportRedirectLimit(t *testing.T) {
	urls := chainOf(slices.Repeat([]string{"first.example"}, 20)...)
	w := newWorld(t, chain(302, urls...))
	rec := newRecorder(t, sdktrace.AlwaysSample())
	r, err := http.NewRequestWithContext(testkit.Request(), http.MethodGet, urls[0], nil)
	require.NoError(t, err)
	_, err = w.client(t, rec.config()).Do(r)
	require.ErrorContains(t, err, "stopped after 10 redirects", "Do")
	seen := w.take()
	require.Len(t, seen, 10, "requests that arrived")
	assertSiblings(t, seen, id128, spanID)
	rec.spans(t, 10)
}

// If a base (a stub, a cache) returns one response twice, a walk from a request back through its
// earlier redirects never ends. The transport stops after a limit.
func TestTransportRedirectRing(t *testing.T) {
	moved := answer(nil, http.StatusFound, "")
	moved.Body = http.NoBody
	moved.Header.Set("Location", "/again")
	for name, policy := range map[string]func(*http.Request) bool{"default": nil, "SameSite": httpclient.SameSite} {
		trips := 0
		base := testkit.RoundTripper(func(*http.Request) (*http.Response, error) {
			trips++
			return moved, nil
		})
		r, err := http.NewRequestWithContext(testkit.Request(), http.MethodGet, "http://first.example/", nil)
		require.NoError(t, err)
		_, err = httpclient.Wrap(&http.Client{Transport: base}, httpclient.Config{Propagate: policy}).Do(r)
		require.ErrorContains(t, err, "stopped after 10 redirects", "Do, %s", name)
		assert.Equal(t, 10, trips, "requests, %s", name)
	}
}

// The text with which a span describes a failure is bounded, however much text the server has
// sent.
func TestTransportSpanText(t *testing.T) {
	huge := strings.Repeat("Z", 1<<18)
	for name, raw := range map[string]string{
		"a malformed header": "HTTP/1.1 200 OK\r\n" + huge + "\r\n\r\n",
		"a huge host":        "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\nLocation: http://" + huge + "/\r\n\r\n",
		"a huge Location":    "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nConnection: close\r\nLocation: /" + huge + "\r\n\r\n",
	} {
		rec := newRecorder(t, sdktrace.AlwaysSample())
		w := newWorld(t, func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if assert.NoError(t, err) {
				io.WriteString(conn, raw)
				conn.Close()
			}
		})
		r, err := http.NewRequestWithContext(testkit.Request(), http.MethodGet, "http://first.example/", nil)
		require.NoError(t, err)
		_, err = w.client(t, rec.config()).Do(r)
		require.Error(t, err, name)
		spans := rec.spans(t, len(rec.Started()))
		require.NotEmpty(t, spans, name)
		for i, s := range spans {
			assert.LessOrEqual(t, len(s.text()), 4*clip.Max, "%s: bytes of text in span %d", name, i)
		}
	}
}

// A RoundTripper around clew's may clear Request in the response. Then clew cannot find the first
// request of the redirects, and no redirect gets trace headers.
func TestTransportRedirectCutChain(t *testing.T) {
	w := newWorld(t, chain(http.StatusFound, chainOf("first.example", "first.example")...))
	ours := httpclient.NewTransport(w.transport(t), httpclient.Config{})
	c := &http.Client{Transport: testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := ours.RoundTrip(r)
		if resp != nil {
			resp.Request = nil
		}
		return resp, err
	})}
	fetch(t, c, testkit.Request(), "http://first.example/0")
	seen := w.take()
	require.Len(t, seen, 2, "requests")
	assert.Equal(t, multi, traced(seen[0].header), "trace headers of the first request")
	assert.Empty(t, traced(seen[1].header), "trace headers after the cut")
}

// The span of a response without a body ends at once.
func TestTransportSpanOfNoBody(t *testing.T) {
	rec := newRecorder(t, sdktrace.AlwaysSample())
	base := testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody, Request: r}, nil
	})
	r, err := http.NewRequestWithContext(testkit.Request(), http.MethodHead, "http://first.example/", nil)
	require.NoError(t, err)
	resp, err := httpclient.NewTransport(base, rec.config()).RoundTrip(r)
	require.NoError(t, err)
	assert.True(t, resp.Body == http.NoBody, "Body == http.NoBody")
	rec.one(t)
}
