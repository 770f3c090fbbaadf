package values

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/rs/zerolog"
	"github.com/rs/zerolog/log"
	"github.com/sirupsen/logrus"
	"otherweb"
)

// The package calls the parameter log where a context is at hand.
func access(log func(string, ...any), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log("asked", "path", r.URL.Path)
		next.ServeHTTP(w, r)
	})
}

func count(log func(string, ...any)) { log("counted") }

type recoverer struct {
	log   func(string, ...any)
	start func(string, ...any)
	next  http.Handler
}

func (m *recoverer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() { m.log("panicked") }()
	m.next.ServeHTTP(w, r)
}

func (m *recoverer) Start() { m.start("started") }

var report = slog.Error // want `slog.Error as a value takes no context: pass slog.ErrorContext, or a function that takes one`

var began = slog.Info

func use(w http.ResponseWriter, r *http.Request) { report("used") }

func setUp(l *slog.Logger, z zerolog.Logger, e *logrus.Entry, next http.Handler) {
	access(slog.Info, next)   // want `slog.Info as a value takes no context: pass slog.InfoContext, or a function that takes one`
	access(l.Info, next)      // want `slog.Info as a value takes no context: pass l.InfoContext, or a function that takes one`
	access((slog.Warn), next) // want `slog.Warn as a value`
	access(func(text string, args ...any) { slog.Info(text, args...) }, next)
	access(e.Warnf, next)                       // want `logrus.Warnf as a value takes no context: pass a function that takes one`
	_ = &recoverer{log: slog.Error, next: next} // want `slog.Error as a value`
	_ = &recoverer{slog.Error, slog.Info, next} // want `slog.Error as a value`
	_ = recoverer{start: slog.Info}
	m := new(recoverer)
	m.log = l.Error // want `slog.Error as a value`
	m.start = l.Info

	count(slog.Info)
	otherweb.Access(slog.Info, next) // want `slog.Info as a value`
	otherweb.Serve(":80", next, slog.Info)
	_ = otherweb.Recoverer{Log: slog.Info} // want `slog.Info as a value`
	_ = otherweb.Database{Log: slog.Info}
	began("")

	// The event that log.Info returns can be given a context.
	events(log.Info, next)
	prints(z.Print, next) // want `zerolog.Print as a value takes no context: pass a function that takes one`
}

func events(event func() *zerolog.Event, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { event().Ctx(r.Context()).Msg("") })
}

func prints(print func(...any), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { print("") })
}

// A method of a bound logger uses the logger's context.
func handle(w http.ResponseWriter, r *http.Request, l *slog.Logger) {
	given(r.Context(), slog.Warn) // want `slog.Warn as a value`
	given(r.Context(), l.Warn)
	given(r.Context(), loggerOf(r.Context()).Warn)
	given(r.Context(), logrus.Warnf) // want `logrus.Warnf as a value takes no context: pass a function that takes one`
	count(slog.Warn)                 // want `slog.Warn as a value`
	_ = fmt.Sprint(slog.InfoContext)
}

func open(ctx context.Context) {
	count(slog.Warn)
	given(ctx, slog.Warn) // want `slog.Warn as a value`
}

func given(ctx context.Context, log func(string, ...any)) {}

func loggerOf(ctx context.Context) *slog.Logger { return ctx.Value("logger").(*slog.Logger) }

// A call of a local variable counts as a log line if all values of the variable are known log
// functions.
func variables(w http.ResponseWriter, r *http.Request) {
	one := slog.Info
	one("asked", "k", "v") // want `slog.Info without the context at hand: make one slog.InfoContext, and call it with r\.Context\(\)`

	var some func(msg string, args ...any)
	switch {
	case r.Method == "GET":
		some = slog.Debug
	default:
		some = slog.Default().Info
	}
	some("asked") // want `slog.Debug without the context at hand: make some slog.DebugContext, and call it with r\.Context\(\)`

	twice := slog.Info
	twice("") // want `slog.Info without`
	twice("") // want `slog.Info without`

	entry := logrus.Info
	entry("") // want `logrus.Info without the context at hand: make entry logrus.WithContext\(r\.Context\(\)\)\.Info`

	event := log.Info
	event().Msg("") // want `zerolog.Info without the context at hand: add \.Ctx\(r\.Context\(\)\)`
	event().Ctx(r.Context()).Msg("")

	bound := loggerOf(r.Context()).Info
	bound("")
	sometimes := slog.Info
	if r.Method == "GET" {
		sometimes = func(string, ...any) {}
	}
	sometimes("")
}

type level func(string, ...any)

func later(next http.Handler) http.Handler {
	log := slog.Info
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log("asked") // want `slog.Info without`
	})
}
