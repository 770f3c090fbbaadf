package httpmw_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/internal/torture"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/websocket"
)

// TestTortureWriter: inside of all of clew's middleware, the ResponseWriter has the same methods
// as without clew, and they have the same effect.
func TestTortureWriter(t *testing.T) {
	past := time.Unix(1, 0)
	has := func(s *stage, w http.ResponseWriter, _ *http.Request) {
		s.note("%T has %v", innermost(w), interfaces(w))
	}
	timeout := func(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Minute, "") }
	n := play(t, []scenario{
		{name: "interfaces in h1", only: "h1", want: "Flush:true FlushError:true Flusher:true Hijacker:true Pusher:false ReaderFrom:true", handler: has},
		{name: "interfaces in h2", only: "h2", want: "Flush:true FlushError:true Flusher:true Hijacker:false Pusher:true ReaderFrom:false", handler: has},
		{name: "interfaces in http.TimeoutHandler", want: "Flusher:false", handler: has, outside: timeout},
		{name: "read deadline", want: "read 4, deadline exceeded true", play: func(s *stage) {
			reading, writing := io.Pipe() // the client sends only the beginning of the body
			srv := s.serve(func(w http.ResponseWriter, r *http.Request) {
				defer writing.Close()
				got := make([]byte, 4)
				n, err := io.ReadFull(r.Body, got)
				if err == nil {
					s.note("set: %v", http.NewResponseController(w).SetReadDeadline(past))
					_, err = r.Body.Read(got)
				}
				s.note("read %d, deadline exceeded %v", n, errors.Is(err, os.ErrDeadlineExceeded))
				w.WriteHeader(http.StatusRequestTimeout)
			})
			go io.WriteString(writing, "body")
			s.do(srv, s.request(srv, http.MethodPost, reading))
		}},
		{name: "a read deadline that is cleared", want: `read "body!"`, body: "body!", handler: func(s *stage, w http.ResponseWriter, r *http.Request) {
			c := http.NewResponseController(w)
			c.SetReadDeadline(time.Now().Add(time.Hour))
			s.note("cleared: %v", c.SetReadDeadline(time.Time{}))
			got, err := io.ReadAll(r.Body)
			s.note("read %q, %v", got, err)
		}},
		{name: "write deadline", want: "deadline exceeded true", handler: func(s *stage, w http.ResponseWriter, _ *http.Request) {
			s.note("set: %v", http.NewResponseController(w).SetWriteDeadline(past))
			s.note("deadline exceeded %v", errors.Is(untilError(w), os.ErrDeadlineExceeded))
		}},
		{name: "full duplex", want: `body of 8, sum 4c52978c, "onetwo\n\n"`, body: "one\ntwo\n", handler: func(s *stage, w http.ResponseWriter, r *http.Request) {
			c := http.NewResponseController(w)
			s.note("full duplex: %v", c.EnableFullDuplex())
			for lines := bufio.NewScanner(r.Body); lines.Scan(); {
				io.WriteString(w, lines.Text())
				s.note("flush: %v", c.Flush())
			}
			io.WriteString(w, "\n\n")
		}},
		{name: "103, read before the answer is written", want: "the client has the 103: true\nCLIENT\n103 [\"</a>\"]\nHTTP", play: func(s *stage) {
			got := make(chan struct{})
			srv := s.serve(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Link", "</a>")
				w.WriteHeader(http.StatusEarlyHints)
				has := false
				select {
				case <-got:
					has = true
				case <-r.Context().Done():
				}
				s.note("the client has the 103: %v", has)
				w.Header().Set("Link", "</b>")
				w.WriteHeader(http.StatusNotFound)
			})
			s.do(srv, s.request(srv, http.MethodGet, nil).WithContext(httptrace.WithClientTrace(s.Context(), &httptrace.ClientTrace{
				// This hook is called after the hook of s.do, which notes the 103.
				Got1xxResponse: func(int, textproto.MIMEHeader) error { close(got); return nil },
			})))
		}},
	})
	torture.Row(t, "ResponseWriter", "%d transcripts over h1 and h2 are the same as without clew: %d interfaces and deadlines, full duplex, 103, Unwrap", n, len(interfaces(minimal{http.Header{}})))
}

// TestTortureSSE: a flushed event reaches the client while the handler waits. The access line is
// written once, at the end of the stream.
func TestTortureSSE(t *testing.T) {
	events := torture.Size(20, 5000)
	flushes := map[string]func(http.ResponseWriter){
		"http.Flusher":            func(w http.ResponseWriter) { w.(http.Flusher).Flush() },
		"http.ResponseController": func(w http.ResponseWriter) { http.NewResponseController(w).Flush() },
	}
	read := 0
	for _, protocol := range protocols {
		for name, flush := range flushes {
			for _, setup := range setups() {
				if t.Failed() { // one test that hangs is enough
					return
				}
				t.Run(fmt.Sprint(name, " over ", protocol, " in ", setup.name), func(t *testing.T) {
					s := &stage{T: t, top: t, protocol: protocol, setup: setup}
					next := make(chan struct{})
					srv := s.serve(func(w http.ResponseWriter, r *http.Request) {
						w.Header().Set("Content-Type", "text/event-stream")
						for i := range events {
							fmt.Fprintf(w, "data: %d\n\n", i)
							flush(w)
							select {
							case <-next:
							case <-r.Context().Done():
								return
							}
						}
					})
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					defer cancel()
					r, err := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL, nil)
					require.NoError(t, err)
					r.Header.Set("b3", fromCaller)
					res, err := srv.Client().Do(r)
					require.NoError(t, err, "GET")
					defer res.Body.Close()
					stream, size := bufio.NewReader(res.Body), 0
					for i := range events {
						got, err := stream.ReadString('\n')
						require.NoError(t, err, "event %d, read while the handler waits", i)
						require.Equal(t, fmt.Sprintf("data: %d\n", i), got, "event %d", i)
						_, err = stream.ReadString('\n')
						require.NoError(t, err, "the end of event %d", i)
						size += len(got) + 1
						read++
						if setup.new != nil {
							require.Empty(t, setup.out.String(), "access lines while the stream is open")
						}
						select {
						case next <- struct{}{}:
						case <-ctx.Done():
							require.NoError(t, ctx.Err(), "after event %d", i)
						}
					}
					rest, err := io.ReadAll(stream)
					require.NoError(t, err, "the end of the stream")
					assert.Empty(t, rest, "bytes after the last event")
					for _, line := range s.lines() {
						assert.EqualValues(t, size, line["bytes"], "bytes of %v", line)
						assert.EqualValues(t, 200, line["status"], "status of %v", line)
					}
				})
			}
		}
	}
	torture.Row(t, "Server-sent events", "%d events over h1 and h2, each read by the client before the next was written; one access line for each stream", read)
}

// TestTortureWebSocket: an upgrade works through all of clew's middleware, and through a reverse
// proxy with httpclient's transport. Messages pass both ways, and the server sends the first one.
// The trace passes too.
func TestTortureWebSocket(t *testing.T) {
	messages := torture.Size(25, 5000)
	echoed := 0
	for _, proxied := range []bool{false, true} {
		for i := range setups() {
			front, back := setups()[i], setups()[i]
			t.Run(fmt.Sprintf("%s, proxied %v", front.name, proxied), func(t *testing.T) {
				b := &stage{T: t, top: t, protocol: "h1", setup: back}
				ids := make(chan string, 1)
				ws := websocket.Server{Handler: func(conn *websocket.Conn) {
					ids <- trace.ID(conn.Request().Context())
					if !assert.NoError(t, websocket.Message.Send(conn, "hello"), "the server's first message") {
						return
					}
					for {
						var got []byte
						if websocket.Message.Receive(conn, &got) != nil {
							return // the client has closed
						}
						websocket.Message.Send(conn, got)
					}
				}}
				srv := b.serve(ws.ServeHTTP)
				stages := []*stage{b}
				if proxied {
					f := &stage{T: t, top: t, protocol: "h1", setup: front}
					target, err := url.Parse(srv.URL)
					require.NoError(t, err)
					proxy := &httputil.ReverseProxy{
						Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
						Transport: httpclient.NewTransport(srv.Client().Transport, httpclient.Config{}),
					}
					srv = f.serve(proxy.ServeHTTP)
					stages = append(stages, f)
				}

				cfg, err := websocket.NewConfig("ws"+strings.TrimPrefix(srv.URL, "http")+"/ws", srv.URL)
				require.NoError(t, err)
				cfg.Header = testkit.Header("b3", fromCaller)
				conn, err := websocket.DialConfig(cfg)
				require.NoError(t, err, "the upgrade")
				defer conn.Close()
				require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
				var hello string
				require.NoError(t, websocket.Message.Receive(conn, &hello), "receiving the server's first message")
				assert.Equal(t, "hello", hello, "the server's first message")
				for i := range messages {
					sent := bytes.Repeat([]byte{byte(i)}, []int{1, 125, 126, 70_000}[i%4]) // one size for each encoding of a frame's length
					require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
					require.NoError(t, websocket.Message.Send(conn, sent), "sending message %d", i)
					var got []byte
					require.NoError(t, websocket.Message.Receive(conn, &got), "receiving message %d", i)
					require.Equal(t, sent, got, "message %d", i)
					echoed++
				}
				conn.Close()

				id := <-ids
				for i, s := range stages {
					s.calls.Wait()
					if s.new == nil {
						continue
					}
					line := s.out.Line(t)
					assert.Equal(t, true, line["hijacked"], "hijacked of %v", line)
					assert.EqualValues(t, 0, line["status"], "status of %v", line)
					if s.trust != httpmw.TrustNone {
						assert.Equal(t, id128, line["trace_id"], "trace_id of %v: must be the caller's", line)
					}
					if i == 0 {
						assert.Equal(t, id, line["trace_id"], "trace_id of %v: must be the handler's too", line)
					}
				}
			})
		}
	}
	torture.Row(t, "WebSocket", "%d messages echoed, half of them through httputil.ReverseProxy and httpclient's transport; each upgrade has one access line, in the caller's trace", echoed)
}

// sendfileListener counts the bytes that its connections send by ReadFrom. net/http uses sendfile
// through this method.
type sendfileListener struct {
	net.Listener
	mu      sync.Mutex
	bytes   int64
	readers []string
}

func (l *sendfileListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return sendfileConn{conn.(*net.TCPConn), l}, nil
}

type sendfileConn struct {
	*net.TCPConn
	l *sendfileListener
}

func (c sendfileConn) ReadFrom(src io.Reader) (int64, error) {
	n, err := c.TCPConn.ReadFrom(src)
	kind := fmt.Sprintf("%T", src)
	if limited, ok := src.(*io.LimitedReader); ok {
		kind += fmt.Sprintf(" of %T", limited.R)
	}
	c.l.mu.Lock()
	defer c.l.mu.Unlock()
	c.l.bytes += n
	c.l.readers = append(c.l.readers, kind)
	return n, err
}

// TestTortureSendfile: net/http sends a file by the connection's ReadFrom, with the same kind of
// reader and the same number of bytes as without clew.
func TestTortureSendfile(t *testing.T) {
	size := int64(torture.Size(1, 100)) << 20
	const tail = "the end"
	path := filepath.Join(t.TempDir(), "large.bin")
	file, err := os.Create(path)
	require.NoError(t, err)
	defer file.Close()
	require.NoError(t, file.Truncate(size), "a sparse file")
	_, err = file.WriteAt([]byte(tail), size-int64(len(tail)))
	require.NoError(t, err)
	sum := crc32.NewIEEE()
	_, err = io.Copy(sum, io.NewSectionReader(file, 0, size))
	require.NoError(t, err)

	sent, left := int64(0), int64(0)
	for name, handler := range map[string]func(http.ResponseWriter, *http.Request, *os.File){
		"http.ServeFile": func(w http.ResponseWriter, r *http.Request, _ *os.File) { http.ServeFile(w, r, path) },
		"http.ServeContent": func(w http.ResponseWriter, r *http.Request, f *os.File) {
			http.ServeContent(w, r, "", time.Time{}, f)
		},
		"io.Copy": func(w http.ResponseWriter, _ *http.Request, f *os.File) {
			w.Header().Set("Content-Length", fmt.Sprint(size))
			io.Copy(w, f)
		},
	} {
		var bare *sendfileListener
		for _, setup := range setups() {
			t.Run(name+" in "+setup.name, func(t *testing.T) {
				s := &stage{T: t, setup: setup}
				srv := httptest.NewUnstartedServer(s.handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					f, err := os.Open(path)
					if !assert.NoError(t, err) {
						return
					}
					defer f.Close()
					handler(w, r, f)
				})))
				l := &sendfileListener{Listener: srv.Listener}
				srv.Listener = l
				srv.Start()
				defer srv.Close()
				res := send(t, srv, "/large.bin", testkit.Header("b3", fromCaller))
				defer res.Body.Close()
				got := crc32.NewIEEE()
				n, err := io.Copy(got, res.Body)
				require.NoError(t, err, "reading the body")
				assert.Equal(t, size, n, "bytes that the client got")
				assert.Equal(t, sum.Sum32(), got.Sum32(), "checksum of what the client got")
				for _, line := range s.lines() {
					assert.EqualValues(t, size, line["bytes"], "bytes of %v", line)
				}

				l.mu.Lock()
				defer l.mu.Unlock()
				if setup.new == nil {
					bare = l
					require.Greater(t, l.bytes, size*9/10, "bytes by ReadFrom without clew, from the readers %v", l.readers)
					return
				}
				assert.Equal(t, bare.bytes, l.bytes, "bytes by ReadFrom")
				assert.Equal(t, bare.readers, l.readers, "readers that ReadFrom was given")
				sent, left = sent+l.bytes, left+size-l.bytes
			})
		}
	}
	torture.Row(t, "Sendfile", "files of %d MB: all but %d of %d bytes are sent by the connection's ReadFrom, as without clew", size>>20, left, sent+left)
}

// thrown is the type of a panic value. No other package has this type.
type thrown struct{ text string }

// firstLine keeps the first line that is logged.
type firstLine chan string

func (f firstLine) Write(p []byte) (int, error) {
	text, _, _ := strings.Cut(string(p), "\n")
	select {
	case f <- text:
	default:
	}
	return len(p), nil
}

// TestTorturePanics: a panic leaves the middleware with its own value, at whatever moment the
// handler panics. The client and the server's error log get the same as without clew, and the
// access line is written once.
func TestTorturePanics(t *testing.T) {
	seen := 0
	for _, leave := range leaves {
		for _, moment := range moments {
			for _, protocol := range protocols {
				t.Run(fmt.Sprint(leave.name, " ", moment.name, " over ", protocol), func(t *testing.T) {
					handler := func(w http.ResponseWriter, _ *http.Request) {
						moment.before(w)
						leave.do()
					}
					var bare string
					for _, setup := range setups() {
						s := &stage{T: t, top: t, protocol: protocol, setup: setup}
						leave.checkFlight(s, handler)
						leave.playInServer(s, handler)
						if got := s.transcript(); setup.new == nil {
							bare = got
						} else {
							assert.Equal(t, bare, got, "the transcript in %s", setup.name)
							seen++
						}
						for _, line := range s.lines() {
							assert.EqualValues(t, moment.status, line["status"], "status of %v", line)
							assert.Equal(t, leave.want != nil, line["panicked"] == true, "panicked of %v", line)
						}
					}
				})
			}
		}
	}
	torture.Row(t, "Panics", "%d ways to leave a handler at %d moments over h1 and h2: %d times the same value, the same end for the client, the same line in the server's error log, one access line", len(leaves), len(moments), seen)
}

// leave is a way to leave a handler without returning.
type leave struct {
	name string
	do   func()
	want any // the value of the panic; nil: the handler does not panic
}

var ownValue, errBoom = &thrown{"own"}, errors.New("boom")

var leaves = []leave{
	{"http.ErrAbortHandler", func() { panic(http.ErrAbortHandler) }, http.ErrAbortHandler},
	{"an error", func() { panic(errBoom) }, errBoom},
	{"a string", func() { panic("boom") }, "boom"},
	{"a pointer of the type thrown", func() { panic(ownValue) }, ownValue},
	{"a nil pointer", func() { own := (*thrown)(nil); _ = own.text }, "runtime error: invalid memory address or nil pointer dereference"},
	{"panic(nil)", func() { panic(nil) }, "panic called with nil argument"},
	{"an error within a deferred recover", func() {
		defer func() { recover(); panic(errBoom) }()
		panic("first")
	}, errBoom},
	{"runtime.Goexit", runtime.Goexit, nil},
}

// moments are the moments at which a handler is left, with the status that has been sent by then.
var moments = []struct {
	name   string
	before func(http.ResponseWriter)
	status int
}{
	{"at once", func(http.ResponseWriter) {}, 0},
	{"after header and some body were flushed", func(w http.ResponseWriter) {
		io.WriteString(w, "some body")
		w.(http.Flusher).Flush()
	}, 200},
	{"after 500", func(w http.ResponseWriter) { w.WriteHeader(500) }, 500},
}

// checkFlight calls the handler without a server, and checks the value that an outermost recover
// returns.
func (l leave) checkFlight(s *stage, handler http.HandlerFunc) {
	var value any
	returned := true
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { value = recover() }()
		returned = false
		s.handler(handler).ServeHTTP(httptest.NewRecorder(), get(testkit.Header("b3", fromCaller)))
		returned = true
	}()
	<-done
	require.False(s, returned, "%s: the middleware returned, although the handler did not", s.name)
	if err, ok := value.(runtime.Error); ok {
		require.ErrorContains(s, err, l.want.(string), "%s: the runtime error that leaves the middleware", s.name)
	} else {
		require.Equal(s, l.want, value, "%s: the value of the panic that leaves the middleware", s.name)
	}
	if l.want == ownValue {
		require.Same(s, ownValue, value, "%s: the value of the panic that leaves the middleware", s.name)
	}
}

// playInServer serves the handler in a server, and notes the client's answer and the first line
// of the error log.
func (l leave) playInServer(s *stage, handler http.HandlerFunc) {
	errorLog := make(firstLine, 1)
	srv := s.serve(handler)
	srv.Config.ErrorLog.SetOutput(errorLog)
	s.get(srv)
	if l.want == nil || l.want == http.ErrAbortHandler {
		srv.Close()
		assert.Empty(s, errorLog, "lines in the server's error log")
		return
	}
	select { // an HTTP/2 server logs the panic after the client has its answer
	case first := <-errorLog:
		s.note("error log: %s", first)
	case <-time.After(patience):
		require.Fail(s, "the server's error log has no line")
	}
}
