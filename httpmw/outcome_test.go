package httpmw_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/internal/torture"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// deadlines lists what a handler does before and after the deadline of http.TimeoutHandler.
var deadlines = []struct {
	name         string
	before, late func(w http.ResponseWriter)
}{
	{"nothing", nil, nil},
	{"201 before", func(w http.ResponseWriter) { w.WriteHeader(201) }, nil},
	{"201 and a body before", func(w http.ResponseWriter) { w.WriteHeader(201); io.WriteString(w, "created") }, nil},
	{"a body before", func(w http.ResponseWriter) { io.WriteString(w, "created") }, nil},
	{"a late 201", nil, func(w http.ResponseWriter) { w.WriteHeader(201) }},
	{"a late 502", nil, func(w http.ResponseWriter) { w.WriteHeader(502) }},
	{"a late body", nil, func(w http.ResponseWriter) { io.WriteString(w, "late") }},
	{"a late 502 and body", nil, func(w http.ResponseWriter) { w.WriteHeader(502); io.WriteString(w, "late") }},
	{"200 before, late body", func(w http.ResponseWriter) { w.WriteHeader(200) }, func(w http.ResponseWriter) { io.WriteString(w, "late") }},
	{"body before, late 502", func(w http.ResponseWriter) { io.WriteString(w, "created") }, func(w http.ResponseWriter) { w.WriteHeader(502) }},
	{"a late panic", nil, func(http.ResponseWriter) { panic("late") }},
}

// nested maps the end of a subtest's name to middleware between two handlers.
var nested = map[string]func(http.Handler) http.Handler{
	"": same,
	", behind another library's ResponseWriter": func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { next.ServeHTTP(unwrapping{w}, r) })
	},
	", with a copy of the request": copies,
}

type unwrapping struct{ http.ResponseWriter }

func (u unwrapping) Unwrap() http.ResponseWriter { return u.ResponseWriter }

type strangeKey struct{}

// copies is middleware that passes on a copy of the request.
func copies(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), strangeKey{}, "value")))
	})
}

// Inside of http.TimeoutHandler the line has status 503 if the deadline has passed, whatever the
// handler writes before or after the deadline. A fake clock makes the deadline exact.
func TestAccessLogInsideTimeoutHandler(t *testing.T) {
	for _, tt := range deadlines {
		for between, wrap := range nested {
			t.Run(tt.name+between, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var out testkit.Log
					logger := zerolog.New(&out)
					sdk, rec := testkit.SDK(sdktrace.AlwaysSample())
					ended := make(chan struct{})
					logged := httpmw.New(httpmw.Config{TracerProvider: sdk})(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						if tt.before != nil {
							tt.before(w)
						}
						<-r.Context().Done()
						synctest.Wait() // TimeoutHandler has answered
						if tt.late != nil {
							tt.late(w)
						}
					})))
					client := serve(http.TimeoutHandler(wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						defer close(ended)
						defer func() { _ = recover() }() // TimeoutHandler passes on a panic only before the deadline
						logged.ServeHTTP(w, r)
					})), time.Second, "timeout"), get(nil))
					<-ended
					require.Equal(t, 503, client.Code, "status that the client got")
					line := out.Line(t)
					assert.EqualValues(t, 503, line["status"], "status of %v", line)
					assert.EqualValues(t, 0, line["bytes"], "bytes of %v: the body is TimeoutHandler's", line)
					assert.Equal(t, "error", line["level"], "level of %v", line)
					assert.NotContains(t, line, "client_gone", "the line")
					attrs := attribute.NewSet(rec.Ended()[0].Attributes()...)
					got, _ := attrs.Value("http.response.status_code")
					assert.EqualValues(t, 503, got.AsInt64(), "http.response.status_code of the span")
				})
			})
		}
	}
}

// http.TimeoutHandler answers 503 when the context of its request is canceled, even if the client
// still waits.
func TestAccessLogInsideTimeoutHandlerCanceled(t *testing.T) {
	for _, tt := range deadlines {
		t.Run(tt.name, func(t *testing.T) {
			var out testkit.Log
			logger := zerolog.New(&out)
			ctx, sigterm := context.WithCancel(t.Context())
			answered, ended := make(chan struct{}), make(chan struct{})
			logged := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tt.before != nil {
					tt.before(w)
				}
				sigterm()
				<-answered
				if tt.late != nil {
					tt.late(w)
				}
			}))
			srv := newServer(t, "h1", http.TimeoutHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer close(ended)
				defer func() { _ = recover() }()
				logged.ServeHTTP(w, r)
			}), time.Minute, "timeout"), func(srv *http.Server) {
				srv.BaseContext = func(net.Listener) context.Context { return ctx }
			})
			res := send(t, srv, "/", nil)
			body(t, res)
			close(answered)
			<-ended
			require.Equal(t, 503, res.StatusCode, "status that the client got")
			line := out.Line(t)
			assert.EqualValues(t, 503, line["status"], "status of %v", line)
			assert.EqualValues(t, 0, line["bytes"], "bytes of %v", line)
			assert.NotContains(t, line, "client_gone", "the line")
		})
	}
}

// HTTP/2 ends the stream and the request's context when it has sent the header of an answer to
// HEAD. This does not mean that the client has left.
func TestAccessLogHead(t *testing.T) {
	for _, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			var out testkit.Log
			logger := zerolog.New(&out)
			got, line := exchange(t, protocol, http.MethodHead, httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger}), nil, &out, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(201)
				w.(http.Flusher).Flush()
				if r.ProtoMajor >= 2 {
					<-r.Context().Done()
				}
			})
			require.NoError(t, got.err)
			require.Equal(t, 201, got.status, "status that the client got")
			assert.EqualValues(t, 201, line["status"], "status of %v", line)
			assert.NotContains(t, line, "client_gone", "the line")
		})
	}
}

// An odd ResponseWriter, or a nil server in the context, does not make AccessLog panic.
func TestAccessLogOddNeighbours(t *testing.T) {
	for name, cause := range map[string]func(ctx context.Context) (context.Context, context.CancelFunc){
		"a deadline": func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithTimeout(ctx, -1) },
		"a cancel":   context.WithCancel,
	} {
		t.Run(name, func(t *testing.T) {
			var out testkit.Log
			logger := zerolog.New(&out)
			ctx, cancel := cause(context.WithValue(t.Context(), http.ServerContextKey, (*http.Server)(nil)))
			cancel()
			httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(nop)).ServeHTTP(unwrapping{}, get(nil).WithContext(ctx))
			assert.EqualValues(t, 200, out.Line(t)["status"])
		})
	}
}

// If the deadline is not TimeoutHandler's, the line has what the handler wrote, before the
// deadline or after it.
func TestAccessLogDeadlineOfAnother(t *testing.T) {
	expires := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), time.Second)
			defer cancel()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
	for _, tt := range []struct {
		name          string
		write         func(w http.ResponseWriter)
		status, bytes int
	}{
		{"nothing", func(http.ResponseWriter) {}, 200, 0},
		{"201", func(w http.ResponseWriter) { w.WriteHeader(201) }, 201, 0},
		{"a body", func(w http.ResponseWriter) { io.WriteString(w, "text") }, 200, 4},
		{"502 and a body", func(w http.ResponseWriter) { w.WriteHeader(502); io.WriteString(w, "text") }, 502, 4},
	} {
		for between, wrap := range nested {
			for _, late := range []bool{false, true} {
				t.Run(fmt.Sprint(tt.name, between, ", after the deadline: ", late), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						var out testkit.Log
						logger := zerolog.New(&out)
						client := serve(expires(wrap(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
							if !late {
								tt.write(w)
							}
							<-r.Context().Done()
							if late {
								tt.write(w)
							}
						})))), get(nil))
						line := out.Line(t)
						require.Equal(t, tt.status, client.Code, "status that the client got")
						assert.EqualValues(t, tt.status, line["status"], "status of %v", line)
						assert.EqualValues(t, tt.bytes, line["bytes"], "bytes of %v", line)
					})
				})
			}
		}
	}
}

// Outside of http.TimeoutHandler the line has what the client got, whatever the handler does
// before and after the deadline.
func TestAccessLogOutsideTimeoutHandler(t *testing.T) {
	for _, tt := range deadlines {
		for _, protocol := range protocols {
			for between, wrap := range nested {
				t.Run(tt.name+" over "+protocol+between, func(t *testing.T) {
					var out testkit.Log
					logger := zerolog.New(&out)
					answered, ended := make(chan struct{}), make(chan struct{})
					got, line := exchange(t, protocol, http.MethodGet, func(h http.Handler) http.Handler {
						return httpmw.New(httpmw.Config{})(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(wrap(http.TimeoutHandler(h, time.Millisecond, "timeout"))))
					}, nil, &out, func(w http.ResponseWriter, r *http.Request) {
						go func() { // exchange returns before the handler does
							defer close(ended)
							<-answered
							defer func() { _ = recover() }()
							if tt.late != nil {
								tt.late(w)
							}
						}()
						if tt.before != nil {
							tt.before(w)
						}
						<-r.Context().Done()
						<-answered
					})
					close(answered)
					<-ended
					require.Equal(t, 503, got.status, "status that the client got")
					assert.EqualValues(t, got.status, line["status"], "status of %v", line)
					assert.EqualValues(t, len(got.body), line["bytes"], "bytes of %v", line)
					assert.NotContains(t, line, "client_gone", "the line")
				})
			}
		}
	}
}

// leaving serves one request and returns its access line. The client leaves when the handler
// calls leave, and the handler's context ends soon after.
func leaving(t *testing.T, protocol string, prepare func(*http.Server), mw func(http.Handler) http.Handler, out *testkit.Log, h func(w http.ResponseWriter, r *http.Request, leave func())) map[string]any {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	done := make(chan struct{})
	handler := mw(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h(w, r, leave) }))
	srv := newServer(t, protocol, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		handler.ServeHTTP(w, r)
	}), prepare)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+"/path", nil)
	require.NoError(t, err)
	res, err := srv.Client().Do(r)
	if err == nil {
		_, err = io.Copy(io.Discard, res.Body)
		res.Body.Close()
	}
	require.Error(t, err, "a client that leaves does not get a complete answer")
	<-done
	return out.Line(t)
}

// If the client leaves, the line has client_gone. The status is 0 if nothing was sent.
func TestAccessLogClientGone(t *testing.T) {
	large := make([]byte, 64<<10)
	// writeUntilError writes in a loop, since the operating system buffers some megabytes.
	writeUntilError := func(w io.Writer) error {
		for {
			if _, err := w.Write(large); err != nil {
				return err
			}
		}
	}
	for _, tt := range []struct {
		name    string
		status  int
		bytes   string // a pattern
		handler func(w http.ResponseWriter, r *http.Request, leave func())
	}{
		{"the handler waits", 0, "^0$", func(_ http.ResponseWriter, r *http.Request, leave func()) {
			leave()
			<-r.Context().Done()
		}},
		{"the handler waits, then writes a 502, as httputil.ReverseProxy does", 502, "^0$", func(w http.ResponseWriter, r *http.Request, leave func()) {
			leave()
			<-r.Context().Done()
			w.WriteHeader(502)
		}},
		{"the handler has begun to answer", 201, "^4$", func(w http.ResponseWriter, r *http.Request, leave func()) {
			w.WriteHeader(201)
			io.WriteString(w, "text")
			w.(http.Flusher).Flush()
			leave()
			<-r.Context().Done()
		}},
		{"the handler panics", 0, "^0$", func(_ http.ResponseWriter, r *http.Request, leave func()) {
			leave()
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		}},
		{"Write fails", 200, "", func(w http.ResponseWriter, r *http.Request, leave func()) {
			w.(http.Flusher).Flush()
			leave()
			writeUntilError(w)
		}},
		{"io.Copy fails", 200, "", func(w http.ResponseWriter, r *http.Request, leave func()) {
			w.(http.Flusher).Flush()
			leave()
			io.Copy(w, onlyReader{zeros{}})
		}},
		{"Flush fails", 200, "", func(w http.ResponseWriter, r *http.Request, leave func()) {
			w.(http.Flusher).Flush()
			leave()
			for http.NewResponseController(w).Flush() == nil {
				io.WriteString(w, "text")
			}
		}},
	} {
		for _, protocol := range protocols {
			for between, wrap := range map[string]func(http.Handler) http.Handler{"": same, ", behind another library's ResponseWriter": foreign} {
				t.Run(tt.name+" over "+protocol+between, func(t *testing.T) {
					var out testkit.Log
					logger := zerolog.New(&out)
					sdk, rec := testkit.SDK(sdktrace.AlwaysSample())
					line := leaving(t, protocol, nil, func(h http.Handler) http.Handler {
						return httpmw.New(httpmw.Config{TracerProvider: sdk})(wrap(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(h)))
					}, &out, tt.handler)
					assert.Equal(t, true, line["client_gone"], "client_gone of %v", line)
					assert.EqualValues(t, tt.status, line["status"], "status of %v", line)
					assert.Regexp(t, tt.bytes, fmt.Sprint(line["bytes"]), "bytes of %v", line)
					assert.Equal(t, "info", line["level"], "level of %v", line)
					attrs := attribute.NewSet(rec.Ended()[0].Attributes()...)
					got, has := attrs.Value("http.response.status_code")
					assert.Equal(t, tt.status != 0, has, "the span has a status")
					assert.EqualValues(t, tt.status, got.AsInt64(), "http.response.status_code of the span")
					if line["panicked"] == nil {
						assert.Equal(t, codes.Unset, rec.Ended()[0].Status().Code, "the span's status")
					}
				})
			}
		}
	}
}

// zeros is a reader of endless zero bytes.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// The Flush of http.Flusher returns no error. AccessLog still learns that the flush failed.
func TestAccessLogClientGoneFlusher(t *testing.T) {
	for _, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			var out testkit.Log
			logger := zerolog.New(&out)
			_, line := exchange(t, protocol, http.MethodGet, httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger}), nil, &out, func(w http.ResponseWriter, r *http.Request) {
				io.WriteString(w, "text")
				http.NewResponseController(w).SetWriteDeadline(time.Unix(1, 0))
				for r.Context().Err() == nil && !strings.Contains(fmt.Sprint(http.NewResponseController(w).Flush()), "deadline") && protocol == "h2" {
					runtime.Gosched() // another goroutine of the server notices the deadline
				}
				w.(http.Flusher).Flush()
			})
			assert.Equal(t, true, line["client_gone"], "client_gone of %v", line)
		})
	}
}

// If the first write fails, nothing was sent: status and bytes are 0.
func TestAccessLogNothingTaken(t *testing.T) {
	var out testkit.Log
	logger := zerolog.New(&out)
	got, line := exchange(t, "h1", http.MethodGet, httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger}), nil, &out, func(w http.ResponseWriter, _ *http.Request) {
		http.NewResponseController(w).SetWriteDeadline(time.Unix(1, 0))
		_, err := w.Write(make([]byte, 1<<20))
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded, "Write")
	})
	require.Error(t, got.err, "what the client got")
	assert.EqualValues(t, 0, line["status"], "status of %v", line)
	assert.EqualValues(t, 0, line["bytes"], "bytes of %v", line)
	assert.Equal(t, true, line["client_gone"], "client_gone of %v", line)
	assert.Equal(t, "info", line["level"], "level of %v", line)
}

// An error of Write means that the client has left, unless net/http returns this error for
// another reason, such as a mistake of the handler.
func TestAccessLogWriteErrors(t *testing.T) {
	for _, tt := range []struct {
		name   string
		err    error
		status int
		gone   bool
	}{
		{"a broken pipe", errors.New("broken pipe"), 0, true},
		{"a deadline", fmt.Errorf("write: %w", os.ErrDeadlineExceeded), 0, true},
		{"http.ErrBodyNotAllowed", http.ErrBodyNotAllowed, 200, false},
		{"http.ErrContentLength", http.ErrContentLength, 200, false},
		{"HTTP/2's http.ErrContentLength", errors.New("http2: handler wrote more than declared Content-Length"), 200, false},
		{"http.ErrHijacked", http.ErrHijacked, 200, false},
		{"http.ErrNotSupported", http.ErrNotSupported, 200, false},
		{"http.ErrHandlerTimeout", http.ErrHandlerTimeout, 503, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out testkit.Log
			logger := zerolog.New(&out)
			h := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, err := io.WriteString(w, "text")
				assert.Equal(t, tt.err, err, "Write")
			}))
			h.ServeHTTP(failingWriter{minimal{http.Header{}}, tt.err}, get(nil))
			line := out.Line(t)
			assert.EqualValues(t, tt.status, line["status"], "status of %v", line)
			assert.Equal(t, tt.gone, line["client_gone"] == true, "client_gone of %v", line)
		})
	}
}

type failingWriter struct {
	minimal
	err error
}

func (f failingWriter) Write([]byte) (int, error) { return 0, f.err }

// Another library's ResponseWriter may have all optional interfaces of net/http's ResponseWriter,
// and a Flush that does not call FlushError. AccessLog calls that Flush.
func TestAccessLogForeignFlush(t *testing.T) {
	var out testkit.Log
	logger := zerolog.New(&out)
	w := ownFlush{&nullWriter{header: http.Header{}}, new(int)}
	httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		w.WriteHeader(404)
	})).ServeHTTP(w, get(nil))
	assert.Equal(t, 1, *w.flushed, "calls of the ResponseWriter's own Flush")
	assert.EqualValues(t, 200, out.Line(t)["status"], "status of the line: the flush came first")
}

type ownFlush struct {
	*nullWriter
	flushed *int
}

func (o ownFlush) Flush() { *o.flushed++ }

// endings are ways in which the context of a request ends while the client still waits for the
// answer.
var endings = []struct {
	name  string
	serve func(t *testing.T, srv *http.Server) (shutdown func())
	mw    func(http.Handler) http.Handler
}{
	{"BaseContext ends at SIGTERM", func(t *testing.T, srv *http.Server) func() {
		ctx, cancel := context.WithCancel(t.Context())
		srv.BaseContext = func(net.Listener) context.Context { return ctx }
		return cancel
	}, same},
	{"ConnContext ends at SIGTERM", func(t *testing.T, srv *http.Server) func() {
		sigterm, cancel := context.WithCancel(t.Context())
		srv.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
			ctx, end := context.WithCancel(ctx)
			context.AfterFunc(sigterm, end)
			return ctx
		}
		return cancel
	}, same},
	{"another middleware's deadline", func(*testing.T, *http.Server) func() { return func() {} }, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), time.Nanosecond)
			defer cancel()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}},
	{"another middleware cancels, with a cause", func(*testing.T, *http.Server) func() { return func() {} }, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithCancelCause(r.Context())
			cancel(errors.New("draining"))
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}},
}

// If the server or other middleware ends the context of a request, the line does not have
// client_gone.
func TestAccessLogClientStays(t *testing.T) {
	for _, tt := range endings {
		for _, protocol := range protocols {
			t.Run(tt.name+" over "+protocol, func(t *testing.T) {
				var out testkit.Log
				logger := zerolog.New(&out)
				var shutdown func()
				done := make(chan struct{})
				handler := tt.mw(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					shutdown()
					<-r.Context().Done()
				})))
				srv := newServer(t, protocol, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					defer close(done)
					handler.ServeHTTP(w, r)
				}), func(srv *http.Server) { shutdown = tt.serve(t, srv) })
				res := send(t, srv, "/", nil)
				body(t, res)
				<-done
				require.Equal(t, 200, res.StatusCode, "status that the client got")
				line := out.Line(t)
				assert.EqualValues(t, 200, line["status"], "status of %v", line)
				assert.NotContains(t, line, "client_gone", "the line")
			})
		}
	}
}

// Without a server, a canceled context says nothing about the client.
func TestAccessLogClientWithoutServer(t *testing.T) {
	var out testkit.Log
	logger := zerolog.New(&out)
	ctx, cancel := context.WithCancel(t.Context())
	serve(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { cancel() })), get(nil).WithContext(ctx))
	line := out.Line(t)
	assert.EqualValues(t, 200, line["status"], "status of %v", line)
	assert.NotContains(t, line, "client_gone", "the line")
}

// If the client leaves before the handler writes, the server still accepts the bytes. The line
// has these bytes, and client_gone.
func TestAccessLogClientGoneBefore(t *testing.T) {
	var out testkit.Log
	logger := zerolog.New(&out)
	line := leaving(t, "h1", nil, httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger}), &out, func(w http.ResponseWriter, r *http.Request, leave func()) {
		leave()
		<-r.Context().Done()
		io.WriteString(w, "text") // goes into the server's buffer
	})
	assert.EqualValues(t, 200, line["status"], "status of %v: what was written", line)
	assert.EqualValues(t, 4, line["bytes"], "bytes of %v: what was written", line)
	assert.Equal(t, true, line["client_gone"], "client_gone of %v", line)
}

// If a copy fails because its source fails, the error says nothing about the client.
func TestAccessLogSourceFails(t *testing.T) {
	read := &net.OpError{Op: "read", Net: "tcp", Err: errors.New("connection reset by peer")}
	for name, err := range map[string]error{
		"an error":                        errors.New("no source"),
		"an error of a connection's Read": read,
		"an error of Read, wrapped by the op readfrom": &net.OpError{Op: "readfrom", Net: "tcp", Err: read},
		"a refused connection":                         &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")},
	} {
		t.Run(name, func(t *testing.T) {
			var out testkit.Log
			logger := zerolog.New(&out)
			got, line := exchange(t, "h1", http.MethodGet, httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger}), nil, &out, func(w http.ResponseWriter, _ *http.Request) {
				_, copied := io.Copy(w, onlyReader{io.MultiReader(strings.NewReader("text"), failingReader{err})})
				assert.ErrorIs(t, copied, err, "io.Copy")
			})
			assert.Equal(t, "text", got.body, "body that the client got")
			assert.EqualValues(t, 200, line["status"], "status of %v", line)
			assert.NotContains(t, line, "client_gone", "the line")
		})
	}
}

type failingReader struct{ err error }

func (f failingReader) Read([]byte) (int, error) { return 0, f.err }

// net/http copies a file to the connection with sendfile. An error of sendfile also means that
// the client has left.
func TestAccessLogClientGoneSendfile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large.bin")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	require.NoError(t, os.Truncate(path, 1<<30), "a sparse file")
	var out testkit.Log
	logger := zerolog.New(&out)
	line := leaving(t, "h1", func(srv *http.Server) {
		// AccessLog ignores a canceled context if there is a BaseContext. So only the error of
		// the copy shows that the client has left.
		srv.BaseContext = func(net.Listener) context.Context { return context.Background() }
	}, httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger}), &out, func(w http.ResponseWriter, r *http.Request, leave func()) {
		w.Header().Set("Content-Length", fmt.Sprint(1<<30))
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		leave()
		http.ServeFile(w, r, path)
	})
	assert.Equal(t, true, line["client_gone"], "client_gone of %v", line)
	assert.EqualValues(t, 200, line["status"], "status of %v", line)
	assert.Less(t, line["bytes"], float64(1<<30), "bytes of %v", line)
}

// httputil.ReverseProxy answers 502 to a client that has left, or panics if it has begun to
// answer.
func TestAccessLogReverseProxyClientGone(t *testing.T) {
	for _, tt := range []struct {
		name     string
		begun    bool
		status   int
		panicked bool
	}{{"before the answer", false, 502, false}, {"in the middle of the answer", true, 200, true}} {
		t.Run(tt.name, func(t *testing.T) {
			backend := newServer(t, "h1", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if tt.begun {
					io.WriteString(w, "text")
					w.(http.Flusher).Flush()
				}
				<-r.Context().Done()
			}))
			target, err := url.Parse(backend.URL)
			require.NoError(t, err)
			proxy := &httputil.ReverseProxy{
				Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
				FlushInterval: -1,
				ErrorHandler:  func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(502) },
				Transport:     backend.Client().Transport,
			}
			var out testkit.Log
			logger := zerolog.New(&out)
			line := leaving(t, "h1", nil, httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger}), &out, func(w http.ResponseWriter, r *http.Request, leave func()) {
				if tt.begun {
					w = leavingWriter{w, leave}
				} else {
					leave()
				}
				proxy.ServeHTTP(w, r)
			})
			assert.Equal(t, true, line["client_gone"], "client_gone of %v", line)
			assert.EqualValues(t, tt.status, line["status"], "status of %v", line)
			assert.Equal(t, "info", line["level"], "level of %v", line)
			assert.Equal(t, tt.panicked, line["panicked"] == true, "panicked of %v", line)
		})
	}
}

// leavingWriter flushes each write, and then calls leave.
type leavingWriter struct {
	http.ResponseWriter
	leave func()
}

func (l leavingWriter) Write(p []byte) (int, error) {
	defer l.leave()
	defer http.NewResponseController(l.ResponseWriter).Flush()
	return l.ResponseWriter.Write(p)
}

// If nothing was sent, AccessLog calls Level with status 0, and the line has the level that Level
// returns.
func TestAccessLogClientGoneLevel(t *testing.T) {
	var out testkit.Log
	logger := zerolog.New(&out)
	var asked []int
	line := leaving(t, "h1", nil, httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger, Level: func(status int) zerolog.Level {
		asked = append(asked, status)
		return zerolog.WarnLevel
	}}), &out, func(_ http.ResponseWriter, r *http.Request, leave func()) {
		leave()
		<-r.Context().Done()
	})
	assert.Equal(t, "warn", line["level"], "level of %v", line)
	assert.Equal(t, []int{0}, asked, "statuses that Level was called with")
}

// A client that closes its half of the connection after its request, as nc -N does, looks like a
// client that has left, because net/http ends the request's context in both cases. The client
// still gets its answer, and the line has the status and the bytes of the answer.
func TestAccessLogHalfClosed(t *testing.T) {
	var out testkit.Log
	logger := zerolog.New(&out)
	done := make(chan struct{})
	logged := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		io.WriteString(w, "text")
	}))
	srv := newServer(t, "h1", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		logged.ServeHTTP(w, r)
	}))
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: svc.example\r\nConnection: close\r\n\r\n")
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	got, err := io.ReadAll(conn)
	require.NoError(t, err, "reading the answer")
	assert.Contains(t, string(got), "text", "the answer")
	<-done
	line := out.Line(t)
	assert.EqualValues(t, 200, line["status"], "status of %v", line)
	assert.EqualValues(t, 4, line["bytes"], "bytes of %v", line)
	assert.Equal(t, true, line["client_gone"], "client_gone of %v: a known limit", line)
}

// TestTortureTimeoutHandlers: the line has the status that the client got, whatever a handler
// does before and after the deadline. AccessLog is first outside of http.TimeoutHandler, then
// inside of it.
func TestTortureTimeoutHandlers(t *testing.T) {
	rounds, compared := torture.Size(2, 400), 0
	for _, protocol := range protocols {
		for _, where := range []string{"outside", "inside"} {
			var out testkit.Log
			logger := zerolog.New(&out)
			logged := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})
			var running sync.WaitGroup
			answered := make(chan struct{})
			h := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				n, err := strconv.Atoi(r.URL.Path[1:])
				assert.NoError(t, err)
				do := deadlines[n%len(deadlines)]
				if do.before != nil {
					do.before(w)
				}
				<-r.Context().Done()
				<-answered // TimeoutHandler may send the answer of a handler that returns just at the deadline
				if do.late != nil {
					do.late(w)
				}
			}))
			timeout := func(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Millisecond, "timeout") }
			if where == "outside" {
				h = logged(timeout(h))
			} else {
				h = timeout(http.HandlerFunc(func(logged http.Handler) http.HandlerFunc {
					return func(w http.ResponseWriter, r *http.Request) {
						running.Add(1)
						defer running.Done()
						defer func() { _ = recover() }()
						logged.ServeHTTP(w, r)
					}
				}(logged(h))))
			}
			srv := newServer(t, protocol, h)
			got := map[string]float64{}
			for n := range rounds * len(deadlines) {
				path := fmt.Sprint("/", n)
				res := send(t, srv, path, nil)
				body(t, res)
				answered <- struct{}{}
				got[path] = float64(res.StatusCode)
			}
			running.Wait()
			srv.Close()
			for _, line := range out.Lines(t) {
				path := line["path"].(string)
				assert.Equal(t, got[path], line["status"], "status of %v, %s over %s", line, where, protocol)
				delete(got, path)
				compared++
			}
			assert.Empty(t, got, "requests without a line")
		}
	}
	torture.Row(t, "Timeout handlers", "%d answers of http.TimeoutHandler over h1 and h2, AccessLog outside and inside: each line has the status that the client got", compared)
}

// TestTortureClientGone: each line of a client that leaves before the answer, or in the middle of
// it, has client_gone.
func TestTortureClientGone(t *testing.T) {
	rounds, gone, stayed := torture.Size(10, 2000), 0, 0
	for _, protocol := range protocols {
		var out testkit.Log
		logger := zerolog.New(&out)
		left := make(chan struct{})
		logged := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/stays":
				io.WriteString(w, "text")
				return
			case "/begun":
				io.WriteString(w, "text")
				w.(http.Flusher).Flush()
			}
			left <- struct{}{}
			<-r.Context().Done()
		}))
		var running sync.WaitGroup // an HTTP/2 server does not wait for handlers
		srv := newServer(t, protocol, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			running.Add(1)
			defer running.Done()
			logged.ServeHTTP(w, r)
		}))
		for n := range 3 * rounds {
			path := []string{"/stays", "/waits", "/begun"}[n%3]
			ctx, leave := context.WithCancel(t.Context())
			if path != "/stays" {
				go func() { <-left; leave() }()
			}
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+path, nil)
			require.NoError(t, err)
			res, err := srv.Client().Do(r)
			if err == nil {
				_, err = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
			require.Equal(t, path != "/stays", err != nil, "the client of %s got an error: %v", path, err)
			leave()
		}
		running.Wait()
		srv.Close()
		for _, line := range out.Lines(t) {
			want := map[string]float64{"/stays": 200, "/waits": 0, "/begun": 200}[line["path"].(string)]
			assert.Equal(t, want, line["status"], "status of %v", line)
			assert.Equal(t, line["path"] != "/stays", line["client_gone"] == true, "client_gone of %v", line)
			if line["client_gone"] == true {
				gone++
			} else {
				stayed++
			}
		}
	}
	assert.Equal(t, 4*rounds, gone, "lines of clients that had gone")
	torture.Row(t, "Client gone", "%d clients left before or in the middle of an answer: each line has client_gone, and status 0 if nothing was sent; %d stayed: no line has client_gone", gone, stayed)
}
