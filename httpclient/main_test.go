package httpclient_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"example.com/clew/httpclient"
	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/go-resty/resty/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	id128  = testkit.ID128
	spanID = testkit.SpanID

	// canary is a part of every stale header and of every secret. It is as long as a span ID.
	canary = testkit.Canary + testkit.Canary
)

// arrival is a request as a server saw it.
type arrival struct {
	url    string
	method string
	body   string
	header http.Header
	b3     trace.B3
}

func (a arrival) traceID() string  { return string(a.b3.AppendTraceID(nil)) }
func (a arrival) spanID() string   { return idText(a.b3.SpanID) }
func (a arrival) parentID() string { return idText(a.b3.ParentSpanID) }

// idText returns id as text, "" for no ID.
func idText(id oteltrace.SpanID) string {
	if !id.IsValid() {
		return ""
	}
	return id.String()
}

// traced(h) returns the names of the trace headers in h.
func traced(h http.Header) []string {
	names := []string{}
	for name := range h {
		lower := strings.ToLower(name)
		if lower == "b3" || strings.HasPrefix(lower, "x-b3-") || lower == "traceparent" || lower == "tracestate" {
			names = append(names, lower)
		}
	}
	slices.Sort(names)
	return names
}

// multi are the trace headers of a request whose caller has a span.
var multi = []string{"x-b3-parentspanid", "x-b3-sampled", "x-b3-spanid", "x-b3-traceid"}

// world is one real server that acts as every host. The method transport returns a transport that
// connects to this server for any host name.
type world struct {
	*httptest.Server
	secure *httptest.Server // the server for https; nil if there is none
	mu     sync.Mutex
	seen   []arrival
}

// newWorld starts a world. A nil handler answers "ok".
func newWorld(t testing.TB, handler http.HandlerFunc) *world {
	t.Helper()
	w := &world{}
	w.Server = httptest.NewUnstartedServer(w.record(handler))
	w.Config.MaxHeaderBytes = 4 << 20 // a redirect may send a server's long text back in headers
	w.Start()
	t.Cleanup(w.Close)
	return w
}

// newTLSWorld starts a world with two servers for each host name: one for http, and one for
// https.
func newTLSWorld(t testing.TB, handler http.HandlerFunc) *world {
	t.Helper()
	w := newWorld(t, handler)
	w.secure = httptest.NewTLSServer(w.Config.Handler)
	t.Cleanup(w.secure.Close)
	return w
}

func (w *world) record(handler http.HandlerFunc) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		b, _ := trace.FromHeader(r.Header)
		scheme := "http://"
		if r.TLS != nil {
			scheme = "https://"
		}
		w.mu.Lock()
		w.seen = append(w.seen, arrival{
			url:    scheme + r.Host + r.URL.RequestURI(),
			method: r.Method,
			body:   string(body),
			header: r.Header.Clone(),
			b3:     b,
		})
		w.mu.Unlock()
		if handler == nil {
			io.WriteString(rw, "ok")
			return
		}
		handler(rw, r)
	}
}

// take returns the requests that have arrived since the last call.
func (w *world) take() []arrival {
	w.mu.Lock()
	defer w.mu.Unlock()
	seen := w.seen
	w.seen = nil
	return seen
}

// takeOne returns the only request that has arrived since the last call.
func (w *world) takeOne(t testing.TB) arrival {
	t.Helper()
	seen := w.take()
	require.Len(t, seen, 1, "requests that arrived")
	return seen[0]
}

func (w *world) transport(t testing.TB) *http.Transport {
	address := w.Listener.Addr().String()
	base := &http.Transport{
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, address)
		},
	}
	if w.secure != nil {
		roots := x509.NewCertPool()
		roots.AddCert(w.secure.Certificate())
		// The server's name is the one in httptest's certificate.
		dialer := &tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: "example.com"}}
		base.DialTLSContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, w.secure.Listener.Addr().String())
		}
	}
	t.Cleanup(base.CloseIdleConnections)
	return base
}

// client returns a traced client of net/http that connects to this world.
func (w *world) client(t testing.TB, cfg httpclient.Config) *http.Client {
	return httpclient.Wrap(&http.Client{Transport: w.transport(t)}, cfg)
}

// bareResty returns a resty client that connects to this world and is not traced. It does not
// log, and does not wait between retries.
func (w *world) bareResty(t testing.TB) *resty.Client {
	return resty.New().SetTransport(w.transport(t)).SetLogger(quiet{}).
		SetRetryWaitTime(1).SetRetryMaxWaitTime(1)
}

func (w *world) resty(t testing.TB, cfg httpclient.Config) *resty.Client {
	return httpclient.Resty(w.bareResty(t), cfg)
}

type quiet struct{}

func (quiet) Errorf(string, ...any) {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Debugf(string, ...any) {}

// chain answers every URL of urls with a redirect to the next, and the last with "ok". The path
// of URL number n must be /n.
func chain(status int, urls ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil || n+1 >= len(urls) {
			io.WriteString(w, "ok")
			return
		}
		w.Header().Set("Location", urls[n+1])
		w.WriteHeader(status)
	}
}

// chainOf returns the URLs of a chain over these hosts.
func chainOf(hosts ...string) []string {
	urls := make([]string, len(hosts))
	for i, host := range hosts {
		urls[i] = "http://" + host + "/" + strconv.Itoa(i)
	}
	return urls
}

// failing(n) answers with 503 n times, then with "ok".
func failing(n int) http.HandlerFunc {
	var mu sync.Mutex
	return func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if n > 0 {
			n--
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		io.WriteString(w, "ok")
	}
}

// sayServerError is the retry condition for failing.
func sayServerError(resp *resty.Response, err error) bool {
	return err != nil || resp.StatusCode() >= 500
}

// assertSiblings checks that the attempts are in one trace, each with a span ID of its own,
// under one parent: the caller's span, or none if there was no trace.
func assertSiblings(t testing.TB, seen []arrival, wantTrace, wantParent string) {
	t.Helper()
	spans := map[string]bool{}
	for i, a := range seen {
		if wantTrace == "" { // the first attempt began the trace
			wantTrace = a.traceID()
			require.Len(t, wantTrace, 32, "new trace ID, sent to %s", a.url)
		}
		assert.Equal(t, wantTrace, a.traceID(), "trace ID of attempt %d, %s", i, a.url)
		assert.Equal(t, wantParent, a.parentID(), "parent span ID of attempt %d, %s", i, a.url)
		assert.Equal(t, seen[0].b3.Sampling, a.b3.Sampling, "decision of attempt %d, %s", i, a.url)
		assert.NotEmpty(t, a.spanID(), "span ID of attempt %d, %s", i, a.url)
		assert.False(t, spans[a.spanID()], "attempt %d, %s, has the span ID %s of an earlier attempt", i, a.url, a.spanID())
		spans[a.spanID()] = true
	}
}

// fetch gets url in ctx, reads the body to its end and closes it.
func fetch(t testing.TB, c *http.Client, ctx context.Context, url string) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	require.NoError(t, err)
	resp, err := c.Do(r)
	require.NoError(t, err, "Do(GET %s)", url)
	drain(t, resp)
}

func drain(t testing.TB, resp *http.Response) {
	t.Helper()
	_, err := io.Copy(io.Discard, resp.Body)
	assert.NoError(t, err, "reading the body")
	assert.NoError(t, resp.Body.Close(), "closing the body")
}

// answer returns a response without a server.
func answer(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:  http.Header{},
		Body:    io.NopCloser(strings.NewReader(body)),
		Request: r,
	}
}

// recorder is an SDK that keeps what it records.
type recorder struct {
	*tracetest.SpanRecorder
	provider *sdktrace.TracerProvider
}

func newRecorder(t testing.TB, sampler sdktrace.Sampler) *recorder {
	p, rec := testkit.SDK(sampler)
	t.Cleanup(func() { assert.NoError(t, p.Shutdown(context.Background())) })
	return &recorder{rec, p}
}

func (rec *recorder) config() httpclient.Config {
	return httpclient.Config{TracerProvider: rec.provider}
}

// spans returns the spans in the order of their start. There must be n spans, and all must have
// ended.
func (rec *recorder) spans(t testing.TB, n int) []recorded {
	t.Helper()
	started, ended := rec.Started(), rec.Ended()
	require.Len(t, started, n, "spans started")
	require.Len(t, ended, n, "spans ended, of %d started", n)
	spans := make([]recorded, n)
	for i, s := range started {
		at := slices.IndexFunc(ended, func(e sdktrace.ReadOnlySpan) bool {
			return e.SpanContext().SpanID() == s.SpanContext().SpanID()
		})
		require.GreaterOrEqual(t, at, 0, "span %d has not ended", i)
		spans[i] = recorded{ended[at]}
	}
	return spans
}

func (rec *recorder) one(t testing.TB) recorded {
	t.Helper()
	return rec.spans(t, 1)[0]
}

type recorded struct{ sdktrace.ReadOnlySpan }

func (s recorded) attributes() map[string]any {
	m := map[string]any{}
	for _, kv := range s.Attributes() {
		m[string(kv.Key)] = kv.Value.AsInterface()
	}
	return m
}

func (s recorded) attribute(key string) any { return s.attributes()[key] }

// text returns all text of the span that a backend would see.
func (s recorded) text() string {
	var b strings.Builder
	write := func(kvs []attribute.KeyValue) {
		for _, kv := range kvs {
			b.WriteString(string(kv.Key) + "=" + kv.Value.String() + "\n")
		}
	}
	b.WriteString(s.Name() + "\n" + s.Status().Description + "\n")
	write(s.Attributes())
	for _, e := range s.Events() {
		b.WriteString(e.Name + "\n")
		write(e.Attributes)
	}
	return b.String()
}

// assertOutcome checks the attribute http.response.status_code, and whether the span's status is
// an error. If the parameter status is 0, the span must not have the attribute.
func (s recorded) assertOutcome(t testing.TB, status int, failed bool) {
	t.Helper()
	var want any
	if status != 0 {
		want = int64(status)
	}
	assert.Equal(t, want, s.attribute("http.response.status_code"), "http.response.status_code of span %q", s.Name())
	if failed {
		assert.Equal(t, codes.Error, s.Status().Code, "status of span %q", s.Name())
	} else {
		assert.Equal(t, codes.Unset, s.Status().Code, "status of span %q (%s)", s.Name(), s.Status().Description)
	}
}

var errBase = errors.New("base has failed")
