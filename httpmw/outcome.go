package httpmw

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"example.com/clew/internal/line"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// outcome is what is known of a request when its handler has returned.
type outcome struct {
	line.Request
	pending  line.Pending
	begin    time.Time
	proto    int  // the major version of HTTP
	head     bool // the method is HEAD
	timedOut bool // http.TimeoutHandler has answered
}

// headed notes that the ResponseWriter has taken a WriteHeader. In HTTP/2 a 101 is one more 1xx.
func (l *outcome) headed(status int) {
	informational := status >= 100 && status <= 199 && (status != http.StatusSwitchingProtocols || l.proto >= 2)
	if !informational {
		l.sent(status)
	}
}

// sent notes that the header has gone out with status, unless it had already.
func (l *outcome) sent(status int) {
	if l.Status == 0 && !l.Hijacked {
		l.Status = status
	}
}

// wrote notes a write. If the first write fails, its bytes are still in a buffer and do not count:
// the header was not sent either.
func (l *outcome) wrote(n int64, err error) {
	if err == nil {
		l.sent(http.StatusOK)
	}
	if l.Status != 0 {
		l.Bytes += n
	}
	l.failed(err)
}

// readFrom notes a copy into the ResponseWriter, which may fail at its source.
func (l *outcome) readFrom(n int64, err error) {
	l.Bytes += n
	if n > 0 { // else the header can still change
		l.sent(http.StatusOK)
	}
	if byClient(err) {
		l.failed(err)
	}
}

func (l *outcome) flushed(err error) {
	if l.headInHTTP2() { // the header has ended the stream, and a flush may report it as closed
		err = nil
	}
	if err == nil {
		l.sent(http.StatusOK)
	}
	l.failed(err)
}

func (l *outcome) hijack(err error) { l.Hijacked = l.Hijacked || err == nil }

// failed notes what the error of a write or a flush says of the client.
func (l *outcome) failed(err error) {
	switch {
	case err == nil:
	case errors.Is(err, http.ErrHandlerTimeout):
		l.timedOut = true
	case errors.Is(err, errors.ErrUnsupported): // no ResponseWriter carried out the flush
	case errors.Is(err, http.ErrBodyNotAllowed), isContentLength(err):
		l.sent(http.StatusOK) // a mistake of the handler's, after the header
	case errors.Is(err, http.ErrHijacked):
	case errors.Is(err, context.Canceled): // from http.TimeoutHandler; ended knows more
	default:
		l.ClientGone = true
	}
}

// isContentLength reports whether a handler wrote more than it had declared. The text tells, since
// HTTP/2's error is not http.ErrContentLength.
func isContentLength(err error) bool {
	return strings.HasSuffix(err.Error(), "declared Content-Length")
}

// byClient reports whether a copy has failed at the client's end, not at the source's.
func byClient(err error) bool {
	writing := false
	for op := (*net.OpError)(nil); errors.As(err, &op); err = op.Err {
		if op.Op == "read" || op.Op == "dial" {
			return false
		}
		writing = true
	}
	return writing
}

// headInHTTP2 reports whether the answer is HTTP/2's to a HEAD: its header ends the stream.
func (l *outcome) headInHTTP2() bool { return l.head && l.proto >= 2 }

// settle decides what the client got, when the handler is done. AccessLog was given ctx and w.
func (l *outcome) settle(ctx context.Context, w http.ResponseWriter, returned bool) {
	if ctx.Err() != nil {
		l.ended(ctx, w)
	}
	switch {
	case l.timedOut:
		l.Status, l.Bytes = http.StatusServiceUnavailable, 0 // what was written is dropped
	case l.Status == 0 && returned && !l.Hijacked && !l.ClientGone:
		l.Status = http.StatusOK // net/http sends it for a handler that wrote nothing
	}
}

// ended notes what it means that ctx had ended before the handler returned: the client left, or
// http.TimeoutHandler has answered in place of the handler, as it does whatever ended its context.
// A Write would tell, but would send 200 before middleware further out sets its own status.
func (l *outcome) ended(ctx context.Context, w http.ResponseWriter) {
	switch {
	case l.headInHTTP2() && l.Status != 0:
	case hungUp(ctx):
		l.ClientGone = true
	case nameInNetHTTP(innermost(w)) == "timeoutWriter":
		l.timedOut = true
	}
}

// hungUp reports whether ctx ended because the client left, as far as that can be told. With
// BaseContext or ConnContext the program may end a context for reasons of its own, such as
// SIGTERM. The client gets its answer all the same.
func hungUp(ctx context.Context) bool {
	if context.Cause(ctx) != context.Canceled {
		return false
	}
	server, _ := ctx.Value(http.ServerContextKey).(*http.Server)
	return server != nil && server.BaseContext == nil && server.ConnContext == nil
}

// level is the level of the line, if AccessLogConfig does not say.
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

// setStatus gives the status to a span that is recorded.
func (l *outcome) setStatus(span oteltrace.Span) {
	span.SetAttributes(attribute.Int("http.response.status_code", l.Status))
	if l.Status >= 500 && !l.ClientGone {
		span.SetStatus(codes.Error, "")
	}
}
