package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"github.com/openzipkin/zipkin-go"
	zipkinhttp "github.com/openzipkin/zipkin-go/middleware/http"
	"github.com/rs/zerolog"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	oteltrace "go.opentelemetry.io/otel/trace"
)

const keptAlive = 16 // clients at once

// wiring is how a service is instrumented.
type wiring struct {
	mw     func() middleware
	client func(base http.RoundTripper) http.RoundTripper // nil: base
	hook   zerolog.Hook                                   // nil: no IDs on the lines
}

type zipkinHook struct{}

func (zipkinHook) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	if s := zipkin.SpanFromContext(e.GetCtx()); s != nil {
		e.Str(traceIDKey, s.Context().TraceID.String()).Str(spanIDKey, s.Context().ID.String())
	}
}

// constant adds one header that never changes: what any header costs on the way.
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
	return []job{{name: "end to end: three services over loopback, a line a hop", parallel: true, variants: []variant{
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

// chain is work that sends requests to a service that asks a second, which asks a third. Every one
// writes a line. The first request has X-B3-*, not sampled.
func chain(w wiring) work {
	out := new(lines)
	var servers []*httptest.Server
	var transports []*http.Transport
	pooled := func() *http.Transport {
		t := &http.Transport{MaxIdleConnsPerHost: keptAlive, DisableCompression: true}
		transports = append(transports, t)
		return t
	}
	logger := zerolog.New(out)
	if w.hook != nil {
		logger = logger.Hook(w.hook)
	}
	next := ""
	for _, name := range []string{"third", "second", "first"} {
		var base http.RoundTripper = pooled()
		if w.client != nil {
			base = w.client(base)
		}
		client, ask := &http.Client{Transport: base}, next
		s := httptest.NewServer(w.mw()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			logger.Info().Ctx(ctx).Str("service", name).Str("path", r.URL.Path).Msg("hop")
			if ask == "" {
				_, _ = io.WriteString(w, "ok")
				return
			}
			req := must(http.NewRequestWithContext(ctx, http.MethodGet, ask, nil))
			resp, err := client.Do(req)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			defer resp.Body.Close()
			w.WriteHeader(resp.StatusCode)
			_, _ = io.Copy(w, resp.Body)
		})))
		servers, next = append(servers, s), s.URL+"/media/7"
	}
	client := &http.Client{Transport: pooled()}
	var took []time.Duration
	op := func(n int) {
		took = make([]time.Duration, n)
		var asked atomic.Int64
		var wg sync.WaitGroup
		for range min(keptAlive, n) {
			wg.Go(func() {
				for {
					i := int(asked.Add(1)) - 1
					if i >= n {
						return
					}
					start := time.Now()
					req := must(http.NewRequest(http.MethodGet, next, nil))
					for k, v := range inputs[0].header {
						req.Header[k] = v
					}
					resp := must(client.Do(req))
					body := must(io.ReadAll(resp.Body))
					resp.Body.Close()
					took[i] = time.Since(start)
					if resp.StatusCode != http.StatusOK || string(body) != "ok" {
						panic(fmt.Sprintf("%s: %q", resp.Status, body))
					}
				}
			})
		}
		wg.Wait()
	}
	check := func() error {
		written, err := out.look(func() { op(1) })
		if err != nil {
			return err
		}
		hops := bytes.Split(bytes.TrimSpace(written), []byte("\n"))
		if len(hops) != 3 {
			return fmt.Errorf("lines: %d", len(hops))
		}
		var spans []string
		for _, hop := range hops {
			traceID, spanID, err := idsOf(hop)
			switch {
			case err != nil:
				return err
			case w.hook == nil && traceID == "": // no tracing
			case traceID != traceHex || spanID == "":
				return fmt.Errorf("IDs of the line %s", hop)
			}
			spans = append(spans, spanID)
		}
		if _, bare := w.hook.(stringHook); !bare && w.hook != nil && len(slices.Compact(slices.Sorted(slices.Values(spans)))) != 3 {
			return fmt.Errorf("spans are not three: %v", spans)
		}
		return nil
	}
	return work{op: op, check: check, latency: func() []time.Duration { return took }, close: func() {
		for _, t := range transports {
			t.CloseIdleConnections()
		}
		for _, s := range servers {
			s.Close()
		}
	}}
}
