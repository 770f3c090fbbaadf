package httpmw_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// routed is the route of one request, on its line and on its span.
type routed struct {
	line, span string // "": there is no route
	name       string // the name of the span
}

// routeOf serves a GET of path with the handler that build makes of New and AccessLog, in a
// server with the protocol. It returns the route that line and span have.
func routeOf(t *testing.T, protocol, path string, provider func() (oteltrace.TracerProvider, func() sdktrace.ReadOnlySpan), build func(mw, log func(http.Handler) http.Handler) http.Handler) (got routed) {
	t.Helper()
	var out testkit.Log
	logger := zerolog.New(&out)
	tp, ended := provider()
	h := build(httpmw.New(httpmw.Config{TracerProvider: tp}), httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger}))
	done := make(chan struct{})
	srv := newServer(t, protocol, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		h.ServeHTTP(w, r)
	}))
	body(t, send(t, srv, path, testkit.Header("b3", id128+"-"+spanID+"-1")))
	<-done
	srv.Close()
	line := out.Line(t)
	got.line, _ = line["route"].(string)
	assert.Equal(t, id128, line["trace_id"], "trace_id of %v", line)
	if s := ended(); s != nil {
		got.name = s.Name()
		attrs := attribute.NewSet(s.Attributes()...)
		v, _ := attrs.Value("http.route")
		got.span = v.AsString()
	}
	return got
}

// recorded() returns an SDK, and a function that returns the span that ended last. unrecorded()
// returns clew's own provider, which records no span.
func recorded() (oteltrace.TracerProvider, func() sdktrace.ReadOnlySpan) {
	sdk, rec := testkit.SDK(sdktrace.AlwaysSample())
	return sdk, func() sdktrace.ReadOnlySpan { return rec.Ended()[len(rec.Ended())-1] }
}

func unrecorded() (oteltrace.TracerProvider, func() sdktrace.ReadOnlySpan) {
	return never(), func() sdktrace.ReadOnlySpan { return nil }
}

// usersMux returns a mux. If setsRoute is true, a handler around the mux calls SetRoute.
func usersMux(setsRoute bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/users/{id}", nop)
	if !setsRoute {
		return mux
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, pattern := mux.Handler(r)
		httpmw.SetRoute(r.Context(), pattern)
		mux.ServeHTTP(w, r)
	})
}

// copiers are kinds of middleware that pass on a copy of the request, as most middleware does.
var copiers = map[string]func(http.Handler) http.Handler{
	"r.WithContext": copies,
	"r.Clone": func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, r.Clone(r.Context())) })
	},
	"http.TimeoutHandler":  func(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Minute, "timeout") },
	"http.MaxBytesHandler": func(h http.Handler) http.Handler { return http.MaxBytesHandler(h, 1<<20) },
	"all of these": func(h http.Handler) http.Handler {
		return http.TimeoutHandler(http.MaxBytesHandler(copies(h), 1<<20), time.Minute, "timeout")
	},
}

// With SetRoute, the route reaches line and span through all copies of the request. Without
// SetRoute, a copy next to the mux hides the route, and line and span have none.
func TestRouteBehindCopies(t *testing.T) {
	const full = "/v1/users/{id}"
	whole := routed{full, full, "GET " + full}
	type builder func(mw, log, x func(http.Handler) http.Handler, mux http.Handler) http.Handler
	for _, tt := range []struct {
		name  string
		build builder
		bare  routed // the route without SetRoute
	}{
		{"New(AccessLog(x(mux)))", func(mw, log, x func(http.Handler) http.Handler, mux http.Handler) http.Handler {
			return mw(log(x(mux)))
		}, routed{"", "", "GET"}},
		{"New(x(AccessLog(mux)))", func(mw, log, x func(http.Handler) http.Handler, mux http.Handler) http.Handler {
			return mw(x(log(mux)))
		}, whole},
		{"New(x(AccessLog(x(mux))))", func(mw, log, x func(http.Handler) http.Handler, mux http.Handler) http.Handler {
			return mw(x(log(x(mux))))
		}, routed{"", "", "GET"}},
		{"x(New(AccessLog(mux)))", func(mw, log, x func(http.Handler) http.Handler, mux http.Handler) http.Handler {
			return x(mw(log(mux)))
		}, whole},
		{"AccessLog(New(x(mux)))", func(mw, log, x func(http.Handler) http.Handler, mux http.Handler) http.Handler {
			return log(mw(x(mux)))
		}, routed{"", "", "GET"}},
		{"AccessLog(x(New(mux)))", func(mw, log, x func(http.Handler) http.Handler, mux http.Handler) http.Handler {
			return log(x(mw(mux)))
		}, whole},
		{"AccessLog(x(New(x(mux))))", func(mw, log, x func(http.Handler) http.Handler, mux http.Handler) http.Handler {
			return log(x(mw(x(mux))))
		}, routed{"", "", "GET"}},
	} {
		for name, x := range copiers {
			for _, protocol := range protocols {
				t.Run(strings.ReplaceAll(tt.name, "x", name)+" over "+protocol, func(t *testing.T) {
					for _, said := range []bool{false, true} {
						want := tt.bare
						if said {
							want = whole
						}
						build := func(mw, log func(http.Handler) http.Handler) http.Handler {
							return tt.build(mw, log, x, usersMux(said))
						}
						assert.Equal(t, want, routeOf(t, protocol, "/v1/users/7", recorded, build), "SetRoute %v, recorded", said)
						want.span, want.name = "", ""
						assert.Equal(t, want, routeOf(t, protocol, "/v1/users/7", unrecorded, build), "SetRoute %v, not recorded", said)
					}
				})
			}
		}
	}
}

// If the router left r.Pattern empty, New puts the route that SetRoute was given into the
// r.Pattern that SpanName sees.
func TestRouteSpanName(t *testing.T) {
	for _, tt := range []struct {
		name string
		said bool
		wrap func(http.Handler) http.Handler
		want string
	}{
		{"r.Pattern is set", false, same, "serve GET /v1/users/{id}"},
		{"SetRoute was called", true, copies, "serve /v1/users/{id}"},
		{"there is no route", false, copies, "serve "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sdk, rec := testkit.SDK(sdktrace.AlwaysSample())
			r := httptest.NewRequest(http.MethodGet, "/v1/users/7", nil)
			serve(httpmw.New(httpmw.Config{TracerProvider: sdk, SpanName: func(r *http.Request) string { return "serve " + r.Pattern }})(tt.wrap(usersMux(tt.said))), r)
			assert.Equal(t, tt.want, rec.Ended()[0].Name())
		})
	}
}

// Of two New or two AccessLog, the inner one passes the route on to the outer one.
func TestRouteTwice(t *testing.T) {
	const full = "/v1/users/{id}"
	for name, build := range map[string]func(mw, log func(http.Handler) http.Handler, mux http.Handler) http.Handler{
		"New(AccessLog(copy(New(copy(mux)))))": func(mw, log func(http.Handler) http.Handler, mux http.Handler) http.Handler {
			return mw(log(copies(httpmw.New(httpmw.Config{})(copies(mux)))))
		},
		"New(copy(New(AccessLog(copy(mux)))))": func(mw, log func(http.Handler) http.Handler, mux http.Handler) http.Handler {
			return mw(copies(httpmw.New(httpmw.Config{})(log(copies(mux)))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := routeOf(t, "h1", "/v1/users/7", recorded, func(mw, log func(http.Handler) http.Handler) http.Handler { return build(mw, log, usersMux(true)) })
			assert.Equal(t, routed{full, full, "GET " + full}, got)
		})
	}
	t.Run("AccessLog(New(copy(AccessLog(mux))))", func(t *testing.T) {
		discard := zerolog.Nop()
		inner := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &discard})
		for _, provider := range []func() (oteltrace.TracerProvider, func() sdktrace.ReadOnlySpan){recorded, unrecorded} {
			got := routeOf(t, "h1", "/v1/users/7", provider, func(mw, log func(http.Handler) http.Handler) http.Handler {
				return log(mw(copies(inner(usersMux(false)))))
			})
			assert.Equal(t, full, got.line)
		}
	})
}

// Without New, an inner AccessLog passes the route on to the outer AccessLog.
func TestRouteWithoutNew(t *testing.T) {
	var out testkit.Log
	outer, inner := zerolog.New(&out), zerolog.Nop()
	h := httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &outer})(copies(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &inner})(usersMux(false))))
	r := httptest.NewRequest(http.MethodGet, "/v1/users/7", nil)
	serve(h, r)
	assert.Equal(t, "/v1/users/{id}", out.Line(t)["route"])
}

// To serve its request, a handler may make other requests in the same context, and serve them
// itself. Each of them has a route of its own.
func TestRouteOfRequestsWithin(t *testing.T) {
	for name, wrap := range map[string]func(log func(http.Handler) http.Handler, mux http.Handler) http.Handler{
		"AccessLog within": func(log func(http.Handler) http.Handler, mux http.Handler) http.Handler { return log(mux) },
		"New and AccessLog": func(log func(http.Handler) http.Handler, mux http.Handler) http.Handler {
			return httpmw.New(httpmw.Config{})(log(mux))
		},
		"AccessLog and New": func(log func(http.Handler) http.Handler, mux http.Handler) http.Handler {
			return log(httpmw.New(httpmw.Config{})(mux))
		},
		"New, AccessLog, a copy": func(log func(http.Handler) http.Handler, mux http.Handler) http.Handler {
			return httpmw.New(httpmw.Config{})(log(copies(mux)))
		},
	} {
		for how, made := range map[string]func(ctx context.Context) (*http.Request, error){
			"http.NewRequest": func(ctx context.Context) (*http.Request, error) {
				return http.NewRequestWithContext(ctx, http.MethodGet, "/v1/users/7", nil)
			},
			"http.ReadRequest": func(ctx context.Context) (*http.Request, error) { // as for a batch in multipart/mixed
				r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET /v1/users/7 HTTP/1.1\r\nHost: svc.example\r\n\r\n")))
				return r.WithContext(ctx), err
			},
		} {
			t.Run(name+", by "+how, func(t *testing.T) {
				var inner testkit.Log
				logger := zerolog.New(&inner)
				within := wrap(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger}), usersMux(true))
				got := routeOf(t, "h1", "/batch", recorded, func(mw, log func(http.Handler) http.Handler) http.Handler {
					mux := http.NewServeMux()
					mux.HandleFunc("/batch", func(w http.ResponseWriter, r *http.Request) {
						sub, err := made(r.Context())
						assert.NoError(t, err)
						within.ServeHTTP(w, sub)
					})
					return mw(log(mux))
				})
				assert.Equal(t, routed{"/batch", "/batch", "GET /batch"}, got)
				assert.Equal(t, "/v1/users/{id}", inner.Line(t)["route"], "route of the inner request's line")
				assert.Equal(t, id128, inner.Line(t)["trace_id"], "trace_id of the inner request's line")
			})
		}
	}
}

// Behind http.StripPrefix a pattern is only the end of the route. So a New or an AccessLog
// outside of http.StripPrefix does not write the pattern.
func TestRoutePrefix(t *testing.T) {
	sub := http.NewServeMux()
	sub.HandleFunc("GET /users/{id}", nop)
	for name, tt := range map[string]struct {
		build func(mw, log func(http.Handler) http.Handler) http.Handler
		want  routed
	}{
		"New(strip(AccessLog(mux)))": {func(mw, log func(http.Handler) http.Handler) http.Handler {
			return mw(http.StripPrefix("/v1", log(sub)))
		}, routed{"/users/{id}", "", "GET"}}, // AccessLog sees the stripped path, and writes its route
		"AccessLog(strip(New(mux)))": {func(mw, log func(http.Handler) http.Handler) http.Handler {
			return log(http.StripPrefix("/v1", mw(sub)))
		}, routed{"", "/users/{id}", "GET /users/{id}"}}, // New sees the stripped path, and writes its route
		"strip(New(AccessLog(mux)))": {func(mw, log func(http.Handler) http.Handler) http.Handler {
			return http.StripPrefix("/v1", mw(log(sub)))
		}, routed{"/users/{id}", "/users/{id}", "GET /users/{id}"}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, tt.want, routeOf(t, "h1", "/v1/users/7", recorded, tt.build))
		})
	}
	t.Run("a request that this process has made, with SetRoute", func(t *testing.T) {
		sdk, rec := testkit.SDK(sdktrace.AlwaysSample())
		discard := zerolog.Nop()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/users/7", nil)
		assert.NoError(t, err)
		serve(httpmw.New(httpmw.Config{TracerProvider: sdk})(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &discard})(copies(usersMux(true)))), r)
		assert.Equal(t, "GET /v1/users/{id}", rec.Ended()[0].Name())
	})
	t.Run("a request that this process has made, without SetRoute", func(t *testing.T) {
		sdk, rec := testkit.SDK(sdktrace.AlwaysSample())
		discard := zerolog.Nop()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/users/7", nil)
		assert.NoError(t, err)
		serve(httpmw.New(httpmw.Config{TracerProvider: sdk})(copies(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &discard})(usersMux(false)))), r)
		assert.Equal(t, "GET /v1/users/{id}", rec.Ended()[0].Name())
	})
	t.Run("a path that was rewritten", func(t *testing.T) {
		lower := func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				r = r.Clone(r.Context())
				r.URL.Path = strings.ToLower(r.URL.Path)
				next.ServeHTTP(w, r)
			})
		}
		got := routeOf(t, "h1", "/V1/Users/7", recorded, func(mw, log func(http.Handler) http.Handler) http.Handler {
			return mw(lower(log(usersMux(false))))
		})
		assert.Equal(t, routed{"/v1/users/{id}", "/v1/users/{id}", "GET /v1/users/{id}"}, got)
	})
	t.Run("a path that is escaped in another way", func(t *testing.T) {
		got := routeOf(t, "h1", "/v1/users/%37?q=1", recorded, func(mw, log func(http.Handler) http.Handler) http.Handler {
			return mw(copies(log(usersMux(false))))
		})
		assert.Equal(t, "/v1/users/{id}", got.span)
	})
}

func TestSetRoute(t *testing.T) {
	for _, tt := range []struct {
		name string
		said []string
		want string
	}{
		{"none", nil, ""},
		{"empty", []string{""}, ""},
		{"a method alone", []string{"GET "}, ""},
		{"a template", []string{"/users/{id}"}, "/users/{id}"},
		{"with a method", []string{"GET \t/users/{id}"}, "/users/{id}"},
		{"with a host", []string{"GET svc.example/users/{id}"}, "svc.example/users/{id}"},
		{"a tab after the method", []string{"GET\t/users/{id}"}, "/users/{id}"},
		{"no method, and a space", []string{"/users/{id:[0-9 ]+}/edit"}, "/users/{id:[0-9 ]+}/edit"},
		{"a method, and a space", []string{"GET /users/{id:[0-9 ]+}/edit"}, "/users/{id:[0-9 ]+}/edit"},
		{"a subtree", []string{"/files/"}, "/files/"},
		{"a template that ends in a star", []string{"/files/*"}, ""},
		{"the inner router first", []string{"/v1/users/{id}", "/v1/*"}, "/v1/users/{id}"},
		{"the outer router first", []string{"/v1/*", "/v1/users/{id}"}, "/v1/users/{id}"},
		{"the inner router first, a longer subtree", []string{"/v1/x", "/v1/{everything_else...}"}, "/v1/x"},
		{"the outer router first, a longer subtree", []string{"/v1/{everything_else...}", "/v1/x"}, "/v1/x"},
		{"subtrees", []string{"/v1/users/", "/v1/"}, "/v1/users/"},
		{"a long host", []string{"very.long.host.example.com/v1", "/v1/users/{id}"}, "/v1/users/{id}"},
		{"of two equally long, the first", []string{"/a", "/b"}, "/a"},
		{"too long", []string{strings.Repeat("x", 9000)}, strings.Repeat("x", 8000) + "…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, provider := range []func() (oteltrace.TracerProvider, func() sdktrace.ReadOnlySpan){recorded, unrecorded} {
				got := routeOf(t, "h1", "/", provider, func(mw, log func(http.Handler) http.Handler) http.Handler {
					return mw(log(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
						var wg sync.WaitGroup
						for _, template := range tt.said {
							wg.Go(func() { httpmw.SetRoute(context.WithValue(r.Context(), strangeKey{}, 1), template) })
							wg.Wait()
						}
					})))
				})
				assert.Equal(t, tt.want, got.line, "route of the line")
				if got.name != "" {
					assert.Equal(t, tt.want, got.span, "route of the span")
				}
			}
		})
	}
	t.Run("a context without a request", func(t *testing.T) {
		var none context.Context
		httpmw.SetRoute(none, "/users/{id}")
		httpmw.SetRoute(t.Context(), "/users/{id}")
	})
	t.Run("SetRoute outranks the pattern of the request", func(t *testing.T) {
		got := routeOf(t, "h1", "/v1/users/7", recorded, func(mw, log func(http.Handler) http.Handler) http.Handler {
			mux := http.NewServeMux()
			mux.HandleFunc("/v1/users/{id}", func(_ http.ResponseWriter, r *http.Request) { httpmw.SetRoute(r.Context(), "/{+}") })
			return mw(log(mux))
		})
		assert.Equal(t, routed{"/{+}", "/{+}", "GET /{+}"}, got)
	})
	t.Run("many goroutines", func(t *testing.T) {
		got := routeOf(t, "h1", "/", recorded, func(mw, log func(http.Handler) http.Handler) http.Handler {
			return mw(log(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				var wg sync.WaitGroup
				for i := range 64 {
					wg.Go(func() { httpmw.SetRoute(r.Context(), strings.Repeat("x", i)) })
				}
				wg.Wait()
			})))
		})
		assert.Equal(t, strings.Repeat("x", 63), got.line)
	})
}
