package adapters_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
	otlp "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// OpenTelemetry's own exporter can send clew's spans to a collector, or to a Zipkin with the
// module zipkin-otel. In OTLP, a trace ID always has 32 digits.
func Example_otlp() {
	collected := newOTLPCollector()
	defer collected.Close()
	exporter, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpointURL(collected.URL+"/v1/traces"))
	check(err)

	tp := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter))
	call(mediaAPI(tp), "/media/7")

	// The context is new, because main's context has ended by then.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	check(tp.Shutdown(ctx))
	// Output:
	// OTLP: 0000000000000000463ac35c9f6413ad GET
	// OTLP: 0000000000000000463ac35c9f6413ad GET /media/{id}
}

// While a team moves from one exporter to the other, both can get the same spans. Both use the
// same sampling decision.
func Example_otlpBesideZipkin() {
	collected, old := newOTLPCollector(), newCollector()
	defer collected.Close()
	defer old.Close()
	exporter, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpointURL(collected.URL+"/v1/traces"))
	check(err)

	tp := provider("media-api", old)
	tp.RegisterSpanProcessor(sdktrace.NewBatchSpanProcessor(exporter))
	call(mediaAPI(tp), "/media/7")

	// The context is new, because main's context has ended by then.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	check(tp.Shutdown(ctx)) // both exporters
	old.print()
	// Output:
	// OTLP: 0000000000000000463ac35c9f6413ad GET
	// OTLP: 0000000000000000463ac35c9f6413ad GET /media/{id}
	// media-api: get /media/{id}
	//   media-api: get -> image-store.example.com
}

// mediaAPI returns a service that asks another service for an image.
func mediaAPI(tp oteltrace.TracerProvider) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /media/{id}", func(_ http.ResponseWriter, r *http.Request) {
		store := httptest.NewServer(answer("an image"))
		defer store.Close()
		client := httpclient.Wrap(store.Client(), httpclient.Config{TracerProvider: tp})
		// The test's client connects to store, whatever the host.
		ask, err := http.NewRequestWithContext(r.Context(), http.MethodGet, "http://image-store.example.com", nil)
		check(err)
		resp, err := client.Do(ask)
		check(err)
		check(resp.Body.Close())
	})
	return httpmw.New(httpmw.Config{TracerProvider: tp})(mux)
}

// newOTLPCollector returns a collector that prints the trace ID and the name of each span.
func newOTLPCollector() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		check(err)
		var received otlp.ExportTraceServiceRequest
		check(proto.Unmarshal(body, &received))
		var lines []string
		for _, resource := range received.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				for _, span := range scope.Spans {
					lines = append(lines, fmt.Sprintf("OTLP: %x %s", span.TraceId, span.Name))
				}
			}
		}
		slices.Sort(lines)
		fmt.Println(strings.Join(lines, "\n"))

		thanks, err := proto.Marshal(&otlp.ExportTraceServiceResponse{})
		check(err)
		w.Header().Set("Content-Type", "application/x-protobuf")
		w.Write(thanks)
	}))
}
