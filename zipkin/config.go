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

// Config is the configuration of a [Provider], and of an [Exporter].
type Config struct {
	// Service is what the service is called, in the graph and in searches. "": what the environment
	// says in OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES; an Exporter takes it from the
	// resource of each span.
	Service string

	// Endpoint is the URL to post spans to. One without a path is Zipkin's address, which
	// gets /api/v2/spans. A user and password in it are sent as Basic authorization.
	Endpoint string

	// Ratio is the share of the traces that are sampled, of those that no caller has decided: 0.01
	// is one in a hundred. It can be changed while running, see [Provider.SetRatio]. 0: 0.001.
	// An Exporter does not sample.
	Ratio float64

	// Sampler decides those traces instead of Ratio: a trace.NewLimit, trace.Always, or one of
	// your own. It is asked about a trace that begins here or that a caller left open, and must
	// be safe for concurrent use. Both Ratio and Sampler are an error. To change a *trace.Ratio
	// while running, keep it and call its SetRate: [Provider.SetRatio] is for Ratio alone. Nil:
	// Ratio. An Exporter does not sample.
	Sampler trace.Sampler

	// Attributes are added to each span's resource, such as deployment.environment.name. They go before
	// what is found in the environment, the host, the container and the build. An Exporter does
	// not use them.
	Attributes []attribute.KeyValue

	// Client posts the spans. Its redirects are not followed. It gets ten seconds for a post, or
	// its own Timeout if that is less. Posts carry b3: 0, in a context that denies, so that one
	// which traces what it sends does not trace these. Nil: one of our own, whose connections
	// end at Shutdown.
	Client *http.Client

	// QueueSpans and QueueBytes bound what waits for the collector, together with what is on its
	// way there. Zero: 8,192 spans, and 8 MiB of JSON. What is held beside that JSON, compressed
	// posts too, is a quarter of QueueBytes at most (of 64 KiB or more); not counted are
	// the spans that end at the moment. A larger span than QueueBytes is lost. An Exporter
	// has no queue.
	QueueSpans, QueueBytes int

	// MeterProvider, if set, gets what [Stats] says as metrics, by OpenTelemetry's conventions:
	// otel.sdk.processor.span.processed, otel.sdk.processor.span.queue.size and otel.sdk.exporter.span.exported, with error.type
	// for what was lost; and otel.sdk.processor.span.queue.capacity. An Exporter has only the one of
	// exporters. They stay after Shutdown, so that the last collection has them. Nil: none.
	MeterProvider metric.MeterProvider
}

const (
	defaultRatio      = 0.001
	defaultQueueSpans = 8192
	defaultQueueBytes = 8 << 20
)

// checked returns cfg with its defaults, or all that is wrong with it.
func (cfg Config) checked() (Config, *url.URL, error) {
	var errs []error
	endpoint, err := parseEndpoint("Endpoint", cfg.Endpoint)
	if err != nil {
		errs = append(errs, err)
	}
	if !(cfg.Ratio >= 0 && cfg.Ratio <= 1) { // written so that NaN fails too
		errs = append(errs, fmt.Errorf("zipkin: Ratio %v is not between 0 and 1", cfg.Ratio))
	}
	if cfg.Ratio != 0 && cfg.Sampler != nil {
		errs = append(errs, errors.New("zipkin: both Ratio and Sampler"))
	}
	if cfg.QueueSpans < 0 {
		errs = append(errs, fmt.Errorf("zipkin: QueueSpans %d is negative", cfg.QueueSpans))
	}
	if cfg.QueueBytes < 0 {
		errs = append(errs, fmt.Errorf("zipkin: QueueBytes %d is negative", cfg.QueueBytes))
	}
	if len(errs) > 0 {
		return cfg, nil, errors.Join(errs...)
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

// parseEndpoint does not quote the URL: there may be a password in it. field is where it stands.
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
