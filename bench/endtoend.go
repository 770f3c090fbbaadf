package main

import (
	"net/http"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"github.com/openzipkin/zipkin-go"
	zipkinhttp "github.com/openzipkin/zipkin-go/middleware/http"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	oteltrace "go.opentelemetry.io/otel/trace"
)

type zipkinHook struct{}

func (zipkinHook) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	if s := zipkin.SpanFromContext(e.GetCtx()); s != nil {
		e.Str(traceIDKey, s.Context().TraceID.String()).Str(spanIDKey, s.Context().ID.String())
	}
}

// constant adds one header that never changes. It shows the cost of any additional header on a
// request.
func constant(base http.RoundTripper) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		out := new(http.Request)
		*out = *r
		out.Header = cloned(r.Header)
		out.Header["X-Constant"] = constantValue
		return base.RoundTrip(out)
	})
}

var constantValue = []string{"1"}

func by(way func(sending, http.RoundTripper) http.RoundTripper, s sending) func(http.RoundTripper) http.RoundTripper {
	return func(base http.RoundTripper) http.RoundTripper { return way(s, base) }
}

func endToEndJobs() []job {
	xb3 := sending{}
	row := func(name string, k kind, w wiring) variant { return variant{name, k, func() work { return chain(w) }} }
	otel := func(name string, provider func() oteltrace.TracerProvider) variant {
		return row(name, peer, wiring{
			mw: func() middleware {
				if provider == nil {
					return otelServer()
				}
				return otelServer(otelhttp.WithTracerProvider(provider()))
			},
			client: by(otelClient(provider), xb3), hook: stringHook{},
		})
	}
	tracer := zipkinTracer()
	return []job{{name: "end to end: three services over loopback, each logs a line", parallel: true, variants: []variant{
		row("no tracing", baseline, wiring{mw: fixed(bareWay)}),
		row("no tracing, a constant header", baseline, wiring{mw: fixed(bareWay), client: constant}),
		row("floor", floor, wiring{fixed(floorServer), func(base http.RoundTripper) http.RoundTripper { return floorTransport{base, false} }, idHook{}}),
		row("floor, b3", floor, wiring{fixed(floorServer), func(base http.RoundTripper) http.RoundTripper { return floorTransport{base, true} }, idHook{}}),
		row("clew", ours, wiring{func() middleware { return httpmw.New(httpmw.Config{}) },
			func(base http.RoundTripper) http.RoundTripper {
				return httpclient.NewTransport(base, httpclient.Config{})
			}, logctx.Hook(logctx.Config{})}),
		row("clew, b3", ours, wiring{func() middleware { return httpmw.New(httpmw.Config{}) },
			func(base http.RoundTripper) http.RoundTripper {
				return httpclient.NewTransport(base, httpclient.Config{Propagator: sending{single: true}.encoding()})
			}, logctx.Hook(logctx.Config{})}),
		row("contrib b3 wired by hand, no spans", peer, wiring{fixed(contribServer), by(contribClient, xb3), stringHook{}}),
		row("zipkin-go, never sampled", peer, wiring{fixed(zipkinhttp.NewServerMiddleware(tracer)),
			func(base http.RoundTripper) http.RoundTripper {
				return must(zipkinhttp.NewTransport(tracer, zipkinhttp.RoundTripper(base)))
			}, zipkinHook{}}),
		otel("otelhttp, no SDK: no spans", nil),
		otel("otelhttp, SDK, never sampled", never),
		otel("otelhttp, SDK, ParentBased(0.001)", ratio),
	}}}
}
