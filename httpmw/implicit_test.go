package httpmw_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/internal/torture"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"example.com/clew/workerpool"
	"github.com/go-resty/resty/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// The first test that uses Implicit switches it on for the whole process, for good.
// TestImplicitOff needs Implicit off, so it runs in a process of its own.

// verdicts counts the right, missing and wrong IDs, for each place that looks for an ID.
type verdicts struct {
	mu     sync.Mutex
	counts map[string]*verdict
	first  string // describes the first wrong ID
}

type verdict struct{ right, missing, wrong int }

// note compares got, the ID that a place has found, with want, the right ID. If want is empty, the
// place must not find an ID.
func (v *verdicts) note(place, want, got string, known func(id string) bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.counts == nil {
		v.counts = map[string]*verdict{}
	}
	c := v.counts[place]
	if c == nil {
		c = new(verdict)
		v.counts[place] = c
	}
	switch {
	case got == want && want != "":
		c.right++
	case got == "" || !known(got): // the client begins a trace if it finds none
		c.missing++
	default:
		c.wrong++
		if v.first == "" {
			v.first = fmt.Sprintf("%s: want %q, got %q", place, want, got)
		}
	}
}

// of returns the sum of the verdicts of all places whose names begin with prefix.
func (v *verdicts) of(prefix string) (sum verdict) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for place, c := range v.counts {
		if strings.HasPrefix(place, prefix) {
			sum.right += c.right
			sum.missing += c.missing
			sum.wrong += c.wrong
		}
	}
	return sum
}

// ours is the prefix of the trace IDs that these tests use.
const ours = "c1e30000"

func isOurs(id string) bool { return strings.HasPrefix(strings.TrimLeft(id, "0"), ours) }

// idOf returns the trace ID of request number n. Every second ID has 32 digits.
func idOf(n int) string {
	id := fmt.Sprintf("%s%08x", ours, n)
	if n%2 == 1 {
		id = strings.Repeat("0", 16) + id
	}
	return id
}

// loggers holds loggers and clients that are made before any request. They write and send to the
// verdicts. Each line and each request names its place and the right ID.
type loggers struct {
	*verdicts
	zero    zerolog.Logger
	slog    *slog.Logger
	std     *log.Logger // package log, through slog's default
	stdZero *log.Logger // package log, through zerolog
	http    *http.Client
	resty   *resty.Client
}

func (v *verdicts) Write(p []byte) (int, error) {
	var line struct {
		Trace   string `json:"trace_id"`
		Message string `json:"message"`
		Msg     string `json:"msg"`
	}
	if err := json.Unmarshal(p, &line); err != nil {
		panic(err)
	}
	place, want, _ := strings.Cut(line.Message+line.Msg, "|")
	v.note(place, strings.TrimSuffix(want, "\n"), line.Trace, isOurs)
	return len(p), nil
}

// RoundTrip acts as the server that the clients call.
func (v *verdicts) RoundTrip(r *http.Request) (*http.Response, error) {
	want := r.Header.Get("X-Want")
	v.note(r.Header.Get("X-Place"), want, r.Header.Get("X-B3-Traceid"), isOurs)
	if n, err := strconv.ParseInt(want[max(0, len(want)-8):], 16, 64); err == nil {
		got := r.Header.Get("X-B3-Flags") + "/" + r.Header.Get("X-B3-Sampled")
		if expected := stateOf(int(n)); got != expected && r.Header.Get("X-Place") == "request: state" {
			v.note("request: decision", expected, got, func(string) bool { return true })
		}
	}
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Header: http.Header{}, Request: r}, nil
}

// stateOf returns the decision of request number n: the values of X-B3-Flags and X-B3-Sampled,
// with a slash in between. The outgoing requests of that request have the same decision.
func stateOf(n int) string {
	switch n % 3 {
	case 0:
		return "1/" // debug
	case 1:
		return "/0"
	}
	return "/1"
}

func newLoggers(t testing.TB) *loggers {
	v := new(verdicts)
	h := slog.NewJSONHandler(v, nil)
	l := &loggers{
		verdicts: v,
		zero:     testkit.Hooked(v),
		slog:     slog.New(logctx.Slog(h, logctx.Config{})),
		http:     httpclient.Wrap(&http.Client{Transport: v}, httpclient.Config{}),
	}
	l.std = slog.NewLogLogger(l.slog.Handler(), slog.LevelInfo)
	l.stdZero = log.New(l.zero, "", 0)
	l.resty = httpclient.Resty(resty.New().SetTransport(v), httpclient.Config{})
	return l
}

// log writes a line with each logger, without a context.
func (l *loggers) log(place, want string) {
	text := place + "|" + want
	l.zero.Info().Msg(text)
	l.slog.Info(text)
	l.std.Print(text)
	l.stdZero.Print(text)
}

// send sends a request with each client, in a context without a trace.
func (l *loggers) send(place, want string) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://backend.example/", nil)
	if err != nil {
		panic(err)
	}
	r.Header.Set("X-Place", place)
	r.Header.Set("X-Want", want)
	res, err := l.http.Do(r)
	if err != nil {
		panic(err)
	}
	res.Body.Close()
	if _, err := l.resty.R().SetHeader("X-Place", place).SetHeader("X-Want", want).Get("http://backend.example/"); err != nil {
		panic(err)
	}
}

func (l *loggers) all(place, want string) {
	l.log(place, want)
	l.send(place, want)
}

func (l *loggers) assert(t testing.TB, prefix string, right, missing int) {
	t.Helper()
	assert.Equal(t, verdict{right: right, missing: missing}, l.of(prefix), "verdicts of the places that begin with %q; the first wrong ID: %s", prefix, l.first)
}

// each is the number of lines and requests that one call of loggers.all makes.
const each = 6

// asked(id) returns a request whose headers have the trace ID id.
func asked(id string) *http.Request {
	return get(testkit.Header("X-B3-TraceId", id, "X-B3-SpanId", spanID))
}

func implicit(h http.HandlerFunc) http.Handler { return httpmw.New(httpmw.Config{Implicit: true})(h) }

// Lines and requests without a context have the trace of the request that their goroutine serves,
// even if many requests are served at once. In goroutines of go statements and timers they have
// no trace, and never a wrong one.
func TestTortureImplicit(t *testing.T) {
	for _, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			l := newLoggers(t)
			requests := torture.Size(1000, 40_000)
			srv := newServer(t, protocol, implicit(func(_ http.ResponseWriter, r *http.Request) {
				id := trace.ID(r.Context())
				l.all("request: first", id)
				runtime.Gosched()
				var elsewhere sync.WaitGroup
				elsewhere.Go(func() { l.all("go", id) })
				elsewhere.Add(1)
				time.AfterFunc(0, func() { defer elsewhere.Done(); l.all("timer", id) })
				elsewhere.Add(1)
				ctx, cancel := context.WithCancel(context.Background())
				context.AfterFunc(ctx, func() { defer elsewhere.Done(); l.all("AfterFunc", id) })
				cancel()
				elsewhere.Go(workerpool.Wrap(r.Context(), func(context.Context) { l.all("wrapped", id) }))
				elsewhere.Wait()
				l.all("request: then", id)
				l.send("request: state", id)
			}))
			var clients sync.WaitGroup
			var next atomic.Int64
			for range 50 {
				clients.Go(func() {
					for n := int(next.Add(1)); n <= requests; n = int(next.Add(1)) {
						h := testkit.Header("X-B3-TraceId", idOf(n), "X-B3-SpanId", spanID)
						flags, sampled, _ := strings.Cut(stateOf(n), "/")
						if flags != "" {
							h.Set("X-B3-Flags", flags)
						} else {
							h.Set("X-B3-Sampled", sampled)
						}
						res := send(t, srv, "/", h)
						res.Body.Close()
					}
				})
			}
			clients.Wait()
			l.assert(t, "request:", requests*(2*each+2), 0)
			l.assert(t, "wrapped", requests*each, 0)
			for _, place := range []string{"go", "timer", "AfterFunc"} {
				l.assert(t, place, 0, requests*each)
			}
			sum := l.of("")
			torture.Row(t, "lines and requests without a context, "+protocol, "%d requests: %d right, %d missing (bare go, timers), %d wrong",
				requests, sum.right, sum.missing, sum.wrong)
		})
	}
}

var (
	otherTrace   = idOf(2)
	inOtherTrace = trace.NewContext(context.Background(), testkit.B3(otherTrace+"-"+spanID))
)

// detours are ways in which a handler uses workerpool to call the function look: in otherTrace, or
// without a trace. The argument ctx is the handler's context.
var detours = []struct {
	name  string
	joins bool // look runs in otherTrace; false: without a trace
	run   func(t testing.TB, ctx context.Context, look func(context.Context))
}{
	{"Go without a trace", false, func(_ testing.TB, _ context.Context, look func(context.Context)) {
		done := make(chan struct{})
		workerpool.Go(context.Background(), func(ctx context.Context) { look(ctx); close(done) })
		<-done
	}},
	{"Go", true, func(_ testing.TB, _ context.Context, look func(context.Context)) {
		done := make(chan struct{})
		workerpool.Go(inOtherTrace, func(ctx context.Context) { look(ctx); close(done) })
		<-done
	}},
	{"Every, started once", false, func(_ testing.TB, _ context.Context, look func(context.Context)) {
		ctx, cancel := context.WithCancel(context.Background())
		var once sync.Once
		done := make(chan struct{})
		once.Do(func() {
			go func() {
				defer close(done)
				workerpool.Every(ctx, time.Millisecond, func(ctx context.Context) { look(ctx); cancel() })
			}()
		})
		<-done
	}},
	{"Every, in the handler's goroutine", false, func(t testing.TB, ctx context.Context, look func(context.Context)) {
		ctx, cancel := context.WithCancel(ctx)
		workerpool.Every(ctx, time.Millisecond, func(ctx context.Context) { look(ctx); cancel() })
	}},
	{"Job", false, func(t testing.TB, ctx context.Context, look func(context.Context)) { workerpool.Job(ctx, look)() }},
	{"Wrap", true, func(_ testing.TB, _ context.Context, look func(context.Context)) {
		workerpool.Wrap(inOtherTrace, look)()
	}},
	{"Wrap without a trace", false, func(_ testing.TB, _ context.Context, look func(context.Context)) {
		workerpool.Wrap(context.Background(), look)()
	}},
	{"WrapErr", true, func(_ testing.TB, _ context.Context, look func(context.Context)) {
		_ = workerpool.WrapErr(inOtherTrace, func(ctx context.Context) error { look(ctx); return nil })()
	}},
	{"Group", true, func(_ testing.TB, _ context.Context, look func(context.Context)) {
		g := workerpool.NewGroup(inOtherTrace)
		g.Go(func(ctx context.Context) error { look(ctx); return nil })
		_ = g.Wait()
	}},
	{"Group without a trace", false, func(_ testing.TB, _ context.Context, look func(context.Context)) {
		g := workerpool.NewGroup(context.Background())
		g.Go(func(ctx context.Context) error { look(ctx); return nil })
		_ = g.Wait()
	}},
	{"Pool", true, func(_ testing.TB, _ context.Context, look func(context.Context)) {
		p := workerpool.New(workerpool.Config{Workers: 1})
		_ = p.Go(inOtherTrace, look)
		_ = p.Shutdown(context.Background())
	}},
	{"Submit", true, func(_ testing.TB, _ context.Context, look func(context.Context)) {
		p := workerpool.New(workerpool.Config{Workers: 1})
		_, _ = workerpool.Submit(inOtherTrace, p, func(ctx context.Context) (int, error) { look(ctx); return 0, nil }).Wait(context.Background())
		_ = p.Shutdown(context.Background())
	}},
	{"Submit without a trace", false, func(_ testing.TB, _ context.Context, look func(context.Context)) {
		p := workerpool.New(workerpool.Config{Workers: 1})
		_, _ = workerpool.Submit(context.Background(), p, func(ctx context.Context) (int, error) { look(ctx); return 0, nil }).Wait(context.Background())
		_ = p.Shutdown(context.Background())
	}},
	{"a task in place of another", true, func(t testing.TB, ctx context.Context, look func(context.Context)) {
		inPlace(t, ctx, workerpool.Config{}, inOtherTrace, look)
	}},
	{"a task without a trace in place of another", false, func(t testing.TB, ctx context.Context, look func(context.Context)) {
		inPlace(t, ctx, workerpool.Config{}, context.Background(), look)
	}},
	{"OnPanic", true, func(t testing.TB, ctx context.Context, look func(context.Context)) {
		inPlace(t, ctx, workerpool.Config{OnPanic: func(ctx context.Context, _ any, _ []byte) { look(ctx) }},
			inOtherTrace, func(context.Context) { panic("x") })
	}},
	{"OnPanic without a trace", false, func(t testing.TB, ctx context.Context, look func(context.Context)) {
		inPlace(t, ctx, workerpool.Config{OnPanic: func(ctx context.Context, _ any, _ []byte) { look(ctx) }},
			context.Background(), func(context.Context) { panic("x") })
	}},
}

// Work that a handler runs without a trace, or in another trace, does not get the handler's
// trace, even on the handler's goroutine.
func TestImplicitWorkerpool(t *testing.T) {
	handlers := idOf(4)
	for _, tt := range detours {
		t.Run(tt.name, func(t *testing.T) {
			l := newLoggers(t)
			want, right, missing := "", 0, each
			if tt.joins {
				want, right, missing = otherTrace, each, 0
			}
			serve(implicit(func(_ http.ResponseWriter, r *http.Request) {
				l.all("before", handlers)
				tt.run(t, r.Context(), func(context.Context) { l.all("within", want) })
				l.all("after", handlers)
			}), asked(handlers))
			l.assert(t, "before", each, 0)
			l.assert(t, "within", right, missing)
			l.assert(t, "after", each, 0)
		})
	}
}

// inPlace starts a task in a pool, with outer as the task's context. The task fills the pool's
// queue, and then gives fn to the pool, with the trace of ctx. Since the queue is full, the pool
// runs fn at once, in place of that task.
func inPlace(t testing.TB, outer context.Context, cfg workerpool.Config, ctx context.Context, fn func(context.Context)) {
	cfg.Workers, cfg.Queue = 1, 1
	p, done := workerpool.New(cfg), make(chan struct{})
	_ = p.Go(outer, func(task context.Context) {
		defer close(done)
		_ = p.Go(task, func(context.Context) {})
		inTask := true
		defer func() { inTask = false }()
		_ = p.Go(merged{task, ctx}, func(ctx context.Context) { // runs at once, since the queue is full
			defer assert.True(t, inTask, "fn runs while the task that gave it to the pool waits")
			fn(ctx)
		})
	})
	<-done
	_ = p.Shutdown(context.Background())
}

// merged is a task's context with another context's trace.
type merged struct {
	context.Context
	values context.Context
}

func (m merged) Value(key any) any {
	if v := m.values.Value(key); v != nil {
		return v
	}
	if fmt.Sprintf("%T", key) == "workerpool.taskKey" {
		return m.Context.Value(key)
	}
	return nil
}

// A mark gives a goroutine its trace, and is used again for later requests: see package mark. Even
// if handlers panic, deferred functions inside of New log the right ID. Those outside of New log
// no ID.
func TestImplicitPanics(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	l := newLoggers(t)
	recovering := func(place string, next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			want := r.Header.Get("X-B3-TraceId")
			defer func() {
				l.log(place+", deferred", want) // runs on top of the frames that have panicked
				_ = recover()
				l.log(place+", recovered", want)
			}()
			defer func() {
				if v := recover(); v != nil {
					l.log(place+", before the panic is repeated", want)
					panic(v)
				}
			}()
			next.ServeHTTP(w, r)
		})
	}
	handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		want := trace.ID(r.Context())
		defer l.log("request: deferred", want)
		l.log("request: begun", want)
		n, _ := strconv.ParseInt(want[len(want)-8:], 16, 64)
		switch n % 4 {
		case 0:
			panic(http.ErrAbortHandler)
		case 1:
			panic("x")
		case 2:
			var none *http.Request
			_ = none.URL // the runtime panics
		}
	})
	h := recovering("outside", implicit(recovering("request: inside", handler).ServeHTTP))
	bare := recovering("outside of all", implicit(handler))
	requests := torture.Size(1000, 40_000)
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for n := g; n < requests; n += 8 {
				serve(h, asked(idOf(n)))
				serve(bare, asked(idOf(n)))
			}
		})
	}
	all.Wait()
	quarter := requests / 4
	// For each request, each of four loggers writes the lines "deferred" and "recovered". For each
	// panic, it also writes the line "before the panic is repeated".
	l.assert(t, "request: inside", 4*(2*requests+3*quarter), 0)
	for _, place := range []string{"request: begun", "request: deferred"} {
		l.assert(t, place, 4*2*requests, 0)
	}
	outside := l.of("outside")
	assert.Zero(t, outside.wrong, "wrong IDs outside of New; the first: %s", l.first)
	assert.Zero(t, outside.right, "right IDs outside of New, where the goroutine has no mark")
	torture.Row(t, "panics inside and outside of New", "%d requests: %d lines right, %d missing outside, %d wrong",
		2*requests, l.of("").right, outside.missing, l.of("").wrong)
}

// Lines without a context get the innermost trace. After the inner handler has returned, they get
// the outer trace again.
func TestImplicitNested(t *testing.T) {
	other := idOf(8)
	inProcess := func(r *http.Request) *http.Request { return asked(other) }
	same := func(r *http.Request) *http.Request { return r }
	distrusting := func(*http.Request) httpmw.Trust { return httpmw.TrustNone }
	for _, tt := range []struct {
		name  string
		inner httpmw.Config
		given func(*http.Request) *http.Request
	}{
		{"the same trace", httpmw.Config{Implicit: true}, same},
		{"the same trace, not implicit", httpmw.Config{}, same},
		{"a new trace", httpmw.Config{Implicit: true, Trust: distrusting}, same},
		{"a new trace, not implicit", httpmw.Config{Trust: distrusting}, same},
		{"another request", httpmw.Config{Implicit: true}, inProcess},
		{"another request, not implicit", httpmw.Config{}, inProcess},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLoggers(t)
			inner := httpmw.New(tt.inner)(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				l.all("inner", trace.ID(r.Context()))
			}))
			serve(implicit(func(w http.ResponseWriter, r *http.Request) {
				l.all("outer", trace.ID(r.Context()))
				inner.ServeHTTP(w, tt.given(r))
				l.all("outer", trace.ID(r.Context()))
			}), asked(idOf(6)))
			l.assert(t, "outer", 2*each, 0)
			l.assert(t, "inner", each, 0)
		})
	}
}

// A New without Implicit gives its goroutine no trace, even if another New has Implicit.
func TestImplicitOfAnother(t *testing.T) {
	l := newLoggers(t)
	_ = httpmw.New(httpmw.Config{Implicit: true})
	serve(httpmw.New(httpmw.Config{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		l.all("request", trace.ID(r.Context()))
	})), asked(idOf(6)))
	l.assert(t, "request", 0, each)
}

func TestImplicitTimeout(t *testing.T) {
	l := newLoggers(t)
	slow := func(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Hour, "") }
	serve(slow(implicit(func(_ http.ResponseWriter, r *http.Request) { l.all("outside", trace.ID(r.Context())) })), asked(idOf(1)))
	l.assert(t, "outside", each, 0)
	serve(implicit(slow(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		l.all("inside", trace.ID(r.Context()))
		trace.Do(r.Context(), func(ctx context.Context) { l.all("marked inside", trace.ID(ctx)) })
	})).ServeHTTP), asked(idOf(2)))
	l.assert(t, "inside", 0, each)
	l.assert(t, "marked inside", each, 0)
}

// A context with a trace keeps this trace in a handler of another request, and so does a logger
// that is bound to such a context.
func TestImplicitExplicit(t *testing.T) {
	l := newLoggers(t)
	a, b := idOf(3), idOf(4)
	var fromA context.Context
	bound := l.zero
	serve(httpmw.New(httpmw.Config{Logger: &bound})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fromA = trace.Detach(r.Context())
	})), asked(a))
	serve(implicit(func(_ http.ResponseWriter, r *http.Request) {
		l.zero.Info().Ctx(fromA).Msg("A|" + a)
		zerolog.Ctx(fromA).Info().Msg("A|" + a)
		l.slog.InfoContext(fromA, "A|"+a)
		out := httptest.NewRequestWithContext(fromA, http.MethodGet, "http://backend.example/", nil)
		out.RequestURI = ""
		out.Header.Set("X-Place", "A")
		out.Header.Set("X-Want", a)
		res, err := l.http.Do(out)
		if assert.NoError(t, err) {
			res.Body.Close()
		}
		_, err = l.resty.R().SetContext(fromA).SetHeader("X-Place", "A").SetHeader("X-Want", a).Get("http://backend.example/")
		assert.NoError(t, err)
		trace.Do(fromA, func(context.Context) { l.all("A: Do", a) })
		trace.Do(context.Background(), func(context.Context) { l.all("masked", "") })
		l.all("B", b)
	}), asked(b))
	l.assert(t, "A", 5+each, 0)
	l.assert(t, "masked", 0, each)
	l.assert(t, "B", each, 0)
}

// If several handlers send one and the same client request, it has the trace of the handler that
// sends it, and nothing of the handlers before.
func TestImplicitRequestsAgain(t *testing.T) {
	l := newLoggers(t)
	plain, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://backend.example/", nil)
	require.NoError(t, err)
	again := l.resty.R()
	h := implicit(func(_ http.ResponseWriter, r *http.Request) {
		for range 2 {
			for name, value := range map[string]string{"X-Place": "again", "X-Want": trace.ID(r.Context())} {
				plain.Header.Set(name, value)
				again.SetHeader(name, value)
			}
			res, err := l.http.Do(plain)
			if assert.NoError(t, err) {
				res.Body.Close()
			}
			_, err = again.Get("http://backend.example/")
			assert.NoError(t, err)
		}
	})
	for n := range 5 {
		serve(h, asked(idOf(n)))
	}
	l.assert(t, "again", 20, 0)
}

// If a handler sends a request without a context, the spans of its redirects and retries are
// siblings in the handler's trace.
func TestImplicitRedirects(t *testing.T) {
	var sent []trace.B3
	base := testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		b, _ := trace.FromHeader(r.Header)
		sent = append(sent, b)
		res := &http.Response{StatusCode: http.StatusFound, Body: http.NoBody, Header: testkit.Header("Location", "/next"), Request: r}
		if r.URL.Path == "/next" {
			res.StatusCode, res.Header = http.StatusOK, http.Header{}
		}
		return res, nil
	})
	plain := httpclient.Wrap(&http.Client{Transport: base}, httpclient.Config{})
	rest := httpclient.Resty(resty.New().SetTransport(base).SetRetryCount(1).SetRetryWaitTime(0).AddRetryCondition(
		func(res *resty.Response, _ error) bool { return res.Request.Attempt == 1 }), httpclient.Config{})
	var server trace.B3
	serve(implicit(func(_ http.ResponseWriter, r *http.Request) {
		server, _ = trace.FromContext(r.Context())
		res, err := plain.Get("http://backend.example/")
		if assert.NoError(t, err) {
			res.Body.Close()
		}
		_, err = rest.R().Get("http://backend.example/")
		assert.NoError(t, err)
	}), asked(idOf(3)))
	require.Len(t, sent, 6)
	for i, b := range sent {
		assert.Equal(t, server.ID(), b.ID(), "trace of attempt %d", i)
		assert.Equal(t, server.SpanID, b.ParentSpanID, "parent of attempt %d", i)
	}
}

// The coroutine of iter.Pull has a stack of its own. It keeps the trace that trace.Do puts on
// that stack, whichever handler resumes it.
func TestImplicitPull(t *testing.T) {
	l := newLoggers(t)
	a, b := idOf(1), idOf(2)
	var next func() (int, bool)
	var stop func()
	serve(implicit(func(_ http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		next, stop = iter.Pull(func(yield func(int) bool) {
			l.all("bare coroutine", a)
			trace.Do(ctx, func(context.Context) {
				for i := 0; ; i++ {
					l.all("coroutine", a)
					if !yield(i) {
						return
					}
				}
			})
		})
		next()
		l.all("A", a)
	}), asked(a))
	serve(implicit(func(http.ResponseWriter, *http.Request) {
		next()
		l.all("B", b)
		stop()
		l.all("B", b)
	}), asked(b))
	l.assert(t, "bare coroutine", 0, each)
	l.assert(t, "coroutine", 2*each, 0)
	l.assert(t, "A", each, 0)
	l.assert(t, "B", 2*each, 0)
}

// An exporter may send with a wrapped client, in the goroutine that ends a span. If it calls
// trace.Do with an empty context, its requests are not in the trace that it exports.
func TestImplicitExporter(t *testing.T) {
	l := newLoggers(t)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(sending(func() { l.send("export", "") })),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.NeverSample())))
	serve(httpmw.New(httpmw.Config{Implicit: true, TracerProvider: provider})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, span := trace.Start(r.Context(), "part")
		span.End()
		l.send("request", trace.ID(r.Context()))
	})), get(testkit.Header("X-B3-TraceId", idOf(2), "X-B3-SpanId", spanID, "X-B3-Sampled", "1")))
	l.assert(t, "request", 2, 0)
	l.assert(t, "export", 0, 2*4) // four spans: the part, the handler's two requests, the server's
}

// sending is a function that acts as an exporter: ExportSpans calls the function, which sends
// requests.
type sending func()

func (f sending) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error {
	trace.Do(context.Background(), func(context.Context) { f() })
	return nil
}

func (sending) Shutdown(context.Context) error { return nil }

// OnMissing is not called for a line that gets its trace from its goroutine.
func TestImplicitOnMissing(t *testing.T) {
	missing := 0
	cfg := logctx.Config{OnMissing: func(runtime.Frame) { missing++ }}
	zero := zerolog.New(io.Discard).Hook(logctx.Hook(cfg))
	handler := slog.New(logctx.Slog(slog.NewJSONHandler(io.Discard, nil), cfg))
	look := func() {
		zero.Info().Msg("x")
		handler.Info("x")
	}
	serve(implicit(func(http.ResponseWriter, *http.Request) {
		look()
		assert.Zero(t, missing, "calls of OnMissing in the handler")
		trace.Do(context.Background(), func(context.Context) { look() })
		assert.Equal(t, 2, missing, "calls of OnMissing after trace.Do with an empty context")
	}), asked(idOf(1)))
	look()
	assert.Equal(t, 4, missing, "calls of OnMissing after the handler")
}

// While Implicit is off, lines without a context have no trace, and no frame of package mark is
// on the stack.
func TestImplicitOff(t *testing.T) {
	const child = "CLEW_TEST_IMPLICIT_OFF"
	if os.Getenv(child) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestImplicitOff$", "-test.count=1")
		cmd.Env = append(os.Environ(), child+"=1")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		return
	}
	l := newLoggers(t)
	h := httpmw.New(httpmw.Config{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		l.all("off", trace.ID(r.Context()))
		workerpool.Wrap(r.Context(), func(ctx context.Context) {
			l.all("off", trace.ID(r.Context()))
			assert.False(t, bytes.Contains(debug.Stack(), []byte("internal/mark.")), "frames of package mark on the stack")
		})()
		assert.Equal(t, context.Background(), trace.Implicit(context.Background()), "what trace.Implicit returns")
		assert.False(t, bytes.Contains(debug.Stack(), []byte("internal/mark.")), "frames of package mark on the stack")
	}))
	serve(h, asked(idOf(1)))
	l.assert(t, "off", 0, 2*each)
}

func TestImplicitAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates too")
	}
	w, r := httptest.NewRecorder(), asked(idOf(1))
	off, on := httpmw.New(httpmw.Config{})(http.HandlerFunc(nop)), implicit(nop)
	count := func(h http.Handler) float64 { return testing.AllocsPerRun(200, func() { h.ServeHTTP(w, r) }) }
	assert.Equal(t, count(off), count(on), "allocations for a request")
}
