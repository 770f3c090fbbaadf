package servicemap

import (
	"bufio"
	"cmp"
	"io"
	"slices"
	"strings"
	"time"

	"example.com/clew/internal/timeline"
)

// Style is how the text views look. The zero value is for files and pipes: nothing is cut or left
// out, and there are no escape codes.
type Style struct {
	// Width is the number of columns. Longer lines are cut, columns of the table that do not fit
	// are left out, and of many edges only the busiest and the worst are shown. 0: everything is
	// shown.
	Width  int
	Colour bool
	UI     string // Zipkin's address, for links to example traces; "": no links
}

// Limits of a large map on a terminal.
const (
	textBusiest = 20 // edges with the most calls
	textWorst   = 10 // further edges with the most errors
	textBreaks  = 8
	textEntries = 3
	textSilent  = 10 // services without requests
)

// Text writes the map for people: the edges, the busiest first, then where traces break, then what
// the lines do not show. Everything in a line that a terminal would obey is escaped.
func (g *Graph) Text(to io.Writer, style Style) error {
	p := newPage(to, style)
	p.graph = g
	p.summary()
	p.edges()
	p.breaks()
	p.untold()
	return p.to.Flush()
}

// page is a text view that is being written.
type page struct {
	to    *bufio.Writer
	style Style
	graph *Graph
	said  map[string]bool // the remedies that were written
}

func newPage(to io.Writer, style Style) *page {
	style.Width = max(style.Width, 0)
	return &page{to: bufio.NewWriterSize(to, 64<<10), style: style, said: map[string]bool{}}
}

// put writes a text. The caller has escaped what a terminal would obey.
func (p *page) put(colour, text string) {
	if p.style.Colour {
		text = timeline.InColour(colour, text)
	}
	p.to.WriteString(text)
}

// line writes a line, cut to the width.
func (p *page) line(words ...timeline.Word) {
	room := p.style.Width
	for _, w := range words {
		text := timeline.Visible(w.Text)
		if p.style.Width > 0 {
			text = timeline.Cut(text, room)
			room -= timeline.Columns(text)
		}
		p.put(w.Colour, text)
	}
	p.to.WriteByte('\n')
}

// whole writes a line for people to copy from. It is never cut.
func (p *page) whole(label, text string) {
	p.put(timeline.Dim, label)
	p.put("", timeline.Visible(text)+"\n")
}

// prose writes sentences in lines of the width. The first line begins with head, and the others
// with as many spaces.
func (p *page) prose(colour, head, text string) {
	indent, room := timeline.Columns(head), 0
	if p.style.Width > 0 {
		room = max(p.style.Width-indent, 20)
	}
	for i, line := range timeline.Lines(timeline.Visible(text), room) {
		if i > 0 {
			head = strings.Repeat(" ", indent)
		}
		if room > 0 {
			line = timeline.Cut(line, room)
		}
		p.put("", head)
		p.put(colour, line)
		p.to.WriteByte('\n')
	}
}

// summary writes what the map shows: services, period, requests and calls.
func (p *page) summary() {
	g := p.graph
	services, outside := g.serving()
	what := amount(int64(services), "service")
	if g.By == "route" {
		what = amount(g.routes(), "route") + " of " + what
	}
	if outside > 0 {
		what += " and " + amount(int64(outside), "host") + " outside"
	}
	when := span(g.From, g.Until)
	if p.style.Width > 0 && timeline.Columns(what+when) > p.style.Width {
		p.line(timeline.Word{timeline.Bold, what})
		what, when = "", strings.TrimSpace(when)
	}
	p.line(timeline.Word{timeline.Bold, what}, timeline.Word{"", when})
	what = amount(g.Requests, "request") + " and " + amount(g.Calls, "call")
	if g.Jobs > 0 {
		what = amount(g.Requests, "request") + ", " + amount(g.Calls, "call") + " and " + amount(g.Jobs, "job")
	}
	p.prose("", "", what+" in "+amount(g.Traces, "trace")+", from "+amount(g.Lines, "line"))
	p.entries()
	p.silent()
	p.put("", "\n")
}

// silent writes the names of the services whose lines contain no request, call or job.
func (p *page) silent() {
	idle, divided := p.graph.idle(), p.graph.divided()
	var names []string
	for i := range p.graph.Nodes {
		if n := &p.graph.Nodes[i]; idle[n.Name] && !divided[n.Name] {
			names = append(names, n.Name)
		}
	}
	if n := len(names); n > textSilent && p.style.Width > 0 {
		names = append(names[:textSilent], "… and "+timeline.Grouped(n-textSilent)+" others")
	}
	if len(names) > 0 {
		p.prose("", "no requests   ", strings.Join(names, ", "))
	}
}

// idle returns the names of the nodes without a request, a call or a job.
func (g *Graph) idle() map[string]bool {
	busy, idle := map[string]bool{}, map[string]bool{}
	for i := range g.Edges {
		busy[g.Edges[i].From], busy[g.Edges[i].To] = true, true
	}
	for i := range g.Nodes {
		if n := &g.Nodes[i]; n.Requests+n.Jobs == 0 && !busy[n.Name] {
			idle[n.Name] = true
		}
	}
	return idle
}

// divided returns the names of the nodes that stand for a whole service, if the service also has
// nodes for its routes.
func (g *Graph) divided() map[string]bool {
	routed, divided := map[string]bool{}, map[string]bool{}
	for i := range g.Nodes {
		if n := &g.Nodes[i]; n.Route != "" {
			routed[n.Service] = true
		}
	}
	for i := range g.Nodes {
		if n := &g.Nodes[i]; n.Route == "" && n.Kind != Outside && routed[n.Service] {
			divided[n.Name] = true
		}
	}
	return divided
}

// routes returns how many routes there are.
func (g *Graph) routes() (n int64) {
	for i := range g.Nodes {
		if route := g.Nodes[i].Route; route != "" && route != otherText {
			n++
		}
	}
	return n
}

// serving returns how many services have lines, and how many hosts have none.
func (g *Graph) serving() (services, outside int) {
	names := map[string]bool{}
	for i := range g.Nodes {
		if n := &g.Nodes[i]; n.Kind == Outside {
			if n.Name != otherText && n.Name != otherText+"*" {
				outside++
			}
		} else if n.Service != otherText {
			names[cmp.Or(n.Service, n.Name)] = true
		}
	}
	return len(names), outside
}

// span writes the time from the first line to the last, and how long that is.
func span(from, until time.Time) string {
	const form = "2006-01-02 15:04:05"
	if from.IsZero() || until.IsZero() {
		return ""
	}
	from, until = from.UTC(), until.UTC()
	end := until.Format(form)
	if from.Format(time.DateOnly) == until.Format(time.DateOnly) {
		end = until.Format(time.TimeOnly)
	}
	return "   " + from.Format(form) + " to " + end + " UTC (" + timeline.Short(until.Sub(from)) + ")"
}

// entries writes where requests without a caller come in.
func (p *page) entries() {
	nodes := p.graph.entering()
	for i, n := range nodes {
		head := "entered at    "
		if i > 0 {
			head = strings.Repeat(" ", len(head))
		}
		if i == textEntries && p.style.Width > 0 {
			p.line(timeline.Word{"", head}, timeline.Word{timeline.Dim, "… and at " + timeline.Grouped(len(nodes)-i) + " others"})
			return
		}
		words := []timeline.Word{{timeline.Dim, head}, {timeline.Bold, n.Name}, {"", "  " + amount(n.Roots, "request")}}
		if n.Roots == n.Requests {
			words = append(words, timeline.Word{"", ", " + percent(n.Errors, n.Requests) + " errors, p95 " + took(n.Took.P95.Is)})
		}
		p.line(words...)
	}
}

// entering returns the nodes with requests that have no caller, the busiest first.
func (g *Graph) entering() []*Node {
	var nodes []*Node
	for i := range g.Nodes {
		if g.Nodes[i].Roots > 0 {
			nodes = append(nodes, &g.Nodes[i])
		}
	}
	slices.SortStableFunc(nodes, func(a, b *Node) int { return cmp.Compare(b.Roots, a.Roots) })
	return nodes
}

// breaks writes where traces break.
func (p *page) breaks() {
	breaks := p.graph.Breaks
	if len(breaks) == 0 {
		p.line(timeline.Word{timeline.Bold, "where traces break"}, timeline.Word{"", "   " + p.graph.unbroken()})
		p.put("", "\n")
		return
	}
	p.line(timeline.Word{timeline.Bold, "where traces break"})
	for i := range breaks {
		if i == textBreaks && p.style.Width > 0 {
			p.line(timeline.Word{timeline.Dim, "  … and " + timeline.Grouped(len(breaks)-i) + " more: --width 0 shows them"})
			break
		}
		p.broken(&breaks[i])
	}
	p.put("", "\n")
}

func (p *page) broken(b *Break) {
	words := []timeline.Word{{"", "  "}, {timeline.Red, string(b.Kind)}, {"", "  " + b.where()}}
	if share := b.share(); share != "" {
		words = append(words, timeline.Word{timeline.Dim, "  " + share})
	}
	p.line(words...)
	if b.Says != "" {
		p.prose("", "    ", b.Says)
	}
	if b.Remedy != "" && !p.said[b.Remedy] { // many breaks have one remedy
		p.prose("", "    → ", b.Remedy)
		p.said[b.Remedy] = true
	}
	if len(b.Traces) > 0 {
		p.whole("    look at: ", "clew timeline "+b.Traces[0])
		if link := zipkinLink(p.style.UI, b.Traces[0]); link != "" {
			p.whole("    if it was sampled: ", link)
		}
	}
}

// share returns the share of cases in which a break was seen.
func (b *Break) share() string {
	if b.Kind == Clock || b.Of <= 0 {
		return ""
	}
	return percent(b.Count, b.Of)
}

// where returns the place of a break.
func (b *Break) where() string {
	text := b.To
	if b.From != "" {
		text = b.From + " → " + b.To
	}
	if b.Place != "" {
		text += " at " + b.Place
	}
	return text
}

// zipkinLink returns the address of a trace in Zipkin; "": there is none.
func zipkinLink(ui, trace string) string {
	id, err := timeline.ParseID(trace)
	if err != nil || !timeline.IsWeb(ui) {
		return ""
	}
	return timeline.ZipkinPage(ui, id)
}

// unbroken returns the text of a map without breaks. Without requests, it does not say that all is
// well.
func (g *Graph) unbroken() string {
	if g.Requests == 0 {
		return "not known: there are no requests"
	}
	return "nowhere, as far as the lines tell"
}

// lacks returns why there is nothing to show; "": there is something.
func (g *Graph) lacks() string {
	switch {
	case g.Requests > 0:
		return ""
	case g.Lines == 0:
		return "There is no line at all."
	}
	return "There is no line of a request. The map needs the lines that httpmw.AccessLog writes, and for calls those of httpclient. " +
		"If they are there, clew has not understood them: -v says what the fields are taken for."
}

// untold writes what the lines do not show.
func (p *page) untold() {
	if text := p.graph.untold(); text != "" {
		p.prose(timeline.Dim, "", text)
	}
}

// untold returns sentences about what is missing in the graph.
func (g *Graph) untold() string {
	if text := g.Untold.String(); text != "" || g.Requests == 0 {
		return text
	}
	var roots int64
	for i := range g.Nodes {
		roots += g.Nodes[i].Roots
	}
	if roots == g.Requests {
		return "No request names a caller."
	}
	return "Every request that names a caller is in an edge."
}

// String returns sentences about what is missing; "": nothing.
func (u Untold) String() string {
	var said []string
	if u.Callers > 0 {
		share := percent(int64(u.Share*1e9), 1e9)
		said = append(said, timeline.Grouped(u.Callers)+" ("+share+") of the requests that name a caller name one that no line knows. They are in no edge.")
	}
	if u.Room > 0 {
		said = append(said, "There was no room for "+timeline.Grouped(u.Room)+" of the requests and calls.")
	}
	if u.Other > 0 {
		said = append(said, u.crowded())
	}
	return strings.Join(said, " ")
}

// crowded returns a sentence about what has no node or edge of its own.
func (u Untold) crowded() string {
	return timeline.Grouped(u.Other) + " of the requests, jobs and calls are in " + otherText + ": there are more services, hosts, routes or edges than a map distinguishes."
}
