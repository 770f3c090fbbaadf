package main

import (
	"context"

	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// An alarm is raised if the metric is above the threshold, which means that a filter is off.
const (
	watched   = "audit.filter.off"
	threshold = 0
)

// alarm reads the metrics of a service, and compares one of them with a threshold. A real service
// sends its metrics to Prometheus, or to a collector. In Prometheus, the rule for the alarm is:
//
//	audit_filter_off > 0
type alarm struct {
	reader   *metric.ManualReader
	provider *metric.MeterProvider
}

func newAlarm() *alarm {
	reader := metric.NewManualReader()
	return &alarm{reader, metric.NewMeterProvider(metric.WithReader(reader))}
}

func (a *alarm) close(ctx context.Context) error { return a.provider.Shutdown(ctx) }

// above returns the filters for which the metric is above the threshold.
func (a *alarm) above(ctx context.Context) (filters []string, err error) {
	var all metricdata.ResourceMetrics
	if err := a.reader.Collect(ctx, &all); err != nil {
		return nil, err
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			gauge, ok := m.Data.(metricdata.Gauge[int64])
			if !ok || m.Name != watched {
				continue
			}
			for _, point := range gauge.DataPoints {
				if name, ok := point.Attributes.Value("filter"); ok && point.Value > threshold {
					filters = append(filters, name.AsString())
				}
			}
		}
	}
	return filters, nil
}
