package peers_test

import (
	"context"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/openzipkin/zipkin-go"
	zipkinhttp "github.com/openzipkin/zipkin-go/middleware/http"
	"github.com/openzipkin/zipkin-go/reporter"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/contrib/propagators/b3"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// peer is a service that uses a library as the library's README shows. It writes its lines to the
// writer log.
type peer struct {
	name    string
	handler func(t *testing.T, log io.Writer) http.Handler
}

// peers are the services that the tests examine with clew doctor. The proxy behaves like nginx.
var peers = []peer{
	{"clew", func(t *testing.T, log io.Writer) http.Handler {
		return clewService(log, httpmw.Config{ResponseHeader: "X-B3-TraceId"}, httpclient.Config{})
	}},
	{"clew, TrustIDs", func(t *testing.T, log io.Writer) http.Handler {
		return clewService(log, httpmw.Config{ResponseHeader: "X-B3-TraceId", Trust: httpmw.TrustIDs.Always}, httpclient.Config{})
	}},
	{"clew, TrustNone", func(t *testing.T, log io.Writer) http.Handler {
		return clewService(log, httpmw.Config{ResponseHeader: "X-B3-TraceId", Trust: httpmw.TrustNone.Always}, httpclient.Config{})
	}},
	{"clew, W3C", func(t *testing.T, log io.Writer) http.Handler {
		both := trace.Propagator{W3C: true}
		return clewService(log, httpmw.Config{ResponseHeader: "X-B3-TraceId", Propagator: both}, httpclient.Config{Propagator: both})
	}},
	{"zipkin-go", zipkinService},
	{"otelhttp", otelService},
	{"proxy", func(t *testing.T, log io.Writer) http.Handler { return http.HandlerFunc(passOn) }},
	{"none", func(t *testing.T, log io.Writer) http.Handler {
		lines := slog.New(slog.NewJSONHandler(log, nil))
		return routes(http.DefaultTransport, func(context.Context) { lines.Info("handled") })
	}},
}

// routes returns the handler of every service: / answers at once, and /call first sends a request
// to the URL in the query. Both paths write a log line.
func routes(out http.RoundTripper, line func(context.Context)) http.Handler {
	client := &http.Client{Transport: out}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		line(r.Context())
		io.WriteString(w, "hello\n")
	})
	mux.HandleFunc("GET /call", func(w http.ResponseWriter, r *http.Request) {
		line(r.Context())
		call, err := http.NewRequestWithContext(r.Context(), http.MethodGet, r.URL.Query().Get("to"), nil)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		answer, err := client.Do(call)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer answer.Body.Close()
		fmt.Fprintln(w, "they say", answer.Status)
	})
	return mux
}

// clewService never samples by itself. By default, clew samples one trace in a thousand, and the
// table of truths has no entry for that.
func clewService(log io.Writer, in httpmw.Config, out httpclient.Config) http.Handler {
	logger := logctx.New(log)
	in.Logger = &logger
	in.TracerProvider = trace.NewProvider(trace.ProviderConfig{Sampler: trace.Never()})
	out.TracerProvider = in.TracerProvider
	handler := routes(httpclient.NewTransport(http.DefaultTransport, out), func(ctx context.Context) {
		zerolog.Ctx(ctx).Info().Msg("handled")
	})
	return httpmw.New(in)(httpmw.AccessLog(httpmw.AccessLogConfig{})(handler))
}

func zipkinService(t *testing.T, log io.Writer) http.Handler {
	tracer, err := zipkin.NewTracer(reporter.NewNoopReporter())
	require.NoError(t, err)
	out, err := zipkinhttp.NewTransport(tracer)
	require.NoError(t, err)
	lines := slog.New(slog.NewJSONHandler(log, nil))
	return zipkinhttp.NewServerMiddleware(tracer)(routes(out, func(ctx context.Context) {
		lines.Info("handled", "traceId", zipkin.SpanFromContext(ctx).Context().TraceID.String())
	}))
}

// otelService uses the SDK's default sampler, which is ParentBased(AlwaysSample).
func otelService(t *testing.T, log io.Writer) http.Handler {
	provider := sdktrace.NewTracerProvider()
	t.Cleanup(func() { provider.Shutdown(context.Background()) })
	with := []otelhttp.Option{otelhttp.WithTracerProvider(provider), otelhttp.WithPropagators(b3.New())}
	lines := slog.New(slog.NewJSONHandler(log, nil))
	return otelhttp.NewMiddleware("server", with...)(routes(otelhttp.NewTransport(http.DefaultTransport, with...), func(ctx context.Context) {
		lines.Info("handled", "trace_id", oteltrace.SpanContextFromContext(ctx).TraceID().String())
	}))
}

// passOn is a reverse proxy without tracing: it passes headers on unchanged, as nginx's proxy_pass
// does.
func passOn(w http.ResponseWriter, r *http.Request) {
	to, err := url.Parse(r.URL.Query().Get("to"))
	if err != nil || to.Host == "" {
		io.WriteString(w, "a page of its own\n")
		return
	}
	(&httputil.ReverseProxy{Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(to)
		p.Out.URL.RawQuery = ""
	}}).ServeHTTP(w, r)
}

// serve starts the peer's service on loopback, and returns its URL.
func (p peer) serve(t *testing.T, log io.Writer) string {
	t.Helper()
	server := httptest.NewUnstartedServer(p.handler(t, log))
	server.Config.ErrorLog = discard
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// discard is the ErrorLog of servers. It drops the reports of panics, such as zipkin-go's, and of
// broken connections.
var discard = stdlog.New(io.Discard, "", 0)
