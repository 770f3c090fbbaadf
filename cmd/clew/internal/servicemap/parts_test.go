package servicemap_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/cmd/clew/internal/servicemap"
)

// With Config.ByRoute, the edge of a call begins at the route or the job in which it was made.
func TestByRoute(t *testing.T) {
	g := graph(t, servicemap.Config{ByRoute: true}, source{
		request("shop", wide, "a", "", 100, 100, `"method":"PUT"`),
		call("shop", "price", wide, "1", "a", 80, 50), request("price", wide, "b", "1", 75, 40),
		call("price", "db:5432", wide, "2", "b", 70, 20),
		call("shop", "stock", wide, "3", "a", 90, 5), entry("stock", wide, "d", 90, "working"),
		entry("shop", second, "a", 100, "job", `"job":"sweep","duration_ms":90`),
		call("shop", "price", second, "1", "a", 80, 50), request("price", second, "b", "1", 75, 40, `"route":""`),
		call("mail", "price", second, "5", "", 80, 50),
	})
	assert.Equal(t, []string{
		"mail > price: 1 told 1 guessed 1 max 50",
		"price GET /price/{id} > db:5432: 1 told 1 max 20",
		"shop PUT /shop/{id} > price GET /price/{id}: 1 answered 1 told 1 max 50",
		"shop PUT /shop/{id} > stock: 1 told 1 guessed 1 max 5",
		"shop sweep > price GET /price/{…}: 1 answered 1 told 1 max 50",
	}, edges(g))
	assert.Equal(t, "route", g.By)
	var shown []string
	for _, n := range g.Nodes {
		shown = append(shown, fmt.Sprintf("%s|%s|%s|%s|%d|%d|%d", n.Name, n.Kind, n.Service, n.Route, n.Lines, n.Requests, n.Jobs))
	}
	assert.Equal(t, []string{
		"db:5432|outside|||0|0|0", "mail|service|mail||1|0|0", "price|service|price||3|0|0", "price GET /price/{id}|service|price|GET /price/{id}|0|1|0",
		"price GET /price/{…}|service|price|GET /price/{…}|0|1|0", "shop|service|shop||5|0|0", "shop PUT /shop/{id}|service|shop|PUT /shop/{id}|0|1|0",
		"shop sweep|service|shop|sweep|0|0|1", "stock|service|stock||1|0|0",
	}, shown)
}

// Graph.Traced has a trace only if an edge names it. Each span of the trace comes after its
// parent.
func TestTraced(t *testing.T) {
	g := graph(t, servicemap.Config{}, source{
		request("price", wide, "b", "1", 75, 40, `"status":500`),
		call("shop", "price", wide, "1", "a", 80, 50, `"status":500`),
		call("shop", "bank.example", wide, "2", "a", 90, 8),
		entry("shop", wide, "a", 20, "working"),
		request("shop", wide, "a", "", 100, 100),
		request("shop", second, "a", "", 100, 100),
	})
	require.Len(t, g.Traced, 1, "no edge names the other trace")
	assert.Equal(t, servicemap.Trace{ID: wide, Spans: []servicemap.Span{
		{Node: "shop", Name: "GET /shop/{id}", Kind: "request", Depth: 0, Start: 0, Took: 100},
		{Node: "shop", Name: "GET /x/{…}", Kind: "call", Depth: 1, Start: 30, Took: 50, Failed: true},
		{Node: "price", Name: "GET /price/{id}", Kind: "request", Depth: 2, Start: 35, Took: 40, Failed: true},
		{Node: "bank.example", Name: "GET /x/{…}", Kind: "call", Depth: 1, Start: 82, Took: 8},
	}}, g.Traced[0])
	require.Len(t, g.Edges, 2)
	want := []servicemap.Sample{{Trace: wide, At: noon.Add(30 * time.Millisecond), Took: 50}}
	assert.Equal(t, want, g.Edges[1].Slowest)
	assert.Equal(t, want, g.Edges[1].Failed)
	assert.Empty(t, g.Edges[0].Failed)
}

// Spans that are each other's parents do not become a circle.
func TestTracedCircle(t *testing.T) {
	g := graph(t, servicemap.Config{}, source{
		request("a", wide, "a", "b", 100, 100), request("b", wide, "b", "a", 100, 100),
		call("a", "x", wide, "1", "2", 10, 1), call("a", "x", wide, "2", "1", 10, 1),
	})
	require.Len(t, g.Traced, 1)
	assert.Len(t, g.Traced[0].Spans, 4)
}

// Each sample is of a different trace.
func TestSamples(t *testing.T) {
	var lines source
	for i := range 100 {
		trace := fmt.Sprintf("%032x", i/4+1)
		lines = append(lines, call("shop", "db", trace, fmt.Sprintf("%x", i+1), "", float64(3*i), float64(i), fmt.Sprintf(`"status":%d`, 200+i%2*300)))
	}
	e := graph(t, servicemap.Config{}, lines).Edges[0]
	var slowest, failed []float64
	for i := range 5 {
		slowest, failed = append(slowest, e.Slowest[i].Took), append(failed, e.Failed[i].Took)
	}
	assert.Equal(t, []float64{99, 95, 91, 87, 83}, slowest)
	assert.Equal(t, []float64{99, 95, 91, 87, 83}, failed, "the newest are first")
}

// Lines that name no span show how many digits their trace IDs have, even if there are many such
// lines.
func TestBareLines(t *testing.T) {
	var lines source
	const traces = 20_000
	for i := range traces {
		trace := fmt.Sprintf("%016x%016x", i+1, uint64(i+1)*0x9e3779b97f4a7c15)
		lines = append(lines, call("shop", "nginx", trace, "1", "", float64(i), 1),
			fmt.Sprintf(`{"time":%q,"service":"nginx","trace_id":%q}`, at(float64(i)), trace[16:]))
	}
	g := graph(t, servicemap.Config{}, lines)
	require.Len(t, g.Breaks, 1)
	b := g.Breaks[0]
	assert.Equal(t, servicemap.Truncated, b.Kind)
	assert.Equal(t, b.Of, b.Count)
	assert.Greater(t, b.Count, int64(4000))
	assert.Less(t, b.Count, int64(traces/3), "not each line is kept")
}

// A service that logs no requests is found as a caller by the spans that its plain lines name, in
// every trace of a source. The plain lines of a service that logs requests add no call.
func TestMentions(t *testing.T) {
	var lines, theirs source
	const traces = 4_000 // with two spans each, more than are remembered at once
	for i := range traces {
		trace, span := fmt.Sprintf("%032x", uint64(i+1)*0x9e3779b97f4a7c15), fmt.Sprintf("%016x", i+1)
		lines = append(lines, entry("java", trace, span, float64(i), "working"), entry("shop", trace, "5"+span[1:], float64(i), "working"))
		lines = append(lines, request("shop", trace, "5"+span[1:], span, float64(i), 1), entry("shop", trace, "5"+span[1:], float64(i), "more"))
		theirs = append(theirs, request("price", trace, "fffffb", "ffff77", float64(i), 1, caller(span)))
	}
	g := graph(t, servicemap.Config{}, lines, theirs)
	assert.Equal(t, []string{"java > price: 4000 answered 4000 max 1", "java > shop: 4000 answered 4000 max 1"}, edges(g))
	assert.Empty(t, g.Breaks)
}

// If a request's line names a span, plain lines of that span need no row of their own. They may
// come before the request's line or after it.
func TestMentionsOfReported(t *testing.T) {
	var lines source
	const traces = 1000
	for i := range traces {
		trace := fmt.Sprintf("%032x", uint64(i+1)*0x9e3779b97f4a7c15)
		lines = append(lines, entry("shop", trace, "a", float64(i), "before"), request("shop", trace, "a", "", float64(i), 1), entry("shop", trace, "a", float64(i), "after"))
	}
	b := servicemap.NewBuilder(servicemap.Config{})
	lines.give(t, b)
	assert.Equal(t, traces, b.Rows())
}

// Lines without an ID are counted by place. The place with the most such lines comes first.
func TestNoID(t *testing.T) {
	var lines source
	add := func(n int, service, fields string) {
		for range n {
			lines = append(lines, fmt.Sprintf(`{"time":%q,"service":%q,%s"message":"x"}`, at(1), service, fields))
		}
	}
	for i := range 10 {
		add(20-i, "shop", fmt.Sprintf(`"caller":"/src/main.go:%d",`, i))
	}
	add(3, "cron", "")
	add(1, "mail", "")
	lines = append(lines, entry("mail", wide, "a", 1, "x"), "\tat a.stack(trace)")
	g := graph(t, servicemap.Config{}, lines)
	var said []string
	for _, b := range g.Breaks {
		require.Equal(t, servicemap.NoID, b.Kind)
		said = append(said, fmt.Sprintf("%s %s %d/%d", b.To, b.Place, b.Count, b.Of))
	}
	assert.Equal(t, []string{"shop (other places) 65/155", "cron  3/3", "shop main.go:0 20/155", "shop main.go:1 19/155", "shop main.go:2 18/155",
		"shop main.go:3 17/155", "shop main.go:4 16/155", "mail  1/3"}, said)
	assert.True(t, strings.HasPrefix(g.Breaks[1].Says, "All 3 lines of cron have no trace ID."), g.Breaks[1].Says)
	assert.Contains(t, g.Breaks[1].Remedy, "--keys")
}

// Traces end at a called service if no line of it has an ID. Such a break comes before other
// breaks of lines without an ID.
func TestNoIDCalled(t *testing.T) {
	lines := source{`{"time":"` + at(80) + `","service":"stock","message":"x"}`, after("mail"), call("shop", "stock", wide, "1", "a", 90, 50)}
	for i := range 10 {
		lines = append(lines, fmt.Sprintf(`{"time":%q,"service":"cron","message":"x"}`, at(1)), request("price", fmt.Sprintf("%032x", i+1), "b", "", 80, 10))
	}
	lines = append(lines, request("price", second, "b", "7", 80, 10), request("price", second, "c", "7", 80, 10))
	var said []string
	for _, b := range graph(t, servicemap.Config{}, lines).Breaks {
		said = append(said, string(b.Kind)+" "+b.To)
	}
	assert.Equal(t, []string{"orphans price", "no id stock", "no id cron", "no id mail"}, said)
}

// The map stays small if hostile lines come from 10,000 places.
func TestNoIDHostile(t *testing.T) {
	var lines source
	for i := range 10_000 {
		lines = append(lines, fmt.Sprintf(`{"time":%q,"service":"s%d","caller":"x.go:%d","message":"x"}`, at(1), i%3, i))
	}
	g := graph(t, servicemap.Config{}, lines[:5000], lines[5000:])
	n := int64(0)
	for _, b := range g.Breaks {
		n += b.Count
	}
	assert.EqualValues(t, 10_000, n)
	assert.LessOrEqual(t, len(g.Breaks), 18)
}

// A service logs a request twice, and only one of the lines says that the caller was not believed.
// The two lines do not agree, so they count as two requests. All sums in the map count them so.
func TestTwiceInOneSpan(t *testing.T) {
	g := graph(t, servicemap.Config{}, source{
		request("shop", wide, "3", "4", 4, 2, `"untrusted_trace_id":"`+second+`"`),
		request("shop", wide, "3", "4", 4, 10),
	})
	assert.EqualValues(t, 2, g.Requests)
}
