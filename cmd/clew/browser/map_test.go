//go:build browser

package browser_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// mapPage opens the page of a map. The map "shop" has five services, and "fleet" has sixty.
func mapPage(t *testing.T, name string, actions ...chromedp.Action) *page {
	t.Helper()
	return opened(t, "file://"+filepath.Join(mapPages, name+".html"), actions...)
}

// details returns the text in the panel beside the picture.
func (p *page) details() string {
	p.t.Helper()
	return p.text(`document.querySelector("#details").hidden ? "" : document.querySelector("#details").innerText`)
}

// title returns the heading of the panel beside the picture.
func (p *page) title() string {
	p.t.Helper()
	return p.text(`document.querySelector("#details").hidden ? "" : document.querySelector("#details h2").innerText`)
}

// edge returns the selector of an edge in the picture.
func (p *page) edge(from, to string) string {
	p.t.Helper()
	i := value[int](p.t, p.ctx, fmt.Sprintf(`graph.edges.findIndex((e) => e.from === %q && e.to === %q)`, from, to))
	require.GreaterOrEqual(p.t, i, 0)
	return fmt.Sprintf(`.edge[data-edge="%d"]`, i)
}

// overlapping is an expression that returns the faults of the layout: nodes and labels that
// overlap or are not in view, and names that are wider than their nodes.
const overlapping = `(() => {
	const bad = [], canvas = document.querySelector("#canvas").getBoundingClientRect();
	for (const selector of [".node > rect", ".plate"]) {
		const boxes = [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility()).map((e) => e.getBoundingClientRect());
		boxes.forEach((a, i) => {
			if (a.left < canvas.left || a.right > canvas.right || a.top < canvas.top || a.bottom > canvas.bottom) bad.push(selector + " " + i + " is not in view");
			boxes.slice(0, i).forEach((b, k) => { if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) bad.push(selector + " " + i + " on " + k); });
		});
	}
	for (const text of document.querySelectorAll(".node .name")) {
		const a = text.getBoundingClientRect(), b = text.closest(".node").querySelector("rect").getBoundingClientRect();
		if (text.checkVisibility() && a.width > b.width + 1) bad.push(text.textContent + " is wider than its node");
	}
	return bad;
})()`

// The whole map is in view, nodes and labels do not overlap, and names fit into their nodes.
func TestMapLayout(t *testing.T) {
	for _, name := range []string{"shop", "fleet", "alone"} {
		p := mapPage(t, name)
		assert.Empty(t, value[[]string](t, p.ctx, overlapping), name)
		letter := value[float64](t, p.ctx, `Math.min(...[...document.querySelectorAll(".node .name")].map((text) => text.getBoundingClientRect().height))`)
		assert.Greater(t, letter, map[string]float64{"shop": 13, "alone": 13, "fleet": 8.5}[name], "height of the letters of %s, which must be readable", name)
		assert.Nil(t, p.wrong.Load())
	}
	p := mapPage(t, "empty")
	assert.Equal(t, "0 services", p.text(`document.querySelector(".facts span").innerText`))
	p.key(kb.ArrowRight + "eEbBnN+-0r?")
	assert.Nil(t, p.wrong.Load())
}

// A click on an edge opens its figures and its slowest trace.
func TestMapEdge(t *testing.T) {
	p := mapPage(t, "shop", browser.SetPermission(&browser.PermissionDescriptor{Name: "clipboard-read"}, browser.PermissionSettingGranted))
	at := value[[]float64](t, p.ctx, fmt.Sprintf(`(() => { const path = document.querySelector('%s .line'), at = path.getPointAtLength(path.getTotalLength() * 0.85).matrixTransform(path.getScreenCTM()); return [at.x, at.y]; })()`, p.edge("front", "price")))
	do(t, p.ctx, chromedp.MouseClickXY(at[0], at[1]))
	assert.Equal(t, "front → price", p.title())
	said := strings.Join(strings.Fields(p.details()), " ")
	for _, want := range []string{"calls 4,200", "errors 89 (2.1 %)", "retries 90 (2.1 %)", "p95 5.94 ms (5.76 ms to 6.18 ms)", "bytes 4.15 MB", "Slowest", "Failed", "GET /basket/{id}"} {
		assert.Contains(t, said, want)
	}
	assert.Equal(t, 4, value[int](t, p.ctx, `document.querySelectorAll("#details .fall i").length`), "number of spans of the slowest trace")
	first := value[string](t, p.ctx, `document.querySelector("#details .sample code").textContent`)
	command := "clew timeline " + first + " logs/ --since 2h"
	assert.Equal(t, command, p.text(`document.querySelector("#details .command code").textContent`))
	assert.Equal(t, "http://zipkin.example:9411/zipkin/traces/"+first, p.text(`document.querySelector("#details .command a").href`))
	do(t, p.ctx, chromedp.Click("#details .command button"))
	p.wait(`document.querySelector("#said").textContent === "Command copied"`)
	assert.Equal(t, command, p.text(`navigator.clipboard.readText()`))

	assert.Equal(t, "front → price", p.text(`[...document.querySelector("#rows tr.chosen").children].slice(0, 2).map((cell) => cell.textContent).join(" → ")`), "the chosen row of the table is the edge's")
	assert.Equal(t, 2, value[int](t, p.ctx, `document.querySelectorAll(".node.near").length`), "number of nodes that are lit: both ends of the edge")
	do(t, p.ctx, chromedp.Click("#details .title button"))
	assert.Equal(t, "", p.title())
	assert.Zero(t, value[int](t, p.ctx, `document.querySelectorAll(".near").length`))
	assert.Nil(t, p.wrong.Load())
}

// A click on a node opens its edges. A click on one of these opens the edge.
func TestMapNode(t *testing.T) {
	p := mapPage(t, "shop")
	do(t, p.ctx, chromedp.Click(`.node[data-node="1"] rect`))
	assert.Equal(t, "front", p.title())
	assert.Contains(t, p.details(), "10,000 (100 %) name no caller")
	assert.Equal(t, []string{"basket", "price", "mail", "pay.example:443", "stock"}, value[[]string](t, p.ctx, `[...document.querySelectorAll("#details h3")].find((h) => h.textContent === "Calls").nextSibling.innerText.split("\n").filter((line) => !/^[\d]/.test(line))`), "the edges with the most calls come first")
	value[int](t, p.ctx, `([...document.querySelectorAll("#details .links button")].find((b) => b.textContent === "pay.example:443").click(), 0)`)
	assert.Equal(t, "front → pay.example:443", p.title())
	assert.Contains(t, p.details(), "outside: no service of these lines is known to be this host")
	assert.Nil(t, p.wrong.Load())
}

// If the pointer is over a node, its callers and the nodes that it calls are lit.
func TestMapHover(t *testing.T) {
	p := mapPage(t, "shop")
	at := value[[]float64](t, p.ctx, `(() => { const box = document.querySelector('.node[data-node="0"]').getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; })()`)
	do(t, p.ctx, chromedp.MouseEvent(input.MouseMoved, at[0], at[1]))
	p.wait(`document.querySelector("#drawing").classList.contains("lit")`)
	assert.Equal(t, []string{"basket", "front", "postgres:5432", "price", "redis:6379"}, value[[]string](t, p.ctx, `[...document.querySelectorAll(".node.near .name")].map((text) => text.textContent)`))
	assert.Contains(t, p.text(`document.querySelector("#tip").innerText`), "8,200 requests, 0.04 % errors")
	do(t, p.ctx, chromedp.MouseEvent(input.MouseMoved, 5, 120))
	p.wait(`!document.querySelector("#drawing").classList.contains("lit") && document.querySelector("#tip").hidden`)
}

// A break is an edge or a service where traces end. A click on a break in the list opens this edge
// or service.
func TestMapBreaks(t *testing.T) {
	p := mapPage(t, "shop")
	do(t, p.ctx, chromedp.Click(`#breaks li:nth-child(1) button`))
	assert.Equal(t, "front → stock", p.title())
	assert.True(t, value[bool](t, p.ctx, fmt.Sprintf(`document.querySelector('%s').classList.contains("chosen")`, p.edge("front", "stock"))))
	p.key("b")
	assert.Equal(t, "basket", p.title(), "the break of lines without an ID opens their service")
	p.key("BB")
	assert.Equal(t, "price", p.title(), "the keys go round from the first break to the last")
}

// The keyboard alone is enough to use the whole page.
func TestMapKeyboard(t *testing.T) {
	p := mapPage(t, "shop")
	p.key(kb.ArrowDown)
	assert.Equal(t, "front", p.title(), "the first node is the service where requests come in")
	assert.Equal(t, "front: 10,000 requests", p.text(`document.activeElement.getAttribute("aria-label")`))
	p.key(kb.ArrowDown)
	below := p.title()
	assert.Contains(t, []string{"mail", "pay.example:443", "basket"}, below)
	p.key(kb.ArrowLeft + kb.ArrowLeft + kb.ArrowLeft)
	assert.Equal(t, "basket", p.title())
	p.key(kb.ArrowUp)
	assert.Equal(t, "front", p.title())
	p.key(kb.Enter)
	assert.Equal(t, "details", p.text(`document.activeElement.id`))
	p.key(kb.Tab + kb.Tab)
	assert.Equal(t, "restarted from front", p.text(`document.activeElement.textContent`))
	p.key(kb.Escape)
	assert.Equal(t, "", p.title())
	assert.Equal(t, "front: 10,000 requests", p.text(`document.activeElement.getAttribute("aria-label")`), "the focus is on the node again")

	p.key("e")
	assert.Equal(t, "front → price", p.title(), "the edge with the most errors")
	p.key("eE")
	assert.Equal(t, "front → price", p.title())
	p.key("E")
	assert.NotEqual(t, "front → price", p.title(), "the key goes round from the first edge to the last")
	p.key("?")
	assert.True(t, value[bool](t, p.ctx, `document.querySelector("#help").open`))
	p.key(kb.Escape)
	assert.False(t, value[bool](t, p.ctx, `document.querySelector("#help").open`))

	p.key("r")
	assert.True(t, value[bool](t, p.ctx, `document.querySelector("#rows").checkVisibility() && !document.querySelector("#drawing").checkVisibility()`))
	p.key("r")
	assert.True(t, value[bool](t, p.ctx, `document.querySelector("#drawing").checkVisibility()`))
	assert.Nil(t, p.wrong.Load())
}

func TestMapZoom(t *testing.T) {
	p := mapPage(t, "fleet")
	zoom := func() string { return p.text(`document.querySelector("#zoom-all").textContent`) }
	whole := zoom()
	assert.True(t, value[bool](t, p.ctx, `document.querySelector("#drawing").classList.contains("far")`), "from far away, names are larger and details are left out")
	p.key("+++")
	assert.NotEqual(t, whole, zoom())
	assert.False(t, value[bool](t, p.ctx, `document.querySelector("#drawing").classList.contains("far")`))
	before := value[float64](t, p.ctx, `document.querySelector(".node").getBoundingClientRect().x`)
	p.key(kb.ArrowRight, input.ModifierShift)
	assert.InDelta(t, before-80, value[float64](t, p.ctx, `document.querySelector(".node").getBoundingClientRect().x`), 1)
	do(t, p.ctx, chromedp.MouseEvent(input.MousePressed, 400, 300, chromedp.ButtonLeft), chromedp.MouseEvent(input.MouseMoved, 430, 330, chromedp.ButtonLeft), chromedp.MouseEvent(input.MouseReleased, 430, 330, chromedp.ButtonLeft))
	assert.InDelta(t, before-50, value[float64](t, p.ctx, `document.querySelector(".node").getBoundingClientRect().x`), 1, "the map moves when it is dragged")
	assert.Equal(t, "", p.title(), "a drag is no click")
	p.key("0")
	assert.Equal(t, whole, zoom())
	assert.False(t, value[bool](t, p.ctx, `document.querySelector("#drawing").dispatchEvent(new WheelEvent("wheel", {deltaY: -200, clientX: 500, clientY: 400, bubbles: true, cancelable: true}))`))
	assert.NotEqual(t, whole, zoom())
	for range 60 {
		p.key("-")
	}
	assert.Equal(t, "20 %", zoom())
	do(t, p.ctx, chromedp.EmulateViewport(800, 900))
	p.key("0")
	p.wait(`document.querySelector("#side").getBoundingClientRect().top > document.querySelector("#drawing").getBoundingClientRect().bottom - 1`)
	assert.Empty(t, value[[]string](t, p.ctx, overlapping))
}

func TestMapSearch(t *testing.T) {
	p := mapPage(t, "fleet")
	p.key("/")
	p.key("Mail")
	assert.Equal(t, "1 match", p.text(`document.querySelector("#search-count").textContent`))
	p.key(kb.Enter)
	assert.Equal(t, "mail-worker", p.title())
	p.key(kb.Escape + "/worker" + kb.Enter)
	count := p.text(`document.querySelector("#search-count").textContent`)
	assert.Regexp(t, `^1 of \d\d$`, count)
	p.key(kb.Enter + kb.Enter)
	assert.Regexp(t, `^3 of`, p.text(`document.querySelector("#search-count").textContent`))
	p.key(kb.Enter, input.ModifierShift)
	assert.Regexp(t, `^2 of`, p.text(`document.querySelector("#search-count").textContent`))
	p.key("[.*(")
	assert.Equal(t, "no match", p.text(`document.querySelector("#search-count").textContent`))
	p.key(kb.Escape)
	assert.Equal(t, "", p.text(`document.querySelector("#search-count").textContent`))
	assert.Nil(t, p.wrong.Load())
}

func TestMapRows(t *testing.T) {
	p := mapPage(t, "shop")
	p.click("#show-rows")
	rows := func(column int) []string {
		return value[[]string](t, p.ctx, fmt.Sprintf(`[...document.querySelectorAll("#rows-body tr")].filter((row) => row.checkVisibility()).map((row) => row.children[%d].innerText)`, column))
	}
	assert.Equal(t, "12,000", rows(2)[0])
	p.click("#rows-head th:nth-child(7) button")
	assert.Equal(t, []string{"572 ms", "108 ms"}, rows(6)[:2])
	assert.Equal(t, "descending", p.text(`document.querySelector("#rows-head th:nth-child(7)").getAttribute("aria-sort")`))
	p.click("#rows-head th:nth-child(1) button")
	assert.Equal(t, "basket", rows(0)[0])
	p.key("/stock")
	assert.Len(t, rows(0), 2, "only the rows that match the search")
	p.click("#rows-body tr:not([hidden]) td:nth-child(3)")
	assert.Contains(t, p.title(), "stock")
	assert.Nil(t, p.wrong.Load())
}

// "clew map -o html" writes a page for the logs that it has read.
func TestMapCommand(t *testing.T) {
	out, err := exec.Command(clew, "map", fleet, "-o", "html").Output()
	require.NoError(t, err)
	p := opened(t, "file://"+writeFile(t, "map.html", string(out)))
	assert.Empty(t, value[[]string](t, p.ctx, overlapping))
	p.key("e")
	assert.Contains(t, p.title(), "shop → ")
	assert.Greater(t, value[int](t, p.ctx, `document.querySelectorAll("#details .fall i").length`), 3, "number of spans of the slowest trace")
	assert.Regexp(t, `^clew timeline [0-9a-f]{16,32} `+fleet+`$`, p.text(`document.querySelector("#details .command code").textContent`))
	assert.Nil(t, p.wrong.Load())
}

// Without JavaScript the page still shows the picture, the breaks and the table.
func TestMapWithoutScript(t *testing.T) {
	file := filepath.Join(mapPages, "shop.html")
	p := opened(t, "about:blank")
	page := strings.Replace(readFile(t, file), "script-src 'sha256-", "script-src 'sha256-x", 1)
	off := writeFile(t, "off.html", page)
	do(t, p.ctx, chromedp.Navigate("file://"+off))
	assert.True(t, value[bool](t, p.ctx, `!document.body.classList.contains("live") && document.querySelector("#drawing").checkVisibility() && document.querySelector("#rows table").checkVisibility() && document.querySelector("#breaks").checkVisibility()`))
	assert.Greater(t, value[float64](t, p.ctx, `document.querySelector("#drawing").getBoundingClientRect().height`), 200.0)
	assert.False(t, value[bool](t, p.ctx, `document.querySelector(".tools").checkVisibility()`), "the buttons, which need JavaScript, are hidden")
}

// No script in a name runs, and the page loads nothing. The page shows no character that is
// invisible or reverses text.
func TestMapHostile(t *testing.T) {
	p := mapPage(t, "hostile")
	check := func() {
		t.Helper()
		if wrong := p.wrong.Load(); wrong != nil {
			t.Fatal(*wrong)
		}
		require.Equal(t, "undefined", p.text(`String(window.hit)`))
		require.Equal(t, 1, value[int](t, p.ctx, `document.querySelectorAll("script, iframe, img, object, embed, base, style ~ style").length`))
		require.Zero(t, value[int](t, p.ctx, `performance.getEntriesByType("resource").length`), "number of resources that the page has loaded")
		require.Empty(t, value[[]string](t, p.ctx, `[...document.querySelectorAll("a[href]")].map((a) => a.href).filter((href) => !/^http:\/\/zipkin\.example:9411\/zipkin\/traces\/[0-9a-f]{16,32}$/.test(href))`))
		shown := value[string](t, p.ctx, `document.title + document.body.textContent + [...document.querySelectorAll("[aria-label]")].map((e) => e.ariaLabel).join()`)
		for i, r := range shown {
			if r != '\n' && r != '\t' && !unicode.IsGraphic(r) {
				t.Fatalf("the page shows the character %q in …%q", r, shown[max(0, i-40):min(len(shown), i+40)])
			}
		}
	}
	check()
	nodes, edges := value[int](t, p.ctx, `graph.nodes.length`), value[int](t, p.ctx, `graph.edges.length`)
	require.Greater(t, nodes, 30)
	for i := range nodes {
		value[int](t, p.ctx, fmt.Sprintf(`(choose("node", %d), chooseBreak(%d), choose("edge", %d), [...document.querySelectorAll(".sample > button")].forEach((b) => b.click()), 0)`, i, i, i%edges))
		if i%5 == 0 {
			check()
		}
	}
	p.key("/<script>")
	p.key(kb.Enter)
	check()
}

// Assistive technology gets names and roles for what the page shows. All texts have enough
// contrast.
func TestMapAccessible(t *testing.T) {
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			p := mapPage(t, "shop", schemeOf(scheme))
			for _, state := range []string{`choose("edge", 4)`, `choose("node", 1)`, `(closePanel(), toggleRows())`} {
				value[int](t, p.ctx, `(`+state+`, light(null), 0)`)
				var low []string
				require.NoError(t, json.Unmarshal([]byte(value[string](t, p.ctx, lowContrast)), &low))
				assert.Empty(t, low, "texts with a contrast below 4.5")
			}
			assert.Empty(t, value[[]string](t, p.ctx, `[...document.querySelectorAll("button, input, a, [role=button]")].filter((e) => !(e.ariaLabel || e.textContent.trim())).map((e) => e.outerHTML)`), "controls without a name")
			assert.Equal(t, 1, value[int](t, p.ctx, `document.querySelectorAll('#drawing [tabindex="0"]').length`), "number of stops of the tab key in the picture")
			assert.Equal(t, "front calls price: 4,200 calls, 2.1 % errors, p95 5.94 ms", p.text(fmt.Sprintf(`document.querySelector('%s').ariaLabel`, p.edge("front", "price"))))
		})
	}
}
