package trace_test

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// burst calls Sample n times at once, and returns how often Sample returned true.
func burst(s trace.Sampler, n int) (taken int) {
	for range n {
		if s.Sample(oteltrace.TraceID{1}) {
			taken++
		}
	}
	return taken
}

// Each step asks the limit about a burst of 1,000 traces. The field want of the step is the number
// of sampled ones.
func TestLimit(t *testing.T) {
	type step struct {
		after time.Duration // the pause before the burst
		want  int
	}
	for _, tt := range []struct {
		name      string
		perSecond float64
		steps     []step
	}{
		{"five a second", 5, []step{{0, 5}, {0, 0}, {199 * time.Millisecond, 0}, {time.Millisecond, 1}, {time.Second, 5}, {400 * time.Millisecond, 2}}},
		{"after an idle hour, as many as after a second", 5, []step{{time.Hour, 5}, {0, 0}, {time.Hour, 5}, {time.Second, 5}}},
		{"one a second", 1, []step{{0, 1}, {time.Second - 1, 0}, {1, 1}, {time.Hour, 1}}},
		{"one in ten seconds", 0.1, []step{{0, 1}, {10*time.Second - 1, 0}, {1, 1}, {time.Hour, 1}, {0, 0}}},
		{"1.5 a second, with one at once", 1.5, []step{{0, 1}, {time.Second, 1}, {time.Second, 1}, {time.Hour, 1}}},
		{"2.5 a second, with two at once", 2.5, []step{{0, 2}, {400 * time.Millisecond, 1}, {time.Hour, 2}, {0, 0}}},
		{"one in a year", 1 / (365 * 24 * 3600.0), []step{{0, 1}, {364 * 24 * time.Hour, 0}, {25 * time.Hour, 1}}},
		{"the smallest number, one trace", math.SmallestNonzeroFloat64, []step{{0, 1}, {10000 * time.Hour, 0}}},
		{"none", 0, []step{{0, 0}, {time.Hour, 0}}},
		{"minus zero is none", math.Copysign(0, -1), []step{{0, 0}, {time.Hour, 0}}},
		{"a limit higher than the burst", 1e6, []step{{0, 1000}, {0, 1000}}},
		{"more than one a nanosecond", 1e12, []step{{0, 1000}, {time.Hour, 1000}}},
		{"the largest number", math.MaxFloat64, []step{{0, 1000}, {time.Hour, 1000}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limit := trace.NewLimit(tt.perSecond)
				for i, step := range tt.steps {
					time.Sleep(step.after)
					assert.Equal(t, step.want, burst(limit, 1000), "traces sampled of 1,000 in step %d, %v after the previous step", i, step.after)
				}
			})
		})
	}
}

// Under constant load, a limit samples perSecond traces a second on average, even if perSecond is
// a fraction. It never samples more.
func TestLimitInTheLongRun(t *testing.T) {
	for _, perSecond := range []float64{0.3, 1, 3, 7, 33.3, 999, 100_001} {
		t.Run(fmt.Sprint(perSecond), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				limit, taken, begun := trace.NewLimit(perSecond), 0, time.Now()
				for range 30_000 {
					time.Sleep(997 * time.Microsecond)
					taken += burst(limit, int(perSecond/500)+3) // more than the limit
				}
				most := math.Max(1, perSecond) + perSecond*time.Since(begun).Seconds()
				assert.LessOrEqual(t, float64(taken), most, "sampled traces, at most")
				assert.GreaterOrEqual(t, float64(taken), perSecond*time.Since(begun).Seconds()-1, "sampled traces, at least")
			})
		})
	}
}

// A limit holds if many goroutines ask at once. Some of them have read the clock before others
// have changed the limit's state.
func TestLimitAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const goroutines, seconds, perSecond = 8, 3, 200_000
		limit := trace.NewLimit(perSecond)
		var taken atomic.Int64
		for second := range seconds {
			var wg sync.WaitGroup
			var ready sync.WaitGroup
			ready.Add(goroutines)
			for range goroutines {
				wg.Go(func() {
					ready.Done()
					ready.Wait()
					taken.Add(int64(burst(limit, perSecond/2)))
				})
			}
			wg.Wait()
			assert.EqualValues(t, (second+1)*perSecond, taken.Load(), "sampled traces after %d seconds", second)
			time.Sleep(time.Second)
		}
	})
}

func TestLimitPanics(t *testing.T) {
	for _, perSecond := range []float64{-0.001, -1, math.NaN(), math.Inf(1), math.Inf(-1)} {
		want := fmt.Sprintf("trace: limit %v is no number of traces a second", perSecond)
		assert.PanicsWithValue(t, want, func() { trace.NewLimit(perSecond) }, "NewLimit(%v)", perSecond)
	}
}
