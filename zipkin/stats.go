package zipkin

import (
	"context"
	"fmt"

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
	return fmt.Errorf("%w: last error: %w", err, last)
}

// observe makes metrics of counts, until stop is called. capacity is that of the queue; 0: there is none.
func observe(provider metric.MeterProvider, capacity int, read func() counts) (stop func(), err error) {
	if provider == nil {
		return func() {}, nil
	}
	meter := provider.Meter(scope)
	var instruments []metric.Observable
	add := func(instrument metric.Observable, e error) {
		if err == nil {
			err = e
		}
		instruments = append(instruments, instrument)
	}
	exported, e := meter.Int64ObservableCounter("otel.sdk.exporter.span.exported", metric.WithUnit("{span}"),
		metric.WithDescription("Spans that were sent, and with error.type those that were lost."))
	add(exported, e)
	var size, bound metric.Int64ObservableUpDownCounter
	if capacity > 0 {
		size, e = meter.Int64ObservableUpDownCounter("otel.sdk.processor.span.queue.size", metric.WithUnit("{span}"),
			metric.WithDescription("Spans that wait for the collector."))
		add(size, e)
		bound, e = meter.Int64ObservableUpDownCounter("otel.sdk.processor.span.queue.capacity", metric.WithUnit("{span}"),
			metric.WithDescription("How many may wait."))
		add(bound, e)
	}
	if err != nil {
		return nil, fmt.Errorf("zipkin: %w", err)
	}

	component := attribute.String("otel.component.type", "zipkin_http_span_exporter")
	with := func(reason string) metric.MeasurementOption {
		return metric.WithAttributeSet(attribute.NewSet(component, attribute.String("error.type", reason)))
	}
	plain := metric.WithAttributeSet(attribute.NewSet(component))
	full, refused, late := with("queue_full"), with("refused"), with("shutdown")
	registration, err := meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		c := read()
		o.ObserveInt64(exported, c.sent, plain)
		o.ObserveInt64(exported, c.full, full)
		o.ObserveInt64(exported, c.refused, refused)
		o.ObserveInt64(exported, c.late, late)
		if capacity > 0 {
			o.ObserveInt64(size, c.queued, plain)
			o.ObserveInt64(bound, int64(capacity), plain)
		}
		return nil
	}, instruments...)
	if err != nil {
		return nil, fmt.Errorf("zipkin: %w", err)
	}
	return func() { registration.Unregister() }, nil
}
