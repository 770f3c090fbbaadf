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

// headed is called for each WriteHeader. A 1xx status is not the status of the answer. In HTTP/1
// the status 101 is an exception.
func (o *outcome) headed(status int) {
	informational := status >= 100 && status <= 199 && (status != http.StatusSwitchingProtocols || o.proto >= 2)
	if !informational {
		o.sent(status)
	}
}

// sent is called when the header has been sent with the given status. If a header was sent before,
// its status stays.
func (o *outcome) sent(status int) {
	if o.Status == 0 && !o.Hijacked {
		o.Status = status
	}
}

// wrote is called for each write. If the first write fails, its bytes do not count: they are still
// in a buffer, and so is the header.
func (o *outcome) wrote(n int64, err error) {
	if err == nil {
		o.sent(http.StatusOK)
	}
	if o.Status != 0 {
		o.Bytes += n
	}
	o.failed(err)
}

// readFrom is called for each ReadFrom. ReadFrom copies from a source into the ResponseWriter, and
// its error may be the source's.
func (o *outcome) readFrom(n int64, err error) {
	o.Bytes += n
	if n > 0 { // otherwise the header can still change
		o.sent(http.StatusOK)
	}
	if byClient(err) {
		o.failed(err)
	}
}

// flushed is called for each flush. The flush has sent the header, unless it failed.
func (o *outcome) flushed(err error) {
	if o.headInHTTP2() { // the header has ended the stream, and a flush may report a closed stream
		err = nil
	}
	if err == nil {
		o.sent(http.StatusOK)
	}
	o.failed(err)
}

// hijacked is called for each Hijack, even if the Hijack failed.
func (o *outcome) hijacked(err error) { o.Hijacked = o.Hijacked || err == nil }

// failed is called with the error of a write or a flush, and notes what the error says about the
// answer.
func (o *outcome) failed(err error) {
	switch {
	case err == nil:
	case errors.Is(err, http.ErrHandlerTimeout):
		o.timedOut = true
	case errors.Is(err, errors.ErrUnsupported): // no ResponseWriter carried out the flush
	case errors.Is(err, http.ErrBodyNotAllowed), isContentLength(err):
		o.sent(http.StatusOK) // the handler made a mistake after the header was sent
	case errors.Is(err, http.ErrHijacked):
	case errors.Is(err, context.Canceled): // http.TimeoutHandler's; the method ended finds out why
	default:
		o.ClientGone = true
	}
}

// isContentLength reports whether err says that the handler wrote more than it had declared. It
// compares the text, since HTTP/2's error is not http.ErrContentLength.
func isContentLength(err error) bool {
	return strings.HasSuffix(err.Error(), "declared Content-Length")
}

// byClient reports whether a copy failed while it wrote to the client, and not while it read from
// its source.
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

// headInHTTP2 reports whether the request is a HEAD over HTTP/2. The header of its answer ends
// the stream.
func (o *outcome) headInHTTP2() bool { return o.head && o.proto >= 2 }

// settle decides what the client got, when the handler is done. The arguments ctx and w are those
// that AccessLog was given.
func (o *outcome) settle(ctx context.Context, w http.ResponseWriter, returned bool) {
	if ctx.Err() != nil {
		o.ended(ctx, w)
	}
	switch {
	case o.timedOut:
		o.Status, o.Bytes = http.StatusServiceUnavailable, 0 // what was written is dropped
	case o.Status == 0 && returned && !o.Hijacked && !o.ClientGone:
		o.Status = http.StatusOK // net/http sends it for a handler that wrote nothing
	}
}

// ended finds out why ctx had ended before the handler returned, as far as that can be told: the
// client left, or http.TimeoutHandler has answered in place of the handler. TimeoutHandler
// answers, whatever ended its context. The error of a Write to w would tell why, but the Write
// would send 200 before middleware further out sets its own status.
func (o *outcome) ended(ctx context.Context, w http.ResponseWriter) {
	switch {
	case o.headInHTTP2() && o.Status != 0:
	case hungUp(ctx):
		o.ClientGone = true
	case nameInNetHTTP(innermost(w)) == "timeoutWriter":
		o.timedOut = true
	}
}

// hungUp reports whether ctx ended because the client left, as far as that can be told. With
// BaseContext or ConnContext the program may end a context for reasons of its own, such as
// SIGTERM, and the client still gets its answer.
func hungUp(ctx context.Context) bool {
	if context.Cause(ctx) != context.Canceled {
		return false
	}
	server, _ := ctx.Value(http.ServerContextKey).(*http.Server)
	return server != nil && server.BaseContext == nil && server.ConnContext == nil
}

// level returns the level of the line if AccessLogConfig.Level is nil.
func (o *outcome) level() zerolog.Level {
	switch {
	case o.ClientGone:
		return zerolog.InfoLevel
	case o.Status >= 500, o.Panicked:
		return zerolog.ErrorLevel
	case o.Status >= 400:
		return zerolog.WarnLevel
	}
	return zerolog.InfoLevel
}

// setStatus gives the status to a span that is recorded.
func (o *outcome) setStatus(span oteltrace.Span) {
	span.SetAttributes(attribute.Int("http.response.status_code", o.Status))
	if o.Status >= 500 && !o.ClientGone {
		span.SetStatus(codes.Error, "")
	}
}
