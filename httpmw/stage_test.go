package httpmw_test

import (
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/textproto"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// setup is the middleware around a handler: none, or New and AccessLog with all their features.
type setup struct {
	name  string
	trust httpmw.Trust
	new   func(http.Handler) http.Handler // nil: there is no middleware
	log   func(http.Handler) http.Handler
	out   *testkit.Log
}

func (s setup) wrap(h http.Handler) http.Handler {
	if s.new == nil {
		return h
	}
	return s.new(s.log(h))
}

func everything(name string, trust httpmw.Trust) setup {
	out := &testkit.Log{}
	logger := logctx.New(out)
	return setup{name, trust, httpmw.New(httpmw.Config{
		// Spans are recorded, but not kept.
		TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.AlwaysSample())),
		Trust:          trusting(trust),
		Logger:         &logger,
		ResponseHeader: "X-Trace",
	}), httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger}), out}
}

// setups returns a setup without middleware, named bare, and then one for each level of trust.
func setups() []setup {
	return []setup{{name: "bare"}, everything("TrustAll", httpmw.TrustAll), everything("TrustIDs", httpmw.TrustIDs), everything("TrustNone", httpmw.TrustNone)}
}

// fromCaller is the caller's b3 header in all scenarios.
const fromCaller = id128 + "-" + spanID + "-1"

// If a scenario hangs, it fails after the time patience, and the failure says where it hangs. A
// scenario that works does not wait so long.
const patience = 20 * time.Second

// stage plays one scenario in one setup. It keeps the transcript: the notes of handler and
// client, without the texts that differ from run to run.
type stage struct {
	*testing.T
	setup
	top      testing.TB // closes the servers at the end, all at once, since some wait half a second
	protocol string
	calls    sync.WaitGroup
	mu       sync.Mutex
	client   []string
	server   []string
	called   int
}

// The pattern varies matches what is left out of transcripts: addresses, dates, the response
// header of New.
var varies = regexp.MustCompile(`127\.0\.0\.1:\d+(->127\.0\.0\.1:\d+)?|0x[0-9a-f]+|Date: [^\r\n]*\r\n|X-Trace: [^\r\n]*\r\n`)

// note adds a line to the server's part of the transcript. The method got adds a line to the
// client's part.
func (s *stage) note(format string, args ...any) { s.keep(&s.server, format, args) }

func (s *stage) keep(script *[]string, format string, args []any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*script = append(*script, varies.ReplaceAllString(fmt.Sprintf(format, args...), ""))
}

func (s *stage) got(format string, args ...any) { s.keep(&s.client, format, args) }

// transcript waits for the handlers and returns all notes.
func (s *stage) transcript() string {
	s.calls.Wait()
	return "SERVER\n" + strings.Join(s.server, "\n") + "\nCLIENT\n" + strings.Join(s.client, "\n")
}

// handler returns h inside of the setup's middleware. s.calls counts the running calls, because a
// server's Close does not wait for hijacked connections.
func (s *stage) handler(h http.Handler) http.Handler {
	h = s.wrap(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.calls.Add(1)
		defer s.calls.Done()
		s.mu.Lock()
		s.called++
		s.mu.Unlock()
		h.ServeHTTP(w, r)
	})
}

// serve starts a server for h in the setup. The middleware in the parameter outside goes around
// the setup.
func (s *stage) serve(h http.HandlerFunc, outside ...func(http.Handler) http.Handler) *httptest.Server {
	handler := s.handler(h)
	for _, wrap := range outside {
		handler = wrap(handler)
	}
	return newServer(s.top, s.protocol, handler)
}

// do sends r and notes what the client gets.
func (s *stage) do(srv *httptest.Server, r *http.Request) {
	s.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	r = r.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
			s.got("%d %q", code, h.Values("Link"))
			return nil
		},
	}))
	r.Header.Set("b3", fromCaller)
	res, err := srv.Client().Do(r)
	if err != nil {
		s.got("no response, %v", err)
		return
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	s.got("%s %s, length %d, close %v, %s", res.Proto, res.Status, res.ContentLength, res.Close, listed(res.Header))
	s.got("body of %d, sum %x, %.60q, error %v, trailer %s", len(got), crc32.ChecksumIEEE(got), got, err, listed(res.Trailer))
}

// get sends a GET, by the method do. post sends a POST with the body text.
func (s *stage) get(srv *httptest.Server) { s.Helper(); s.do(srv, s.request(srv, http.MethodGet, nil)) }

func (s *stage) post(srv *httptest.Server, text string) {
	s.Helper()
	s.do(srv, s.request(srv, http.MethodPost, strings.NewReader(text)))
}

func (s *stage) request(srv *httptest.Server, method string, body io.Reader, headers ...string) *http.Request {
	s.Helper()
	r, err := http.NewRequestWithContext(s.Context(), method, srv.URL+"/path", body)
	require.NoError(s, err)
	r.Header = testkit.Header(headers...)
	return r
}

// raw sends requests as bytes, with the caller's header added, and notes all bytes that come
// back. The last request must make the server close the connection.
func (s *stage) raw(srv *httptest.Server, requests ...string) {
	s.Helper()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	require.NoError(s, err)
	defer conn.Close()
	for _, r := range requests {
		_, err := io.WriteString(conn, strings.Replace(r, "\r\n", "\r\nB3: "+fromCaller+"\r\n", 1))
		require.NoError(s, err, "sending %q", r)
	}
	got, err := io.ReadAll(conn)
	s.got("%s, error %v", got, err)
}

// listed(h) returns h as text, sorted and without the headers that vary.
func listed(h http.Header) string {
	h = h.Clone()
	h.Del("Date")
	h.Del("X-Trace")
	return fmt.Sprint(map[string][]string(h)) // sorted by fmt
}

// lines checks that each call has one line with the right ID, and returns the lines.
func (s *stage) lines() []map[string]any {
	s.Helper()
	s.calls.Wait()
	if s.new == nil {
		return nil
	}
	lines := s.out.Lines(s)
	require.Len(s, lines, s.called, "access lines\n%s", s.out)
	for _, line := range lines {
		if s.trust == httpmw.TrustNone {
			assert.Regexp(s, "^[0-9a-f]{32}$", line["trace_id"], "trace_id of %v", line)
			assert.Equal(s, id128, line["untrusted_trace_id"], "untrusted_trace_id of %v", line)
		} else {
			assert.Equal(s, id128, line["trace_id"], "trace_id of %v", line)
		}
	}
	return lines
}

// scenario is played in every setup, and the transcripts are compared with the transcript of the
// setup that is named bare.
type scenario struct {
	name string
	only string // the protocol in which the scenario is possible; "": both
	want string // a part of the bare transcript, which shows that the scenario works

	// The handler (nil: report), the middleware around it, and the request: raw bytes for h1, or
	// the method and body of a client's request.
	handler         func(s *stage, w http.ResponseWriter, r *http.Request)
	inside, outside func(http.Handler) http.Handler // middleware inside and outside of the setup
	raw             []string
	method, body    string

	play func(s *stage) // if set, it replaces the fields above from handler on

	// known, if set, is the reason why the transcript with New and AccessLog must differ from the
	// bare transcript.
	known string
}

func (sc scenario) run(s *stage) {
	if sc.play != nil {
		sc.play(s)
		return
	}
	handler := s.report()
	if sc.handler != nil {
		handler = func(w http.ResponseWriter, r *http.Request) { sc.handler(s, w, r) }
	}
	if sc.inside != nil {
		handler = sc.inside(handler).ServeHTTP
	}
	if sc.outside == nil {
		sc.outside = same
	}
	srv := s.serve(handler, sc.outside)
	switch {
	case sc.raw != nil:
		s.raw(srv, sc.raw...)
	case sc.body != "":
		s.post(srv, sc.body)
	default:
		s.do(srv, s.request(srv, sc.method, nil))
	}
}

// play plays the scenarios in all setups, and returns how many transcripts were compared.
func play(t *testing.T, scenarios []scenario) (compared int) {
	t.Helper()
	for _, sc := range scenarios {
		for _, protocol := range protocols {
			if sc.only != "" && sc.only != protocol || sc.raw != nil && protocol != "h1" {
				continue
			}
			t.Run(sc.name+" over "+protocol, func(sub *testing.T) {
				var bare string
				for _, setup := range setups() {
					s := &stage{T: sub, top: t, protocol: protocol, setup: setup}
					sc.run(s)
					s.lines()
					got := s.transcript()
					switch {
					case setup.new == nil:
						bare = got
						require.Contains(sub, bare, sc.want, "the bare transcript")
					case sc.known != "":
						assert.NotEqual(sub, bare, got, "the transcript in %s: a known difference is gone (%s)", setup.name, sc.known)
					default:
						assert.Equal(sub, bare, got, "the transcript in %s", setup.name)
						compared++
					}
					if sub.Failed() {
						return
					}
				}
			})
		}
	}
	return compared
}

// same is middleware that does nothing.
func same(h http.Handler) http.Handler { return h }

// innermost returns the ResponseWriter inside of all wrappers.
func innermost(w http.ResponseWriter) http.ResponseWriter {
	for {
		u, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = u.Unwrap()
	}
}

// untilError writes until a write fails, or until 16 MB are written.
func untilError(w io.Writer) (err error) {
	for range 256 {
		if _, err = w.Write(make([]byte, 64<<10)); err != nil {
			break
		}
	}
	return err
}
