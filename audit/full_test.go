package audit_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/audit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// fill logs events until the buffer of l is full. Nothing may empty the buffer meanwhile.
func fill(l *audit.Logger) {
	value := slog.String("k", strings.Repeat("v", 60_000))
	for range 200 {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		l.Log(ctx, "flood", value)
	}
}

// With Block, Log waits for room, but no longer than its context allows.
func TestBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, d := &packer{}, &disk{}
		l := open(t, audit.Config{Full: audit.Block, Buffer: 4 << 20}, p, audit.Seams{Create: d.create})
		fill(l)
		dropped := l.Stats().Dropped
		assert.Positive(t, dropped)

		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		value := slog.String("k", strings.Repeat("v", 60_000))
		for range 5 { // more than the rest of a chunk has room for
			l.Log(ctx, "too late", value)
		}
		assert.Equal(t, 3*time.Second, time.Since(start))
		assert.ErrorIs(t, l.Ingest(ctx, audit.Event{Message: "m", Context: map[string]string{"k": value.Value.String()}}),
			context.DeadlineExceeded)
		assert.Greater(t, l.Stats().Dropped, dropped)

		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() { l.Log(t.Context(), "waited", value) })
		}
		time.Sleep(time.Second)
		d.set(plenty, nil)
		wg.Wait()
		shut(t, l)
		s := l.Stats()
		assert.Equal(t, 10, messages(p.all())["waited"])
		assert.Equal(t, s.Accepted, int64(len(p.all())))
		assert.Zero(t, s.Failed)
	})
}

// Close ends calls that wait for room.
func TestBlockAndClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, audit.Config{Full: audit.Block, Buffer: 4 << 20}, &packer{}, audit.Seams{Create: (&disk{}).create})
		fill(l)
		var wg sync.WaitGroup
		for range 10 {
			var none context.Context
			wg.Go(func() { l.Log(none, "waits", slog.String("k", strings.Repeat("v", 60_000))) })
		}
		synctest.Wait()
		err := l.Close(t.Context())
		assert.ErrorContains(t, err, "could not be written")
		wg.Wait()
		adds(t, l.Stats())
	})
}

// The figures add up at each moment while several goroutines log. In the end, every event is
// written.
func TestStatsAddUp(t *testing.T) {
	p := &packer{}
	l := open(t, audit.Config{}, p, audit.Seams{})
	const goroutines, each = 16, 5000
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for i := range each {
				l.Log(t.Context(), "m", slog.Int("i", i))
				if i%1000 == 0 {
					assert.NoError(t, l.LogSync(t.Context(), "synced"))
				}
			}
		})
	}
	addsUntil(t, l, &wg)
	shut(t, l)
	assert.Equal(t, map[string]int{"m": goroutines * each, "synced": goroutines * 5}, messages(p.all()))
	s := l.Stats()
	assert.EqualValues(t, goroutines*(each+5), s.Written)
	assert.Zero(t, s.Buffered+s.Dropped+s.Failed+s.JournalBytes+s.BufferedBytes)
	assert.Positive(t, s.Fsync.Count)
	assert.Positive(t, s.Delay.Count)
}

// Concurrent calls of LogSync share an fsync. Events of Log are synced within a second.
func TestGroupCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := open(t, audit.Config{}, &packer{}, audit.Seams{})
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() { assert.NoError(t, l.LogSync(t.Context(), "m")) })
		}
		wg.Wait()
		n := l.Stats().Fsync.Count
		assert.Less(t, n, int64(100))
		l.Log(t.Context(), "m")
		time.Sleep(50 * time.Millisecond)
		synctest.Wait()
		s := l.Stats()
		assert.Zero(t, s.Buffered, "events in memory after 50 ms")
		time.Sleep(time.Second)
		synctest.Wait()
		s = l.Stats()
		assert.Equal(t, n+1, s.Fsync.Count)
		time.Sleep(time.Minute)
		assert.Equal(t, n+1, l.Stats().Fsync.Count, "there is no fsync if no event was written")
		shut(t, l)
	})
}

// LogSync waits no longer than its context allows.
func TestLogSyncContext(t *testing.T) {
	p := &packer{}
	l := open(t, audit.Config{}, p, audit.Seams{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 { // a call may return nil, if the fsync is done before LogSync looks at ctx
		if err := l.LogSync(ctx, "m"); err != nil {
			require.ErrorIs(t, err, context.Canceled)
		}
	}
	shut(t, l)
	assert.Len(t, p.all(), 100)
}

func TestMetrics(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	l := open(t, audit.Config{MeterProvider: provider, Filter: without("unwanted")}, &packer{}, audit.Seams{})
	l.Log(t.Context(), "unwanted")
	require.NoError(t, l.LogSync(t.Context(), "m"))
	l.Log(t.Context(), strings.Repeat("x", 1<<20))

	got := map[string]float64{}
	var data metricdata.ResourceMetrics
	require.NoError(t, reader.Collect(t.Context(), &data))
	for _, m := range data.ScopeMetrics[0].Metrics {
		for name, value := range points(m) {
			got[name] = value
		}
	}
	assert.Positive(t, got["audit.fsync.time"])
	assert.Positive(t, got["audit.journal.size"])
	assert.Positive(t, got["audit.oldest.age"])
	for _, varies := range []string{"audit.fsync.time", "audit.journal.size", "audit.oldest.age"} {
		delete(got, varies)
	}
	assert.Equal(t, map[string]float64{
		"audit.events written": 1, "audit.events too_big": 1, "audit.events dropped": 0, "audit.events failed": 0,
		"audit.events discarded": 1,
		"audit.buffered.events":  0, "audit.buffered.size": 0, "audit.errors": 0, "audit.compaction.time": 0,
	}, got)

	shut(t, l)
	data = metricdata.ResourceMetrics{}
	require.NoError(t, reader.Collect(t.Context(), &data))
	assert.Empty(t, data.ScopeMetrics, "there are no metrics after Close")
}

func points(m metricdata.Metrics) map[string]float64 {
	all := map[string]float64{}
	add := func(p metricdata.DataPoint[int64]) {
		outcome, _ := p.Attributes.Value("outcome")
		all[strings.TrimSpace(m.Name+" "+outcome.AsString())] = float64(p.Value)
	}
	switch d := m.Data.(type) {
	case metricdata.Sum[int64]:
		for _, p := range d.DataPoints {
			add(p)
		}
	case metricdata.Gauge[int64]:
		for _, p := range d.DataPoints {
			add(p)
		}
	case metricdata.Sum[float64]:
		all[m.Name] = d.DataPoints[0].Value
	case metricdata.Gauge[float64]:
		all[m.Name] = d.DataPoints[0].Value
	}
	return all
}
