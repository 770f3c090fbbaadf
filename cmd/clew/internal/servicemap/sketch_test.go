package servicemap_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/clew/cmd/clew/internal/servicemap"
)

// Each quantile is within 1 % of the duration that has its rank. The quantiles stay the same if
// the durations are divided into parts.
func TestQuantiles(t *testing.T) {
	assert.Zero(t, servicemap.Quantiled())
	rnd := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{1, 2, 20, 32, 33, 100, 10_000} {
		all := make([]time.Duration, n)
		for i := range all {
			all[i] = time.Duration(rnd.ExpFloat64() * float64(time.Millisecond) * 20)
		}
		got := servicemap.Quantiled(all)
		cut := rnd.IntN(n)
		assert.Equal(t, got, servicemap.Quantiled(all[cut:], nil, all[:cut]), "%d in two parts", n)
		slices.Sort(all)
		assert.EqualValues(t, n, got.Count)
		most := float64(all[n-1]) / 1e6
		assert.Equal(t, servicemap.Value{Is: most, Low: most, High: most}, got.Max)
		for _, q := range []struct {
			per  int
			have servicemap.Value
		}{{50, got.P50}, {95, got.P95}, {99, got.P99}} {
			rank := (n*q.per + 99) / 100
			assert.InEpsilon(t, float64(all[rank-1])/1e6, q.have.Is, 0.01, "p%d of %d", q.per, n)
			assert.LessOrEqual(t, q.have.Low, q.have.Is)
			assert.GreaterOrEqual(t, q.have.High, q.have.Is)
		}
	}
}

// In nearly all of 1,000 runs that differ by chance alone, the interval of a median encloses the
// median of the distribution.
func TestQuantileLimits(t *testing.T) {
	rnd := rand.New(rand.NewPCG(2, 2))
	const runs, calls = 1000, 500
	const median = 13.8629 // of an exponential distribution with a mean of 20
	within := 0
	for range runs {
		all := make([]time.Duration, calls)
		for i := range all {
			all[i] = time.Duration(rnd.ExpFloat64() * float64(time.Millisecond) * 20)
		}
		if p := servicemap.Quantiled(all).P50; p.Low <= median && median <= p.High {
			within++
		}
	}
	assert.GreaterOrEqual(t, within, 995)
}

func TestQuantilesOfNothingLong(t *testing.T) {
	got := servicemap.Quantiled(make([]time.Duration, 100))
	assert.Equal(t, servicemap.Quantiles{Count: 100}, got, "calls that took no time")
}
