package filter_test

import (
	"context"
	"testing"
	"testing/synctest"

	"example.com/clew/audit/filter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// collect returns the values of the metrics, by name and filter.
func collect(t testing.TB, reader *sdkmetric.ManualReader) map[string]float64 {
	t.Helper()
	var all metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(context.Background(), &all))
	values := map[string]float64{}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				assert.True(t, data.IsMonotonic, m.Name)
				points(values, m.Name, data.DataPoints)
			case metricdata.Sum[float64]:
				points(values, m.Name, data.DataPoints)
			case metricdata.Gauge[int64]:
				points(values, m.Name, data.DataPoints)
			}
		}
	}
	return values
}

func points[N int64 | float64](values map[string]float64, name string, points []metricdata.DataPoint[N]) {
	for _, p := range points {
		key := name
		if filter, ok := p.Attributes.Value("filter"); ok {
			key += " " + filter.AsString()
		}
		values[key] = float64(p.Value)
	}
}

func TestMetrics(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "bad.yaml", rule("bad", throws))
	write(t, dir, "good.yaml", rule("good", is("a")))
	synctest.Test(t, func(t *testing.T) {
		reader := sdkmetric.NewManualReader()
		s := open(t, filter.Config{Source: dir, MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))})
		verdicts(s, "a", "b")
		exhaust(t, s)
		st := s.Stats().Filters
		got := collect(t, reader)
		assert.EqualValues(t, st[0].Calls, got["audit.filter.calls bad"])
		assert.EqualValues(t, st[0].Errors, got["audit.filter.errors bad"])
		assert.EqualValues(t, 1, got["audit.filter.off bad"])
		assert.EqualValues(t, st[1].Calls, got["audit.filter.calls good"])
		assert.EqualValues(t, 1, got["audit.filter.passed good"])
		assert.EqualValues(t, 0, got["audit.filter.off good"])
		assert.InDelta(t, st[1].Time.Seconds(), got["audit.filter.time good"], 1e-9)
		assert.EqualValues(t, 0, got["audit.filter.source.failing"])
		assert.EqualValues(t, 0, got["audit.filter.source.problems"])

		write(t, dir, "good.yaml", rule("good", is("b")))
		write(t, dir, "more.yaml", "name: [")
		remove(t, dir, "bad.yaml")
		poll()
		verdicts(s, "b")
		got = collect(t, reader)
		assert.EqualValues(t, st[1].Calls+1, got["audit.filter.calls good"], "a counter must never fall")
		assert.EqualValues(t, 2, got["audit.filter.passed good"])
		assert.EqualValues(t, 1, got["audit.filter.source.problems"])
		assert.NotContains(t, got, "audit.filter.calls bad", "a filter that was removed has no counter")
		write(t, dir, "bad.yaml", rule("bad", is("a")))
		poll()
		verdicts(s, "a")
		assert.EqualValues(t, st[0].Calls+1, collect(t, reader)["audit.filter.calls bad"], "the counter of a filter that is back must continue from its old value")
		require.NoError(t, s.Close(context.Background()))
		assert.Empty(t, collect(t, reader), "Close unregisters the metrics")
	})
}
