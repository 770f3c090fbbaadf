package servicemap_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/cmd/clew/internal/servicemap"
	"example.com/clew/internal/timeline"
)

// harmless fails if a text has a character that a terminal obeys, or does not show.
func harmless(t *testing.T, text string) {
	t.Helper()
	require.True(t, utf8.ValidString(text))
	for i, r := range text {
		if r != '\n' && !unicode.IsGraphic(r) {
			t.Fatalf("%q in …%q", r, text[max(i-40, 0):min(i+40, len(text))])
		}
	}
}

func textOf(t *testing.T, g *servicemap.Graph, style servicemap.Style) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, g.Text(&b, style))
	return b.String()
}

func TestText(t *testing.T) {
	assert.Equal(t, `5 services and 3 hosts outside   2026-11-26 12:00:00 to 12:30:00 UTC (30 m 00 s)
31,810 requests, 34,920 calls and 300 jobs in 10,123 traces, from 80,123 lines
entered at    front  10,000 requests, 1.3 % errors, p95 84.8 ms
              stock  123 requests

from     to                calls  errors  retries      p50      p95      p99    bytes
price  → redis:6379       12,000  0.02 %        0   250 µs   675 µs  1.12 ms  11.8 MB  [outside]
basket → postgres:5432     9,100       0        0   800 µs  2.16 ms  3.60 ms  8.98 MB  [outside]
front  → basket            8,200  0.04 %        0  4.60 ms  12.4 ms  20.7 ms  8.09 MB
basket → price             8,100  0.38 %       12  1.90 ms  5.13 ms  8.55 ms  7.99 MB
front  → price             4,200   2.1 %       90  2.20 ms  5.94 ms  9.90 ms  4.15 MB
basket → redis:6379        4,000       0        0   210 µs   567 µs   945 µs  3.95 MB  [outside]
front  → mail              1,110       0        0  1.40 ms  3.78 ms  6.30 ms  1.10 MB  [callee's side]
front  → pay.example:443     912   1.9 %       44   212 ms   572 ms   954 ms   900 kB  [outside]
front  → stock                77       0        0  7.10 ms  19.2 ms  31.9 ms  76.0 kB  [guessed]
price  → price                40       0        0   900 µs  2.43 ms  4.05 ms  39.5 kB
stock  → front                12       0        0  40.0 ms   108 ms   180 ms  11.8 kB
[outside]: a host that is none of the services in these lines, as far as clew knows: a third party, a database.
[callee's side]: no line of the caller reports these calls. The callee's lines do, and time them.
[guessed]: clew joined calls with requests, or found the called service, by the host's name or by time, not by IDs.

where traces break
  restarted  front → stock  38 %
    stock does not go on with the traces of front: 77 of the 200 requests that front sent have another ID there.
    → Let stock read the headers of the request: httpmw.New in front of its handlers, or B3 in its tracer.
    look at: clew timeline 5759e988bd862e3fe1be46a900000001
  no id  basket at sweep.go:42  2.5 %
    612 of basket's 24,620 lines have no trace's ID, at sweep.go:42.
    → Log with the request's context: logctx.Info(ctx) instead of the package's logger.
  clock  price
    The clock of price is 40 ms ahead.
    → Let its host keep time (NTP, chrony).

23 (0.11 %) of the requests that name a caller name one that no line knows. They are in no edge.
`, textOf(t, shop(), servicemap.Style{}))
}

// No line is wider than the terminal, except lines with an ID to copy. The columns of the table
// are aligned.
func TestTextWidths(t *testing.T) {
	for name, g := range maps() {
		for _, width := range []int{1, 20, 40, 60, 79, 80, 100, 120, 200, 300} {
			for line := range strings.Lines(textOf(t, g, servicemap.Style{Width: width})) {
				line = strings.TrimSuffix(line, "\n")
				if !strings.HasPrefix(line, "    look at: ") {
					assert.LessOrEqual(t, timeline.Columns(line), max(width, 40), "%s at %d: %s", name, width, line)
				}
			}
		}
	}
	text := textOf(t, shop(), servicemap.Style{Width: 80})
	assert.Contains(t, text, "\nprice  → redis:6379       12,000  0.02 %   675 µs  1.12 ms  [outside]\n")
	assert.Contains(t, text, "No room for bytes, retries, p50: --width 0 shows everything.\n")
}

// A terminal shows the busiest of many edges, and some more with the most errors.
func TestTextFolds(t *testing.T) {
	g := fleet(60, 200)
	text := textOf(t, g, servicemap.Style{Width: 120})
	assert.Len(t, regexp.MustCompile(`(?m)^\S+ +→ .* MB`).FindAllString(text, -1), 30)
	assert.Contains(t, text, "… and 170 edges of 200, with ")
	assert.Contains(t, text, "  … and 4 more: --width 0 shows them\n")
	assert.Less(t, strings.Count(text, "\n"), 100)
	whole := textOf(t, g, servicemap.Style{})
	for _, e := range g.Edges {
		assert.Contains(t, whole, e.To)
	}
	assert.NotContains(t, whole, "…")
}

func TestTextColour(t *testing.T) {
	text := textOf(t, shop(), servicemap.Style{Colour: true, Width: 100, UI: "http://zipkin:9411"})
	assert.Contains(t, text, "\x1b[31m2.1 %\x1b[0m")
	assert.Contains(t, text, "if it was sampled: \x1b[0mhttp://zipkin:9411/zipkin/traces/5759e988bd862e3fe1be46a900000001\n")
	plain := textOf(t, shop(), servicemap.Style{Width: 100, UI: "javascript:alert(1)"})
	assert.NotContains(t, plain, "\x1b")
	assert.NotContains(t, plain, "alert")
}

func TestTextEmpty(t *testing.T) {
	assert.Equal(t, `0 services
0 requests and 0 calls in 0 traces, from 0 lines

There is no line at all.

where traces break   not known: there are no requests

`, textOf(t, maps()["empty"], servicemap.Style{}))
}

// If the lines contain no request, no view says that all is well.
func TestNoRequests(t *testing.T) {
	g := maps()["empty"]
	g.Lines = 12
	for name, view := range map[string]string{"text": textOf(t, g, servicemap.Style{}), "page": htmlOf(t, g, servicemap.HTMLConfig{})} {
		assert.Contains(t, view, "There is no line of a request. The map needs the lines that httpmw.AccessLog writes", name)
		assert.NotContains(t, strings.ToLower(view), "nowhere", name)
		assert.NotContains(t, view, "Every request", name)
	}
	g.Requests, g.Nodes = 3, []servicemap.Node{{Name: "shop", Kind: servicemap.Service, Requests: 3, Roots: 3}}
	assert.Contains(t, textOf(t, g, servicemap.Style{}), "\nNo request names a caller.\n")
	assert.NotContains(t, htmlOf(t, g, servicemap.HTMLConfig{}), "no line of a request")
}

func TestTextHostile(t *testing.T) {
	for _, width := range []int{0, 30, 100} {
		harmless(t, textOf(t, hostile(), servicemap.Style{Width: width, UI: "http://zipkin"}))
	}
}

// The text names the services without requests, and gives each remedy only once. It does not show
// unknown bytes as 0.
func TestTextSilent(t *testing.T) {
	g := two()
	g.Nodes = append(g.Nodes, node("cron", 0, 0, 0, 0), node("audit", 0, 0, 0, 0))
	g.Edges[0].Answered, g.Edges[0].Bytes = 0, 0
	g.Breaks = []servicemap.Break{{Kind: servicemap.NoID, To: "cron", Remedy: "Do this."}, {Kind: servicemap.NoID, To: "audit", Remedy: "Do this."}}
	text := textOf(t, g, servicemap.Style{})
	assert.Contains(t, text, "\nno requests   cron, audit\n")
	assert.Equal(t, 1, strings.Count(text, "Do this."))
	assert.NotContains(t, text, "0 B")
}

// In a map by route, the requests of a service are in the nodes of its routes. The service itself
// is not listed as one without requests.
func TestTextRoutes(t *testing.T) {
	g := two()
	g.By = "route"
	g.Nodes[0].Name, g.Nodes[0].Route, g.Edges[0].From = "shop GET /basket/{id}", "/basket/{id}", "shop GET /basket/{id}"
	g.Nodes = append(g.Nodes, node("shop", 0, 0, 0, 0), node("cron", 0, 0, 0, 0))
	text := textOf(t, g, servicemap.Style{Width: 100})
	assert.Contains(t, text, "1 route of 2 services and 1 host outside\n")
	assert.Contains(t, text, "\nno requests   cron\n")
	assert.Contains(t, text, "\nshop GET /basket/{id} → pay.example:443    200   1.5 %  4.00 ms  10.8 ms  18.0 ms  [outside]\n")
	page := htmlOf(t, g, servicemap.HTMLConfig{})
	nodes, _, _ := nodesOf(t, page)
	assert.Len(t, nodes, 3)
	assert.Contains(t, page, `>GET /basket/{id}</text>`)
}

func TestUntold(t *testing.T) {
	g := maps()["empty"]
	g.Untold = servicemap.Untold{Callers: 1, Share: 1, Room: 12_000}
	assert.Contains(t, textOf(t, g, servicemap.Style{}), "1 (100 %) of the requests that name a caller name one that no line knows. They are in no edge. There was no room for 12,000 of the requests and calls.\n")
}

// The mark "by host" shows that a service was found by the host alone, without a request line.
func TestMarkByHost(t *testing.T) {
	g := shop()
	e := edgeOf(g, "front", "basket")
	e.Answered, e.Guessed = 0, e.Calls
	text := textOf(t, g, servicemap.Style{})
	assert.Contains(t, text, "[caller's side, by host]")
	assert.Contains(t, text, "[by host]: no request line shows which service was called")
}
