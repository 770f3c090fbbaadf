package adapters_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"example.com/clew/httpmw"
	"example.com/clew/internal/line"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"example.com/clew/zipkin"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
)

// imageStore is a gRPC service that logs, and keeps the metadata of its last call.
type imageStore struct {
	healthpb.UnimplementedHealthServer
	logger zerolog.Logger
	called metadata.MD
}

func (s *imageStore) Check(ctx context.Context, _ *healthpb.HealthCheckRequest) (*healthpb.HealthCheckResponse, error) {
	s.logger.Info().Ctx(ctx).Msg("checked")
	s.called, _ = metadata.FromIncomingContext(ctx)
	return &healthpb.HealthCheckResponse{}, nil
}

// serve serves s on loopback until stop is called.
func (s *imageStore) serve(tp *zipkin.Provider) (address string, stop func()) {
	opts := []otelgrpc.Option{otelgrpc.WithTracerProvider(tp), otelgrpc.WithPropagators(trace.Propagator{})}
	server := grpc.NewServer(grpc.StatsHandler(otelgrpc.NewServerHandler(opts...)))
	healthpb.RegisterHealthServer(server, s)
	return serveGRPC(server)
}

// serveGRPC serves on loopback until stop is called.
func serveGRPC(server *grpc.Server) (address string, stop func()) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	var running sync.WaitGroup
	running.Go(func() { check(server.Serve(listener)) })
	return listener.Addr().String(), func() {
		server.GracefulStop() // waits for the spans to end, too
		running.Wait()
	}
}

// dial returns a client of the service at address.
func dial(address string, more ...grpc.DialOption) *grpc.ClientConn {
	conn, err := grpc.NewClient(address, append(more, grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	check(err)
	return conn
}

// grpcCall is a request to a service that calls imageStore, and the expected result.
type grpcCall struct {
	name    string
	b3      string // "" for no header
	ratio   float64
	id      string // "" for a new trace
	parent  string // the parent of the first span
	sampled string // in the metadata between the services
	debug   bool
}

var grpcCases = []grpcCall{
	{"accept", id64 + "-" + spanID + "-1", 0, id64, spanID, "1", false},
	{"accept, 32 digits", idWide + "-" + spanID + "-1", 0, idWide, spanID, "1", false},
	{"debug", id64 + "-" + spanID + "-d", 0, id64, spanID, "", true},
	{"deny", id64 + "-" + spanID + "-0", 1, id64, "", "0", false},
	{"deny without IDs", "0", 1, "", "", "0", false},
	// If the caller does not decide, trace.Starter gives the SDK no parent.
	{"defer, sampled here", id64 + "-" + spanID, 1, id64, "", "1", false},
	{"defer, not sampled", id64 + "-" + spanID, 0, id64, "", "0", false},
	{"new, sampled", "", 1, "", "", "1", false},
	{"new, not sampled", "", 0, "", "", "0", false},
}

// grpcOutcome is the actual result of a grpcCall.
type grpcOutcome struct {
	id      string // trace.ID in the HTTP handler
	address string // the address of imageStore
	logged  line.Line
	called  metadata.MD
	spans   []span
}

// The caller's B3, the HTTP handler, the gRPC client, the gRPC server and its log line are in one
// trace. The caller's sampling decision reaches the last span.
func TestGRPCIsInTheTrace(t *testing.T) {
	for _, test := range grpcCases {
		t.Run(test.name, func(t *testing.T) {
			got := test.run(t)
			if test.id != "" {
				assert.Equal(t, test.id, got.id, "trace.ID in the HTTP handler")
			}
			assert.Equal(t, got.id, got.logged.TraceID, "trace_id on the gRPC handler's line")
			// The test does not use Get of metadata.MD, because Get accepts keys in any case. gRPC
			// itself allows only lower case.
			assert.Equal(t, []string{got.id}, got.called["x-b3-traceid"], "metadata x-b3-traceid")
			require.Len(t, got.called["x-b3-spanid"], 1, "metadata x-b3-spanid")
			assert.Equal(t, test.sampled, strings.Join(got.called["x-b3-sampled"], ", "), "metadata x-b3-sampled")
			assert.Equal(t, test.debug, slices.Equal(got.called["x-b3-flags"], []string{"1"}), "metadata x-b3-flags is 1")
			if test.sampled == "0" {
				assert.Empty(t, got.spans, "spans of a trace that is not sampled")
			} else {
				test.checkSpans(t, got)
			}
		})
	}
}

func (test grpcCall) run(t *testing.T) (got grpcOutcome) {
	collected := newCollector()
	defer collected.Close()
	api, images := provider("media-api", collected), provider("image-store", collected)
	require.NoError(t, api.SetRatio(test.ratio))
	// The ratio of the called service must never decide. It is the opposite of the first service's
	// ratio, so that the test notices if it does.
	require.NoError(t, images.SetRatio(1-test.ratio))
	var lines bytes.Buffer
	store := &imageStore{logger: logctx.New(&lines)}
	address, stop := store.serve(images)
	opts := []otelgrpc.Option{otelgrpc.WithTracerProvider(api), otelgrpc.WithPropagators(trace.Propagator{})}
	conn := dial(address, grpc.WithStatsHandler(otelgrpc.NewClientHandler(opts...)))

	mux := http.NewServeMux()
	mux.HandleFunc("GET /media/{id}", func(_ http.ResponseWriter, r *http.Request) {
		got.id = trace.ID(r.Context())
		_, err := healthpb.NewHealthClient(conn).Check(r.Context(), &healthpb.HealthCheckRequest{})
		assert.NoError(t, err, "Check")
	})
	r := httptest.NewRequest(http.MethodGet, "/media/7", nil)
	if test.b3 != "" {
		r.Header.Set("b3", test.b3)
	}
	httpmw.New(httpmw.Config{TracerProvider: api})(mux).ServeHTTP(httptest.NewRecorder(), r)
	require.NoError(t, conn.Close())
	stop()
	shutDown(api, images)

	logged, err := line.Parse(lines.Bytes())
	require.NoError(t, err, "%s", lines.Bytes())
	got.address, got.logged, got.called, got.spans = address, logged, store.called, collected.spans()
	return got
}

// checkSpans checks the spans of both services in the collector.
func (test grpcCall) checkSpans(t *testing.T, got grpcOutcome) {
	require.Equal(t, []string{
		"media-api: get /media/{id}",
		"  media-api: grpc.health.v1.health/check",
		"    image-store: grpc.health.v1.health/check",
	}, tree(got.spans), "spans")
	first, out, in := got.spans[0], got.spans[1], got.spans[2]
	assert.Equal(t, []string{"SERVER", "CLIENT", "SERVER"}, []string{first.Kind, out.Kind, in.Kind}, "kinds of the spans")
	assert.Equal(t, test.parent, first.ParentID, "parentId of the first span")
	assert.Equal(t, out.ID, got.called["x-b3-spanid"][0], "ID of the client's span, against metadata x-b3-spanid")
	assert.Equal(t, in.ID, got.logged.SpanID, "ID of the server's span, against span_id on the gRPC handler's line")
	assert.Equal(t, got.address, fmt.Sprintf("%s:%d", out.Remote.IPv4, out.Remote.Port), "remoteEndpoint of the client's span")
	for _, s := range got.spans {
		assert.Equal(t, got.id, s.TraceID, "traceId of %s, %s", s.Name, s.Kind)
		assert.Equal(t, test.debug, s.Debug, "debug of %s, %s", s.Name, s.Kind)
	}
}

// If a gRPC caller sends IDs but no sampling decision, the ratio of the called service decides.
func TestGRPCCallerThatDefers(t *testing.T) {
	for _, ratio := range []float64{0, 1} {
		collected := newCollector()
		defer collected.Close()
		tp := provider("image-store", collected)
		require.NoError(t, tp.SetRatio(ratio))
		store := &imageStore{logger: zerolog.Nop()}
		address, stop := store.serve(tp)
		conn := dial(address)
		ctx := metadata.AppendToOutgoingContext(context.Background(),
			"x-b3-traceid", id64, "x-b3-spanid", spanID)
		_, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{})
		require.NoError(t, err, "Check")
		require.NoError(t, conn.Close())
		stop()
		shutDown(tp)
		assert.Len(t, collected.spans(), int(ratio), "spans with a ratio of %v", ratio)
	}
}
