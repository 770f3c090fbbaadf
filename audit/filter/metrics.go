package filter

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// scope is the name of the meter.
const scope = "example.com/clew/audit/filter"

// measure registers the metrics with p, or none if p is nil. The metrics of a filter have its name
// as their attribute "filter". This attribute has at most 256 values at a time, because a source
// has at most 256 filters.
func (s *Set) measure(p metric.MeterProvider) error {
	if p == nil {
		return nil
	}
	i := &instruments{meter: p.Meter(scope)}
	calls := i.counter("audit.filter.calls", "{call}", "Events that a filter was called for.")
	passed := i.counter("audit.filter.passed", "{event}", "Events that a filter passed.")
	errors := i.counter("audit.filter.errors", "{error}", "Calls of a filter that threw, or returned neither true nor false.")
	spent := i.seconds("audit.filter.time", "Processor time that a filter has used.")
	off := i.gauge("audit.filter.off", "{filter}", "1 while a filter is switched off by a fault, else 0.")
	allOff := i.gauge("audit.filter.all_off", "{service}", "1 while all filters that apply are switched off by faults, else 0.")
	failing := i.gauge("audit.filter.source.failing", "{source}", "1 while the filters cannot be read, else 0.")
	problems := i.gauge("audit.filter.source.problems", "{problem}", "Files and filters that are wrong.")
	kept := i.counter("audit.filter.kept", "{event}", "Events that were written because all filters were off.")
	if i.err != nil {
		return i.err
	}
	registered, err := i.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		o.ObserveInt64(allOff, one(s.broken))
		o.ObserveInt64(failing, one(s.health.Error != ""))
		o.ObserveInt64(problems, int64(len(s.health.Problems)))
		o.ObserveInt64(kept, s.events.Kept)
		for _, l := range s.shown {
			t := l.total() // includes earlier scripts, because a counter never falls
			name := metric.WithAttributeSet(attribute.NewSet(attribute.String("filter", l.Name)))
			o.ObserveInt64(calls, t.calls, name)
			o.ObserveInt64(passed, t.passed, name)
			o.ObserveInt64(errors, t.errors, name)
			o.ObserveFloat64(spent, float64(t.time)/float64(time.Second), name)
			o.ObserveInt64(off, one(l.off != nil), name)
		}
		return nil
	}, i.all...)
	if err == nil {
		s.unregister = registered.Unregister
	}
	return err
}

func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// instruments makes the instruments of the metrics, and keeps the first error.
type instruments struct {
	meter metric.Meter
	all   []metric.Observable
	err   error
}

func add[I metric.Observable](i *instruments, instrument I, err error) I {
	if i.err == nil {
		i.err = err
	}
	i.all = append(i.all, instrument)
	return instrument
}

func (i *instruments) counter(name, unit, about string) metric.Int64ObservableCounter {
	c, err := i.meter.Int64ObservableCounter(name, metric.WithUnit(unit), metric.WithDescription(about))
	return add(i, c, err)
}

func (i *instruments) gauge(name, unit, about string) metric.Int64ObservableGauge {
	g, err := i.meter.Int64ObservableGauge(name, metric.WithUnit(unit), metric.WithDescription(about))
	return add(i, g, err)
}

func (i *instruments) seconds(name, about string) metric.Float64ObservableCounter {
	c, err := i.meter.Float64ObservableCounter(name, metric.WithUnit("s"), metric.WithDescription(about))
	return add(i, c, err)
}
