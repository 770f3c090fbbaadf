package zipkin

import (
	"context"
	"errors"
	"net/http"
	"reflect"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Provider is an OpenTelemetry SDK that samples by B3 and sends to Zipkin. It is a TracerProvider for
// otel.SetTracerProvider, for the Configs of httpmw and httpclient, and for every other
// instrumentation. The caller ends it with [Provider.Shutdown]. Safe for concurrent use.
//
// The embedded provider takes further SpanProcessors, to send to several places.
type Provider struct {
	*sdktrace.TracerProvider
	pipe  *pipe
	ratio *ratio
}

// NewProvider returns a Provider, or an error that says all that is wrong with cfg. It does not
// wait for the collector, which may be started later. Inside Amazon ECS it asks for the task's
// metadata, for two seconds at most.
func NewProvider(cfg Config) (*Provider, error) {
	cfg, endpoint, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	res, err := newResource(cfg)
	if err != nil {
		return nil, err
	}
	p := &Provider{
		pipe:  newPipe(cfg, newSender(endpoint, cfg.Client)),
		ratio: newRatio(cfg.Ratio),
	}
	if p.pipe.unmeter, err = observe(cfg.MeterProvider, cfg.QueueSpans, p.pipe.read); err != nil {
		return nil, err
	}
	p.TracerProvider = sdktrace.NewTracerProvider(
		sdktrace.WithSampler(sampler{p.ratio.Ratio}),
		sdktrace.WithIDGenerator(ids{}),
		sdktrace.WithResource(res),
		sdktrace.WithSpanProcessor(p.pipe),
	)
	go p.pipe.run()
	return p, nil
}

// Shutdown sends what is queued, ends the goroutine that sends, and closes the connection. It returns by ctx's
// deadline, or within ten seconds if ctx has none, give or take 50 ms; what was not sent until then is
// lost. The error says how many spans were lost since NewProvider, and why. Spans that end later are counted as dropped. A
// second call returns the same.
func (p *Provider) Shutdown(ctx context.Context) error {
	lost := p.pipe.Shutdown(ctx)
	err := p.TracerProvider.Shutdown(ctx) // of other processors too
	if err == nil || lost != nil && (errors.Is(lost, err) || errors.Is(err, lost)) {
		return lost
	}
	return errors.Join(lost, err)
}

// Stats says what has become of the spans until now.
func (p *Provider) Stats() Stats {
	c := p.pipe.read()
	return c.stats()
}

// Ratio returns the share of the traces that are sampled, of those that no caller has decided.
func (p *Provider) Ratio() float64 { return p.ratio.load() }

// SetRatio changes the ratio, for traces that begin from now on. Here 0 means none. A ratio that is not
// between 0 and 1 is an error, and changes nothing.
func (p *Provider) SetRatio(share float64) error { return p.ratio.set(share) }

// RatioHandler shows the ratio, and changes it by PUT:
//
//	curl localhost:8080/debug/ratio
//	curl -X PUT -d 0.01 localhost:8080/debug/ratio
//
// Mount it where only your operators get to: who may change the ratio may flood the collector.
func (p *Provider) RatioHandler() http.Handler { return p.ratio }

// scope is the name under which OpenTelemetry sees this package.
var scope = reflect.TypeFor[Provider]().PkgPath()
