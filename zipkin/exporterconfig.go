package zipkin

import (
	"net/http"

	"go.opentelemetry.io/otel/metric"
)

// ExporterConfig is the configuration of an [Exporter]. Sampling, the resource and the queue
// belong to the SDK that the Exporter is given to.
type ExporterConfig struct {
	// Service is the name of the service, in Zipkin's graph and in searches. If it is "", each
	// span has the name in its resource.
	Service string

	// Endpoint is the URL that spans are posted to, as in [Config].
	Endpoint string

	// Client posts the spans, as in [Config]. If Client is nil, the Exporter has a client of its
	// own, whose connections end at Shutdown.
	Client *http.Client

	// MeterProvider gets the numbers of [Stats] as a metric, named by OpenTelemetry's conventions:
	// otel.sdk.exporter.span.exported. Lost spans have the attribute error.type. The metric stays
	// after Shutdown, so that the last collection includes it. If MeterProvider is nil, there is
	// no metric.
	MeterProvider metric.MeterProvider
}
