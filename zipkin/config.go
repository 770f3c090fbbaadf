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
	// Service is the name of the service, in Zipkin's graph and in searches. If it is "", the name
	// comes from OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES in the environment.
	Service string

	// Endpoint is the URL that spans are posted to. Zipkin's address is enough, because
	// /api/v2/spans is added to a URL without a path. A user and password in the URL are sent as
	// Basic authorization.
	Endpoint string

	// Ratio is the sampled share of the traces that no caller has decided: 0.01 is one in a
	// hundred. [Provider.SetRatio] changes it while the program runs. 0 means 0.001. To sample
	// none of these traces, set Sampler to trace.Never(), or call SetRatio(0).
	Ratio float64

	// Sampler decides about traces that no caller has decided, instead of Ratio: a trace.NewLimit,
	// trace.Always, trace.Never, or a Sampler of your own. It is asked about each trace that
	// begins here or whose caller defers. It must be safe for concurrent use. Setting both Ratio
	// and Sampler is an error. [Provider.SetRatio] does not change a Sampler: to change a
	// *trace.Ratio while the program runs, keep it and call its SetRate. If Sampler is nil, Ratio
	// decides.
	Sampler trace.Sampler

	// Attributes are added to each span's resource, such as deployment.environment.name. They win
	// over attributes from the environment, the host, the container and the build.
	Attributes []attribute.KeyValue

	// Client posts the spans. It follows no redirects. A post may take ten seconds, or Client's
	// own Timeout if that is shorter. Posts have the header b3: 0 and a context in state deny, so
	// that a client that traces its requests does not trace posts. If Client is nil, the Provider
	// has a client of its own, whose connections end at Shutdown.
	Client *http.Client

	// QueueSpans and QueueBytes bound the spans that wait for the collector or are being posted. 0
	// means 8,192 spans, and 8 MiB of JSON. A queue of size 0 is not possible, because each span
	// passes through the queue. To send no spans, see Sampler.
	//
	// The memory that is used in addition to the JSON, compressed posts included, is at most a
	// quarter of QueueBytes if QueueBytes is 64 KiB or more. Spans that are just ending are not
	// counted. A span larger than QueueBytes is lost.
	QueueSpans, QueueBytes int

	// MeterProvider gets the numbers of [Stats] as metrics, named by OpenTelemetry's conventions:
	// otel.sdk.processor.span.processed, otel.sdk.processor.span.queue.size,
	// otel.sdk.processor.span.queue.capacity and otel.sdk.exporter.span.exported. Lost spans have
	// the attribute error.type. The metrics stay after Shutdown, so that the last collection
	// includes them. If MeterProvider is nil, there are no metrics.
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
		faults = append(faults, errors.New("zipkin: both Ratio and Sampler are set"))
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

// parseEndpoint returns text as the URL of a collector. The parameter source is the name of the
// Config's field or of the environment variable that holds text. Errors contain this name. They do
// not quote the URL, because it may contain a password.
func parseEndpoint(source, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return nil, errors.New("zipkin: no " + source)
	case err != nil:
		return nil, errors.New("zipkin: " + source + " is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("zipkin: " + source + " is not an http or https URL")
	case u.Host == "":
		return nil, errors.New("zipkin: " + source + " has no host")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/api/v2/spans"
	}
	return u, nil
}
