package zipkin_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/internal/testkit"
	"example.com/clew/zipkin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// answer is a collector's reaction to a post.
type answer = func(*post) (*http.Response, error)

func status(code int, headers ...string) answer {
	return func(*post) (*http.Response, error) { return reply(code, "no", headers...), nil }
}

func failure(err error) answer { return func(*post) (*http.Response, error) { return nil, err } }

func refuse(p *post) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
}

// swallow never answers. It returns when the request's context ends.
func swallow(p *post) (*http.Response, error) {
	<-p.Context().Done()
	return nil, p.Context().Err()
}

// dated answers with a Retry-After that is a date, d from now.
func dated(d time.Duration) answer {
	return func(*post) (*http.Response, error) {
		return reply(http.StatusServiceUnavailable, "", "Retry-After", time.Now().Add(d).UTC().Format(http.TimeFormat)), nil
	}
}

// After an outage, all spans that the queue could hold arrive, in order, each once.
func TestOutage(t *testing.T) {
	type bounds struct{ least, most time.Duration }
	usual := bounds{125 * time.Millisecond, 250 * time.Millisecond} // before the second try
	// If the collector asks for a wait of d, the wait is random within these bounds.
	exactly := func(d time.Duration) bounds { return bounds{d, d + d/10} }
	tests := []struct {
		name  string
		fault answer
		times int
		wait  bounds // from the first post to the second
	}{
		{"connection refused", refuse, 9, usual},
		{"500", status(500), 2, usual},
		{"503", status(503), 5, usual},
		{"503 with seconds", status(503, "Retry-After", "7"), 3, exactly(7 * time.Second)},
		{"503 with a date", dated(9 * time.Second), 3, bounds{8 * time.Second, 10 * time.Second}},
		{"503 with a date long ago", dated(-time.Hour), 3, usual},
		{"503 with a date in a year", dated(365 * 24 * time.Hour), 1, exactly(30 * time.Second)},
		{"503 with zero", status(503, "Retry-After", "0"), 3, usual},
		{"503 with a negative number", status(503, "Retry-After", "-9"), 3, usual},
		{"503 with an hour", status(503, "Retry-After", "3600"), 1, exactly(30 * time.Second)},
		{"503 with a number that is too large for an int", status(503, "Retry-After", strings.Repeat("9", 40)), 1, exactly(30 * time.Second)},
		{"503 with a number that is too small for an int", status(503, "Retry-After", "-"+strings.Repeat("9", 40)), 3, usual},
		{"503 with garbage", status(503, "Retry-After", "soon\x00"), 3, usual},
		{"503 with half a second", status(503, "Retry-After", "0.5"), 3, usual},
		{"429", status(429), 5, usual},
		{"429 with seconds", status(429, "Retry-After", "2"), 3, exactly(2 * time.Second)},
		{"408", status(408), 5, usual},
		{"502", status(502), 5, usual},
		{"504", status(504), 5, usual},
		{"black hole", swallow, 3, bounds{10*time.Second + usual.least, 10*time.Second + usual.most}},
		{"reset", failure(&net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}), 5, usual},
		{"end of the connection", failure(io.ErrUnexpectedEOF), 5, usual},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &collector{answer: func(p *post) (*http.Response, error) {
					if p.n < tt.times {
						return tt.fault(p)
					}
					return nil, nil
				}}
				cfg := zipkin.Config{QueueSpans: 1300, Client: c.client()}
				tp := newProvider(t, cfg)
				stop := watch(t, tp, cfg, nowAndThen)
				ids := end(tp, 1500)
				nobodyAsks := 5 * time.Minute
				time.Sleep(nobodyAsks)
				stop()

				assertArrived(t, c, ids[:1300])
				assertEmpty(t, tp.Stats(), 1500, 1300)
				assert.ErrorContains(t, tp.Shutdown(patience(t)), "zipkin: 200 of 1500 spans lost (queue full 200, refused 0, not sent in time 0)")

				tries := c.tries()
				require.Len(t, tries, tt.times+3, "posts")
				first := tries[1].at.Sub(tries[0].at)
				assert.True(t, first >= tt.wait.least && first <= tt.wait.most, "wait of %v before the second post", first)
				for i := 1; tt.wait == usual && i < tt.times; i++ {
					most := min(usual.most<<i, 5*time.Second)
					wait := tries[i+1].at.Sub(tries[i].at)
					assert.True(t, wait >= most/2 && wait <= most, "wait of %v before post %d, want %v to %v", wait, i+1, most/2, most)
				}
			})
		})
	}
}

// Pipes that fail at the same moment do not try again at the same moment.
func TestJitter(t *testing.T) {
	t.Run("refused", func(t *testing.T) { jitter(t, refuse) })
	t.Run("Retry-After", func(t *testing.T) { jitter(t, status(429, "Retry-After", "10")) })
}

func jitter(t *testing.T, fault answer) {
	synctest.Test(t, func(t *testing.T) {
		waits := map[time.Duration]bool{}
		for range 20 {
			c := &collector{answer: func(p *post) (*http.Response, error) {
				if p.n == 0 {
					return fault(p)
				}
				return nil, nil
			}}
			tp := newProvider(t, zipkin.Config{Client: c.client()})
			end(tp, 1)
			time.Sleep(time.Minute)
			tries := c.tries()
			require.Len(t, tries, 2, "posts")
			waits[tries[1].at.Sub(tries[0].at)] = true
			require.NoError(t, tp.Shutdown(patience(t)))
		}
		assert.Greater(t, len(waits), 10, "different waits among 20")
	})
}

func TestSlowCollector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &collector{answer: func(*post) (*http.Response, error) {
			time.Sleep(time.Second)
			return nil, nil
		}}
		cfg := zipkin.Config{Client: c.client()}
		tp := newProvider(t, cfg)
		stop := watch(t, tp, cfg, nowAndThen)
		var ids []string
		for range 20 {
			ids = append(ids, end(tp, 400)...)
			time.Sleep(300 * time.Millisecond)
		}
		require.NoError(t, tp.Shutdown(patience(t)), "Shutdown")
		stop()
		assertArrived(t, c, ids)
		assertEmpty(t, tp.Stats(), 8000, 8000)
	})
}

// Spans count as sent when the collector has answered 202, even if it does not end the body of its
// reply.
func TestReplyAfterTaking(t *testing.T) {
	tests := []struct {
		name string
		body func(*post) io.Reader
	}{
		{"body breaks off", func(*post) io.Reader {
			return io.MultiReader(strings.NewReader("ha"), brokenReader{io.ErrUnexpectedEOF})
		}},
		{"body never comes", func(p *post) io.Reader { return stalledReader{p} }},
		{"body never ends", func(*post) io.Reader { return endless{} }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &collector{answer: func(p *post) (*http.Response, error) {
					resp := reply(http.StatusAccepted, "")
					resp.Body = io.NopCloser(tt.body(p))
					return resp, nil
				}}
				tp := newProvider(t, zipkin.Config{Client: c.client()})
				ids := end(tp, 600)
				begin := time.Now()
				require.NoError(t, tp.ForceFlush(patience(t)), "ForceFlush")
				assert.LessOrEqual(t, time.Since(begin), 2*time.Second, "how long ForceFlush took, for two posts")
				assertArrived(t, c, ids)
				require.NoError(t, tp.Shutdown(patience(t)), "Shutdown")
				assertEmpty(t, tp.Stats(), 600, 600)
			})
		})
	}
}

type brokenReader struct{ err error }

func (r brokenReader) Read([]byte) (int, error) { return 0, r.err }

type stalledReader struct{ *post }

func (r stalledReader) Read([]byte) (int, error) {
	<-r.Context().Done()
	return 0, r.Context().Err()
}

type endless struct{}

func (endless) Read(b []byte) (int, error) { return len(b), nil }

// A batch that is answered with 500 three times is lost, because it may itself be to blame. The
// other batches arrive.
func TestServerErrorsLoseTheBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var poison string
		c := &collector{answer: func(p *post) (*http.Response, error) {
			if slices.Contains(p.ids, poison) {
				return reply(500, "NullPointerException"), nil
			}
			return nil, nil
		}}
		cfg := zipkin.Config{Client: c.client()}
		tp := newProvider(t, cfg)
		stop := watch(t, tp, cfg, nowAndThen)
		spans := begin(tp, 3*512)
		ids := spans.ids()
		poison = ids[600]
		spans.end()
		time.Sleep(time.Minute)
		stop()
		assertArrived(t, c, slices.Concat(ids[:512], ids[1024:]))
		assert.Len(t, c.tries(), 2+3, "posts")
		assertEmpty(t, tp.Stats(), 3*512, 2*512)
		assert.EqualError(t, tp.Shutdown(patience(t)), "zipkin: 512 of 1536 spans lost (queue full 0, refused 512, not sent in time 0): "+
			`last error: collector answered 500 "NullPointerException"`)
	})
}

// The count of answers with 500 begins anew with each batch.
func TestServerErrorsNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &collector{answer: func(p *post) (*http.Response, error) {
			if p.n%3 < 2 {
				return reply(500, ""), nil
			}
			return nil, nil
		}}
		tp := newProvider(t, zipkin.Config{Client: c.client()})
		ids := end(tp, 5*512)
		time.Sleep(time.Minute)
		assertArrived(t, c, ids)
		require.NoError(t, tp.Shutdown(patience(t)))
	})
}

// If a batch is refused, only the spans that are to blame are lost.
func TestRefusedTogether(t *testing.T) {
	some := func(at ...int) func(int) bool { return func(i int) bool { return slices.Contains(at, i) } }
	tests := []struct {
		name   string
		status int
		most   int // the largest number of spans that the collector accepts in a post; 0: any
		bad    func(i int) bool
		posts  int // the highest number of posts that is allowed
	}{
		{"413, unless a span is alone", 413, 1, some(), 1023},
		{"413, for more than a hundred spans", 413, 100, some(), 15},
		{"413, one is too large", 413, 0, some(300), 19},
		{"413, all are too large", 413, 0, func(int) bool { return true }, 1023},
		{"400, the first", 400, 0, some(0), 20},
		{"400, one", 400, 0, some(300), 20},
		{"400, the last", 400, 0, some(511), 20},
		{"400, several", 400, 0, some(0, 17, 99, 100, 300, 511), 110},
		{"400, neighbors", 400, 0, some(0, 1, 3), 40},
		{"400, all", 400, 0, func(int) bool { return true }, 50},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bad := map[string]bool{}
				c := &collector{answer: func(p *post) (*http.Response, error) {
					if tt.most > 0 && len(p.ids) > tt.most || slices.ContainsFunc(p.ids, func(id string) bool { return bad[id] }) {
						return reply(tt.status, "no"), nil
					}
					return nil, nil
				}}
				cfg := zipkin.Config{Client: c.client()}
				tp := newProvider(t, cfg)
				stop := watch(t, tp, cfg, nowAndThen)
				spans := begin(tp, 512)
				var good []string
				for i, id := range spans.ids() {
					if bad[id] = tt.bad(i); !bad[id] {
						good = append(good, id)
					}
				}
				spans.end()
				err := tp.ForceFlush(patience(t))
				stop()
				answer := fmt.Sprintf(`collector answered %d "no"`, tt.status)
				if tt.status == 400 {
					answer += ` to gzip, and 400 "no" to plain JSON`
				}
				if lost := 512 - len(good); lost > 0 {
					assert.EqualError(t, err, fmt.Sprintf(`zipkin: %d spans lost: last error: %s`, lost, answer), "ForceFlush")
				} else {
					assert.NoError(t, err, "ForceFlush")
				}
				assertArrived(t, c, good)
				assert.LessOrEqual(t, len(c.tries()), tt.posts, "posts")
				assertEmpty(t, tp.Stats(), 512, len(good))

				// The count of refusals begins anew with the next batch.
				later := end(tp, 20)
				assert.NoError(t, tp.ForceFlush(patience(t)), "ForceFlush of good spans")
				assertArrived(t, c, slices.Concat(good, later))
				tp.Shutdown(patience(t))
			})
		})
	}
}

// No span is sent twice if there are outages while a batch is halved.
func TestOutageAmongHalves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var bad string
		c := &collector{answer: func(p *post) (*http.Response, error) {
			switch {
			case p.n%4 == 1:
				return refuse(p)
			case p.n%4 == 3: // too seldom for any part to be lost
				return reply(500, ""), nil
			case slices.Contains(p.ids, bad):
				return reply(400, ""), nil
			}
			return nil, nil
		}}
		tp := newProvider(t, zipkin.Config{Client: c.client()})
		spans := begin(tp, 500)
		ids := spans.ids()
		bad = ids[123]
		spans.end()
		require.Error(t, tp.ForceFlush(patience(t)))
		assertArrived(t, c, slices.Concat(ids[:123], ids[124:]))
		tp.Shutdown(patience(t))
		assertEmpty(t, tp.Stats(), 500, 499)
	})
}

// After one of these statuses, the batch is lost at once, because another try would change
// nothing.
func TestRefused(t *testing.T) {
	for _, code := range []int{300, 301, 302, 303, 304, 307, 308, 401, 403, 404, 405, 410, 501, 505, 999} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &collector{answer: func(p *post) (*http.Response, error) {
					if p.n == 0 {
						return reply(code, "", "Location", "http://elsewhere.test/"), nil
					}
					return nil, nil
				}}
				tp := newProvider(t, zipkin.Config{Client: c.client()})
				ids := end(tp, 512+10)
				assert.EqualError(t, tp.ForceFlush(patience(t)), fmt.Sprintf(`zipkin: 512 spans lost: last error: collector answered %d ""`, code))
				assertArrived(t, c, ids[512:])
				tries := c.tries()
				require.Len(t, tries, 2, "posts")
				for _, p := range tries {
					assert.Equal(t, "collector.test:9411", p.URL.Host)
					assert.Equal(t, http.MethodPost, p.Method)
				}
				tp.Shutdown(patience(t))
				assertEmpty(t, tp.Stats(), 522, 10)
			})
		})
	}
}

// A redirect with a malformed Location is a refusal, like every redirect.
func TestRedirectNowhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &collector{answer: func(p *post) (*http.Response, error) {
			return reply(http.StatusMovedPermanently, "", "Location", "http://[:\x7f"), nil
		}}
		tp := newProvider(t, zipkin.Config{Client: c.client()})
		end(tp, 10)
		ctx := patience(t)
		assert.ErrorContains(t, tp.ForceFlush(ctx), "10 spans lost")
		assert.Len(t, c.tries(), 1, "posts")
		tp.Shutdown(ctx)
	})
}

// A hostile listener passes its first connections to the function do, and all later ones to the
// server.
type hostile struct {
	net.Listener
	first atomic.Int64
	do    func(net.Conn)
}

func (l *hostile) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil || l.first.Add(-1) < 0 {
			return conn, err
		}
		l.do(conn)
		conn.Close()
	}
}

// reset makes conn.Close send a TCP reset.
func reset(conn net.Conn) { conn.(*net.TCPConn).SetLinger(0) }

func TestBrokenConnections(t *testing.T) {
	read := func(c *collector, conn net.Conn) *post {
		r, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			t.Errorf("ReadRequest: %v", err)
			return &post{}
		}
		return c.read(r)
	}
	tests := []struct {
		name  string
		do    func(*collector, net.Conn)
		taken bool // the hostile connections accept the spans
	}{
		{name: "closed at once", do: func(*collector, net.Conn) {}},
		{name: "reset at once", do: func(_ *collector, conn net.Conn) { reset(conn) }},
		{name: "reset in the middle of the request", do: func(_ *collector, conn net.Conn) {
			io.ReadFull(conn, make([]byte, 1000))
			reset(conn)
		}},
		{name: "end after the request", do: func(c *collector, conn net.Conn) { read(c, conn) }},
		{name: "reset in the middle of the reply's head", do: func(c *collector, conn net.Conn) {
			read(c, conn)
			io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nContent-Le")
			reset(conn)
		}},
		{name: "end in the middle of the reply's head", do: func(c *collector, conn net.Conn) {
			read(c, conn)
			io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nContent-Le")
		}},
		{name: "end in the middle of the reply's body", taken: true, do: func(c *collector, conn net.Conn) {
			c.take(read(c, conn))
			io.WriteString(conn, "HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\nhalf")
		}},
		{name: "another protocol", do: func(c *collector, conn net.Conn) {
			read(c, conn)
			io.WriteString(conn, "220 mail.test ESMTP\r\n")
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := &collector{}
			server := httptest.NewUnstartedServer(c)
			l := &hostile{Listener: server.Listener, do: func(conn net.Conn) { tt.do(c, conn) }}
			l.first.Store(2)
			server.Listener = l
			server.Start()
			defer server.Close()

			cfg := zipkin.Config{Endpoint: server.URL}
			tp := newProvider(t, cfg)
			stop := watch(t, tp, cfg, runtime.Gosched)
			noise := make([]byte, 4000) // gzip cannot make this smaller
			rand.NewChaCha8([32]byte{}).Read(noise)
			ids := end(tp, 10, oteltrace.WithAttributes(attribute.String("noise", fmt.Sprintf("%x", noise))))
			require.NoError(t, tp.ForceFlush(patience(t)), "ForceFlush")
			more := end(tp, 10)
			require.NoError(t, tp.Shutdown(patience(t)), "Shutdown")
			stop()
			assertEmpty(t, tp.Stats(), 20, 20)
			c.broken = nil // the hostile connections have read some posts only in part
			assertArrived(t, c, slices.Concat(ids, more))
			if tt.taken {
				assert.Nil(t, tp.Stats().LastError, "LastError")
			} else {
				assert.Error(t, tp.Stats().LastError, "LastError")
			}
		})
	}
}

// The collector restarts several times while spans end. No span is missing. A span arrives twice,
// with the same ID, if the collector stopped before it replied.
func TestCollectorRestarts(t *testing.T) {
	arrived := make(chan struct{}, 1)
	c := &collector{}
	serve := func(l net.Listener) *http.Server {
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c.ServeHTTP(w, r)
			select {
			case arrived <- struct{}{}:
			default:
			}
		})}
		go server.Serve(l)
		return server
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	server := serve(l)

	cfg := zipkin.Config{Endpoint: "http://" + address, QueueSpans: 1 << 20, QueueBytes: 1 << 30}
	tp := newProvider(t, cfg)
	stop := watch(t, tp, cfg, runtime.Gosched)
	var all sync.WaitGroup
	var ids [8][]string
	over := make(chan struct{})
	for i := range ids {
		all.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
					if tp.Stats().Queued < 5000 {
						ids[i] = append(ids[i], end(tp, 10)...)
					}
					runtime.Gosched()
				}
			}
		})
	}
	for range 5 {
		<-arrived
		server.Close()
		// Wait until a post has failed.
		for failed := tp.Stats().LastError; failed == tp.Stats().LastError; {
			runtime.Gosched()
		}
		l, err = net.Listen("tcp", address)
		require.NoError(t, err, "listening at the address of the last server")
		select { // forget a post that reached the last server
		case <-arrived:
		default:
		}
		server = serve(l)
	}
	close(over)
	all.Wait()
	require.NoError(t, tp.Shutdown(patience(t)), "Shutdown")
	stop()
	server.Close()

	want, got := slices.Sorted(slices.Values(slices.Concat(ids[:]...))), c.taken
	slices.Sort(got)
	assertEmpty(t, tp.Stats(), len(want), len(want))
	assert.True(t, slices.Equal(want, slices.Compact(got)), "%d spans have ended, but the %d that have arrived are not the same", len(want), len(got))
}

// An error quotes only a bounded part of a reply, or of an error of the transport, and no control
// characters.
func TestErrorsQuoteLittle(t *testing.T) {
	flood := strings.Repeat("\x1b[31m\x00\r\n\u202e", 100_000)
	tests := []struct {
		name   string
		answer answer
	}{
		{"the body of a refusal", func(*post) (*http.Response, error) { return reply(404, flood), nil }},
		{"the body of a failure", func(*post) (*http.Response, error) { return reply(503, flood), nil }},
		{"the transport's error", failure(errors.New(flood))},
		{"a Location", func(*post) (*http.Response, error) {
			return reply(301, "", "Location", "http://[:"+flood), nil
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &collector{answer: tt.answer}
				tp := newProvider(t, zipkin.Config{Client: c.client()})
				end(tp, 1)
				time.Sleep(3 * time.Second)
				assertTame(t, tp.Stats().LastError, "LastError")
				end(tp, 1)
				ctx := expired(t)
				assertTame(t, tp.Shutdown(ctx), "Shutdown")
			})
		})
	}
}

func assertTame(t testing.TB, err error, from string) {
	t.Helper()
	require.Error(t, err, from)
	text := err.Error()
	assert.LessOrEqual(t, len(text), 2000, "length of the error of %s", from)
	at := strings.IndexFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x202e })
	assert.Equal(t, -1, at, "index of a control character in the error of %s: %.200q", from, text)
}

// If a proxy breaks the connection because of one span, only that span is lost.
func TestPoison(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var poison string
		c := &collector{answer: func(p *post) (*http.Response, error) {
			if slices.Contains(p.ids, poison) {
				return nil, io.ErrUnexpectedEOF
			}
			return nil, nil
		}}
		tp := newProvider(t, zipkin.Config{Client: c.client()})
		spans := begin(tp, 512)
		ids := spans.ids()
		poison = ids[300]
		spans.end()
		ids = append(ids, end(tp, 2000)...)
		time.Sleep(time.Hour)
		assertEmpty(t, tp.Stats(), 2512, 2511)
		assert.ElementsMatch(t, slices.Delete(ids, 300, 301), c.got(t), "spans that arrived")
		assert.ErrorContains(t, tp.Shutdown(patience(t)), "zipkin: 1 of 2512 spans lost (queue full 0, refused 1, not sent in time 0): last error: unexpected EOF")
	})
}

// If a proxy answers 413 to everything, the Provider does not post each span alone.
func TestEverythingIsTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &collector{answer: status(413)}
		tp := newProvider(t, zipkin.Config{Client: c.client()})
		end(tp, 512)
		assert.ErrorContains(t, tp.Shutdown(patience(t)), "512 of 512 spans lost")
		assert.Less(t, len(c.tries()), 40, "posts")
	})
}

// An SDK whose sampler obeys the parent does not trace the posts.
func TestPostsAreNotTracedByAnySDK(t *testing.T) {
	sdk, rec := testkit.SDK(nil) // ParentBased(AlwaysSample)
	c := &collector{}
	e, err := zipkin.NewExporter(zipkin.Config{Endpoint: "http://collector.test:9411", Client: &http.Client{
		Transport: otelhttp.NewTransport(c, otelhttp.WithTracerProvider(sdk))}})
	require.NoError(t, err)
	spans, _ := stubs(1)
	require.NoError(t, e.ExportSpans(patience(t), spans))
	assert.Len(t, c.tries(), 1, "posts")
	assert.Empty(t, rec.Started(), "spans of posts")
}

// After a refusal with a long body, the connection is used again.
func TestRefusalsKeepTheConnection(t *testing.T) {
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, strings.Repeat("because ", 400))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	tp := newProvider(t, zipkin.Config{Endpoint: server.URL})
	end(tp, 8)
	assert.ErrorContains(t, tp.Shutdown(patience(t)), "8 of 8 spans lost")
	assert.LessOrEqual(t, connections.Load(), int64(3), "connections for fifteen posts")
}

// Several malformed spans may follow each other in a batch, for example if they are from one
// request. No good span is lost because of them.
func TestMalformedNeighbors(t *testing.T) {
	const n = 9
	synctest.Test(t, func(t *testing.T) {
		bad := map[string]bool{}
		c := &collector{answer: func(p *post) (*http.Response, error) {
			for _, id := range p.ids {
				if bad[id] {
					return reply(400, "no"), nil
				}
			}
			return nil, nil
		}}
		tp := newProvider(t, zipkin.Config{Client: c.client()})
		w := begin(tp, 512)
		for _, id := range w.ids()[:n] {
			bad[id] = true
		}
		w.end()
		tp.Shutdown(patience(t))
		assert.EqualValues(t, n, tp.Stats().Dropped, "dropped")
	})
}

// A RoundTripper that returns neither a response nor an error breaks its contract. It must not
// crash the process.
func TestNilResponse(t *testing.T) {
	tp := newProvider(t, zipkin.Config{Client: &http.Client{Transport: testkit.RoundTripper(func(*http.Request) (*http.Response, error) { return nil, nil })}})
	end(tp, 1)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	assert.ErrorContains(t, tp.Shutdown(ctx), "1 of 1 spans lost")
}
