package adapters_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/gorilla/mux"
	"github.com/labstack/echo/v5"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
)

// routers are handlers for GET /v1/media/{id}. Each router has its own syntax for the route, and
// sets the route with SetRoute.
var routers = []struct {
	name, route string
	router      func() http.Handler
}{
	{"ServeMux", "/v1/media/{id}", func() http.Handler {
		mux := http.NewServeMux()
		mux.HandleFunc("GET /v1/media/{id}", func(http.ResponseWriter, *http.Request) {})
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, pattern := mux.Handler(r)
			httpmw.SetRoute(r.Context(), pattern)
			mux.ServeHTTP(w, r)
		})
	}},
	{"chi", "/v1/media/{id}", func() http.Handler {
		router := chi.NewRouter()
		router.Use(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				route := chi.RouteContext(r.Context())
				defer func() { httpmw.SetRoute(r.Context(), route.RoutePattern()) }()
				next.ServeHTTP(w, r)
			})
		})
		router.Route("/v1", func(r chi.Router) {
			r.Use(middleware.RequestID)
			r.Get("/media/{id}", func(http.ResponseWriter, *http.Request) {})
		})
		return router
	}},
	{"gorilla", "/v1/media/{id:[0-9]+}", func() http.Handler {
		router := mux.NewRouter()
		router.Use(func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				template, _ := mux.CurrentRoute(r).GetPathTemplate()
				httpmw.SetRoute(r.Context(), template)
				next.ServeHTTP(w, r)
			})
		})
		sub := router.PathPrefix("/v1").Subrouter()
		sub.HandleFunc("/media/{id:[0-9]+}", func(http.ResponseWriter, *http.Request) {})
		return router
	}},
	{"gin", "/v1/media/:id", func() http.Handler {
		engine := gin.New()
		engine.Use(func(c *gin.Context) {
			httpmw.SetRoute(c.Request.Context(), c.FullPath())
		})
		engine.Group("/v1").GET("/media/:id", func(*gin.Context) {})
		return engine
	}},
	{"echo", "/v1/media/:id", func() http.Handler {
		e := echo.New()
		e.Use(func(next echo.HandlerFunc) echo.HandlerFunc {
			return func(c *echo.Context) error {
				httpmw.SetRoute(c.Request().Context(), c.Path())
				return next(c)
			}
		})
		e.Group("/v1").GET("/media/:id", func(c *echo.Context) error { return c.NoContent(http.StatusOK) })
		return e
	}},
}

// accessLine sends a GET request for path to a real server. The function build makes the server's
// handler from two middlewares: traced comes from New, and logged from AccessLog. It returns the
// status that the client got, the access line, and the route of the span.
func accessLine(t *testing.T, path string, build func(traced, logged func(http.Handler) http.Handler) http.Handler) (status int, line map[string]any, route string) {
	t.Helper()
	sdk, recorder := testkit.SDK(nil)
	var out bytes.Buffer
	logger := zerolog.New(zerolog.SyncWriter(&out))
	server := httptest.NewServer(build(httpmw.New(httpmw.Config{TracerProvider: sdk}), httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger})))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+path, nil)
	require.NoError(t, err)
	r.Header.Set("b3", id64+"-"+spanID+"-1")
	resp, err := server.Client().Do(r)
	require.NoError(t, err)
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	server.Close() // the handler has returned
	line = testkit.TakeLine(t, &out)
	assert.Equal(t, id64, line["trace_id"])
	require.Len(t, recorder.Ended(), 1, "number of spans")
	attrs := attribute.NewSet(recorder.Ended()[0].Attributes()...)
	v, _ := attrs.Value("http.route")
	return resp.StatusCode, line, v.AsString()
}

// copies is middleware that passes a copy of the request to next, as nearly all middleware does.
func copies(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// The access line and the span have the route, even if middleware outside of the router copies the
// request.
func TestRoutes(t *testing.T) {
	for _, tt := range routers {
		for name, between := range map[string]func(http.Handler) http.Handler{
			"nothing":              func(h http.Handler) http.Handler { return h },
			"r.WithContext":        copies,
			"http.TimeoutHandler":  func(h http.Handler) http.Handler { return http.TimeoutHandler(h, time.Minute, "") },
			"http.MaxBytesHandler": func(h http.Handler) http.Handler { return http.MaxBytesHandler(h, 1<<20) },
		} {
			t.Run(tt.name+" behind "+name, func(t *testing.T) {
				status, line, route := accessLine(t, "/v1/media/7", func(traced, logged func(http.Handler) http.Handler) http.Handler {
					return traced(logged(between(tt.router())))
				})
				assert.Equal(t, 200, status)
				assert.Equal(t, tt.route, line["route"], "route of the line %v", line)
				assert.Equal(t, tt.route, route, "http.route of the span")

				for _, nowhere := range []string{"/nowhere", "/v1/nowhere"} {
					status, line, route = accessLine(t, nowhere, func(traced, logged func(http.Handler) http.Handler) http.Handler {
						return traced(logged(between(tt.router())))
					})
					assert.Equal(t, 404, status)
					assert.NotContains(t, line, "route", "access line of a request that matches no route")
					assert.Empty(t, route, "http.route of the span")
				}
			})
		}
	}
}

// Each router of chi sets its pattern on the request that it gets. Without SetRoute, New and
// AccessLog know the route only if they have this same request, and not a copy.
func TestRouteChi(t *testing.T) {
	says := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(w, r)
			httpmw.SetRoute(r.Context(), chi.RouteContext(r.Context()).RoutePattern())
		})
	}
	nop := func(http.ResponseWriter, *http.Request) {}
	const full = "/v1/users/{id}"
	auth := copies
	for _, tt := range []struct {
		name  string
		bare  string // the route without SetRoute
		build func(r chi.Router)
	}{
		{"plain", full, func(r chi.Router) { r.Get(full, nop) }},
		{"Recoverer", full, func(r chi.Router) { r.Use(middleware.Recoverer); r.Get(full, nop) }},
		{"Timeout", "", func(r chi.Router) { r.Use(middleware.Timeout(time.Minute)); r.Get(full, nop) }},
		{"RequestID", "", func(r chi.Router) { r.Use(middleware.RequestID); r.Get(full, nop) }},
		{"a sub-router", full, func(r chi.Router) { r.Route("/v1", func(r chi.Router) { r.Get("/users/{id}", nop) }) }},
		{"a sub-router behind auth", "", func(r chi.Router) {
			r.Route("/v1", func(r chi.Router) { r.Use(auth); r.Get("/users/{id}", nop) })
		}},
		{"a sub-router's group behind auth", full, func(r chi.Router) {
			// The pattern is set before auth copies the request.
			r.Route("/v1", func(r chi.Router) { r.With(auth).Get("/users/{id}", nop) })
		}},
		{"mounted handler behind auth", "", func(r chi.Router) {
			sub := chi.NewRouter()
			sub.Use(auth)
			sub.Get("/users/{id}", nop)
			r.Mount("/v1", auth(sub))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			check := func(want, place string, build func(traced, logged func(http.Handler) http.Handler) http.Handler) {
				_, line, route := accessLine(t, "/v1/users/7", build)
				got, _ := line["route"].(string)
				assert.Equal(t, want, got, "route of the line, %s", place)
				assert.Equal(t, want, route, "http.route of the span, %s", place)
			}
			check(tt.bare, "New and AccessLog inside of chi", func(traced, logged func(http.Handler) http.Handler) http.Handler {
				r := chi.NewRouter()
				r.Use(traced, logged)
				tt.build(r)
				return r
			})
			check(full, "New and AccessLog inside of chi, with SetRoute", func(traced, logged func(http.Handler) http.Handler) http.Handler {
				r := chi.NewRouter()
				r.Use(traced, logged, says)
				tt.build(r)
				return r
			})
			check(full, "New and AccessLog outside of chi, SetRoute inside", func(traced, logged func(http.Handler) http.Handler) http.Handler {
				r := chi.NewRouter()
				r.Use(says)
				tt.build(r)
				return traced(logged(r))
			})
		})
	}
	t.Run("New and AccessLog in With", func(t *testing.T) {
		_, line, route := accessLine(t, "/users/7", func(traced, logged func(http.Handler) http.Handler) http.Handler {
			r := chi.NewRouter()
			r.With(traced, logged).Get("/users/{id}", nop)
			return r
		})
		assert.Equal(t, []any{"/users/{id}", "/users/{id}"}, []any{line["route"], route})
	})
}

// If another middleware writes its answer late, the access line shows that answer only if
// AccessLog is outside of that middleware.
func TestStatusFromOutside(t *testing.T) {
	slow := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	for _, tt := range []struct {
		name            string
		status          int
		inside, outside func(traced, logged func(http.Handler) http.Handler) http.Handler
	}{
		{"chi's Timeout", 504, func(traced, logged func(http.Handler) http.Handler) http.Handler {
			return traced(middleware.Timeout(time.Millisecond)(logged(http.HandlerFunc(slow))))
		}, func(traced, logged func(http.Handler) http.Handler) http.Handler {
			return traced(logged(middleware.Timeout(time.Millisecond)(http.HandlerFunc(slow))))
		}},
		{"chi's Recoverer", 500, func(traced, logged func(http.Handler) http.Handler) http.Handler {
			return traced(quietly(middleware.Recoverer(logged(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("no such image") })))))
		}, func(traced, logged func(http.Handler) http.Handler) http.Handler {
			return traced(logged(quietly(middleware.Recoverer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("no such image") })))))
		}},
		{"echo's error handler", 418, func(traced, logged func(http.Handler) http.Handler) http.Handler {
			e := echo.New()
			e.Use(echo.WrapMiddleware(traced), echo.WrapMiddleware(logged))
			e.GET("/", func(*echo.Context) error { return echo.NewHTTPError(418, "a teapot") })
			return e
		}, func(traced, logged func(http.Handler) http.Handler) http.Handler {
			e := echo.New()
			e.GET("/", func(*echo.Context) error { return echo.NewHTTPError(418, "a teapot") })
			return traced(logged(e))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, line, _ := accessLine(t, "/", tt.inside)
			require.Equal(t, tt.status, status, "status that the client got")
			assert.NotEqualValues(t, status, line["status"], "AccessLog inside of the middleware now shows the status in the line %v: change doc.go", line)
			status, line, _ = accessLine(t, "/", tt.outside)
			require.Equal(t, tt.status, status, "status that the client got")
			assert.EqualValues(t, status, line["status"], "status in the line of AccessLog outside of the middleware, %v", line)
		})
	}
}

// quietly keeps chi's Recoverer from printing.
func quietly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, middleware.WithLogEntry(r, silent{}))
	})
}

type silent struct{}

func (silent) Write(int, int, http.Header, time.Duration, any) {}
func (silent) Panic(any, []byte)                               {}
