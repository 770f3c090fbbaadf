package doctor_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/clew/cmd/clew/internal/doctor"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// forever writes a text again and again, until clew closes the connection.
func forever(c net.Conn, text string) {
	for {
		if _, err := io.WriteString(c, text); err != nil {
			return
		}
	}
}

// trickle writes one byte of a text in each millisecond, until clew closes the connection or ctx
// ends.
func trickle(ctx context.Context, c net.Conn, text string) {
	for i := 0; ; i++ {
		if _, err := io.WriteString(c, text[i%len(text):i%len(text)+1]); err != nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Millisecond):
		}
	}
}

const ok = "HTTP/1.1 200 OK\r\n"

// bad has servers that answer badly, or do not answer.
var bad = []struct {
	name    string
	conn    func(ctx context.Context, c net.Conn)
	https   bool
	slow    bool // a request lasts until the timeout
	verdict doctor.Kind
	says    string // a part of Diagnosis.Says if verdict is Unreachable, or else of a note
}{
	{name: "hangs", conn: func(ctx context.Context, _ net.Conn) { <-ctx.Done() }, slow: true,
		verdict: doctor.Unreachable, says: "it did not answer in"},
	{name: "hangs before TLS", conn: func(ctx context.Context, _ net.Conn) { <-ctx.Done() }, slow: true, https: true,
		verdict: doctor.Unreachable, says: "it did not answer in"},
	{name: "trickles headers", conn: func(ctx context.Context, c net.Conn) { io.WriteString(c, ok); trickle(ctx, c, "X-A: b\r\n") }, slow: true,
		verdict: doctor.Unreachable, says: "it did not answer in"},
	{name: "trickles a body", conn: func(ctx context.Context, c net.Conn) { io.WriteString(c, ok+"\r\n"); trickle(ctx, c, "x") }, slow: true,
		verdict: doctor.Unknown, says: "The body of its answer had not ended after"},
	{name: "endless headers", conn: func(_ context.Context, c net.Conn) { io.WriteString(c, ok); forever(c, "X-A: b\r\n") },
		verdict: doctor.Unreachable, says: "the header of its answer is longer than 256 kB"},
	{name: "a header without an end", conn: func(_ context.Context, c net.Conn) {
		io.WriteString(c, ok+"X-A: ")
		forever(c, strings.Repeat("b", 1000))
	},
		verdict: doctor.Unreachable, says: "the header of its answer is longer than 256 kB"},
	{name: "endless 1xx", conn: func(_ context.Context, c net.Conn) { forever(c, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n") },
		verdict: doctor.Unreachable, says: "the header of its answer is longer than 256 kB"},
	{name: "an endless body", conn: func(_ context.Context, c net.Conn) {
		io.WriteString(c, ok+"\r\n")
		forever(c, strings.Repeat("b", 1000))
	},
		verdict: doctor.Unknown},
	{name: "switches protocols, and hangs", conn: func(ctx context.Context, c net.Conn) {
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n")
		io.Copy(io.Discard, c)
	}, verdict: doctor.Unknown},
	{name: "a body that ends too early", conn: answering(ok + "Content-Length: 100\r\n\r\nx"),
		verdict: doctor.Unknown, says: "The body of its answer broke off"},
	{name: "a body that is longer than its Content-Length", conn: answering(ok + "Content-Length: 1\r\n\r\nxyz"), verdict: doctor.Unknown},
	{name: "two values of Content-Length", conn: answering(ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxyz"), verdict: doctor.Unreachable, says: "there is no answer"},
	{name: "SSH", conn: func(_ context.Context, c net.Conn) {
		io.WriteString(c, "SSH-2.0-OpenSSH_9.6\r\n")
		io.Copy(io.Discard, c)
	},
		verdict: doctor.Unreachable, says: "it does not speak HTTP there"},
	{name: "a banner that looks like a refused connection", conn: answering("connection refused by policy\r\n"), verdict: doctor.Unreachable, says: "it does not speak HTTP there"},
	{name: "a banner that looks like a network error", conn: answering("network is unreachable, GOAWAY, proxyconnect\r\n"), verdict: doctor.Unreachable, says: "it does not speak HTTP there"},
	{name: "304", conn: answering("HTTP/1.1 304 Not Modified\r\n\r\n"), verdict: doctor.Unknown, says: "it answered 304 Not Modified."},
	{name: "300", conn: answering("HTTP/1.1 300 Multiple Choices\r\nLocation: /a\r\nContent-Length: 0\r\n\r\n"), verdict: doctor.Unknown, says: "it answered 300 Multiple Choices."},
	{name: "a redirect without a Location", conn: answering("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"), verdict: doctor.Unknown, says: "it answered 302 Found."},
	{name: "SSH with TLS", conn: func(_ context.Context, c net.Conn) {
		io.WriteString(c, "SSH-2.0-OpenSSH_9.6\r\n")
		io.Copy(io.Discard, c)
	}, https: true,
		verdict: doctor.Unreachable, says: "it does not speak TLS there: try http://"},
	{name: "HTTP where TLS is expected", conn: answering("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"), https: true,
		verdict: doctor.Unreachable, says: "it does not speak TLS there: try http://"},
	{name: "TLS where HTTP is expected", conn: answering("\x15\x03\x01\x00\x02\x02\x50"), verdict: doctor.Unreachable, says: "it wants TLS there: try https://"},
	{name: "closes after the request", conn: answering(""), verdict: doctor.Unreachable, says: "it closed the connection without an answer"},
	{name: "closes at once", conn: func(context.Context, net.Conn) {}, verdict: doctor.Unreachable, says: "the connection"},
	{name: "resets", conn: func(_ context.Context, c net.Conn) {
		bufio.NewReader(c).ReadString('\n')
		c.(*net.TCPConn).SetLinger(0)
	}, verdict: doctor.Unreachable, says: "it broke the connection (reset) without an answer"},
	{name: "a hostile redirect", conn: answering("HTTP/1.1 302 Found\r\nLocation: http://%zz/\u202e\r\nContent-Length: 0\r\n\r\n"), verdict: doctor.Unknown, says: "It redirects (302 Found) to"},
	{name: "not allowed", conn: answering("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"), verdict: doctor.Unknown, says: "--header 'Authorization: …' may let the canaries in"},
	{name: "no such route", conn: answering("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), verdict: doctor.Unknown, says: "it answered 404 Not Found"},
	{name: "an internal error", conn: answering("HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"), verdict: doctor.Unknown, says: "it answered 500 Internal Server Error"},
	{name: "an unknown status", conn: answering("HTTP/1.1 799 \r\nContent-Length: 0\r\n\r\n"), verdict: doctor.Unknown, says: "it answered 799."},
}

// answering returns a function that reads the header of a request, and answers with a text.
func answering(text string) func(context.Context, net.Conn) {
	return func(_ context.Context, c net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil || strings.HasPrefix(text, "HTTP/1.1 400") {
			io.WriteString(c, text)
		}
	}
}

// The examination of each server ends, and a sentence says what is wrong.
func TestBadServers(t *testing.T) {
	for _, test := range bad {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := config()
			if test.slow {
				c.Timeout = 100 * time.Millisecond
			}
			url := "http://" + raw(t, test.conn) + "/"
			if test.https {
				url = strings.Replace(url, "http", "https", 1)
			}
			d := c.Examine(t.Context(), target(t, url))
			assert.Equal(t, test.verdict, d.Verdict, "%+v", d)
			if test.verdict == doctor.Unreachable {
				assert.Contains(t, d.Says, test.says)
				assert.LessOrEqual(t, d.Requests, 2, "number of requests to a server that does not answer")
			} else {
				assert.Contains(t, strings.ToLower(strings.Join(d.Notes, "\n")), strings.ToLower(test.says))
			}
			assert.Empty(t, d.Findings)
			assert.NotContains(t, d.Says+strings.Join(d.Notes, ""), "\u202e")
		})
	}
}

func TestNobodyListens(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	srv.Close()
	d := config().Examine(t.Context(), target(t, srv.URL))
	assert.Equal(t, doctor.Unreachable, d.Verdict)
	assert.Equal(t, "nobody listens there: start the service, or check the port", d.Says)
	assert.Zero(t, d.Requests, "number of requests that were sent")
}

// A certificate is trusted only if it is valid for the host's name, and only if the system or
// Config.TLS knows its authority.
func TestCertificate(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-B3-TraceId", orNew(hear(r.Header).trace))
	}))
	srv.EnableHTTP2 = true
	srv.Config.ErrorLog = quietLog()
	srv.StartTLS()
	defer srv.Close()
	d := config().Examine(t.Context(), target(t, srv.URL))
	assert.Equal(t, doctor.Unreachable, d.Verdict)
	assert.Contains(t, d.Says, "its certificate cannot be trusted (x509: certificate signed by unknown authority)")

	c := config()
	c.TLS = srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	d = c.Examine(t.Context(), target(t, srv.URL))
	assert.Equal(t, doctor.Adopted, d.Verdict, "%+v", d)

	c.TLS.ServerName = "elsewhere.example"
	d = c.Examine(t.Context(), target(t, srv.URL))
	assert.Contains(t, d.Says, "its certificate cannot be trusted (x509: certificate is valid for")

	d = config().Examine(t.Context(), target(t, strings.Replace(srv.URL, "https", "http", 1)))
	assert.Equal(t, "it wants TLS there: try https://", d.Says)
}

// A server of HTTP/2 may end each connection with GOAWAY, without an answer.
func TestGoAway(t *testing.T) {
	srv := httptest.NewUnstartedServer(nil)
	srv.StartTLS() // to get its certificate
	certificates, client := srv.TLS.Certificates, srv.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	srv.Close()
	address := raw(t, func(_ context.Context, c net.Conn) {
		s := tls.Server(c, &tls.Config{Certificates: certificates, NextProtos: []string{"h2"}})
		if s.Handshake() != nil {
			return
		}
		io.WriteString(s, "\x00\x00\x00\x04\x00\x00\x00\x00\x00") // SETTINGS
		untilRequest(s)
		// GOAWAY after stream 1: ENHANCE_YOUR_CALM
		io.WriteString(s, "\x00\x00\x08\x07\x00\x00\x00\x00\x00"+"\x00\x00\x00\x01"+"\x00\x00\x00\x0b")
		s.CloseWrite()
		io.Copy(io.Discard, s)
	})
	c := config()
	c.TLS = client
	d := c.Examine(t.Context(), target(t, "https://"+address+"/"))
	assert.Equal(t, doctor.Unreachable, d.Verdict)
	assert.Equal(t, "it ends its HTTP/2 connections (GOAWAY) without an answer: is it shutting down?", d.Says)
}

// untilRequest reads frames of HTTP/2 until there is a request.
func untilRequest(r io.Reader) {
	io.CopyN(io.Discard, r, int64(len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")))
	for header := make([]byte, 9); ; {
		if _, err := io.ReadFull(r, header); err != nil {
			return
		}
		io.CopyN(io.Discard, r, int64(header[0])<<16|int64(header[1])<<8|int64(header[2]))
		if header[3] == 1 { // HEADERS
			return
		}
	}
}

// If a service begins to hang, clew does not send the remaining requests.
func TestHangsLater(t *testing.T) {
	release := make(chan struct{})
	var n atomic.Int32
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-B3-TraceId", orNew(hear(r.Header).trace))
		if n.Add(1) > 4 {
			<-release
		}
	})
	defer close(release)
	c := config()
	c.Timeout = 200 * time.Millisecond
	d := c.Examine(t.Context(), target(t, url))
	assert.Equal(t, 7, d.Requests)
	assert.Equal(t, doctor.Unknown, d.Verdict, "most canaries had no answer")
	assert.Contains(t, d.Says, "only 4 of 17 requests were answered")
	assert.Contains(t, strings.Join(d.Notes, "\n"), "3 of 7 requests: it did not answer in 200ms")
	assert.Contains(t, strings.Join(d.Notes, "\n"), "10 requests were not sent.")
}

// If a service shows no trace, or refuses every request, the report does not say that the service
// withstands hostile canaries.
func TestWithstandsNothing(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"silent": func(http.ResponseWriter, *http.Request) {},
		"locked": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-B3-TraceId", orNew(careful(r.Header).trace))
			w.WriteHeader(http.StatusUnauthorized)
		},
		"good": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-B3-TraceId", orNew(careful(r.Header).trace))
		},
	} {
		c := config()
		c.Hostile = true
		d := c.Examine(t.Context(), target(t, serve(t, handler)))
		assert.Equal(t, name == "good", strings.Contains(strings.Join(d.Notes, "\n"), "The service withstands "), "%s: %+v", name, d)
	}
}

// Ctrl-C ends the examination at once, with what was seen so far.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var n atomic.Int32
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-B3-TraceId", orNew(hear(r.Header).trace))
		if n.Add(1) == 4 {
			cancel()
			<-r.Context().Done()
		}
	})
	d := config().Examine(ctx, target(t, url))
	assert.Equal(t, doctor.Unknown, d.Verdict, "%+v", d)
	assert.Contains(t, d.Says, "only 3 of 17 requests were answered")
	assert.Equal(t, 3, d.Requests)
	has(t, d, doctor.Adopted, "response", 2, 2)

	d = config().Examine(ctx, target(t, url))
	assert.Equal(t, doctor.Unreachable, d.Verdict)
	assert.Equal(t, "it was interrupted before there was an answer", d.Says)
}

// Requests are as the manual says: GET, with the user agent, without cookies, and no redirect is
// followed.
func TestRequests(t *testing.T) {
	var seen []*http.Request
	var elsewhere int
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere++ }))
	defer other.Close()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r)
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
		http.Redirect(w, r, other.URL, http.StatusFound)
	})
	c := config()
	c.Debug, c.Hostile = true, true
	c.Header = http.Header{"Authorization": {"Bearer abc"}, "Host": {"shop.example"}, "X-More": {"1", "2"}}
	d := c.Examine(t.Context(), target(t, url))
	assert.Zero(t, elsewhere, "number of requests to the redirect's target")
	assert.Equal(t, c.Requests(), len(seen))
	assert.Equal(t, len(seen), d.Requests)
	ids, agents := map[string]bool{}, map[string]bool{}
	for _, r := range seen {
		require.Equal(t, http.MethodGet, r.Method)
		assert.Equal(t, "shop.example", r.Host)
		assert.Equal(t, "Bearer abc", r.Header.Get("Authorization"))
		assert.Equal(t, []string{"1", "2"}, r.Header["X-More"])
		assert.Equal(t, "*/*", r.Header.Get("Accept"))
		assert.Empty(t, r.Header.Get("Cookie"))
		assert.Empty(t, r.Header.Get("Host"))
		assert.True(t, strings.HasPrefix(r.UserAgent(), "clew-doctor/test ("), r.UserAgent())
		agents[r.UserAgent()] = true
		if in := hear(r.Header); in.trace != "" {
			assert.False(t, ids[in.trace], "the ID %s was sent twice", in.trace)
			ids[in.trace] = true
		}
	}
	assert.Len(t, agents, len(seen), "each request has its own user agent")
	assert.Contains(t, strings.Join(d.Notes, "\n"), fmt.Sprintf("%d of %d requests: it redirects (302 Found) to %s, which is not followed", len(seen), len(seen), other.URL))
}

// A stream of events has no end. clew still sends all canaries, and reads the header of each
// answer.
func TestEndlessBody(t *testing.T) {
	t.Parallel()
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-B3-TraceId", orNew(hear(r.Header).trace))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	d := config().Examine(t.Context(), target(t, url))
	assert.Equal(t, 17, d.Requests)
	has(t, d, doctor.Adopted, "response", 14, 14)
}

// If a service fails for each request with certain well-formed headers, the finding is Crashed. If
// it fails now and then, whatever the headers, there is no such finding.
func TestBreaks(t *testing.T) {
	for _, test := range []struct {
		name    string
		breaks  func(n int32, h http.Header) bool
		status  int // 0: it breaks the connection
		verdict doctor.Kind
		says    string
	}{
		{"500 because of X-B3", func(_ int32, h http.Header) bool { return h.Get("X-B3-TraceId") != "" }, 500, doctor.Crashed, "This concerns traces in X-B3"},
		{"no answer because of X-B3", func(_ int32, h http.Header) bool { return h.Get("X-B3-TraceId") != "" }, 0, doctor.Crashed, "This concerns traces in X-B3"},
		{"503 for every seventh request", func(n int32, _ http.Header) bool { return n%7 == 0 }, 503, doctor.Adopted, ""},
		{"every seventh connection breaks", func(n int32, _ http.Header) bool { return n%7 == 0 }, 0, doctor.Adopted, ""},
		{"nearly all connections break", func(n int32, _ http.Header) bool { return n > 2 }, 0, doctor.Unknown, "only 2 of 17 requests were answered"},
		{"a rate limit", func(n int32, _ http.Header) bool { return n > 5 }, 429, doctor.Unknown, "nothing was seen of others"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var n atomic.Int32
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if test.breaks(n.Add(1), r.Header) {
					if test.status == 0 {
						panic(http.ErrAbortHandler)
					}
					w.WriteHeader(test.status)
					return
				}
				b3, _ := trace.FromHeader(r.Header)
				w.Header().Set("X-B3-TraceId", orNew(b3.ID()))
			})
			c := config()
			c.Hostile = test.verdict == doctor.Adopted
			d := c.Examine(t.Context(), target(t, url))
			assert.Equal(t, test.verdict, d.Verdict, "%+v", d)
			assert.Contains(t, d.Says+find(d, doctor.Crashed, "response").Says, test.says)
			assert.LessOrEqual(t, d.Requests, c.Requests()+c.More())
			assert.Equal(t, int(n.Load()), d.Requests)
		})
	}
}
