package adapters_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"example.com/clew/workerpool"
	"github.com/gin-gonic/gin"
	"github.com/labstack/echo/v5"
	"github.com/rs/zerolog"
)

// call sends a request in trace 463ac35c9f6413ad to h.
func call(h http.Handler, path string) {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("X-B3-TraceId", "463ac35c9f6413ad")
	r.Header.Set("X-B3-SpanId", "a2fb4a1d1a96d312")
	h.ServeHTTP(httptest.NewRecorder(), r)
}

// handlerContext returns the context of a handler in trace 463ac35c9f6413ad.
func handlerContext() context.Context {
	b, _ := trace.Parse("463ac35c9f6413ad-a2fb4a1d1a96d312")
	return trace.NewContext(context.Background(), b)
}

// lines returns a logger for people. It leaves out the fields that differ from run to run.
func lines() zerolog.Logger {
	return zerolog.New(zerolog.ConsoleWriter{Out: os.Stdout, NoColor: true, PartsOrder: []string{"message"},
		FieldsExclude: []string{"span_id", "parent_id", "method", "path", "bytes", "duration_ms", "remote"}})
}

// clew's middleware is outside of gin, so that gin's middleware is in the trace, too.
func Example_gin() {
	engine := gin.New()
	engine.ContextWithFallback = true // while the handler runs, c is a context in the trace, too
	engine.Use(func(c *gin.Context) {
		logctx.Info(c).Msg("gin's middleware")
		httpmw.SetRoute(c.Request.Context(), c.FullPath()) // for the access line
	})
	answered, done := make(chan struct{}), make(chan struct{})
	engine.GET("/media/:id", func(c *gin.Context) {
		ctx := c.Request.Context()
		logctx.Info(ctx).Msg("asked for")
		// Never use c in the task: gin reuses it for the next request.
		workerpool.Go(ctx, func(ctx context.Context) {
			defer close(done)
			<-answered
			logctx.Info(ctx).Msg("views counted")
		})
	})

	logger := lines()
	handler := httpmw.AccessLog(httpmw.AccessLogConfig{})(engine)
	handler = httpmw.New(httpmw.Config{Logger: &logger})(handler)
	call(handler, "/media/7")

	close(answered)
	<-done
	// Output:
	// gin's middleware trace_id=463ac35c9f6413ad
	// asked for trace_id=463ac35c9f6413ad
	// request route=/media/:id status=200 trace_id=463ac35c9f6413ad
	// views counted trace_id=463ac35c9f6413ad
}

// If the engine serves requests itself, New can be gin's first middleware, so that gin's other
// middleware is in the trace. AccessLog cannot be gin's middleware, because gin's handlers do not
// write to the ResponseWriter that AccessLog wraps.
func Example_ginMiddleware() {
	logger := lines()
	traced := httpmw.New(httpmw.Config{Logger: &logger})
	engine := gin.New()
	engine.Use(func(c *gin.Context) {
		traced(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			c.Request = r
			c.Next()
		})).ServeHTTP(c.Writer, c.Request)
	})
	engine.GET("/media/:id", func(c *gin.Context) {
		logctx.Info(c.Request.Context()).Msg("asked for")
	})

	call(engine, "/media/7") // in a service: engine.Run
	// Output: asked for trace_id=463ac35c9f6413ad
}

// clew's middleware is outside of echo, as it is with gin. The access log knows echo's routes,
// unless a middleware copies the request.
func Example_echo() {
	e := echo.New()
	e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c *echo.Context) error {
			logctx.Info(c.Request().Context()).Msg("echo's middleware")
			return next(c)
		}
	})
	e.GET("/media/:id", func(c *echo.Context) error {
		ctx := c.Request().Context()
		logctx.Info(ctx).Msg("asked for")
		return c.NoContent(http.StatusOK)
	})

	logger := lines()
	handler := httpmw.AccessLog(httpmw.AccessLogConfig{})(e)
	handler = httpmw.New(httpmw.Config{Logger: &logger})(handler)
	call(handler, "/media/7")
	// Output:
	// echo's middleware trace_id=463ac35c9f6413ad
	// asked for trace_id=463ac35c9f6413ad
	// request route=/media/:id status=200 trace_id=463ac35c9f6413ad
}

// If echo serves requests itself, New and AccessLog can be echo's middleware. New must be first.
func Example_echoMiddleware() {
	logger := lines()
	e := echo.New()
	e.Use(echo.WrapMiddleware(httpmw.New(httpmw.Config{Logger: &logger})))
	e.Use(echo.WrapMiddleware(httpmw.AccessLog(httpmw.AccessLogConfig{})))
	e.GET("/media/:id", func(c *echo.Context) error {
		logctx.Info(c.Request().Context()).Msg("asked for")
		return c.NoContent(http.StatusNotFound)
	})

	call(e, "/media/7") // in a service: e.Start
	// Output:
	// asked for trace_id=463ac35c9f6413ad
	// request route=/media/:id status=404 trace_id=463ac35c9f6413ad
}

// With one line in main, code that uses http.DefaultClient sends the trace of each request's
// context. http.Get has no context, so each of its calls starts a new trace.
func Example_defaultClient() {
	defer func(old *http.Client) { http.DefaultClient = old }(http.DefaultClient)
	http.DefaultClient = httpclient.Wrap(http.DefaultClient, httpclient.Config{})

	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Header.Get("X-B3-TraceId"))
	}))
	defer server.Close()
	answer := func(resp *http.Response, err error) string {
		if err != nil {
			return err.Error()
		}
		defer resp.Body.Close()
		id, _ := io.ReadAll(resp.Body)
		return string(id)
	}

	r, _ := http.NewRequestWithContext(handlerContext(), http.MethodGet, server.URL, nil)
	fmt.Println(answer(http.DefaultClient.Do(r)))
	fmt.Println(len(answer(http.Get(server.URL))), "digits of a new one")
	// Output:
	// 463ac35c9f6413ad
	// 32 digits of a new one
}

// Lines that net/http's server writes to its ErrorLog have no ID, even if they belong to a
// request, because the server has no context for them. For a panic, the access line has the ID.
// With Implicit, lines that the server writes while the handler runs have the ID, such as the one
// that reports a superfluous WriteHeader.
func Example_serverErrorLog() {
	var out bytes.Buffer
	logger := logctx.New(zerolog.SyncWriter(&out))
	handler := http.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("no such image") }))
	handler = httpmw.AccessLog(httpmw.AccessLogConfig{})(handler)
	server := httptest.NewUnstartedServer(httpmw.New(httpmw.Config{Logger: &logger})(handler))
	server.Config.ErrorLog = log.New(logger, "", 0)
	server.Start()

	r, _ := http.NewRequestWithContext(handlerContext(), http.MethodGet, server.URL, nil)
	_, err := httpclient.Wrap(server.Client(), httpclient.Config{}).Do(r)
	fmt.Println("the client got an error:", err != nil)
	server.Close()

	for lines := json.NewDecoder(&out); lines.More(); {
		var line struct {
			Message  string `json:"message"`
			Panicked bool   `json:"panicked"`
			TraceID  string `json:"trace_id"`
		}
		_ = lines.Decode(&line)
		message, _, _ := strings.Cut(line.Message, " serving")
		fmt.Printf("%s, panicked: %v, ID: %q\n", message, line.Panicked, line.TraceID)
	}
	// Output:
	// the client got an error: true
	// request, panicked: true, ID: "463ac35c9f6413ad"
	// http: panic, panicked: false, ID: ""
}

// Package log uses no contexts, so its lines have no ID. For code that needs a *log.Logger, make
// one for each request. Its lines have the ID.
func Example_standardLog() {
	defer log.SetFlags(log.Flags())
	defer log.SetOutput(log.Writer())
	logger := zerolog.New(os.Stdout).Hook(logctx.Hook(logctx.Config{}))

	log.SetFlags(0)
	log.SetOutput(logger)
	log.Print("disk is nearly full")

	ctx := logger.WithContext(handlerContext())
	bound := log.New(logctx.From(ctx), "", 0)
	bound.Print("resized")
	// Output:
	// {"message":"disk is nearly full"}
	// {"trace_id":"463ac35c9f6413ad","span_id":"a2fb4a1d1a96d312","message":"resized"}
}

// With Implicit, all lines of package log in the goroutine that serves the request have the ID.
// Lines of a goroutine that the handler starts have none.
func Example_standardLogImplicit() {
	defer log.SetFlags(log.Flags())
	defer log.SetOutput(log.Writer())
	log.SetFlags(0)
	log.SetOutput(lines().Hook(logctx.Hook(logctx.Config{})))

	handler := http.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		log.Print("resized")
		done := make(chan struct{})
		go func() {
			defer close(done)
			log.Print("views counted")
		}()
		<-done
	}))
	handler = httpmw.New(httpmw.Config{Implicit: true})(handler)
	log.Print("starting")
	call(handler, "/media/7")
	// Output:
	// starting
	// resized trace_id=463ac35c9f6413ad
	// views counted
}
