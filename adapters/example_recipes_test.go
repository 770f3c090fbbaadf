package adapters_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/gofiber/fiber/v3"
	"github.com/labstack/echo/v5"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// These Examples are the recipes for routers and RPC in docs/recipes.md. They are as short as
// possible. The other Examples show more.

func Example_recipeChi() {
	logger := lines()

	router := chi.NewRouter()
	router.Use(
		httpmw.New(httpmw.Config{Logger: &logger, Implicit: true}),
		httpmw.AccessLog(httpmw.AccessLogConfig{}),
		func(next http.Handler) http.Handler { // the route, for the access line
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				route := chi.RouteContext(r.Context())
				defer func() { httpmw.SetRoute(r.Context(), route.RoutePattern()) }()
				next.ServeHTTP(w, r)
			})
		})
	router.Use(middleware.RequestID) // copies the request, as most middleware does
	router.Get("/media/{id}", func(w http.ResponseWriter, r *http.Request) {
		logctx.Info(r.Context()).Msg("asked for")
	})

	call(router, "/media/7")
	// Output:
	// asked for trace_id=463ac35c9f6413ad
	// request route=/media/{id} status=200 trace_id=463ac35c9f6413ad
}

func Example_recipeGin() {
	logger := lines()

	engine := gin.New()
	engine.Use(func(c *gin.Context) { httpmw.SetRoute(c.Request.Context(), c.FullPath()) }) // for the access line
	engine.GET("/media/:id", func(c *gin.Context) {
		ctx := c.Request.Context()
		logctx.Info(ctx).Msg("asked for")
	})

	handler := httpmw.AccessLog(httpmw.AccessLogConfig{})(engine)
	handler = httpmw.New(httpmw.Config{Logger: &logger, Implicit: true})(handler) // to http.ListenAndServe, in place of engine.Run

	call(handler, "/media/7")
	// Output:
	// asked for trace_id=463ac35c9f6413ad
	// request route=/media/:id status=200 trace_id=463ac35c9f6413ad
}

func Example_recipeEcho() {
	logger := lines()

	e := echo.New()
	e.GET("/media/:id", func(c *echo.Context) error {
		ctx := c.Request().Context()
		logctx.Info(ctx).Msg("asked for")
		return c.NoContent(http.StatusOK)
	})

	handler := httpmw.AccessLog(httpmw.AccessLogConfig{})(e)
	handler = httpmw.New(httpmw.Config{Logger: &logger, Implicit: true})(handler) // to http.ListenAndServe, in place of e.Start

	call(handler, "/media/7")
	// Output:
	// asked for trace_id=463ac35c9f6413ad
	// request route=/media/:id status=200 trace_id=463ac35c9f6413ad
}

func Example_recipeFiber() {
	logger := lines()

	app := fiber.New()
	app.Use(aroundV3(httpmw.New(httpmw.Config{Logger: &logger, Implicit: true})))
	app.Use(aroundV3(httpmw.AccessLog(httpmw.AccessLogConfig{})))
	app.Get("/media/:id", func(c fiber.Ctx) error {
		ctx := c.Context()
		logctx.Info(ctx).Msg("asked for")
		return c.SendStatus(http.StatusOK)
	})

	_, err := app.Test(inTrace("/media/7"))
	check(err)
	// Output:
	// asked for trace_id=463ac35c9f6413ad
	// request route=/media/:id status=200 trace_id=463ac35c9f6413ad
}

// serverOptions returns the options for grpc.NewServer. tp is a provider of package zipkin or of
// an SDK, or a trace.NewProvider.
func serverOptions(tp oteltrace.TracerProvider) []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.StatsHandler(otelgrpc.NewServerHandler(otelgrpc.WithTracerProvider(tp), otelgrpc.WithPropagators(trace.Propagator{}))),
		grpc.UnaryInterceptor(func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (resp any, err error) {
			trace.Do(ctx, func(ctx context.Context) { resp, err = next(ctx, req) }) // for lines without a context
			return resp, err
		}),
		grpc.StreamInterceptor(func(srv any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
			trace.Do(stream.Context(), func(context.Context) { err = next(srv, stream) })
			return err
		}),
	}
}

// clientOption returns the option for grpc.NewClient.
func clientOption(tp oteltrace.TracerProvider) grpc.DialOption {
	return grpc.WithStatsHandler(otelgrpc.NewClientHandler(otelgrpc.WithTracerProvider(tp), otelgrpc.WithPropagators(trace.Propagator{})))
}

// loggingStore logs in unary calls and in streams.
type loggingStore struct {
	healthpb.UnimplementedHealthServer
}

func (loggingStore) Check(ctx context.Context, _ *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	logger := lines().Hook(logctx.Hook(logctx.Config{}))
	logger.Info().Ctx(ctx).Msg("asked for")
	logger.Info().Msg("without a context, too")
	return &healthpb.HealthCheckResponse{}, nil
}

func (s loggingStore) Watch(_ *healthpb.HealthCheckRequest, stream grpc.ServerStreamingServer[healthpb.HealthCheckResponse]) error {
	_, err := s.Check(stream.Context(), nil)
	return err
}

func Example_recipeGRPC() {
	tp := trace.NewProvider(trace.ProviderConfig{})
	server := grpc.NewServer(serverOptions(tp)...)
	healthpb.RegisterHealthServer(server, loggingStore{})
	address, stop := serveGRPC(server)
	conn := dial(address, clientOption(tp))

	ctx := handlerContext()
	_, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{})
	check(err)
	stream, err := healthpb.NewHealthClient(conn).Watch(ctx, &healthpb.HealthCheckRequest{})
	check(err)
	_, err = stream.Recv()
	fmt.Println(err)

	check(conn.Close())
	stop()
	// Output:
	// asked for trace_id=463ac35c9f6413ad
	// without a context, too trace_id=463ac35c9f6413ad
	// asked for trace_id=463ac35c9f6413ad
	// without a context, too trace_id=463ac35c9f6413ad
	// EOF
}

func Example_recipeOpenTelemetry() {
	defer otel.SetTracerProvider(noop.NewTracerProvider())
	defer otel.SetTextMapPropagator(propagation.TraceContext{})
	logger := lines()
	tp := sdktrace.NewTracerProvider()
	store := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, err := trace.FromHeader(r.Header)
		check(err)
		fmt.Println("X-B3-TraceId:", b.ID(), "traceparent:", r.Header.Get("Traceparent")[3:35])
	}))
	defer store.Close()
	mux := http.NewServeMux()

	both := trace.Propagator{W3C: true} // B3 and, after it, traceparent
	otel.SetTracerProvider(tp)          // as you have it
	otel.SetTextMapPropagator(both)
	handler := httpmw.AccessLog(httpmw.AccessLogConfig{})(mux)
	handler = httpmw.New(httpmw.Config{Logger: &logger, Propagator: both})(handler)
	handler = otelhttp.NewHandler(handler, "media-api") // may stay
	client := httpclient.Wrap(store.Client(), httpclient.Config{Propagator: both})

	mux.HandleFunc("GET /media/{id}", func(_ http.ResponseWriter, r *http.Request) {
		logctx.Info(r.Context()).Msg("asked for")
		ask, err := http.NewRequestWithContext(r.Context(), http.MethodGet, store.URL, nil)
		check(err)
		resp, err := client.Do(ask)
		check(err)
		check(resp.Body.Close())
	})
	r := httptest.NewRequest(http.MethodGet, "/media/7", nil)
	r.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	handler.ServeHTTP(httptest.NewRecorder(), r)
	check(tp.Shutdown(context.Background()))
	// Output:
	// asked for trace_id=4bf92f3577b34da6a3ce929d0e0e4736
	// X-B3-TraceId: 4bf92f3577b34da6a3ce929d0e0e4736 traceparent: 4bf92f3577b34da6a3ce929d0e0e4736
	// request route=/media/{id} sampled=true status=200 trace_id=4bf92f3577b34da6a3ce929d0e0e4736
}
