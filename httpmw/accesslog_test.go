package httpmw_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	zlog "github.com/rs/zerolog/log"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// TestAccessLogKeys: the line has exactly the documented keys, because tools read these lines.
func TestAccessLogKeys(t *testing.T) {
	always := []string{"bytes", "duration_ms", "level", "message", "method", "path", "remote", "status"}
	ids := append([]string{"span_id", "trace_id"}, always...)
	never := trace.NewProvider(trace.ProviderConfig{Sampler: trace.Never()})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /users/{id}", nop)
	for _, tt := range []struct {
		name    string
		cfg     httpmw.Config
		without bool // there is no New
		handler http.Handler
		header  http.Header
		want    []string
		text    map[string]any
	}{
		{"no headers", httpmw.Config{}, false, http.HandlerFunc(nop), nil, ids, nil},
		{"route", httpmw.Config{}, false, mux, nil, append([]string{"route"}, ids...), map[string]any{"route": "/users/{id}"}},
		{"caller", httpmw.Config{}, false, http.HandlerFunc(nop), testkit.Header("b3", id64+"-"+spanID+"-1"),
			append([]string{"parent_id", "sampled"}, ids...), map[string]any{"trace_id": id64, "parent_id": spanID, "sampled": true}},
		{"caller with a parent, b3", httpmw.Config{}, false, http.HandlerFunc(nop), testkit.Header("b3", id64+"-"+spanID+"-0-"+parentID),
			append([]string{"parent_id", "caller_parent_id"}, ids...), map[string]any{"trace_id": id64, "parent_id": spanID, "caller_parent_id": parentID}},
		{"caller with a parent, X-B3", httpmw.Config{}, false, http.HandlerFunc(nop), testkit.Header("X-B3-TraceId", idWide, "X-B3-SpanId", spanID, "X-B3-ParentSpanId", parentID),
			append([]string{"parent_id", "caller_parent_id"}, ids...), map[string]any{"trace_id": idWide, "parent_id": spanID, "caller_parent_id": parentID}},
		{"caller with a parent, TrustIDs", httpmw.Config{Trust: trusting(httpmw.TrustIDs)}, false, http.HandlerFunc(nop), testkit.Header("b3", id64+"-"+spanID+"-d-"+parentID),
			append([]string{"parent_id", "caller_parent_id"}, ids...), map[string]any{"trace_id": id64, "parent_id": spanID, "caller_parent_id": parentID}},
		{"caller with a parent, TrustIDs, defer", httpmw.Config{Trust: trusting(httpmw.TrustIDs)}, false, http.HandlerFunc(nop), testkit.Header("X-B3-TraceId", id64, "X-B3-SpanId", spanID, "X-B3-ParentSpanId", parentID),
			append([]string{"parent_id", "caller_parent_id"}, ids...), map[string]any{"trace_id": id64, "parent_id": spanID, "caller_parent_id": parentID}},
		{"untrusted", httpmw.Config{Trust: trusting(httpmw.TrustNone)}, false, http.HandlerFunc(nop), testkit.Header("b3", id64+"-"+spanID+"-1-"+parentID),
			append([]string{"untrusted_trace_id"}, ids...), map[string]any{"untrusted_trace_id": id64}},
		{"untrusted without headers", httpmw.Config{Trust: trusting(httpmw.TrustNone)}, false, http.HandlerFunc(nop), nil, ids, nil},
		{"a decision without IDs", httpmw.Config{}, false, http.HandlerFunc(nop), testkit.Header("b3", "0"), ids, nil},
		{"malformed parent", httpmw.Config{}, false, http.HandlerFunc(nop), testkit.Header("X-B3-TraceId", id64, "X-B3-SpanId", spanID, "X-B3-ParentSpanId", "-"),
			append([]string{"parent_id"}, ids...), map[string]any{"parent_id": spanID}},
		{"panicked", httpmw.Config{}, false, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("boom") }), nil,
			append([]string{"panicked"}, ids...), map[string]any{"panicked": true, "level": "error"}},
		{"without New", httpmw.Config{}, true, http.HandlerFunc(nop), testkit.Header("b3", id64+"-"+spanID+"-1-"+parentID), always, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out testkit.Log
			logger := zerolog.New(&out)
			h := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(tt.handler)
			if !tt.without {
				tt.cfg.TracerProvider = never
				h = httpmw.New(tt.cfg)(h)
			}
			r := get(tt.header)
			r.URL.Path = "/users/7"
			r.RemoteAddr = "192.0.2.7:4711"
			recovered(func() { serve(h, r) })

			line := out.Line(t)
			assert.Equal(t, fmt.Sprint(sorted(append([]string(nil), tt.want...))), keysOf(line), "keys of %v", line)
			assert.Equal(t, "request", line["message"], "message")
			assert.Equal(t, "GET", line["method"], "method")
			assert.Equal(t, "/users/7", line["path"], "path")
			assert.Equal(t, "192.0.2.7:4711", line["remote"], "remote")
			assert.GreaterOrEqual(t, line["duration_ms"], 0.0, "duration_ms")
			for key, want := range tt.text {
				assert.Equal(t, want, line[key], "%s of %v", key, line)
			}
		})
	}
}

// TestAccessLogHijackedKeys is a test of its own, since Hijack needs a real connection.
func TestAccessLogHijackedKeys(t *testing.T) {
	var out testkit.Log
	logger := zerolog.New(&out)
	_, line := exchange(t, "h1", http.MethodGet, httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger}), httpmw.New(httpmw.Config{TracerProvider: trace.NewProvider(trace.ProviderConfig{Sampler: trace.Never()})}), &out,
		func(w http.ResponseWriter, _ *http.Request) {
			hijack(w, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
		})
	assert.Equal(t, "[bytes duration_ms hijacked level message method path remote span_id status trace_id]", keysOf(line), "keys of %v", line)
	assert.Equal(t, "info", line["level"], "level of %v", line)
}

// TestAccessLogRequestAsItCame: the line describes the request as AccessLog got it, even if the
// handler changes it.
func TestAccessLogRequestAsItCame(t *testing.T) {
	var out testkit.Log
	logger := zerolog.New(&out)
	h := httpmw.New(httpmw.Config{})(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		r.Method, r.RemoteAddr = "PUT", "changed"
		r.URL.Path = "/changed"
		r.Header.Set("b3", id128+"-"+parentID+"-1-"+spanID)
	})))
	r := get(testkit.Header("b3", id64+"-"+spanID+"-1-"+parentID))
	r.URL, r.RemoteAddr = &url.URL{Path: "/came"}, "192.0.2.7:4711"
	serve(h, r)
	line := out.Line(t)
	assert.Equal(t, "GET", line["method"], "method of %v", line)
	assert.Equal(t, "/came", line["path"], "path of %v", line)
	assert.Equal(t, "192.0.2.7:4711", line["remote"], "remote of %v", line)
	assert.Equal(t, parentID, line["caller_parent_id"], "caller_parent_id of %v", line)
}

// TestAccessLogCallerParent: caller_parent_id is the parent of the caller's span. So a line has
// it only if its parent_id is the caller's span.
func TestAccessLogCallerParent(t *testing.T) {
	var out testkit.Log
	logger := zerolog.New(&out)
	ctx := trace.NewContext(t.Context(), testkit.B3(id64+"-"+spanID+"-1-"+parentID))
	ctx, local := trace.Starter{TracerProvider: always()}.Start(ctx, trace.B3{}, "local")
	serve(httpmw.New(httpmw.Config{})(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(nop))),
		get(testkit.Header("b3", id64+"-"+spanID+"-1-"+parentID)).WithContext(ctx))
	line := out.Line(t)
	assert.Equal(t, local.SpanContext().SpanID().String(), line["parent_id"], "parent_id of %v: the local span", line)
	assert.NotContains(t, line, "caller_parent_id", "the line")
}

// TestAccessLogBytes: the bytes are counted, whichever way the body is written.
func TestAccessLogBytes(t *testing.T) {
	const large = 300 << 10
	for _, tt := range []struct {
		name  string
		write func(w http.ResponseWriter)
		want  int
	}{
		{"Write", func(w http.ResponseWriter) { w.Write([]byte("12345")) }, 5},
		{"WriteString", func(w http.ResponseWriter) { w.(io.StringWriter).WriteString("123456") }, 6},
		{"io.Copy", func(w http.ResponseWriter) { io.Copy(w, onlyReader{strings.NewReader("1234567")}) }, 7},
		{"io.Copy, large", func(w http.ResponseWriter) { io.Copy(w, onlyReader{bytes.NewReader(make([]byte, large))}) }, large},
		{"io.CopyN with Content-Length", func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", fmt.Sprint(large))
			io.CopyN(w, onlyReader{bytes.NewReader(make([]byte, large))}, large)
		}, large},
		{"all of these ways", func(w http.ResponseWriter) {
			w.Write([]byte("12345"))
			io.WriteString(w, "123456")
			io.Copy(w, onlyReader{strings.NewReader("1234567")})
			w.Write(nil)
		}, 18},
	} {
		for _, protocol := range protocols {
			t.Run(tt.name+" over "+protocol, func(t *testing.T) {
				var out testkit.Log
				logger := zerolog.New(&out)
				got, line := exchange(t, protocol, http.MethodGet, httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger}), nil, &out,
					func(w http.ResponseWriter, _ *http.Request) { tt.write(w) })
				require.NoError(t, got.err, "the client's error")
				assert.Len(t, got.body, tt.want, "body that the client got")
				assert.EqualValues(t, tt.want, line["bytes"], "bytes of the line")
				assert.EqualValues(t, 200, line["status"], "status of the line")
			})
		}
	}
}

func TestAccessLogLevel(t *testing.T) {
	custom := func(status int) zerolog.Level {
		switch status {
		case 0:
			return zerolog.FatalLevel // must not end the program
		case 404:
			return zerolog.DebugLevel
		case 410:
			return zerolog.Disabled
		}
		return zerolog.PanicLevel // must not panic
	}
	for _, tt := range []struct {
		name   string
		level  func(int) zerolog.Level
		status int // 0: panic
		want   string
	}{
		{"200", nil, 200, "info"},
		{"302", nil, 302, "info"},
		{"399", nil, 399, "info"},
		{"400", nil, 400, "warn"},
		{"499", nil, 499, "warn"},
		{"500", nil, 500, "error"},
		{"599", nil, 599, "error"},
		{"panic", nil, 0, "error"},
		{"Level, 200", custom, 200, "panic"},
		{"Level, 404", custom, 404, "debug"},
		{"Level, panic", custom, 0, "fatal"},
		{"Level, disabled", custom, 410, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.status == 0 {
					panic("boom")
				}
				w.WriteHeader(tt.status)
			})
			var own, contexts testkit.Log
			logger := zerolog.New(&own)
			recovered(func() {
				serve(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger, Level: tt.level})(h), get(nil))
			})
			recovered(func() {
				serve(httpmw.AccessLog(httpmw.AccessLogConfig{Level: tt.level})(h), get(nil).WithContext(zerolog.New(&contexts).WithContext(t.Context())))
			})
			for whose, out := range map[string]*testkit.Log{"Logger": &own, "the context's logger": &contexts} {
				if tt.want == "" {
					assert.Empty(t, out.String(), "lines of %s", whose)
					continue
				}
				line := out.Line(t)
				assert.Equal(t, tt.want, line["level"], "level of the line of %s: %v", whose, line)
			}
		})
	}
}

// TestAccessLogLoggerLevel: a line below the logger's level is not written, and the handler still
// runs.
func TestAccessLogLoggerLevel(t *testing.T) {
	var out testkit.Log
	logger := zerolog.New(&out).Level(zerolog.WarnLevel)
	h := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			w.WriteHeader(400)
		}
	}))
	serve(h, get(nil))
	assert.Empty(t, out.String(), "lines of a request with status 200, from a logger at level warn")
	r := get(nil)
	r.URL.Path = "/bad"
	serve(h, r)
	assert.Equal(t, "warn", out.Line(t)["level"], "level of the line of a request with status 400")
}

func TestAccessLogSkip(t *testing.T) {
	var out testkit.Log
	logger := zerolog.New(&out)
	var id string
	var got http.ResponseWriter
	h := httpmw.New(httpmw.Config{})(httpmw.AccessLog(httpmw.AccessLogConfig{
		Logger: &logger,
		Skip:   func(r *http.Request) bool { return r.URL.Path == "/healthz" },
	})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { id, got = trace.ID(r.Context()), w })))
	r := get(testkit.Header("b3", id64+"-"+spanID))
	r.URL.Path = "/healthz"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	assert.Empty(t, out.String(), "lines of a skipped request")
	assert.Equal(t, id64, id, "trace ID of a skipped request")
	assert.Same(t, w, got, "the ResponseWriter of a skipped request")
	serve(h, get(nil))
	assert.Equal(t, "/", out.Line(t)["path"], "path of the request that was not skipped")
}

// TestAccessLogLogger: the line has the ID once, whichever logger writes it.
func TestAccessLogLogger(t *testing.T) {
	hook := logctx.Hook(logctx.Config{})
	plain := func(w io.Writer) *zerolog.Logger { l := zerolog.New(w); return &l }
	hooked := func(w io.Writer) *zerolog.Logger { l := zerolog.New(w).Hook(hook); return &l }
	for _, tt := range []struct {
		name    string
		outer   func(io.Writer) *zerolog.Logger // the logger in the context that New gets
		mw, log func(io.Writer) *zerolog.Logger // the loggers of New and of AccessLog
	}{
		{"AccessLog's logger, without the hook", nil, nil, plain},
		{"AccessLog's logger, with the hook", nil, nil, hooked},
		{"New's logger, without the hook", nil, plain, nil},
		{"New's logger, with the hook", nil, hooked, nil},
		{"New's logger and AccessLog's", nil, hooked, plain},
		{"the context's logger, with the hook", hooked, nil, nil},
		{"the context's logger, without the hook", plain, nil, nil},
		{"the context's logger and AccessLog's", plain, nil, hooked},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out, unused testkit.Log
			var cfg httpmw.Config
			var logCfg httpmw.AccessLogConfig
			to := &out
			if tt.log != nil {
				logCfg.Logger = tt.log(to)
				to = &unused
			}
			if tt.mw != nil {
				cfg.Logger = tt.mw(to)
				to = &unused
			}
			ctx := t.Context()
			if tt.outer != nil {
				ctx = tt.outer(to).WithContext(ctx)
			}
			var id, span string
			serve(httpmw.New(cfg)(httpmw.AccessLog(logCfg)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				id, span = trace.ID(r.Context()), trace.SpanID(r.Context())
			}))), get(nil).WithContext(ctx))
			line := out.Line(t)
			assert.Empty(t, unused.String(), "lines of the other logger")
			assert.Equal(t, id, line["trace_id"], "trace_id of %v", line)
			assert.Equal(t, span, line["span_id"], "span_id of %v", line)
		})
	}
}

// TestAccessLogNoLogger: without New and without a logger in the context the line goes to
// zerolog's global logger.
func TestAccessLogNoLogger(t *testing.T) {
	var global testkit.Log
	defer func(l zerolog.Logger) { zlog.Logger = l }(zlog.Logger)
	zlog.Logger = zerolog.New(&global)
	serve(httpmw.AccessLog(httpmw.AccessLogConfig{})(http.HandlerFunc(nop)), get(nil))
	line := global.Line(t)
	assert.Equal(t, "request", line["message"], "message of the line in zerolog's global logger")
	assert.NotContains(t, line, "trace_id", "a line without New")
}

// TestAccessLogPanic: the line is written, then the panic goes on with the same value.
func TestAccessLogPanic(t *testing.T) {
	own := errors.New("own")
	for _, value := range []any{"boom", own, http.ErrAbortHandler} {
		t.Run(fmt.Sprint(value), func(t *testing.T) {
			var out testkit.Log
			logger := zerolog.New(&out)
			h := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(value) }))
			var got any
			stack, written := "", ""
			func() {
				defer func() { got, stack, written = recover(), string(debug.Stack()), out.String() }()
				httpmw.New(httpmw.Config{})(h).ServeHTTP(httptest.NewRecorder(), get(nil))
			}()
			assert.Equal(t, 1, strings.Count(stack, "\npanic("), "panics on the stack: two mean that the middleware has recovered the panic and repeated it\n%s", stack)
			assert.Equal(t, value, got, "the value that the middleware panics with")
			assert.NotEmpty(t, written, "lines that are written when the panic leaves the middleware")
			line := out.Line(t)
			assert.Equal(t, true, line["panicked"], "panicked of %v", line)
		})
	}
}

// TestAccessLogGoexit: the line does not take runtime.Goexit, which t.FailNow calls, for a panic.
func TestAccessLogGoexit(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
	}{{"nothing", 0}, {"after a status", 404}} {
		t.Run(tt.name, func(t *testing.T) {
			var out testkit.Log
			logger := zerolog.New(&out)
			h := httpmw.New(httpmw.Config{})(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.status != 0 {
					w.WriteHeader(tt.status)
				}
				runtime.Goexit()
			})))
			var wg sync.WaitGroup
			wg.Go(func() { serve(h, get(nil)) })
			wg.Wait()
			line := out.Line(t)
			assert.NotContains(t, line, "panicked", "the line after runtime.Goexit")
			assert.EqualValues(t, tt.status, line["status"], "status of %v", line)
		})
	}
}

// TestAccessLogSpan: a span that is recorded gets the status.
func TestAccessLogSpan(t *testing.T) {
	for _, tt := range []struct {
		status int
		want   codes.Code
	}{{200, codes.Unset}, {404, codes.Unset}, {500, codes.Error}} {
		t.Run(fmt.Sprint(tt.status), func(t *testing.T) {
			sdk, rec := testkit.SDK(sdktrace.AlwaysSample())
			discard := zerolog.Nop()
			serve(httpmw.New(httpmw.Config{TracerProvider: sdk})(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &discard})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.status)
			}))), get(nil))
			require.Len(t, rec.Ended(), 1, "spans ended")
			attrs := attribute.NewSet(rec.Ended()[0].Attributes()...)
			got, _ := attrs.Value("http.response.status_code")
			assert.EqualValues(t, tt.status, got.AsInt64(), "http.response.status_code of the span")
			assert.Equal(t, tt.want, rec.Ended()[0].Status().Code, "status of the span")
		})
	}
}

// TestAccessLogTimeoutHandler: the line has what the client got. Inside of http.TimeoutHandler
// this is so if the handler is in time or a late write fails.
func TestAccessLogTimeoutHandler(t *testing.T) {
	inTime := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(404)
		io.WriteString(w, "text")
	}
	tooLate := func(told chan<- struct{}) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			defer close(told)
			<-r.Context().Done()
			for { // until the TimeoutHandler has noticed the deadline too
				if _, err := io.WriteString(w, "late"); err != nil {
					return
				}
				runtime.Gosched()
			}
		}
	}
	for _, protocol := range protocols {
		t.Run("outside, in time, "+protocol, func(t *testing.T) {
			var out testkit.Log
			logger := zerolog.New(&out)
			got, line := exchange(t, protocol, http.MethodGet, func(h http.Handler) http.Handler {
				return httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.TimeoutHandler(h, time.Minute, "timeout"))
			}, nil, &out, inTime)
			assert.Equal(t, 404, got.status, "status that the client got")
			assert.EqualValues(t, got.status, line["status"], "status of the line")
			assert.EqualValues(t, len(got.body), line["bytes"], "bytes of the line")
		})
		t.Run("outside, too late, "+protocol, func(t *testing.T) {
			var out testkit.Log
			logger := zerolog.New(&out)
			told := make(chan struct{})
			got, line := exchange(t, protocol, http.MethodGet, func(h http.Handler) http.Handler {
				return httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.TimeoutHandler(h, time.Millisecond, "timeout"))
			}, nil, &out, tooLate(told))
			<-told
			assert.Equal(t, 503, got.status, "status that the client got")
			assert.EqualValues(t, got.status, line["status"], "status of the line")
			assert.EqualValues(t, len("timeout"), line["bytes"], "bytes of the line")
		})
		t.Run("inside, in time, "+protocol, func(t *testing.T) {
			var out testkit.Log
			logger := zerolog.New(&out)
			got, line := exchange(t, protocol, http.MethodGet, httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger}), func(h http.Handler) http.Handler {
				return http.TimeoutHandler(h, time.Minute, "timeout")
			}, &out, inTime)
			assert.Equal(t, 404, got.status, "status that the client got")
			assert.EqualValues(t, got.status, line["status"], "status of the line")
			assert.EqualValues(t, len(got.body), line["bytes"], "bytes of the line")
		})
	}

	// If the handler is too late, its Write returns http.ErrHandlerTimeout. So AccessLog knows
	// the status that the client got.
	t.Run("inside, too late", func(t *testing.T) {
		var out testkit.Log
		logger := zerolog.New(&out)
		gone := make(chan struct{}) // the client has its answer
		done := make(chan struct{})
		logged := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			<-gone
			_, err := io.WriteString(w, "late")
			assert.ErrorIs(t, err, http.ErrHandlerTimeout, "Write after the timeout")
		}))
		srv := newServer(t, "h1", http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer close(done)
			logged.ServeHTTP(w, r)
		}), time.Millisecond, "timeout"))
		res := send(t, srv, "/", nil)
		assert.Equal(t, "timeout", body(t, res), "body that the client got")
		close(gone)
		<-done
		line := out.Line(t)
		assert.Equal(t, 503, res.StatusCode, "status that the client got")
		assert.EqualValues(t, res.StatusCode, line["status"], "status of the line")
		assert.EqualValues(t, 0, line["bytes"], "bytes of the line")
	})
}

// hostilePaths are paths that try to forge a line or to control a terminal.
var hostilePaths = []string{
	"/\x1b[2J\x1b[31mred",
	"/x\n{\"level\":\"info\",\"message\":\"forged\"}",
	"/x\r\ntrace_id=" + id64,
	"/\x00\x07\x7f",
	"/\u202egpj.exe\u2028",
	"/\u009b2J", // an escape sequence in one character
	"/\xff\xfe",
	`/"quoted" \ back`,
}

// TestAccessLogHostilePath: no path can forge a line or control a terminal.
func TestAccessLogHostilePath(t *testing.T) {
	for _, path := range hostilePaths {
		t.Run(fmt.Sprintf("%q", path), func(t *testing.T) {
			var out, console testkit.Log
			jsonLogger, consoleLogger := logctx.New(&out), logctx.Console(&console)
			h := httpmw.New(httpmw.Config{})(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &jsonLogger})(
				httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &consoleLogger})(http.HandlerFunc(nop))))
			srv := newServer(t, "h1", h)
			body(t, send(t, srv, (&url.URL{Path: path}).EscapedPath(), nil))
			srv.Close()

			line := out.Line(t)
			assert.Equal(t, strings.ToValidUTF8(path, "\ufffd"), strings.ReplaceAll(line["path"].(string), "\ufffd\ufffd", "\ufffd"), "path of the JSON line")
			for name, text := range map[string]string{"JSON": out.String(), "console": console.String()} {
				text, ok := strings.CutSuffix(text, "\n")
				assert.True(t, ok, "the %s line ends with a line feed: %q", name, text)
				for i := range len(text) {
					if c := text[i]; c < ' ' || name == "console" && c == 0x7f {
						assert.Fail(t, "control byte", "byte %#x in the %s line %q", c, name, text)
					}
				}
				if name == "console" {
					for _, r := range []rune{'\u009b', '\u202e', '\u2028'} {
						assert.NotContains(t, text, string(r), "the console line")
					}
				}
			}
		})
	}
}

// TestAccessLogLong: a line has a bounded length, whatever a caller sends.
func TestAccessLogLong(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"just short enough", strings.Repeat("x", 8000), strings.Repeat("x", 8000)},
		{"one byte too long", strings.Repeat("x", 8001), strings.Repeat("x", 8000) + "…"},
		{"a limit in the middle of a character", "x" + strings.Repeat("é", 4000), "x" + strings.Repeat("é", 3999) + "…"},
		{"bytes that are not UTF-8", strings.Repeat("\x80", 9000), strings.Repeat("\ufffd", 7996) + "…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out testkit.Log
			logger := zerolog.New(&out)
			r := get(nil)
			r.Method, r.URL.Path, r.RemoteAddr = tt.text, tt.text, tt.text
			serve(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(nop)), r)
			line := out.Line(t)
			assert.Equal(t, tt.want, line["path"], "path of the line")
			assert.Equal(t, tt.want, line["method"], "method of the line")
			assert.Equal(t, tt.want, line["remote"], "remote of the line")
		})
	}
}

func TestAccessLogNilHandler(t *testing.T) {
	got := recovered(func() { httpmw.AccessLog(httpmw.AccessLogConfig{})(nil) })
	assert.Equal(t, "httpmw: AccessLog: nil http.Handler", got, "the value that AccessLog(AccessLogConfig{})(nil) panics with")
}

// TestAccessLogOddRequest: a request without URL and header has a line, too. Tests and other
// callers make such requests, servers do not.
func TestAccessLogOddRequest(t *testing.T) {
	var out testkit.Log
	logger := zerolog.New(&out)
	h := httpmw.New(httpmw.Config{Logger: &logger})(httpmw.AccessLog(httpmw.AccessLogConfig{})(http.HandlerFunc(nop)))
	sdk, _ := testkit.SDK(sdktrace.AlwaysSample())
	discard := zerolog.Nop()
	recording := httpmw.New(httpmw.Config{TracerProvider: sdk, Trust: trusting(httpmw.TrustNone)})(
		httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &discard})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { r.Pattern = "/odd" })))
	for range 2 {
		r := (&http.Request{Method: "GET", RequestURI: "/odd"}).WithContext(context.Background())
		serve(h, r)
		serve(recording, r)
	}
	assert.Len(t, out.Lines(t), 2, "lines of requests without URL and header")
}

// TestAccessLogDebug: in a debug trace the line is written, even if the logger's level or Sampler
// would drop it.
func TestAccessLogDebug(t *testing.T) {
	for _, tt := range []struct {
		name   string
		logger func(zerolog.Logger) zerolog.Logger
		header string
		cfg    httpmw.Config
		want   int // lines of ten requests
	}{
		{"a Sampler", func(l zerolog.Logger) zerolog.Logger { return l.Sample(&zerolog.BasicSampler{N: 5}) }, "-d", httpmw.Config{}, 10},
		{"a Sampler, no debug", func(l zerolog.Logger) zerolog.Logger { return l.Sample(&zerolog.BasicSampler{N: 5}) }, "-1", httpmw.Config{}, 2},
		{"a Sampler, a debug that is not trusted", func(l zerolog.Logger) zerolog.Logger { return l.Sample(&zerolog.BasicSampler{N: 5}) }, "-d", httpmw.Config{Trust: httpmw.TrustIDs.Always}, 2},
		{"a level", func(l zerolog.Logger) zerolog.Logger { return l.Level(zerolog.ErrorLevel) }, "-d", httpmw.Config{}, 10},
		{"a level, no debug", func(l zerolog.Logger) zerolog.Logger { return l.Level(zerolog.ErrorLevel) }, "-1", httpmw.Config{}, 0},
		{"disabled", func(l zerolog.Logger) zerolog.Logger { return l.Level(zerolog.Disabled) }, "-d", httpmw.Config{}, 0},
	} {
		for _, own := range []bool{true, false} {
			t.Run(fmt.Sprint(tt.name, ", AccessLog's own logger: ", own), func(t *testing.T) {
				var out testkit.Log
				logger, cfg, log := tt.logger(zerolog.New(&out)), tt.cfg, httpmw.AccessLogConfig{}
				if own {
					log.Logger = &logger
				} else {
					cfg.Logger = &logger
				}
				h := httpmw.New(cfg)(httpmw.AccessLog(log)(http.HandlerFunc(nop)))
				for range 10 {
					serve(h, get(testkit.Header("b3", id64+"-"+spanID+tt.header)))
				}
				assert.Len(t, out.Lines(t), tt.want, "lines of ten requests")
			})
		}
	}
}

// AccessLog hands the fields of the line to logctx's hook in the event's context. A user's hook
// may replace that context. AccessLog still writes exactly one line, with all its fields.
func TestAccessLogHookChangesContext(t *testing.T) {
	enriching := zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) {
		type key struct{}
		e.Ctx(context.WithValue(e.GetCtx(), key{}, "x"))
	})
	for _, way := range []string{"AccessLog's logger", "New's logger"} {
		for _, b3 := range []string{"1", "d"} {
			t.Run(way+", "+b3, func(t *testing.T) {
				var out testkit.Log
				logger := zerolog.New(&out).Hook(enriching)
				cfg, access := httpmw.Config{Trust: httpmw.TrustAll.Always}, httpmw.AccessLogConfig{}
				if way == "New's logger" {
					cfg.Logger = &logger
				} else {
					access.Logger = &logger
				}
				serve(httpmw.New(cfg)(httpmw.AccessLog(access)(http.HandlerFunc(nop))), get(testkit.Header("b3", id64+"-"+spanID+"-"+b3)))
				line := out.Line(t)
				assert.Equal(t, map[string]any{"message": "request", "method": "GET", "path": "/", "status": 200.0, "trace_id": id64, "parent_id": spanID},
					pick(line, "message", "method", "path", "status", "trace_id", "parent_id"), "line %v", line)
			})
		}
	}
}

// readdressed is a user's hook that gives events another context.
type readdressed struct{}

func (readdressed) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	e.Ctx(context.WithValue(e.GetCtx(), readdressed{}, "more"))
}

// If a hook gives events another context, the line loses its preset, but no field. No second line
// is written.
func TestAccessLogReaddressed(t *testing.T) {
	for name, hook := range map[string]func(zerolog.Logger) zerolog.Logger{
		"before logctx's hook":  func(l zerolog.Logger) zerolog.Logger { return l.Hook(readdressed{}, logctx.Hook(logctx.Config{})) },
		"after logctx's hook":   func(l zerolog.Logger) zerolog.Logger { return l.Hook(logctx.Hook(logctx.Config{}), readdressed{}) },
		"without logctx's hook": func(l zerolog.Logger) zerolog.Logger { return l.Hook(readdressed{}) },
	} {
		for _, whose := range []string{"AccessLog's logger", "New's logger", "the context's logger"} {
			for _, decision := range []string{"-0", "-d"} {
				t.Run(name+", "+whose+decision, func(t *testing.T) {
					var out testkit.Log
					logger, ctx := hook(zerolog.New(&out)), context.Background()
					var cfg httpmw.Config
					var access httpmw.AccessLogConfig
					switch whose {
					case "AccessLog's logger":
						access.Logger = &logger
					case "New's logger":
						cfg.Logger = &logger
					default:
						ctx = logger.WithContext(ctx)
					}
					h := httpmw.New(cfg)(httpmw.AccessLog(access)(http.HandlerFunc(nop)))
					serve(h, get(testkit.Header("b3", id64+"-"+spanID+decision)).WithContext(ctx))
					line := map[string]any{}
					// out.Line would fail: if clew does not find logctx's hook, it adds the hook
					// again, and the line has the IDs twice.
					require.NoError(t, json.Unmarshal([]byte(out.String()), &line), "the only line:\n%s", &out)
					assert.Equal(t, []any{"GET", "/", 200.0, spanID}, []any{line["method"], line["path"], line["status"], line["parent_id"]}, "line %v", line)
					switch {
					case whose != "the context's logger":
						assert.Equal(t, id64, line["trace_id"], "trace_id of %v", line)
					case name == "without logctx's hook": // no line of that logger has an ID
						assert.NotContains(t, line, "trace_id")
					default:
						assert.Equal(t, 1, strings.Count(out.String(), `"trace_id":"`+id64+`"`), "IDs of %s", &out)
					}
				})
			}
		}
	}
}
