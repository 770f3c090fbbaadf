package httpclient_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"example.com/clew/httpclient"
	"example.com/clew/internal/clip"
	"example.com/clew/internal/testkit"
	"github.com/go-resty/resty/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Each row of names has the method of a request, and the name and the attributes of the request's
// span.
var names = []struct{ method, name, attribute, original string }{
	{"", "GET", "GET", ""},
	{"GET", "GET", "GET", ""},
	{"PATCH", "PATCH", "PATCH", ""},
	{"get", "HTTP", "_OTHER", "get"},
	{"PROPFIND", "HTTP", "_OTHER", "PROPFIND"},
	{strings.Repeat("X", 20_000), "HTTP", "_OTHER", strings.Repeat("X", clip.Max) + "…"},
	{"G\xffT", "HTTP", "_OTHER", "G\ufffdT"},
	{"GET\r\nb3: 0", "HTTP", "_OTHER", "GET\r\nb3: 0"},
}

// assertUTF8 checks that all of the span's text is UTF-8. OpenTelemetry's exporter loses all
// spans of a batch for one byte that is not UTF-8.
func assertUTF8(t testing.TB, s recorded) {
	t.Helper()
	assert.True(t, utf8.ValidString(s.text()), "text of the span %q is UTF-8", s.text())
}

// Callers of a proxy do not choose the names of its client spans.
func TestSpanNames(t *testing.T) {
	for _, tt := range names {
		for _, way := range []struct {
			name string
			send func(cfg httpclient.Config) error
		}{
			{"net/http", func(cfg httpclient.Config) error {
				r := httptest.NewRequest(http.MethodGet, "http://first.example/", nil)
				r.RequestURI, r.Method = "", tt.method
				resp, err := httpclient.NewTransport(fakeAnswers(), cfg).RoundTrip(r)
				if err == nil {
					resp.Body.Close()
				}
				return err
			}},
			{"ReverseProxy", func(cfg httpclient.Config) error {
				r := httptest.NewRequest(http.MethodGet, "http://first.example/", nil)
				r.Method = tt.method
				proxy := httputil.ReverseProxy{Rewrite: func(*httputil.ProxyRequest) {}, Transport: httpclient.NewTransport(fakeAnswers(), cfg)}
				proxy.ServeHTTP(httptest.NewRecorder(), r)
				return nil
			}},
			{"resty", func(cfg httpclient.Config) error {
				_, err := httpclient.Resty(resty.New().SetTransport(fakeAnswers()).SetLogger(quiet{}), cfg).R().Execute(tt.method, "http://first.example/")
				return err
			}},
			{"resty, redirected", func(cfg httpclient.Config) error {
				_, err := httpclient.Resty(resty.New().SetTransport(testkit.RoundTripper(movedAgain)).SetLogger(quiet{}), cfg).R().Execute(tt.method, "http://first.example/")
				return err
			}},
		} {
			rec := newRecorder(t, sdktrace.AlwaysSample())
			err := way.send(rec.config())
			for i, s := range rec.spans(t, len(rec.Started())) {
				assert.Equal(t, tt.name, s.Name(), "%s: name of span %d of a %.20q", way.name, i, tt.method)
				assert.Equal(t, tt.attribute, s.attribute("http.request.method"), "%s: http.request.method of span %d of a %.20q", way.name, i, tt.method)
				var original any
				if tt.original != "" {
					original = tt.original
				}
				assert.Equal(t, original, s.attribute("http.request.method_original"), "%s: http.request.method_original of span %d of a %.20q", way.name, i, tt.method)
				assertUTF8(t, s)
			}
			if err == nil {
				assert.NotEmpty(t, rec.Ended(), "%s: spans of a %.20q", way.name, tt.method)
			}
		}
	}
}

// movedAgain is like moved, but its redirect keeps the method.
func movedAgain(r *http.Request) (*http.Response, error) {
	resp, err := moved(r)
	if resp.StatusCode == http.StatusFound {
		resp.StatusCode = http.StatusTemporaryRedirect
	}
	return resp, err
}

// The text of a span is valid UTF-8 and bounded, whatever an address, an answer or an error
// contains.
func TestSpanUTF8(t *testing.T) {
	addressed := func(u *url.URL) func(t *testing.T, cfg httpclient.Config) {
		return func(t *testing.T, cfg httpclient.Config) {
			r := (&http.Request{URL: u, Header: http.Header{}}).WithContext(testkit.Request())
			resp, err := httpclient.NewTransport(fakeAnswers(), cfg).RoundTrip(r)
			require.NoError(t, err)
			resp.Body.Close()
		}
	}
	failing := func(err error) func(t *testing.T, cfg httpclient.Config) {
		return func(t *testing.T, cfg httpclient.Config) {
			base := testkit.RoundTripper(func(*http.Request) (*http.Response, error) { return nil, err })
			_, got := httpclient.NewTransport(base, cfg).RoundTrip(httptest.NewRequest(http.MethodGet, "http://first.example/", nil))
			assert.Equal(t, err, got, "error of RoundTrip")
		}
	}
	answering := func(raw string) func(t *testing.T, cfg httpclient.Config) {
		return func(t *testing.T, cfg httpclient.Config) {
			w := newWorld(t, func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := http.NewResponseController(w).Hijack()
				if assert.NoError(t, err) {
					io.WriteString(conn, raw)
					conn.Close()
				}
			})
			r, err := http.NewRequestWithContext(testkit.Request(), http.MethodGet, "http://first.example/", nil)
			require.NoError(t, err)
			resp, err := w.client(t, cfg).Do(r)
			if err == nil {
				io.ReadAll(resp.Body)
				resp.Body.Close()
			}
		}
	}
	hostile := strings.Repeat("\xff", 20_000)
	for _, tt := range []struct {
		name string
		send func(t *testing.T, cfg httpclient.Config)
	}{
		{"a path", addressed(testkit.Must(url.Parse("http://first.example/%ff/\xfe")))},
		{"a host", addressed(testkit.Must(url.Parse("http://%ff.example/")))},
		{"a host and a path, made by hand", addressed(&url.URL{Scheme: "\xff", Host: "a\xff:80", Path: "/\xff", RawPath: "/\xff"})},
		{"a long host", addressed(&url.URL{Scheme: "http", Host: hostile, Path: "/"})},
		{"a long path", addressed(&url.URL{Scheme: "http", Host: "first.example", Path: "/" + hostile})},
		{"a long scheme", addressed(&url.URL{Scheme: hostile, Host: "first.example", Path: "/"})},
		{"an error", failing(errors.New("a\xffb"))},
		{"a long error", failing(errors.New(hostile))},
		{"an error with a URL", failing(&url.Error{Op: "Get", URL: "http://x/" + canary, Err: errors.New("\xff")})},
		{"a malformed header", answering("HTTP/1.1 200 OK\r\na\xffb\r\n\r\n")},
		{"a malformed status", answering("HTTP/1.1 \xff\xff\xff OK\r\n\r\n")},
		{"a malformed chunk", answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\xff\r\n")},
		{"a malformed trailer", answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na\xffb\r\n\r\n")},
		{"a malformed encoding", answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: \xff\r\n\r\n")},
		{"a malformed length", answering("HTTP/1.1 200 OK\r\nContent-Length: \xff\r\n\r\n")},
		{"a redirect", answering("HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: http://%ff.example/\xff\r\n\r\n")},
		{"a redirect to nowhere", answering("HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\nLocation: \xff://\xff\r\n\r\n")},
		{"resty", func(t *testing.T, cfg httpclient.Config) {
			httpclient.Resty(resty.New().SetTransport(fakeAnswers()).SetLogger(quiet{}), cfg).R().Get("http://%ff.example/\xff")
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rec := newRecorder(t, sdktrace.AlwaysSample())
			tt.send(t, rec.config())
			spans := rec.spans(t, len(rec.Started()))
			require.NotEmpty(t, spans, "spans")
			for _, s := range spans {
				assertUTF8(t, s)
				assert.NotContains(t, s.text(), canary, "text of the span")
				assert.LessOrEqual(t, len(s.text()), 4*clip.Max, "bytes of text in the span")
			}
		})
	}
}
