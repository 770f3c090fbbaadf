package httpclient

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"example.com/clew/internal/clip"
	"example.com/clew/internal/line"
	"example.com/clew/internal/line/zline"
	"example.com/clew/internal/redact"
	"example.com/clew/internal/seam"
	"github.com/rs/zerolog"
)

// CallLogConfig is the configuration of the call lines. The zero value is ready to use. It is
// copied. Its functions must be safe for concurrent use.
//
// Each attempt has a line: each redirect, each retry of resty's, each failure. The message is
// "call". The keys are method; host, as in the URL; path, without query; status, if there was an
// answer; duration_ms; body_ms, if there was a body; attempt, from 1; error, if there was one;
// trace_id and span_id, which are those that the server got; parent_id, the span that the attempt
// is a child of; sampled, where true. The presets of logctx, such as Datadog, rename them. A
// method, host, path or error of more than 8,000 bytes is cut there.
//
// # Times
//
// duration_ms is the time until the header of the answer was there, or the error. body_ms is the
// time until the body has ended, from the same beginning. The time of the line itself is the end
// of the call. A reader gets the beginning from it: the time of the line less body_ms, or less
// duration_ms where there is no body_ms.
//
// With net/http, and with resty's SetDoNotParseResponse, the line is written when the body has
// been read to its end, has failed or was closed, whichever comes first. An answer without a body
// has its line at once. A body that is neither read to its end nor closed has no line. resty else
// reads the body itself: then duration_ms is the time until the body was read, and there is no
// body_ms.
//
// # Secrets
//
// Neither path nor error holds a query, a user or a password, although errors quote URLs. URLs in
// an error lose these. Besides, "…" stands wherever the query, the fragment or the password of
// the request's own URL stood, or a user that has no password.
//
// # Errors of our own
//
// A RoundTripper that panics has the error "panic", one that ends its goroutine "runtime.Goexit".
// resty does not tell of a goroutine that has ended: the line of such an attempt is written when
// the request is sent again, if it is.
type CallLogConfig struct {
	// Logger writes the lines. Whether it has logctx's hook is found out once; if it has none, the
	// lines have the IDs all the same. In a debug trace its level is debug and its Sampler is not
	// asked.
	//
	// If both Logger and Slog are nil, the lines go to the zerolog logger of the request's
	// context, else to its slog logger, else where logctx.Info falls back to.
	Logger *zerolog.Logger

	// Slog writes the lines instead of Logger: NewTransport, Wrap and Resty panic if both are set.
	// If its handler is not logctx's, the lines have the IDs too. In a debug trace it gets all
	// lines from debug on, whatever its level is.
	Slog *slog.Logger

	// Level is the level of a line. The status is 0 where there was no answer. The error is the
	// one that the client got, and may quote URLs; to errors.Is, that of http.Client's Timeout is
	// context.DeadlineExceeded. Nil: info, warn from 400, error from 500 and for an error; but
	// info where the caller itself gave up (context.Canceled).
	Level func(status int, err error) slog.Level

	// Skip says which attempts get no line; they still have IDs. It is asked once for each,
	// before the attempt, and must not change the request. From resty it gets what Propagate
	// gets. Nil: none.
	Skip func(*http.Request) bool
}

// callLog is a CallLogConfig made ready.
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

// call is the line of an attempt, from its beginning on.
type call struct {
	log     *callLog
	begin   time.Time
	url     *url.URL // of the request; nil: not known
	record  line.Call
	pending line.Pending
	body    body // of the answer, if the line waits for its end
}

// start begins the line of an attempt.
func (c *call) start(log *callLog, attempt int) {
	c.log, c.begin = log, time.Now()
	c.record.Attempt = attempt
}

// describe says what was asked.
func (c *call) describe(r *http.Request) {
	c.url = r.URL
	c.record.Method = clip.Text(methodOf(r.Method))
	c.record.Host = clip.Text(redact.Host(r.URL.Host))
	c.record.Path = clip.Text(redact.Text(r.URL.Path))
}

// answered says that the header of the answer is there, or the error.
func (c *call) answered(status int) {
	c.record.Status, c.record.Duration = status, time.Since(c.begin)
}

// bodyless reports whether an answer has no body, whatever stands for one. HTTP/2 has a type of
// its own there, and says by the length that there is none. In HTTP/1 a length of 0 may be one
// that a RoundTripper has not set.
func (c *call) bodyless(resp *http.Response) bool {
	switch resp.StatusCode {
	case http.StatusNoContent, http.StatusNotModified:
		return true
	}
	return c.record.Method == http.MethodHead || resp.ProtoMajor == 2 && resp.ContentLength == 0
}

// ended writes the line when the body of the answer has ended.
func (c *call) ended(err error) {
	c.record.Body = time.Since(c.begin)
	c.write(err)
}

// write writes the line. The attempt may have failed with err.
func (c *call) write(err error) {
	ctx := c.pending.Context
	if err != nil {
		if outOfTime(ctx, err) {
			err = context.DeadlineExceeded
		}
		if c.record.Error, _ = tell(err, c.url); c.record.Error == "" {
			c.record.Error = "error"
		}
	}
	level := c.level(ctx, err)
	now := seam.Look(ctx)
	c.record.ParentID, c.record.Sampled = now.Parent, now.Sampled
	c.pending.Record, c.pending.IDs = &c.record, now.Text
	c.log.loggers.Write(&c.pending, level, now.Debug)
}

func (c *call) level(ctx context.Context, err error) slog.Level {
	status := c.record.Status
	switch {
	case c.log.Level != nil:
		return c.log.Level(status, err)
	case err != nil && gaveUp(ctx, err):
		return slog.LevelInfo
	case status >= 500, err != nil:
		return slog.LevelError
	case status >= 400:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

// gaveUp reports whether it is the caller who did not want to wait any longer. If a context was
// canceled with a cause, net/http's error is that cause.
func gaveUp(ctx context.Context, err error) (is bool) {
	defer func() { _ = recover() }() // see redact.Error
	return ctx.Err() == context.Canceled || errors.Is(err, context.Canceled)
}

// outOfTime reports whether err stands for the end of ctx's time. http.Client stops a request by
// its Timeout in two ways at once, if it does not know the transport. The error of one of them
// does not say that the time was the reason, and it often comes first.
func outOfTime(ctx context.Context, err error) (is bool) {
	defer func() { _ = recover() }() // see redact.Error
	deadline, ok := ctx.Deadline()
	return ok && !time.Now().Before(deadline) && strings.HasPrefix(err.Error(), "net/http: request canceled")
}

// Errors for what has no other.
var (
	errPanic   = errors.New("panic")
	errGoexit  = errors.New("runtime.Goexit")
	errNothing = errors.New("neither response nor error")
	errUnsent  = errors.New("not sent")
	errLost    = errors.New("resty has not told the end")
)
