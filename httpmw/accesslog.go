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
	var e entry
	watched := e.begin(a, w, r)
	defer e.end()
	a.next.ServeHTTP(watched, e.seen)
	e.returned = true
}
