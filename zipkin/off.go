package zipkin

import (
	"context"
	"errors"
	"slices"
	"sync"

	"example.com/clew/trace"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// The type off implements tracers for a Provider that sends nothing. It gives IDs and decisions,
// and holds the registered processors.
//
// Do not use an SDK that samples nothing instead, although it would flush and shut down the
// processors. An SDK reads the environment itself, and reports faults in it to OpenTelemetry's
// ErrorHandler, even with OTEL_SDK_DISABLED.
type off struct {
	*trace.Provider

	mu         sync.Mutex
	processors []sdktrace.SpanProcessor
}

// newOff returns a Provider that is off, or an error that says all that is wrong with cfg. cfg
// must have an Endpoint.
func newOff(cfg Config) (*Provider, error) {
	cfg, _, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	p := new(Provider)
	ids := trace.NewProvider(trace.ProviderConfig{Sampler: p.decider(cfg)})
	p.spans, p.ahead = &off{Provider: ids}, ids
	return p, nil
}

func (o *off) RegisterSpanProcessor(sp sdktrace.SpanProcessor) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.processors = append(o.processors, sp)
}

func (o *off) ForceFlush(ctx context.Context) error {
	o.mu.Lock()
	all := slices.Clone(o.processors)
	o.mu.Unlock()
	var errs []error
	for _, sp := range all {
		errs = append(errs, sp.ForceFlush(ctx))
	}
	return errors.Join(errs...)
}

// Shutdown shuts each processor down once.
func (o *off) Shutdown(ctx context.Context) error {
	o.mu.Lock()
	all := o.processors
	o.processors = nil
	o.mu.Unlock()
	var errs []error
	for _, sp := range all {
		errs = append(errs, sp.Shutdown(ctx))
	}
	return errors.Join(errs...)
}
