package httpmw_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// interfaces returns which optional interfaces w has, and which methods of its ResponseController
// work.
func interfaces(w http.ResponseWriter) map[string]bool {
	has := map[string]bool{}
	_, has["Flusher"] = w.(http.Flusher)
	_, has["Hijacker"] = w.(http.Hijacker)
	_, has["Pusher"] = w.(http.Pusher)
	_, has["ReaderFrom"] = w.(io.ReaderFrom)
	_, has["StringWriter"] = w.(io.StringWriter)
	//lint:ignore SA1019 deprecated, and still in use
	_, has["CloseNotifier"] = w.(http.CloseNotifier)
	_, has["FlushError"] = w.(interface{ FlushError() error })

	// The ResponseController also finds the methods of wrapped ResponseWriters.
	c := http.NewResponseController(w)
	has["SetReadDeadline"] = c.SetReadDeadline(time.Now().Add(time.Hour)) == nil
	has["SetWriteDeadline"] = c.SetWriteDeadline(time.Now().Add(time.Hour)) == nil
	has["EnableFullDuplex"] = c.EnableFullDuplex() == nil
	has["Flush"] = c.Flush() == nil
	return has
}

// TestAccessLogInterfaces: the handler's ResponseWriter can do the same as without AccessLog.
// TestTortureWriter tests this over the wire.
func TestAccessLogInterfaces(t *testing.T) {
	discard := zerolog.Nop()
	log := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &discard})
	t.Run("Unwrap", func(t *testing.T) {
		w := httptest.NewRecorder()
		log(http.HandlerFunc(func(got http.ResponseWriter, _ *http.Request) {
			unwrapper, ok := got.(interface{ Unwrap() http.ResponseWriter })
			require.True(t, ok, "the ResponseWriter has Unwrap")
			assert.Same(t, w, unwrapper.Unwrap(), "Unwrap")
		})).ServeHTTP(w, get(nil))
	})
	t.Run("no optional interfaces", func(t *testing.T) {
		log(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for name, has := range interfaces(w) {
				assert.False(t, has, "%s of a ResponseWriter without optional interfaces", name)
			}
		})).ServeHTTP(minimal{http.Header{}}, get(nil))
	})
}

// TestAccessLogForeignInterfaces: the handler's ResponseWriter keeps sets of interfaces that no
// ResponseWriter of net/http has.
func TestAccessLogForeignInterfaces(t *testing.T) {
	discard := zerolog.Nop()
	all := foreignWriter{httptest.NewRecorder(), http.NewResponseController(httptest.NewRecorder())}
	for name, w := range map[string]http.ResponseWriter{
		"HTTP/1's interfaces, and Push":   all,
		"HTTP/2's interfaces, and Hijack": struct{ pushHijacker }{all},
		"HTTP/2's interfaces, and ReadFrom": struct {
			pusher
			io.ReaderFrom
		}{all, all},
	} {
		want := interfaces(w)
		httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &discard})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			assert.Equal(t, want, interfaces(w), "%s, inside AccessLog", name)
		})).ServeHTTP(w, get(nil))
	}
}

// pusher has the methods of net/http's ResponseWriter for HTTP/2.
type pusher interface {
	http.ResponseWriter
	http.Flusher
	FlushError() error
	io.StringWriter
	http.Pusher
	CloseNotify() <-chan bool
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
	EnableFullDuplex() error
}

type pushHijacker interface {
	pusher
	http.Hijacker
}

// minimal is a ResponseWriter without optional interfaces.
type minimal struct{ header http.Header }

func (m minimal) Header() http.Header { return m.header }

func (m minimal) Write(p []byte) (int, error) { return len(p), nil }

func (m minimal) WriteHeader(int) {}

// TestAccessLogFlushUnsupported: if a flush is not supported, the header does not count as sent.
func TestAccessLogFlushUnsupported(t *testing.T) {
	var out testkit.Log
	logger := zerolog.New(&out)
	h := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		assert.ErrorIs(t, http.NewResponseController(w).Flush(), http.ErrNotSupported, "Flush")
		w.WriteHeader(404)
	}))
	for _, w := range []http.ResponseWriter{minimal{http.Header{}}, noFlush{minimal{http.Header{}}}} {
		out = testkit.Log{}
		h.ServeHTTP(w, get(nil))
		line := out.Line(t)
		assert.EqualValues(t, 404, line["status"], "status of %v after a flush of %T", line, w)
	}
}

// noFlush has the method FlushError, as wrappers have, but wraps a ResponseWriter that cannot
// flush.
type noFlush struct{ minimal }

func (noFlush) FlushError() error { return http.ErrNotSupported }

// TestAccessLogDuplex: a handler can answer while it reads the request, as without clew.
func TestAccessLogDuplex(t *testing.T) {
	var out testkit.Log
	logger := zerolog.New(&out)
	done := make(chan struct{})
	logged := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		assert.NoError(t, c.EnableFullDuplex(), "EnableFullDuplex")
		lines := bufio.NewScanner(r.Body)
		for lines.Scan() {
			io.WriteString(w, "got "+lines.Text()+"\n")
			assert.NoError(t, c.Flush(), "Flush")
		}
	}))
	srv := newServer(t, "h1", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		logged.ServeHTTP(w, r)
	}))
	reading, writing := io.Pipe()
	go io.WriteString(writing, "one\n")
	res, err := srv.Client().Post(srv.URL, "text/plain", reading)
	require.NoError(t, err, "POST")
	defer res.Body.Close()
	answers := bufio.NewReader(res.Body)
	got, err := answers.ReadString('\n')
	require.NoError(t, err, "the first answer")
	assert.Equal(t, "got one\n", got, "the first answer, while the client is still sending")
	io.WriteString(writing, "two\n")
	got, err = answers.ReadString('\n')
	require.NoError(t, err, "the second answer")
	assert.Equal(t, "got two\n", got, "the second answer")
	writing.Close()
	io.Copy(io.Discard, answers)
	<-done
	assert.EqualValues(t, len("got one\ngot two\n"), out.Line(t)["bytes"], "bytes of the line")
}

// TestAccessLogHijackFails: if Hijack fails, the line does not have the key "hijacked".
func TestAccessLogHijackFails(t *testing.T) {
	var out testkit.Log
	logger := zerolog.New(&out)
	h := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _, err := w.(http.Hijacker).Hijack()
		assert.Error(t, err, "Hijack")
		w.WriteHeader(http.StatusTeapot)
	}))
	h.ServeHTTP(failingHijacker{httptest.NewRecorder()}, get(nil))
	line := out.Line(t)
	assert.EqualValues(t, http.StatusTeapot, line["status"], "status of %v", line)
	assert.NotContains(t, line, "hijacked", "the line")
}

type failingHijacker struct{ *httptest.ResponseRecorder }

func (failingHijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, errors.New("not today")
}
