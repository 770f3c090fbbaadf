package httpclient_test

import (
	"context"
	"net/http"
	"testing"

	"example.com/clew/httpclient"
	"example.com/clew/internal/hoptest"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

func TestHop(t *testing.T) {
	w := newWorld(t, nil)
	base := w.transport(t)

	clients := []struct {
		name string
		get  func(t *testing.T, cfg httpclient.Config, ctx context.Context)
	}{
		{"NewTransport", func(t *testing.T, cfg httpclient.Config, ctx context.Context) {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL, nil)
			require.NoError(t, err)
			resp, err := httpclient.NewTransport(base, cfg).RoundTrip(r)
			require.NoError(t, err, "RoundTrip")
			drain(t, resp)
		}},
		{"Wrap", func(t *testing.T, cfg httpclient.Config, ctx context.Context) {
			fetch(t, httpclient.Wrap(&http.Client{Transport: base}, cfg), ctx, w.URL)
		}},
		{"Resty", func(t *testing.T, cfg httpclient.Config, ctx context.Context) {
			_, err := w.resty(t, cfg).R().SetContext(ctx).Get(w.URL)
			require.NoError(t, err, "Get")
		}},
	}
	propagators := []struct {
		name       string
		propagator propagation.TextMapPropagator
		single     bool
		multi      bool
		w3c        bool
	}{
		{"nil", nil, false, true, false},
		{"X-B3", trace.Propagator{}, false, true, false},
		{"b3", trace.Propagator{Encoding: b3.B3SingleHeader}, true, false, false},
		{"both", trace.Propagator{Encoding: b3.B3SingleHeader | b3.B3MultipleHeader}, true, true, false},
		{"X-B3 and W3C", trace.Propagator{W3C: true}, false, true, true},
		{"b3 and W3C", trace.Propagator{Encoding: b3.B3SingleHeader, W3C: true}, true, false, true},
		{"pointer", &trace.Propagator{Encoding: b3.B3SingleHeader}, true, false, false},
	}
	for _, c := range clients {
		for _, p := range propagators {
			t.Run(c.name+"/"+p.name, func(t *testing.T) {
				hoptest.Run(t, func(t *testing.T, r hoptest.Row) hoptest.Seen {
					w.take()
					c.get(t, httpclient.Config{Propagator: p.propagator}, r.Context())
					a := w.takeOne(t)

					assert.Equal(t, p.single, a.header.Get("b3") != "", "b3 was sent: %v", a.header)
					assert.Equal(t, p.multi, a.header.Get("X-B3-TraceId") != "", "X-B3-TraceId was sent: %v", a.header)
					assert.Equal(t, p.w3c, a.header.Get("traceparent") != "", "traceparent was sent: %v", a.header)
					if p.w3c {
						ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.HeaderCarrier(a.header))
						sc := oteltrace.SpanContextFromContext(ctx)
						assert.Equal(t, a.b3.TraceID, sc.TraceID(), "trace ID in traceparent")
						assert.Equal(t, a.b3.SpanID, sc.SpanID(), "span ID in traceparent")
						assert.Equal(t, a.b3.Sampling == trace.Accept || a.b3.Sampling == trace.Debug, sc.IsSampled(), "sampled flag in traceparent")
					}

					// The caller's span is the parent of the span that is sent.
					caller, err := trace.FromHeader(r.Header)
					require.NoError(t, err)
					assert.NotEqual(t, caller.SpanID, a.b3.SpanID, "span ID that arrived, which must not be the caller's")
					assert.Equal(t, caller.SpanID, a.b3.ParentSpanID, "parent span ID that arrived")
					return hoptest.Seen{TraceID: a.traceID(), State: a.b3.Sampling.String()}
				})
			})
		}
	}
}
