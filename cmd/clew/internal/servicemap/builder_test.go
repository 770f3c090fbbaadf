package servicemap_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/cmd/clew/internal/servicemap"
)

// traffic returns the lines of some traces of a fleet, in several sources. Some traces break, some
// calls fail, and some lines are shipped twice.
func traffic(seed uint64, traces int) []source {
	rnd := rand.New(rand.NewPCG(seed, 1))
	sources := make([]source, 7)
	put := func(s int, line string) { sources[s] = append(sources[s], line) }
	for n := range traces {
		id, now := fmt.Sprintf("%016x%016x", rnd.Uint64()|1, rnd.Uint64()), float64(n)
		if n%5 == 0 {
			id = id[16:]
		}
		span := func() string { return fmt.Sprintf("%016x", rnd.Uint64()) }
		shop, price, toPrice := span(), span(), span()
		took := rnd.Float64() * 100
		put(n%3, request("shop", id, shop, "", now+took, took))
		put(n%3, call("shop", "price.prod", id, toPrice, shop, now+took-1, took/2, fmt.Sprintf(`"attempt":%d`, 1+n%2), `"path":"/price/7"`))
		switch n % 10 {
		case 0:
			put(3, request("price", span(), price, "", now+took-2, took/3)) // restarted
		case 1:
			put(3, request("price", span()+span(), price, "", now+took-2, took/3, fmt.Sprintf(`"untrusted_trace_id":%q`, id)))
		case 2:
			put(3, request("price", id, price, span(), now+took-2, took/3)) // an orphan
		default:
			put(3, request("price", id, price, toPrice, now+took-2, took/3, caller(shop), fmt.Sprintf(`"status":%d`, 200+n%4*101)))
		}
		if n%4 == 0 {
			put(3, sources[n%3][len(sources[n%3])-1]) // shipped twice
		}
		put(4, entry("stock", id[len(id)-16:], price, now+took, "a line of the callee"))
		put(5, call("stock", fmt.Sprintf("db-%d:5432", n%3), id, span(), price, now+took, took/9))
		put(6, fmt.Sprintf(`{"time":%q,"service":"cron","caller":"main.go:%d","message":"no ID"}`, at(now), n%12))
		put(6, entry("cron", id, span(), now, "job", `"job":"sweep","duration_ms":1`))
	}
	return sources
}

// The graph does not depend on the order of sources and lines, or on whether rows are in memory or
// on disk.
func TestGraphIsTheSame(t *testing.T) {
	sources := traffic(1, 1000)
	for _, byRoute := range []bool{false, true} {
		want := asJSON(t, graph(t, servicemap.Config{ByRoute: byRoute}, sources...))
		for seed := range uint64(3) {
			rnd := rand.New(rand.NewPCG(seed, 2))
			mixed := make([]source, len(sources))
			for i, s := range sources {
				mixed[i] = append(source{}, s...)
				rnd.Shuffle(len(s), func(a, b int) { mixed[i][a], mixed[i][b] = mixed[i][b], mixed[i][a] })
			}
			rnd.Shuffle(len(mixed), func(a, b int) { mixed[a], mixed[b] = mixed[b], mixed[a] })
			got := asJSON(t, graph(t, servicemap.Config{ByRoute: byRoute, TempDir: t.TempDir(), Memory: int64(seed) * 4096}, mixed...))
			require.Equal(t, want, got, "seed %d", seed)
		}
	}
}

func TestGraphTraffic(t *testing.T) {
	g := graph(t, servicemap.Config{}, traffic(1, 1000)...)
	assert.Len(t, g.Traced, len(traces(g)))
	assert.Zero(t, g.Untold.Room)
	kinds := map[servicemap.BreakKind]int{}
	for _, b := range g.Breaks {
		kinds[b.Kind]++
		assert.LessOrEqual(t, len(b.Traces), 5)
	}
	assert.Equal(t, map[servicemap.BreakKind]int{servicemap.Restarted: 2, servicemap.NoID: 6, servicemap.Clock: 0}[servicemap.Restarted], kinds[servicemap.Restarted])
	assert.Equal(t, 6, kinds[servicemap.NoID], "breaks of five places, and one of all other places")
}

// traces returns the IDs of the traces that edges name.
func traces(g *servicemap.Graph) map[string]bool {
	all := map[string]bool{}
	for _, e := range g.Edges {
		for _, s := range append(e.Slowest, e.Failed...) {
			all[s.Trace] = true
		}
	}
	return all
}

// If a trace has more rows than may be loaded, some rows are lost, and they are counted.
func TestHugeTrace(t *testing.T) {
	lines := source{request("shop", wide, "a", "", 100, 100)}
	for i := range 20_000 {
		lines = append(lines, call("shop", "db", wide, fmt.Sprintf("%x", i+0x1000), "a", float64(i), 1))
	}
	lines = append(lines, request("shop", second, "b", "", 100, 100))
	g := graph(t, servicemap.Config{Memory: 1, TempDir: t.TempDir()}, lines)
	assert.EqualValues(t, 20_002-4096, g.Untold.Room+1, "the huge trace keeps 4,096 rows, and the other trace keeps its one row")
	assert.EqualValues(t, 20_002, g.Requests+g.Calls+g.Untold.Room)
	assert.EqualValues(t, 2, g.Traces)
	for _, trace := range g.Traced {
		assert.LessOrEqual(t, len(trace.Spans), 200)
	}
}

// Rows that cannot be written to disk are counted, and the rows in memory are shown.
func TestNoDisk(t *testing.T) {
	b := servicemap.NewBuilder(servicemap.Config{Memory: 1, TempDir: t.TempDir() + "/none"})
	defer b.Close()
	traffic(1, 500)[0].give(t, b)
	g, err := b.Graph()
	require.NoError(t, err)
	require.ErrorContains(t, b.Problem(), "TMPDIR")
	assert.NotZero(t, g.Untold.Room)
	consistent(t, g)
}

// After Close, the folder of temporary files is empty.
func TestTempFiles(t *testing.T) {
	folder := t.TempDir()
	b := servicemap.NewBuilder(servicemap.Config{Memory: 1, TempDir: folder})
	traffic(1, 500)[0].give(t, b)
	require.NoError(t, b.Close())
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Empty(t, left)
	require.NoError(t, b.Close())
}

// Hostile names fill neither the map nor the memory.
func TestHostileNames(t *testing.T) {
	var lines source
	for i := range 450 { // more than the limit of 400 services and hosts
		lines = append(lines, call(fmt.Sprintf("s%d", i), fmt.Sprintf("h%d.example", i), wide, fmt.Sprintf("%x", i+1), "", 1, 1, fmt.Sprintf(`"x":%d`, i)),
			request("shop", second, fmt.Sprintf("%x", i+1), "", 1, 1, fmt.Sprintf(`"route":"/%x"`, i)),
			request(strings.Repeat("x", 1000)+fmt.Sprint(i), second, fmt.Sprintf("%x", i+1), "", 1, 1))
	}
	for _, byRoute := range []bool{false, true} {
		g := graph(t, servicemap.Config{ByRoute: byRoute}.Limited(400, 150, 300), lines)
		assert.LessOrEqual(t, len(g.Nodes), 150)
		assert.LessOrEqual(t, len(g.Edges), 300)
		for _, n := range g.Nodes {
			assert.Less(t, len(n.Name), 500)
		}
		text, err := json.Marshal(g)
		require.NoError(t, err)
		assert.Less(t, len(text), 1<<20)
	}
}

// The number of rows that are kept of a trace does not depend on the number of processors.
func TestHugeTraceOfManyProcessors(t *testing.T) {
	var lines source
	for i := range 12_000 {
		lines = append(lines, call("shop", "db", wide, fmt.Sprintf("%x", i+0x1000), "a", float64(i), 1))
	}
	for _, n := range []int{1, 4} {
		before := runtime.GOMAXPROCS(n)
		g := graph(t, servicemap.Config{Memory: 1_600_000, TempDir: t.TempDir()}, lines)
		runtime.GOMAXPROCS(before)
		assert.EqualValues(t, 9756, g.Calls, "with %d processors", n)
	}
}
