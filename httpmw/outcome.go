package httpmw

import (
	"context"
	"errors"
	"net"
	"net/http"
	"reflect"
	"strings"
)

// headed notes that the handler has asked for status, once w has taken it. In HTTP/2 a 101 is one
// more 1xx.
func (l *line) headed(status int) {
	informational := status >= 100 && status <= 199 && (status != http.StatusSwitchingProtocols || l.proto >= 2)
	if !informational {
		l.sent(status)
	}
}

// sent notes that the header has gone out with status, unless it had already.
func (l *line) sent(status int) {
	if l.status == 0 && !l.hijacked {
		l.status = status
	}
}

// wrote notes a write. What the first one is said to have written when it failed stands in a buffer,
// behind a header that did not get out either.
func (l *line) wrote(n int64, err error) {
	if err == nil {
		l.sent(http.StatusOK)
	}
	if l.status != 0 {
		l.bytes += n
	}
	l.failed(err)
}

func (l *line) readFrom(n int64, err error) {
	l.bytes += n
	if n > 0 { // else the header can still change
		l.sent(http.StatusOK)
	}
	if byClient(err) {
		l.failed(err)
	}
}

func (l *line) flushed(err error) {
	if err == nil {
		l.sent(http.StatusOK)
	}
	l.failed(err)
}

func (l *line) hijack(err error) { l.hijacked = l.hijacked || err == nil }

// failed notes what the error of a write or a flush says of the client.
func (l *line) failed(err error) {
	switch {
	case err == nil:
	case errors.Is(err, http.ErrHandlerTimeout):
		l.timedOut = true
	case errors.Is(err, errors.ErrUnsupported): // a flush that nobody carried out
	case errors.Is(err, http.ErrBodyNotAllowed),
		strings.HasSuffix(err.Error(), "declared Content-Length"): // not http.ErrContentLength, since HTTP/2's has no name
		l.sent(http.StatusOK) // a mistake of the handler's, after the header
	case errors.Is(err, http.ErrHijacked):
	default:
		l.gone = true
	}
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

// hungUp reports whether ctx, which has ended, has because the client has gone, as far as can be told. A server
// whose contexts are its owner's ends them for reasons of its own, at SIGTERM for instance, and its
// clients get their answers all the same.
func hungUp(ctx context.Context) bool {
	if context.Cause(ctx) != context.Canceled {
		return false
	}
	server, ok := ctx.Value(http.ServerContextKey).(*http.Server)
	return ok && server.BaseContext == nil && server.ConnContext == nil
}

// answeredFor reports whether http.TimeoutHandler gives the answer in place of a handler that returns
// after the deadline. Not by what a Write says, which would make a 200 of a status that is still to
// come from further out.
func answeredFor(w http.ResponseWriter) bool { return nameInNetHTTP(innermost(w)) == "timeoutWriter" }

// nameInNetHTTP is the name of w's type if that is one of net/http's own, else "".
func nameInNetHTTP(w http.ResponseWriter) string {
	t := reflect.TypeOf(w)
	if t.Kind() != reflect.Pointer {
		return ""
	}
	t = t.Elem()
	if pkg := t.PkgPath(); pkg != "net/http" && !strings.HasPrefix(pkg, "net/http/internal/") { // HTTP/2's, from Go 1.27
		return ""
	}
	return t.Name()
}

func innermost(w http.ResponseWriter) http.ResponseWriter {
	for {
		wrapper, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = wrapper.Unwrap()
	}
}
