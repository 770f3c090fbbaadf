package httpmw_test

import (
	"bytes"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/clew/internal/testkit"
	"example.com/clew/internal/torture"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTortureTranscript: handler and client see the same requests and answers, with all of clew's
// middleware or without it.
func TestTortureTranscript(t *testing.T) {
	n := play(t, slices.Concat(scenariosInBytes, scenariosOfClients, scenariosInSteps))
	torture.Row(t, "The rest of HTTP", "%d transcripts of handler and client are the same as without clew", n)
}

const (
	ending  = "Host: svc\r\nConnection: close\r\n"
	chunked = "POST / HTTP/1.1\r\n" + ending + "Transfer-Encoding: chunked\r\n"
)

// scenariosInBytes are requests that are sent as raw bytes. The bytes of the answer are compared.
var scenariosInBytes = []scenario{
	{name: "Expect: 100-continue, body read", want: "HTTP/1.1 100 Continue", raw: []string{"POST / HTTP/1.1\r\n" + ending + "Expect: 100-continue\r\nContent-Length: 4\r\n\r\nbody"}},
	{name: "HTTP/1.0", want: "HTTP/1.0 200 OK", raw: []string{"GET /old HTTP/1.0\r\n\r\n"}},
	{name: "HTTP/1.0, keep-alive", want: "Connection: keep-alive", raw: []string{"GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET /older HTTP/1.0\r\n\r\n"}},
	{name: "HTTP/1.0, flushed", want: "onetwo", raw: []string{"GET / HTTP/1.0\r\n\r\n"}, handler: func(_ *stage, w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "one")
		w.(http.Flusher).Flush()
		io.WriteString(w, "two")
	}},
	{name: "CONNECT, answered", want: "CONNECT svc.example:443", raw: []string{"CONNECT svc.example:443 HTTP/1.1\r\n" + ending + "\r\n"}},
	{name: "CONNECT, tunnelled", want: "tunnelled: ping", raw: []string{"CONNECT svc.example:443 HTTP/1.1\r\n" + ending + "\r\nping"}, handler: func(s *stage, w http.ResponseWriter, r *http.Request) {
		conn, buf, err := http.NewResponseController(w).Hijack()
		if assert.NoError(s, err, "Hijack") {
			defer conn.Close()
			got := make([]byte, 4)
			io.ReadFull(buf, got)
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\n\r\ntunnelled: %s", got)
		}
	}},
	{name: "OPTIONS *, which the server answers", want: "200 OK", raw: []string{"OPTIONS * HTTP/1.1\r\n" + ending + "\r\n"}},
	{name: "a target in absolute form", want: "host other.example", raw: []string{"GET http://other.example/x HTTP/1.1\r\n" + ending + "\r\n"}},
	{name: "two pipelined requests, the first body not read", want: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK", handler: func(*stage, http.ResponseWriter, *http.Request) {},
		raw: []string{"POST /1 HTTP/1.1\r\nHost: svc\r\nContent-Length: 4\r\n\r\nbody", "GET /2 HTTP/1.1\r\n" + ending + "\r\n"}},
	{name: "chunks, announced trailers", want: "trailer map[X-End:[yes]]", raw: []string{chunked + "Trailer: X-End\r\n\r\n4\r\nbody\r\n0\r\nX-End: yes\r\n\r\n"}},
	{name: "chunks, trailers not announced", want: "trailer map[X-End:[yes]]", raw: []string{chunked + "\r\n4\r\nbody\r\n0\r\nX-End: yes\r\n\r\n"},
		known: "net/http adds the trailers to its own Request, but the handler has a copy, as behind every r.WithContext"},
	{name: "bad chunks", want: "invalid byte in chunk length", raw: []string{chunked + "\r\nnone\r\n\r\n"}},
	{name: "101 without Hijack", want: "101 Switching Protocols", raw: []string{"GET / HTTP/1.1\r\n" + ending + "\r\n"}, handler: func(_ *stage, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(101)
	}},
	{name: "Hijack, then Write", want: http.ErrHijacked.Error(), raw: []string{"GET / HTTP/1.1\r\n" + ending + "\r\n"}, handler: func(s *stage, w http.ResponseWriter, r *http.Request) {
		hijack(w, "HTTP/1.1 200 OK\r\n\r\n")
		_, err := io.WriteString(w, "late")
		s.note("write %v", err)
		_, _, err = http.NewResponseController(w).Hijack()
		s.note("hijack %v", err)
	}},
}

var largeBody = torture.Size(200<<10, 32<<20)

// scenariosOfClients are requests of an http.Client. The answer that the client gets is compared.
var scenariosOfClients = []scenario{
	{name: "a plain request", want: "GET /path HTTP"},
	{name: "HEAD, short", want: "length 4", method: "HEAD", handler: func(_ *stage, w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "body") }},
	{name: "HEAD, long, copied", want: "200 OK", method: "HEAD", handler: func(_ *stage, w http.ResponseWriter, _ *http.Request) {
		io.Copy(w, onlyReader{bytes.NewReader(make([]byte, 100<<10))})
	}},
	{name: "Content-Length exceeded", want: "Content-Length:[4]", handler: func(s *stage, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "4")
		_, err := io.WriteString(w, "too long")
		s.note("%v", err)
		io.WriteString(w, "body")
	}},
	{name: "Content-Length not reached", want: "error unexpected EOF", handler: func(_ *stage, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "10")
		io.WriteString(w, "body")
	}},
	{name: "204 with a body", want: http.ErrBodyNotAllowed.Error(), handler: func(s *stage, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
		_, err := io.WriteString(w, "body")
		s.note("%v", err)
	}},
	{name: "header changed after WriteHeader", want: "X-Before", handler: func(_ *stage, w http.ResponseWriter, _ *http.Request) {
		w.Header()["x-odd-Case"] = []string{"1", "2"}
		w.Header().Set("X-Before", "yes")
		w.WriteHeader(http.StatusAccepted)
		w.Header().Set("X-After", "yes")
		w.Header().Del("X-Before")
	}},
	{name: "response trailers", want: "trailer map[X-Announced:[yes] X-Not:[yes]]", handler: func(_ *stage, w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Announced")
		io.WriteString(w, "body")
		w.Header().Set("X-Announced", "yes")
		w.Header().Set(http.TrailerPrefix+"X-Not", "yes")
	}},
	{name: "Content-Type sniffed", want: "text/html", handler: func(_ *stage, w http.ResponseWriter, _ *http.Request) {
		io.Copy(w, onlyReader{strings.NewReader("<html>")})
	}},
	{name: "Connection: close", only: "h1", want: "close true", handler: func(_ *stage, w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") }},
	{name: "Push", want: "pusher", handler: func(s *stage, w http.ResponseWriter, _ *http.Request) {
		pusher, ok := w.(http.Pusher)
		s.note("pusher %v", ok)
		if ok {
			s.note("%v", pusher.Push("/style.css", nil))
		}
	}},
	{name: "Hijack", only: "h2", want: "feature not supported", handler: func(s *stage, w http.ResponseWriter, _ *http.Request) {
		_, _, err := http.NewResponseController(w).Hijack()
		s.note("%v", err)
	}},
	{name: "the request's body, read after the answer was flushed", want: "read", body: "body", handler: func(s *stage, w http.ResponseWriter, r *http.Request) {
		w.Write(make([]byte, 8<<10))
		http.NewResponseController(w).Flush()
		got, err := io.ReadAll(r.Body)
		s.note("read %q, %v", got, err)
	}},
	{name: "large bodies both ways", want: fmt.Sprintf("body of %d", largeBody), body: strings.Repeat("x", largeBody), handler: func(s *stage, w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		s.note("read %d, %v", n, err)
		n, err = io.Copy(w, onlyReader{bytes.NewReader(make([]byte, largeBody))})
		s.note("wrote %d, %v", n, err)
	}},
	{name: "a large body, not read", want: "401 Unauthorized", body: strings.Repeat("x", largeBody), handler: func(_ *stage, w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
	}},
	{name: "a mux outside", want: "GET /{p} path", handler: func(s *stage, _ http.ResponseWriter, r *http.Request) {
		s.note("%s %s", r.Pattern, r.PathValue("p"))
	}, outside: func(h http.Handler) http.Handler {
		mux := http.NewServeMux()
		mux.Handle("GET /{p}", h)
		return mux
	}},
	{name: "Clone, mux and form inside", want: "GET /{p} path", handler: func(s *stage, w http.ResponseWriter, r *http.Request) {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /{p}", func(_ http.ResponseWriter, r *http.Request) {
			r = r.Clone(r.Context())
			r.Header.Del("Accept-Encoding")
			s.note("%s %s %q", r.Pattern, r.PathValue("p"), r.FormValue("q"))
		})
		mux.ServeHTTP(w, r)
		s.note("Accept-Encoding %q, form %v", r.Header.Get("Accept-Encoding"), r.Form)
	}},
	{name: "http.MaxBytesHandler outside", want: "http: request body too large", body: "much too large", handler: readTooMuch, outside: atMost8Bytes},
	{name: "http.MaxBytesHandler inside h1", only: "h1", want: "close true", body: "much too large", handler: readTooMuch, inside: atMost8Bytes,
		known: "net/http looks for an unexported method of its own ResponseWriter, see AccessLog"},
	{name: "http.MaxBytesHandler inside h2", only: "h2", want: "http: request body too large", body: "much too large", handler: readTooMuch, inside: atMost8Bytes},
	{name: "http.TimeoutHandler outside, in time", want: "GET /path", outside: withinAMinute},
	{name: "http.TimeoutHandler inside, in time", want: "GET /path", inside: withinAMinute},
}

func readTooMuch(s *stage, w http.ResponseWriter, r *http.Request) {
	_, err := io.ReadAll(r.Body)
	s.note("%v", err)
	http.Error(w, "too large", http.StatusRequestEntityTooLarge)
}

func atMost8Bytes(h http.Handler) http.Handler { return http.MaxBytesHandler(h, 8) }

func withinAMinute(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Minute, "late") }

func withinAMillisecond(h http.Handler) http.Handler {
	return http.TimeoutHandler(h, time.Millisecond, "late")
}

// scenariosInSteps are scenarios that need more than one handler and one request, so each has a
// function play.
var scenariosInSteps = []scenario{
	{name: "http.TimeoutHandler outside, too late", want: "503 Service Unavailable", play: func(s *stage) {
		handler, told := late(s)
		s.get(s.serve(handler, withinAMillisecond))
		<-told
	}},
	{name: "http.TimeoutHandler inside, too late", want: "503 Service Unavailable", play: func(s *stage) {
		handler, told := late(s)
		s.get(s.serve(withinAMillisecond(handler).ServeHTTP))
		<-told
	}},
	{name: "Expect: 100-continue, body not read", want: "not sent: 4", play: func(s *stage) {
		srv := s.serve(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
		srv.Client().Transport.(*http.Transport).ExpectContinueTimeout = time.Hour
		unread := strings.NewReader("body")
		s.do(srv, s.request(srv, http.MethodPost, io.MultiReader(unread), "Expect", "100-continue"))
		s.got("not sent: %d", unread.Len())
	}},
	{name: "OPTIONS *, which the server leaves to the handler", want: `OPTIONS * HTTP/1.1 host example.com path "*"`, play: func(s *stage) {
		r := httptest.NewRequest(http.MethodOptions, "*", nil)
		r.Header.Set("b3", fromCaller)
		s.got("%s", serve(s.handler(s.report()), r).Body)
	}},
	{name: "request trailers", want: "trailer map[X-End:[yes]]", play: func(s *stage) {
		srv := s.serve(s.report())
		r := s.request(srv, http.MethodPost, onlyReader{strings.NewReader("body")})
		r.Trailer = testkit.Header("X-End", "yes")
		s.do(srv, r)
	}},
	{name: "ranges", want: "206 Partial Content", play: func(s *stage) {
		srv := s.serve(func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "a.txt", time.Unix(1, 0), strings.NewReader("0123456789"))
		})
		for _, ranges := range []string{"bytes=2-4", "bytes=20-", "bytes=-3"} {
			s.do(srv, s.request(srv, http.MethodGet, nil, "Range", ranges))
		}
	}},
	{name: "the client leaves", want: "context canceled, cause context canceled", play: func(s *stage) {
		gone := make(chan struct{})
		srv := s.serve(func(w http.ResponseWriter, r *http.Request) {
			defer close(gone)
			http.NewResponseController(w).Flush()
			untilDone(r)
			s.note("%v, cause %v", r.Context().Err(), context.Cause(r.Context()))
		})
		ctx, cancel := context.WithCancel(s.Context())
		res, err := srv.Client().Do(s.request(srv, http.MethodGet, nil, "b3", fromCaller).WithContext(ctx))
		cancel()
		require.NoError(s, err)
		<-gone
		res.Body.Close()
	}},
	{name: "upload", want: `outside: map["file":["text"]]`, play: func(s *stage) {
		var form bytes.Buffer
		parts := multipart.NewWriter(&form)
		require.NoError(s, parts.WriteField("file", "text"))
		require.NoError(s, parts.Close())
		srv := s.serve(func(_ http.ResponseWriter, r *http.Request) { s.note("%q", r.FormValue("file")) }, func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				h.ServeHTTP(w, r)
				s.note("outside: %q", r.MultipartForm.Value)
			})
		})
		s.do(srv, s.request(srv, http.MethodPost, &form, "Content-Type", parts.FormDataContentType()))
	}},
	{name: "httputil.ReverseProxy inside", want: `103 ["</a>"]`, play: func(s *stage) { s.proxied(func() {}) }},
	{name: "httputil.ReverseProxy inside, the backend dies", want: `"part", error`, play: func(s *stage) { s.proxied(func() { panic(http.ErrAbortHandler) }) }},
	{name: "WriteHeader twice, in the error log", only: "h1", want: "superfluous response.WriteHeader call from example.com/clew/httpmw_test", play: func(s *stage) {
		errorLog := make(firstLine, 1)
		srv := s.serve(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(404)
			w.WriteHeader(500)
		})
		srv.Config.ErrorLog.SetOutput(errorLog)
		s.get(srv)
		s.note("%s", <-errorLog)
	}, known: "net/http names the function that called WriteHeader, which is a method of AccessLog's wrapper"},
}

// report returns a handler that notes what it sees of the request, and answers.
func (s *stage) report() http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		s.note("%s %s %s host %s path %q length %d %v close %v", r.Method, r.RequestURI, r.Proto, r.Host, r.URL.Path, r.ContentLength, r.TransferEncoding, r.Close)
		s.note("body of %d, sum %x, error %v, trailer %s", len(got), crc32.ChecksumIEEE(got), err, listed(r.Trailer))
		_, deadline := r.Context().Deadline()
		s.note("server %v, deadline %v, TLS %v", r.Context().Value(http.ServerContextKey) != nil, deadline, r.TLS != nil)
		io.WriteString(w, "answer")
	}
}

// untilDone waits for the end of r's context, but not longer than the time patience.
func untilDone(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-time.After(patience):
	}
}

// late(s) returns a handler that waits for the deadline, and then writes until a Write fails. The
// channel is closed when the handler is done.
func late(s *stage) (http.HandlerFunc, <-chan struct{}) {
	told := make(chan struct{})
	return func(w http.ResponseWriter, r *http.Request) {
		defer close(told)
		untilDone(r)
		for begin := time.Now(); time.Since(begin) < patience; { // until TimeoutHandler has noticed the deadline too
			if _, err := io.WriteString(w, "late"); err != nil {
				s.note("%v, %v", r.Context().Err(), err)
				return
			}
			runtime.Gosched()
		}
	}, told
}

// The method proxied sends a request through a reverse proxy to a backend. The proxy is the
// handler inside the middleware under test. When the backend has sent a part of the body, it calls
// the function end.
func (s *stage) proxied(end func()) {
	backend := newServer(s.top, "h1", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</a>")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Trailer", "X-End")
		io.WriteString(w, "part")
		w.(http.Flusher).Flush()
		end()
		w.Header().Set("X-End", "yes")
	}))
	target, err := url.Parse(backend.URL)
	require.NoError(s, err)
	s.get(s.serve((&httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport:     backend.Client().Transport,
		FlushInterval: -1,
		ErrorLog:      backend.Config.ErrorLog,
	}).ServeHTTP))
}
