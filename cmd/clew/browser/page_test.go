//go:build browser

package browser_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// chosen is an expression for the text of the selected row.
const chosen = `document.querySelector("#view .chosen .what")?.innerText.trim()`

func TestKeyboard(t *testing.T) {
	p := opened(t, draw(t, fleetID, fleet))
	first := p.rows()
	require.Len(t, first, 18)
	assert.Contains(t, first[2], "shop GET /basket/{id} 500")
	assert.Equal(t, "grid", p.text(`document.activeElement.id`))

	p.key(kb.ArrowDown + kb.ArrowDown)
	assert.Contains(t, p.text(chosen), "shop GET /basket/{id} 500")
	assert.Equal(t, p.text(`document.querySelector("#view .chosen").id`), p.text(`document.querySelector("#grid").getAttribute("aria-activedescendant")`))
	assert.Equal(t, "true", p.text(`document.querySelector("#view .chosen").getAttribute("aria-expanded")`))

	p.key(kb.Enter)
	assert.Len(t, p.rows(), 18-11, "the rows below the request are folded")
	assert.Equal(t, "false", p.text(`document.querySelector("#view .chosen").getAttribute("aria-expanded")`))
	assert.Contains(t, p.text(chosen), "+11")
	p.key(kb.ArrowRight)
	assert.Len(t, p.rows(), 18)
	p.key(kb.ArrowRight)
	assert.Contains(t, p.text(chosen), "basket opened A01")
	assert.Equal(t, "2", p.text(`document.querySelector("#view .chosen").getAttribute("aria-level")`))
	p.key(kb.ArrowLeft)
	assert.Contains(t, p.text(chosen), "/basket/{id}")
	p.key(kb.End)
	assert.Contains(t, p.text(chosen), "mail is late")
	p.key(kb.Home + kb.PageDown + kb.PageUp)
	assert.Contains(t, p.text(chosen), "nginx")

	p.key("l")
	assert.Len(t, p.rows(), 5, "only the spans are shown")
	p.key("l")
	p.key("f")
	assert.NotContains(t, p.rows(), "INF looked for the picture A07")
	p.key("f")
	assert.Equal(t, first, p.rows())

	p.key("e")
	assert.Contains(t, p.text(chosen), "GET price.example:8080/price/7 503", "e selects the next error")
	p.key("EE")
	assert.Contains(t, p.text(chosen), "cart is old A15", "EE goes back past the first error to the last one")

	p.key(" ")
	assert.Contains(t, p.text(`document.querySelector("#details").innerText`), "cart is old A15")
	p.key(kb.Escape)
	assert.True(t, value[bool](t, p.ctx, `document.querySelector("#details").hidden`))

	p.key("?")
	assert.True(t, value[bool](t, p.ctx, `document.querySelector("#help").open`))
	p.key(kb.Escape)
	assert.False(t, value[bool](t, p.ctx, `document.querySelector("#help").open`))
}

// The page that the demo writes shows the demo's last request.
func TestDemo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "demo.html")
	demo := exec.Command("go", "run", "./examples/demo", "-html", file)
	demo.Dir = "../../.."
	said, err := demo.CombinedOutput()
	require.NoError(t, err, "%s", said)
	p := opened(t, "file://"+file)
	assert.Contains(t, p.text(`document.querySelector("#trace-facts").innerText`), "7 spans of 3 services")
	rows := p.rows()
	assert.Len(t, rows, 14, "number of rows: 7 for spans, of which 6 have a line, and 7 for other lines")
	assert.Contains(t, rows[0], "not reported")
	assert.Contains(t, rows, "▼media-api GET /media/{id} 200")
	assert.Nil(t, p.wrong.Load())
}

func TestSearch(t *testing.T) {
	p := opened(t, draw(t, fleetID, fleet))
	p.key("f") // a match may be in a folded row
	p.key("/")
	assert.Equal(t, "search", p.text(`document.activeElement.id`))
	p.key("PICTURE")
	p.wait(`document.querySelector("#search-count").textContent !== ""`)
	assert.Equal(t, "2 matches", p.text(`document.querySelector("#search-count").textContent`))
	assert.Equal(t, "polite", p.text(`document.querySelector("#search-count").getAttribute("aria-live")`))
	p.key(kb.Enter)
	assert.Contains(t, p.text(chosen), "looked for the picture A07")
	assert.Equal(t, "1 of 2", p.text(`document.querySelector("#search-count").textContent`))
	assert.Equal(t, "picture", p.text(`document.querySelector(".chosen mark").textContent`))
	p.key(kb.Enter)
	assert.Contains(t, p.text(chosen), "no picture of 7 A05")
	p.key(kb.Enter, input.ModifierShift)
	assert.Contains(t, p.text(chosen), "looked for the picture A07")
	p.key(kb.Escape)
	assert.Equal(t, "", p.text(`document.querySelector("#search-count").textContent`))
	p.key("/")
	p.key("[.*(\\")
	p.wait(`document.querySelector("#search-count").textContent === "no match"`)
}

func TestZoom(t *testing.T) {
	p := opened(t, draw(t, fleetID, fleet))
	zoom := func() string { return p.text(`document.querySelector("#zoom-all").textContent`) }
	width := func() float64 { return value[float64](t, p.ctx, `document.querySelectorAll(".bar")[1].offsetWidth`) }
	before := width()
	p.key("+")
	assert.Equal(t, "200 %", zoom())
	p.key(kb.ArrowLeft+kb.ArrowLeft+kb.ArrowLeft, input.ModifierShift)
	assert.InDelta(t, 2*before, width(), 2)
	p.click("#zoom-in")
	p.click("#zoom-out")
	p.key("-")
	assert.Equal(t, "100 %", zoom())
	assert.False(t, value[bool](t, p.ctx, `document.querySelector("#view .row").dispatchEvent(new WheelEvent("wheel", {deltaY: -300, ctrlKey: true, clientX: 900, bubbles: true, cancelable: true}))`), "the page prevents the browser's own zoom")
	assert.Equal(t, "272 %", zoom())
	assert.True(t, value[bool](t, p.ctx, `document.querySelector("#view .row").dispatchEvent(new WheelEvent("wheel", {deltaY: 100, bubbles: true, cancelable: true}))`), "the page lets the browser scroll")
	p.click("#zoom-all")
	assert.Equal(t, "100 %", zoom())
	do(t, p.ctx, chromedp.Evaluate(`document.querySelector("#grid").focus()`, nil))
	p.key(kb.Home + kb.ArrowDown + kb.ArrowDown + kb.ArrowDown + kb.ArrowDown + "z")
	assert.Equal(t, "350 %", zoom(), "the axis shows the call of 211 ms, with a margin")
	for range 60 {
		p.key("+")
	}
	assert.NotContains(t, p.text(`document.querySelector("#columns").innerText`), "NaN")
}

func TestCopy(t *testing.T) {
	p := opened(t, draw(t, "--zipkin-ui", "http://zipkin.example:9411", fleetID, fleet), browser.SetPermission(&browser.PermissionDescriptor{Name: "clipboard-read"}, browser.PermissionSettingGranted))
	clipboard := func() string {
		var text string
		do(t, p.ctx, chromedp.Evaluate(`navigator.clipboard.readText()`, &text, awaits))
		return text
	}
	do(t, p.ctx, chromedp.Click("#copy-command"))
	p.wait(`document.querySelector("#said").textContent === "Command copied"`)
	assert.Equal(t, "clew timeline "+fleetID+" "+fleet, clipboard())
	do(t, p.ctx, chromedp.Click("#copy-json"))
	p.wait(`document.querySelector("#said").textContent === "JSON copied"`)
	want, err := exec.Command(clew, "timeline", "-o", "json", fleetID, fleet).Output()
	require.NoError(t, err)
	assert.JSONEq(t, string(want), clipboard())
}

// The list opens the traces whose lines are in the page. For other traces it shows the command.
func TestList(t *testing.T) {
	p := opened(t, draw(t, fleet))
	traces := func() (ids []string) {
		return value[[]string](t, p.ctx, `[...document.querySelectorAll("#list-body tr")].map((row) => row.lastChild.innerText)`)
	}
	newest := traces()
	require.Len(t, newest, 3)
	assert.Equal(t, fleetID, newest[2])
	p.click("#list-head th:nth-child(1) button")
	assert.Equal(t, fleetID, traces()[0])
	assert.Equal(t, "ascending", p.text(`document.querySelector("#list-head th").getAttribute("aria-sort")`))
	p.click("#list-head th:nth-child(5) button")
	assert.Equal(t, fleetID, traces()[0], "the trace with the most errors comes first")

	p.click("#list-body tr:first-child a")
	p.wait(`!document.querySelector("#trace").hidden`)
	assert.Contains(t, p.rows(), "▼shop GET /basket/{id} 500")
	p.click("#back")
	p.wait(`!document.querySelector("#list").hidden`)
	p.click("#list-body tr:nth-child(2) td:nth-child(6)")
	p.wait(`!document.querySelector("#trace").hidden`)
	do(t, p.ctx, chromedp.NavigateBack())
	p.wait(`!document.querySelector("#list").hidden`)
}

// If the page does not contain the lines of a trace in the list, a click on the trace shows the
// command that draws it. A click on another trace opens the trace.
func TestListElsewhere(t *testing.T) {
	file := t.TempDir() + "/app.log"
	log, err := os.Create(file)
	require.NoError(t, err)
	writeMany(t, log, 20, 10_000)
	require.NoError(t, log.Close())
	p := opened(t, draw(t, file))
	assert.Contains(t, p.text(`document.querySelector("#list-facts").innerText`), "are not in this page")
	p.click("#list-body td button")
	assert.Regexp(t, `^The lines of this trace are not in this page: clew timeline [0-9a-f]{32} `+file+` Copy$`, p.text(`document.querySelector("#elsewhere").innerText`))
	p.click("#list-body td a")
	p.wait(`!document.querySelector("#trace").hidden`)
}

// Assistive technology gets names and roles for what the page shows. All texts have enough
// contrast.
func TestAccessible(t *testing.T) {
	for _, scheme := range []string{"light", "dark"} {
		t.Run(scheme, func(t *testing.T) {
			p := opened(t, draw(t, fleetID, fleet), schemeOf(scheme))
			p.click("#row3 .what") // opens its details
			var low []string
			require.NoError(t, json.Unmarshal([]byte(value[string](t, p.ctx, lowContrast)), &low))
			assert.Empty(t, low, "texts with a contrast below 4.5")
			assert.Equal(t, []string{"rowgroup", "treegrid"}, value[[]string](t, p.ctx,
				`[document.querySelector("#view .row").closest("[role=rowgroup]").role, document.querySelector("#space").parentElement.role]`))
			assert.Empty(t, value[[]string](t, p.ctx, `[...document.querySelectorAll("button, input, a")].filter((e) => e.checkVisibility() && !(e.ariaLabel || e.textContent.trim())).map((e) => e.id)`), "controls without a name")
			assert.Equal(t, "19", p.text(`document.querySelector("#grid").getAttribute("aria-rowcount")`))
		})
	}
}

// lowContrast returns the texts whose colour is too close to their background.
const lowContrast = `(() => {
	const light = (c) => c.map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const parse = (text) => text.match(/[\d.]+/g).map(Number);
	const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
	const low = [];
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let node = walker.nextNode(); node; node = walker.nextNode()) {
		const e = node.parentElement;
		if (!node.data.trim() || !e.checkVisibility()) continue;
		const a = light(parse(getComputedStyle(e).color).slice(0, 3)), b = light(behind(e));
		if ((Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5) low.push(node.data.trim().slice(0, 40) + " " + getComputedStyle(e).color + " on " + behind(e));
	}
	return JSON.stringify(low);
})()`
