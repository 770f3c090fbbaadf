package adapters_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/internal/line"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"example.com/clew/workerpool"
	fiberv2 "github.com/gofiber/fiber/v2"
	adaptorv2 "github.com/gofiber/fiber/v2/middleware/adaptor"
	recoverv2 "github.com/gofiber/fiber/v2/middleware/recover"
	fiberv3 "github.com/gofiber/fiber/v3"
	adaptorv3 "github.com/gofiber/fiber/v3/middleware/adaptor"
	recoverv3 "github.com/gofiber/fiber/v3/middleware/recover"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/valyala/fasthttp"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// httpMiddleware is the type of a middleware of httpmw.
type httpMiddleware = func(http.Handler) http.Handler

// The function both combines two middlewares of httpmw: New with this logger, and inside of it
// AccessLog.
func both(logger *zerolog.Logger) httpMiddleware {
	traced, logged := httpmw.New(httpmw.Config{Logger: logger}), httpmw.AccessLog(httpmw.AccessLogConfig{})
	return func(h http.Handler) http.Handler { return traced(logged(h)) }
}

// fiberCall is a call of a handler, for either version of fiber.
type fiberCall struct {
	ctx  context.Context // fiber's UserContext in v2, and its Context in v3
	own  context.Context // fiber's own context, which it reuses
	get  func(header string) string
	send func(status int, body string) error
}

// fiberApp is an app of either version of fiber.
type fiberApp struct {
	around  func(httpMiddleware)
	adaptor func(httpMiddleware) // uses fiber's adaptor.HTTPMiddleware
	recover func()               // uses fiber's recover
	// after uses a middleware that changes the status when the handler has returned.
	after   func(status int)
	prefix  func(path string, status int) // uses a middleware that answers all requests below path
	get     func(path string, h func(fiberCall) error)
	fail    func(status int) error
	serve   func(net.Listener) error
	stop    func() error
	server  *fasthttp.Server
	handler http.Handler // fiber's adaptor.FiberApp
}

var fibers = []struct {
	name string
	new  func(onError func(error) error) fiberApp // nil: fiber's own ErrorHandler
}{
	{"v2", func(onError func(error) error) fiberApp {
		cfg := fiberv2.Config{DisableStartupMessage: true}
		if onError != nil {
			cfg.ErrorHandler = func(_ *fiberv2.Ctx, err error) error { return onError(err) }
		}
		app := fiberv2.New(cfg)
		return fiberApp{
			around:  func(m httpMiddleware) { app.Use(aroundV2(m)) },
			adaptor: func(m httpMiddleware) { app.Use(adaptorv2.HTTPMiddleware(m)) },
			recover: func() { app.Use(recoverv2.New()) },
			after: func(status int) {
				app.Use(func(c *fiberv2.Ctx) error { return errors.Join(c.Next(), c.SendStatus(status)) })
			},
			prefix: func(path string, status int) {
				app.Use(path, func(c *fiberv2.Ctx) error { return c.SendStatus(status) })
			},
			get: func(path string, h func(fiberCall) error) {
				app.Get(path, func(c *fiberv2.Ctx) error {
					return h(fiberCall{c.UserContext(), c.Context(), func(name string) string { return c.Get(name) },
						func(status int, body string) error { return c.Status(status).SendString(body) }})
				})
			},
			fail:    func(status int) error { return fiberv2.NewError(status) },
			serve:   app.Listener,
			stop:    app.Shutdown,
			server:  app.Server(),
			handler: adaptorv2.FiberApp(app),
		}
	}},
	{"v3", func(onError func(error) error) fiberApp {
		var cfg fiberv3.Config
		if onError != nil {
			cfg.ErrorHandler = func(_ fiberv3.Ctx, err error) error { return onError(err) }
		}
		app := fiberv3.New(cfg)
		return fiberApp{
			around:  func(m httpMiddleware) { app.Use(aroundV3(m)) },
			adaptor: func(m httpMiddleware) { app.Use(adaptorv3.HTTPMiddleware(m)) },
			recover: func() { app.Use(recoverv3.New()) },
			after: func(status int) {
				app.Use(func(c fiberv3.Ctx) error { return errors.Join(c.Next(), c.SendStatus(status)) })
			},
			prefix: func(path string, status int) {
				app.Use(path, func(c fiberv3.Ctx) error { return c.SendStatus(status) })
			},
			get: func(path string, h func(fiberCall) error) {
				app.Get(path, func(c fiberv3.Ctx) error {
					return h(fiberCall{c.Context(), c, func(name string) string { return c.Get(name) },
						func(status int, body string) error { return c.Status(status).SendString(body) }})
				})
			},
			fail:    func(status int) error { return fiberv3.NewError(status) },
			serve:   func(l net.Listener) error { return app.Listener(l, fiberv3.ListenConfig{DisableStartupMessage: true}) },
			stop:    app.Shutdown,
			server:  app.Server(),
			handler: adaptorv3.FiberApp(app),
		}
	}},
}

// eachFiber runs test with an app of each version of fiber.
func eachFiber(t *testing.T, onError func(error) error, test func(*testing.T, fiberApp)) {
	for _, version := range fibers {
		t.Run(version.name, func(t *testing.T) { test(t, version.new(onError)) })
	}
}

// run serves the app on loopback until the test ends. It returns a function that sends requests.
func (a fiberApp) run(t *testing.T) func(path string, header ...string) (status int, h http.Header, body string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	// This is the time from stop until the server's goroutines end.
	a.server.MaxIdleWorkerDuration = time.Millisecond
	var running sync.WaitGroup
	running.Go(func() { assert.NoError(t, a.serve(listener)) })
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: requests}}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		assert.NoError(t, a.stop())
		running.Wait()
	})
	return func(path string, header ...string) (int, http.Header, string) {
		r, err := http.NewRequest(http.MethodGet, "http://"+listener.Addr().String()+path, nil)
		check(err)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		resp, err := client.Do(r)
		if err != nil {
			return 0, nil, err.Error()
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		check(err)
		return resp.StatusCode, resp.Header, string(body)
	}
}

// fiberLine holds the fields of a log line that the tests compare.
type fiberLine struct {
	Message, TraceID string
	Status, Bytes    *int // these and the fields below are only on access lines
	Route            string
	Panicked         bool
}

func fiberLines(t *testing.T, log *bytes.Buffer) (lines []fiberLine) {
	for text := range bytes.Lines(log.Bytes()) {
		read, err := line.Parse(text)
		require.NoError(t, err, "%s", text)
		l := fiberLine{Message: read.Message, TraceID: read.TraceID}
		if r, ok := read.Record.(*line.Request); ok {
			size := int(r.Bytes)
			l.Status, l.Bytes, l.Route, l.Panicked = &r.Status, &size, r.Route, r.Panicked
		}
		lines = append(lines, l)
	}
	return lines
}

// fiber's adaptor copies the values of clew's context into fiber's by reflection. The copy
// contains the trace with the width of its ID, its sampling state and its parent, both with an SDK
// and without.
func TestFiberCopiesTheTrace(t *testing.T) {
	sdk := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.AlwaysSample()))
	tests := []struct {
		name     string
		provider oteltrace.TracerProvider
		b3       string
		want     string // the B3 in the handler, with X for the span ID
	}{
		{"accept", nil, id64 + "-" + spanID + "-1", id64 + "-X-1-" + spanID},
		{"accept, 32 digits", nil, idWide + "-" + spanID + "-1", idWide + "-X-1-" + spanID},
		{"deny", nil, id64 + "-" + spanID + "-0", id64 + "-X-0-" + spanID},
		{"debug", nil, id64 + "-" + spanID + "-d", id64 + "-X-d-" + spanID},
		{"SDK, accept", sdk, id64 + "-" + spanID + "-1", id64 + "-X-1-" + spanID},
		{"SDK, accept, 32 digits", sdk, idWide + "-" + spanID + "-1", idWide + "-X-1-" + spanID},
		{"SDK, deny", sdk, id64 + "-" + spanID + "-0", id64 + "-X-0-" + spanID},
		{"SDK, debug", sdk, id64 + "-" + spanID + "-d", id64 + "-X-d-" + spanID},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			eachFiber(t, nil, func(t *testing.T, app fiberApp) {
				var log bytes.Buffer
				logger := logctx.New(&log)
				app.adaptor(httpmw.New(httpmw.Config{Logger: &logger, TracerProvider: tt.provider}))
				app.get("/", func(c fiberCall) error {
					b, _ := trace.FromContext(c.own)
					logctx.Info(c.own).Msg("asked for")
					return c.send(http.StatusOK, strings.Replace(b.String(), b.SpanID.String(), "X", 1))
				})
				_, _, got := app.run(t)("/", "b3", tt.b3)
				assert.Equal(t, tt.want, got, "B3 in the handler")
				id, _, _ := strings.Cut(tt.want, "-")
				assert.Equal(t, []fiberLine{{Message: "asked for", TraceID: id}}, fiberLines(t, &log), "lines of the log")
			})
		})
	}
}

// The adaptor runs a middleware to its end before fiber's handlers begin. So an access log in the
// adaptor does not know the handlers' answer, and the span has already ended. aroundV2 and
// aroundV3 do not have this problem.
func TestFiberRunsAdaptedMiddlewareTooEarly(t *testing.T) {
	tests := []struct {
		name  string
		use   func(fiberApp, httpMiddleware)
		want  []fiberLine
		ended bool // the span has ended when the handler runs
	}{
		{"fiber's adaptor", func(a fiberApp, m httpMiddleware) { a.adaptor(m) }, []fiberLine{
			{Message: "request", TraceID: id64, Status: new(200), Bytes: new(0)},
			{Message: "asked for", TraceID: id64},
		}, true},
		{"around", func(a fiberApp, m httpMiddleware) { a.around(m) }, []fiberLine{
			{Message: "asked for", TraceID: id64},
			{Message: "request", TraceID: id64, Status: new(404), Bytes: new(7), Route: "/media/:id"},
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			eachFiber(t, nil, func(t *testing.T, app fiberApp) {
				var log bytes.Buffer
				logger := logctx.New(&log)
				sdk, recorder := testkit.SDK(nil)
				traced := httpmw.New(httpmw.Config{Logger: &logger, TracerProvider: sdk})
				logged := httpmw.AccessLog(httpmw.AccessLogConfig{})
				tt.use(app, func(h http.Handler) http.Handler { return traced(logged(h)) })
				ended := 0
				app.get("/media/:id", func(c fiberCall) error {
					ctx := c.ctx
					if trace.ID(ctx) == "" {
						ctx = c.own
					}
					ended = len(recorder.Ended())
					logctx.Info(ctx).Msg("asked for")
					return c.send(http.StatusNotFound, "no such")
				})
				status, _, _ := app.run(t)("/media/7", "b3", id64+"-"+spanID+"-1")
				assert.Equal(t, http.StatusNotFound, status)
				assert.Equal(t, tt.want, fiberLines(t, &log), "lines of the log")
				assert.Equal(t, tt.ended, ended == 1, "the span has ended when the handler runs")
				require.Len(t, recorder.Ended(), 1)
				if !tt.ended {
					assert.Equal(t, "GET /media/:id", recorder.Ended()[0].Name(), "name of the span")
				}
			})
		})
	}
}

// The access line shows the answer that the client got, even one from fiber's ErrorHandler. It
// does not show changes by a middleware outside of AccessLog, because they come after the line.
func TestFiberAccessLogSaysWhatTheClientGot(t *testing.T) {
	teapot := func(error) error { return errors.New("no pages for errors") }
	tests := []struct {
		name    string
		onError func(error) error
		path    string
		prepare func(app fiberApp, use func())
		handle  func(app fiberApp, c fiberCall) error
		client  int // the status that the client gets
		line    int
		route   string
		bytes   int
	}{
		{name: "handler sends a body", client: 200, line: 200, route: "/media/:id", bytes: 5,
			handle: func(_ fiberApp, c fiberCall) error { return c.send(200, "media") }},
		{name: "handler sends nothing", client: 200, line: 200, route: "/media/:id",
			handle: func(fiberApp, fiberCall) error { return nil }},
		{name: "handler sends a status and a body", client: 404, line: 404, route: "/media/:id", bytes: 7,
			handle: func(_ fiberApp, c fiberCall) error { return c.send(404, "no such") }},
		{name: "handler returns an error of fiber", client: 418, line: 418, route: "/media/:id", bytes: len("I'm a teapot"),
			handle: func(app fiberApp, c fiberCall) error { return app.fail(418) }},
		{name: "handler returns another error", client: 500, line: 500, route: "/media/:id", bytes: len("no disk"),
			handle: func(fiberApp, fiberCall) error { return errors.New("no disk") }},
		{name: "ErrorHandler fails", onError: teapot, client: 500, line: 500, route: "/media/:id",
			handle: func(app fiberApp, c fiberCall) error { return app.fail(418) }},
		{name: "no route matches", path: "/elsewhere", client: 404, line: 404, bytes: -1},
		{name: "middleware for a prefix answers", path: "/media/7", client: 401, line: 401, bytes: len("Unauthorized"),
			prepare: func(app fiberApp, use func()) { use(); app.prefix("/media", 401) }},
		{name: "panic, recovered inside of AccessLog", client: 500, line: 500, route: "/media/:id", bytes: len("lost"),
			prepare: func(app fiberApp, use func()) { use(); app.recover() },
			handle:  func(fiberApp, fiberCall) error { panic("lost") }},
		{name: "status changed inside of AccessLog", client: 202, line: 202, route: "/media/:id", bytes: -1,
			prepare: func(app fiberApp, use func()) { use(); app.after(202) },
			handle:  func(_ fiberApp, c fiberCall) error { return c.send(200, "media") }},

		// These lines do not show what the client got, because a middleware outside of AccessLog
		// changes it.
		{name: "panic, recovered outside of AccessLog", client: 500, line: 0, bytes: -1,
			prepare: func(app fiberApp, use func()) { app.recover(); use() },
			handle:  func(fiberApp, fiberCall) error { panic("lost") }},
		{name: "status changed outside of AccessLog", client: 202, line: 200, route: "/media/:id", bytes: -1,
			prepare: func(app fiberApp, use func()) { app.after(202); use() },
			handle:  func(_ fiberApp, c fiberCall) error { return c.send(200, "media") }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			eachFiber(t, tt.onError, func(t *testing.T, app fiberApp) {
				var log bytes.Buffer
				logger := logctx.New(&log)
				use := func() { app.around(both(&logger)) }
				if tt.prepare != nil {
					tt.prepare(app, use)
				} else {
					use()
				}
				app.get("/media/:id", func(c fiberCall) error { return tt.handle(app, c) })
				path := "/media/7"
				if tt.path != "" {
					path = tt.path
				}
				status, _, body := app.run(t)(path, "b3", id64+"-"+spanID)
				assert.Equal(t, tt.client, status, "the client got %q", body)
				lines := fiberLines(t, &log)
				require.Len(t, lines, 1)
				want := fiberLine{Message: "request", TraceID: id64, Status: &tt.line, Route: tt.route,
					Bytes: &tt.bytes, Panicked: tt.line == 0}
				if tt.bytes < 0 {
					want.Bytes = lines[0].Bytes
				} else {
					assert.Len(t, body, tt.bytes, "bytes in the body that the client got")
				}
				assert.Equal(t, want, lines[0], "access line")
			})
		})
	}
}

// Config.Trust and Config.ResponseHeader have the same effect with fiber as with net/http.
func TestFiberSeesWhatTrustHasLeft(t *testing.T) {
	eachFiber(t, nil, func(t *testing.T, app fiberApp) {
		trust := func(r *http.Request) httpmw.Trust {
			if r.Header.Get("Authorization") == "" {
				return httpmw.TrustNone
			}
			return httpmw.TrustIDs
		}
		app.around(httpmw.New(httpmw.Config{Trust: trust, ResponseHeader: "X-Trace"}))
		app.get("/", func(c fiberCall) error {
			return c.send(http.StatusOK, fmt.Sprint(c.get("b3"), ",", c.get("baggage"), ",", c.get("Accept-Language"), ",", trace.ID(c.ctx)))
		})
		call := app.run(t)
		stranger := []string{"b3", id64 + "-" + spanID + "-d", "baggage", "k=v", "Accept-Language", "gd"}

		_, h, got := call("/", stranger...)
		assert.NotContains(t, h.Get("X-Trace"), id64)
		assert.Equal(t, ",,gd,"+h.Get("X-Trace"), got, "b3, baggage, Accept-Language and trace ID in the handler, with TrustNone")

		_, h, got = call("/", append(stranger, "Authorization", "Basic x")...)
		assert.Equal(t, id64, h.Get("X-Trace"))
		assert.Equal(t, id64+"-"+spanID+"-0,,gd,"+id64, got, "b3, baggage, Accept-Language and trace ID in the handler, with TrustIDs")
	})
}

// fiber's HTTPMiddleware keeps the headers that Trust rejects, and FiberApp passes no context. So
// doc.go recommends neither. If a newer fiber fixes this, change doc.go.
func TestFiberAdaptorsLoseWhatTheyAreGiven(t *testing.T) {
	const b3 = id64 + "-" + spanID + "-d"
	t.Run("HTTPMiddleware", func(t *testing.T) {
		eachFiber(t, nil, func(t *testing.T, app fiberApp) {
			trust := func(*http.Request) httpmw.Trust { return httpmw.TrustNone }
			app.adaptor(httpmw.New(httpmw.Config{Trust: trust}))
			app.get("/", func(c fiberCall) error { return c.send(http.StatusOK, c.get("b3")) })
			_, _, got := app.run(t)("/", "b3", b3)
			assert.Equal(t, b3, got, "header b3 that Trust rejects")
		})
	})
	t.Run("FiberApp", func(t *testing.T) {
		eachFiber(t, nil, func(t *testing.T, app fiberApp) {
			app.get("/", func(c fiberCall) error {
				return c.send(http.StatusOK, "in no trace:"+trace.ID(c.ctx)+trace.ID(c.own))
			})
			server := httptest.NewServer(httpmw.New(httpmw.Config{})(app.handler))
			defer server.Close()
			r, err := http.NewRequest(http.MethodGet, server.URL, nil)
			require.NoError(t, err)
			r.Header.Set("b3", b3)
			resp, err := server.Client().Do(r)
			require.NoError(t, err)
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			assert.Equal(t, "in no trace:", string(body))
		})
	})
}

// Spans and contexts contain copies of a request's strings, because fasthttp reuses the memory of
// a request for the next one.
func TestFiberKeepsCopies(t *testing.T) {
	eachFiber(t, nil, func(t *testing.T, app fiberApp) {
		recorder := tracetest.NewSpanRecorder()
		app.around(httpmw.New(httpmw.Config{
			Propagator:     propagation.NewCompositeTextMapPropagator(trace.Propagator{W3C: true}, propagation.Baggage{}),
			TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(recorder))}))
		var ctxs []context.Context
		app.get("/media/:id", func(c fiberCall) error {
			ctxs = append(ctxs, c.ctx)
			return c.send(http.StatusOK, "media")
		})
		call := app.run(t)
		var want, got []string
		for n := range 20 {
			path, state := fmt.Sprintf("/media/%04d", n), fmt.Sprintf("k=%04d", n)
			call(path, "traceparent", fmt.Sprintf("00-%032x-%s-01", n+1, spanID), "tracestate", state, "baggage", state)
			want = append(want, "GET /media/:id "+path+" "+state+" "+state)
		}
		for n, span := range recorder.Ended() {
			for _, attr := range span.Attributes() {
				if attr.Key == "url.path" {
					got = append(got, span.Name()+" "+attr.Value.AsString()+" "+span.SpanContext().TraceState().String()+" "+baggage.FromContext(ctxs[n]).String())
				}
			}
		}
		assert.Equal(t, want, got)
	})
}

// fiberStates are the sampling states of the callers, as in the header b3.
var fiberStates = [...]struct {
	b3       string
	sampling trace.Sampling
}{{"1", trace.Accept}, {"0", trace.Deny}, {"d", trace.Debug}}

// fiberTraffic handles all requests of an app at the same time. It counts the traces that the
// handlers find.
type fiberTraffic struct {
	app                   fiberApp
	log                   bytes.Buffer
	client                *http.Client
	next                  string // the URL of a service that answers with the B3 that it got
	here, outgoing, later tally
	in, tasks             sync.WaitGroup
	answered              chan struct{}
}

func newFiberTraffic(t *testing.T, app fiberApp) *fiberTraffic {
	next := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := trace.FromHeader(r.Header)
		check(err)
		fmt.Fprint(w, b.String())
	}))
	t.Cleanup(next.Close)
	f := &fiberTraffic{app: app, next: next.URL, answered: make(chan struct{})}
	f.client = httpclient.Wrap(next.Client(), httpclient.Config{})
	f.in.Add(requests)
	logger := logctx.New(zerolog.SyncWriter(&f.log)).Level(zerolog.InfoLevel)
	app.around(both(&logger))
	app.get("/wait/:id/:state", f.handle)
	app.get("/again", func(c fiberCall) error { return c.send(http.StatusOK, "") })
	return f
}

// handle checks its trace when all requests have arrived, and once more after it has answered.
func (f *fiberTraffic) handle(c fiberCall) error {
	id, state := strings.Clone(c.get("X-Id")), strings.Clone(c.get("X-State"))
	f.in.Done()
	f.in.Wait()
	look(&f.here, c.ctx, id, state)
	look(&f.outgoing, trace.NewContext(context.Background(), f.sent(c.ctx)), id, state)
	zerolog.Ctx(c.ctx).Debug().Str("want", id).Msg("heard when debug")
	logctx.Info(c.ctx).Str("want", id).Msg("here")
	f.tasks.Add(1)
	workerpool.Go(c.ctx, func(ctx context.Context) {
		defer f.tasks.Done()
		<-f.answered
		look(&f.later, ctx, id, state)
		look(&f.later, trace.NewContext(context.Background(), f.sent(ctx)), id, state)
		logctx.Info(ctx).Str("want", id).Msg("later")
		zerolog.Ctx(ctx).Info().Str("want", id).Msg("later")
	})
	return c.send(200+len(id)/2, "")
}

// look counts the trace of ctx in c. A wrong sampling state counts as a wrong trace.
func look(c *tally, ctx context.Context, id, state string) {
	c.look(ctx, id)
	b, _ := trace.FromContext(ctx)
	for _, s := range fiberStates {
		if s.b3 == state && s.sampling == b.Sampling {
			return
		}
	}
	c.wrong.Add(1)
}

// sent sends a request in ctx, and returns the B3 that the service got.
func (f *fiberTraffic) sent(ctx context.Context) trace.B3 {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.next, nil)
	check(err)
	resp, err := f.client.Do(r)
	check(err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	check(err)
	b, err := trace.Parse(string(body))
	check(err)
	return b
}

// send sends all requests at once. Request n has the sampling state fiberStates[n/3%3].
func (f *fiberTraffic) send(call func(path string, header ...string) (int, http.Header, string), path func(id, state string) string) {
	var all sync.WaitGroup
	for n := range requests {
		all.Go(func() {
			id, state := testkit.NumberedID(n), fiberStates[n/3%3].b3
			call(path(id, state), "b3", id+"-"+spanID+"-"+state, "X-Id", id, "X-State", state)
		})
	}
	all.Wait()
}

// checkLog checks that each line has the ID of its request, and that all lines are there.
func (f *fiberTraffic) checkLog(t *testing.T) {
	seen := map[string]int{}
	for text := range strings.Lines(f.log.String()) {
		l, err := line.Parse([]byte(text))
		require.NoError(t, err, text)
		seen[l.Message]++
		if r, ok := l.Record.(*line.Request); !ok {
			want, _ := l.Field("want")
			assert.Equal(t, want.Value, l.TraceID, text)
		} else if parts := strings.Split(r.Path, "/"); len(parts) == 4 {
			assert.Equal(t, parts[2], l.TraceID, text)
			assert.Equal(t, 200+len(parts[2])/2, r.Status, text)
		}
	}
	debug := 0
	for n := range requests {
		if fiberStates[n/3%3].b3 == "d" {
			debug++
		}
	}
	assert.Equal(t, map[string]int{"request": 2 * requests, "here": requests, "later": 2 * requests, "heard when debug": debug}, seen, "number of lines with each message")
}

// 100 requests run at the same time. Their lines, calls and tasks are in the traces of their
// requests, with the right width and state. The tasks run after fiber has reused the contexts of
// these requests for others.
func TestFiberIsInTheTrace(t *testing.T) {
	eachFiber(t, nil, func(t *testing.T, app fiberApp) {
		f := newFiberTraffic(t, app)
		call := app.run(t)
		f.send(call, func(id, state string) string { return "/wait/" + id + "/" + state })
		f.send(call, func(string, string) string { return "/again" })
		close(f.answered)
		f.tasks.Wait()
		assert.Equal(t, counts{Ran: requests}, f.here.counts(), "traces in the handlers")
		assert.Equal(t, counts{Ran: requests}, f.outgoing.counts(), "traces in the requests that the handlers send")
		assert.Equal(t, counts{Ran: 2 * requests}, f.later.counts(), "traces in the tasks, after the handlers")
		f.checkLog(t)
	})
}

// When Trust rejects some headers, other repeated headers keep all their values in order.
func TestFiberRepeatedHeaders(t *testing.T) {
	for _, trust := range []httpmw.Trust{httpmw.TrustNone, httpmw.TrustIDs, httpmw.TrustAll} {
		mw := httpmw.New(httpmw.Config{Trust: trust.Always})
		for range 20 { // the order of a map varies
			var got map[string][]string
			v2 := fiberv2.New(fiberv2.Config{DisableStartupMessage: true})
			v2.Use(aroundV2(mw))
			v2.Get("/", func(c *fiberv2.Ctx) error { got = c.GetReqHeaders(); return nil })
			v3 := fiberv3.New()
			v3.Use(aroundV3(mw))
			v3.Get("/", func(c fiberv3.Ctx) error { got = c.GetReqHeaders(); return nil })
			for name, test := range map[string]func(*http.Request) (*http.Response, error){
				"v2": func(r *http.Request) (*http.Response, error) { return v2.Test(r) },
				"v3": func(r *http.Request) (*http.Response, error) { return v3.Test(r) },
			} {
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				r.Header["B3"] = []string{id64 + "-" + spanID + "-d", testkit.ID128 + "-" + spanID + "-d"}
				r.Header["X-Forwarded-For"] = []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}
				r.Header["X-Multi"] = []string{"a", "b"}
				_, err := test(r)
				require.NoError(t, err)
				assert.Equal(t, r.Header["X-Forwarded-For"], got["X-Forwarded-For"], "X-Forwarded-For in %s, trust %d", name, trust)
				assert.Equal(t, r.Header["X-Multi"], got["X-Multi"], "X-Multi in %s, trust %d", name, trust)
				switch trust {
				case httpmw.TrustNone:
					assert.Empty(t, got["B3"], "B3 in %s, TrustNone", name)
				case httpmw.TrustIDs:
					require.Len(t, got["B3"], 1, "B3 in %s, TrustIDs", name)
					assert.Contains(t, got["B3"][0], id64, "B3 in %s, TrustIDs", name)
				default:
					assert.Equal(t, r.Header["B3"], got["B3"], "B3 in %s, TrustAll", name)
				}
			}
		}
	}
}
