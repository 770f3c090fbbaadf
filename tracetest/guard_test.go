package tracetest_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/internal/goroutine"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"example.com/clew/tracetest"
	"example.com/clew/workerpool"
	"github.com/go-resty/resty/v2"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fakeTB is a testing.TB that records its failures, so that a test can check them.
type fakeTB struct {
	testing.TB
	mu       sync.Mutex
	errors   []string
	fatal    bool
	cleanups []func()
}

func (f *fakeTB) Helper() {}

func (f *fakeTB) Error(args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errors = append(f.errors, fmt.Sprint(args...))
}

func (f *fakeTB) Errorf(format string, args ...any) { f.Error(fmt.Sprintf(format, args...)) }

func (f *fakeTB) Fatal(args ...any) {
	f.Error(args...)
	f.fatal = true // unlike with testing.T, the caller continues
}

func (f *fakeTB) Cleanup(fn func()) { f.cleanups = append(f.cleanups, fn) }

func (f *fakeTB) end() []string {
	for i := len(f.cleanups) - 1; i >= 0; i-- {
		f.cleanups[i]()
	}
	f.cleanups = nil
	return f.errors
}

// shop is a service whose code can lose the trace.
type shop struct {
	log   zerolog.Logger
	slog  *slog.Logger
	http  *http.Client
	resty *resty.Client
	pool  *workerpool.Pool
	wg    sync.WaitGroup

	others chan func()
}

// handled is a handler that calls done after each record.
type handled struct {
	slog.Handler
	done func()
}

func (h handled) Handle(ctx context.Context, r slog.Record) error {
	defer h.done()
	return h.Handler.Handle(ctx, r)
}

type answers struct{}

func (answers) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
}

func newShop(t *testing.T) *shop {
	s := &shop{
		log:   logctx.New(io.Discard),
		slog:  slog.New(logctx.Slog(slog.NewJSONHandler(io.Discard, nil), logctx.Config{})),
		http:  httpclient.Wrap(&http.Client{Transport: answers{}}, httpclient.Config{}),
		resty: httpclient.Resty(resty.New().SetTransport(answers{}), httpclient.Config{}),
		pool:  workerpool.New(workerpool.Config{Workers: 1}),

		others: make(chan func()),
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for fn := range s.others {
			fn()
		}
	}()
	t.Cleanup(func() {
		close(s.others)
		<-ended
		assert.NoError(t, s.pool.Shutdown(context.Background()))
	})
	return s
}

// in runs fn in the handler of a request, and waits for the goroutines that fn has started.
func (s *shop) in(fn func(s *shop, ctx context.Context)) {
	done := make(chan struct{})
	go func() { // fn may end its goroutine
		defer close(done)
		serve(func(r *http.Request) { fn(s, r.Context()) })
	}()
	<-done
	s.wg.Wait()
}

func serve(handle func(r *http.Request)) {
	h := httpmw.New(httpmw.Config{})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { handle(r) }))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
}

func (s *shop) send(r *http.Request, err error) {
	if err != nil {
		panic(err)
	}
	if _, err := s.http.Do(r); err != nil {
		panic(err)
	}
}

// elsewhere runs fn in a goroutine that no request has started.
func (s *shop) elsewhere(fn func()) {
	done := make(chan struct{})
	s.others <- func() { fn(); close(done) }
	<-done
}

func (s *shop) inGoroutine(fn func()) { s.wg.Go(fn) }

func (s *shop) inPool(ctx context.Context, fn func(ctx context.Context)) {
	s.wg.Add(1)
	if err := s.pool.Go(ctx, func(ctx context.Context) { defer s.wg.Done(); fn(ctx) }); err != nil {
		panic(err)
	}
}

// loss is code that loses the trace, and similar code that keeps it.
type loss struct {
	name  string
	what  string // what Guard says was lost
	loses func(s *shop, ctx context.Context)
	keeps func(s *shop, ctx context.Context)
}

// contextLosses are losses because code passes no context, or the wrong context.
var contextLosses = []loss{
	{"a line without a context", "log line",
		func(s *shop, _ context.Context) { s.log.Info().Msg("sold") },
		func(s *shop, ctx context.Context) { s.log.Info().Ctx(ctx).Msg("sold") }},
	{"slog without a context", "log line",
		func(s *shop, _ context.Context) { s.slog.Info("sold") },
		func(s *shop, ctx context.Context) { s.slog.InfoContext(ctx, "sold") }},
	{"a fresh context", "log line",
		func(s *shop, _ context.Context) { s.log.Info().Ctx(context.Background()).Msg("sold") },
		func(s *shop, ctx context.Context) { s.log.Info().Ctx(context.WithoutCancel(ctx)).Msg("sold") }},
	{"a request without a context", "request",
		func(s *shop, _ context.Context) {
			s.send(http.NewRequest(http.MethodGet, "http://stock.example/", nil))
		},
		func(s *shop, ctx context.Context) {
			s.send(http.NewRequestWithContext(ctx, http.MethodGet, "http://stock.example/", nil))
		}},
	{"resty without a context", "request",
		func(s *shop, _ context.Context) { _, _ = s.resty.R().Get("http://stock.example/") },
		func(s *shop, ctx context.Context) { _, _ = s.resty.R().SetContext(ctx).Get("http://stock.example/") }},
	{"under long labels", "log line",
		func(s *shop, ctx context.Context) {
			pprof.Do(ctx, pprof.Labels("a", strings.Repeat("long", 5000)), func(context.Context) { s.log.Info().Msg("sold") })
		},
		func(s *shop, ctx context.Context) { s.log.Info().Discard().Msg("sold") }},
}

// goroutineLosses are losses in goroutines that the code starts itself.
var goroutineLosses = []loss{
	{"a goroutine", "log line",
		func(s *shop, _ context.Context) { s.inGoroutine(func() { s.log.Info().Msg("sold") }) },
		func(s *shop, ctx context.Context) {
			s.inGoroutine(workerpool.Wrap(ctx, func(ctx context.Context) { s.log.Info().Ctx(ctx).Msg("sold") }))
		}},
	{"a goroutine's goroutine", "log line",
		func(s *shop, _ context.Context) {
			s.inGoroutine(func() { s.inGoroutine(func() { s.log.Info().Msg("sold") }) })
		},
		func(s *shop, ctx context.Context) {
			s.inGoroutine(func() { s.inGoroutine(func() { s.log.Info().Ctx(ctx).Msg("sold") }) })
		}},
	{"a go statement that logs a line", "log line",
		func(s *shop, _ context.Context) {
			s.wg.Add(1)
			logged := s.log.Hook(zerolog.HookFunc(func(*zerolog.Event, zerolog.Level, string) { s.wg.Done() }))
			go logged.Info().Msg("sold")
		},
		func(s *shop, ctx context.Context) { s.log.Info().Ctx(ctx).Msg("sold") }},
	{"a go statement that logs a record", "log line",
		func(s *shop, _ context.Context) {
			s.wg.Add(1)
			go slog.New(handled{s.slog.Handler(), s.wg.Done}).Info("sold")
		},
		func(s *shop, ctx context.Context) { s.slog.InfoContext(ctx, "sold") }},
}

// taskLosses are losses in the tasks of pools, groups and jobs.
var taskLosses = []loss{
	{"a pool's task with a fresh context", "log line",
		func(s *shop, _ context.Context) {
			s.inPool(context.Background(), func(ctx context.Context) { s.log.Info().Ctx(ctx).Msg("sold") })
		},
		func(s *shop, ctx context.Context) {
			s.inPool(ctx, func(ctx context.Context) { s.log.Info().Ctx(ctx).Msg("sold") })
		}},
	{"a pool's task that does not use its context", "log line",
		func(s *shop, ctx context.Context) { s.inPool(ctx, func(context.Context) { s.log.Info().Msg("sold") }) },
		func(s *shop, ctx context.Context) {
			s.inPool(trace.Only(ctx), func(ctx context.Context) { s.log.Info().Ctx(ctx).Msg("sold") })
		}},
	{"a goroutine that a pool's task starts", "log line",
		func(s *shop, ctx context.Context) {
			s.inPool(ctx, func(context.Context) { s.inGoroutine(func() { s.log.Info().Msg("sold") }) })
		},
		func(s *shop, ctx context.Context) {
			s.inPool(ctx, func(ctx context.Context) { s.inGoroutine(func() { s.log.Info().Ctx(ctx).Msg("sold") }) })
		}},
	{"a group", "log line",
		func(s *shop, _ context.Context) {
			g := workerpool.NewGroup(context.Background())
			g.Go(func(ctx context.Context) error { s.log.Info().Ctx(ctx).Msg("sold"); return nil })
			_ = g.Wait()
		},
		func(s *shop, ctx context.Context) {
			g := workerpool.NewGroup(ctx)
			g.Go(func(ctx context.Context) error { s.log.Info().Ctx(ctx).Msg("sold"); return nil })
			_ = g.Wait()
		}},
	{"wrapped for another pool", "log line",
		func(s *shop, _ context.Context) {
			s.elsewhere(workerpool.Wrap(context.Background(), func(ctx context.Context) { s.log.Info().Ctx(ctx).Msg("sold") }))
		},
		func(s *shop, ctx context.Context) {
			s.elsewhere(workerpool.Wrap(ctx, func(ctx context.Context) { s.log.Info().Ctx(ctx).Msg("sold") }))
		}},
	{"wrapped with WrapErr", "log line",
		func(s *shop, _ context.Context) {
			fn := workerpool.WrapErr(context.Background(), func(ctx context.Context) error { s.log.Info().Ctx(ctx).Msg("sold"); return nil })
			s.elsewhere(func() { _ = fn() })
		},
		func(s *shop, ctx context.Context) {
			fn := workerpool.WrapErr(ctx, func(ctx context.Context) error { s.log.Info().Ctx(ctx).Msg("sold"); return nil })
			s.inGoroutine(func() { _ = fn() })
		}},
	{"a consumer's task", "log line",
		func(s *shop, _ context.Context) {
			s.elsewhere(func() {
				ctx, _ := trace.Start(context.Background(), "consume")
				s.inPool(ctx, func(context.Context) { s.log.Info().Msg("sold") })
			})
		},
		func(s *shop, _ context.Context) {
			s.elsewhere(func() {
				ctx, _ := trace.Start(context.Background(), "consume")
				s.inPool(ctx, func(ctx context.Context) { s.log.Info().Ctx(ctx).Msg("sold") })
			})
		}},
	{"a job", "log line",
		func(s *shop, ctx context.Context) {
			workerpool.Job(ctx, func(context.Context) { s.log.Info().Msg("sold") })()
		},
		func(s *shop, ctx context.Context) {
			workerpool.Job(ctx, func(ctx context.Context) { s.log.Info().Ctx(ctx).Msg("sold") })()
		}},
}

// laterLosses are losses after other code has run in the same goroutine.
var laterLosses = []loss{
	{"after a wrapped function in the same goroutine", "log line",
		func(s *shop, ctx context.Context) {
			_ = workerpool.WrapErr(ctx, func(context.Context) error { return nil })()
			s.log.Info().Msg("sold")
		},
		func(s *shop, ctx context.Context) {
			workerpool.Wrap(ctx, func(context.Context) {})()
			s.log.Info().Ctx(ctx).Msg("sold")
		}},
	{"after a loop in the same goroutine", "log line",
		func(s *shop, _ context.Context) {
			ctx, cancel := context.WithCancel(context.Background())
			workerpool.Every(ctx, time.Nanosecond, func(context.Context) { cancel() })
			s.log.Info().Msg("sold")
		},
		func(s *shop, ctx context.Context) {
			workerpool.Every(ctx, time.Nanosecond, func(context.Context) { runtime.Goexit() })
		}},
	{"after another handler in the same goroutine", "log line",
		func(s *shop, _ context.Context) {
			serve(func(*http.Request) {})
			s.log.Info().Msg("sold")
		},
		func(s *shop, _ context.Context) {
			serve(func(r *http.Request) { s.log.Info().Ctx(r.Context()).Msg("sold") })
		}},
}

// Guard reports each loss with its place. It does not report code that keeps the trace.
func TestGuard(t *testing.T) {
	for _, tt := range slices.Concat(contextLosses, goroutineLosses, taskLosses, laterLosses) {
		t.Run(tt.name, func(t *testing.T) {
			s, lossy, careful := newShop(t), &fakeTB{TB: t}, &fakeTB{TB: t}
			tracetest.Guard(lossy)
			s.in(tt.loses)
			s.in(tt.loses)
			said := lossy.end()
			require.Len(t, said, 1, "reported places")
			assert.Regexp(t, `^lost the trace: example\.com/clew/tracetest_test\.\S+, \S+/guard_test\.go:\d+: `+tt.what+` without a trace, 2 times$`, said[0])

			tracetest.Guard(careful)
			s.in(tt.keeps)
			assert.Empty(t, careful.end())
		})
	}
}

// The reported place is in the user's code, not in a library in between.
func TestGuardPlace(t *testing.T) {
	s, fake := newShop(t), &fakeTB{TB: t}
	tracetest.Guard(fake)
	s.in(loseTwice)
	said := fake.end()
	require.Len(t, said, 2)
	lines := regexp.MustCompile(`loseTwice, \S+:(\d+): log line without a trace, once`)
	require.Regexp(t, lines, said[0])
	require.Regexp(t, lines, said[1])
	assert.NotEqual(t, lines.FindStringSubmatch(said[0]), lines.FindStringSubmatch(said[1]), "reported places")
}

func loseTwice(s *shop, _ context.Context) {
	s.log.Info().Msg("sold")
	s.slog.Info("sold")
}

func TestGuardReportsNothingElse(t *testing.T) {
	s, fake := newShop(t), &fakeTB{TB: t}
	tracetest.Guard(fake, "example.com/clew/tracetest_test.ignored")
	s.log.Info().Msg("starting") // start-up
	s.in(func(s *shop, ctx context.Context) {
		s.elsewhere(func() { s.log.Info().Msg("flushed") })
		ignored(s)
		s.log.Debug().Ctx(ctx).Msg("has one")
		quiet := s.log.Level(zerolog.WarnLevel)
		quiet.Info().Msg("is not logged")
	})
	// No request submits this task.
	s.inPool(context.Background(), func(context.Context) { s.log.Info().Msg("of nobody") })
	s.wg.Wait()
	s.log.Info().Msg("stopping") // in the goroutine of the request that has ended
	assert.Empty(t, fake.end())
}

func ignored(s *shop) { s.log.Info().Msg("flushed") }

// The reported place of a request is not the RoundTripper of another library around clew's
// transport.
func TestGuardPlaceOfARequest(t *testing.T) {
	s, fake := newShop(t), &fakeTB{TB: t}
	s.http.Transport = outer{s.http.Transport}
	tracetest.Guard(fake)
	s.in(func(s *shop, _ context.Context) {
		for range 2 {
			_, _ = s.http.Get("http://stock.example/a")
		}
		_, _ = s.http.Get("http://stock.example/b")
		_, _ = outer{s.http.Transport}.RoundTrip(httptest.NewRequest(http.MethodGet, "http://stock.example/c", nil))
	})
	assertErrors(t, []string{
		"TestGuardPlaceOfARequest.func1",
		"TestGuardPlaceOfARequest.func1",
		"outer.RoundTrip", // without a client, there is no other caller
	}, fake.end())
}

type outer struct{ next http.RoundTripper }

func (o outer) RoundTrip(r *http.Request) (*http.Response, error) { return o.next.RoundTrip(r) }

// Guard does not report a goroutine that an earlier test has left running.
func TestGuardLeftOver(t *testing.T) {
	s, first, second := newShop(t), &fakeTB{TB: t}, &fakeTB{TB: t}
	tick, ended := make(chan struct{}), make(chan struct{})
	tracetest.Guard(first)
	s.in(func(s *shop, _ context.Context) {
		go func() {
			defer close(ended)
			<-tick
			s.log.Info().Msg("flushed")
		}()
	})
	assert.Empty(t, first.end())
	tracetest.Guard(second)
	close(tick)
	<-ended
	assert.Empty(t, second.end())
}

// A run of a job has a trace, wherever it runs. So Guard reports a run that loses this trace.
func TestGuardJobs(t *testing.T) {
	s, fake := newShop(t), &fakeTB{TB: t}
	tracetest.Guard(fake)
	job := workerpool.Job(context.Background(), func(ctx context.Context) {
		s.log.Info().Ctx(ctx).Msg("swept")
		s.log.Info().Msg("sold")
	})
	job()
	assertErrors(t, []string{"log line without a trace, once"}, fake.end())
}

// A redirected request is reported once, not twice.
func TestGuardRedirect(t *testing.T) {
	s, fake := newShop(t), &fakeTB{TB: t}
	s.http.Transport = httpclient.NewTransport(redirects{}, httpclient.Config{})
	tracetest.Guard(fake)
	s.in(func(s *shop, _ context.Context) {
		s.send(http.NewRequest(http.MethodGet, "http://stock.example/old", nil))
	})
	assertErrors(t, []string{"request without a trace, once"}, fake.end())
}

type redirects struct{}

func (redirects) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := answers{}.RoundTrip(r)
	if r.URL.Path == "/old" {
		resp.StatusCode = http.StatusFound
		resp.Header.Set("Location", "/new")
	}
	return resp, err
}

// A worker does not keep the label of its previous task.
func TestGuardResetsWorkers(t *testing.T) {
	s, fake := newShop(t), &fakeTB{TB: t}
	tracetest.Guard(fake)
	s.in(func(s *shop, ctx context.Context) { s.inPool(ctx, func(context.Context) {}) })
	s.inPool(context.Background(), func(context.Context) { s.log.Info().Msg("of nobody") })
	s.wg.Wait()
	workerpool.Wrap(context.Background(), func(context.Context) {})()
	assert.Empty(t, fake.end())
}

func TestGuardEndsWithTheTest(t *testing.T) {
	t.Setenv("GODEBUG", "tracebackancestors=0")
	t.Run("watched", func(t *testing.T) {
		tracetest.Guard(t)
		assert.NotNil(t, goroutine.CurrentGuard())
		assert.True(t, goroutine.LabelsWanted())
		assert.Equal(t, "tracebackancestors=0,tracebacklabels=1", os.Getenv("GODEBUG"))
		second := &fakeTB{TB: t}
		tracetest.Guard(second)
		assert.True(t, second.fatal, "a second guard")
		assert.Contains(t, strings.Join(second.end(), ""), "another guard is on")
		assert.NotNil(t, goroutine.CurrentGuard(), "the first guard")
	})
	assert.Nil(t, goroutine.CurrentGuard())
	assert.False(t, goroutine.LabelsWanted())
	assert.Equal(t, "tracebackancestors=0", os.Getenv("GODEBUG"))
}
