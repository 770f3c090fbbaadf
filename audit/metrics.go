package audit

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// scope is the name of the meter.
const scope = "example.com/clew/audit"

// measure registers the metrics with p, or none if p is nil.
func (l *Logger) measure(p metric.MeterProvider) error {
	if p == nil {
		return nil
	}
	i := &instruments{meter: p.Meter(scope)}
	events := i.counter("audit.events", "{event}", "Events by outcome: dropped, too_big, written, failed or discarded.")
	buffered := i.gauge("audit.buffered.events", "{event}", "Events in memory.")
	bufferedBytes := i.gauge("audit.buffered.size", "By", "Memory of events that are not yet in the journal.")
	journal := i.gauge("audit.journal.size", "By", "Bytes of the journal that are not yet in Parquet files, or not yet sent.")
	errors := i.counter("audit.errors", "{error}", "Errors of the disk, the store, the Sink and the Filter. The Logger tries again after each error, except after an error of the Filter.")
	oldest := i.seconds("audit.oldest.age", "Age of the oldest event that is not yet in a Parquet file, or not yet sent.")
	fsync := i.total("audit.fsync.time", "Time in fsync.")
	compaction := i.total("audit.compaction.time", "Time in which segments became Parquet files, or were sent.")
	sink := i.sink(l.sink != nil)
	if i.err != nil {
		return i.err
	}

	outcome := func(name string) metric.ObserveOption {
		return metric.WithAttributeSet(attribute.NewSet(attribute.String("outcome", name)))
	}
	dropped, tooBig, written, failed := outcome("dropped"), outcome("too_big"), outcome("written"), outcome("failed")
	discarded := outcome("discarded")
	registered, err := i.meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := l.Stats()
		o.ObserveInt64(events, s.Dropped, dropped)
		o.ObserveInt64(events, s.TooBig, tooBig)
		o.ObserveInt64(events, l.queue.everWritten(), written)
		o.ObserveInt64(events, s.Failed, failed)
		o.ObserveInt64(events, s.Discarded, discarded)
		o.ObserveInt64(buffered, s.Buffered)
		o.ObserveInt64(bufferedBytes, s.BufferedBytes)
		o.ObserveInt64(journal, s.JournalBytes)
		o.ObserveInt64(errors, s.Errors)
		o.ObserveFloat64(oldest, s.Oldest.Seconds())
		o.ObserveFloat64(fsync, s.Fsync.Sum.Seconds())
		o.ObserveFloat64(compaction, s.Compaction.Sum.Seconds())
		sink(o, &s)
		return nil
	}, i.all...)
	if err == nil {
		l.unregister = registered.Unregister
	}
	return err
}

// instruments makes instruments, and keeps the first error.
type instruments struct {
	meter metric.Meter
	all   []metric.Observable
	err   error
}

// sink makes the instruments of a Sink, if there is one, and returns the function that observes
// them.
func (i *instruments) sink(there bool) func(metric.Observer, *Stats) {
	if !there {
		return func(metric.Observer, *Stats) {}
	}
	sent := i.counter("audit.sink.sent", "{event}", "Events that the Sink has taken.")
	refused := i.counter("audit.sink.refused", "{event}", "Events that the Sink will never take, and that are lost.")
	unsent := i.gauge("audit.sink.unsent", "{event}", "Events of this process that wait in the journal.")
	return func(o metric.Observer, s *Stats) {
		o.ObserveInt64(sent, s.Sent)
		o.ObserveInt64(refused, s.Refused)
		o.ObserveInt64(unsent, s.Unsent)
	}
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

func (i *instruments) seconds(name, about string) metric.Float64ObservableGauge {
	g, err := i.meter.Float64ObservableGauge(name, metric.WithUnit("s"), metric.WithDescription(about))
	return add(i, g, err)
}

func (i *instruments) total(name, about string) metric.Float64ObservableCounter {
	c, err := i.meter.Float64ObservableCounter(name, metric.WithUnit("s"), metric.WithDescription(about))
	return add(i, c, err)
}
