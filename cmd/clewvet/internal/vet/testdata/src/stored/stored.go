package stored

import (
	"context"
	"log/slog"
	"net/http"

	clew "example.com/clew/logctx"
	"github.com/gin-gonic/gin"
	"github.com/rs/zerolog"
	"github.com/rs/zerolog/log"
	"github.com/sirupsen/logrus"
)

func middleware(l zerolog.Logger, s *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := context.WithValue(r.Context(), "logger", s.With("path", r.URL.Path)) // want `a logger that is put into the context is not bound to it: make it from logctx.SlogFrom\(r\.Context\(\)\)`
		mine := l.With().Str("path", r.URL.Path).Logger()
		ctx = mine.WithContext(ctx)       // want `a logger that is put into the context is not bound to it: bind it by With\(\)\.Ctx\(ctx\)`
		ctx = l.WithContext(ctx)          // want `a logger that is put into the context is not bound to it`
		ctx = log.Logger.WithContext(ctx) // want `a logger that is put into the context is not bound to it`
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func ofGin(e *logrus.Entry) gin.HandlerFunc {
	return func(c *gin.Context) {
		c.Set("logger", e) // want `a logger that is put into the context is not bound to it: add \.WithContext\(c\.Request\.Context\(\)\)`
		c.Set("name", "e")
		c.Set("logger", e.WithContext(c.Request.Context()))
	}
}

func bound(l zerolog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		mine := l.With().Ctx(ctx).Logger()
		ctx = mine.WithContext(ctx)
		more := zerolog.Ctx(ctx).With().Str("k", "v").Logger()
		ctx = more.WithContext(ctx)
		ctx = context.WithValue(ctx, "logger", clew.SlogFrom(ctx).With("k", "v"))
		ctx = context.WithValue(ctx, "name", "l")
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// The logger gets the ID as an attribute.
func identified(s *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := context.WithValue(r.Context(), "logger", s.With("trace_id", r.Header.Get("X-B3-TraceId")))
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// The caller may have bound s.
func handed(r *http.Request, s *slog.Logger) context.Context {
	return context.WithValue(r.Context(), "logger", s)
}

// The program's own context has no trace, so this logger loses none.
func start(ctx context.Context, l zerolog.Logger) context.Context {
	return log.Logger.WithContext(ctx)
}
