package httpmw

import (
	"log/slog"
	"net/http"

	"example.com/clew/internal/line/zline"
	"example.com/clew/internal/route"
	"github.com/rs/zerolog"
)

// AccessLogConfig is the configuration of [AccessLog]. The zero value is ready to use. Its
// functions must be safe for concurrent use.
type AccessLogConfig struct {
	// Logger writes the lines. The logger gets logctx's hook if it has none. In a debug trace
	// whose decision is trusted, the logger's level is debug and its Sampler is not asked, as
	// with Config.Logger.
	//
	// Without Logger and Slog the lines go to the zerolog logger in the request's context. If the
	// context has none, they go to the logger that [logctx.SlogFrom] finds in it, else to the
	// logger that [logctx.Info] falls back to. A debug trace overrides the levels of these
	// loggers too.
	Logger *zerolog.Logger

	// Slog writes the lines instead of Logger. The lines have IDs even if Slog's handler is not
	// logctx's. In a debug trace whose decision is trusted, Slog's level is not asked. AccessLog
	// panics if both Logger and Slog are set.
	Slog *slog.Logger

	// Fields returns fields of yours for the line, such as the user agent or a tenant. It is
	// called after the handler, even if the logger hides the line. The request that it gets has
	// the context in which the line is written. If the line already has the key of a field, the
	// field is renamed: path becomes path_attr. Nil: none.
	Fields func(*http.Request) []slog.Attr

	// Level returns the level of a line. If Level is nil, the level is error for a panic or a
	// status from 500, warn for a status from 400, and else info. It is also info if the client
	// has gone, whatever the status: httputil.ReverseProxy answers 502 to such a client, or panics
	// with http.ErrAbortHandler. A panic with another value is not lost, since net/http itself
	// reports it.
	//
	// The argument status is 0 if nothing was sent: the handler panicked or took over the
	// connection before it wrote anything, or the client had gone.
	Level func(status int) zerolog.Level

	// Skip reports whether a request, such as a health check, gets no line. The request still has
	// IDs. Nil: every request gets a line.
	Skip func(*http.Request) bool
}

// AccessLog returns middleware that writes one line for each request, after the handler. If the
// handler panics, the line is written and the panic goes on to the caller.
//
// Put AccessLog inside of [New] or outside of it: the line is the same. A recorded span gets the
// status only from an AccessLog inside, since the span has ended before an AccessLog outside
// knows the status. An AccessLog outside of New, or without New, hands a copy of the request to
// the handler, as New does. r.Pattern and r.MultipartForm are copied back.
//
// The line has the message "request" and these keys: method, path, route (see [SetRoute]), status
// (what the client got), bytes (of the body, as the handler wrote it), duration_ms, remote; the
// hook's trace_id and span_id; parent_id (the caller's span), caller_parent_id (that span's own
// parent, as received); untrusted_trace_id (from a caller under [TrustNone]); sampled, panicked,
// hijacked and client_gone, if true. A method, path or remote is cut after 8,000 bytes. If the
// logger's hook or handler has one of logctx's presets, the keys have the vendor's names. These
// lines alone are enough to draw a call graph.
//
// # Other middleware
//
// The line reports what was written to AccessLog's own ResponseWriter without an error.
// Middleware further out may write after AccessLog has returned: chi's Timeout then writes 504,
// and the error handlers of echo and fiber write their answers. Put AccessLog outside of these,
// since the line cannot show what they write.
//
// AccessLog can be outside or inside of http.TimeoutHandler. Outside, status and bytes are exact.
// Inside, a handler that returns after the deadline gets a line with status 503 and 0 bytes,
// whatever the handler wrote, since TimeoutHandler has answered. In three cases an AccessLog
// inside cannot tell whether TimeoutHandler has answered: the handler returns just at the
// deadline, when TimeoutHandler may choose either answer; other middleware in between sets a
// shorter deadline, which AccessLog takes for TimeoutHandler's; or middleware in between replaces
// the context, so that AccessLog does not see the deadline.
//
// # Clients that have gone
//
// client_gone means that a write or a flush failed, or that the request's context was canceled
// before the handler returned. A canceled context is ignored if the http.Server has a BaseContext
// or a ConnContext, since their contexts may end at SIGTERM, while clients still wait for
// answers. The status is 0 if nothing was sent. Otherwise status and bytes are what the handler
// wrote.
//
// AccessLog cannot tell some cases apart. A client that closes its half of the connection, as nc
// -N does, looks like one that has left. So does a client that has the whole answer and closes
// the connection before the handler returns. A context that other middleware cancels looks the
// same, unless the middleware gives a cause of its own. AccessLog does not see net/http's own
// flush after the handler. So a short answer to a client that has left looks as if it had
// arrived.
//
// # The ResponseWriter
//
// The handler's ResponseWriter has the same optional interfaces as without AccessLog, and Unwrap.
// MaxBytesReader closes the connection through an unexported method of net/http's ResponseWriter.
// No wrapper can forward it: put http.MaxBytesHandler outside of AccessLog.
//
// The middleware panics if it is given a nil handler.
func AccessLog(cfg AccessLogConfig) func(http.Handler) http.Handler {
	if cfg.Logger != nil && cfg.Slog != nil {
		panic("httpmw: AccessLog: both Logger and Slog are set")
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
	var e entry
	watched := e.begin(a, w, r)
	defer e.end()
	a.next.ServeHTTP(watched, e.seen)
	e.returned = true
}
