package adapters_test

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"

	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"example.com/clew/workerpool"
	fiberv2 "github.com/gofiber/fiber/v2"
	fiberv3 "github.com/gofiber/fiber/v3"
	"github.com/valyala/fasthttp"
)

// aroundV2 turns a middleware of httpmw into one for fiber. fiber's handlers run inside of it, in
// its context. Use it before all other middleware. fiber's own adaptor is no substitute: it runs a
// middleware to its end before the handlers begin, so that spans end too early and an access log
// does not know the status.
func aroundV2(middleware func(http.Handler) http.Handler) fiberv2.Handler {
	return func(c *fiberv2.Ctx) error {
		around(middleware, c.UserContext(), c.Context(), c.GetReqHeaders(), func(r *http.Request) {
			c.SetUserContext(r.Context())
			if err := c.Next(); err != nil && c.App().ErrorHandler(c, err) != nil {
				c.Status(http.StatusInternalServerError)
			}
			// If a middleware has answered, its route may be only a prefix of the path.
			if route := c.Route().Path; fiberv2.RoutePatternMatch(c.Path(), route) {
				r.Pattern = route
			}
		})
		return nil // ErrorHandler has run already, so that the access log sees its status
	}
}

// aroundV3 is aroundV2 for fiber v3.
func aroundV3(middleware func(http.Handler) http.Handler) fiberv3.Handler {
	return func(c fiberv3.Ctx) error {
		around(middleware, c.Context(), c.RequestCtx(), c.GetReqHeaders(), func(r *http.Request) {
			c.SetContext(r.Context())
			if err := c.Next(); err != nil && c.App().ErrorHandler(c, err) != nil {
				c.Status(http.StatusInternalServerError)
			}
			if !c.IsMiddleware() { // a middleware's route is only a prefix
				r.Pattern = c.Route().Path
			}
		})
		return nil
	}
}

// The function around calls next inside of middleware, with the request that the middleware passes
// to its handler.
func around(middleware func(http.Handler) http.Handler, ctx context.Context, c *fasthttp.RequestCtx, header map[string][]string, next func(*http.Request)) {
	// The request has copies of all strings, because fasthttp reuses its memory for the next
	// request, and spans are exported later.
	r := &http.Request{
		Method: string(c.Method()), URL: &url.URL{Path: string(c.Path())}, RequestURI: string(c.RequestURI()), ProtoMajor: 1, ProtoMinor: 1,
		Host: string(c.Host()), RemoteAddr: c.RemoteAddr().String(), Header: http.Header{},
	}
	for name, values := range header {
		for _, value := range values {
			r.Header.Add(strings.Clone(name), strings.Clone(value))
		}
	}
	came := r.Header.Clone()
	handler := func(w http.ResponseWriter, r *http.Request) {
		if !maps.EqualFunc(came, r.Header, slices.Equal) { // Config.Trust has removed some headers
			again := func(name string) bool { return len(came[name]) > 1 || !slices.Equal(came[name], r.Header[name]) }
			for name := range came {
				if again(name) { // Del also reverses the order of repeated headers
					c.Request.Header.Del(name)
				}
			}
			for name, values := range r.Header {
				for _, value := range values {
					if again(name) {
						c.Request.Header.Add(name, value)
					}
				}
			}
		}
		for name := range w.Header() { // copies Config.ResponseHeader
			c.Response.Header.Set(name, w.Header().Get(name))
		}
		next(r)
		w.WriteHeader(c.Response.StatusCode())
		if !c.Response.IsBodyStream() {
			_, _ = w.Write(c.Response.Body())
		}
	}
	middleware(http.HandlerFunc(handler)).ServeHTTP(counted{}, r.WithContext(ctx))
}

// counted is a ResponseWriter with which the access log counts bytes. fiber sends the response.
type counted http.Header

func (c counted) Header() http.Header       { return http.Header(c) }
func (counted) Write(p []byte) (int, error) { return len(p), nil }
func (counted) WriteHeader(int)             {}

// fiber reuses its own context for the next request. The trace is in UserContext, which belongs to
// one request.
func Example_fiberV2() {
	logger := lines()
	app := fiberv2.New(fiberv2.Config{DisableStartupMessage: true})
	app.Use(aroundV2(httpmw.New(httpmw.Config{Logger: &logger})))
	app.Use(aroundV2(httpmw.AccessLog(httpmw.AccessLogConfig{})))
	answered, done := make(chan struct{}), make(chan struct{})
	app.Get("/media/:id", func(c *fiberv2.Ctx) error {
		ctx := c.UserContext()
		logctx.Info(ctx).Msg("asked for")
		workerpool.Go(ctx, func(ctx context.Context) { // never with c or c.Context()
			defer close(done)
			<-answered
			logctx.Info(ctx).Msg("views counted")
		})
		return fiberv2.NewError(http.StatusTeapot) // fiber's ErrorHandler sends it
	})

	_, err := app.Test(inTrace("/media/7")) // in a service, app.Listen
	check(err)
	close(answered)
	<-done
	// Output:
	// asked for trace_id=463ac35c9f6413ad
	// request route=/media/:id status=418 trace_id=463ac35c9f6413ad
	// views counted trace_id=463ac35c9f6413ad
}

// In fiber v3, UserContext is called Context. A fiber.Ctx is a context.Context too, but it has no
// trace, and fiber reuses it for the next request.
func Example_fiberV3() {
	logger := lines()
	app := fiberv3.New()
	app.Use(aroundV3(httpmw.New(httpmw.Config{Logger: &logger})))
	app.Use(aroundV3(httpmw.AccessLog(httpmw.AccessLogConfig{})))
	answered, done := make(chan struct{}), make(chan struct{})
	app.Get("/media/:id", func(c fiberv3.Ctx) error {
		ctx := c.Context()
		logctx.Info(ctx).Msg("asked for")
		workerpool.Go(ctx, func(ctx context.Context) { // never with c or c.RequestCtx()
			defer close(done)
			<-answered
			logctx.Info(ctx).Msg("views counted")
		})
		return fiberv3.NewError(http.StatusTeapot) // fiber's ErrorHandler sends it
	})

	_, err := app.Test(inTrace("/media/7")) // in a service, app.Listen
	check(err)
	close(answered)
	<-done
	// Output:
	// asked for trace_id=463ac35c9f6413ad
	// request route=/media/:id status=418 trace_id=463ac35c9f6413ad
	// views counted trace_id=463ac35c9f6413ad
}

// inTrace returns a request in trace 463ac35c9f6413ad.
func inTrace(path string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("X-B3-TraceId", "463ac35c9f6413ad")
	r.Header.Set("X-B3-SpanId", "a2fb4a1d1a96d312")
	return r
}
