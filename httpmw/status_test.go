package httpmw_test

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// client is the answer that a client got.
type client struct {
	status int // 0: no response
	body   string
	hints  []int // informational responses
	err    error
}

// exchange serves one request over the given protocol. It returns what the client got, and the
// access line.
func exchange(t *testing.T, protocol, method string, logged, outside func(http.Handler) http.Handler, out *testkit.Log, h http.HandlerFunc) (client, map[string]any) {
	t.Helper()
	handler := logged(h)
	if outside != nil {
		handler = outside(handler)
	}
	done := make(chan struct{})
	srv := newServer(t, protocol, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		handler.ServeHTTP(w, r)
	}))
	var got client
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
		Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
			got.hints = append(got.hints, code)
			return nil
		},
	})
	r, err := http.NewRequestWithContext(ctx, method, srv.URL+"/path", nil)
	require.NoError(t, err)
	res, err := srv.Client().Do(r)
	got.err = err
	if err == nil {
		got.status = res.StatusCode
		text, readErr := io.ReadAll(res.Body)
		res.Body.Close()
		got.body, got.err = string(text), readErr
	}
	<-done
	return got, out.Line(t)
}

// onlyReader hides every method of a reader except Read, so that io.Copy uses the ResponseWriter's
// ReadFrom.
type onlyReader struct{ io.Reader }

// statusRow is a handler, what its client gets, and what its line says.
type statusRow struct {
	name    string
	handler http.HandlerFunc
	only    string // the protocol in which the row is possible; "": both
	method  string // "": GET

	client int   // status that the client gets; 0: the connection breaks
	hints  []int // informational responses that the client gets
	body   string

	want      int  // status of the line
	bytes     int  // bytes of the line; 0 means the length of body
	uncounted bool // the bytes of the line are not checked
	panicked  bool
	hijacked  bool
}

// written is the text that handlers of the tables write.
const written = "text"

// statusTruth are handlers whose status some access logs get wrong.
var statusTruth = []statusRow{
	{name: "103 then 404", want: 404, client: 404, hints: []int{103}, handler: func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>; rel=preload")
		w.WriteHeader(103)
		w.WriteHeader(404)
	}},
	{name: "404 then 200", want: 404, client: 404, handler: func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(404)
		w.WriteHeader(200)
	}},
	{name: "body then 404", want: 200, client: 200, body: written, handler: func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, written)
		w.WriteHeader(404)
	}},
	{name: "nothing", want: 200, client: 200, handler: nop},
	{name: "Flush then 404", want: 200, client: 200, handler: func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush()
		w.WriteHeader(404)
	}},
	{name: "500 then panic", want: 500, client: 0, panicked: true, handler: func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(500)
		panic("boom")
	}},
	{name: "Hijack", only: "h1", want: 0, client: 101, hijacked: true, handler: func(w http.ResponseWriter, _ *http.Request) {
		hijack(w, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
	}},
}

// moreStatuses are more handlers whose status an access log can easily get wrong.
var moreStatuses = []statusRow{
	{name: "103 then nothing", want: 200, client: 200, hints: []int{103}, handler: func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(103)
	}},
	{name: "103, 103, body", want: 200, client: 200, hints: []int{103, 103}, body: written, handler: func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(103)
		w.WriteHeader(103)
		io.WriteString(w, written)
	}},
	{name: "102 then panic", want: 0, client: 0, hints: []int{102}, panicked: true, handler: func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(102)
		panic("boom")
	}},
	{name: "101 over h2, then 404", only: "h2", want: 404, client: 404, hints: []int{101}, handler: func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(101)
		w.WriteHeader(404)
	}},
	{name: "FlushError then 404", want: 200, client: 200, handler: func(w http.ResponseWriter, _ *http.Request) {
		http.NewResponseController(w).Flush()
		w.WriteHeader(404)
	}},
	{name: "404 then Flush", want: 404, client: 404, body: written, handler: func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(404)
		w.(http.Flusher).Flush()
		io.WriteString(w, written)
	}},
	{name: "an empty Write then 404", want: 200, client: 200, handler: func(w http.ResponseWriter, _ *http.Request) {
		w.Write(nil)
		w.WriteHeader(404)
	}},
	{name: "an empty io.Copy then 404", want: 404, client: 404, handler: func(w http.ResponseWriter, _ *http.Request) {
		io.Copy(w, onlyReader{strings.NewReader("")})
		w.WriteHeader(404)
	}},
	{name: "a failing io.Copy then 502", want: 502, client: 502, handler: func(w http.ResponseWriter, _ *http.Request) {
		io.Copy(w, onlyReader{badReader{}})
		w.WriteHeader(502)
	}},
	{name: "http.Error", want: 400, client: 400, body: written + "\n", handler: func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, written, 400)
	}},
	{name: "204 and a body that is not allowed", want: 204, client: 204, handler: func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(204)
		io.WriteString(w, written)
	}},
	{name: "HEAD", method: http.MethodHead, want: 418, client: 418, uncounted: true, handler: func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(418)
		io.WriteString(w, written)
	}},
	{name: "nothing, then panic", want: 0, client: 0, panicked: true, handler: func(http.ResponseWriter, *http.Request) {
		panic("boom")
	}},
	{name: "http.ErrAbortHandler", want: 0, client: 0, panicked: true, handler: func(http.ResponseWriter, *http.Request) {
		panic(http.ErrAbortHandler)
	}},
	{name: "body then http.ErrAbortHandler", want: 200, client: 0, bytes: len(written), panicked: true, handler: func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, written)
		panic(http.ErrAbortHandler)
	}},
	{name: "an invalid status", want: 0, client: 0, panicked: true, handler: func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(99)
	}},
	{name: "a runtime error", want: 0, client: 0, panicked: true, handler: func(w http.ResponseWriter, _ *http.Request) {
		_ = w.(fmt.Stringer)
	}},
	{name: "a panic that the handler recovers", want: 503, client: 503, handler: func(w http.ResponseWriter, _ *http.Request) {
		defer func() {
			recover()
			w.WriteHeader(503)
		}()
		panic("boom")
	}},
}

// TestAccessLogStatus: the line has the status that the client got.
func TestAccessLogStatus(t *testing.T) {
	writers := map[string]func(http.Handler) http.Handler{"": same, ", behind another library's ResponseWriter": foreign}
	for _, tt := range slices.Concat(statusTruth, moreStatuses) {
		for _, protocol := range protocols {
			if tt.only != "" && tt.only != protocol {
				continue
			}
			for name, outside := range writers {
				t.Run(tt.name+" over "+protocol+name, func(t *testing.T) {
					var out testkit.Log
					logger := zerolog.New(&out)
					method := cmp.Or(tt.method, http.MethodGet)
					got, line := exchange(t, protocol, method, httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger}), func(h http.Handler) http.Handler {
						return outside(httpmw.New(httpmw.Config{})(h))
					}, &out, tt.handler)
					tt.checkClient(t, got)
					tt.checkLine(t, line)
				})
			}
		}
	}
}

func (tt statusRow) checkClient(t *testing.T, got client) {
	t.Helper()
	if tt.client == 0 {
		require.Error(t, got.err, "what the client got: want a broken connection, got %+v", got)
	} else {
		require.NoError(t, got.err, "the client's error")
		require.Equal(t, tt.client, got.status, "status that the client got")
	}
	assert.Equal(t, tt.hints, got.hints, "informational responses that the client got")
	assert.Equal(t, tt.body, got.body, "body that the client got")
}

func (tt statusRow) checkLine(t *testing.T, line testkit.Line) {
	t.Helper()
	assert.EqualValues(t, tt.want, line["status"], "status of %v", line)
	if !tt.uncounted {
		assert.EqualValues(t, cmp.Or(tt.bytes, len(tt.body)), line["bytes"], "bytes of %v", line)
	}
	assert.Equal(t, tt.panicked, line["panicked"] == true, "panicked of %v", line)
	assert.Equal(t, tt.hijacked, line["hijacked"] == true, "hijacked of %v", line)
}

// foreign is another library's middleware, whose ResponseWriter has every optional interface.
func foreign(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(foreignWriter{w, http.NewResponseController(w)}, r)
	})
}

type foreignWriter struct {
	http.ResponseWriter
	*http.ResponseController
}

func (f foreignWriter) Flush()                                { f.ResponseWriter.(http.Flusher).Flush() }
func (f foreignWriter) FlushError() error                     { return f.ResponseController.Flush() }
func (f foreignWriter) WriteString(s string) (int, error)     { return io.WriteString(f.ResponseWriter, s) }
func (f foreignWriter) Push(string, *http.PushOptions) error  { return http.ErrNotSupported }
func (f foreignWriter) CloseNotify() <-chan bool              { return nil }
func (f foreignWriter) ReadFrom(src io.Reader) (int64, error) { return io.Copy(f.ResponseWriter, src) }

type badReader struct{}

func (badReader) Read([]byte) (int, error) { return 0, errors.New("no source") }

// hijack takes over the connection, sends raw and closes.
func hijack(w http.ResponseWriter, raw string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	io.WriteString(conn, raw)
}
