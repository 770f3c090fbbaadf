package httpclient_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"example.com/clew/httpclient"
	"example.com/clew/internal/seam"
	"example.com/clew/internal/testkit"
	"example.com/clew/internal/torture"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/go-resty/resty/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// logged(l) returns a Config whose lines go to l, through a logger with logctx's hook.
func logged(l *testkit.Log) httpclient.Config {
	logger := logctx.New(l)
	return httpclient.Config{CallLog: &httpclient.CallLogConfig{Logger: &logger}}
}

// callLine is the part of a line that shows the outcome of the call.
type callLine struct {
	level  string
	status int
	err    string // a part of the line's error; "": there is no error
	body   bool   // there is body_ms
}

// secretURL is a URL with each kind of secret.
const secretURL = "http://u5er:" + canary + "@first.example/path?token=" + canary + "&q=1#" + canary

var errQuoting = func(r *http.Request) error {
	return fmt.Errorf("not via %s: %q, %s, %s, %v", r.URL, r.URL.RawQuery, r.URL.User, r.URL.Redacted(), &url.Error{Op: "Get", URL: r.URL.String(), Err: io.EOF})
}

// outcomes are ways in which a call may end.
var outcomes = []struct {
	name    string
	method  string
	url     string // "": secretURL
	handler http.HandlerFunc
	change  func(testing.TB, *http.Transport)
	base    testkit.RoundTripper
	ctx     func(context.Context) (context.Context, context.CancelFunc)
	want    []callLine
	resty   []callLine // the lines with resty; nil: as in want
}{
	{name: "ok", want: []callLine{{"info", 200, "", true}}},
	{name: "warn", handler: status(404), want: []callLine{{"warn", 404, "", false}}},
	{name: "error", handler: status(503), want: []callLine{{"error", 503, "", false}}},
	{name: "HEAD", method: http.MethodHead, want: []callLine{{"info", 200, "", false}}},
	{name: "no content", handler: status(204), want: []callLine{{"info", 204, "", false}}},
	{name: "a redirect", url: chainOf("u5er:"+canary+"@first.example", "second.example")[0],
		handler: chain(302, chainOf("first.example", "u5er:"+canary+"@second.example")...),
		want:    []callLine{{"info", 302, "", false}, {"info", 200, "", true}}},
	{name: "endless redirects", handler: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.URL.Path+"?"+canary)
		w.WriteHeader(307)
	},
		want:  slices.Repeat([]callLine{{"info", 307, "", false}}, 10),
		resty: append(slices.Repeat([]callLine{{"info", 307, "", false}}, 9), callLine{"error", 307, "stopped after 10 redirects", false})},
	{name: "a malformed Location", handler: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", "http://u5er:"+canary+"@[first")
		w.WriteHeader(302)
	},
		want: []callLine{{"info", 302, "", false}}, resty: []callLine{{"error", 0, "malformed Location header", false}}},
	{name: "a refused connection", change: func(_ testing.TB, base *http.Transport) {
		base.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return nil, err
			}
			l.Close()
			return new(net.Dialer).DialContext(ctx, network, l.Addr().String())
		}
	}, want: []callLine{{"error", 0, "refused", false}}},
	{name: "no such host", change: func(_ testing.TB, base *http.Transport) {
		resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errBase }}
		base.DialContext = (&net.Dialer{Resolver: resolver}).DialContext
	}, want: []callLine{{"error", 0, "lookup first.example", false}}},
	{name: "an untrusted certificate", url: "https://u5er:" + canary + "@first.example/path?" + canary, change: func(t testing.TB, base *http.Transport) {
		server := httptest.NewUnstartedServer(nil)
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		t.Cleanup(server.Close)
		base.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
		}
	}, want: []callLine{{"error", 0, "certificate", false}}},
	{name: "a timeout", handler: hanging, ctx: func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, 20*time.Millisecond)
	}, want: []callLine{{"error", 0, "deadline exceeded", false}}},
	{name: "http.Client's Timeout", base: func(*http.Request) (*http.Response, error) { return nil, errStopped }, ctx: late,
		want: []callLine{{"error", 0, "deadline exceeded", false}}, resty: []callLine{{"error", 0, "request canceled", false}}},
	{name: "http.Client's Timeout, in the body", base: func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Body: io.NopCloser(iotest.ErrReader(fmt.Errorf("%w while waiting", errStopped)))}, nil
	}, ctx: late, want: []callLine{{"error", 200, "deadline exceeded", true}}},
	{name: "the error of http.Client's Timeout, but no deadline", base: func(*http.Request) (*http.Response, error) { return nil, errStopped },
		want: []callLine{{"error", 0, "request canceled", false}}},
	{name: "another error, after the deadline", base: func(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }, ctx: late,
		want: []callLine{{"error", 0, "unexpected EOF", false}}},
	{name: "the caller gives up", handler: hanging, ctx: canceling(context.Canceled), want: []callLine{{"info", 0, "canceled", false}}},
	{name: "the caller gives up, with a cause", handler: hanging, ctx: canceling(errors.New("shutting down")), want: []callLine{{"info", 0, "n", false}}},
	{name: "a malformed answer", handler: raw("HTTP/1.1 2x0 http://u5er:" + canary + "@h?" + canary + "\r\n\r\n"), want: []callLine{{"error", 0, "malformed HTTP", false}}},
	{name: "no answer", handler: raw(""), want: []callLine{{"error", 0, "EOF", false}}},
	{name: "a broken body", handler: raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"),
		want: []callLine{{"error", 200, "unexpected EOF", true}}},
	{name: "an error that quotes the request", base: func(r *http.Request) (*http.Response, error) { return nil, errQuoting(r) },
		want: []callLine{{"error", 0, "EOF", false}}},
	{name: "an error inside of two url.Errors", base: func(r *http.Request) (*http.Response, error) {
		return nil, fmt.Errorf("twice: %w", &url.Error{Op: "Get", URL: r.URL.String(), Err: &url.Error{Op: "parse", URL: canary, Err: errors.New(canary)}})
	}, want: []callLine{{"error", 0, "malformed URL", false}}},
	{name: "a cancellation that is not the caller's", base: func(*http.Request) (*http.Response, error) { return nil, fmt.Errorf("queue: %w", context.Canceled) },
		want: []callLine{{"info", 0, "queue: context canceled", false}}},
	{name: "neither response nor error", base: func(*http.Request) (*http.Response, error) { return nil, nil },
		want: []callLine{{"error", 0, "neither response nor error", false}}, resty: []callLine{{"error", 0, "nil *Response with a nil error", false}}},
	{name: "a panic", base: func(*http.Request) (*http.Response, error) { panic("u5er:" + canary) }, want: []callLine{{"error", 0, "panic", false}}},
	{name: "a panic with an error", base: func(*http.Request) (*http.Response, error) { panic(http.ErrAbortHandler) }, want: []callLine{{"error", 0, "panic", false}}},
	{name: "runtime.Goexit", base: func(*http.Request) (*http.Response, error) { runtime.Goexit(); return nil, nil },
		want: []callLine{{"error", 0, "runtime.Goexit", false}}, resty: []callLine{}},
}

// errStopped is net/http's error for a request whose Cancel was closed.
var errStopped = errors.New("net/http: request canceled")

func late(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithDeadline(ctx, time.Unix(1, 0))
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// hanging does not answer before the client has gone.
func hanging(_ http.ResponseWriter, r *http.Request) {
	if cancel, ok := gone.Load(r.URL.Path); ok {
		cancel.(func())()
	}
	<-r.Context().Done()
}

// The map gone holds, for a path, a function that cancels the request. When a request with this
// path has arrived, hanging calls the function.
var gone sync.Map

func canceling(cause error) func(context.Context) (context.Context, context.CancelFunc) {
	return func(ctx context.Context) (context.Context, context.CancelFunc) {
		ctx, cancel := context.WithCancelCause(ctx)
		gone.Store("/path", func() { cancel(cause) })
		return ctx, func() { gone.Delete("/path"); cancel(nil) }
	}
}

// raw returns a handler that answers with the bytes of text and closes the connection.
func raw(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		io.WriteString(conn, text)
		conn.Close()
	}
}

// senders are the ways to send a request.
var senders = []struct {
	name   string
	client func(base http.RoundTripper, cfg httpclient.Config) func(ctx context.Context, method, url string) error
	resty  bool
	bodies bool // the line waits for the body
}{
	{"net/http", func(base http.RoundTripper, cfg httpclient.Config) func(context.Context, string, string) error {
		c := httpclient.Wrap(&http.Client{Transport: base}, cfg)
		return func(ctx context.Context, method, url string) error {
			r, err := http.NewRequestWithContext(ctx, method, url, nil)
			if err != nil {
				return err
			}
			resp, err := c.Do(r)
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, resp.Body)
			return errors.Join(err, resp.Body.Close())
		}
	}, false, true},
	{"resty", func(base http.RoundTripper, cfg httpclient.Config) func(context.Context, string, string) error {
		c := httpclient.Resty(resty.New().SetTransport(base).SetLogger(quiet{}), cfg)
		return func(ctx context.Context, method, url string) error {
			_, err := c.R().SetContext(ctx).Execute(method, url)
			return err
		}
	}, true, false},
	{"resty, response not parsed", func(base http.RoundTripper, cfg httpclient.Config) func(context.Context, string, string) error {
		c := httpclient.Resty(resty.New().SetTransport(base).SetLogger(quiet{}).SetDoNotParseResponse(true), cfg)
		return func(ctx context.Context, method, url string) error {
			resp, err := c.R().SetContext(ctx).Execute(method, url)
			if err != nil {
				return err
			}
			_, err = io.Copy(io.Discard, resp.RawBody())
			return errors.Join(err, resp.RawBody().Close())
		}
	}, true, true},
}

// Each attempt has a line with the attempt's outcome, and with the IDs that the server got. No
// line and no span has a secret.
func TestCallLog(t *testing.T) {
	for _, sender := range senders {
		for _, tt := range outcomes {
			t.Run(sender.name+"/"+tt.name, func(t *testing.T) {
				var l testkit.Log
				w := newWorld(t, tt.handler)
				base := http.RoundTripper(tt.base)
				if tt.base == nil {
					real := w.transport(t)
					if tt.change != nil {
						tt.change(t, real)
					}
					base = real
				}
				rec := newRecorder(t, sdktrace.AlwaysSample())
				cfg := logged(&l)
				cfg.TracerProvider, cfg.Propagate = rec.provider, func(*http.Request) bool { return true }
				send := sender.client(base, cfg)
				ctx, cancel := testkit.Request(), context.CancelFunc(func() {})
				if tt.ctx != nil {
					ctx, cancel = tt.ctx(ctx)
				}
				defer cancel()
				method, target := tt.method, tt.url
				if method == "" {
					method = http.MethodGet
				}
				if target == "" {
					target = secretURL
				}
				trying(func() (*http.Response, error) { return nil, send(ctx, method, target) })

				want := tt.want
				if sender.resty && tt.resty != nil {
					want = tt.resty
				}
				got, seen := l.TakeLines(t), w.take()
				require.Len(t, got, len(want), "lines: %v", got)
				for i, line := range got {
					call := fmt.Sprintf("line %d of %d, %v", i+1, len(got), line)
					assert.Equal(t, "call", line["message"], call)
					assert.Equal(t, method, line["method"], call)
					assert.Equal(t, float64(i+1), line["attempt"], call)
					assert.Equal(t, id128, line["trace_id"], call)
					assert.Equal(t, spanID, line["parent_id"], call)
					assert.Equal(t, true, line["sampled"], call)
					if i < len(seen) {
						assert.Equal(t, seen[i].spanID(), line["span_id"], call)
						u := testkit.Must(url.Parse(seen[i].url))
						assert.Equal(t, u.Host+u.Path, fmt.Sprint(line["host"], line["path"]), call)
					} else {
						assert.Len(t, line["span_id"], 16, call)
						assert.Equal(t, []any{"first.example", "/path"}, []any{line["host"], line["path"]}, call)
					}
					assert.Equal(t, want[i].level, line["level"], call)
					assert.Equal(t, want[i].status != 0, line["status"] != nil, call)
					if want[i].status != 0 {
						assert.EqualValues(t, want[i].status, line["status"], call)
					}
					assert.IsType(t, 0., line["duration_ms"], call)
					assert.Equal(t, want[i].body && sender.bodies, line["body_ms"] != nil, call)
					if want[i].err == "" {
						assert.NotContains(t, line, "error", call)
					} else {
						assert.Contains(t, line["error"], want[i].err, call)
					}
					assert.NotContains(t, fmt.Sprint(line), canary, call)
					assert.NotContains(t, fmt.Sprint(line), "u5er", call)
				}
				for _, s := range rec.Ended() {
					if !strings.HasPrefix(tt.name, "a panic") {
						assert.NotContains(t, recorded{s}.text(), canary, "span")
						assert.NotContains(t, recorded{s}.text(), "u5er", "span")
					}
				}
			})
		}
	}
}

// roundTrip sends a request for secretURL in ctx over base, with method.
func roundTrip(t testing.TB, ctx context.Context, cfg httpclient.Config, method string, base testkit.RoundTripper) (*http.Response, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, secretURL, nil)
	require.NoError(t, err)
	return httpclient.NewTransport(base, cfg).RoundTrip(r)
}

// failingBody is a body that ends with err after the text.
type failingBody struct {
	io.Reader
	err    error
	closed int
}

func (b *failingBody) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err == io.EOF {
		err = b.err
	}
	return n, err
}

func (b *failingBody) Close() error { b.closed++; return nil }

// Each call has one line. It is written when the body has been read to its end, has failed or was
// closed, and at once if there is no body.
func TestCallLogBody(t *testing.T) {
	readAll := func(body io.ReadCloser) { io.Copy(io.Discard, body) }
	readOne := func(body io.ReadCloser) { body.Read(make([]byte, 1)) }
	closed := func(body io.ReadCloser) { body.Close() }
	atOnce := -1
	for _, tt := range []struct {
		name   string
		method string
		status int
		body   io.ReadCloser
		err    error // the base's error
		does   []func(io.ReadCloser)
		after  int // the line is written after the step does[after]; atOnce: before all steps
		says   string
		bodyMS bool
	}{
		{"read to the end", "GET", 200, &failingBody{strings.NewReader("text"), io.EOF, 0}, nil, []func(io.ReadCloser){readOne, readAll, readOne, closed, closed}, 1, "", true},
		{"failed", "GET", 200, &failingBody{strings.NewReader("text"), errBase, 0}, nil, []func(io.ReadCloser){readOne, readAll, readAll, closed}, 1, "base has failed", true},
		{"failed, with an error that quotes the request", "GET", 200, &failingBody{strings.NewReader(""), errors.New("token=" + canary + "&q=1"), 0}, nil, []func(io.ReadCloser){readAll}, 0, "…", true},
		{"closed early", "GET", 200, &failingBody{strings.NewReader("text"), io.EOF, 0}, nil, []func(io.ReadCloser){readOne, closed, readAll, closed}, 1, "", true},
		{"never read", "GET", 200, &failingBody{strings.NewReader("text"), io.EOF, 0}, nil, []func(io.ReadCloser){closed, closed}, 0, "", true},
		{"no body", "GET", 200, http.NoBody, nil, []func(io.ReadCloser){readAll, closed}, atOnce, "", false},
		{"a nil body", "GET", 200, nil, nil, nil, atOnce, "", false},
		{"a body of an answer to HEAD", "HEAD", 200, &failingBody{strings.NewReader(""), io.EOF, 0}, nil, []func(io.ReadCloser){readAll, closed}, atOnce, "", false},
		{"a body of a 204", "GET", 204, &failingBody{strings.NewReader(""), io.EOF, 0}, nil, []func(io.ReadCloser){closed}, atOnce, "", false},
		{"a body of a 304", "GET", 304, &failingBody{strings.NewReader(""), io.EOF, 0}, nil, []func(io.ReadCloser){closed}, atOnce, "", false},
		{"a response with an error", "GET", 502, &failingBody{strings.NewReader("text"), io.EOF, 0}, errBase, []func(io.ReadCloser){readAll, closed}, atOnce, "base has failed", false},
	} {
		for name, provider := range map[string]*recorder{"recorded": newRecorder(t, sdktrace.AlwaysSample()), "not recorded": nil} {
			t.Run(tt.name+", "+name, func(t *testing.T) {
				var l testkit.Log
				cfg := logged(&l)
				if provider != nil {
					cfg.TracerProvider = provider.provider
				}
				if b, ok := tt.body.(*failingBody); ok { // a new body for each subtest
					tt.body = &failingBody{strings.NewReader("text"), b.err, 0}
				}
				resp, err := roundTrip(t, testkit.Request(), cfg, tt.method, func(r *http.Request) (*http.Response, error) {
					a := answer(r, tt.status, "")
					a.Body = tt.body
					return a, tt.err
				})
				require.Equal(t, tt.err, err)
				var taken []map[string]any
				check := func(step int) {
					now := l.TakeLines(t)
					if step == tt.after {
						require.Len(t, now, 1, "lines after step %d", step)
						taken = now
					} else {
						require.Empty(t, now, "lines after step %d", step)
					}
				}
				check(atOnce)
				for step, do := range tt.does {
					do(resp.Body)
					check(step)
				}
				require.Len(t, taken, 1)
				assert.Equal(t, tt.bodyMS, taken[0]["body_ms"] != nil, "body_ms of %v", taken[0])
				assert.EqualValues(t, tt.status, taken[0]["status"])
				if tt.says == "" {
					assert.NotContains(t, taken[0], "error")
				} else {
					assert.Equal(t, tt.says, taken[0]["error"])
					assert.Equal(t, "error", taken[0]["level"])
				}
				if provider != nil {
					provider.one(t)
					assert.NotContains(t, provider.one(t).text(), canary)
				}
			})
		}
	}
}

// A body's error may quote the request. Neither the span nor the line has the quoted part.
func TestBodyErrorsQuoting(t *testing.T) {
	for _, sender := range senders {
		for name, skip := range map[string]bool{"a line": false, "no line": true} {
			t.Run(sender.name+", "+name, func(t *testing.T) {
				var l testkit.Log
				rec := newRecorder(t, sdktrace.AlwaysSample())
				cfg := logged(&l)
				cfg.TracerProvider, cfg.CallLog.Skip = rec.provider, func(*http.Request) bool { return skip }
				err := sender.client(testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
					a := answer(r, 200, "")
					a.Body = &failingBody{strings.NewReader("text"), fmt.Errorf("after %s: %w", r.URL.RawQuery, errBase), 0}
					return a, nil
				}), cfg)(testkit.Request(), http.MethodGet, secretURL)
				require.ErrorIs(t, err, errBase)
				span := rec.one(t)
				assert.Equal(t, "after …: base has failed", span.Status().Description)
				assert.NotContains(t, span.text(), canary)
				for _, line := range l.TakeLines(t) {
					assert.Equal(t, "after …: base has failed", line["error"])
				}
			})
		}
	}
}

// For HTTP/2, net/http has a type of its own for a missing body. The line does not wait for the
// end of such a body.
func TestCallLogBodyHTTP2(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, r.URL.RawQuery)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	for _, tt := range []struct{ name, body string }{{"no body", ""}, {"a body", "text"}} {
		t.Run(tt.name, func(t *testing.T) {
			var l testkit.Log
			r, err := http.NewRequestWithContext(testkit.Request(), http.MethodGet, server.URL+"/?"+tt.body, nil)
			require.NoError(t, err)
			resp, err := httpclient.Wrap(server.Client(), logged(&l)).Do(r)
			require.NoError(t, err)
			require.Equal(t, "HTTP/2.0", resp.Proto)
			atOnce := l.TakeLines(t)
			text, err := io.ReadAll(resp.Body)
			require.NoError(t, errors.Join(err, resp.Body.Close()))
			require.Equal(t, tt.body, string(text))
			atEnd := l.TakeLines(t)
			require.Len(t, append(atOnce, atEnd...), 1, "lines: %v, %v", atOnce, atEnd)
			if tt.body == "" {
				require.Len(t, atOnce, 1, "lines before the end")
				assert.NotContains(t, atOnce[0], "body_ms")
			} else {
				require.Len(t, atEnd, 1, "lines at the end")
				assert.Contains(t, atEnd[0], "body_ms")
			}
		})
	}
}

// The body of a 101 can be written to. The line is written when that body is closed.
func TestCallLogUpgrade(t *testing.T) {
	var l testkit.Log
	w := newWorld(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n")
		one := make([]byte, 1)
		io.ReadFull(conn, one)
		conn.Write(one)
	})
	r, err := http.NewRequestWithContext(testkit.Request(), http.MethodGet, "http://first.example/", nil)
	require.NoError(t, err)
	r.Header = http.Header{"Connection": {"upgrade"}, "Upgrade": {"echo"}}
	resp, err := w.client(t, logged(&l)).Do(r)
	require.NoError(t, err)
	conn, ok := resp.Body.(io.ReadWriteCloser)
	require.True(t, ok, "%T is an io.ReadWriteCloser", resp.Body)
	_, err = io.WriteString(conn, "x")
	require.NoError(t, err)
	one := make([]byte, 1)
	_, err = io.ReadFull(conn, one)
	require.NoError(t, err)
	assert.Equal(t, "x", string(one))
	assert.Empty(t, l.TakeLines(t), "lines before the end")
	require.NoError(t, conn.Close())
	line := l.TakeLine(t)
	assert.EqualValues(t, 101, line["status"])
	assert.NotNil(t, line["body_ms"])
}

// duration_ms lasts until the header, and body_ms until the end of the body, from the same
// beginning. resty reads the body itself, so there duration_ms lasts until the end of the body.
func TestCallLogDurations(t *testing.T) {
	for _, sender := range senders {
		t.Run(sender.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var l testkit.Log
				base := testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
					time.Sleep(30 * time.Millisecond)
					a := answer(r, 200, "")
					a.Body = io.NopCloser(io.MultiReader(slowly(50*time.Millisecond), slowly(20*time.Millisecond)))
					return a, nil
				})
				require.NoError(t, sender.client(base, logged(&l))(testkit.Request(), http.MethodGet, "http://first.example/"))
				line := l.TakeLine(t)
				if sender.bodies {
					assert.Equal(t, []any{30., 100.}, []any{line["duration_ms"], line["body_ms"]})
				} else {
					assert.Equal(t, []any{100., nil}, []any{line["duration_ms"], line["body_ms"]})
				}
				assert.Equal(t, time.Now().UTC().Format("2006-01-02T15:04:05.000"), strings.TrimRight(line["time"].(string)[:23], "Z"), "time of the line")
			})
		})
	}
}

// slowly(d) returns a reader that ends after d.
func slowly(d time.Duration) io.Reader {
	return readerFunc(func([]byte) (int, error) { time.Sleep(d); return 0, io.EOF })
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// Level gets the status and the error that the caller gets.
func TestCallLogLevel(t *testing.T) {
	type asked struct {
		status int
		err    error
	}
	for _, sender := range senders {
		t.Run(sender.name, func(t *testing.T) {
			var l testkit.Log
			var got []asked
			cfg := logged(&l)
			cfg.CallLog.Level = func(status int, err error) slog.Level {
				got = append(got, asked{status, err})
				return slog.LevelDebug + slog.Level(8*len(got)-8) // debug, warn, …
			}
			send := sender.client(testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
				if r.URL.Path == "/err" {
					return nil, errBase
				}
				return answer(r, 418, "text"), nil
			}), cfg)
			require.NoError(t, send(testkit.Request(), http.MethodGet, "http://first.example/"))
			require.ErrorIs(t, send(testkit.Request(), http.MethodGet, "http://first.example/err"), errBase)
			require.Len(t, got, 2)
			assert.Equal(t, asked{418, nil}, got[0])
			assert.Zero(t, got[1].status)
			assert.ErrorIs(t, got[1].err, errBase)
			with := (*resty.ResponseError)(nil)
			assert.False(t, errors.As(got[1].err, &with), "the error is the one that resty's hooks get, and not the one that the caller gets")
			taken := l.TakeLines(t)
			require.Len(t, taken, 2)
			assert.Equal(t, []any{"debug", "warn"}, []any{taken[0]["level"], taken[1]["level"]})
		})
	}
}

// An attempt that is skipped has no line, but has IDs. Skip is called once for each attempt,
// before the attempt is sent.
func TestCallLogSkip(t *testing.T) {
	for _, sender := range senders {
		t.Run(sender.name, func(t *testing.T) {
			var l testkit.Log
			var asked []string
			w := newWorld(t, chain(302, chainOf("first.example", "first.example", "first.example")...))
			cfg := logged(&l)
			cfg.CallLog.Skip = func(r *http.Request) bool {
				asked = append(asked, r.Method+" "+r.URL.Host+r.URL.Path)
				require.Len(t, w.seen, len(asked)-1, "requests that have arrived")
				b, ok := trace.FromContext(r.Context())
				assert.True(t, ok && b.TraceID.String() == id128, "the request's context is in the trace")
				return r.URL.Path == "/1"
			}
			require.NoError(t, sender.client(w.transport(t), cfg)(testkit.Request(), http.MethodGet, "http://first.example/0"))
			seen := w.take()
			assertSiblings(t, seen, id128, spanID)
			assert.Equal(t, []string{"GET first.example/0", "GET first.example/1", "GET first.example/2"}, asked)
			taken := l.TakeLines(t)
			require.Len(t, taken, 2, "lines: %v", taken)
			for i, of := range []int{0, 2} {
				assert.Equal(t, seen[of].spanID(), taken[i]["span_id"])
				assert.EqualValues(t, of+1, taken[i]["attempt"])
			}
		})
	}
}

// jsonOf returns a slog logger without logctx's handler.
func jsonOf(w io.Writer) *slog.Logger {
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// The fields of one attempt's line, under the names of three logctx.Configs. The span's own ID is
// left out.
var (
	plainLine = map[string]any{"message": "call", "method": "GET", "host": "first.example", "path": "/path",
		"status": 404., "attempt": 1., "trace_id": id128, "parent_id": spanID, "sampled": true}
	datadogLine = map[string]any{"message": "call", "http.method": "GET", "http.url_details.host": "first.example",
		"http.url_details.path": "/path", "http.status_code": 404., "attempt": 1.,
		"dd.trace_id": testkit.DecimalLow, "dd.parent_id": testkit.DecimalSpan, "sampled": true}
	googleLine = map[string]any{"message": "call", "host": "first.example", "attempt": 1., "parent_id": spanID,
		"logging.googleapis.com/trace": "projects/p/traces/" + id128, "logging.googleapis.com/trace_sampled": true}
)

// viaSlog returns line with slog's key for the message.
func viaSlog(line map[string]any) map[string]any {
	line = maps.Clone(line)
	line["msg"] = line["message"]
	delete(line, "message")
	return line
}

// lineLoggers are loggers that call lines may go to.
var lineLoggers = []struct {
	name string
	cfg  func(w io.Writer, cfg *httpclient.CallLogConfig)
	ctx  func(ctx context.Context, w io.Writer) context.Context
	want map[string]any
}{
	{"with logctx's hook", func(w io.Writer, cfg *httpclient.CallLogConfig) { l := logctx.New(w); cfg.Logger = &l }, nil, plainLine},
	{"without a hook", func(w io.Writer, cfg *httpclient.CallLogConfig) { l := zerolog.New(w); cfg.Logger = &l }, nil, plainLine},
	{"Datadog", func(w io.Writer, cfg *httpclient.CallLogConfig) {
		l := zerolog.New(w).Hook(logctx.Hook(logctx.Datadog()))
		cfg.Logger = &l
	}, nil, datadogLine},
	{"Google Cloud", func(w io.Writer, cfg *httpclient.CallLogConfig) {
		l := zerolog.New(w).Hook(logctx.Hook(logctx.GoogleCloud("p")))
		cfg.Logger = &l
	}, nil, googleLine},
	{"slog, with logctx's handler", func(w io.Writer, cfg *httpclient.CallLogConfig) {
		cfg.Slog = slog.New(logctx.Slog(slog.NewJSONHandler(w, nil), logctx.Config{}))
	}, nil, viaSlog(plainLine)},
	{"slog, Datadog", func(w io.Writer, cfg *httpclient.CallLogConfig) {
		cfg.Slog = slog.New(logctx.Slog(slog.NewJSONHandler(w, nil), logctx.Datadog()))
	}, nil, viaSlog(datadogLine)},
	{"slog, Datadog, behind another handler", func(w io.Writer, cfg *httpclient.CallLogConfig) {
		cfg.Slog = slog.New(testkit.MultiHandler(jsonOf(io.Discard).Handler(), logctx.Slog(slog.NewJSONHandler(w, nil), logctx.Datadog())))
	}, nil, viaSlog(datadogLine)},
	{"slog, with another handler", func(w io.Writer, cfg *httpclient.CallLogConfig) { cfg.Slog = jsonOf(w) }, nil, viaSlog(plainLine)},
	{"the context's logger", nil, func(ctx context.Context, w io.Writer) context.Context { return testkit.Hooked(w).WithContext(ctx) }, plainLine},
	{"the context's logger, without a hook", nil, func(ctx context.Context, w io.Writer) context.Context { return zerolog.New(w).WithContext(ctx) }, plainLine},
	{"the context's slog logger", nil, func(ctx context.Context, w io.Writer) context.Context {
		return context.WithValue(ctx, seam.SlogKey{}, jsonOf(w))
	}, viaSlog(plainLine)},
	{"the context's two loggers", nil, func(ctx context.Context, w io.Writer) context.Context {
		return testkit.Hooked(w).WithContext(context.WithValue(ctx, seam.SlogKey{}, jsonOf(io.Discard)))
	}, plainLine},
	{"the program's default logger", nil, func(ctx context.Context, w io.Writer) context.Context {
		l := testkit.Hooked(w)
		zerolog.DefaultContextLogger = &l
		return ctx
	}, plainLine},
	{"Logger, and not the context's logger", func(w io.Writer, cfg *httpclient.CallLogConfig) { l := logctx.New(w); cfg.Logger = &l },
		func(ctx context.Context, w io.Writer) context.Context { return testkit.Hooked(w).WithContext(ctx) }, plainLine},
}

// The line goes to the logger that the documentation names. It has each ID once, under the key
// that this logger uses.
func TestCallLogLoggers(t *testing.T) {
	for _, tt := range lineLoggers {
		for _, sender := range senders {
			t.Run(sender.name+"/"+tt.name, func(t *testing.T) {
				before := zerolog.DefaultContextLogger
				defer func() { zerolog.DefaultContextLogger = before }()
				var l testkit.Log
				cfg := httpclient.CallLogConfig{}
				if tt.cfg != nil {
					tt.cfg(&l, &cfg)
				}
				ctx := testkit.Request()
				if tt.ctx != nil {
					ctx = tt.ctx(ctx, &l)
				}
				w := newWorld(t, status(404))
				require.NoError(t, sender.client(w.transport(t), httpclient.Config{CallLog: &cfg})(ctx, http.MethodGet, secretURL))
				text := l.String()
				line := l.TakeLine(t)
				sent := w.takeOne(t)
				for key, want := range tt.want {
					assert.Equal(t, want, line[key], "%s of %s", key, text)
					assert.Equal(t, 1, strings.Count(text, `"`+key+`":`), "number of times that the key %s is in %s", key, text)
				}
				assert.Contains(t, strings.ToLower(fmt.Sprint(line["level"], line["severity"])), "warn")
				ids := fmt.Sprint(line["span_id"], line["dd.span_id"], line["logging.googleapis.com/spanId"])
				if line["dd.span_id"] == nil {
					assert.Contains(t, ids, sent.spanID(), "the span's ID in %s", text)
				} else {
					assert.Contains(t, ids, fmt.Sprint(binary.BigEndian.Uint64(sent.b3.SpanID[:])), "the span's ID in %s", text)
				}
				assert.NotContains(t, text, canary)
			})
		}
	}
}

// In a debug trace lines from level debug on are written, whatever the logger's level is. In
// other traces the logger's level applies.
func TestCallLogDebug(t *testing.T) {
	for _, sender := range senders {
		for _, tt := range []struct {
			name string
			cfg  func(w io.Writer) httpclient.CallLogConfig
		}{
			{"zerolog", func(w io.Writer) httpclient.CallLogConfig {
				l := logctx.New(w).Level(zerolog.ErrorLevel).Sample(&zerolog.BasicSampler{N: 1000})
				return httpclient.CallLogConfig{Logger: &l}
			}},
			{"zerolog, without a hook", func(w io.Writer) httpclient.CallLogConfig {
				l := zerolog.New(w).Level(zerolog.ErrorLevel)
				return httpclient.CallLogConfig{Logger: &l}
			}},
			{"slog", func(w io.Writer) httpclient.CallLogConfig {
				return httpclient.CallLogConfig{Slog: slog.New(logctx.Slog(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: slog.LevelError}), logctx.Config{}))}
			}},
			{"slog, with another handler", func(w io.Writer) httpclient.CallLogConfig { return httpclient.CallLogConfig{Slog: jsonOf(w)} }},
			{"the context's slog logger", func(io.Writer) httpclient.CallLogConfig { return httpclient.CallLogConfig{} }},
		} {
			t.Run(sender.name+"/"+tt.name, func(t *testing.T) {
				for _, state := range []string{"d", "1", "0"} {
					for level, heard := range map[slog.Level]bool{slog.LevelDebug: true, slog.LevelInfo: true, slog.LevelDebug - 4: false} {
						var l testkit.Log
						cfg := tt.cfg(&l)
						cfg.Level = func(int, error) slog.Level { return level }
						send := sender.client(newWorld(t, nil).transport(t), httpclient.Config{CallLog: &cfg})
						ctx := testkit.Context(id128 + "-" + spanID + "-" + state)
						if tt.name == "the context's slog logger" {
							ctx = context.WithValue(ctx, seam.SlogKey{}, jsonOf(&l))
						}
						require.NoError(t, send(ctx, http.MethodGet, secretURL))
						want := 0
						if state == "d" && heard {
							want = 1
						}
						assert.Len(t, l.TakeLines(t), want, "lines at %v of a trace with state %s", level, state)
					}
				}
			})
		}
	}
}

// The line has the key "sampled" if the trace is sampled.
func TestCallLogSampled(t *testing.T) {
	for state, want := range map[string]any{"1": true, "d": true, "0": nil} {
		var l testkit.Log
		_, err := roundTrip(t, testkit.Context(id128+"-"+spanID+"-"+state), logged(&l), http.MethodGet, newFake().RoundTrip)
		require.NoError(t, err)
		assert.Equal(t, want, l.TakeLine(t)["sampled"], "sampled, for state %s", state)
	}
}

// A Config with two loggers panics.
func TestCallLogBothLoggers(t *testing.T) {
	logger := zerolog.Nop()
	cfg := httpclient.Config{CallLog: &httpclient.CallLogConfig{Logger: &logger, Slog: slog.Default()}}
	const message = "httpclient: CallLogConfig: both Logger and Slog are set"
	assert.PanicsWithValue(t, message, func() { httpclient.NewTransport(nil, cfg) })
	assert.PanicsWithValue(t, message, func() { httpclient.Wrap(http.DefaultClient, cfg) })
	assert.PanicsWithValue(t, message, func() { httpclient.Resty(resty.New(), cfg) })
}

// The configuration is copied.
func TestCallLogConfigCopied(t *testing.T) {
	var l testkit.Log
	cfg := logged(&l)
	base := newFake()
	client := httpclient.NewTransport(base, cfg)
	*cfg.CallLog.Logger = zerolog.Nop()
	*cfg.CallLog = httpclient.CallLogConfig{Skip: func(*http.Request) bool { return true }}
	_, err := client.RoundTrip(trip(t, "", nil))
	require.NoError(t, err)
	l.TakeLine(t)
}

// Each attempt of resty's has a line, even an attempt that was never sent.
func TestCallLogRetries(t *testing.T) {
	var l testkit.Log
	w := newWorld(t, failing(2))
	c := w.resty(t, logged(&l)).SetRetryCount(3).AddRetryCondition(sayServerError)
	resp, err := c.R().SetContext(testkit.Request()).Get(secretURL)
	require.NoError(t, err)
	require.Equal(t, 200, resp.StatusCode())
	seen, taken := w.take(), l.TakeLines(t)
	require.Len(t, seen, 3)
	require.Len(t, taken, 3, "lines: %v", taken)
	for i, line := range taken {
		assert.Equal(t, seen[i].spanID(), line["span_id"])
		assert.EqualValues(t, i+1, line["attempt"])
		assert.EqualValues(t, []int{503, 503, 200}[i], line["status"])
		assert.Equal(t, []string{"error", "error", "info"}[i], line["level"])
	}

	calls := 0
	c = w.resty(t, logged(&l)).SetRetryCount(3).AddRetryCondition(sayServerErrorOrNone)
	c.OnBeforeRequest(func(*resty.Client, *resty.Request) error {
		if calls++; calls == 1 {
			return errBase
		}
		return nil
	})
	_, err = c.R().SetContext(testkit.Request()).Get(secretURL)
	require.NoError(t, err)
	taken = l.TakeLines(t)
	require.Len(t, taken, 2, "lines: %v", taken)
	assert.Equal(t, []any{"not sent", nil}, []any{taken[0]["error"], taken[1]["error"]})
	assert.Equal(t, []any{nil, 200.}, []any{taken[0]["status"], taken[1]["status"]})
	for i, line := range taken {
		assert.Equal(t, []any{"first.example", "/path", float64(i + 1)}, []any{line["host"], line["path"], line["attempt"]})
	}
	assert.Equal(t, w.takeOne(t).spanID(), taken[1]["span_id"])

	_, err = w.resty(t, logged(&l)).R().SetContext(testkit.Request()).Get("http://u5er:" + canary + "@[first/path?" + canary)
	require.Error(t, err)
	line := l.TakeLine(t)
	assert.Equal(t, "malformed URL", line["error"])
	assert.NotContains(t, fmt.Sprint(line), canary)
}

// If a request is used again, and resty fails to make it, the line has the URL of this send, and
// not that of the send before.
func TestCallLogRestyNotMade(t *testing.T) {
	var l testkit.Log
	c := newWorld(t, nil).resty(t, logged(&l))
	fails := false
	c.OnBeforeRequest(func(*resty.Client, *resty.Request) error {
		if fails {
			return errBase
		}
		return nil
	})
	r := c.R().SetContext(testkit.Request()).SetPathParam("what", "a b")
	_, err := r.Get("http://first.example/{what}")
	require.NoError(t, err)
	fails = true
	_, err = r.Get("http://second.example/x/{what}?" + canary)
	require.ErrorIs(t, err, errBase)
	taken := l.TakeLines(t)
	require.Len(t, taken, 2, "lines: %v", taken)
	assert.Equal(t, []any{"first.example", "/a b", nil}, []any{taken[0]["host"], taken[0]["path"], taken[0]["error"]})
	assert.Equal(t, []any{"second.example", "/x/a b", "base has failed"}, []any{taken[1]["host"], taken[1]["path"], taken[1]["error"]})
}

func sayServerErrorOrNone(resp *resty.Response, err error) bool {
	return err != nil || resp == nil || resp.StatusCode() >= 500
}

// If the goroutine of an attempt ends within resty, the attempt's line is written when the
// request is sent again.
func TestCallLogRestyGoexit(t *testing.T) {
	var l testkit.Log
	exits := true
	c := httpclient.Resty(resty.New().SetLogger(quiet{}).SetTransport(testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		if exits {
			exits = false
			runtime.Goexit()
		}
		return answer(r, 200, "text"), nil
	})), logged(&l))
	r := c.R().SetContext(testkit.Request())
	get := func() (*http.Response, error) { _, err := r.Get(secretURL); return nil, err }
	require.True(t, trying(get).exited)
	require.Empty(t, l.TakeLines(t))
	require.NoError(t, trying(get).err)
	taken := l.TakeLines(t)
	require.Len(t, taken, 2, "lines: %v", taken)
	assert.Equal(t, []any{"resty did not report the end", nil}, []any{taken[0]["error"], taken[1]["error"]})
	assert.NotEqual(t, taken[0]["span_id"], taken[1]["span_id"])
}

// An answer that is no JSON, although it should be, is an error of the call.
func TestCallLogRestyParse(t *testing.T) {
	var l testkit.Log
	w := newWorld(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, "{")
	})
	_, err := w.resty(t, logged(&l)).R().SetContext(testkit.Request()).SetResult(new(struct{})).Get(secretURL)
	require.Error(t, err)
	line := l.TakeLine(t)
	assert.Equal(t, []any{"error", 200.}, []any{line["level"], line["status"]})
	assert.Contains(t, line["error"], "JSON")
}

// hostileError panics in each method.
type hostileError struct{ text *string }

func (e *hostileError) Error() string { return *e.text }
func (e *hostileError) Is(error) bool { return *e.text == "" }
func (e *hostileError) Unwrap() error { _ = *e.text; return nil }

// An error that panics, or has a hostile text, is passed on unchanged. Line and span get a text
// that is valid and bounded.
func TestCallLogHostileErrors(t *testing.T) {
	var nilURL *url.Error
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"a nil *url.Error":               {nilURL, "error without a text"},
		"an error with a nil *url.Error": {fmt.Errorf("%w", &url.Error{Op: "Get", URL: secretURL, Err: nilURL}), "error without a text"},
		"an error that panics":           {new(hostileError), "error without a text"},
		"an error without a text":        {errors.New(""), "error"},
		"control bytes":                  {errors.New("a\x00\n\x1b[31m\"}b"), "a\x00\n\x1b[31m\"}b"},
		"not UTF-8":                      {errors.New("a\xff"), "a\ufffd"},
		"long":                           {errors.New(strings.Repeat("x", 1<<20)), strings.Repeat("x", 8000) + "…"},
		"long, then a secret":            {errors.New(strings.Repeat("x", 7990) + canary + strings.Repeat("x", 1<<20)), strings.Repeat("x", 7990) + "…xxxxxxx…"},
	} {
		t.Run(name, func(t *testing.T) {
			var l testkit.Log
			rec := newRecorder(t, sdktrace.AlwaysSample())
			cfg := logged(&l)
			cfg.TracerProvider = rec.provider
			_, err := roundTrip(t, testkit.Request(), cfg, http.MethodGet, func(*http.Request) (*http.Response, error) { return nil, tt.err })
			require.True(t, err == tt.err, "the error is the base's")
			line := l.TakeLine(t)
			assert.Equal(t, []any{tt.want, "error"}, []any{line["error"], line["level"]})
			if tt.want != "error" {
				assert.Equal(t, tt.want, rec.one(t).Status().Description)
			}
		})
	}
}

// Hostile requests have a line, whose values are cut if they are too long.
func TestCallLogHostileRequests(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for name, tt := range map[string]struct {
		r          *http.Request
		host, path string
		method     string
	}{
		"long":                           {&http.Request{Method: long, URL: &url.URL{Host: long, Path: long}}, long[:8000] + "…", long[:8000] + "…", long[:8000] + "…"},
		"control bytes":                  {&http.Request{Method: "G\n\x1b", URL: &url.URL{Host: "h\x00\"", Path: "/\xff\n\"}{"}}, "h\x00\"", "/\ufffd\n\"}{", "G\n\x1b"},
		"a user in a host":               {&http.Request{URL: &url.URL{Host: "u5er:" + canary + "@h:80", Path: "/p"}}, "h:80", "/p", "GET"},
		"a URL in a path":                {&http.Request{URL: &url.URL{Host: "h", Path: "/http://u5er:" + canary + "@o/p"}}, "h", "/http://o/p", "GET"},
		"a path that looks like a query": {&http.Request{URL: &url.URL{Host: "h", Path: "/a?b#c"}}, "h", "/a?b#c", "GET"},
		"opaque":                         {&http.Request{URL: &url.URL{Scheme: "http", Host: "h", Opaque: "//u:" + canary + "@o/p?" + canary}}, "h", "", "GET"},
		"nothing":                        {&http.Request{URL: &url.URL{}}, "", "", "GET"},
	} {
		t.Run(name, func(t *testing.T) {
			var l testkit.Log
			rec := newRecorder(t, sdktrace.AlwaysSample())
			cfg := logged(&l)
			cfg.TracerProvider = rec.provider
			_, err := httpclient.NewTransport(testkit.RoundTripper(func(*http.Request) (*http.Response, error) { return nil, errBase }), cfg).RoundTrip(tt.r)
			require.ErrorIs(t, err, errBase)
			line := l.TakeLine(t)
			assert.Equal(t, []any{tt.method, tt.host, tt.path}, []any{line["method"], line["host"], line["path"]})
			assert.NotContains(t, rec.one(t).text(), canary)
		})
	}
}

// A request without a trace begins a trace, and the line has the IDs of that trace.
func TestCallLogRoot(t *testing.T) {
	var l testkit.Log
	w := newWorld(t, chain(302, chainOf("first.example", "first.example")...))
	fetch(t, w.client(t, logged(&l)), context.Background(), "http://first.example/0")
	seen, taken := w.take(), l.TakeLines(t)
	require.Len(t, taken, 2)
	assertSiblings(t, seen, "", "")
	for i, line := range taken {
		assert.Equal(t, []any{seen[i].traceID(), seen[i].spanID()}, []any{line["trace_id"], line["span_id"]})
		assert.NotContains(t, line, "parent_id")
	}
}

// The line of a call allocates no more than a line of the program's own with the same fields.
func TestCallLogAllocs(t *testing.T) {
	logger := logctx.New(io.Discard)
	count := func(cfg httpclient.Config, say func(context.Context)) float64 {
		r, client := trip(t, id128+"-"+spanID+"-1", threeHeaders), httpclient.NewTransport(newFake(), cfg)
		return testing.AllocsPerRun(500, func() {
			resp, err := client.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			if say != nil {
				say(resp.Request.Context())
			}
		})
	}
	own := count(httpclient.Config{}, func(ctx context.Context) {
		logger.Info().Ctx(ctx).Str("method", "GET").Str("host", "first.example").Str("path", "/path").Int("status", 200).
			Float64("duration_ms", 0.125).Int("attempt", 1).Str("parent_id", spanID).Bool("sampled", true).Msg("call")
	})
	skipped := httpclient.CallLogConfig{Logger: &logger, Skip: func(*http.Request) bool { return true }}
	if raceEnabled { // with the race detector, sync.Pools drop objects
		own += 2
	}
	assert.LessOrEqual(t, count(httpclient.Config{CallLog: &httpclient.CallLogConfig{Logger: &logger}}, nil), own, "allocations with CallLog")
	assert.LessOrEqual(t, count(httpclient.Config{CallLog: &skipped}, nil), count(httpclient.Config{}, nil), "allocations if the line is skipped")
}

// Each attempt has one line with the span that the server got: in many goroutines, with any
// outcome, with redirects and retries.
func TestTortureCallLines(t *testing.T) {
	const goroutines = 16
	w := newWorld(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/redirect":
			http.Redirect(w, r, "/ok?"+r.URL.RawQuery, http.StatusFound)
		case "/broken":
			raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")(w, r)
		case "/gone":
			raw("")(w, r)
		case "/busy":
			w.WriteHeader(503)
		default:
			io.WriteString(w, strings.Repeat("text", 1000))
		}
	})
	var l testkit.Log
	cfg := logged(&l)
	base := w.transport(t)
	base.MaxIdleConnsPerHost = goroutines
	c := w.resty(t, cfg).SetTransport(base).SetRetryCount(2).AddRetryCondition(sayServerErrorOrNone)
	plain := httpclient.Wrap(&http.Client{Transport: base}, cfg)
	paths := []string{"/ok", "/redirect", "/broken", "/gone", "/busy"}
	each := torture.Size(20, 2000)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				ctx, url := testkit.Request(), "http://first.example"+paths[(g+i)%len(paths)]+"?"+canary
				if i%2 == 0 {
					c.R().SetContext(ctx).Get(url)
					continue
				}
				// net/http does not repeat a POST.
				r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, nil)
				if !assert.NoError(t, err) {
					return
				}
				resp, err := plain.Do(r)
				if err != nil {
					continue
				}
				var closers sync.WaitGroup
				closers.Go(func() { io.Copy(io.Discard, resp.Body) })
				if i%4 == 1 {
					resp.Body.Close()
				}
				closers.Wait()
				resp.Body.Close()
			}
		})
	}
	wg.Wait()
	sent := map[string]int{}
	for _, a := range w.take() {
		sent[a.spanID()]++
	}
	taken, kinds := l.TakeLines(t), map[string]int{}
	for _, line := range taken {
		id := line["span_id"].(string)
		require.Positive(t, sent[id], "a line with a span ID that the server did not get, or a second line of one span: %v", line)
		delete(sent, id)
		kinds[fmt.Sprint(line["status"], line["error"] != nil)]++
		require.NotContains(t, fmt.Sprint(line), canary)
	}
	require.Empty(t, sent, "spans without a line")
	require.Len(t, kinds, 5, "kinds of outcomes: %v", kinds)
	torture.Row(t, "Call lines", "%d attempts from %d goroutines, with redirects, retries and failures: each has one line, with the span ID that the server got", len(taken), goroutines)
}

// FuzzCallLog: no line and no span has a secret of the URL, whatever the URL is, and whatever
// error a RoundTripper makes of it.
func FuzzCallLog(f *testing.F) {
	for _, path := range []string{"/path", "", "//", "/a?b", "/http://o", "/%2f", "/p@q:r"} {
		f.Add("u5er", "p4ssword", "token=s3cret&a=b", path, "not via", ": EOF")
		f.Add("t0ken", "", "s3cret%20\"", path, "parse \"", "\"")
	}
	f.Add("", "p4ss word\"", "q", "/", "", "")
	f.Add("", "", "///", "//x@/y", "", "")
	f.Fuzz(func(t *testing.T, user, password, query, path, before, after string) {
		u := &url.URL{Scheme: "http", Host: "first.example", Path: path, RawQuery: query}
		secrets := []string{query}
		switch {
		case password != "":
			u.User = url.UserPassword(user, password)
			secrets = append(secrets, password, user+":"+password)
		case user != "":
			u.User = url.User(user)
			secrets = append(secrets, user)
		}
		var l testkit.Log
		rec := newRecorder(t, sdktrace.AlwaysSample())
		cfg := logged(&l)
		cfg.TracerProvider = rec.provider
		text := before + u.String() + " " + strings.Join(secrets, " ") + after + fmt.Sprintf("%q", u)
		_, err := httpclient.NewTransport(testkit.RoundTripper(func(*http.Request) (*http.Response, error) {
			return nil, &url.Error{Op: "Get", URL: u.String(), Err: fmt.Errorf("%s: %w", text, errBase)}
		}), cfg).RoundTrip(&http.Request{URL: u})
		require.ErrorIs(t, err, errBase)
		line, span := l.TakeLine(t), rec.one(t)
		// The path on the line must be the same as without the secrets. A search for a secret in
		// the path would not do: a part that looks like a user is removed from the path, and the
		// rest may equal a secret by chance.
		_, _ = httpclient.NewTransport(testkit.RoundTripper(func(*http.Request) (*http.Response, error) {
			return nil, errBase
		}), logged(&l)).RoundTrip(&http.Request{URL: &url.URL{Scheme: u.Scheme, Host: u.Host, Path: path}})
		assert.Equal(t, l.TakeLine(t)["path"], line["path"], "path")
		for _, secret := range secrets {
			// A secret that is also in the path or in clew's own texts may be written. A secret
			// that is not UTF-8 cannot be written.
			if secret == "" || strings.Contains("error without a text … "+u.Path+u.EscapedPath(), secret) || !utf8.ValidString(secret) {
				continue
			}
			assert.NotContains(t, line["error"], secret, "error")
			assert.NotContains(t, span.Status().Description, secret, "description of the span")
			for _, e := range span.Events() {
				for _, kv := range e.Attributes {
					if kv.Key == "exception.message" {
						assert.NotContains(t, kv.Value.AsString(), secret, "event of the span")
					}
				}
			}
		}
	})
}
