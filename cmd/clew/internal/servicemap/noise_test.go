package servicemap_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/cmd/clew/internal/servicemap"
)

// quantilesOf returns the quantiles of durations, computed as in a builder.
func quantilesOf(ms []float64) servicemap.Quantiles {
	slices.Sort(ms)
	n := float64(len(ms))
	at := func(rank float64) float64 { return ms[int(min(max(rank, 0), n-1))] }
	value := func(p float64) servicemap.Value {
		spread := 3.3 * math.Sqrt(n*p*(1-p))
		return servicemap.Value{Is: at(p * (n - 1)), Low: at(math.Floor(n*p - spread)), High: at(math.Ceil(n*p + spread))}
	}
	return servicemap.Quantiles{Count: int64(len(ms)), P50: value(0.5), P95: value(0.95), P99: value(0.99), Max: value(1)}
}

// world is the distribution from which runs are drawn.
type world struct {
	sigma float64 // the standard deviation of a duration's logarithm
	// All durations of a minute share a factor. The field minutes is the standard deviation of the
	// factor's logarithm.
	minutes float64
	slow    float64       // in half of the runs, one minute is slower by this factor; 0: in none
	cluster int           // how many calls fail together
	long    time.Duration // how long a run lasts
	factor  float64       // multiplies all durations
	errors  float64       // the share of calls that fail
}

// draw returns an edge of a run, with n calls.
func (w world) draw(r *rand.Rand, from string, n int) servicemap.Edge {
	minutes := max(int(w.long/time.Minute), 1)
	factors := make([]float64, minutes)
	for i := range factors {
		factors[i] = math.Exp(r.NormFloat64() * w.minutes)
	}
	if w.slow > 0 && r.IntN(2) == 0 {
		factors[r.IntN(minutes)] *= w.slow
	}
	ms := make([]float64, n)
	e := servicemap.Edge{From: from, To: "db", Calls: int64(n), Answered: int64(n), Told: int64(n)}
	for i := range ms {
		ms[i] = 20 * w.factor * math.Exp(r.NormFloat64()*w.sigma) * factors[r.IntN(minutes)]
		if i%w.cluster == 0 && r.Float64() < w.errors {
			e.Errors += int64(min(w.cluster, n-i))
		}
	}
	e.Took = quantilesOf(ms)
	return e
}

// run returns a graph with one edge for each element of calls. The element is how many calls the
// edge has.
func (w world) run(r *rand.Rand, calls ...int) *servicemap.Graph {
	g := &servicemap.Graph{Version: servicemap.Version, By: "service", From: noon, Until: noon.Add(w.long), Nodes: []servicemap.Node{outside("db")}}
	for i, n := range calls {
		g.Edges = append(g.Edges, w.draw(r, fmt.Sprint("service", i), n))
		g.Calls += int64(n)
		g.Requests += int64(n)
	}
	return g
}

// alarms returns how many changes are reported for pairs of runs that differ by chance alone.
func (w world) alarms(t *testing.T, pairs int, calls []int) (alarms int) {
	t.Helper()
	r := rand.New(rand.NewPCG(21, 1))
	for range pairs {
		c, err := servicemap.Compare(w.run(r, calls...), w.run(r, calls...))
		require.NoError(t, err)
		for _, change := range c.Changes {
			t.Logf("%s %s: %s", change.From, change.Kind, change.Says)
		}
		alarms += len(c.Changes)
	}
	return alarms
}

// The numbers of calls of twenty edges, from rare edges to busy ones.
var twenty = []int{20, 30, 40, 50, 60, 70, 80, 90, 100, 120, 140, 160, 200, 250, 300, 400, 600, 1000, 1600, 2000}

// rounds returns how many times something is drawn: n times, or a fortieth of that under the race
// detector.
func rounds(n int) int {
	if raceEnabled {
		return n / 40
	}
	return n
}

// For 500 pairs of runs that differ by chance alone, with 20 edges each, at most one change is
// reported. Errors come in clusters, some minutes are slower than others, and one minute may be
// very slow.
func TestNoise(t *testing.T) {
	for name, w := range map[string]world{
		"chance":           {sigma: 1, cluster: 1, long: time.Hour, factor: 1, errors: 0.01},
		"clusters":         {sigma: 0.5, minutes: 0.25, cluster: 2, long: time.Hour, factor: 1, errors: 0.02},
		"a slow minute":    {sigma: 0.6, minutes: 0.1, slow: 10, cluster: 1, long: 45 * time.Minute, factor: 1, errors: 0.05},
		"1 slow of 3 min":  {sigma: 0.5, minutes: 0.05, slow: 20, cluster: 1, long: 3 * time.Minute, factor: 1, errors: 0.3},
		"1 slow of 10 min": {sigma: 0.4, slow: 20, cluster: 1, long: 10 * time.Minute, factor: 1, errors: 0.3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.LessOrEqual(t, w.alarms(t, rounds(500), twenty), 1, "changes that are reported for 10,000 edges")
		})
	}
}

// With many calls, chance makes no difference, but a slow minute does. A slow minute must not be
// reported as a change.
func TestNoiseOfBusyEdges(t *testing.T) {
	busy := []int{30_000, 30_000}
	for name, w := range map[string]world{
		"one of 240 minutes": {sigma: 1, minutes: 0.1, slow: 30, cluster: 1, long: 4 * time.Hour, factor: 1, errors: 0.01},
		"one of 45 minutes":  {sigma: 1, minutes: 0.1, slow: 30, cluster: 1, long: 45 * time.Minute, factor: 1, errors: 0.01},
		"one of 10 minutes":  {sigma: 0.5, slow: 30, cluster: 1, long: 10 * time.Minute, factor: 1, errors: 0.01},
		"one of 4 minutes":   {sigma: 0.3, slow: 30, cluster: 1, long: 4 * time.Minute, factor: 1, errors: 0.01},
		"one of 3 minutes":   {sigma: 0.3, slow: 30, cluster: 1, long: 3 * time.Minute, factor: 1, errors: 0.01},
		"3 slower minutes":   {sigma: 1, minutes: 0.1, slow: 2, cluster: 1, long: 3 * time.Minute, factor: 1, errors: 0.01},
		"3 slow minutes":     {sigma: 0.1, slow: 5, cluster: 1, long: 3 * time.Minute, factor: 1, errors: 0.01},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Zero(t, w.alarms(t, rounds(40), busy), "changes that are reported for 80 edges")
		})
	}
}

// Real changes are found, each time.
func TestRealChanges(t *testing.T) {
	long := 4 * time.Hour
	r := rand.New(rand.NewPCG(21, 2))
	before := world{sigma: 0.7, minutes: 0.2, cluster: 1, long: long, factor: 1, errors: 0.005}
	slower, failing := before, before
	slower.factor, failing.errors = 1.5, 0.03
	for range rounds(200) {
		c, err := servicemap.Compare(before.run(r, 2000), slower.run(r, 2000))
		require.NoError(t, err)
		require.Equal(t, []servicemap.ChangeKind{servicemap.Slower}, kindsOf(c))
		assert.True(t, c.Worse())

		c, err = servicemap.Compare(slower.run(r, 2000), before.run(r, 2000))
		require.NoError(t, err)
		require.Equal(t, []servicemap.ChangeKind{servicemap.Faster}, kindsOf(c))
		assert.False(t, c.Worse())

		c, err = servicemap.Compare(before.run(r, 5000), failing.run(r, 5000))
		require.NoError(t, err)
		require.Equal(t, []servicemap.ChangeKind{servicemap.MoreErrors}, kindsOf(c))
		assert.True(t, c.Worse())
	}
}

func kindsOf(c *servicemap.Comparison) (kinds []servicemap.ChangeKind) {
	for _, change := range c.Changes {
		kinds = append(kinds, change.Kind)
	}
	return kinds
}
