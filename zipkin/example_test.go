package zipkin_test

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"strings"
	"time"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/trace"
	"example.com/clew/zipkin"
	"go.opentelemetry.io/otel"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// printer returns a server that takes the place of Zipkin. It prints the spans that it gets.
func printer() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var spans []struct{ TraceID, Kind, Name string }
		if body, err := gzip.NewReader(r.Body); err == nil {
			json.NewDecoder(body).Decode(&spans)
		}
		for _, s := range spans {
			fmt.Println(s.TraceID, s.Kind, s.Name)
		}
		w.WriteHeader(http.StatusAccepted)
	}))
}

func Example() {
	collector := printer()
	defer collector.Close()

	tp, err := zipkin.NewProvider(zipkin.Config{Service: "media-api", Endpoint: collector.URL}) // 0.1 %
	if err != nil {
		panic(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // not main's ctx
		defer cancel()
		if err := tp.Shutdown(ctx); err != nil {
			log.Print(err) // how many spans were lost, and why
		}
	}()

	mux := http.NewServeMux()
	mux.HandleFunc("GET /media/{id}", func(w http.ResponseWriter, r *http.Request) {
		_, span := trace.Start(r.Context(), "resize") // a part of the request that you want to see
		defer span.End()
	})
	handler := httpmw.New(httpmw.Config{TracerProvider: tp})(mux)

	for _, caller := range []string{ // each has decided, so that nothing depends on chance
		"463ac35c9f6413ad-a2fb4a1d1a96d312-1",
		"5759e988bd862e3fe1be46a994272793-a2fb4a1d1a96d312-0",
	} {
		r := httptest.NewRequest("GET", "/media/1", nil)
		r.Header.Set("b3", caller)
		handler.ServeHTTP(httptest.NewRecorder(), r)
	}

	// Output:
	// 463ac35c9f6413ad  resize
	// 463ac35c9f6413ad SERVER get /media/{id}
}

// The same program runs with Zipkin off and with Zipkin on. It has the trace ID both times.
func ExampleFromEnv() {
	collector := printer()
	defer collector.Close()
	defer os.Unsetenv("OTEL_EXPORTER_ZIPKIN_ENDPOINT")

	for _, endpoint := range []string{"", collector.URL} {
		os.Setenv("OTEL_EXPORTER_ZIPKIN_ENDPOINT", endpoint) // normally set by the shell or the deployment
		tp, err := zipkin.FromEnv(zipkin.Config{Service: "media-api"})
		if err != nil {
			panic(err)
		}
		handler := httpmw.New(httpmw.Config{TracerProvider: tp})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			fmt.Println(trace.ID(r.Context()), "is asked for")
		}))
		r := httptest.NewRequest("GET", "/media/1", nil)
		r.Header.Set("b3", "463ac35c9f6413ad-a2fb4a1d1a96d312-1")
		handler.ServeHTTP(httptest.NewRecorder(), r)

		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		fmt.Println("lost:", tp.Shutdown(ctx))
		cancel()
	}

	// Output:
	// 463ac35c9f6413ad is asked for
	// lost: <nil>
	// 463ac35c9f6413ad is asked for
	// 463ac35c9f6413ad SERVER get
	// lost: <nil>
}

// A main function contains these lines. They are compiled but not run, because they set a global
// variable.
func ExampleFromEnv_main() {
	tp, err := zipkin.FromEnv(zipkin.Config{Service: "media-api"}) // off, unless the environment turns it on
	if err != nil {
		log.Fatal(err) // names each variable that is not understood
	}
	otel.SetTracerProvider(tp) // or in the Configs of httpmw and httpclient
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // not main's ctx
		defer cancel()
		if err := tp.Shutdown(ctx); err != nil {
			log.Print(err) // how many spans were lost, and why
		}
	}()
}

// This main function ends by a signal. The signal cancels main's context, so Shutdown needs a new
// context. A bare defer tp.Shutdown(ctx) would also ignore the error, although only the error says
// how many spans were lost.
func ExampleProvider_Shutdown() {
	collector := printer()
	defer collector.Close()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	tp, err := zipkin.NewProvider(zipkin.Config{Service: "media-api", Endpoint: collector.URL, Ratio: 1})
	if err != nil {
		panic(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // not main's ctx
		defer cancel()
		if err := tp.Shutdown(ctx); err != nil {
			log.Print(err) // how many spans were lost, and why
		}
	}()

	caller, _ := trace.Parse("463ac35c9f6413ad-a2fb4a1d1a96d312-1")
	_, span := tp.Tracer("example").Start(trace.NewContext(ctx, caller), "work")
	span.End()
	stop() // as if there were a signal
	<-ctx.Done()
	fmt.Println("main ends")

	// Output:
	// main ends
	// 463ac35c9f6413ad  work
}

// This is wrong: the signal has canceled ctx before Shutdown is called. So Shutdown has only 50
// ms, and a busy collector does not answer in that time.
func ExampleProvider_Shutdown_incorrect() {
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done() // until the client gives up
	}))
	defer collector.Close()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	tp, err := zipkin.NewProvider(zipkin.Config{Service: "media-api", Endpoint: collector.URL, Ratio: 1})
	if err != nil {
		panic(err)
	}
	_, span := tp.Tracer("example").Start(ctx, "work")
	span.End()
	stop() // as if there were a signal
	<-ctx.Done()

	fmt.Println(tp.Shutdown(ctx)) // better: a new context with five seconds, as in the other example

	// Output:
	// zipkin: 1 of 1 spans lost (queue full 0, refused 0, not sent in time 1): context canceled
}

// This limit samples at most ten traces a second, whatever the traffic.
func ExampleConfig_sampler() {
	collector := printer()
	defer collector.Close()
	endpoint := collector.URL

	tp, err := zipkin.NewProvider(zipkin.Config{
		Service:  "media-api",
		Endpoint: endpoint,
		Sampler:  trace.NewLimit(10), // at most ten traces a second
	})
	if err != nil {
		panic(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // not main's ctx
		defer cancel()
		if err := tp.Shutdown(ctx); err != nil {
			log.Print(err) // how many spans were lost, and why
		}
	}()

	handler := httpmw.New(httpmw.Config{TracerProvider: tp})(http.NotFoundHandler())
	r := httptest.NewRequest("GET", "/media/1", nil) // the first request in its second
	r.Header.Set("b3", "463ac35c9f6413ad-a2fb4a1d1a96d312")
	handler.ServeHTTP(httptest.NewRecorder(), r)

	// Output:
	// 463ac35c9f6413ad SERVER get
}

// This is the exporter alone, for an SDK of your own.
func ExampleNewSpanExporter() {
	collector := printer()
	defer collector.Close()

	exporter, err := zipkin.NewSpanExporter(zipkin.ExporterConfig{Service: "media-api", Endpoint: collector.URL})
	if err != nil {
		panic(err)
	}
	tp := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(0.001))),
	)
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // not main's ctx
		defer cancel()
		if err := tp.Shutdown(ctx); err != nil {
			log.Print(err) // how many spans were lost
		}
	}()

	client := httpclient.Wrap(http.DefaultClient, httpclient.Config{TracerProvider: tp})
	caller, _ := trace.Parse("463ac35c9f6413ad-a2fb4a1d1a96d312-1")
	r, _ := http.NewRequestWithContext(trace.NewContext(context.Background(), caller), "GET", collector.URL, nil)
	if resp, err := client.Do(r); err == nil {
		resp.Body.Close()
	}

	// Output:
	// 463ac35c9f6413ad CLIENT get
}

// Operators sample more for a while, without a restart.
func ExampleProvider_RatioHandler() {
	tp, err := zipkin.NewProvider(zipkin.Config{Service: "media-api", Endpoint: "http://127.0.0.1:9411"})
	if err != nil {
		panic(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second) // not main's ctx
		defer cancel()
		if err := tp.Shutdown(ctx); err != nil {
			log.Print(err) // how many spans were lost, and why
		}
	}()

	private := http.NewServeMux() // only operators can reach it
	private.Handle("/debug/ratio", tp.RatioHandler())

	for _, r := range []*http.Request{
		httptest.NewRequest("GET", "/debug/ratio", nil),
		httptest.NewRequest("PUT", "/debug/ratio", strings.NewReader("0.01")),
	} {
		w := httptest.NewRecorder()
		private.ServeHTTP(w, r)
		fmt.Print(r.Method, " ", w.Body)
	}
	fmt.Println(tp.Ratio())

	// Output:
	// GET 0.001
	// PUT 0.01
	// 0.01
}

// Stats counts the spans until now, for a health page or a metric of your own.
// Config.MeterProvider gives the same numbers to OpenTelemetry.
func ExampleProvider_Stats() {
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer collector.Close()
	tp, err := zipkin.NewProvider(zipkin.Config{Service: "media-api", Endpoint: collector.URL, Ratio: 1})
	if err != nil {
		panic(err)
	}
	_, span := tp.Tracer("example").Start(context.Background(), "lost")
	span.End()

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	fmt.Println(tp.Shutdown(ctx))
	s := tp.Stats()
	fmt.Println(s.Ended, "=", s.Sent, "+", s.Dropped, "+", s.Queued)

	// Output:
	// zipkin: 1 of 1 spans lost (queue full 0, refused 1, not sent in time 0): last error: collector answered 401 ""
	// 1 = 0 + 1 + 0
}
