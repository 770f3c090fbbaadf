package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/openzipkin/zipkin-go"
	zipkinhttp "github.com/openzipkin/zipkin-go/middleware/http"
	"github.com/openzipkin/zipkin-go/reporter"
	"github.com/rs/zerolog"
	"github.com/rs/zerolog/hlog"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

const (
	traceHex  = "5759e988bd862e3fe1be46a994272793"
	spanHex   = "a2fb4a1d1a96d312"
	parentHex = "53995c3f42cd8ad8"
)

// input is an incoming request.
type input struct {
	name    string
	header  http.Header // added to the headers that every request has
	root    bool        // the request has no trace
	sampled bool
}

func multi(sampled string) http.Header {
	return http.Header{"X-B3-Traceid": {traceHex}, "X-B3-Spanid": {spanHex}, "X-B3-Parentspanid": {parentHex}, "X-B3-Sampled": {sampled}}
}

func single(sampled string) http.Header {
	return http.Header{"B3": {traceHex + "-" + spanHex + "-" + sampled + "-" + parentHex}}
}

var inputs = []input{
	{"X-B3-*, not sampled", multi("0"), false, false},
	{"X-B3-*, sampled", multi("1"), false, true},
	{"b3, not sampled", single("0"), false, false},
	{"b3, sampled", single("1"), false, true},
	{"no headers", nil, true, false},
}

func (in input) request() *http.Request {
	r := &http.Request{
		Method: http.MethodGet, URL: &url.URL{Path: "/media/7"}, Host: "media.example", RequestURI: "/media/7", RemoteAddr: "10.1.2.3:4567",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Body: http.NoBody,
		Header: http.Header{"User-Agent": {"test"}, "Accept": {"*/*"}, "Accept-Encoding": {"gzip"}},
	}
	for k, v := range in.header {
		r.Header[k] = v
	}
	return r
}

// match checks the IDs of a span. The trace must be the caller's, or a new one if the request has
// no trace. If fresh is true, the span must be a new one. Otherwise it must be the caller's.
func (in input) match(traceID, spanID, caller string, fresh bool) error {
	switch {
	case len(traceID) != 32 || traceID == "00000000000000000000000000000000":
		return fmt.Errorf("trace ID is %q", traceID)
	case len(spanID) != 16 || spanID == "0000000000000000":
		return fmt.Errorf("span ID is %q", spanID)
	case in.root:
		return nil
	case traceID != traceHex:
		return fmt.Errorf("trace ID is %q, not the caller's", traceID)
	case fresh == (spanID == caller):
		return fmt.Errorf("span ID is %q and the caller's is %q, want a new span: %t", spanID, caller, fresh)
	}
	return nil
}

// inspect checks the request that the handler got.
type inspect func(in input, r *http.Request) error

func seesOTel(fresh, decided bool) inspect {
	return func(in input, r *http.Request) error {
		sc := oteltrace.SpanContextFromContext(r.Context())
		if decided && !in.root && sc.IsSampled() != in.sampled {
			return fmt.Errorf("sampled is %t", sc.IsSampled())
		}
		return in.match(sc.TraceID().String(), sc.SpanID().String(), spanHex, fresh)
	}
}

func seesClew(in input, r *http.Request) error {
	b, ok := trace.FromContext(r.Context())
	if !ok || !in.root && b.ParentSpanID.String() != spanHex {
		return fmt.Errorf("trace.FromContext: %v, %t", b, ok)
	}
	return seesOTel(true, true)(in, r)
}

func seesFloor(in input, r *http.Request) error {
	if s := spanOf(r.Context()); s == nil || !in.root && s.parent.String() != spanHex {
		return fmt.Errorf("span is %v", s)
	}
	return seesOTel(true, true)(in, r)
}

func seesZipkin(in input, r *http.Request) error {
	s := zipkin.SpanFromContext(r.Context())
	if s == nil {
		return errors.New("no span")
	}
	return in.match(s.Context().TraceID.String(), s.Context().ID.String(), spanHex, true)
}

func seesHlog(_ input, r *http.Request) error {
	if id, ok := hlog.IDFromRequest(r); !ok || id.IsNil() {
		return errors.New("no request ID")
	}
	return nil
}

func seesRequest(_ input, r *http.Request) error {
	if r.URL.Path != "/media/7" {
		return fmt.Errorf("path is %q", r.URL.Path)
	}
	return nil
}

// response is a ResponseWriter that does almost nothing. It has the methods of net/http's
// ResponseWriter for HTTP/1, because libraries choose their wrapper by these methods.
type response struct{ header http.Header }

func (w *response) Header() http.Header                 { return w.header }
func (w *response) Write(p []byte) (int, error)         { return len(p), nil }
func (w *response) WriteString(s string) (int, error)   { return len(s), nil }
func (w *response) ReadFrom(r io.Reader) (int64, error) { return io.Copy(io.Discard, r) }
func (w *response) WriteHeader(int)                     {}
func (w *response) Flush()                              {}
func (w *response) FlushError() error                   { return nil }
func (w *response) CloseNotify() <-chan bool            { return nil }
func (w *response) SetReadDeadline(time.Time) error     { return nil }
func (w *response) SetWriteDeadline(time.Time) error    { return nil }
func (w *response) EnableFullDuplex() error             { return nil }
func (w *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, http.ErrNotSupported
}

// final is the handler that the middleware wraps. While look runs, final keeps the request.
// Otherwise it does nothing.
type final struct {
	looking bool
	seen    atomic.Pointer[http.Request]
}

func (f *final) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	if f.looking {
		f.seen.Store(r)
	}
}

// look returns the request that f gets while op runs.
func (f *final) look(op func()) (*http.Request, error) {
	f.looking = true
	f.seen.Store(nil)
	op()
	f.looking = false
	if r := f.seen.Load(); r != nil {
		return r, nil
	}
	return nil, errors.New("the handler did not run")
}

type middleware = func(http.Handler) http.Handler

// serve returns work that handles a request.
func serve(in input, mw middleware, sees inspect) work {
	f := new(final)
	h, w, r := mw(f), &response{http.Header{}}, in.request()
	op := func(n int) {
		for range n {
			h.ServeHTTP(w, r)
		}
	}
	return work{op: op, check: func() error {
		seen, err := f.look(func() { op(1) })
		if err != nil {
			return err
		}
		return sees(in, seen)
	}}
}

// way is a way to handle a request.
type way struct {
	name    string
	kind    kind
	mw      func() middleware // returns a new middleware for each job
	sees    inspect
	rootIDs bool // also gives IDs to a request without headers
}

func bareWay(next http.Handler) http.Handler { return next }

func withContext(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(r.Context()))
	})
}

// floorServer does the least that the job of a server requires. It reads either form of B3, and
// starts a span in the caller's trace or in a new one. It makes the sampling decision if the
// caller has not made it, and puts the span into the handler's context, where OpenTelemetry finds
// it.
func floorServer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(&node{r.Context(), read(r.Header)}))
	})
}

func contribServer(next http.Handler) http.Handler {
	p := b3.New()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(p.Extract(r.Context(), propagation.HeaderCarrier(r.Header))))
	})
}

// never and ratio return providers with the samplers of usual services. Their spans are not
// exported.
func never() oteltrace.TracerProvider {
	return sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample()))
}

func ratio() oteltrace.TracerProvider {
	return sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(0.001))))
}

func otelServer(opts ...otelhttp.Option) middleware {
	return otelhttp.NewMiddleware("server", append(opts, otelhttp.WithPropagators(b3.New()))...)
}

// zipkinTracer returns a tracer with 128-bit IDs. Like the other libraries, it makes one span for
// each hop.
func zipkinTracer() *zipkin.Tracer {
	return must(zipkin.NewTracer(reporter.NewNoopReporter(), zipkin.WithSampler(zipkin.NeverSample),
		zipkin.WithSharedSpans(false), zipkin.WithTraceID128Bit(true)))
}

func hlogServer(next http.Handler) http.Handler {
	return hlog.NewHandler(zerolog.New(new(lines)))(hlog.RequestIDHandler("req_id", "")(next))
}

func fixed(mw middleware) func() middleware { return func() middleware { return mw } }

var serverWays = []way{
	{"bare handler", baseline, fixed(bareWay), seesRequest, true},
	{"`r.WithContext` alone", baseline, fixed(withContext), seesRequest, true},
	{"floor", floor, fixed(floorServer), seesFloor, true},
	{"clew", ours, func() middleware { return httpmw.New(httpmw.Config{}) }, seesClew, true},
	{"clew, SDK, never sampled", ours, func() middleware { return httpmw.New(httpmw.Config{TracerProvider: never()}) }, seesOTel(true, false), true},
	{"contrib b3 Extract, no span", peer, fixed(contribServer), seesOTel(false, true), false},
	{"hlog NewHandler, RequestIDHandler: no trace", peer, fixed(hlogServer), seesHlog, true},
	{"zipkin-go, never sampled", peer, func() middleware { return zipkinhttp.NewServerMiddleware(zipkinTracer()) }, seesZipkin, true},
	{"otelhttp, no SDK: no span", peer, func() middleware { return otelServer() }, seesOTel(false, true), false},
	{"otelhttp, SDK, never sampled", peer, func() middleware { return otelServer(otelhttp.WithTracerProvider(never())) }, seesOTel(true, false), true},
	{"otelhttp, SDK, ParentBased(0.001)", peer, func() middleware { return otelServer(otelhttp.WithTracerProvider(ratio())) }, seesOTel(true, true), true},
}

// variants returns a variant for each of the ways to handle a request. The function w makes the
// variant's work for the input in. If that input has no trace, variants leaves out the ways that
// give a request without headers no IDs.
func (in input) variants(ways []way, w func(input, middleware, inspect) work) (v []variant) {
	for _, way := range ways {
		if !in.root || way.rootIDs {
			v = append(v, variant{way.name, way.kind, func() work { return w(in, way.mw(), way.sees) }})
		}
	}
	return v
}

func serverJobs() (jobs []job) {
	for _, in := range inputs {
		jobs = append(jobs, job{name: "server, " + in.name, variants: in.variants(serverWays, serve)})
	}
	for _, in := range []input{inputs[0], inputs[4]} {
		jobs = append(jobs,
			job{name: "server and a line of the handler, " + in.name, variants: loggers(in)},
			job{name: "server and access log, " + in.name, variants: accessLogs(in)})
	}
	return jobs
}

// serveLine does what serve does, for a handler that writes one line for each request. The
// parameter id is the name of a field that the line must have, or "". The field traceIDKey must
// contain the trace ID. Any other field may have any value.
func serveLine(in input, id string, handler func(*lines) http.Handler, fields ...string) work {
	out := new(lines)
	h, w, r := handler(out), &response{http.Header{}}, in.request()
	op := func(n int) {
		for range n {
			h.ServeHTTP(w, r)
		}
	}
	return work{op: op, check: func() error {
		line, err := out.one(func() { op(1) })
		if err != nil {
			return err
		}
		for _, f := range fields {
			if _, ok := line[f]; !ok {
				return fmt.Errorf("no field %s in the line %v", f, line)
			}
		}
		switch got, _ := line[id].(string); {
		case id == traceIDKey:
			span, _ := line[spanIDKey].(string)
			return in.match(got, span, spanHex, true)
		case id != "" && got == "":
			return fmt.Errorf("no field %s in the line %v", id, line)
		}
		return nil
	}}
}

// The method one returns the only line that is written while op runs.
func (l *lines) one(op func()) (map[string]any, error) {
	written, err := l.look(op)
	if err != nil {
		return nil, err
	}
	if bytes.Count(written, []byte("\n")) != 1 {
		return nil, fmt.Errorf("want one line, got %q", written)
	}
	var line map[string]any
	return line, json.Unmarshal(written, &line)
}

// saying is a handler that uses only zerolog to write a line.
func saying(w http.ResponseWriter, r *http.Request) { zerolog.Ctx(r.Context()).Info().Msg("handler") }

// idHook is the floor's hook. It writes the IDs of the span in the event's context.
type idHook struct{}

func (idHook) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	if s := spanOf(e.GetCtx()); s != nil {
		e.Hex(traceIDKey, s.trace[:]).Hex(spanIDKey, s.id[:])
	}
}

// floorLogged does what floorServer does. It also binds the logger to the request's context, and
// puts the bound logger into that context.
func floorLogged(logger zerolog.Logger, next http.Handler) http.Handler {
	logger = logger.Hook(idHook{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := &node{r.Context(), read(r.Header)}
		bound := logger.With().Ctx(n).Logger()
		next.ServeHTTP(w, r.WithContext(bound.WithContext(n)))
	})
}

func loggers(in input) []variant {
	line := http.HandlerFunc(saying)
	return []variant{
		{"a line, no IDs", baseline, func() work {
			return serveLine(in, "", func(out *lines) http.Handler {
				logger := zerolog.New(out)
				return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { logger.Info().Msg("handler") })
			})
		}},
		{"floor", floor, func() work {
			return serveLine(in, traceIDKey, func(out *lines) http.Handler { return floorLogged(zerolog.New(out), line) })
		}},
		{"clew, Logger", ours, func() work {
			return serveLine(in, traceIDKey, func(out *lines) http.Handler {
				logger := zerolog.New(out).Hook(logctx.Hook(logctx.Config{}))
				return httpmw.New(httpmw.Config{Logger: &logger})(line)
			})
		}},
		{"hlog NewHandler, RequestIDHandler: no trace", peer, func() work {
			return serveLine(in, "req_id", func(out *lines) http.Handler {
				return hlog.NewHandler(zerolog.New(out))(hlog.RequestIDHandler("req_id", "")(line))
			})
		}},
	}
}

// counting is the floor's ResponseWriter. It records status and bytes, and has none of the
// optional interfaces.
type counting struct {
	http.ResponseWriter
	status, bytes int
}

func (w *counting) WriteHeader(status int) { w.status = status; w.ResponseWriter.WriteHeader(status) }
func (w *counting) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.bytes += n
	return n, err
}

// floorAccess does the least that an access log requires: it writes the access line with the
// logger of the request's context.
func floorAccess(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start, c := time.Now(), counting{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(&c, r)
		e := zerolog.Ctx(r.Context()).Info().Str("method", r.Method).Str("path", r.URL.Path).
			Int("status", c.status).Int("bytes", c.bytes).Dur(durationKey, time.Since(start)).Str("remote", r.RemoteAddr)
		if s := spanOf(r.Context()); s != nil && s.parent.IsValid() {
			e.Hex(parentIDKey, s.parent[:])
		}
		e.Msg("request")
	})
}

func accessLogs(in input) []variant {
	end := new(final)
	fields := []string{"method", "path", "status", "bytes", durationKey, "remote"}
	return []variant{
		{"bare handler, no line", baseline, func() work { return serve(in, bareWay, seesRequest) }},
		{"floor", floor, func() work {
			return serveLine(in, traceIDKey, func(out *lines) http.Handler { return floorLogged(zerolog.New(out), floorAccess(end)) }, fields...)
		}},
		{"clew, Logger and AccessLog", ours, func() work {
			return serveLine(in, traceIDKey, func(out *lines) http.Handler {
				logger := zerolog.New(out).Hook(logctx.Hook(logctx.Config{}))
				return httpmw.New(httpmw.Config{Logger: &logger})(httpmw.AccessLog(httpmw.AccessLogConfig{})(end))
			}, fields...)
		}},
		{"clew, zero Config, no line", ours, func() work { return serve(in, httpmw.New(httpmw.Config{}), seesClew) }},
		{"hlog NewHandler, RequestIDHandler, AccessHandler: no trace", peer, func() work {
			return serveLine(in, "req_id", func(out *lines) http.Handler {
				access := hlog.AccessHandler(func(r *http.Request, status, size int, duration time.Duration) {
					hlog.FromRequest(r).Info().Str("method", r.Method).Str("path", r.URL.Path).
						Int("status", status).Int("bytes", size).Dur(durationKey, duration).Str("remote", r.RemoteAddr).Msg("request")
				})
				return hlog.NewHandler(zerolog.New(out))(hlog.RequestIDHandler("req_id", "")(access(end)))
			}, fields...)
		}},
	}
}

// The function must panics if err is not nil. Only a mistake in this program can cause such an
// error.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
