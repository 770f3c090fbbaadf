package servicemap

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"example.com/clew/internal/timeline"
)

// The page is one file that loads nothing else. It contains the picture, the table of edges and
// the list of breaks, so that they are seen without a script. The script makes them interactive.
// Everything else that the script shows is in the data: JSON in an element that no browser
// executes, with each < escaped. The policy in the page's head allows no other script.
//
//go:embed page
var pageFiles embed.FS

// pageScripts are the parts of the script, in the order in which they run.
var pageScripts = []string{"model", "view", "waterfall", "panel", "rows", "main"}

// maxDrawn is how many edges a page has. More would be slow to draw, and hard to find.
const maxDrawn = 5000

// maxBars is how many spans of a trace a page has. Beside the picture there is room for a few.
const maxBars = 80

// HTMLConfig is what a page shows besides its map. The zero value is ready to use.
type HTMLConfig struct {
	UI string // Zipkin's address, for links to traces; "", or no URL of http or https: no links

	// After is the part after the ID in the command that shows a trace, such as the names of
	// files. The page escapes control and format characters in it.
	After string
}

// HTML writes the map as a page for a browser.
func (g *Graph) HTML(to io.Writer, config HTMLConfig) error { return g.html(to, config, maxDrawn) }

// html writes a page with the busiest edges, but with no more than limit edges.
func (g *Graph) html(to io.Writer, config HTMLConfig, limit int) error {
	g, omitted := g.upTo(limit)
	var data bytes.Buffer
	if err := g.shortTraces().JSON(&data); err != nil {
		return err
	}
	head, err := json.Marshal(map[string]string{"after": timeline.Visible(config.After), "zipkin": zipkinPages(config.UI)})
	if err != nil {
		return err
	}
	var script strings.Builder
	for _, name := range pageScripts {
		script.WriteString(pageFile(name + ".js"))
	}
	frame := timeline.PageFrame{HTML: pageFile("page.html"), Style: pageFile("map.css"), Script: script.String(), Help: pageFile("keys.html")}
	text := frame.Page(
		"<!--FACTS-->", g.htmlFacts(omitted), "<!--DRAWING-->", g.htmlLacks()+newPicture(g).svg(), "<!--BREAKS-->", g.htmlBreaks(), "<!--UNTOLD-->", inHTML(g.untold()),
		"<!--ROWS-->", g.htmlRows(), "/*DATA*/", `{"config": `+timeline.Harmless(string(head))+`, "graph": `+strings.TrimSpace(data.String())+"}",
	)
	_, err = io.WriteString(to, text)
	return err
}

func pageFile(name string) string {
	text, err := pageFiles.ReadFile("page/" + name)
	if err != nil {
		panic(err) // it is part of the program
	}
	return string(text)
}

// zipkinPages returns the part before the ID in the address of a trace in Zipkin.
func zipkinPages(ui string) string {
	if !timeline.IsWeb(ui) {
		return ""
	}
	var id timeline.ID
	return strings.TrimSuffix(timeline.ZipkinPage(ui, id), id.String())
}

// upTo returns the graph with at most limit edges, the busiest ones, and with their nodes. It also
// returns how many edges are left out. A service gets no node of its own if all its requests are
// in nodes of routes.
func (g *Graph) upTo(limit int) (*Graph, int) {
	few := *g
	few.Nodes, few.Edges = nil, nil
	all := len(g.Edges) <= limit && len(g.Nodes) <= 2*limit
	idle, divided := g.idle(), g.divided()
	keep := map[*Edge]bool{}
	nodes := map[string]bool{}
	for i := range g.Nodes {
		name := g.Nodes[i].Name
		nodes[name] = all && !(idle[name] && divided[name])
	}
	for _, e := range g.busiest()[:min(limit, len(g.Edges))] {
		keep[e] = true
		nodes[e.From], nodes[e.To] = true, true
	}
	for i := range g.Edges {
		if keep[&g.Edges[i]] {
			few.Edges = append(few.Edges, g.Edges[i])
		}
	}
	for i := range g.Nodes {
		if nodes[g.Nodes[i].Name] {
			few.Nodes = append(few.Nodes, g.Nodes[i])
		}
	}
	return &few, len(g.Edges) - len(few.Edges)
}

// shortTraces returns the graph with at most maxBars spans of each trace.
func (g *Graph) shortTraces() *Graph {
	short := *g
	short.Traced = slices.Clone(g.Traced)
	for i := range short.Traced {
		if t := &short.Traced[i]; len(t.Spans) > maxBars {
			t.Left += len(t.Spans) - maxBars
			t.Spans = t.Spans[:maxBars]
		}
	}
	return &short
}

// htmlFacts returns the line above the picture.
func (g *Graph) htmlFacts(omitted int) string {
	services, outside := g.serving()
	facts := []string{amount(int64(services), "service")}
	if g.By == "route" {
		facts = []string{amount(g.routes(), "route") + " of " + facts[0]}
	}
	if outside > 0 {
		facts = append(facts, amount(int64(outside), "host")+" outside")
	}
	if when := strings.TrimSpace(span(g.From, g.Until)); when != "" {
		facts = append(facts, when)
	}
	facts = append(facts, amount(g.Requests, "request"), amount(g.Calls, "call"))
	if g.Jobs > 0 {
		facts = append(facts, amount(g.Jobs, "job"))
	}
	facts = append(facts, amount(g.Traces, "trace"), amount(g.Lines, "line"))
	if omitted > 0 {
		facts = append(facts, "not in this page: "+amount(int64(omitted), "edge")+" with fewer calls")
	}
	return "<span>" + strings.Join(facts, "</span><span>") + "</span>"
}

// htmlLacks returns the text that replaces the picture if there is nothing to draw.
func (g *Graph) htmlLacks() string {
	if text := g.lacks(); text != "" {
		return `<p id="lacks">` + inHTML(text) + "</p>\n"
	}
	return ""
}

// htmlBreaks returns the list of breaks.
func (g *Graph) htmlBreaks() string {
	if len(g.Breaks) == 0 {
		text := g.unbroken()
		return "<p>" + strings.ToUpper(text[:1]) + text[1:] + ".</p>"
	}
	var b strings.Builder
	b.WriteString("<ul id=\"breaks\">\n")
	for i := range g.Breaks {
		k := &g.Breaks[i]
		fmt.Fprintf(&b, `<li data-break="%d"><button type="button"><b class="red">%s</b> <span>%s</span> <span class="dim">%s</span></button><p>%s</p><p class="dim">%s</p></li>`+"\n",
			i, inHTML(string(k.Kind)), inHTML(k.where()), k.share(), inHTML(k.Says), inHTML(k.Remedy))
	}
	b.WriteString("</ul>")
	return b.String()
}

// htmlRows returns the table of edges, the busiest first.
func (g *Graph) htmlRows() string {
	number := map[*Edge]int{}
	for i := range g.Edges {
		number[&g.Edges[i]] = i
	}
	outside := g.outside()
	var b strings.Builder
	b.WriteString("<table>\n<thead><tr id=\"rows-head\"><th scope=\"col\">From</th><th scope=\"col\">To</th>")
	for _, c := range columns {
		title := c.title
		if title[1] > '9' { // p50 stays in lower case
			title = strings.ToUpper(title[:1]) + title[1:]
		}
		fmt.Fprintf(&b, `<th scope="col" class="number">%s</th>`, title)
	}
	b.WriteString("<th scope=\"col\">Seen</th></tr></thead>\n<tbody id=\"rows-body\">\n")
	for _, e := range g.busiest() {
		fmt.Fprintf(&b, `<tr data-edge="%d"><td>%s</td><td>%s</td>`, number[e], inHTML(e.From), inHTML(e.To))
		for _, c := range columns {
			w := c.cell(e)
			class := "number"
			switch w.Colour {
			case timeline.Red:
				class += " red"
			case timeline.Yellow:
				class += " some"
			}
			fmt.Fprintf(&b, `<td class="%s">%s</td>`, class, inHTML(w.Text))
		}
		fmt.Fprintf(&b, "<td class=\"dim\">%s</td></tr>\n", inHTML(strings.Join(e.marks(outside[e.To]), ", ")))
	}
	b.WriteString("</tbody>\n</table>")
	return b.String()
}
