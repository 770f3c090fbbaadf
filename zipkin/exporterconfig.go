package zipkin

import (
	"net/http"

	"go.opentelemetry.io/otel/metric"
)

// ExporterConfig is the configuration of an [Exporter]. Sampling, the resource and the queue
// belong to the SDK that the Exporter is given to.
type ExporterConfig struct {
	// Service is the name of the service, in Zipkin's graph and in searches. "": that of each
	// span's resource.
	Service string

	// Endpoint is the URL that spans are posted to, as in [Config].
	Endpoint string

	// Client posts the spans, as in [Config]. Nil: one of our own, whose connections end at
	// Shutdown.
	Client *http.Client

	// MeterProvider gets what [Stats] says as a metric, by OpenTelemetry's conventions:
	// otel.sdk.exporter.span.exported. Lost spans have error.type. The metric stays after
	// Shutdown, so that the last collection has it. Nil: none.
	MeterProvider metric.MeterProvider
}
