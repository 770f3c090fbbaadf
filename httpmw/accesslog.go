package httpmw

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"example.com/clew/internal/clip"
	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/line"
	"example.com/clew/internal/line/zline"
	"example.com/clew/internal/route"
	"example.com/clew/internal/seam"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// AccessLogConfig is the configuration of [AccessLog]. The zero value is ready to use. Its
// functions must be safe for concurrent use.
type AccessLogConfig struct {
	// Logger writes the lines; it gets logctx's hook if it has none. In a debug trace whose
	// decision is trusted its level is debug and its Sampler is not asked, as with Config.Logger.
	// Nil, and no Slog: the request context's, or else what [logctx.SlogFrom] finds in the
	// context, or else what [logctx.Info] falls back to. Their levels give way in a debug trace
	// too.
	Logger *zerolog.Logger

	// Slog writes the lines instead of Logger. A handler that is not logctx's gets lines with
	// IDs, too. In a debug trace whose decision is trusted its level is not asked. With both,
	// AccessLog panics.
	Slog *slog.Logger

	// Fields are fields of yours on the line, such as the user agent or a tenant. It is called
	// after the handler, with the request and its context, also for a line that its level hides.
	// A field with a key of the line's own is renamed: path becomes path_attr. Nil: none.
	Fields func(*http.Request) []slog.Attr

	// Level is the level of a line. Nil: info, warn from 400, error from 500 and for a panic; but
	// info for a client that has gone, whatever the status, since httputil.ReverseProxy answers
	// 502 to such a client, or panics with http.ErrAbortHandler. (net/http reports all other
	// panics.) The status is 0 if nothing was sent: the handler panicked or took over the
	// connection before it wrote anything, or the client had gone.
	Level func(status int) zerolog.Level

	// Skip says which requests get no line, such as health checks; they still have IDs.
	// Nil: none.
	Skip func(*http.Request) bool
}

// AccessLog returns middleware that writes a line a request, after the handler. A handler that
// panics has its line written, and the panic flies on. AccessLog may stand inside of [New] or
// outside of it: the line is the same. A span that is recorded gets the status only from an
// AccessLog inside, since it has ended when the outer one knows. Outside, or without New, the
// handler gets a copy of the request, as it does from New: r.Pattern and r.MultipartForm are
// copied back.
//
// The line has the message "request" and these keys: method, path, route (see [SetRoute]), status
// (what the client got), bytes (of the body, as the handler wrote it), duration_ms, remote; the
// hook's trace_id and span_id; parent_id (the caller's span), caller_parent_id (that span's own
// parent, as received); untrusted_trace_id (what a caller under [TrustNone] sent); sampled,
// panicked, hijacked and client_gone, where true. A method, path or remote of more than 8,000
// bytes is cut there. A logger whose hook or handler has one of logctx's presets gets the
// vendor's names for them. From these lines alone a call graph can be drawn.
//
// # Where it stands
//
// The line tells what AccessLog's own ResponseWriter took without an error. Middleware further out
// that writes when AccessLog has returned is not on it: the 504 of chi's Timeout, what echo's and
// fiber's error handlers write. Stand outside of these.
//
// http.TimeoutHandler is understood on both sides. Outside of it, status and bytes are exact.
// Inside, a handler that returns after the deadline has status 503 and 0 bytes, whatever it wrote,
// since TimeoutHandler has answered. Three cases cannot be told there: a handler that returns just
// at the deadline, when TimeoutHandler may choose either answer; a shorter deadline that other
// middleware has set in between, which is taken for TimeoutHandler's; and a context that hides the
// deadline.
//
// # Clients that have gone
//
// client_gone means that a write or a flush failed, or that the request's context was canceled
// before the handler returned. The latter counts only if the http.Server has neither BaseContext
// nor ConnContext: a context of theirs may end at SIGTERM, while clients still wait for their
// answers. The status is 0 if nothing was sent; else status and bytes stay what was written.
//
// Some cases cannot be told apart. A client that closes its half of the connection, as nc -N does,
// or closes it when it has the whole answer but before the handler returns, looks like one that
// has left. So does a context that other middleware cancels without a cause of its own. And
// net/http's own flush, after the handler, is out of sight: a short answer to a client that has
// left looks as if it had arrived.
//
// # The ResponseWriter
//
// The ResponseWriter that the handler gets has the optional interfaces that it would have had, and
// Unwrap. MaxBytesReader closes the connection through an unexported method of net/http's
// ResponseWriter. No wrapper can forward it: put http.MaxBytesHandler outside of AccessLog.
//
// The middleware panics if it is given a nil handler.
func AccessLog(cfg AccessLogConfig) func(http.Handler) http.Handler {
	if cfg.Logger != nil && cfg.Slog != nil {
		panic("httpmw: AccessLog: both Logger and Slog")
	}
	if cfg.Logger != nil {
		l := hooked(*cfg.Logger)
		cfg.Logger = &l
	}
	loggers := zline.NewLoggers(cfg.Logger, cfg.Slog)
	return func(next http.Handler) http.Handler {
		if next == nil {
			panic("httpmw: AccessLog: nil http.Handler")
		}
		return &accessLog{cfg, loggers, next}
	}
}

type accessLog struct {
	AccessLogConfig
	loggers zline.Loggers
	next    http.Handler
}

func (a *accessLog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if a.Skip != nil && a.Skip(r) {
		a.next.ServeHTTP(w, r)
		return
	}
	route.Want()
	// As they are now: handlers further in may change the request, and overwrite its context.
	ctx, under, given := r.Context(), w, r
	cell, out := route.Of(ctx), (*outside)(nil)
	if cell == nil || made(r) && !cell.Made { // then it belongs to another request, whose handler made r
		out = newOutside(r)
		cell, r = &out.route, r.WithContext(out)
	}
	w, l := watch(w)
	l.begin, l.Method, l.Remote = time.Now(), clip.Text(r.Method), clip.Text(r.RemoteAddr)
	l.proto, l.head = r.ProtoMajor, r.Method == http.MethodHead
	if r.URL != nil {
		l.Path = clip.Text(r.URL.Path)
	}
	var caller trace.B3 // where it is not New that knows it
	if cell.Outside {
		caller, _ = trace.FromHeader(r.Header)
	}

	returned := false
	defer func() {
		l.Panicked = !returned && goroutine.Panicking()
		l.settle(ctx, under, returned)
		if out != nil {
			giveBack(given, r)
		} else {
			if cell.Wanted {
				tell(cell, r)
			}
			if cell.Outside { // another AccessLog's, further out
				out = outsideOf(ctx)
			}
		}
		if out != nil {
			ctx = out.within()
		}
		l.Route = routeOf(r, cell)
		if a.Fields != nil {
			l.pending.Fields = a.Fields(r.WithContext(ctx))
		}
		l.UntrustedTraceID = untrustedIn(ctx)
		a.write(ctx, l, caller)
	}()
	a.next.ServeHTTP(w, r)
	returned = true
}

// outcome is what is known of a request when its handler has returned.
type outcome struct {
	line.Request
	pending  line.Pending
	begin    time.Time
	proto    int  // the major version of HTTP
	head     bool // the method is HEAD
	timedOut bool // http.TimeoutHandler has answered
}

func (l *outcome) level() zerolog.Level {
	switch {
	case l.ClientGone:
		return zerolog.InfoLevel
	case l.Status >= 500, l.Panicked:
		return zerolog.ErrorLevel
	case l.Status >= 400:
		return zerolog.WarnLevel
	}
	return zerolog.InfoLevel
}

// write writes the line of a request in ctx. The caller is what the headers said, if New may not
// have read them.
func (a *accessLog) write(ctx context.Context, l *outcome, caller trace.B3) {
	seen := seam.Look(ctx)
	if seen.Recording && l.Status != 0 {
		span := oteltrace.SpanFromContext(ctx)
		span.SetAttributes(attribute.Int("http.response.status_code", l.Status))
		if l.Status >= 500 && !l.ClientGone {
			span.SetStatus(codes.Error, "")
		}
	}
	level := l.level()
	if a.Level != nil {
		level = a.Level(l.Status)
	}
	l.ParentID, l.CallerParentID, l.Sampled = seen.Parent, seen.CallerParent, seen.Sampled
	if caller.SpanID.IsValid() && caller.SpanID == seen.Parent {
		if ours, _ := trace.FromContext(ctx); caller.TraceID == ours.TraceID {
			l.CallerParentID = caller.ParentSpanID
		}
	}
	l.Duration = time.Since(l.begin).Round(time.Microsecond)

	p := &l.pending
	p.Context, p.Record, p.IDs = ctx, &l.Request, seen.Text
	a.loggers.WriteAt(p, level, seen.Debug)
}
