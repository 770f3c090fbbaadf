package timeline

import (
	"embed"
	"encoding/json"
	"io"
	"strings"
)

// The HTML view is one file that loads nothing else. It contains its style, its script and its
// data. The data is JSON in an element that no browser runs. Each < in the data is escaped, so
// that no data ends the element or begins a comment. The policy in the page's head contains the
// hash of the page's script, and lets no other script run. The script writes the data as text,
// never as HTML.
//
//go:embed page
var pageFiles embed.FS

// pageScripts are the parts of the script, in the order in which they run.
var pageScripts = []string{"model", "axis", "rows", "search", "details", "trace", "list", "main"}

// maxPage is the largest number of spans of a trace in a page, and also the largest number of
// lines. The reason is that browsers keep a text of at most 512 MB. The page shows how much is
// missing.
const maxPage = 300_000

// HTMLConfig contains the texts of a page besides its traces. The zero value is ready to use.
type HTMLConfig struct {
	// UI is Zipkin's address, for links to traces that Zipkin has. Anything but a URL of http or
	// https gives no links.
	UI string

	// After is the end of the command that shows a trace of the page. It follows the ID, and names
	// the sources. Control and format characters in After are escaped when the page shows or
	// copies the command.
	After string
}

// jsonShare is a Share in JSON.
type jsonShare struct {
	Service   string  `json:"service"`
	Operation string  `json:"operation"`
	Kind      Kind    `json:"kind"`
	Answered  bool    `json:"answered"`
	Spans     int     `json:"spans"`
	Took      float64 `json:"took_ms"`
	Percent   int     `json:"percent"`
}

// jsonCause is a kind of failure: its first span, and the number of such spans.
type jsonCause struct {
	Span  string `json:"span"`
	Times int    `json:"times"`
}

// HTML writes the tree as a page for a browser.
func (t *Tree) HTML(to io.Writer, config HTMLConfig) error {
	return newHTMLPage(to, config).one(t)
}

// ListHTML writes a list of traces as a page. The page can open each trace for which the function
// tree returns a tree. If the function returns nil for a trace, the page shows the command for
// that trace instead.
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

// htmlPage is a page in progress. After an error it writes no more.
type htmlPage struct {
	to     io.Writer
	config HTMLConfig
	most   int // the largest number of spans, and of lines, of a trace
	err    error
	foot   string // the text behind the data
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

// begin writes the text before the data.
func (p *htmlPage) begin() {
	var script strings.Builder
	for _, name := range pageScripts {
		script.WriteString(pageFile(name + ".js"))
	}
	text := PageFrame{HTML: pageFile("page.html"), Style: pageFile("page.css"), Script: script.String(), Help: pageFile("keys.html")}.Page()
	var head string
	head, p.foot, _ = strings.Cut(text, "/*DATA*/")
	p.put(head)
	p.put("{")
	p.member("after", visible(p.config.After))
}

func pageFile(name string) string {
	text, err := pageFiles.ReadFile("page/" + name)
	if err != nil {
		panic(err) // the file is part of the program
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

// tree writes a trace as clew timeline -o json does, and the summary of the text view.
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

// member writes a member of a JSON object, and a comma.
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

// jsonShares returns where the time went. It returns the same shares that the text view shows.
func (t *Tree) jsonShares() []jsonShare {
	all := []jsonShare{}
	shares, root := t.mainShares()
	for _, s := range shares {
		all = append(all, jsonShare{s.Service, s.Operation, s.Kind, s.Answered, s.Spans, milliseconds(s.Time), s.percentOf(root)})
	}
	return all
}

// maxCauses is the largest number of kinds of failures on a page.
const maxCauses = 20

// jsonCauses returns the spans in which failures began. For similar failures it returns one span,
// with their number.
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
