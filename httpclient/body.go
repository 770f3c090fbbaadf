package httpclient

import (
	"io"
	"net/http"
	"net/url"
	"sync/atomic"

	oteltrace "go.opentelemetry.io/otel/trace"
)

// settle ends the span of a request to u and writes the line c, if there is one. It does so now,
// or when the response body ends.
func settle(span oteltrace.Span, c *call, u *url.URL, resp *http.Response, err error) {
	recording := span.IsRecording()
	if !recording && c == nil {
		span.End()
		return
	}
	status := 0
	if resp != nil {
		status = resp.StatusCode
	}
	conclude(span, status, err, u)
	open := err == nil && hasBody(resp)
	if c != nil {
		c.answered(status)
		if !open || c.bodyless(resp) {
			if resp == nil && err == nil {
				err = errNothing // http.Client reports an error here too
			}
			c.write(err)
			c = nil
		}
	}
	if !recording || !open {
		span.End()
		span = nil
	}
	if open && (span != nil || c != nil) {
		watchBody(resp, span, c, u)
	}
}

func hasBody(resp *http.Response) bool {
	return resp != nil && resp.Body != nil && resp.Body != http.NoBody
}

// watchBody wraps resp's body. When the body ends, the span ends and the line c is written. span
// and c may be nil.
func watchBody(resp *http.Response, span oteltrace.Span, c *call, u *url.URL) {
	var b *body
	if c != nil {
		b = &c.body
	} else {
		b = new(body)
	}
	b.ReadCloser, b.span, b.call, b.url = resp.Body, span, c, u
	if w, ok := resp.Body.(io.Writer); ok { // after a 101, Body is the connection
		resp.Body = &connection{b, w}
	} else {
		resp.Body = b
	}
}

// body is a response body. It ends the span and writes the line when it has been read to its end
// or closed, whichever comes first.
type body struct {
	io.ReadCloser
	span  oteltrace.Span // nil: it has ended
	call  *call          // nil: the line is written, or there is none
	url   *url.URL       // the request's URL
	ended atomic.Bool
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		if err != io.EOF {
			b.end(err)
		} else {
			b.end(nil)
		}
	}
	return n, err
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.end(nil)
	return err
}

func (b *body) end(err error) {
	if !b.ended.CompareAndSwap(false, true) {
		return
	}
	if b.call != nil {
		b.call.ended(err)
	}
	if b.span != nil {
		conclude(b.span, 0, err, b.url)
		b.span.End()
	}
}

// connection is a body that can also be written to, as net/http documents for a 101.
type connection struct {
	*body
	io.Writer
}

// CloseWrite is the method that httputil.ReverseProxy looks for, to pass on that one side has
// finished.
func (c *connection) CloseWrite() error {
	if w, ok := c.Writer.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return http.ErrNotSupported
}
