package httpmw_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"

	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"github.com/rs/zerolog"
)

// Middleware outside of New has no trace yet: its lines have no ID. Put New outermost.
func ExampleNew_incorrect() {
	lines := zerolog.ConsoleWriter{Out: os.Stdout, NoColor: true, PartsOrder: []string{"message"}, FieldsExclude: []string{"span_id"}}
	logger := zerolog.New(lines).Hook(logctx.Hook(logctx.Config{}))
	traced := httpmw.New(httpmw.Config{Logger: &logger})
	auth := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			logger.Info().Ctx(r.Context()).Msg("authenticated")
			next.ServeHTTP(w, r)
		})
	}
	users := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		zerolog.Ctx(r.Context()).Info().Msg("found")
	})

	fmt.Println("incorrect: auth outside of New")
	call(auth(traced(users)), "/users/7", "10.1.2.3:4711")
	fmt.Println("correct: New outside of auth")
	call(traced(auth(users)), "/users/7", "10.1.2.3:4711")
	// Output:
	// incorrect: auth outside of New
	// authenticated
	// found trace_id=463ac35c9f6413ad
	// correct: New outside of auth
	// authenticated trace_id=463ac35c9f6413ad
	// found trace_id=463ac35c9f6413ad
}

// Middleware inside of New that puts a logger into the context, as hlog.NewHandler does, replaces
// New's logger. The logger in the context is then bound to no trace, so its lines have no ID.
// Leave such middleware out: Config.Logger replaces it.
func ExampleConfig_incorrect() {
	logger := zerolog.New(zerolog.ConsoleWriter{Out: os.Stdout, NoColor: true, PartsOrder: []string{"message"}, FieldsExclude: []string{"span_id"}})
	traced := httpmw.New(httpmw.Config{Logger: &logger})
	newHandler := func(next http.Handler) http.Handler { // hlog.NewHandler(logger)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(logger.WithContext(r.Context())))
		})
	}
	users := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		zerolog.Ctx(r.Context()).Info().Msg("found")
	})

	fmt.Println("incorrect: another logger put into the context inside of New")
	call(traced(newHandler(users)), "/users/7", "10.1.2.3:4711")
	fmt.Println("correct: New alone")
	call(traced(users), "/users/7", "10.1.2.3:4711")
	// Output:
	// incorrect: another logger put into the context inside of New
	// found
	// correct: New alone
	// found trace_id=463ac35c9f6413ad
}

// Middleware that answers in place of the handler belongs inside of AccessLog. If the middleware
// is outside, its answer is not on the line: the client gets 500, and the line has status 0.
func ExampleAccessLog_incorrect() {
	logger := zerolog.New(zerolog.ConsoleWriter{Out: os.Stdout, NoColor: true, PartsOrder: []string{"message"},
		FieldsExclude: []string{"method", "path", "bytes", "duration_ms", "remote"}})
	access := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})
	recoverer := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() {
				if recover() != nil {
					http.Error(w, "sorry", http.StatusInternalServerError)
				}
			}()
			next.ServeHTTP(w, r)
		})
	}
	broken := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { panic("broken") })

	ask := func(h http.Handler) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		fmt.Println("the client gets", w.Code)
	}
	fmt.Println("incorrect: AccessLog inside of the middleware that recovers")
	ask(recoverer(access(broken)))
	fmt.Println("correct: AccessLog outside of it")
	ask(access(recoverer(broken)))
	// Output:
	// incorrect: AccessLog inside of the middleware that recovers
	// request panicked=true status=0
	// the client gets 500
	// correct: AccessLog outside of it
	// request status=500
	// the client gets 500
}
