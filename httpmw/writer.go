package httpmw

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/felixge/httpsnoop"
)

// watch returns a ResponseWriter that observes w, and the outcome in which it notes what w does.
//
// For the ResponseWriters of net/http's HTTP/1 and HTTP/2 servers, the types h1 and h2 have
// exactly the same optional interfaces, and cost one allocation. For all others httpsnoop keeps
// the optional interfaces, and costs an allocation for each observed method.
func watch(w http.ResponseWriter) (http.ResponseWriter, *outcome) {
	if full, ok := w.(h1Writer); ok {
		if _, pushes := w.(http.Pusher); !pushes {
			h1 := &h1{watched{bothWriter: full}, full}
			return h1, &h1.outcome
		}
	} else if full, ok := w.(h2Writer); ok {
		_, hijacks := w.(http.Hijacker)
		if _, copies := w.(io.ReaderFrom); !hijacks && !copies {
			h2 := &h2{watched{bothWriter: full}, full}
			return h2, &h2.outcome
		}
	}
	o := new(outcome)
	return snoop(w, o), o
}

// bothWriter has the methods that the ResponseWriters of HTTP/1 and HTTP/2 have in common.
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

// watched observes a bothWriter.
type watched struct {
	bothWriter
	outcome outcome
}

func (w *watched) Unwrap() http.ResponseWriter { return w.bothWriter }

func (w *watched) WriteHeader(status int) {
	w.bothWriter.WriteHeader(status) // called first, since it panics if status is invalid
	w.outcome.headed(status)
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.bothWriter.Write(p)
	w.outcome.wrote(int64(n), err)
	return n, err
}

func (w *watched) WriteString(s string) (int, error) {
	n, err := w.bothWriter.WriteString(s)
	w.outcome.wrote(int64(n), err)
	return n, err
}

// Flush calls FlushError, to learn of an error, if the ResponseWriter is net/http's. Any other
// ResponseWriter may have FlushError from a type that it embeds, and a Flush of its own that does
// something else.
func (w *watched) Flush() {
	if nameInNetHTTP(w.bothWriter) != "" {
		w.FlushError()
		return
	}
	w.bothWriter.Flush()
	w.outcome.flushed(nil)
}

func (w *watched) FlushError() error {
	err := w.bothWriter.FlushError()
	w.outcome.flushed(err)
	return err
}

type h1 struct {
	watched
	full h1Writer
}

func (h *h1) ReadFrom(src io.Reader) (int64, error) {
	n, err := h.full.ReadFrom(src)
	h.outcome.readFrom(n, err)
	return n, err
}

func (h *h1) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buf, err := h.full.Hijack()
	h.outcome.hijacked(err)
	return conn, buf, err
}

type h2 struct {
	watched
	http.Pusher
}

// snoop returns a ResponseWriter that observes w and has the same optional interfaces as w.
func snoop(w http.ResponseWriter, o *outcome) http.ResponseWriter {
	return httpsnoop.Wrap(w, httpsnoop.Hooks{
		WriteHeader: func(next httpsnoop.WriteHeaderFunc) httpsnoop.WriteHeaderFunc {
			return func(status int) {
				next(status) // called first, since it panics if status is invalid
				o.headed(status)
			}
		},
		Write: func(next httpsnoop.WriteFunc) httpsnoop.WriteFunc {
			return func(p []byte) (int, error) {
				n, err := next(p)
				o.wrote(int64(n), err)
				return n, err
			}
		},
		WriteString: func(next httpsnoop.WriteStringFunc) httpsnoop.WriteStringFunc {
			return func(s string) (int, error) {
				n, err := next(s)
				o.wrote(int64(n), err)
				return n, err
			}
		},
		ReadFrom: func(next httpsnoop.ReadFromFunc) httpsnoop.ReadFromFunc {
			return func(src io.Reader) (int64, error) {
				n, err := next(src)
				o.readFrom(n, err)
				return n, err
			}
		},
		Flush: func(next httpsnoop.FlushFunc) httpsnoop.FlushFunc {
			return func() {
				next()
				o.flushed(nil)
			}
		},
		FlushError: func(next httpsnoop.FlushErrorFunc) httpsnoop.FlushErrorFunc {
			return func() error {
				err := next()
				o.flushed(err)
				return err
			}
		},
		Hijack: func(next httpsnoop.HijackFunc) httpsnoop.HijackFunc {
			return func() (net.Conn, *bufio.ReadWriter, error) {
				conn, buf, err := next()
				o.hijacked(err)
				return conn, buf, err
			}
		},
	})
}

// nameInNetHTTP returns the name of w's type if the type is one of net/http's own, else "".
func nameInNetHTTP(w http.ResponseWriter) string {
	t := reflect.TypeOf(w)
	if t == nil || t.Kind() != reflect.Pointer {
		return ""
	}
	t = t.Elem()
	// From Go 1.27 on, HTTP/2's types are internal.
	if pkg := t.PkgPath(); pkg != "net/http" && !strings.HasPrefix(pkg, "net/http/internal/") {
		return ""
	}
	return t.Name()
}

// innermost unwraps w until a ResponseWriter has no Unwrap method, and returns that
// ResponseWriter.
func innermost(w http.ResponseWriter) http.ResponseWriter {
	for {
		wrapper, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return w
		}
		w = wrapper.Unwrap()
	}
}
