package servicemap

import (
	"io"
	"maps"
	"strconv"
	"strings"

	"example.com/clew/internal/timeline"
)

// Limits of a diagram. Mermaid refuses more than 500 edges or 50,000 characters. Some characters
// are left for the note.
const (
	maxArrows  = 500
	maxDiagram = 49_000
)

// Mermaid writes the map as a flowchart in Mermaid's language, which GitHub and GitLab draw. It
// has the busiest edges, as many as Mermaid accepts, and a note says what is left out. Names are
// only labels. Each character that might be part of a statement is written as its number.
func (g *Graph) Mermaid(to io.Writer) error {
	d := flowchart{outside: g.outside(), numbers: map[string]int{}}
	d.text.WriteString("flowchart LR\n")
	edges := g.busiest()
	for len(edges) > 0 && d.edges < maxArrows && d.edge(edges[0]) {
		edges = edges[1:]
	}
	alone := 0
	for i := range g.Nodes {
		if name := g.Nodes[i].Name; d.numbers[name] == 0 && !d.add(d.node(name)) {
			alone++
		}
	}
	if len(edges)+alone > 0 {
		d.text.WriteString("  rest[\"" + timeline.Inert("not shown: "+amount(int64(len(edges)), "edge")+", "+amount(int64(alone), "node")) + "\"]\n")
	}
	if g.mostCalls() == 0 && len(g.Nodes) == 0 {
		d.text.WriteString("  rest[\"no calls\"]\n")
	}
	_, err := io.WriteString(to, d.text.String())
	return err
}

// flowchart is a diagram that is being written.
type flowchart struct {
	text    strings.Builder
	outside map[string]bool
	numbers map[string]int // of nodes, by their names, from 1 on
	edges   int
}

// add writes a statement, if there is room for it.
func (d *flowchart) add(text string) bool {
	if d.text.Len()+len(text) > maxDiagram {
		return false
	}
	d.text.WriteString(text)
	return true
}

// node returns the statement that declares a node; "": the node is declared already. Its
// identifier has a number, because a name might be a keyword of Mermaid.
func (d *flowchart) node(name string) string {
	if d.numbers[name] > 0 {
		return ""
	}
	d.numbers[name] = len(d.numbers) + 1
	begin, end := "[\"", "\"]"
	if d.outside[name] {
		begin, end = "([\"", "\"])"
	}
	return "  n" + strconv.Itoa(d.numbers[name]) + begin + timeline.Inert(name) + end + "\n"
}

// edge writes an edge and the nodes that it needs, and reports whether there was room. An edge is
// a dotted line if it is guessed, or if only one of its two nodes has logged it. The label shows
// errors, and the line is amber or red as in the page.
func (d *flowchart) edge(e *Edge) bool {
	before := len(d.numbers)
	nodes := d.node(e.From)
	if e.To != e.From {
		nodes += d.node(e.To)
	}
	arrow := " -->"
	if e.unsure(d.outside[e.To]) {
		arrow = " -.->"
	}
	text := nodes + "  n" + strconv.Itoa(d.numbers[e.From]) + arrow + "|\"" + timeline.Inert(e.label()) + "\"| n" + strconv.Itoa(d.numbers[e.To]) + "\n"
	if colour := e.colour(); colour != "" {
		text += "  linkStyle " + strconv.Itoa(d.edges) + " stroke:" + colour + "\n"
	}
	if !d.add(text) {
		maps.DeleteFunc(d.numbers, func(_ string, n int) bool { return n > before })
		return false
	}
	d.edges++
	return true
}
