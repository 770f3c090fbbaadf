package zipkin_test

import (
	"context"
	"net/http"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"example.com/clew/zipkin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
)

func TestExporterConfigFaults(t *testing.T) {
	for _, tt := range []struct{ name, endpoint, want string }{
		{"no endpoint", "", "zipkin: no Endpoint"},
		{"not a URL", "http://ann:h8nter2@[::1", "zipkin: Endpoint is not a URL"},
		{"another scheme", "ftp://localhost:9411", "zipkin: Endpoint is not an http or https URL"},
		{"no host", "http:///api/v2/spans", "zipkin: Endpoint has no host"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, err := zipkin.NewSpanExporter(zipkin.ExporterConfig{Endpoint: tt.endpoint})
			assert.EqualError(t, err, tt.want, "NewSpanExporter")
			assert.Nil(t, e)
		})
	}
}

// TestBothConfigsOfAnExporter: NewExporter, which is deprecated, makes the same Exporter as
// NewSpanExporter.
func TestBothConfigsOfAnExporter(t *testing.T) {
	const endpoint = "http://collector.test:9411"
	for _, service := range []string{"", "media-import"} {
		for name, newExporter := range map[string]func(*poster, *metric.MeterProvider) (*zipkin.Exporter, error){
			"NewSpanExporter": func(p *poster, m *metric.MeterProvider) (*zipkin.Exporter, error) {
				return zipkin.NewSpanExporter(zipkin.ExporterConfig{Service: service, Endpoint: endpoint, Client: &http.Client{Transport: p}, MeterProvider: m})
			},
			"NewExporter": func(p *poster, m *metric.MeterProvider) (*zipkin.Exporter, error) {
				return zipkin.NewExporter(zipkin.Config{Service: service, Endpoint: endpoint, Client: &http.Client{Transport: p}, MeterProvider: m,
					Ratio: 0.5, Attributes: []attribute.KeyValue{attribute.String("not", "used")}, QueueSpans: 1, QueueBytes: 1})
			},
		} {
			t.Run(name+"/"+service, func(t *testing.T) {
				reader, p := metric.NewManualReader(), new(poster)
				e, err := newExporter(p, metric.NewMeterProvider(metric.WithReader(reader)))
				require.NoError(t, err, name)
				require.NoError(t, e.ExportSpans(context.Background(), tracetest.SpanStubs{ended(nil), ended(nil)}.Snapshots()), "ExportSpans")
				require.NoError(t, e.Shutdown(context.Background()), "Shutdown")
				want := service
				if want == "" {
					want = "media-api" // the name in the resource
				}
				spans := p.take(t)
				require.Len(t, spans, 2, "spans")
				assert.Equal(t, map[string]any{"serviceName": want}, spans[0]["localEndpoint"], "localEndpoint")
				assert.NotContains(t, spans[0].tags(), "not", "tags")

				var metrics metricdata.ResourceMetrics
				require.NoError(t, reader.Collect(context.Background(), &metrics), "Collect")
				require.Len(t, metrics.ScopeMetrics, 1, "scopes of metrics")
				require.Len(t, metrics.ScopeMetrics[0].Metrics, 1, "metrics")
				assert.Equal(t, "otel.sdk.exporter.span.exported", metrics.ScopeMetrics[0].Metrics[0].Name, "the metric's name")
			})
		}
	}
}

// TestSampleNone: a Ratio of 0 means the default. So there are two ways to sample no new trace:
// the Sampler trace.Never(), and SetRatio(0). Both obey a caller's decision.
func TestSampleNone(t *testing.T) {
	accepted := testkit.B3(testkit.ID128 + "-" + testkit.SpanID + "-1")
	for _, tt := range []struct {
		name string
		cfg  zipkin.Config
		set  bool
	}{
		{name: "Never", cfg: zipkin.Config{Sampler: trace.Never()}},
		{name: "SetRatio", cfg: zipkin.Config{Ratio: 1}, set: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tp, p := provider(t, tt.cfg)
			if tt.set {
				require.NoError(t, tp.SetRatio(0), "SetRatio")
			}
			end(tp, 1000)
			assert.Empty(t, flushed(t, tp, p), "spans of new traces")
			_, s := trace.Starter{TracerProvider: tp}.Start(context.Background(), accepted, "accepted")
			s.End()
			assert.Len(t, flushed(t, tp, p), 1, "spans of a trace that its caller accepts")
		})
	}
}
