package returns

import (
	"context"
	"log/slog"
	"net/http"
	"os"

	clew "example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"github.com/rs/zerolog/log"
	"github.com/sirupsen/logrus"
)

type Logger struct {
	*slog.Logger
	name string
}

func (l *Logger) With(args ...any) *Logger { return &Logger{l.Logger.With(args...), l.name} }

func (l *Logger) Request(r *http.Request) *Logger { // want `Logger.Request returns a logger without the context that it takes: make it from logctx.SlogFrom\(r\.Context\(\)\)`
	return l.With("path", r.URL.Path)
}

func (l *Logger) Other(r *http.Request) *Logger { // want `Logger.Other returns a logger without the context that it takes`
	return &Logger{Logger: l.Logger.With("path", r.URL.Path)}
}

func (l *Logger) Bound(r *http.Request) *Logger {
	return &Logger{Logger: clew.SlogFrom(r.Context()).With("path", r.URL.Path)}
}

type server struct {
	log   zerolog.Logger
	slog  *slog.Logger
	entry *logrus.Entry
}

func (s *server) zero(ctx context.Context, id string) zerolog.Logger { // want `server.zero returns a logger without the context that it takes: bind it by With\(\)\.Ctx\(ctx\)`
	return s.log.With().Str("id", id).Logger()
}

func (s *server) pointer(r *http.Request) *zerolog.Logger { // want `server.pointer returns a logger without the context that it takes: bind it by With\(\)\.Ctx\(r\.Context\(\)\)`
	l := log.Logger.With().Str("path", r.URL.Path).Logger()
	return &l
}

func (s *server) plain(ctx context.Context) zerolog.Logger { return s.log } // want `server.plain returns a logger`

func (s *server) logrus(r *http.Request) *logrus.Entry { // want `server.logrus returns a logger without the context that it takes: add \.WithContext\(r\.Context\(\)\)`
	return s.entry.WithField("path", r.URL.Path)
}

func global(ctx context.Context) *slog.Logger { // want `global returns a logger without`
	if ctx == nil {
		return nil
	}
	return slog.With("k", "v")
}

func both(ctx context.Context) (context.Context, *slog.Logger) { // want `both returns a logger without`
	l := slog.Default().With("k", "v")
	return context.WithValue(ctx, "logger", l), l
}

// Lines of a logger that the method zero returns are not reported, because zero itself is
// reported.
func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	l := s.zero(r.Context(), "7")
	l.Info().Msg("")
}

type entry interface{ Write() }

type logEntry struct{ entry *logrus.Entry }

func (e *logEntry) Write() {}

func (s *server) failing(ctx context.Context) (*slog.Logger, error) { // want `server.failing returns a logger`
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return s.slog.With("k", "v"), nil
}

func (s *server) elsewhere(ctx context.Context, w bool) (*slog.Logger, error) {
	if w {
		return makes()
	}
	return s.slog.With("k", "v"), nil
}

func makes() (*slog.Logger, error) { return nil, nil }

func (s *server) NamedEntry(r *http.Request, l *logrus.Logger) entry {
	return &logEntry{l.WithContext(r.Context())}
}

type formatter struct{ log *logrus.Logger }

// chi's RequestLogger calls such a method.
func (f *formatter) NewLogEntry(r *http.Request) entry { // want `formatter.NewLogEntry returns a logger without the context that it takes: add \.WithContext\(r\.Context\(\)\)`
	e := &logEntry{entry: logrus.NewEntry(f.log)}
	e.entry = e.entry.WithField("path", r.URL.Path)
	return e
}

func (f *formatter) Bound(r *http.Request) entry {
	e := &logEntry{entry: logrus.NewEntry(f.log)}
	e.entry = e.entry.WithContext(r.Context())
	return e
}

func (s *server) bound(ctx context.Context) zerolog.Logger {
	return s.log.With().Ctx(ctx).Logger()
}

func (s *server) boundEntry(ctx context.Context) *logrus.Entry {
	return s.entry.WithField("k", "v").WithContext(ctx)
}

func (s *server) boundBefore(ctx context.Context) *logrus.Entry {
	e := logrus.WithContext(ctx)
	return e.WithField("k", "v")
}

func stored(ctx context.Context) *slog.Logger {
	if l, ok := ctx.Value("logger").(*slog.Logger); ok {
		return l
	}
	return slog.Default()
}

func another(ctx context.Context) zerolog.Logger {
	return zerolog.Ctx(ctx).With().Str("k", "v").Logger()
}

// The logger gets the ID as an attribute.
func (s *server) identified(ctx context.Context) *slog.Logger {
	return s.slog.With("trace_id", trace.ID(ctx))
}

// The caller may have bound l.
func (s *server) handed(ctx context.Context, l *slog.Logger) *slog.Logger {
	return l.With("k", "v")
}

// A new logger is not derived from an earlier one, so it is not reported.
func made(ctx context.Context) *slog.Logger { return slog.New(slog.NewTextHandler(os.Stderr, nil)) }

func NewLogger(ctx context.Context) *slog.Logger { return slog.Default() }

func unused(_ context.Context) *slog.Logger { return slog.Default() }

func unknown(ctx context.Context) *slog.Logger { return someLogger() }

func someLogger() *slog.Logger { return slog.Default() }

func none(ctx context.Context) *slog.Logger { return nil }

type factory interface {
	Logger(ctx context.Context) *slog.Logger
}

func noLogger(ctx context.Context, s *server) *server { return s }

// clewvet follows each variable once, even if many assignments lead to it.
func (s *server) steps(r *http.Request) *slog.Logger { // want `server.steps returns a logger without the context that it takes`
	a := s.slog
	b, c, d, e, f, g, h, i := a, a, a, a, a, a, a, a
	if r.ContentLength > 0 {
		b, c, d, e, f, g, h, i = a, b, c, d, e, f, g, h
		b, c, d, e, f, g, h, i = i, b, c, d, e, f, g, h
	}
	j := i
	return j
}
