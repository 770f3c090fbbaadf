package httpmw

import (
	"context"
	"encoding/hex"
	"errors"
	"math"
	"net/http"
	"time"

	"example.com/clew/internal/clip"
	"example.com/clew/internal/unwind"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// AccessLogConfig is the configuration of [AccessLog]. The zero value is ready to use. Its
// functions must be safe for concurrent use.
type AccessLogConfig struct {
	// Logger writes the lines; it gets logctx's hook if it has none. Nil: the request
	// context's, as logctx.Info has it.
	Logger *zerolog.Logger

	// Level is the level of a line. Nil: info, warn from 400, error from 500 and for a
	// panic. The status is 0 if the handler panicked or took over the connection before
	// anything was written.
	Level func(status int) zerolog.Level

	// Skip says which requests get no line, such as health checks; they still have IDs.
	// Nil: none.
	Skip func(*http.Request) bool
}

// AccessLog returns middleware that writes a line a request, after the handler. Put it inside
// [New], so that the line has the ID. A handler that panics has its line written, and the
// panic flies on.
//
// The line has the message "request" and these keys: method, path, route (the pattern that
// matched, if any), status (what the client got), bytes (of the body, as the handler wrote
// it), duration_ms, remote; the hook's trace_id and span_id; parent_id (the caller's span),
// caller_parent_id (that span's own parent, as received); untrusted_trace_id (what a caller
// under [TrustNone] sent); panicked and hijacked, where true. A method, path or remote of more
// than 8,000 bytes is cut there. From these lines alone a call graph can be drawn.
//
// The ResponseWriter that the handler gets has the optional interfaces that it would have had,
// and Unwrap. One of net/http's own, by which http.MaxBytesReader closes the connection of a
// body that is too large, is lost to every wrapper: put http.MaxBytesHandler further out. If
// the span is recorded, it gets the status.
//
// The middleware panics if it is given a nil handler.
func AccessLog(cfg AccessLogConfig) func(http.Handler) http.Handler {
	if cfg.Logger != nil {
		l := hooked(*cfg.Logger)
		cfg.Logger = &l
	}
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("httpmw: AccessLog: nil http.Handler")
		}
		return &accessLog{cfg, next}
	}
}

type accessLog struct {
	AccessLogConfig
	next http.Handler
}

func (a *accessLog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if a.Skip != nil && a.Skip(r) {
		a.next.ServeHTTP(w, r)
		return
	}
	// As they are now: handlers further in may change the request, and overwrite its context.
	ctx := r.Context()
	w, l := watch(w)
	l.begin, l.method, l.remote, l.proto = time.Now(), clip.Text(r.Method), clip.Text(r.RemoteAddr), r.ProtoMajor
	if r.URL != nil {
		l.path = clip.Text(r.URL.Path)
	}
	caller, _ := trace.FromHeader(r.Header)

	returned := false
	defer func() {
		l.panicked = !returned && unwind.Panicking()
		if l.status == 0 && returned && !l.hijacked {
			l.status = http.StatusOK // net/http sends it for a handler that wrote nothing
		}
		a.write(ctx, r, l, caller)
	}()
	a.next.ServeHTTP(w, r)
	returned = true
}

// line is what is known of a request when its handler has returned.
type line struct {
	begin                time.Time
	method, path, remote string
	proto                int // the major version of HTTP
	status               int // what the client got; 0: nothing yet
	bytes                int64
	panicked, hijacked   bool
}

// headed notes that the handler has asked for status, once w has taken it. In HTTP/2 a 101 is one
// more 1xx.
func (l *line) headed(status int) {
	informational := status >= 100 && status <= 199 && (status != http.StatusSwitchingProtocols || l.proto >= 2)
	if !informational {
		l.sent(status, nil)
	}
}

func (l *line) wrote(n int64, err error) {
	l.bytes += n
	l.sent(http.StatusOK, err)
}

func (l *line) readFrom(n int64, err error) {
	if n > 0 { // else the header can still change
		l.wrote(n, err)
	}
}

func (l *line) hijack(err error) { l.hijacked = l.hijacked || err == nil }

// sent notes that the header has gone out with status, unless it had already, or err says
// that it did not. After any other error the header is gone, whatever became of the rest.
func (l *line) sent(status int, err error) {
	switch {
	case errors.Is(err, http.ErrHandlerTimeout):
		l.status, l.bytes = http.StatusServiceUnavailable, 0 // http.TimeoutHandler's answer; what was written is dropped
	case l.status != 0, l.hijacked:
	case errors.Is(err, http.ErrNotSupported):
	default:
		l.status = status
	}
}

func (l *line) level() zerolog.Level {
	switch {
	case l.status >= 500, l.panicked:
		return zerolog.ErrorLevel
	case l.status >= 400:
		return zerolog.WarnLevel
	}
	return zerolog.InfoLevel
}

func (a *accessLog) write(ctx context.Context, r *http.Request, l *line, caller trace.B3) {
	if span := oteltrace.SpanFromContext(ctx); span.IsRecording() {
		span.SetAttributes(attribute.Int("http.response.status_code", l.status))
		if l.status >= 500 {
			span.SetStatus(codes.Error, "")
		}
	}

	level := l.level()
	if a.Level != nil {
		level = a.Level(l.status)
	}
	var e *zerolog.Event
	if a.Logger != nil {
		e = a.Logger.WithLevel(level).Ctx(ctx)
	} else {
		e = logctx.WithLevel(ctx, level)
	}
	if e == nil { // level disabled
		return
	}
	e.Str("method", l.method).Str("path", l.path)
	if pattern := route(r); pattern != "" {
		e.Str("route", pattern)
	}
	e.Int("status", l.status).Int64("bytes", l.bytes)
	e.Float64("duration_ms", math.Round(float64(time.Since(l.begin))/1e3)/1e3)
	e.Str("remote", l.remote)

	ours, _ := trace.FromContext(ctx)
	id(e, "parent_id", ours.ParentSpanID)
	if caller.TraceID == ours.TraceID && caller.SpanID == ours.ParentSpanID {
		id(e, "caller_parent_id", caller.ParentSpanID)
	}
	if untrusted, ok := ctx.Value(untrustedKey{}).(string); ok {
		e.Str("untrusted_trace_id", untrusted)
	}
	if l.panicked {
		e.Bool("panicked", true)
	}
	if l.hijacked {
		e.Bool("hijacked", true)
	}
	e.Msg("request")
}

func id(e *zerolog.Event, key string, id oteltrace.SpanID) {
	if id.IsValid() {
		var buf [16]byte // not Event.Hex, which zerolog's CBOR build writes as bytes
		hex.Encode(buf[:], id[:])
		e.Str(key, string(buf[:]))
	}
}
