package httpmw

import (
	"context"
	"encoding/hex"
	"math"
	"net/http"
	"time"

	"example.com/clew/internal/clip"
	"example.com/clew/internal/route"
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
	ctx, under, given := r.Context(), w, r
	cell, out := route.Of(ctx), (*outside)(nil)
	if cell == nil {
		out = newOutside(ctx)
		cell, r = &out.route, r.WithContext(out)
	}
	w, l := watch(w)
	l.begin, l.method, l.remote, l.proto = time.Now(), clip.Text(r.Method), clip.Text(r.RemoteAddr), r.ProtoMajor
	if r.URL != nil {
		l.path = clip.Text(r.URL.Path)
	}
	caller, _ := trace.FromHeader(r.Header)

	returned := false
	defer func() {
		l.panicked = !returned && unwind.Panicking()
		l.gone = l.gone || hungUp(ctx)
		switch {
		case l.timedOut || answeredFor(ctx, under):
			l.status, l.bytes = http.StatusServiceUnavailable, 0 // what was written is dropped
		case l.status == 0 && returned && !l.hijacked && !l.gone:
			l.status = http.StatusOK // net/http sends it for a handler that wrote nothing
		}
		if out != nil {
			giveBack(given, r)
			ctx = out.within()
		} else if cell.Wanted {
			tell(cell, r)
		}
		l.route = routeOf(r, cell)
		a.write(ctx, l, caller)
	}()
	a.next.ServeHTTP(w, r)
	returned = true
}

// line is what is known of a request when its handler has returned.
type line struct {
	begin                time.Time
	method, path, remote string
	route                string
	proto                int // the major version of HTTP
	status               int // what the client got; 0: nothing yet
	bytes                int64
	panicked, hijacked   bool
	timedOut             bool // http.TimeoutHandler has said so
	gone                 bool // the client
}

func (l *line) level() zerolog.Level {
	switch {
	case l.gone:
		return zerolog.InfoLevel
	case l.status >= 500, l.panicked:
		return zerolog.ErrorLevel
	case l.status >= 400:
		return zerolog.WarnLevel
	}
	return zerolog.InfoLevel
}

func (a *accessLog) write(ctx context.Context, l *line, caller trace.B3) {
	if span := oteltrace.SpanFromContext(ctx); span.IsRecording() && l.status != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", l.status))
		if l.status >= 500 && !l.gone {
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
	if l.route != "" {
		e.Str("route", l.route)
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
	if l.gone {
		e.Bool("client_gone", true)
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
