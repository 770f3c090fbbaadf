package httpclient

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"example.com/clew/internal/redact"
)

// The errors of attempts that have ended without an error of their own.
var (
	errPanic   = errors.New("panic")
	errGoexit  = errors.New("runtime.Goexit")
	errNothing = errors.New("neither response nor error")
	errUnsent  = errors.New("not sent")
	errLost    = errors.New("resty did not report the end")
)

// tell returns the text of err and an error with that text, both without secrets. err is the
// error of a request to u. See redact.Error.
func tell(err error, u *url.URL) (text string, told error) { return redact.Error(err, u, withoutURL) }

// withoutURL returns err without the URL that net/url and net/http quote, since URLs hold secrets.
func withoutURL(err error) error {
	for with := (*url.Error)(nil); errors.As(err, &with) && with.Err != nil; {
		if with.Op == "parse" { // the reason quotes pieces of the URL
			return errors.New("malformed URL")
		}
		err = with.Err
	}
	if strings.HasPrefix(err.Error(), "failed to parse Location header") { // the rest quotes the header
		return errors.New("malformed Location header")
	}
	return err
}

// gaveUp reports whether the caller canceled the request. If the context was canceled with a
// cause, net/http returns that cause, so gaveUp looks at the context too.
func gaveUp(ctx context.Context, err error) (is bool) {
	defer func() { _ = recover() }() // see redact.Error
	return ctx.Err() == context.Canceled || errors.Is(err, context.Canceled)
}

// outOfTime reports whether the request failed because ctx's deadline has passed. If the
// transport is not net/http's own, http.Client stops a request in two ways at once when its
// Timeout has passed. One of the two errors does not mention the time, and this error often
// arrives first.
func outOfTime(ctx context.Context, err error) (is bool) {
	defer func() { _ = recover() }() // see redact.Error
	deadline, ok := ctx.Deadline()
	return ok && !time.Now().Before(deadline) && strings.HasPrefix(err.Error(), "net/http: request canceled")
}
