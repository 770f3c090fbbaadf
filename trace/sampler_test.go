package trace_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// seededIDs calls f with n trace IDs, the same ones every time.
func seededIDs(n int, f func(oteltrace.TraceID)) {
	r := rand.New(rand.NewPCG(1, 2))
	for range n {
		var id oteltrace.TraceID
		binary.BigEndian.PutUint64(id[:8], r.Uint64())
		binary.BigEndian.PutUint64(id[8:], r.Uint64())
		f(id)
	}
}

func TestConstantSamplers(t *testing.T) {
	seededIDs(100, func(id oteltrace.TraceID) {
		assert.True(t, trace.Always().Sample(id), "Always")
		assert.False(t, trace.Never().Sample(id), "Never")
		assert.True(t, trace.NewRatio(1).Sample(id), "NewRatio(1)")
		assert.False(t, trace.NewRatio(0).Sample(id), "NewRatio(0)")
		assert.False(t, new(trace.Ratio).Sample(id), "the zero Ratio")
	})
	all := oteltrace.TraceID{0: 1}
	for i := 8; i < 16; i++ {
		all[i] = 0xff
	}
	assert.True(t, trace.NewRatio(1).Sample(all), "NewRatio(1), the highest ID")
	assert.False(t, trace.NewRatio(0).Sample(oteltrace.TraceID{0: 1}), "NewRatio(0), the lowest ID")
}

// Of 1,000,000 IDs, a rate of 0.001 samples 1,000, give or take four standard deviations.
func TestRatioShare(t *testing.T) {
	ratio, n := trace.NewRatio(0.001), 0
	seededIDs(1_000_000, func(id oteltrace.TraceID) {
		if ratio.Sample(id) {
			n++
		}
	})
	t.Logf("%d of 1,000,000 sampled at 0.001", n)
	assert.GreaterOrEqual(t, n, 874, "sampled of 1,000,000 at 0.001")
	assert.LessOrEqual(t, n, 1126, "sampled of 1,000,000 at 0.001")
}

// Services must agree on a trace, whether they see 16 digits or 32, or use OpenTelemetry's
// sampler.
func TestRatioAgrees(t *testing.T) {
	for _, rate := range []float64{0, 0.001, 0.01, 1.0 / 3, 0.5, 0.999, 1} {
		ratio, theirs := trace.NewRatio(rate), sdktrace.TraceIDRatioBased(rate)
		seededIDs(20_000, func(id oteltrace.TraceID) {
			narrow := id
			clear(narrow[:8])
			got := ratio.Sample(id)
			if got != ratio.Sample(narrow) {
				t.Fatalf("Sample at %v: got %t for %v, but not for its low half alone", rate, got, id)
			}
			if want := theirs.ShouldSample(sdktrace.SamplingParameters{TraceID: id}).Decision == sdktrace.RecordAndSample; got != want {
				t.Fatalf("Sample(%v) at %v: got %t, want %t as TraceIDRatioBased says", id, rate, got, want)
			}
		})
	}
}

func TestRatioPanics(t *testing.T) {
	for _, rate := range []float64{-0.001, 1.001, 7, -1, math.NaN(), math.Inf(1), math.Inf(-1)} {
		want := fmt.Sprintf("trace: sampling rate %v is not between 0 and 1", rate)
		assert.PanicsWithValue(t, want, func() { trace.NewRatio(rate) }, "NewRatio(%v)", rate)
		r := trace.NewRatio(1)
		assert.PanicsWithValue(t, want, func() { r.SetRate(rate) }, "SetRate(%v)", rate)
		assert.True(t, r.Sample(oteltrace.TraceID{1}), "Sample after SetRate(%v) panicked: want true, because the rate is still 1", rate)
	}
}

// Four goroutines call Sample while the rate changes. With the race detector, this test finds
// unsynchronized accesses.
func TestSetRateWhileRunning(t *testing.T) {
	r := trace.NewRatio(0)
	always, never := oteltrace.TraceID{8: 0}, oteltrace.TraceID{8: 0xff}
	always[15] = 1
	var wg sync.WaitGroup
	var stop atomic.Bool
	for range 4 {
		wg.Go(func() {
			for !stop.Load() {
				r.Sample(always)
				if r.Sample(never) {
					t.Error("Sample of the highest ID below rate 1: got true, want false")
					return
				}
			}
		})
	}
	for range 1000 {
		r.SetRate(0.5)
		assert.True(t, r.Sample(always), "Sample of the lowest ID after SetRate(0.5)")
		r.SetRate(0)
		assert.False(t, r.Sample(always), "Sample of the lowest ID after SetRate(0)")
	}
	stop.Store(true)
	wg.Wait()
}

// counter is an SDK sampler that counts how often it is asked.
type counter struct {
	sampler any // trace.Sampler or sdktrace.Sampler
	asked   atomic.Int32
}

func (c *counter) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	c.asked.Add(1)
	switch s := c.sampler.(type) {
	case sdktrace.Sampler:
		return s.ShouldSample(p)
	case trace.Sampler:
		if s.Sample(p.TraceID) {
			return sdktrace.SamplingResult{Decision: sdktrace.RecordAndSample}
		}
	}
	return sdktrace.SamplingResult{Decision: sdktrace.Drop}
}

func (c *counter) Description() string { return "counter" }
