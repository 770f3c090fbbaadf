package httpmw_test

import (
	"context"
	"io"
	"net/http"
	"testing"

	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
)

type key struct{}

func benchmark(b *testing.B, h http.Handler) {
	for _, tt := range traffic {
		b.Run(tt.name, func(b *testing.B) {
			w, r := minimal{http.Header{}}, get(tt.header)
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(w, r)
			}
		})
	}
}

// BenchmarkNew compares New with other handlers. bare has no middleware. WithContext only
// replaces the request's context, as all such middleware must. extract only reads the headers,
// with contrib's propagator, and makes no span.
func BenchmarkNew(b *testing.B) {
	logger := logctx.New(io.Discard)
	for _, tt := range []struct {
		name string
		mw   func(http.Handler) http.Handler
	}{
		{"bare", func(h http.Handler) http.Handler { return h }},
		{"WithContext", func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, w)))
			})
		}},
		{"extract", func(h http.Handler) http.Handler {
			propagator := b3.New()
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h.ServeHTTP(w, r.WithContext(propagator.Extract(r.Context(), propagation.HeaderCarrier(r.Header))))
			})
		}},
		{"zero", httpmw.New(httpmw.Config{})},
		{"TrustIDs", httpmw.New(httpmw.Config{Trust: trusting(httpmw.TrustIDs)})},
		{"TrustNone", httpmw.New(httpmw.Config{Trust: trusting(httpmw.TrustNone)})},
		{"Logger", httpmw.New(httpmw.Config{Logger: &logger})},
	} {
		b.Run(tt.name, func(b *testing.B) { benchmark(b, tt.mw(http.HandlerFunc(nop))) })
	}
}

// BenchmarkAccessLog compares AccessLog with bare, which has no middleware. In both benchmarks
// the handler writes a line of its own.
func BenchmarkAccessLog(b *testing.B) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		zerolog.Ctx(r.Context()).Info().Msg("handler")
		w.WriteHeader(http.StatusNoContent)
	})
	ours, theirs := logctx.New(io.Discard), zerolog.New(io.Discard).With().Timestamp().Logger()
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		theirs.Info().Msg("handler")
		w.WriteHeader(http.StatusNoContent)
	})
	for _, tt := range []struct {
		name string
		h    http.Handler
	}{
		{"bare", bare},
		{"clew", httpmw.New(httpmw.Config{Logger: &ours})(httpmw.AccessLog(httpmw.AccessLogConfig{})(handler))},
	} {
		b.Run(tt.name, func(b *testing.B) { benchmark(b, tt.h) })
	}
}
