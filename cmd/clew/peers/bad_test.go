package peers_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bad is a server that answers incorrectly or not at all.
type bad struct {
	url         string
	connections atomic.Int64
	written     atomic.Int64 // bytes that the kernel has accepted
}

// answering starts a server on bare TCP. For each connection it calls serve, and then closes the
// connection.
func answering(t *testing.T, serve func(conn net.Conn, to io.Writer)) *bad {
	t.Helper()
	accept, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	b := &bad{url: "http://" + accept.Addr().String() + "/"}
	var (
		serving sync.WaitGroup
		mu      sync.Mutex
		open    []net.Conn
	)
	serving.Go(func() {
		for {
			conn, err := accept.Accept()
			if err != nil {
				return
			}
			b.connections.Add(1)
			mu.Lock()
			open = append(open, conn)
			mu.Unlock()
			serving.Go(func() {
				defer conn.Close()
				serve(conn, io.MultiWriter(conn, (*counter)(&b.written)))
			})
		}
	})
	t.Cleanup(func() {
		accept.Close()
		mu.Lock()
		for _, conn := range open {
			conn.Close()
		}
		mu.Unlock()
		serving.Wait()
	})
	return b
}

type counter atomic.Int64

func (c *counter) Write(p []byte) (int, error) {
	(*atomic.Int64)(c).Add(int64(len(p)))
	return len(p), nil
}

// asked reads a request, and returns whether there was one.
func asked(conn net.Conn) bool {
	_, err := http.ReadRequest(bufio.NewReader(conn))
	return err == nil
}

// forever writes text again and again until the connection is closed. It pauses after every write.
// If pause is 0, it writes as fast as possible.
func forever(to io.Writer, text string, pause time.Duration) {
	if pause == 0 {
		text = strings.Repeat(text, 1+64<<10/len(text))
	}
	for {
		if _, err := io.WriteString(to, text); err != nil {
			return
		}
		if pause > 0 {
			<-time.After(pause)
		}
	}
}

const (
	ok      = "HTTP/1.1 200 OK\r\n"
	trickle = 20 * time.Millisecond
)

// badServers are the bad servers, each with a part of the sentence that clew doctor must write. No
// server shows a trace ID.
var badServers = []struct {
	name  string
	says  string
	serve func(conn net.Conn, to io.Writer)
}{
	{"hangs", "did not answer in 300ms", func(conn net.Conn, _ io.Writer) { io.Copy(io.Discard, conn) }},
	{"closes at once", "the connection", func(net.Conn, io.Writer) {}},
	{"closes after the request", "closed the connection", func(conn net.Conn, _ io.Writer) { asked(conn) }},
	{"resets", "reset", func(conn net.Conn, _ io.Writer) { asked(conn); conn.(*net.TCPConn).SetLinger(0) }},
	{"ends within a header", "X-B3-Trace", func(conn net.Conn, to io.Writer) { asked(conn); io.WriteString(to, ok+"X-B3-Trace") }},
	{"trickles headers", "did not answer in 300ms", func(conn net.Conn, to io.Writer) {
		asked(conn)
		io.WriteString(to, ok)
		forever(to, "X-A: b\r\n", trickle)
	}},
	{"trickles its first line", "did not answer in 300ms", func(conn net.Conn, to io.Writer) { asked(conn); forever(to, "H", trickle) }},
	{"trickles a body", "No canary's ID was seen", func(conn net.Conn, to io.Writer) {
		asked(conn)
		io.WriteString(to, ok+"Content-Length: 1000000\r\n\r\n")
		forever(to, "a", trickle)
	}},
	{"body of 1 GB", "No canary's ID was seen", func(conn net.Conn, to io.Writer) {
		asked(conn)
		io.WriteString(to, ok+"Content-Length: 1073741824\r\n\r\n")
		forever(to, "a", 0)
	}},
	{"endless chunks", "No canary's ID was seen", func(conn net.Conn, to io.Writer) {
		asked(conn)
		io.WriteString(to, ok+"Transfer-Encoding: chunked\r\n\r\n")
		forever(to, "1\r\na\r\n", 0)
	}},
	{"endless headers", "longer than", func(conn net.Conn, to io.Writer) { asked(conn); io.WriteString(to, ok); forever(to, "X-A: b\r\n", 0) }},
	{"endless first line", "longer than", func(conn net.Conn, to io.Writer) { asked(conn); forever(to, "HTTP/1.1 200 O", 0) }},
	{"endless 1xx", "longer than", func(conn net.Conn, to io.Writer) { asked(conn); forever(to, "HTTP/1.1 103 Early Hints\r\n\r\n", 0) }},
	{"SSH", "does not speak HTTP", func(conn net.Conn, to io.Writer) { io.WriteString(to, "SSH-2.0-OpenSSH_9.2p1\r\n"); asked(conn) }},
	{"SMTP", "does not speak HTTP", func(conn net.Conn, to io.Writer) { io.WriteString(to, "220 mail.example ESMTP\r\n"); asked(conn) }},
	{"Redis", "does not speak HTTP", func(conn net.Conn, to io.Writer) { asked(conn); io.WriteString(to, "-ERR unknown command 'GET'\r\n") }},
	{"control characters instead of HTTP", "does not speak HTTP", func(conn net.Conn, to io.Writer) {
		asked(conn)
		io.WriteString(to, "\x00\xff\x1b[31m\x1b]0;x\x07\r\n\r\n")
	}},
	{"hostile headers", "does not speak HTTP", func(conn net.Conn, to io.Writer) {
		asked(conn)
		io.WriteString(to, ok+"X-B3-TraceId: \x1b[31m\x1b]0;x\x07<script>\r\nServer: \x1b[2J\r\nContent-Length: 0\r\n\r\n")
	}},
	{"hostile status", "No canary's ID was seen", func(conn net.Conn, to io.Writer) {
		asked(conn)
		io.WriteString(to, "HTTP/1.1 500 \x1b[31m\x1b]0;x\x07\r\nContent-Length: 0\r\n\r\n")
	}},
	{"switches to another protocol", "No canary's ID was seen", func(conn net.Conn, to io.Writer) {
		asked(conn)
		io.WriteString(to, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		io.Copy(io.Discard, conn)
	}},
	{"HTTP/2 only", "does not speak HTTP", func(conn net.Conn, to io.Writer) {
		asked(conn)
		io.WriteString(to, "\x00\x00\x00\x04\x00\x00\x00\x00\x00")
	}},
}

// clew doctor ends within its timeout, and explains the problem in a sentence. The test itself
// waits up to a minute, although a few seconds should be enough.
func TestBadServers(t *testing.T) {
	for _, server := range badServers {
		t.Run(server.name, func(t *testing.T) {
			t.Parallel()
			b := answering(t, server.serve)
			slow, timeout := strings.HasPrefix(server.name, "hangs") || strings.HasPrefix(server.name, "trickles"), "10s"
			if slow {
				timeout = "300ms"
			}
			r := asJSON(t, "--timeout", timeout, b.url)
			assert.Equal(t, 3, r.code)
			require.Len(t, r.Targets, 1)
			assert.Contains(t, []string{"unreachable", "unknown"}, r.Targets[0].Verdict)
			assert.NotEmpty(t, r.Targets[0].Says)
			assert.Contains(t, r.Targets[0].Says, server.says)
			for _, f := range r.Targets[0].Findings {
				assert.False(t, f.Fault, "%+v", f)
			}
			assert.Less(t, len(r.out), 5_000, "bytes that clew doctor writes")
			// If only the body trickles, the headers arrive, and clew doctor sends all requests.
			if slow && server.name != "trickles a body" {
				assert.LessOrEqual(t, b.connections.Load(), int64(3), "number of requests that ran into the timeout")
			}
			assert.Less(t, r.memory, int64(100<<20), "memory of clew doctor")
			assert.Less(t, b.written.Load(), b.connections.Load()*(16<<20), "bytes that clew doctor accepted")
		})
	}
}

// clew doctor shows no control characters of a server's answer. The function finished checks that
// for ESC.
func TestHostileText(t *testing.T) {
	for _, answer := range []string{
		ok + "X-B3-TraceId: \x1b[31m\x1b]0;x\x07\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 500 \x1b[31m\x1b]0;x\x07\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: http://\x1b[31m\u202e/\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 302 Found\r\nLocation: /\u202e" + strings.Repeat("long", 10_000) + "\r\nContent-Length: 0\r\n\r\n",
		"\x1b[31m\x1b]0;x\x07\u202e\r\n\r\n",
	} {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			b := answering(t, func(conn net.Conn, to io.Writer) { asked(conn); io.WriteString(to, answer) })
			r := doctor(t, "--timeout", "5s", b.url)
			assert.Equal(t, 3, r.code)
			assert.NotContains(t, r.out+r.err, "\u202e")
			assert.Less(t, len(r.out+r.err), 5_000, "bytes that clew doctor writes")
		})
	}
}

// Ctrl-C ends clew doctor while it waits.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	b := answering(t, func(conn net.Conn, _ io.Writer) { interrupt(); io.Copy(io.Discard, conn) })
	command := exec.CommandContext(ctx, clew, "doctor", "--timeout", "10m", b.url)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	r := finished(t, command)
	assert.Equal(t, 130, r.code)
	assert.Equal(t, int64(1), b.connections.Load())
}

// If one URL hangs, clew doctor still tries the others, and reports on each.
func TestBadServerAmongGood(t *testing.T) {
	t.Parallel()
	hangs := answering(t, badServers[0].serve)
	good := peers[0].serve(t, io.Discard)
	r := asJSON(t, "--timeout", "1s", hangs.url, good)
	assert.Equal(t, 3, r.code)
	require.Len(t, r.Targets, 2)
	assert.Equal(t, "unreachable", r.Targets[0].Verdict)
	assert.Equal(t, "adopted", r.Targets[1].Verdict)
}

// clew doctor follows no redirect. The User-Agent of its requests names clew doctor.
func TestRedirect(t *testing.T) {
	t.Parallel()
	elsewhere := answering(t, func(net.Conn, io.Writer) {})
	var agents sync.Map
	from := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agents.Store(r.Method+" "+r.UserAgent(), nil)
		http.Redirect(w, r, elsewhere.url, http.StatusFound)
	}))
	t.Cleanup(from.Close)
	r := asJSON(t, from.URL)
	assert.Equal(t, 3, r.code)
	assert.Zero(t, elsewhere.connections.Load(), "number of requests to the redirect's target")
	require.Len(t, r.Targets, 1)
	assert.Equal(t, "unknown", r.Targets[0].Verdict)
	for agent := range agents.Range {
		assert.True(t, strings.HasPrefix(agent.(string), "GET clew-doctor"), agent)
	}
}

// clew doctor explains a URL with the wrong scheme, and a certificate without a known authority.
func TestTLS(t *testing.T) {
	t.Parallel()
	quiet := func(s *httptest.Server) *httptest.Server {
		s.Config.ErrorLog = discard
		t.Cleanup(s.Close)
		return s
	}
	hello := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello") })
	plain := quiet(httptest.NewUnstartedServer(hello))
	plain.Start()
	secret := quiet(httptest.NewUnstartedServer(hello))
	secret.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	secret.StartTLS()
	at := func(scheme string, s *httptest.Server) string { return scheme + "://" + s.Listener.Addr().String() }
	for _, test := range []struct{ name, url, says string }{
		{"https for a server without TLS", at("https", plain), "try http://"},
		{"http for a server with TLS", at("http", secret), "try https://"},
		{"self-signed certificate", at("https", secret), "certificate"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := asJSON(t, "--timeout", "5s", test.url)
			assert.Equal(t, 3, r.code)
			require.Len(t, r.Targets, 1)
			assert.NotEmpty(t, r.Targets[0].Says)
			assert.Contains(t, r.Targets[0].Says, test.says)
		})
	}
}

// clew doctor trusts an authority in SSL_CERT_FILE, and uses HTTP/2 if the service does.
func TestAuthority(t *testing.T) {
	t.Parallel()
	var old atomic.Int64
	service := named("clew").handler(t, io.Discard)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor < 2 {
			old.Add(1)
		}
		service.ServeHTTP(w, r)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "authority.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	require.NoError(t, os.WriteFile(file, certificate, 0o600))
	command := exec.CommandContext(t.Context(), clew, "doctor", server.URL)
	command.Env = append(environment(), "SSL_CERT_FILE="+file)
	r := finished(t, command)
	assert.Equal(t, 0, r.code)
	assert.Contains(t, r.out, ": adopted")
	assert.Zero(t, old.Load(), "number of requests by HTTP/1")
}

// clew doctor reports that no server listens at the address.
func TestRefused(t *testing.T) {
	t.Parallel()
	r := asJSON(t, "http://"+free(t))
	assert.Equal(t, 3, r.code)
	require.Len(t, r.Targets, 1)
	assert.Equal(t, "unreachable", r.Targets[0].Verdict)
	assert.Contains(t, r.Targets[0].Says, "nobody listens there")
}

// ports counts the ports that free has returned.
var ports atomic.Int32

// free returns an address on loopback without a listener. Its port is outside of the range from
// which systems choose free ports. Otherwise another test might get the same port.
func free(t *testing.T) string {
	t.Helper()
	for range 1000 {
		port := 20_000 + (os.Getpid()+int(ports.Add(1)))%12_000
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}
