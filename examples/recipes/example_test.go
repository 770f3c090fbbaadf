// Package recipes_test contains and tests the code of docs/recipes.md. Recipes with other
// libraries are in the module adapters.
package recipes_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime/debug"
	"strings"

	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"
	"github.com/rs/zerolog/log"
)

// stderr replaces os.Stderr by a pipe until lines is called. lines prints the parts of each line
// that are the same in each run: the level, the message, these fields, and the ID if it is the
// caller's.
func stderr() (lines func(fields ...string)) {
	before := os.Stderr
	r, w, err := os.Pipe()
	check(err)
	os.Stderr = w
	return func(fields ...string) {
		os.Stderr = before
		check(w.Close())
		all, err := io.ReadAll(r)
		check(err)
		check(r.Close())
		for text := range bytes.Lines(all) {
			var line map[string]any
			if json.Unmarshal(text, &line) != nil {
				fmt.Print(string(text))
				continue
			}
			var shown []string
			for _, field := range []string{"level", "message", "msg"} { // msg is slog's
				if text, ok := line[field].(string); ok {
					text, _, _ = strings.Cut(text, " from ") // the place in the program
					shown = append(shown, text)
				}
			}
			for _, field := range fields {
				if line[field] != nil {
					shown = append(shown, fmt.Sprint(field, "=", line[field]))
				}
			}
			switch id, _ := line["trace_id"].(string); {
			case len(id) == 32:
				shown = append(shown, "a new ID")
			case id != "":
				shown = append(shown, id)
			}
			fmt.Println(strings.Join(shown, " "))
		}
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// get sends a request in trace 463ac35c9f6413ad to handler.
func get(handler http.Handler, path string) *httptest.ResponseRecorder {
	return getAs(handler, path, "463ac35c9f6413ad-a2fb4a1d1a96d312")
}

func getAs(handler http.Handler, path, b3 string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("b3", b3)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

func ok(w http.ResponseWriter, r *http.Request) {
	logctx.Debug(r.Context()).Msg("looking")
	logctx.Info(r.Context()).Msg("asked for")
}

func Example_serviceName() {
	lines := stderr()

	cfg := logctx.Config{Service: "media-api"}
	logger := logctx.New(os.Stderr, cfg)

	get(httpmw.New(httpmw.Config{Logger: &logger, Implicit: true})(http.HandlerFunc(ok)), "/media/7")
	lines("service")
	// Output:
	// debug looking service=media-api 463ac35c9f6413ad
	// info asked for service=media-api 463ac35c9f6413ad
}

func Example_level() {
	lines := stderr()

	cfg := logctx.Config{Service: "media-api"}

	logger := logctx.New(os.Stderr, cfg).Level(zerolog.InfoLevel)
	handler := slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo}) // for logctx.Slog

	slog.New(logctx.Slog(handler, cfg)).Debug("not written")
	served := httpmw.New(httpmw.Config{Logger: &logger, Implicit: true})(http.HandlerFunc(ok))
	get(served, "/media/7")
	getAs(served, "/media/8", "463ac35c9f6413ad-a2fb4a1d1a96d312-d")
	lines()
	// Output:
	// info asked for 463ac35c9f6413ad
	// debug looking 463ac35c9f6413ad
	// info asked for 463ac35c9f6413ad
}

func Example_console() {
	lines := stderr()

	cfg := logctx.Config{Service: "media-api"}

	logger := logctx.New(os.Stderr, cfg)
	if isatty.IsTerminal(os.Stderr.Fd()) { // github.com/mattn/go-isatty
		logger = logctx.Console(os.Stderr, cfg)
	}

	get(httpmw.New(httpmw.Config{Logger: &logger, Implicit: true})(http.HandlerFunc(ok)), "/media/7")
	lines() // JSON
	// Output:
	// debug looking 463ac35c9f6413ad
	// info asked for 463ac35c9f6413ad
}

func Example_healthChecks() {
	lines := stderr()
	logger := logctx.New(os.Stderr)
	handler := http.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))

	handler = httpmw.AccessLog(httpmw.AccessLogConfig{
		Skip: func(r *http.Request) bool { return r.URL.Path == "/healthz" },
	})(handler)

	handler = httpmw.New(httpmw.Config{Logger: &logger, Implicit: true})(handler)
	get(handler, "/media/7")
	get(handler, "/healthz")
	lines("path")
	// Output: info request path=/media/7 463ac35c9f6413ad
}

// fail answers with an error that has the trace ID, for the caller to report.
func fail(w http.ResponseWriter, r *http.Request, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(map[string]string{"error": message, "trace_id": trace.ID(r.Context())})
}

func Example_errorAnswers() {
	handler := httpmw.New(httpmw.Config{ResponseHeader: "X-B3-TraceId"})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fail(w, r, http.StatusNotFound, "no such image")
	}))
	w := get(handler, "/media/7")
	fmt.Println(w.Code, w.Header().Get("X-B3-TraceId"), w.Body)
	// Output: 404 463ac35c9f6413ad {"error":"no such image","trace_id":"463ac35c9f6413ad"}
}

// recovered answers 500 to a request whose handler panics, and logs the panic with its ID.
func recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch v := recover(); v {
			case nil:
			case http.ErrAbortHandler: // the handler wants the connection closed
				panic(v)
			default:
				logctx.Error(r.Context()).Bytes("stack", debug.Stack()).Msgf("panic: %v", v)
				fail(w, r, http.StatusInternalServerError, "internal error") // fail is in the previous recipe
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func Example_panics() {
	lines := stderr()
	logger := logctx.New(os.Stderr)
	mux := http.NewServeMux()
	mux.HandleFunc("/media/{id}", func(http.ResponseWriter, *http.Request) { panic("no such image") })
	mux.HandleFunc("/abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })

	handler := httpmw.AccessLog(httpmw.AccessLogConfig{})(recovered(mux))
	handler = httpmw.New(httpmw.Config{Logger: &logger, Implicit: true})(handler)

	w := get(handler, "/media/7")
	fmt.Print(w.Code, " ", w.Body)
	func() {
		defer func() { fmt.Println(recover()) }()
		get(handler, "/abort")
	}()
	lines("status", "panicked")
	// Output:
	// 500 {"error":"internal error","trace_id":"463ac35c9f6413ad"}
	// net/http: abort Handler
	// error panic: no such image 463ac35c9f6413ad
	// error request status=500 463ac35c9f6413ad
	// error request status=0 panicked=true 463ac35c9f6413ad
}

func Example_outsideOfRequests() {
	defer restore()()
	lines := stderr()

	cfg := logctx.Config{Service: "media-api"}
	log.Logger = logctx.New(os.Stderr, cfg)
	zerolog.DefaultContextLogger = &log.Logger
	slog.SetDefault(slog.New(logctx.Slog(slog.NewJSONHandler(os.Stderr, nil), cfg)))

	ctx, span := trace.Start(context.Background(), "start-up")
	trace.Do(ctx, warmUp) // lines of warmUp without a context have the ID, too
	span.End()

	log.Info().Msg("listening") // in no trace
	lines("service")
	// Output:
	// info the cache is warm service=media-api a new ID
	// info without a context service=media-api a new ID
	// info by a logger that is not in the context service=media-api a new ID
	// INFO by slog service=media-api a new ID
	// info listening service=media-api
}

func warmUp(ctx context.Context) {
	logctx.Info(ctx).Msg("the cache is warm")
	log.Info().Msg("without a context")
	zerolog.Ctx(ctx).Info().Msg("by a logger that is not in the context")
	slog.Info("by slog")
}

// restore returns a function that restores the global loggers.
func restore() func() {
	logger, logged, out, flags, context := log.Logger, slog.Default(), stdlog.Writer(), stdlog.Flags(), zerolog.DefaultContextLogger
	return func() {
		log.Logger, zerolog.DefaultContextLogger = logger, context
		slog.SetDefault(logged)
		stdlog.SetOutput(out)
		stdlog.SetFlags(flags)
	}
}

func Example_untrusted() {
	lines := stderr()
	logger := logctx.New(os.Stderr)
	handler := httpmw.AccessLog(httpmw.AccessLogConfig{})(http.HandlerFunc(ok))

	handler = httpmw.New(httpmw.Config{
		Logger:         &logger,
		Implicit:       true,
		Trust:          httpmw.TrustNone.Always,
		ResponseHeader: "X-B3-TraceId",
	})(handler)

	w := getAs(handler, "/media/7", "463ac35c9f6413ad-a2fb4a1d1a96d312-d")
	lines("untrusted_trace_id")
	fmt.Println(len(w.Header().Get("X-B3-TraceId")), "digits for the caller")
	// Output:
	// debug looking a new ID
	// info asked for a new ID
	// info request untrusted_trace_id=463ac35c9f6413ad a new ID
	// 32 digits for the caller
}
