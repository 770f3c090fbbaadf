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

// neighbours are middleware that nobody should write and somebody has.
func neighbours() map[string]func(next http.Handler) http.Handler {
	before := func(f func(w http.ResponseWriter, r *http.Request)) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				f(w, r)
				next.ServeHTTP(w, r)
			})
		}
	}
	after := func(f func(w http.ResponseWriter, r *http.Request)) func(http.Handler) http.Handler {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(w, r)
				f(w, r)
			})
		}
	}
	dropTrace := func(_ http.ResponseWriter, r *http.Request) {
		for _, name := range traceHeaders {
			delete(r.Header, name)
		}
	}
	return map[string]func(http.Handler) http.Handler{
		"changes header, URL, method, body": before(func(_ http.ResponseWriter, r *http.Request) {
			r.Header.Set("User-Agent", "changed")
			r.Header["Accept"] = append(r.Header["Accept"], "x/y")
			r.URL.Path, r.URL, r.Method = "/changed", &url.URL{Path: "/other"}, http.MethodPut
			r.Body, r.ContentLength, r.RemoteAddr = io.NopCloser(strings.NewReader("changed")), 7, "192.0.2.9:9"
		}),
		"changes them afterwards": after(func(_ http.ResponseWriter, r *http.Request) {
			r.Header.Set("User-Agent", "changed")
			r.URL.Path, r.Method, r.Body = "/changed", http.MethodPut, nil
		}),
		"deletes the trace headers":            before(dropTrace),
		"deletes the trace headers afterwards": after(dropTrace),
		"sets r.Header, r.URL and r.Form to nil": after(func(_ http.ResponseWriter, r *http.Request) {
			r.Header, r.URL, r.Form = nil, nil, nil
		}),
		"passes on context.Background()": func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(w, r.WithContext(context.Background()))
			})
		},
		"overwrites the request with one in context.Background()": before(func(_ http.ResponseWriter, r *http.Request) {
			*r = *r.WithContext(context.Background())
		}),
		"hides the ResponseWriter": func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(struct{ http.ResponseWriter }{w}, r)
			})
		},
		"calls next twice": func(next http.Handler) http.Handler {
			return before(next.ServeHTTP)(next)
		},
		"never calls next": func(http.Handler) http.Handler { return http.HandlerFunc(http.NotFound) },
		"flushes early":    before(func(w http.ResponseWriter, _ *http.Request) { http.NewResponseController(w).Flush() }),
		"writes the header twice": before(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusAccepted)
			w.WriteHeader(http.StatusTeapot)
		}),
		"writes after next": after(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			io.WriteString(w, "more")
		}),
		"clears the response header": after(func(w http.ResponseWriter, _ *http.Request) { clear(w.Header()) }),
		"closes the body twice": before(func(_ http.ResponseWriter, r *http.Request) {
			r.Body.Close()
			r.Body.Close()
		}),
		"reads the body before": before(func(_ http.ResponseWriter, r *http.Request) { io.ReadAll(r.Body) }),
		"swaps the pattern":     before(func(_ http.ResponseWriter, r *http.Request) { r.Pattern = "GET /swapped" }),
		"sets a form":           after(func(_ http.ResponseWriter, r *http.Request) { r.MultipartForm = &multipart.Form{} }),
		"panics before":         before(func(http.ResponseWriter, *http.Request) { panic("before") }),
		"panics after":          after(func(http.ResponseWriter, *http.Request) { panic("after") }),
		"swallows panics": func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer func() { recover() }()
				before(func(http.ResponseWriter, *http.Request) { panic("swallowed") })(next).ServeHTTP(w, r)
			})
		},
	}
}

// copying does to a request what New says it does, and nothing else: a copy for the handler, with
// its own header where the caller's trace is not to be seen, and two fields copied back.
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

// TestTortureNeighbours: whoever stands outside, between and inside, the client gets what it gets
// without us, nobody's request is changed by us, and each call that reaches the access log is one line
// with the ID that it came with.
func TestTortureNeighbours(t *testing.T) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		h := r.Header.Clone()
		for _, name := range traceHeaders {
			delete(h, name)
		}
		fmt.Fprintf(w, "%s %s %s %q %v", r.Method, r.URL, listed(h), text, err)
	})
	seen, lines := 0, 0
	for name, neighbour := range neighbours() {
		for place, at := range []string{"outside", "between", "inside"} {
			for _, setup := range setups()[1:] {
				t.Run(fmt.Sprint(name, ", ", at, ", ", setup.name), func(t *testing.T) {
					var ids []string // that came to the access log
					// chain returns the handler, and where the request is left that New was given.
					chain := func(mw, log func(http.Handler) http.Handler) (http.Handler, **http.Request) {
						places := []func(http.Handler) http.Handler{same, same, same}
						places[place] = neighbour
						given := new(*http.Request)
						noting := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
							ids = append(ids, trace.ID(r.Context()))
							log(places[2](answer)).ServeHTTP(w, r)
						})
						inner := mw(places[1](noting))
						return places[0](http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
							*given = r
							inner.ServeHTTP(w, r)
						})), given
					}
					// result is the answer, and the request that New was given, as it is afterwards.
					result := func(mw, log func(http.Handler) http.Handler) (string, *http.Request) {
						h, given := chain(mw, log)
						r := httptest.NewRequest(http.MethodPost, "http://svc.example/path?q=1", strings.NewReader("body"))
						r.Header = testkit.Header("b3", fromCaller, "User-Agent", "client")
						w := httptest.NewRecorder()
						value := recovered(func() { h.ServeHTTP(w, r) })
						res := w.Result()
						after := *given
						if after != nil {
							after = after.WithContext(context.Background()) // contexts cannot be compared
						}

						// And over a real server, whose requests cannot be compared.
						s := &stage{T: t, top: t, protocol: "h1"}
						s.post(s.serve(h.ServeHTTP), "body")
						return fmt.Sprintf("%s %s %q flushed %v, panic %v\n%s", res.Status, listed(res.Header), w.Body, w.Flushed, value, s.transcript()), after
					}
					wantAnswer, wantAfter := result(copying(setup.trust), same)
					ids = nil
					gotAnswer, gotAfter := result(setup.new, setup.log)
					assert.Equal(t, wantAnswer, gotAnswer, "the answer")
					assert.True(t, reflect.DeepEqual(wantAfter, gotAfter), "the request that New was given, afterwards:\ngot  %+v\nwant %+v", gotAfter, wantAfter)
					seen++

					got := setup.out.Lines(t)
					require.Len(t, got, len(ids), "access lines\n%s", setup.out)
					for i, line := range got {
						lines++
						if ids[i] == "" { // the neighbour has taken away the context before we could see it
							assert.True(t, at == "between" && strings.Contains(name, "context.Background()"), "no ID came to the access log")
							assert.NotContains(t, line, "trace_id", "%v: no ID rather than a wrong one", line)
							continue
						}
						assert.Regexp(t, "^[0-9a-f]{32}$", ids[i], "the ID that came to the access log")
						assert.Equal(t, ids[i], line["trace_id"], "trace_id of %v", line)
					}
				})
			}
		}
	}
	torture.Row(t, "Hostile neighbours", "%d neighbours outside, between and inside: %d times the same answer and the same request left behind, %d lines", len(neighbours()), seen, lines)
}

// TestTortureNeighboursRace: a request that is served by many goroutines at once, and one that a
// neighbour goes on reading after it was answered, are as safe as without us: the race detector is the
// judge.
func TestTortureNeighboursRace(t *testing.T) {
	const goroutines = 64
	calls, requests := torture.Size(50, 1000), torture.Size(20, 500)
	served, lingered := 0, 0
	for _, setup := range setups()[1:] {
		t.Run("one request, "+setup.name, func(t *testing.T) {
			var answered atomic.Int64
			h := setup.wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("User-Agent") == "shared" && trace.ID(r.Context()) != "" && r.Pattern == "" {
					answered.Add(1)
				}
			}))
			r := get(testkit.Header("b3", fromCaller, "User-Agent", "shared"))
			r.MultipartForm = &multipart.Form{} // read further out
			var wg sync.WaitGroup
			for range goroutines {
				wg.Go(func() {
					for range calls {
						h.ServeHTTP(minimal{http.Header{}}, r)
					}
				})
			}
			wg.Wait()
			assert.EqualValues(t, goroutines*calls, answered.Load(), "calls that saw the request, in a trace")
			assert.Equal(t, goroutines*calls, strings.Count(setup.out.String(), "\n"), "access lines")
			served += goroutines * calls
		})
	}
	for _, setup := range setups()[1:] {
		for _, at := range []string{"outside", "between", "inside"} {
			t.Run(fmt.Sprint("a request read afterwards, ", at, ", ", setup.name), func(t *testing.T) {
				var readers sync.WaitGroup
				lingering := func(next http.Handler) http.Handler {
					return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
						started, returned := make(chan struct{}), make(chan struct{})
						readers.Go(func() {
							close(started)
							for after := 0; after < 10; {
								copied := r.WithContext(context.Background()) // reads all of r
								assert.Equal(t, fromCaller, copied.Header.Get("X-Copy"), "a header, read by a neighbour")
								runtime.Gosched()
								select {
								case <-returned:
									after++
								default:
								}
							}
						})
						<-started
						defer close(returned)
						next.ServeHTTP(w, r)
					})
				}
				places := map[string]func(http.Handler) http.Handler{"outside": same, "between": same, "inside": same}
				places[at] = lingering
				srv := newServer(t, "h1", places["outside"](setup.new(places["between"](setup.log(places["inside"](http.HandlerFunc(nop)))))))
				for range requests {
					body(t, send(t, srv, "/", testkit.Header("b3", fromCaller, "X-Copy", fromCaller)))
					lingered++
				}
				readers.Wait()
			})
		}
	}
	torture.Row(t, "Hostile neighbours, concurrency", "%d calls with one request shared by %d goroutines, %d requests read on after their end: no race", served, goroutines, lingered)
}
