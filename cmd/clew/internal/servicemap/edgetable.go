package servicemap

import (
	"cmp"
	"slices"
	"strings"

	"example.com/clew/internal/timeline"
)

// Marks of an edge. They say how far it can be trusted.
const (
	markOutside = "outside"
	markCaller  = "caller's side"
	markCallee  = "callee's side"
	markHost    = "by host"
	markGuessed = "guessed"
)

// markMeanings is the legend of the marks.
var markMeanings = []struct{ mark, means string }{
	{markOutside, "a host that is none of the services in these lines, as far as clew knows: a third party, a database."},
	{markCaller, "no request of the callee was found for these calls."},
	{markCallee, "no line of the caller reports these calls. The callee's lines do, and time them."},
	{markHost, "no request line shows which service was called. The host has the service's name, or the service has answered other calls to the host."},
	{markGuessed, "clew joined calls with requests, or found the called service, by the host's name or by time, not by IDs."},
}

// marks returns the marks of an edge.
func (e *Edge) marks(outside bool) []string {
	var marks []string
	switch {
	case outside:
		marks = append(marks, markOutside)
	case e.Answered == 0:
		marks = append(marks, markCaller)
	}
	if e.Told == 0 && e.Calls > 0 {
		marks = append(marks, markCallee)
	}
	switch {
	case e.Guessed > 0 && e.Answered == 0:
		marks = append(marks, markHost)
	case e.Guessed >= e.Calls && e.Calls > 0:
		marks = append(marks, markGuessed)
	case e.Guessed > 0:
		marks = append(marks, markGuessed+" "+percent(e.Guessed, e.Calls))
	}
	return marks
}

// unsure reports whether only one of the two nodes has logged the calls of an edge, or most of the
// calls are guessed.
func (e *Edge) unsure(outside bool) bool {
	return 2*e.Guessed > e.Calls || e.Told == 0 && e.Calls > 0 || e.Answered == 0 && !outside
}

// outside returns the names of the nodes that have no lines.
func (g *Graph) outside() map[string]bool {
	names := map[string]bool{}
	for i := range g.Nodes {
		if g.Nodes[i].Kind == Outside {
			names[g.Nodes[i].Name] = true
		}
	}
	return names
}

// busiest returns the edges, those with the most calls first.
func (g *Graph) busiest() []*Edge {
	edges := make([]*Edge, len(g.Edges))
	for i := range g.Edges {
		edges[i] = &g.Edges[i]
	}
	slices.SortStableFunc(edges, func(a, b *Edge) int { return cmp.Compare(b.Calls, a.Calls) })
	return edges
}

// notable returns the edges to show, and the others. It shows the busiest, and of the rest those
// with the most errors.
func notable(edges []*Edge) (shown, others []*Edge) {
	if len(edges) <= textBusiest+textWorst {
		return edges, nil
	}
	others = slices.Clone(edges[textBusiest:])
	slices.SortStableFunc(others, func(a, b *Edge) int { return cmp.Compare(b.Errors, a.Errors) })
	shown = slices.Concat(edges[:textBusiest], others[:textWorst])
	slices.SortStableFunc(shown, func(a, b *Edge) int { return cmp.Compare(b.Calls, a.Calls) })
	return shown, others[textWorst:]
}

// column is a column of numbers.
type column struct {
	title string
	keep  int // if there is no room, columns with the lowest number are left out first
	cell  func(*Edge) timeline.Word
}

// tookCell returns a function that makes the cell of a quantile.
func tookCell(of func(*Quantiles) Value) func(*Edge) timeline.Word {
	return func(e *Edge) timeline.Word {
		if e.Took.Count == 0 {
			return timeline.Word{}
		}
		return timeline.Word{"", took(of(&e.Took).Is)}
	}
}

var columns = []column{
	{"calls", 7, func(e *Edge) timeline.Word { return timeline.Word{"", timeline.Grouped(e.Calls)} }},
	{"errors", 6, errorCell},
	{"retries", 2, func(e *Edge) timeline.Word { return timeline.Word{"", timeline.Grouped(e.Retries)} }},
	{"p50", 3, tookCell(func(q *Quantiles) Value { return q.P50 })},
	{"p95", 5, tookCell(func(q *Quantiles) Value { return q.P95 })},
	{"p99", 4, tookCell(func(q *Quantiles) Value { return q.P99 })},
	{"bytes", 1, bytesCell},
}

// bytesCell returns the cell of the bytes. It is empty if no line says how many there were.
func bytesCell(e *Edge) timeline.Word {
	if e.Bytes == 0 && e.Answered == 0 {
		return timeline.Word{}
	}
	return timeline.Word{"", size(e.Bytes)}
}

func errorCell(e *Edge) timeline.Word {
	w := timeline.Word{"", percent(e.Errors, e.Calls)}
	w.Colour = [...]string{"", timeline.Yellow, timeline.Red}[e.failing()]
	return w
}

// edgeRow is a row of the table.
type edgeRow struct {
	edge     *Edge
	from, to string
	marks    string
	cells    []timeline.Word // of each column
}

// edges writes the table of edges.
func (p *page) edges() {
	all := p.graph.busiest()
	if text := p.graph.lacks(); text != "" {
		p.prose("", "", text)
		p.put("", "\n")
	} else if len(all) == 0 {
		p.line(timeline.Word{"", "no calls"})
		p.put("", "\n")
	}
	if len(all) == 0 {
		return
	}
	shown, others := all, []*Edge(nil)
	if p.style.Width > 0 {
		shown, others = notable(all)
	}
	outside := p.graph.outside()
	rows := make([]edgeRow, len(shown))
	used := map[string]bool{}
	for i, e := range shown {
		marks := e.marks(outside[e.To])
		for _, m := range marks {
			used[strings.TrimRight(m, " <>.%0123456789")] = true
		}
		rows[i] = edgeRow{edge: e, from: timeline.Visible(e.From), to: timeline.Visible(e.To), marks: strings.Join(marks, ", ")}
		for _, c := range columns {
			rows[i].cells = append(rows[i].cells, c.cell(e))
		}
	}
	marked := p.table(rows)
	p.otherEdges(others, int64(len(all)))
	for _, m := range markMeanings {
		if marked && used[m.mark] {
			p.prose(timeline.Dim, "", "["+m.mark+"]: "+m.means)
		}
	}
	p.put("", "\n")
}

// otherEdges writes how many edges are not in the table.
func (p *page) otherEdges(others []*Edge, all int64) {
	if len(others) == 0 {
		return
	}
	var calls, total float64
	for _, e := range others {
		calls += float64(e.Calls)
	}
	for i := range p.graph.Edges {
		total += float64(p.graph.Edges[i].Calls)
	}
	p.line(timeline.Word{timeline.Dim, "… and " + amount(int64(len(others)), "edge") + " of " + timeline.Grouped(all) + ", with " +
		percent(int64(calls/max(total, 1)*1e9), 1e9) + " of the calls: --width 0 shows all"})
}

// widestName is how wide a column of names may be.
const widestName = 50

// table writes rows in the width of the terminal, and reports whether there was room for marks.
func (p *page) table(rows []edgeRow) (marked bool) {
	marked = true
	from, to, marks := len("from"), len("to"), 0
	widths := make([]int, len(columns))
	for i, c := range columns {
		widths[i] = len(c.title)
	}
	for _, r := range rows {
		from, to = max(from, timeline.Columns(r.from)), max(to, timeline.Columns(r.to))
		if r.marks != "" {
			marks = max(marks, timeline.Columns(r.marks)+4)
		}
		for i, c := range r.cells {
			widths[i] = max(widths[i], timeline.Columns(c.Text))
		}
	}
	from, to = min(from, widestName), min(to, widestName)
	shown := make([]bool, len(columns))
	room := p.style.Width - marks - len(" → ")
	for i := range columns {
		shown[i] = true
		room -= widths[i] + 2
	}
	if p.style.Width > 0 {
		hidden := fitColumns(shown, widths, &room, min(from+to, max(32, p.style.Width/2)), 4)
		if least := min(from+to, 20); room < least && marks > 0 {
			room += marks
			hidden = append(hidden, "marks")
			marked = false
			for i := range rows {
				rows[i].marks = ""
			}
			hidden = append(hidden, fitColumns(shown, widths, &room, least, 6)...)
		}
		from, to = shareNames(from, to, room)
		defer p.hidden(hidden)
	}
	p.tableHead(from, to, widths, shown)
	for _, r := range rows {
		p.tableRow(r, from, to, widths, shown)
	}
	return marked
}

// fitColumns leaves columns out until the room is at least names, which is the width that the
// names need. It keeps each column whose field keep is above most. It returns the titles of the
// columns that it left out.
func fitColumns(shown []bool, widths []int, room *int, names, most int) (hidden []string) {
	for keep := 1; *room < names && keep <= most; keep++ {
		for i, c := range columns {
			if c.keep == keep && shown[i] {
				shown[i] = false
				*room += widths[i] + 2
				hidden = append(hidden, c.title)
			}
		}
	}
	return hidden
}

// shareNames divides the room between two columns of names. One gets what the other does not need.
func shareNames(from, to, room int) (int, int) {
	room = max(room, 16)
	if from+to <= room {
		return from, to
	}
	half := room / 2
	switch {
	case from <= half:
		return from, room - from
	case to <= half:
		return room - to, to
	}
	return half, room - half
}

// hidden writes the titles of the columns for which there was no room.
func (p *page) hidden(titles []string) {
	if len(titles) > 0 {
		p.prose(timeline.Dim, "", "No room for "+strings.Join(titles, ", ")+": --width 0 shows everything.")
	}
}

func (p *page) tableHead(from, to int, widths []int, shown []bool) {
	text := flushLeft("from", from) + "   " + flushLeft("to", to)
	for i, c := range columns {
		if shown[i] {
			text += flushRight(c.title, widths[i]+2)
		}
	}
	p.line(timeline.Word{timeline.Dim, text})
}

func (p *page) tableRow(r edgeRow, from, to int, widths []int, shown []bool) {
	name := func(text string, width int) {
		if p.style.Width > 0 {
			text = timeline.Cut(text, width)
		}
		p.put("", flushLeft(text, width))
	}
	name(r.from, from)
	p.put(timeline.Dim, " → ")
	name(r.to, to)
	for i, c := range r.cells {
		if shown[i] {
			p.put("", strings.Repeat(" ", max(widths[i]+2-timeline.Columns(c.Text), 0)))
			p.put(c.Colour, c.Text)
		}
	}
	if r.marks != "" {
		p.put(timeline.Dim, "  ["+r.marks+"]")
	}
	p.to.WriteByte('\n')
}

func flushLeft(text string, width int) string {
	return text + strings.Repeat(" ", max(width-timeline.Columns(text), 0))
}

func flushRight(text string, width int) string {
	return strings.Repeat(" ", max(width-timeline.Columns(text), 0)) + text
}
