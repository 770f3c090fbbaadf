package httpmw_test

import (
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/internal/torture"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// neighbours are kinds of faulty middleware that some programs have.
var neighbours = map[string]func(next http.Handler) http.Handler{
	"changes header, URL, method, body": doBefore(func(_ http.ResponseWriter, r *http.Request) {
		r.Header.Set("User-Agent", "changed")
		r.Header["Accept"] = append(r.Header["Accept"], "x/y")
		r.URL.Path, r.URL, r.Method = "/changed", &url.URL{Path: "/other"}, http.MethodPut
		r.Body, r.ContentLength, r.RemoteAddr = io.NopCloser(strings.NewReader("changed")), 7, "192.0.2.9:9"
	}),
	"changes header, URL, method, body afterwards": doAfter(func(_ http.ResponseWriter, r *http.Request) {
		r.Header.Set("User-Agent", "changed")
		r.URL.Path, r.Method, r.Body = "/changed", http.MethodPut, nil
	}),
	"deletes the trace headers":            doBefore(dropTrace),
	"deletes the trace headers afterwards": doAfter(dropTrace),
	"sets r.Header, r.URL and r.Form to nil": doAfter(func(_ http.ResponseWriter, r *http.Request) {
		r.Header, r.URL, r.Form = nil, nil, nil
	}),
	"passes on context.Background()": func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r.WithContext(context.Background()))
		})
	},
	"overwrites the request with one in context.Background()": doBefore(func(_ http.ResponseWriter, r *http.Request) {
		*r = *r.WithContext(context.Background())
	}),
	"hides the ResponseWriter": func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(struct{ http.ResponseWriter }{w}, r)
		})
	},
	"calls next twice": func(next http.Handler) http.Handler {
		return doBefore(next.ServeHTTP)(next)
	},
	"never calls next": func(http.Handler) http.Handler { return http.HandlerFunc(http.NotFound) },
	"flushes early":    doBefore(func(w http.ResponseWriter, _ *http.Request) { http.NewResponseController(w).Flush() }),
	"writes the header twice": doBefore(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		w.WriteHeader(http.StatusTeapot)
	}),
	"writes after next": doAfter(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "more")
	}),
	"clears the response header": doAfter(func(w http.ResponseWriter, _ *http.Request) { clear(w.Header()) }),
	"closes the body twice": doBefore(func(_ http.ResponseWriter, r *http.Request) {
		r.Body.Close()
		r.Body.Close()
	}),
	"reads the body before next": doBefore(func(_ http.ResponseWriter, r *http.Request) { io.ReadAll(r.Body) }),
	"sets another pattern":       doBefore(func(_ http.ResponseWriter, r *http.Request) { r.Pattern = "GET /swapped" }),
	"sets a form":                doAfter(func(_ http.ResponseWriter, r *http.Request) { r.MultipartForm = &multipart.Form{} }),
	"panics before next":         doBefore(func(http.ResponseWriter, *http.Request) { panic("before") }),
	"panics after next":          doAfter(func(http.ResponseWriter, *http.Request) { panic("after") }),
	"swallows panics": func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			defer func() { recover() }()
			doBefore(func(http.ResponseWriter, *http.Request) { panic("swallowed") })(next).ServeHTTP(w, r)
		})
	},
}

// doBefore returns middleware that calls f before the next handler. The middleware of doAfter
// calls f after the next handler.
func doBefore(f http.HandlerFunc) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			f(w, r)
			next.ServeHTTP(w, r)
		})
	}
}

func doAfter(f http.HandlerFunc) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			f(w, r)
		})
	}
}

func dropTrace(_ http.ResponseWriter, r *http.Request) {
	for _, name := range traceHeaders {
		delete(r.Header, name)
	}
}

// copying(trust) returns middleware that treats a request as New's documentation says, and does
// nothing else. The handler gets a copy, with a copied header too if the caller is not believed.
// Pattern and MultipartForm are copied back.
func copying(trust httpmw.Trust) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen := r.WithContext(r.Context())
			if trust != httpmw.TrustAll && r.Header.Get("b3") != "" {
				seen.Header = r.Header.Clone()
			}
			defer func() { r.Pattern, r.MultipartForm = seen.Pattern, seen.MultipartForm }()
			next.ServeHTTP(w, seen)
		})
	}
}

// TestTortureNeighbours: a neighbour is outside of New, between New and AccessLog, or inside of
// both. The client gets the same answer as without clew, and clew does not change the neighbour's
// request. Each call that reaches AccessLog gets one line, with the ID that the call's context
// has there.
func TestTortureNeighbours(t *testing.T) {
	seen, lines := 0, 0
	for name, neighbour := range neighbours {
		for _, place := range []string{"outside", "between", "inside"} {
			for _, setup := range setups()[1:] {
				t.Run(fmt.Sprint(name, ", ", place, ", ", setup.name), func(t *testing.T) {
					n := &nearby{T: t, neighbour: neighbour, place: place}
					wantAnswer, wantLeft := n.play(copying(setup.trust), same)
					n.ids = nil
					gotAnswer, gotLeft := n.play(setup.new, setup.log)
					assert.Equal(t, wantAnswer, gotAnswer, "the answer")
					assert.True(t, reflect.DeepEqual(wantLeft, gotLeft), "the request that New was given, afterwards:\ngot  %+v\nwant %+v", gotLeft, wantLeft)
					seen++

					got := setup.out.Lines(t)
					require.Len(t, got, len(n.ids), "access lines\n%s", setup.out)
					for i, line := range got {
						lines++
						if n.ids[i] == "" { // the neighbour has replaced the context before the call came to AccessLog
							assert.True(t, place == "between" && strings.Contains(name, "context.Background()"), "AccessLog got a context without an ID: only a neighbour between New and AccessLog that replaces the context may cause this")
							assert.NotContains(t, line, "trace_id", "line %v: no ID is better than a wrong one", line)
							continue
						}
						assert.Regexp(t, "^[0-9a-f]{32}$", n.ids[i], "the ID in the context that AccessLog got")
						assert.Equal(t, n.ids[i], line["trace_id"], "trace_id of %v", line)
					}
				})
			}
		}
	}
	torture.Row(t, "Hostile neighbours", "%d neighbours outside, between and inside: %d times the same answer, and the same request afterwards; %d lines", len(neighbours), seen, lines)
}

// nearby is the test of one neighbour in one place.
type nearby struct {
	*testing.T
	neighbour func(http.Handler) http.Handler
	place     string
	ids       []string // trace IDs of the requests that came to AccessLog
}

// The method at returns the neighbour if place is the neighbour's place. Otherwise it returns
// middleware that does nothing.
func (n *nearby) at(place string) func(http.Handler) http.Handler {
	if place == n.place {
		return n.neighbour
	}
	return same
}

// play sends a request to a handler. It returns the answer, and the request that New was given,
// as it is afterwards.
func (n *nearby) play(mw, log func(http.Handler) http.Handler) (answer string, left *http.Request) {
	var given *http.Request
	inner := mw(n.at("between")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.ids = append(n.ids, trace.ID(r.Context()))
		log(n.at("inside")(http.HandlerFunc(echo))).ServeHTTP(w, r)
	})))
	h := n.at("outside")(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given = r
		inner.ServeHTTP(w, r)
	}))

	r := httptest.NewRequest(http.MethodPost, "http://svc.example/path?q=1", strings.NewReader("body"))
	r.Header = testkit.Header("b3", fromCaller, "User-Agent", "client")
	w := httptest.NewRecorder()
	value := recovered(func() { h.ServeHTTP(w, r) })
	res := w.Result()
	if given != nil {
		left = given.WithContext(context.Background()) // contexts cannot be compared
	}

	// The same handler is called in a real server, too. There only the transcripts are compared,
	// since a server's requests cannot be.
	s := &stage{T: n.T, top: n.T, protocol: "h1"}
	s.post(s.serve(h.ServeHTTP), "body")
	return fmt.Sprintf("%s %s %q flushed %v, panic %v\n%s", res.Status, listed(res.Header), w.Body, w.Flushed, value, s.transcript()), left
}

// echo answers with the request that it sees, without the trace headers.
func echo(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	h := r.Header.Clone()
	for _, name := range traceHeaders {
		delete(h, name)
	}
	fmt.Fprintf(w, "%s %s %s %q %v", r.Method, r.URL, listed(h), text, err)
}

// TestTortureNeighboursRace: many goroutines serve one request at the same time, and a neighbour
// still reads a request after it was answered. The race detector finds no race.
func TestTortureNeighboursRace(t *testing.T) {
	goroutines, calls, requests := 64, torture.Size(50, 1000), torture.Size(20, 500)
	served, lingered := 0, 0
	for _, setup := range setups()[1:] {
		t.Run("one request, "+setup.name, func(t *testing.T) {
			shareRequest(t, setup, goroutines, calls)
			served += goroutines * calls
		})
		for _, place := range []string{"outside", "between", "inside"} {
			t.Run(fmt.Sprint("a request read afterwards, ", place, ", ", setup.name), func(t *testing.T) {
				lingerOver(t, setup, place, requests)
				lingered += requests
			})
		}
	}
	torture.Row(t, "Hostile neighbours, concurrency", "%d calls with one request shared by %d goroutines, %d requests that are still read after their end: no race", served, goroutines, lingered)
}

// shareRequest calls a handler with one request from all goroutines.
func shareRequest(t *testing.T, setup setup, goroutines, calls int) {
	var answered atomic.Int64
	h := setup.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("User-Agent") == "shared" && trace.ID(r.Context()) != "" && r.Pattern == "" {
			answered.Add(1)
		}
	}))
	r := get(testkit.Header("b3", fromCaller, "User-Agent", "shared"))
	// All copies of r have this form, so giveBack must not write the field.
	r.MultipartForm = &multipart.Form{}
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range calls {
				h.ServeHTTP(minimal{http.Header{}}, r)
			}
		})
	}
	wg.Wait()
	assert.EqualValues(t, goroutines*calls, answered.Load(), "calls that saw the shared request in a trace")
	assert.Equal(t, goroutines*calls, strings.Count(setup.out.String(), "\n"), "access lines")
}

// lingerOver sends requests through a neighbour. The neighbour reads each request until the
// handler has returned, and ten times more.
func lingerOver(t *testing.T, setup setup, place string, requests int) {
	var readers sync.WaitGroup
	n := &nearby{T: t, place: place, neighbour: func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			started, returned := make(chan struct{}), make(chan struct{})
			readers.Go(func() {
				close(started)
				for more := 0; more < 10; {
					copied := r.WithContext(context.Background()) // reads all of r
					assert.Equal(t, fromCaller, copied.Header.Get("X-Copy"), "a header, read by a neighbour")
					runtime.Gosched()
					select {
					case <-returned:
						more++
					default:
					}
				}
			})
			<-started
			defer close(returned)
			next.ServeHTTP(w, r)
		})
	}}
	srv := newServer(t, "h1", n.at("outside")(setup.new(n.at("between")(setup.log(n.at("inside")(http.HandlerFunc(nop)))))))
	for range requests {
		body(t, send(t, srv, "/", testkit.Header("b3", fromCaller, "X-Copy", fromCaller)))
	}
	readers.Wait()
}
