package timeline

import (
	"embed"
	"encoding/json"
	"io"
	"strings"
)

// The HTML view is one file that asks for nothing else: its style, its script and its data stand
// in it. The data is JSON in an element that no browser runs, with each < escaped, so that nothing
// in it ends the element or begins a comment. The policy in the page's head lets the one script
// run whose hash it has, and no other; nothing is loaded. The script writes what stands in the
// data as text, never as HTML.
//
//go:embed page
var pageFiles embed.FS

// pageScripts are the parts of the script, in the order in which they run.
var pageScripts = []string{"model", "axis", "rows", "search", "details", "trace", "list", "main"}

// maxPage is how many spans, and how many lines, of a trace a page has. Browsers keep a text of no
// more than 512 MB. The page says what it does not have.
const maxPage = 300_000

// HTMLConfig is what a page says besides its traces. The zero value is fine.
type HTMLConfig struct {
	UI string // Zipkin's address, for links to traces that it has; "", or no URL of http and https: none

	// After is what stands after the ID in the command line that shows a trace of the page: what
	// to read. It is shown, and copied, with control and format characters escaped.
	After string
}

// jsonShare is a Share.
type jsonShare struct {
	Service   string  `json:"service"`
	Operation string  `json:"operation"`
	Kind      Kind    `json:"kind"`
	Answered  bool    `json:"answered"`
	Spans     int     `json:"spans"`
	Took      float64 `json:"took_ms"`
	Percent   int     `json:"percent"`
}

// jsonCause is a kind of failure: its first span, and how many there are.
type jsonCause struct {
	Span  string `json:"span"`
	Times int    `json:"times"`
}

// HTML writes the tree as a page for a browser.
func (t *Tree) HTML(to io.Writer, config HTMLConfig) error {
	return newHTMLPage(to, config).one(t)
}

// ListHTML writes a list of traces as a page. Those that tree returns can be opened in it. For the
// others it returns nil, and the page gives the command that shows them.
func ListHTML(to io.Writer, traces []Summary, left Left, tree func(*Summary) *Tree, config HTMLConfig) error {
	p := newHTMLPage(to, config)
	p.begin()
	p.put(`"list": `)
	p.write(func(to io.Writer) error { return ListJSON(to, traces, left) })
	p.put(", ")
	p.trees(func(yield func(*Tree)) {
		for i := range traces {
			if t := tree(&traces[i]); t != nil {
				yield(t)
			}
		}
	})
	return p.end()
}

// htmlPage is a page that is being written. After an error it writes nothing more.
type htmlPage struct {
	to     io.Writer
	config HTMLConfig
	most   int // spans, and lines, of a trace
	err    error
	foot   string // what stands behind the data
}

func newHTMLPage(to io.Writer, config HTMLConfig) *htmlPage {
	if !IsWeb(config.UI) {
		config.UI = ""
	}
	return &htmlPage{to: to, config: config, most: maxPage}
}

// one writes a page with one trace.
func (p *htmlPage) one(t *Tree) error {
	p.begin()
	p.trees(func(yield func(*Tree)) { yield(t) })
	return p.end()
}

// begin writes what stands before the data.
func (p *htmlPage) begin() {
	style := PageStyle() + pageFile("page.css")
	var script strings.Builder
	script.WriteString(PageScript())
	for _, name := range pageScripts {
		script.WriteString(pageFile(name + ".js"))
	}
	text := strings.NewReplacer(
		"STYLE-HASH", HashOf(style), "SCRIPT-HASH", HashOf(script.String()), "/*STYLE*/", style, "/*SCRIPT*/", script.String(),
	).Replace(pageFile("page.html"))
	var head string
	head, p.foot, _ = strings.Cut(text, "/*DATA*/")
	p.put(head)
	p.put("{")
	p.member("after", visible(p.config.After))
}

func pageFile(name string) string {
	text, err := pageFiles.ReadFile("page/" + name)
	if err != nil {
		panic(err) // it is part of the program
	}
	return string(text)
}

// trees writes the traces.
func (p *htmlPage) trees(each func(yield func(*Tree))) {
	p.put(`"traces": [`)
	comma := ""
	each(func(t *Tree) {
		p.put(comma)
		comma = ", "
		p.tree(t)
	})
	p.put("]")
}

// tree writes a trace as -o json does, and what the text view says above it.
func (p *htmlPage) tree(t *Tree) {
	p.put("{")
	if p.config.UI != "" && t.Sampled {
		p.member("zipkin", ZipkinPage(p.config.UI, t.ID))
	}
	p.member("shares", t.jsonShares())
	p.member("causes", t.jsonCauses())
	p.member("left", map[string]int{"spans": max(len(t.Spans)-p.most, 0), "lines": max(len(t.Entries)-p.most, 0)})
	p.put(`"tree": `)
	p.write(func(to io.Writer) error { return t.json(to, p.most) })
	p.put("}")
}

// member writes a member, which others follow.
func (p *htmlPage) member(key string, value any) {
	text, err := json.Marshal(value)
	if err != nil && p.err == nil {
		p.err = err
	}
	p.put(`"` + key + `": ` + harmless(string(text)) + ", ")
}

func (p *htmlPage) put(text string) {
	p.write(func(to io.Writer) error {
		_, err := io.WriteString(to, text)
		return err
	})
}

func (p *htmlPage) write(what func(io.Writer) error) {
	if p.err == nil {
		p.err = what(p.to)
	}
}

func (p *htmlPage) end() error {
	p.put("}")
	p.put(p.foot)
	return p.err
}

// jsonShares returns where the time went, as much as the text view says of it.
func (t *Tree) jsonShares() []jsonShare {
	shares := []jsonShare{}
	root := t.longest()
	if root == nil || len(t.Spans) < 2 || root.Duration <= 0 {
		return shares
	}
	for i, s := range t.Shares() {
		percent := s.percentOf(root)
		if i == shown || i > 0 && percent < 5 {
			break
		}
		shares = append(shares, jsonShare{s.Service, s.Operation, s.Kind, s.Answered, s.Spans, milliseconds(s.Time), percent})
	}
	return shares
}

// maxCauses is how many kinds of failures a page names.
const maxCauses = 20

// jsonCauses returns where failures began, those alike once.
func (t *Tree) jsonCauses() []jsonCause {
	causes, nth := []jsonCause{}, map[failure]int{}
	for _, s := range t.Causes() {
		i, ok := nth[s.failure()]
		switch {
		case ok:
			causes[i].Times++
		case len(causes) < maxCauses:
			nth[s.failure()] = len(causes)
			causes = append(causes, jsonCause{s.Key(), 1})
		}
	}
	return causes
}
