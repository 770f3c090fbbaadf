package zipkin

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"example.com/clew/trace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Config is the configuration of a [Provider].
type Config struct {
	// Service is the name of the service, in Zipkin's graph and in searches. "": as
	// OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES in the environment say.
	Service string

	// Endpoint is the URL that spans are posted to. Zipkin's address is enough: a URL without a
	// path gets /api/v2/spans. A user and password in it are sent as Basic authorization.
	Endpoint string

	// Ratio is the sampled share of the traces that no caller has decided: 0.01 is one in a
	// hundred. [Provider.SetRatio] changes it while running. 0: 0.001. To sample none of them, set
	// Sampler to trace.Never(), or call SetRatio(0).
	Ratio float64

	// Sampler decides the traces that no caller has decided, instead of Ratio: a trace.NewLimit,
	// trace.Always, trace.Never, or one of your own. It is asked about each trace that begins here
	// or that a caller left open, and must be safe for concurrent use. Setting both Ratio and
	// Sampler is an error. [Provider.SetRatio] does not reach a Sampler: to change a *trace.Ratio
	// while running, keep it and call its SetRate. Nil: Ratio.
	Sampler trace.Sampler

	// Attributes are added to each span's resource, such as deployment.environment.name. They win
	// over what is found in the environment, the host, the container and the build.
	Attributes []attribute.KeyValue

	// Client posts the spans. It follows no redirects, and gets ten seconds for a post, or its own
	// Timeout if that is less. Posts carry the header b3: 0 and a context that denies, so that a
	// client that traces its requests does not trace posts. Nil: one of our own, whose connections
	// end at Shutdown.
	Client *http.Client

	// QueueSpans and QueueBytes bound the spans that wait for the collector or are on their way
	// there. 0: 8,192 spans, and 8 MiB of JSON. A queue without room is not possible, since each
	// span passes through the queue. To send no spans, see Sampler.
	//
	// The memory beside the JSON, compressed posts included, is at most a quarter of QueueBytes if
	// QueueBytes is 64 KiB or more. Spans that are just ending are not counted. A span larger than
	// QueueBytes is lost.
	QueueSpans, QueueBytes int

	// MeterProvider gets what [Stats] says as metrics, by OpenTelemetry's conventions:
	// otel.sdk.processor.span.processed, otel.sdk.processor.span.queue.size,
	// otel.sdk.processor.span.queue.capacity and otel.sdk.exporter.span.exported. Lost spans have
	// error.type. The metrics stay after Shutdown, so that the last collection has them. Nil:
	// none.
	MeterProvider metric.MeterProvider
}

const (
	defaultRatio      = 0.001
	defaultQueueSpans = 8192
	defaultQueueBytes = 8 << 20
)

// checked returns cfg with its defaults, or all that is wrong with it.
func (cfg Config) checked() (Config, *url.URL, error) {
	endpoint, err := parseEndpoint("Endpoint", cfg.Endpoint)
	faults := []error{err}
	if !isShare(cfg.Ratio) {
		faults = append(faults, fmt.Errorf("zipkin: Ratio %v is not between 0 and 1", cfg.Ratio))
	}
	if cfg.Ratio != 0 && cfg.Sampler != nil {
		faults = append(faults, errors.New("zipkin: both Ratio and Sampler"))
	}
	if cfg.QueueSpans < 0 {
		faults = append(faults, fmt.Errorf("zipkin: QueueSpans %d is negative", cfg.QueueSpans))
	}
	if cfg.QueueBytes < 0 {
		faults = append(faults, fmt.Errorf("zipkin: QueueBytes %d is negative", cfg.QueueBytes))
	}
	if err := errors.Join(faults...); err != nil {
		return cfg, nil, err
	}
	if cfg.Ratio == 0 && cfg.Sampler == nil {
		cfg.Ratio = defaultRatio
	}
	if cfg.QueueSpans == 0 {
		cfg.QueueSpans = defaultQueueSpans
	}
	if cfg.QueueBytes == 0 {
		cfg.QueueBytes = defaultQueueBytes
	}
	return cfg, endpoint, nil
}

// parseEndpoint returns text as the URL of a collector. Errors name field, which is where text
// comes from. They do not quote the URL, since it may hold a password.
func parseEndpoint(field, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return nil, errors.New("zipkin: no " + field)
	case err != nil:
		return nil, errors.New("zipkin: " + field + " is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("zipkin: " + field + " is not an http or https URL")
	case u.Host == "":
		return nil, errors.New("zipkin: " + field + " has no host")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/api/v2/spans"
	}
	return u, nil
}
