package servicemap_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/cmd/clew/internal/servicemap"
)

func compare(t *testing.T, before, after *servicemap.Graph) *servicemap.Comparison {
	t.Helper()
	c, err := servicemap.Compare(before, after)
	require.NoError(t, err)
	return c
}

// later returns two equal runs of the shop, of four hours each. Tests change one of them.
func later() (before, after *servicemap.Graph) {
	before, after = shop(), shop()
	before.Until, after.Until = noon.Add(4*time.Hour), noon.Add(4*time.Hour)
	return before, after
}

func edgeOf(g *servicemap.Graph, from, to string) *servicemap.Edge {
	for i := range g.Edges {
		if g.Edges[i].From == from && g.Edges[i].To == to {
			return &g.Edges[i]
		}
	}
	panic(from + " → " + to)
}

func TestCompareSame(t *testing.T) {
	before, after := later()
	c := compare(t, before, after)
	assert.Empty(t, c.Changes)
	assert.Empty(t, c.Doubts)
	assert.False(t, c.Worse())
	assert.Equal(t, 1, c.Few, "the edge with 12 calls has too few")
}

func TestCompareChanges(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(before, after *servicemap.Graph)
		want   []servicemap.ChangeKind
		worse  bool
	}{
		{"slower", func(_, g *servicemap.Graph) { e := edgeOf(g, "front", "basket"); e.Took = took(e.Calls, 9) }, []servicemap.ChangeKind{servicemap.Slower}, true},
		{"faster", func(_, g *servicemap.Graph) { e := edgeOf(g, "front", "basket"); e.Took = took(e.Calls, 2) }, []servicemap.ChangeKind{servicemap.Faster}, false},
		{"slower by less than a millisecond", func(_, g *servicemap.Graph) { e := edgeOf(g, "price", "redis:6379"); e.Took = took(e.Calls, 0.4) }, nil, false},
		{"slower by less than a quarter", func(_, g *servicemap.Graph) { e := edgeOf(g, "front", "basket"); e.Took = took(e.Calls, 4.6*1.2) }, nil, false},
		{"too few calls", func(_, g *servicemap.Graph) { e := edgeOf(g, "stock", "front"); e.Took = took(12, 400) }, nil, false},
		{"more errors", func(_, g *servicemap.Graph) { edgeOf(g, "front", "price").Errors = 300 }, []servicemap.ChangeKind{servicemap.MoreErrors}, true},
		{"fewer errors", func(_, g *servicemap.Graph) { edgeOf(g, "front", "price").Errors = 0 }, []servicemap.ChangeKind{servicemap.FewerErrors}, false},
		{"a few more errors", func(_, g *servicemap.Graph) { edgeOf(g, "front", "price").Errors = 120 }, nil, false},
		{"0.05 % more of the calls have errors", func(b, a *servicemap.Graph) {
			edgeOf(b, "front", "price").Calls, edgeOf(a, "front", "price").Calls = 1e6, 1e6
			edgeOf(a, "front", "price").Errors = 589
			edgeOf(b, "front", "price").Retries, edgeOf(a, "front", "price").Retries = 0, 0
		}, nil, false},
		{"more retries", func(_, g *servicemap.Graph) { edgeOf(g, "front", "price").Retries = 900 }, []servicemap.ChangeKind{servicemap.MoreRetries}, true},
		{"more errors where requests come in", func(_, g *servicemap.Graph) { g.Nodes[1].Errors = 1000 }, []servicemap.ChangeKind{servicemap.MoreErrors}, true},
		{"slower where requests come in", func(_, g *servicemap.Graph) { g.Nodes[1].Took = took(10_000, 60) }, []servicemap.ChangeKind{servicemap.Slower}, true},
		{"an edge is new", func(g, _ *servicemap.Graph) { g.Edges = g.Edges[1:] }, []servicemap.ChangeKind{servicemap.New}, false},
		{"an edge is gone", func(_, g *servicemap.Graph) { g.Edges = g.Edges[1:] }, []servicemap.ChangeKind{servicemap.Gone}, false},
		{"a service is new, with its edge", func(g, _ *servicemap.Graph) {
			g.Nodes = append(g.Nodes[:2:2], g.Nodes[3:]...)
			g.Edges = append(g.Edges[:10:10], g.Edges[11:]...)
		}, []servicemap.ChangeKind{servicemap.New, servicemap.New}, false},
		{"a rare edge is gone by chance", func(_, g *servicemap.Graph) { g.Requests /= 10; g.Edges = append(g.Edges[:6:6], g.Edges[7:]...) }, nil, false},
		{"traces break", func(g, _ *servicemap.Graph) { g.Breaks = g.Breaks[1:] }, []servicemap.ChangeKind{servicemap.Breaks}, true},
		{"traces break more often", func(g, _ *servicemap.Graph) { g.Breaks[0].Count = 10 }, []servicemap.ChangeKind{servicemap.Breaks}, true},
		{"a break is mended", func(_, g *servicemap.Graph) { g.Breaks = g.Breaks[1:] }, []servicemap.ChangeKind{servicemap.Mended}, false},
		{"a clock becomes wrong", func(g, _ *servicemap.Graph) { g.Breaks = g.Breaks[:2] }, []servicemap.ChangeKind{servicemap.Breaks}, true},
		{"a clock is as wrong as before", func(g, _ *servicemap.Graph) { g.Breaks[2].Of = 100_000 }, nil, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before, after := later()
			tt.change(before, after)
			c := compare(t, before, after)
			assert.Equal(t, tt.want, kindsOf(c), "%+v", c.Changes)
			assert.Equal(t, tt.worse, c.Worse())
			assert.Empty(t, c.Doubts)
		})
	}
}

// In a short run, one slow minute can explain that p95 is higher, but not that p50 is higher.
func TestCompareDoubts(t *testing.T) {
	before, after := shop(), shop()
	e := edgeOf(after, "front", "basket")
	e.Took.P95, e.Took.P99 = took(e.Calls, 20).P95, took(e.Calls, 20).P99
	c := compare(t, before, after)
	assert.Empty(t, c.Changes)
	require.Len(t, c.Doubts, 1)
	assert.Equal(t, "p95 12.4 ms → 54.0 ms, p99 20.7 ms → 90.0 ms", c.Doubts[0].Says)
	assert.False(t, c.Worse())

	after.Until = noon.Add(40 * time.Minute)
	c = compare(t, before, after)
	require.Len(t, c.Changes, 1)
	assert.Equal(t, "p95 12.4 ms → 54.0 ms", c.Changes[0].Says, "one slow minute of 40 does not explain a higher p95")

	e.Took = took(e.Calls, 20)
	after.Until = noon.Add(3 * time.Minute)
	c = compare(t, before, after)
	require.Len(t, c.Changes, 1, "one slow minute of three does not raise p50 from 4.6 ms to 20 ms")
	assert.Equal(t, "p50 4.60 ms → 20.0 ms", c.Changes[0].Says)
	after.Until = noon.Add(2 * time.Minute)
	c = compare(t, before, after)
	assert.Empty(t, c.Changes, "one slow minute of two may raise p50")
	var b bytes.Buffer
	require.NoError(t, c.Text(&b, servicemap.Style{}))
	assert.Contains(t, b.String(), "\nNothing is sure to have changed.\n")
	after.From, after.Until = time.Time{}, time.Time{}
	assert.Len(t, compare(t, before, after).Changes, 1, "if no line has a time, no slow minute is assumed")
}

func TestCompareRefuses(t *testing.T) {
	routes, old := shop(), shop()
	routes.By, old.Version = "route", 7
	_, err := servicemap.Compare(routes, shop())
	assert.EqualError(t, err, "one map is by route, the other one by service: make both with the same --by")
	_, err = servicemap.Compare(shop(), old)
	assert.EqualError(t, err, "one map has the form 1, the other one 7: make both with the same clew")
	_, err = servicemap.Compare(maps()["empty"], shop())
	assert.EqualError(t, err, "there is no request and no call in the earlier map: nothing can be compared with it")
}

// If the later run has no requests, that is the only change.
func TestCompareNothing(t *testing.T) {
	c := compare(t, shop(), maps()["empty"])
	assert.Equal(t, []servicemap.ChangeKind{servicemap.NoRequests}, kindsOf(c))
	assert.True(t, c.Worse())
	var b bytes.Buffer
	require.NoError(t, c.Text(&b, servicemap.Style{}))
	assert.Contains(t, b.String(), `
worse
  no requests
    There were 31,810 requests before, and there are none now. `)

	calls := maps()["empty"]
	calls.Calls = 10
	assert.Equal(t, []servicemap.ChangeKind{servicemap.NoRequests}, kindsOf(compare(t, shop(), calls)), "the later run has calls, but no requests")
	assert.Empty(t, compare(t, calls, calls).Changes)
	assert.Contains(t, compare(t, calls, maps()["empty"]).Changes[0].Says, "There were 10 calls before")
}

func TestComparisonText(t *testing.T) {
	before, after := later()
	e := edgeOf(after, "front", "basket")
	e.Took = took(e.Calls, 9)
	edgeOf(after, "front", "price").Errors = 300
	before.Edges = before.Edges[1:]
	after.Breaks = after.Breaks[1:]
	var b bytes.Buffer
	require.NoError(t, compare(t, before, after).Text(&b, servicemap.Style{}))
	assert.Equal(t, `before  2026-11-26 12:00:00 to 16:00:00 UTC (4 h 00 m), 31,810 requests, 34,920 calls
after   2026-11-26 12:00:00 to 16:00:00 UTC (4 h 00 m), 31,810 requests, 34,920 calls

worse
  more errors  front → price
    2.1 % → 7.1 % of 4,200 calls
    look at: clew timeline `+edgeOf(after, "front", "price").Failed[0].Trace+`
  slower       front → basket
    p50 4.60 ms → 9.00 ms, p95 12.4 ms → 24.3 ms, p99 20.7 ms → 40.5 ms
    look at: clew timeline `+e.Slowest[0].Trace+`

new and gone
  new          basket → postgres:5432
    9,100 calls

better
  mended       restarted  front → stock
    not seen any more, 77 times before (38 % → 0)

1 of the edges and services had too few calls to tell.
`, b.String())
}

// Hostile names are escaped as in the map.
func TestComparisonHostile(t *testing.T) {
	after := hostile()
	for i := range after.Edges {
		after.Edges[i].Calls, after.Edges[i].Errors, after.Breaks[i].Count = 1000, 900, 100
	}
	before := hostile()
	before.Breaks, before.Edges = nil, before.Edges[:len(before.Edges)/2]
	for i := range before.Edges {
		before.Edges[i].Calls = 1000
	}
	c := compare(t, before, after)
	assert.Greater(t, len(c.Changes), 50)
	for _, width := range []int{0, 30, 100} {
		var b bytes.Buffer
		require.NoError(t, c.Text(&b, servicemap.Style{Width: width}))
		harmless(t, b.String())
	}
	var b bytes.Buffer
	require.NoError(t, c.JSON(&b))
	harmless(t, b.String())
	var back servicemap.Comparison
	require.NoError(t, json.Unmarshal(b.Bytes(), &back))
	assert.Len(t, back.Changes, len(c.Changes))
}
