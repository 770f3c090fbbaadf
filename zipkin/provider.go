package zipkin

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"time"

	"example.com/clew/internal/seam"
	"example.com/clew/trace"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
)

// Provider is an OpenTelemetry SDK that samples by B3 and sends to Zipkin. It is a TracerProvider
// for otel.SetTracerProvider, for the Configs of httpmw and httpclient, and for every other
// instrumentation. The caller ends it with [Provider.Shutdown]. A Provider that [FromEnv] has
// turned off gives IDs and decisions only. A Provider is safe for concurrent use.
type Provider struct {
	embedded.TracerProvider
	spans tracers
	pipe  *pipe  // nil if the Provider is off
	ratio *ratio // nil with Config.Sampler
	ahead any    // the trace.Provider that is asked before the SDK, or makes all spans without one
}

// tracers makes the spans and holds the registered processors. It is an SDK, or an *off.
type tracers interface {
	Tracer(name string, opts ...oteltrace.TracerOption) oteltrace.Tracer
	RegisterSpanProcessor(sp sdktrace.SpanProcessor)
	ForceFlush(ctx context.Context) error
	Shutdown(ctx context.Context) error
}

var _ oteltrace.TracerProvider = (*Provider)(nil)

// NewProvider returns a Provider, or an error that says all that is wrong with cfg. It does not
// wait for the collector, which may be started later. Inside Amazon ECS it asks for the task's
// metadata, for two seconds at most.
func NewProvider(cfg Config) (*Provider, error) { return newProvider(cfg, postTime) }

// newProvider returns a Provider whose posts may take as long as timeout.
func newProvider(cfg Config, timeout time.Duration) (*Provider, error) {
	res, noService := newResource(cfg)
	cfg, endpoint, err := cfg.checked()
	if err = errors.Join(err, noService); err != nil {
		return nil, err
	}
	sender := newSender(endpoint, cfg.Client, sizesOf(cfg.QueueBytes))
	sender.timeout = timeout
	p := &Provider{pipe: newPipe(cfg, sender)}
	decider := p.decider(cfg)
	if err := observe(cfg.MeterProvider, cfg.QueueSpans, p.pipe.read); err != nil {
		return nil, err
	}
	p.spans = sdktrace.NewTracerProvider(
		sdktrace.WithSampler(sampler{decider}),
		sdktrace.WithIDGenerator(ids{}),
		sdktrace.WithResource(res),
		sdktrace.WithSpanProcessor(inlet{p.pipe}),
	)
	p.ahead = seam.Ahead(p, decider)
	go p.pipe.run()
	return p, nil
}

func init() {
	seam.AheadOf = func(sdk oteltrace.TracerProvider) any {
		p, ok := sdk.(*Provider)
		if !ok || p == nil {
			return nil
		}
		return p.ahead
	}
}

// decider returns the Sampler that decides about traces that no caller has decided.
func (p *Provider) decider(cfg Config) trace.Sampler {
	if cfg.Sampler != nil {
		return cfg.Sampler
	}
	p.ratio = newRatio(cfg.Ratio)
	return p.ratio.Ratio
}

// inlet is the pipe as the SDK's first SpanProcessor. The Provider itself flushes the pipe and
// shuts it down. The SDK would do so for one processor after the other, each with the time that
// remains. With a collector that is gone, no time would remain for the other processors.
type inlet struct{ *pipe }

func (inlet) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (inlet) ForceFlush(context.Context) error                { return nil }
func (inlet) Shutdown(context.Context) error                  { return nil }

// Tracer implements oteltrace.TracerProvider.
func (p *Provider) Tracer(name string, opts ...oteltrace.TracerOption) oteltrace.Tracer {
	return p.spans.Tracer(name, opts...)
}

// RegisterSpanProcessor adds a processor that gets all spans too, for instance to send them to
// another place as well. The Provider's ForceFlush and Shutdown also flush and shut down sp. If
// the Provider is off, sp gets no spans.
func (p *Provider) RegisterSpanProcessor(sp sdktrace.SpanProcessor) {
	p.spans.RegisterSpanProcessor(sp)
}

// ForceFlush sends the spans that have ended. It returns when the collector has accepted or
// refused them, at the latest at ctx's deadline, or after ten seconds if ctx has no deadline. The
// error says how many spans were refused, or are still queued.
func (p *Provider) ForceFlush(ctx context.Context) error {
	return both(ctx, p.pipe.ForceFlush, p.spans.ForceFlush)
}

// Shutdown sends the queued spans, ends the goroutine that sends, and closes the connection. It
// returns at ctx's deadline at the latest, or after ten seconds if ctx has no deadline, give or
// take 100 ms. Spans that are not sent by then are lost. The error says how many spans were lost
// since NewProvider, and why.
//
// Give Shutdown a new context with a timeout, as the Example does. If a signal cancels main's
// context, that context has already ended when Shutdown is called. With a canceled context,
// Shutdown has only 50 ms to send what it can.
//
// Spans that end after Shutdown has begun are not sent, and as a rule not counted. A second call
// returns the same error about lost spans. If the second call reaches its deadline before the
// first call has ended, it ends the first call too.
func (p *Provider) Shutdown(ctx context.Context) error {
	return both(ctx, p.pipe.Shutdown, p.spans.Shutdown)
}

// both calls the functions pipe and others at the same time, and joins their errors. It returns
// soon after ctx has ended, even if a processor ignores its context.
func both(ctx context.Context, pipe, others func(context.Context) error) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	ended := make(chan error, 1)
	othersCtx, giveUpAt := ctx, time.Time{}
	if ctx.Err() != nil { // with such a ctx, the SDK would do nothing, even in a second Shutdown
		giveUpAt = time.Now().Add(2 * grace)
		var cancel context.CancelFunc
		othersCtx, cancel = context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
	}
	go func() { ended <- others(othersCtx) }()
	err := pipe(ctx)
	select {
	case more := <-ended: // checked first, because othersCtx may have ended too
		return errors.Join(err, more)
	default:
	}
	select {
	case more := <-ended:
		return errors.Join(err, more)
	case <-othersCtx.Done():
	}
	wait := grace
	if !giveUpAt.IsZero() {
		wait = time.Until(giveUpAt) // may be negative, because pipe has used time
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case more := <-ended:
		return errors.Join(err, more)
	case <-timer.C: // a processor ignores its context
		return errors.Join(err, ctx.Err())
	}
}

// Stats returns how many spans were sent, dropped and queued until now.
func (p *Provider) Stats() Stats {
	c := p.pipe.read()
	return c.stats()
}

// Ratio returns the sampled share of the traces that no caller has decided. It is NaN if
// Config.Sampler decides.
func (p *Provider) Ratio() float64 { return p.ratio.load() }

// SetRatio changes the ratio for traces that begin from now on. 0 means none. A ratio that is not
// between 0 and 1 is an error, and changes nothing. With Config.Sampler there is no ratio, and
// every call is an error. If the Sampler is a *trace.Ratio, call its own SetRate.
func (p *Provider) SetRatio(share float64) error { return p.ratio.set(share) }

// RatioHandler returns a handler that shows the ratio, and changes it by PUT:
//
//	curl localhost:8080/debug/ratio
//	curl -X PUT -d 0.01 localhost:8080/debug/ratio
//
// Mount it where only your operators can reach it: anyone who can change the ratio can flood the
// collector. With Config.Sampler there is no ratio, and the answer is 404.
func (p *Provider) RatioHandler() http.Handler { return p.ratio }

// scope is the name under which OpenTelemetry sees this package.
var scope = reflect.TypeFor[Provider]().PkgPath()
