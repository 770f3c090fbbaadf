// Package httpmw is the way in: middleware that takes the caller's trace from the headers
// into the request's context, and an access log that tells the truth.
//
// Both are func(http.Handler) http.Handler, for plain net/http, chi-style chains and
// whatever else speaks it. They may stand in either order; New outside is the usual one:
//
//	handler = httpmw.New(httpmw.Config{})(httpmw.AccessLog(httpmw.AccessLogConfig{})(mux))
//
// The handler sees the request that it would have seen, plus a context, and the
// ResponseWriter that it would have seen: only AccessLog wraps that. As behind every middleware
// that sets a context, trailers that an HTTP/1 client sends without announcing them do not arrive.
//
// # Lines without a context
//
// With [Config].Implicit, lines and requests that are given no context have the request's trace
// too, in the goroutine that runs the handler.
//
// # Trust
//
// By default every caller is believed, which is right between services of one company and
// wrong on the open internet. [Config].Trust says, per request, what to believe; see [Trust].
package httpmw

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/pprof"
	"sync/atomic"

	"example.com/clew/internal/clip"
	"example.com/clew/internal/fields"
	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/line"
	"example.com/clew/internal/logbind"
	"example.com/clew/internal/mark"
	"example.com/clew/internal/route"
	"example.com/clew/internal/seam"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Config is the configuration of [New]. The zero value is ready to use. Its functions must be
// safe for concurrent use.
type Config struct {
	// TracerProvider makes the spans. Nil: as [trace.Start] says.
	TracerProvider oteltrace.TracerProvider

	// Propagator reads the headers. Nil: trace.Propagator{}, which reads both encodings of
	// B3. What it brings besides a span context, such as baggage, stays in the context of a
	// caller with TrustAll only. A propagator that is not trace's has no way to say that the
	// caller left the decision open: that arrives as "not sampled".
	Propagator propagation.TextMapPropagator

	// Trust says what to believe of the caller of a request. Nil: TrustAll.
	Trust func(*http.Request) Trust

	// Sample, if set, decides whether the trace of a request is sampled, where its caller has
	// not decided, or may not: without headers, after a caller that defers, and under TrustIDs
	// and TrustNone. It is asked before every sampler and SDK, which it overrules, once for each
	// request, and sees the request that Trust sees: a route is not known yet. What it says is
	// as if a caller had said it. Accept samples. Deny travels on, so that nothing is sampled in
	// the services that are called either. Debug samples there too, whatever their samplers say,
	// and has the log level of a debug trace. Defer, and a value that is none of the four, ask
	// the sampler. A panic flies on, before a span has begun.
	//
	// In a span of this process the decision has been made, and Sample is not asked: inside of
	// another New, or of otelhttp. There are two exceptions: TrustNone begins a new trace, and
	// otelhttp may have taken a caller that defers for one that denies. So put this New outermost.
	// Nil: the sampler decides.
	Sample func(*http.Request) trace.Sampling

	// Logger, if set, is put into each request's context, bound to it, so that plain
	// zerolog.Ctx(ctx).Info() has the ID too. It gets logctx's hook if it has none. In a
	// debug trace whose decision is trusted its level is debug and its Sampler is not asked, so
	// that all lines come (zerolog's global level still rules). Nil: the context's logger is
	// left alone.
	Logger *zerolog.Logger

	// Slog, if set, is put into each request's context for [logctx.SlogFrom], beside Logger or
	// alone. It goes through logctx's handler, if it does not already. In a debug trace whose
	// decision is trusted, what SlogFrom returns takes all lines from debug on. Nil: the context
	// is left alone.
	Slog *slog.Logger

	// Implicit gives the goroutine of the handler the request's trace while the handler runs, as
	// trace.Do does: lines and requests that are given no context with a trace have this one's.
	// Global loggers and those made in main are no exception, if they have logctx's hook or
	// handler; clients need httpclient's transport. Goroutines that the handler starts have the
	// trace by their context only, or as workerpool's tasks. http.TimeoutHandler's is such a
	// goroutine: call trace.Do there. It is switched on for the whole process: see [trace.Do],
	// also for what it cannot see. It costs no allocation. False: this New gives no goroutine a
	// trace, unless it stands inside of one that has Implicit, or of trace.Do: that one's must
	// not be found. To see that, each request looks up its stack once the process asks.
	Implicit bool

	// ResponseHeader names a response header that gets the trace ID, such as "X-B3-TraceId". It
	// is set before the handler, which can change it: httputil.ReverseProxy adds the backend's
	// to it, and clears it when the backend sends a 1xx. "": none.
	ResponseHeader string

	// Labels, if set, gives the profiler labels of a request, by which CPU and goroutine profiles, and
	// with GODEBUG=tracebacklabels=1 dumps and panics, say what they belong to; see [RouteLabels]. It is
	// called before the handler. The handler's goroutine has them until it returns, together with those
	// of the context before; so do the goroutines that it starts, and what workerpool runs with its
	// context, but not with trace.Only of it. What workerpool has wrapped takes them off where it is
	// called directly, in a goroutine that has them: nobody can ask a goroutine for its labels.
	// They are for people: nothing here reads an ID from them. Nil: none.
	Labels func(r *http.Request) pprof.LabelSet

	// SpanName names the span of a request that is recorded. It is called after the handler, when
	// r.Pattern is known: where that is empty, it is what [SetRoute] was told. Nil: method and route.
	SpanName func(r *http.Request) string
}

// New returns middleware that continues the caller's trace, or begins one, in the request's
// context. Malformed headers are as if they were not there. Panics fly on.
//
// The middleware panics if it is given a nil handler.
func New(cfg Config) func(http.Handler) http.Handler {
	m := &middleware{Config: cfg}
	m.starter = trace.Starter{TracerProvider: cfg.TracerProvider, Kind: oteltrace.SpanKindServer}
	if m.Propagator == nil {
		m.Propagator = trace.Propagator{}
	}
	p, own := m.Propagator.(trace.Propagator)
	m.own, m.b3Only = own, own && !p.W3C
	m.refused = refused{fields.Of(m.Propagator, "traceparent", "tracestate", "baggage")}
	if cfg.Labels != nil {
		goroutine.WantLabels()
	}
	if cfg.Implicit {
		mark.On()
	}
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
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("httpmw: New: nil http.Handler")
		}
		return &handler{middleware: m, next: next}
	}
}

// hooked returns l with logctx's hook, added if it has none.
func hooked(l zerolog.Logger) zerolog.Logger {
	if logbind.HasHook(l) {
		return l
	}
	ours := logctx.Hook(logctx.Config{})
	if with := l.Hook(ours); logbind.HasHook(with) {
		return with
	}
	return l.Hook(uncovering{ours})
}

// uncovering is a hook for a logger with a hook that gives events another context, in which ours
// would not see the record of a line. Each line pays for it.
type uncovering struct{ zerolog.Hook }

func (u uncovering) Run(e *zerolog.Event, level zerolog.Level, message string) {
	if ctx, ok := e.GetCtx().Value(line.Covered{}).(context.Context); ok {
		e.Ctx(ctx)
	}
	u.Hook.Run(e, level, message)
}

type middleware struct {
	Config
	starter trace.Starter
	refused refused
	own     bool // Propagator is trace's
	b3Only  bool // and reads nothing but B3, so that no context is needed for it
}

type handler struct {
	*middleware
	next http.Handler
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	trust := TrustAll
	if h.Trust != nil {
		trust = h.Trust(r)
	}
	ctx, span, header := h.start(r, trust)
	recording := span.IsRecording()
	var cell, further *route.Cell // of this span, and of whoever stands further out; nil: not looked at
	if recording || route.Wanted() || made(r) {
		cell, further = cells(ctx, r, recording)
	}
	watched := goroutine.CurrentGuard()
	if watched != nil {
		ctx = watched.Traced(ctx)
	}
	if h.Slog != nil {
		ctx = context.WithValue(ctx, seam.SlogKey{}, h.Slog)
	}
	if h.Logger != nil {
		if b, _ := trace.FromContext(ctx); b.Sampling == trace.Debug {
			ctx = logbind.BindDebug(ctx, *h.Logger)
		} else {
			ctx = logbind.Bind(ctx, *h.Logger)
		}
	}
	if h.ResponseHeader != "" {
		w.Header().Set(h.ResponseHeader, trace.ID(ctx))
	}
	seen := r.WithContext(ctx)
	seen.Header = header
	if trust != TrustAll && len(r.Trailer) > 0 {
		h.refused.withoutTrailers(seen)
	}

	labelled, after := h.Labels != nil || watched != nil, r.Context()
	if watched != nil && watched.Descends() { // in a handler of another request, say
		after = watched.Traced(after)
	}

	if further != nil {
		tellOutside(r.Context(), ctx)
	}
	returned := false
	if recording {
		describe(span, seen)
	}
	defer func() {
		if labelled {
			pprof.SetGoroutineLabels(after)
		}
		giveBack(r, seen)
		if further != nil {
			further.Set(cell.Get())
			tell(further, seen)
		}
		if recording {
			h.conclude(span, seen, cell, !returned && goroutine.Panicking())
		} else {
			span.End()
		}
	}()
	if h.Labels != nil { // from here on, since it is the user's and may panic
		ctx = pprof.WithLabels(ctx, h.Labels(seen))
		seen = seen.WithContext(ctx)
	}
	if labelled {
		pprof.SetGoroutineLabels(ctx)
	}
	// In the goroutine of another request's handler, or of this one's further out, that one's
	// trace must not be found. To look is dearer than to mark, but a handler that is not
	// Implicit stays so.
	if mark.IsOn() && (h.Implicit || mark.Find() != nil) {
		mark.Run(&mark.Call{Ctx: ctx, Handler: h.next, W: w, R: seen}, true)
	} else {
		h.next.ServeHTTP(w, seen)
	}
	returned = true
}

// cells returns the cell of the span that has begun in ctx, and the one further out in r's context.
// Nil: nobody needs it.
func cells(ctx context.Context, r *http.Request, recording bool) (own, further *route.Cell) {
	further = route.Of(r.Context())
	if further != nil && further.Made != made(r) {
		further = nil // it belongs to another request, whose handler made r
	}
	if recording || further != nil || made(r) {
		own = route.Of(ctx)
		own.Wanted, own.Made = recording || further != nil, made(r)
		route.Want()
	}
	return own, further
}

// start begins the span of a request, and returns the headers that the handler may see.
func (h *handler) start(r *http.Request, trust Trust) (context.Context, oteltrace.Span, http.Header) {
	switch trust {
	case TrustAll:
		ctx, caller := h.extract(r)
		ctx, span := h.starterOf(r).Start(ctx, caller, clip.Method(r.Method))
		return ctx, span, r.Header
	case TrustIDs:
		caller := h.alone(r)
		caller.Sampling = trace.Defer
		ctx, span := h.starterOf(r).Start(withoutBaggage(r), caller, clip.Method(r.Method))
		ours, _ := trace.FromContext(ctx)
		return ctx, span, h.refused.redecided(r.Header, caller, ours)
	default:
		return h.startUntrusted(r)
	}
}

// starterOf returns what begins the span of r.
func (h *handler) starterOf(r *http.Request) trace.Starter {
	s := h.starter
	if h.Sample != nil {
		s.Sample = func() trace.Sampling { return h.Sample(r) }
	}
	return s
}

// extract reads the caller, and what else the propagator brings.
func (h *handler) extract(r *http.Request) (context.Context, trace.B3) {
	if h.b3Only {
		b, _ := trace.FromHeader(r.Header)
		return r.Context(), b
	}
	ctx := h.Propagator.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	local := oteltrace.SpanFromContext(r.Context())
	sc := local.SpanContext()
	if !sc.IsValid() || sc.IsRemote() {
		return ctx, trace.B3{}
	}

	// A local span is the parent, unless the headers name another trace. They are read on their
	// own: what the context held, an SDK's decision too, is nothing that a caller said.
	caller := h.alone(r)
	if caller.TraceID.IsValid() && caller.TraceID != sc.TraceID() {
		return ctx, trace.B3{}
	}
	if !h.own && caller.TraceID.IsValid() {
		// Another propagator's "not sampled" may be a caller who left it open. Only B3 tells.
		if caller, _ = trace.FromHeader(r.Header); caller.TraceID != sc.TraceID() {
			caller = trace.B3{}
		}
	}
	return oteltrace.ContextWithSpan(ctx, local), caller
}

// alone reads the caller and nothing else. What r's context holds must not look like
// something received.
func (h *handler) alone(r *http.Request) trace.B3 {
	if h.b3Only {
		b, _ := trace.FromHeader(r.Header)
		return b
	}
	b, _ := trace.FromContext(h.Propagator.Extract(context.Background(), propagation.HeaderCarrier(r.Header)))
	return b
}

func (h *handler) startUntrusted(r *http.Request) (context.Context, oteltrace.Span, http.Header) {
	ctx := withoutBaggage(r)
	opts := []oteltrace.SpanStartOption{oteltrace.WithNewRoot()}
	caller := trace.NewContext(context.Background(), h.alone(r))
	if sc := oteltrace.SpanContextFromContext(caller); sc.IsValid() {
		opts = append(opts, oteltrace.WithLinks(oteltrace.Link{SpanContext: sc}))
		ctx = context.WithValue(ctx, untrustedKey{}, trace.ID(caller))
		if !untrusted.Load() {
			untrusted.Store(true)
		}
	}
	ctx, span := h.starterOf(r).Start(ctx, trace.B3{}, clip.Method(r.Method), opts...)
	if h.Logger == nil {
		ctx = logbind.Rebind(ctx) // a logger bound further out is bound to another trace
	}
	return ctx, span, h.refused.without(r.Header)
}

// untrustedKey is the key of the trace ID that an untrusted caller sent, for the access log.
type untrustedKey struct{}

// untrusted says that some caller was not believed. Before that no context holds such an ID, and
// the access log saves a walk through it. It is not said in the request's cell: a New further in,
// which believes the one outside, has a cell of its own.
var untrusted atomic.Bool

// describe gives a recording span what is known before the handler, by OpenTelemetry's HTTP
// conventions.
func describe(span oteltrace.Span, r *http.Request) {
	var room [5]attribute.KeyValue
	attrs := clip.AppendMethod(room[:0], r.Method)
	if r.URL != nil {
		attrs = append(attrs, attribute.String("url.path", clip.UTF8(r.URL.Path)))
	}
	if peer, err := netip.ParseAddrPort(r.RemoteAddr); err == nil { // else a Unix socket's, or another middleware's
		attrs = append(attrs,
			attribute.String("network.peer.address", peer.Addr().Unmap().String()),
			attribute.Int("network.peer.port", int(peer.Port())))
	}
	span.SetAttributes(attrs...) // at once: an SDK makes room each time
}

// conclude names a recording span, now that the route is known, and ends it.
func (h *handler) conclude(span oteltrace.Span, r *http.Request, cell *route.Cell, panicked bool) {
	defer span.End() // also when SpanName panics
	if panicked {
		span.SetStatus(codes.Error, "panic")
	}
	template := routeOf(r, cell)
	if template != "" {
		span.SetAttributes(attribute.String("http.route", template))
	}
	// Never the path: spans are grouped by name.
	name := clip.Method(r.Method)
	switch {
	case h.SpanName != nil:
		if r.Pattern == "" && template != "" { // not in r, which a goroutine of the handler may read
			named := *r
			named.Pattern, r = template, &named
		}
		name = h.SpanName(r)
	case template != "":
		name += " " + template
	}
	span.SetName(clip.UTF8(name))
}
