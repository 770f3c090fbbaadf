package outer

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/rs/zerolog"
	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"
)

// The arguments of middleware were made before there was a request.
func middleware(l zerolog.Logger, s *slog.Logger, e *logrus.Entry, f logrus.FieldLogger) func(http.Handler) http.Handler {
	named := l.With().Str("k", "v").Logger()
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			l.Info().Str("k", "v").Msg("")  // want `zerolog.Info without the context at hand: add \.Ctx\(r\.Context\(\)\)`
			named.Info().Msg("")            // want `zerolog.Info without`
			s.With("k", "v").Info("")       // want `slog.Info without the context at hand: use InfoContext\(r\.Context\(\), …\)`
			e.WithField("k", "v").Warnf("") // want `logrus.Warnf without`
			f.Info("")                      // want `logrus.Info without the context at hand: use WithFields\(nil\)\.WithContext\(r\.Context\(\)\)\.Info`
			f.WithFields(nil).Info("")      // want `logrus.Info without the context at hand: use WithContext\(r\.Context\(\)\)\.Info`
			mine := named.With().Logger()
			mine.Info().Msg("") // want `zerolog.Info without`
			func() {
				s.Info("") // want `slog.Info without`
			}()

			bound := l.With().Ctx(r.Context()).Logger()
			bound.Info().Msg("")
			One(r, s)
		})
	}
}

// A caller with the request may have bound the logger.
func One(r *http.Request, s *slog.Logger) {
	s.Info("")
	func() { s.Info("") }()
	each(func(ctx context.Context) { s.Info("") })
	http.NewServeMux().HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.Info("") })
}

func each(f func(ctx context.Context)) {}

func handler(s *slog.Logger) http.HandlerFunc {
	h := func(w http.ResponseWriter, r *http.Request) {
		s.Info("") // want `slog.Info without`
	}
	return h
}

func ofGin(s *slog.Logger) gin.HandlerFunc {
	return func(c *gin.Context) {
		s.Info("") // want `InfoContext\(c\.Request\.Context\(\), …\)`
	}
}

// A logger that is bound to the program's own context has no request's trace.
func routes(ctx context.Context, mux *http.ServeMux, s *slog.Logger) {
	mine := loggerOf(ctx)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.Info("")    // want `slog.Info without`
		mine.Info("") // want `slog.Info without`
	})
	s.Info("")
	mine.Info("")
	each(func(ctx context.Context) { s.Info("") })
}

func loggerOf(ctx context.Context) *slog.Logger { return ctx.Value("logger").(*slog.Logger) }

func ofCommand(s *slog.Logger) *cobra.Command {
	return &cobra.Command{RunE: func(cmd *cobra.Command, args []string) error {
		http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
			s.Info("") // want `slog.Info without`
		})
		return nil
	}}
}

type call func(ctx context.Context, name string) error

func interceptor(s *slog.Logger) func(next call) call {
	return func(next call) call {
		return func(ctx context.Context, name string) error {
			s.Info("") // want `slog.Info without`
			return next(ctx, name)
		}
	}
}

type operation struct {
	name string
	run  func(ctx context.Context)
}

func operations(s *slog.Logger) {
	_ = []operation{{"list", func(ctx context.Context) {
		s.Info("") // want `slog.Info without`
	}}}
	_ = operation{run: func(ctx context.Context) {
		s.Info("") // want `slog.Info without`
	}}
	_ = call(func(ctx context.Context, name string) error {
		s.Info("")
		return nil
	})
}

// A literal that runs at once may use a logger that the caller of transaction has bound.
func transaction(s *slog.Logger) error {
	each(func(ctx context.Context) { s.Info("") })
	return try(func(ctx context.Context) error {
		s.Info("")
		return nil
	})
}

func try(f func(ctx context.Context) error) error { return nil }

type roundTripper func(r *http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func transport(s *slog.Logger, next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		s.Info("") // want `slog.Info without`
		return next.RoundTrip(r)
	})
}

// The hooks of a client run in requests of the client's user, who may have bound the logger.
func fetch(s *slog.Logger, client *http.Client) {
	client.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		s.Info("")
		return nil
	}
}

type service struct{ log *slog.Logger }

type own struct{ *slog.Logger }

var global = slog.New(nil)

func (h *service) serve(next http.Handler, o own) http.Handler {
	s := &service{log: h.log}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.log.Info("")  // want `slog.Info without`
		s.log.Info("")  // want `slog.Info without`
		o.Info("")      // want `slog.Info without`
		global.Info("") // want `slog.Info without`

		bound := &service{log: loggerOf(r.Context())}
		bound.log.Info("")
	})
}

// The literals in a constructor run later, when the result is used.
func NewWorker(ctx context.Context, s *slog.Logger) func() {
	return func() { s.Info("") }
}

// All callers of probe are known, and pass loggers that were made before the request.
func probe(w http.ResponseWriter, r *http.Request, s *slog.Logger) {
	s.Info("") // want `slog.Info without`
	deeper(r.Context(), s.With("k", "v"))
}

func deeper(ctx context.Context, s *slog.Logger) {
	s.Info("") // want `slog.Info without`
}

// The function valued is used as a value, so not all of its callers are known. One caller passes a
// bound logger to the function bound. The caller of nowhere has no request.
func valued(r *http.Request, s *slog.Logger)  { s.Info("") }
func bound(r *http.Request, s *slog.Logger)   { s.Info("") }
func nowhere(r *http.Request, s *slog.Logger) { s.Info("") }

func probes(s *slog.Logger) {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		probe(w, r, s)
		bound(r, s)
		bound(r, loggerOf(r.Context()))
	})
	_ = valued
	nowhere(nil, s)
}

type logEntry struct{ entry *logrus.Entry }

func entryOf(r *http.Request) *logEntry { return r.Context().Value("logger").(*logEntry) }

func NewEntry(r *http.Request) *logEntry { return &logEntry{} }

// entryOf may return a bound logger. NewEntry is a constructor, whose result counts as unbound.
func fields(w http.ResponseWriter, r *http.Request) {
	entryOf(r).entry.Info("")
	e := entryOf(r)
	e.entry.Info("")
	handedField(r, entryOf(r).entry)
	n := NewEntry(r)
	n.entry.Info("") // want `logrus.Info without`
}

func handedField(r *http.Request, e *logrus.Entry) { e.Info("") }
