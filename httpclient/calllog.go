package httpclient

import (
	"log/slog"
	"net/http"

	"example.com/clew/internal/line/zline"
	"github.com/rs/zerolog"
)

// CallLogConfig is the configuration of the call lines. The zero value is ready to use. The
// configuration is copied. Its functions must be safe for concurrent use.
//
// Each attempt has a line: each redirect, each retry by resty, each failure. The message is
// "call". The keys are:
//
//   - method
//   - host, as in the URL
//   - path, without query
//   - status, if there was an answer
//   - duration_ms
//   - body_ms, if there was a body
//   - attempt, from 1
//   - error, if there was one
//   - trace_id and span_id, which the server got
//   - parent_id, the span that the attempt is a child of
//   - sampled, if it is true
//
// The presets of logctx, such as Datadog, rename the keys. A method, host, path or error is cut
// after 8,000 bytes.
//
// # Times
//
// duration_ms is the time from the beginning of the attempt until the answer's header arrived or
// the attempt failed. body_ms is the time from the same beginning until the end of the body. The
// line itself is written at the end of the call. So the call began at the time of the line minus
// body_ms, or minus duration_ms if there is no body_ms.
//
// With net/http, and with resty's SetDoNotParseResponse, the line is written when the body has
// been read to its end, has failed or was closed, whichever comes first. An answer without a body
// has its line at once. A body that is neither read to its end nor closed has no line. Without
// SetDoNotParseResponse, resty reads the body itself. Then duration_ms is the time until the body
// was read, and there is no body_ms.
//
// # Secrets
//
// Neither path nor error holds a query, a user or a password. Errors quote URLs, so these parts
// are removed from each URL in an error. Besides, "…" replaces parts of the request's own URL
// wherever they occur in the error: the query, the fragment, the password, and a user that has no
// password.
//
// # Panics and runtime.Goexit
//
// If a RoundTripper panics, the error is "panic". If a RoundTripper ends its goroutine, the error
// is "runtime.Goexit". resty has no hook for a goroutine that has ended. So with resty, the line
// of such an attempt is written only when the request is sent again.
type CallLogConfig struct {
	// Logger writes the lines. They have the IDs even if Logger lacks logctx's hook; the hook is
	// looked for only once. In a debug trace Logger's level is debug and its Sampler is not asked.
	//
	// If both Logger and Slog are nil, the lines go to the zerolog logger of the request's
	// context, else to the slog logger of that context, else to the logger that logctx.Info falls
	// back to.
	Logger *zerolog.Logger

	// Slog writes the lines instead of Logger: NewTransport, Wrap and Resty panic if both are
	// set. The lines have the IDs even if Slog's handler is not logctx's. In a debug trace Slog
	// gets all lines from debug on, whatever its level is.
	Slog *slog.Logger

	// Level returns the level of a line. status is 0 if there was no answer. err is the error
	// that the client got, and may quote URLs. After http.Client's Timeout, errors.Is finds
	// context.DeadlineExceeded in err. If Level is nil and the caller itself gave up
	// (context.Canceled), the level is info. Otherwise it is error for an error or a status from
	// 500, warn for a status from 400, and else info.
	Level func(status int, err error) slog.Level

	// Skip reports whether an attempt gets no line. The attempt still has IDs. Skip is called
	// once before each attempt, and must not change the request. With resty, its argument is the
	// same as Propagate's. Nil: every attempt gets a line.
	Skip func(*http.Request) bool
}

// callLog is a CallLogConfig with the loggers that newCallLog makes of it.
type callLog struct {
	CallLogConfig
	loggers zline.Loggers
}

func newCallLog(cfg *CallLogConfig) *callLog {
	if cfg == nil {
		return nil
	}
	if cfg.Logger != nil && cfg.Slog != nil {
		panic("httpclient: CallLogConfig: both Logger and Slog are set")
	}
	return &callLog{*cfg, zline.NewLoggers(cfg.Logger, cfg.Slog)}
}

// wants reports whether the attempt r gets a line.
func (l *callLog) wants(r *http.Request) bool { return l.Skip == nil || !l.Skip(r) }
