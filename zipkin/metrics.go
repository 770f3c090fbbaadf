package zipkin

import (
	"context"
	"fmt"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
)

// components counts the Providers and Exporters with metrics in this process. The number in their
// names distinguishes two of them in one meter.
var components atomic.Int64

// observe registers metrics for the counts that the function read returns. The metrics stay for as
// long as the MeterProvider lives, because its last collection may come after Shutdown. The
// parameter capacity is the capacity of the queue, or 0 if there is no queue.
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
	exported := m.counter("otel.sdk.exporter.span.exported", "Spans that the collector has accepted or, with error.type, spans that were lost on the way.")
	ok, refused, late := with(), failed("refused"), failed("shutdown")
	observer := func(o metric.Observer, c counts) {
		o.ObserveInt64(exported, c.sent, ok)
		o.ObserveInt64(exported, c.refused, refused)
		o.ObserveInt64(exported, c.late, late)
	}
	if capacity > 0 {
		exporting, full := observer, failed("queue_full")
		processed := m.counter("otel.sdk.processor.span.processed", "Spans that have left the queue or, with error.type, spans that were lost because the queue was full.")
		size := m.upDownCounter("otel.sdk.processor.span.queue.size", "Spans that wait for the collector.")
		bound := m.upDownCounter("otel.sdk.processor.span.queue.capacity", "How many spans may wait for the collector.")
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

// meter makes instruments. It keeps them all, and the first error.
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
