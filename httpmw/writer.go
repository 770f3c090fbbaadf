package httpmw

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/felixge/httpsnoop"
)

// watch returns w, observed, and the line that learns of it. What the client was sent is decided by
// the line, since a flush sends the header too.
//
// The two ResponseWriters that net/http's servers give have a type of their own here, with exactly
// their optional interfaces: one allocation. httpsnoop keeps those of all others, with an allocation
// for each method that is watched.
func watch(w http.ResponseWriter) (http.ResponseWriter, *line) {
	if full, ok := w.(h1Writer); ok {
		if _, more := w.(http.Pusher); !more {
			h1 := &h1{h1Writer: full}
			return h1, &h1.l
		}
	} else if full, ok := w.(h2Writer); ok {
		_, more := w.(http.Hijacker)
		if _, most := w.(io.ReaderFrom); !more && !most {
			h2 := &h2{h2Writer: full}
			return h2, &h2.l
		}
	}
	l := new(line)
	return snoop(w, l), l
}

// bothWriter is what the ResponseWriters of HTTP/1 and HTTP/2 have.
type bothWriter interface {
	http.ResponseWriter
	http.Flusher
	FlushError() error
	io.StringWriter
	CloseNotify() <-chan bool
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
	EnableFullDuplex() error
}

type h1Writer interface {
	bothWriter
	http.Hijacker
	io.ReaderFrom
}

type h2Writer interface {
	bothWriter
	http.Pusher
}

type h1 struct {
	h1Writer
	l line
}

func (h *h1) Unwrap() http.ResponseWriter { return h.h1Writer }

func (h *h1) WriteHeader(status int) {
	h.h1Writer.WriteHeader(status) // first: it panics if status is none
	h.l.headed(status)
}

func (h *h1) Write(p []byte) (int, error) {
	n, err := h.h1Writer.Write(p)
	h.l.wrote(int64(n), err)
	return n, err
}

func (h *h1) WriteString(s string) (int, error) {
	n, err := h.h1Writer.WriteString(s)
	h.l.wrote(int64(n), err)
	return n, err
}

func (h *h1) ReadFrom(src io.Reader) (int64, error) {
	n, err := h.h1Writer.ReadFrom(src)
	h.l.readFrom(n, err)
	return n, err
}

func (h *h1) Flush() {
	h.h1Writer.Flush()
	h.l.sent(http.StatusOK, nil)
}

func (h *h1) FlushError() error {
	err := h.h1Writer.FlushError()
	h.l.sent(http.StatusOK, err)
	return err
}

func (h *h1) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buf, err := h.h1Writer.Hijack()
	h.l.hijack(err)
	return conn, buf, err
}

type h2 struct {
	h2Writer
	l line
}

func (h *h2) Unwrap() http.ResponseWriter { return h.h2Writer }

func (h *h2) WriteHeader(status int) {
	h.h2Writer.WriteHeader(status)
	h.l.headed(status)
}

func (h *h2) Write(p []byte) (int, error) {
	n, err := h.h2Writer.Write(p)
	h.l.wrote(int64(n), err)
	return n, err
}

func (h *h2) WriteString(s string) (int, error) {
	n, err := h.h2Writer.WriteString(s)
	h.l.wrote(int64(n), err)
	return n, err
}

func (h *h2) Flush() {
	h.h2Writer.Flush()
	h.l.sent(http.StatusOK, nil)
}

func (h *h2) FlushError() error {
	err := h.h2Writer.FlushError()
	h.l.sent(http.StatusOK, err)
	return err
}

// snoop is for the ResponseWriters of others.
func snoop(w http.ResponseWriter, l *line) http.ResponseWriter {
	return httpsnoop.Wrap(w, httpsnoop.Hooks{
		WriteHeader: func(next httpsnoop.WriteHeaderFunc) httpsnoop.WriteHeaderFunc {
			return func(status int) {
				next(status) // first: it panics if status is none
				l.headed(status)
			}
		},
		Write: func(next httpsnoop.WriteFunc) httpsnoop.WriteFunc {
			return func(p []byte) (int, error) {
				n, err := next(p)
				l.wrote(int64(n), err)
				return n, err
			}
		},
		WriteString: func(next httpsnoop.WriteStringFunc) httpsnoop.WriteStringFunc {
			return func(s string) (int, error) {
				n, err := next(s)
				l.wrote(int64(n), err)
				return n, err
			}
		},
		ReadFrom: func(next httpsnoop.ReadFromFunc) httpsnoop.ReadFromFunc {
			return func(src io.Reader) (int64, error) {
				n, err := next(src)
				l.readFrom(n, err)
				return n, err
			}
		},
		Flush: func(next httpsnoop.FlushFunc) httpsnoop.FlushFunc {
			return func() {
				next()
				l.sent(http.StatusOK, nil)
			}
		},
		FlushError: func(next httpsnoop.FlushErrorFunc) httpsnoop.FlushErrorFunc {
			return func() error {
				err := next()
				l.sent(http.StatusOK, err)
				return err
			}
		},
		Hijack: func(next httpsnoop.HijackFunc) httpsnoop.HijackFunc {
			return func() (net.Conn, *bufio.ReadWriter, error) {
				conn, buf, err := next()
				l.hijack(err)
				return conn, buf, err
			}
		},
	})
}
