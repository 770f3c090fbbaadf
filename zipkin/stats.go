package zipkin

import (
	"context"
	"fmt"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// Stats is what has become of the spans that ended, at one moment: Sent + Dropped + Queued is Ended.
type Stats struct {
	Ended   int64 // spans that were sampled and have ended
	Sent    int64 // the collector has taken them
	Dropped int64 // lost: no room in the queue, refused, or not sent before the end
	Queued  int64 // waiting, or on their way

	QueuedBytes int64 // of JSON

	LastError error // of the last post that failed; nil if none ever did. It may quote the collector.
}

// counts is Stats with the reasons for which spans were dropped.
type counts struct {
	ended, sent, queued, bytes int64

	full    int64 // no room in the queue
	refused int64 // by the collector
	late    int64 // after Shutdown, or not sent by its end

	lastError error
}

func (c *counts) dropped() int64 { return c.full + c.refused + c.late }

func (c *counts) stats() Stats {
	return Stats{c.ended, c.sent, c.dropped(), c.queued, c.bytes, c.lastError}
}

// settle counts n spans that were queued as sent, or, with an error, as refused.
func (c *counts) settle(n int, err error) {
	c.queued -= int64(n)
	if err == nil {
		c.sent += int64(n)
	} else {
		c.refused += int64(n)
		c.lastError = err
	}
}

// lost is the error that says how many spans were lost; nil if none were. cause is why there was no more time.
func (c *counts) lost(cause error) error {
	if c.dropped() == 0 {
		return nil
	}
	err := fmt.Errorf("zipkin: %d of %d spans lost (queue full %d, refused %d, not sent in time %d)",
		c.dropped(), c.ended, c.full, c.refused, c.late)
	if cause != nil {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	return withLast(err, c.lastError)
}

func withLast(err, last error) error {
	if last == nil {
		return err
	}
	return fmt.Errorf("%w: last error: %v", err, last) // not %w: it is the reason of some spans, and no end of ours
}

// components counts what has metrics in this process, so that two in one meter can be told apart.
var components atomic.Int64

// observe makes metrics of counts, for as long as the provider lives: the last collection may come after our end. capacity is
// that of the queue; 0: there is none.
func observe(provider metric.MeterProvider, capacity int, read func() counts) error {
	if provider == nil {
		return nil
	}
	const component = "zipkin_http_span_exporter"
	common := []attribute.KeyValue{
		attribute.String("otel.component.type", component),
		attribute.String("otel.component.name", fmt.Sprintf("%s/%d", component, components.Add(1)-1)),
	}
	with := func(attrs ...attribute.KeyValue) metric.MeasurementOption {
		return metric.WithAttributeSet(attribute.NewSet(append(attrs, common...)...))
	}
	failed := func(why string) metric.MeasurementOption { return with(attribute.String("error.type", why)) }

	m := meter{Meter: provider.Meter(scope)}
	exported := m.counter("otel.sdk.exporter.span.exported", "Spans that the collector has taken, and with error.type those that were lost on the way.")
	ok, refused, late := with(), failed("refused"), failed("shutdown")
	observer := func(o metric.Observer, c counts) {
		o.ObserveInt64(exported, c.sent, ok)
		o.ObserveInt64(exported, c.refused, refused)
		o.ObserveInt64(exported, c.late, late)
	}
	if capacity > 0 {
		exporting, full := observer, failed("queue_full")
		processed := m.counter("otel.sdk.processor.span.processed", "Spans that have left the queue, and with error.type those that found it full.")
		size := m.upDownCounter("otel.sdk.processor.span.queue.size", "Spans that wait for the collector.")
		bound := m.upDownCounter("otel.sdk.processor.span.queue.capacity", "How many may wait.")
		observer = func(o metric.Observer, c counts) {
			exporting(o, c)
			o.ObserveInt64(processed, c.ended-c.queued-c.full, ok)
			o.ObserveInt64(processed, c.full, full)
			o.ObserveInt64(size, c.queued, ok)
			o.ObserveInt64(bound, int64(capacity), ok)
		}
	}
	if m.err == nil {
		_, m.err = m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
			observer(o, read())
			return nil
		}, m.all...)
	}
	if m.err != nil {
		return fmt.Errorf("zipkin: %w", m.err)
	}
	return nil
}

// meter makes instruments, and keeps them and the first error.
type meter struct {
	metric.Meter
	all []metric.Observable
	err error
}

func (m *meter) counter(name, description string) metric.Int64ObservableCounter {
	c, err := m.Int64ObservableCounter(name, metric.WithUnit("{span}"), metric.WithDescription(description))
	m.keep(c, err)
	return c
}

func (m *meter) upDownCounter(name, description string) metric.Int64ObservableUpDownCounter {
	c, err := m.Int64ObservableUpDownCounter(name, metric.WithUnit("{span}"), metric.WithDescription(description))
	m.keep(c, err)
	return c
}

func (m *meter) keep(o metric.Observable, err error) {
	m.all = append(m.all, o)
	if m.err == nil {
		m.err = err
	}
}
