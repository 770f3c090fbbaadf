package servicemap_test

import (
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"example.com/clew/cmd/clew/internal/servicemap"
)

// took returns the quantiles of n durations around a median.
func took(n int64, p50 float64) servicemap.Quantiles {
	around := func(f float64) servicemap.Value { return servicemap.Value{Is: f, Low: f * 0.97, High: f * 1.04} }
	most := p50 * 9
	return servicemap.Quantiles{Count: n, P50: around(p50), P95: around(p50 * 2.7), P99: around(p50 * 4.5), Max: servicemap.Value{Is: most, Low: most, High: most}}
}

// traceOf returns the ID of trace n.
func traceOf(n int) string { return fmt.Sprintf("5759e988bd862e3fe1be46a9%08x", n) }

func node(name string, requests, errors, roots int64, p50 float64) servicemap.Node {
	return servicemap.Node{
		Name: name, Kind: servicemap.Service, Service: name, Lines: 3*requests + 20, Requests: requests, Errors: errors, Roots: roots,
		Bytes: requests * 1234, Took: took(requests, p50),
	}
}

func outside(name string) servicemap.Node {
	return servicemap.Node{Name: name, Kind: servicemap.Outside}
}

func edge(from, to string, calls, errors, retries int64, p50 float64) servicemap.Edge {
	e := servicemap.Edge{
		From: from, To: to, Calls: calls, Errors: errors, Retries: retries, Answered: calls - errors/2, Told: calls, Bytes: calls * 987, Took: took(calls, p50),
	}
	first := int(crc32.ChecksumIEEE([]byte(from+" "+to))) & 0xffff00 // each edge has its own traces
	for i := range int(min(calls, 5)) {
		e.Slowest = append(e.Slowest, servicemap.Sample{Trace: traceOf(first + i), At: noon.Add(time.Duration(i) * 37 * time.Second), Took: p50 * float64(9-i)})
	}
	for i := range int(min(errors, 3)) {
		e.Failed = append(e.Failed, servicemap.Sample{Trace: traceOf(first + 20 + i), At: noon.Add(time.Duration(i) * 91 * time.Second), Took: p50 * 3})
	}
	return e
}

// shop returns a map of five services and three hosts outside.
func shop() *servicemap.Graph {
	g := &servicemap.Graph{
		Version: servicemap.Version, By: "service", From: noon, Until: noon.Add(30 * time.Minute),
		Lines: 80_123, NoID: 612, Traces: 10_123, Requests: 31_810, Calls: 34_920, Jobs: 300, Untold: servicemap.Untold{Callers: 23, Share: 0.0011},
		Nodes: []servicemap.Node{
			node("basket", 8_200, 3, 0, 4.1), node("front", 10_000, 131, 10_000, 31.4), node("mail", 1_110, 0, 0, 1.2), outside("pay.example:443"),
			outside("postgres:5432"), node("price", 12_300, 120, 0, 1.8), outside("redis:6379"), node("stock", 200, 0, 123, 6.4),
		},
		Edges: []servicemap.Edge{
			edge("basket", "postgres:5432", 9_100, 0, 0, 0.8), edge("basket", "price", 8_100, 31, 12, 1.9), edge("basket", "redis:6379", 4_000, 0, 0, 0.21),
			edge("front", "basket", 8_200, 3, 0, 4.6), edge("front", "pay.example:443", 912, 17, 44, 212), edge("front", "price", 4_200, 89, 90, 2.2),
			edge("front", "stock", 77, 0, 0, 7.1), edge("price", "price", 40, 0, 0, 0.9), edge("price", "redis:6379", 12_000, 2, 0, 0.25), edge("stock", "front", 12, 0, 0, 40),
			edge("front", "mail", 1_110, 0, 0, 1.4),
		},
		Breaks: []servicemap.Break{
			{Kind: servicemap.Restarted, From: "front", To: "stock", Count: 77, Of: 200, Traces: []string{traceOf(1)}, Says: "stock does not go on with the traces of front: 77 of the 200 requests that front sent have another ID there.", Remedy: "Let stock read the headers of the request: httpmw.New in front of its handlers, or B3 in its tracer."},
			{Kind: servicemap.NoID, To: "basket", Place: "sweep.go:42", Count: 612, Of: 24_620, Says: "612 of basket's 24,620 lines have no trace's ID, at sweep.go:42.", Remedy: "Log with the request's context: logctx.Info(ctx) instead of the package's logger."},
			{Kind: servicemap.Clock, To: "price", Count: 12_300, Of: 12_300, Ahead: 40, Says: "The clock of price is 40 ms ahead.", Remedy: "Let its host keep time (NTP, chrony)."},
		},
	}
	for i := range g.Edges {
		if e := &g.Edges[i]; slices.ContainsFunc(g.Nodes, func(n servicemap.Node) bool { return n.Name == e.To && n.Kind == servicemap.Outside }) {
			e.Answered = 0
		}
	}
	g.Edges[10].Told, g.Edges[6].Guessed = 0, 77
	for _, e := range g.Edges {
		for _, s := range slices.Concat(e.Slowest, e.Failed) {
			g.Traced = append(g.Traced, traceAround(s.Trace, e, s.Took))
		}
	}
	return g
}

// traceAround returns a trace that contains a call of an edge.
func traceAround(id string, e servicemap.Edge, ms float64) servicemap.Trace {
	return servicemap.Trace{ID: id, Left: 3, Spans: []servicemap.Span{
		{Node: "front", Name: "GET /basket/{id}", Kind: "request", Took: ms * 1.3, Failed: e.Errors > 0},
		{Node: e.From, Name: "GET " + e.To, Kind: "call", Depth: 1, Start: ms * 0.2, Took: ms, Failed: e.Errors > 0},
		{Node: e.To, Name: "GET /", Kind: "request", Depth: 2, Start: ms * 0.22, Took: ms * 0.9},
		{Node: e.To, Name: "GET postgres:5432", Kind: "call", Depth: 3, Start: ms * 0.3, Took: ms * 0.1},
	}}
}

var words = strings.Fields("account address audience basket billing campaign catalogue chat checkout claims content coupon credit currency customer delivery discount document event export feed gallery gateway gift identity image import inventory invoice label ledger listing loyalty mail media menu message notify offer order parcel partner payment price product profile quota rating refund report returns review risk search session shipping stock store tax token user voucher wallet warehouse")

// fleet returns a map of n services in tiers, with cycles, calls of services to themselves, and
// hosts outside. The parameter calls is the number of edges. The map is the same each time.
func fleet(n, calls int) *servicemap.Graph {
	r := rand.New(rand.NewPCG(7, uint64(n)))
	g := &servicemap.Graph{Version: servicemap.Version, By: "service", From: noon, Until: noon.Add(time.Hour)}
	name := func(i int) string {
		if i < len(words) {
			return words[i] + []string{"-api", "-worker", "", "-svc"}[i%4]
		}
		return fmt.Sprintf("%s-%d", words[i%len(words)], i/len(words))
	}
	for i := range n {
		requests := int64(100 + r.IntN(200_000))
		g.Nodes = append(g.Nodes, node(name(i), requests, requests*int64(r.IntN(20)/18)/90, 0, 1+20*r.Float64()))
	}
	order := r.Perm(n) // the tiers do not follow the order of the names
	for i := range 3 {
		g.Nodes[order[i]].Roots = 50_000
	}
	tierOf := func(i int) int { return i * 6 / n }
	inTier := func(tier int) string {
		first, last := (tier*n+5)/6, ((tier+1)*n+5)/6
		return name(order[first+r.IntN(max(last-first, 1))])
	}
	third := []string{"postgres:5432", "redis:6379", "kafka:9092", "pay.example:443", "maps.example", "s3.example", "smtp.example:25", "elastic:9200", "ldap:389", "vault:8200"}
	for _, host := range third {
		g.Nodes = append(g.Nodes, outside(host))
	}
	seen := map[[2]string]bool{}
	add := func(from, to string) {
		if seen[[2]string{from, to}] {
			return
		}
		seen[[2]string{from, to}] = true
		n := int64(1 + r.ExpFloat64()*8000)
		e := edge(from, to, n, n*int64(r.IntN(14)/12)/int64(20+r.IntN(400)), int64(r.IntN(9)/8), 0.5+10*r.Float64())
		if r.IntN(25) == 0 {
			e.Guessed = n
		}
		if strings.ContainsAny(to, ":.") {
			e.Answered = 0
		}
		g.Edges = append(g.Edges, e)
		g.Calls += n
	}
	for i := range n {
		if tierOf(i) > 0 {
			add(inTier(tierOf(i)-1), name(order[i]))
		}
	}
	for len(g.Edges) < calls {
		a := r.IntN(n)
		tier := tierOf(a)
		switch r.IntN(30) {
		case 0:
			add(name(order[a]), name(order[r.IntN(n)])) // perhaps a cycle, or one service twice
		case 1, 2, 3, 4, 5:
			add(name(order[a]), third[min(r.IntN(len(third)), r.IntN(len(third)))])
		case 6, 7:
			add(name(order[a]), inTier(min(tier+2, 5)))
		default:
			add(name(order[a]), inTier(min(tier+1, 5)))
		}
	}
	finish(g)
	return g
}

// finish sorts nodes and edges, and sets the sums, the traces and the breaks.
func finish(g *servicemap.Graph) {
	slices.SortFunc(g.Nodes, func(a, b servicemap.Node) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(g.Edges, func(a, b servicemap.Edge) int {
		return strings.Compare(a.From+"\x00"+a.To, b.From+"\x00"+b.To)
	})
	for _, n := range g.Nodes {
		g.Requests, g.Lines, g.Traces = g.Requests+n.Requests, g.Lines+n.Lines, g.Traces+n.Roots
	}
	for _, e := range g.Edges[:min(len(g.Edges), 100)] {
		for _, s := range slices.Concat(e.Slowest, e.Failed) {
			g.Traced = append(g.Traced, traceAround(s.Trace, e, s.Took))
		}
	}
	for i := range 12 {
		e := g.Edges[i*len(g.Edges)/12]
		g.Breaks = append(g.Breaks, servicemap.Break{Kind: servicemap.Padded, From: e.From, To: e.To, Count: e.Calls, Of: e.Calls, Traces: []string{traceOf(i)}, Says: e.To + " writes the IDs of " + e.From + " with 16 zeros before them.", Remedy: "Let " + e.To + " take an ID as it comes."})
	}
}

// attacks are names that an attacker writes into a log, to run something or to deceive the reader.
var attacks = []string{
	"</script><script>alert(1)</script>", "<!--<script>", "-->", "]]>", "<img src=x onerror=alert(1)>", "javascript:alert(1)", "/*DATA*/", "<!--DRAWING-->", "STYLE-HASH", "\u2028\u2029",
	"\x1b[31mred", "\u009b", "\u202egnp", "\ufeff", "\x00", "a\r\nb", "\xff\xfe", "\U000e0001", `\`, `\N`, `"`, `"];x->y["`, `" onload="x`, "'", "`${1}`", "&lt;", "&#60;", "]]", "|", "end", "click n1 call x()",
	"%%{init:{}}%%", "subgraph x", "#quot;", "#60;", "ﬂ°°35¶ß", "日本語", "e\u0301", strings.Repeat("<", 3000), strings.Repeat("long ", 500), "", " ",
}

// hostile returns a map in which each text is an attack.
func hostile() *servicemap.Graph {
	g := &servicemap.Graph{Version: servicemap.Version, By: "service", Requests: 1}
	for i, a := range attacks {
		g.Nodes = append(g.Nodes, servicemap.Node{Name: a, Kind: []servicemap.Kind{servicemap.Service, servicemap.Outside}[i%2], Service: a, Route: []string{"", a}[i%3/2], Requests: 5, Roots: 1, Errors: 1, Took: took(5, 1)})
		e := edge(a, attacks[(i+1)%len(attacks)], 5, 1, 1, 2)
		e.Slowest = []servicemap.Sample{{Trace: a, Took: 1}, {Trace: traceOf(i), Took: 1}}
		g.Edges = append(g.Edges, e)
		g.Breaks = append(g.Breaks, servicemap.Break{Kind: servicemap.BreakKind(a), From: a, To: a, Place: a, Says: a, Remedy: a, Traces: []string{a}})
		g.Traced = append(g.Traced, servicemap.Trace{ID: traceOf(i), Spans: []servicemap.Span{{Node: a, Name: a, Kind: a, Depth: -1, Start: -5, Took: 3}}})
	}
	return g
}

// alone returns a map of one node without an edge.
func alone() *servicemap.Graph {
	return &servicemap.Graph{Version: servicemap.Version, By: "service", Requests: 3, Traces: 3, Lines: 3, Nodes: []servicemap.Node{node("shop", 3, 0, 3, 2)}}
}

// maps returns the maps with which each view is tried.
func maps() map[string]*servicemap.Graph {
	return map[string]*servicemap.Graph{
		"shop": shop(), "fleet": fleet(60, 200), "hostile": hostile(), "alone": alone(), "empty": {Version: servicemap.Version, By: "service"},
	}
}
