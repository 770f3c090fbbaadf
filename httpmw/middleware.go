package httpmw

import (
	"log/slog"
	"net/http"

	"example.com/clew/internal/fields"
	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/line"
	"example.com/clew/internal/mark"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// New returns middleware that continues the caller's trace, or begins one, in the request's
// context. Malformed headers count as none. Panics are not recovered.
//
// The middleware panics if it is given a nil handler.
func New(cfg Config) func(http.Handler) http.Handler {
	m := newMiddleware(cfg)
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("httpmw: New: nil http.Handler")
		}
		return &handler{middleware: m, next: next}
	}
}

// middleware is a Config with the values that New computes from it.
type middleware struct {
	Config
	starter trace.Starter
	refused refused
	equips  bool // the handler's context gets loggers or labels
	native  bool // Propagator is trace's, which can say that a caller defers
	b3Only  bool // Propagator is trace's and reads nothing but B3, so that it needs no context
}

func newMiddleware(cfg Config) *middleware {
	m := &middleware{Config: cfg}
	m.starter = trace.Starter{TracerProvider: cfg.TracerProvider, Kind: oteltrace.SpanKindServer}
	if m.Propagator == nil {
		m.Propagator = trace.Propagator{}
	}
	p, native := m.Propagator.(trace.Propagator)
	m.native, m.b3Only = native, native && !p.W3C
	m.refused = refused{fields.Of(m.Propagator, "traceparent", "tracestate", "baggage")}
	if cfg.Logger != nil {
		l := hooked(*cfg.Logger)
		m.Logger = &l
	}
	if cfg.Slog != nil {
		h, ours := line.Recognized(cfg.Slog.Handler())
		if !ours {
			h = logctx.Slog(h, logctx.Config{})
		}
		m.Slog = slog.New(h)
	}
	m.equips = m.Logger != nil || m.Slog != nil || m.Labels != nil
	if cfg.Labels != nil {
		goroutine.WantLabels()
	}
	if cfg.Implicit {
		mark.On()
	}
	return m
}
