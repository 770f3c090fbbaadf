package made_test

import (
	"testing"
	"time"

	"example.com/clew/audit/internal/made"
	"example.com/clew/audit/internal/segment"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 11, 27, 4, 10, 0, 0, time.UTC)

func TestGenerator(t *testing.T) {
	const n = 200_000
	g := made.New(7, start, 500_000)
	apps, messages, traces, names := map[string]int{}, map[string]int{}, map[[16]byte]int{}, 0
	last := int64(0)
	for range n {
		e := g.Next()
		apps[e.App]++
		messages[e.Message]++
		traces[e.TraceID]++
		if len(e.TraceNames) > 0 {
			names++
		}
		require.Contains(t, []int{3, 4}, len(e.Context))
		require.GreaterOrEqual(t, e.Time, last)
		last = e.Time
	}
	assert.Len(t, apps, 24)
	assert.Len(t, messages, 60)
	assert.InDelta(t, 12, float64(n)/float64(len(traces)), 2)
	assert.InDelta(t, 0.03, float64(names)/n, 0.005)
	assert.InDelta(t, n/500_000.*1e6, float64(last-start.UnixMicro()), 2)
}

func TestTheSameForTheSameSeed(t *testing.T) {
	a, b := made.New(7, start, 1000), made.New(7, start, 1000)
	for range 1000 {
		require.Equal(t, a.Next(), b.Next())
	}
}

func TestAppendRecord(t *testing.T) {
	g := made.New(7, start, 1000)
	for range 1000 {
		e := g.Next()
		r, rest, ok := segment.Next(append(e.AppendRecord(nil), "rest"...))
		require.True(t, ok)
		require.Equal(t, "rest", string(rest))
		require.Equal(t, e.Time, r.Time)
		require.Equal(t, e.TraceID[:], r.TraceID)
		require.Equal(t, e.App, string(r.App))
		require.Equal(t, e.Message, string(r.Message))
		var pairs []made.Pair
		for key, value := range r.Pairs() {
			pairs = append(pairs, made.Pair{string(key), string(value)})
		}
		require.Equal(t, e.Context, pairs)
		var names []string
		for name := range r.Names() {
			names = append(names, string(name))
		}
		require.Equal(t, e.TraceNames, names)
	}
}
