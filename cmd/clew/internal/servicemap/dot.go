package servicemap

import (
	"bufio"
	"io"
	"math"
	"strconv"
	"strings"

	"example.com/clew/internal/timeline"
)

// maxNodeLabel is how many columns a name may have in a diagram.
const maxNodeLabel = 60

// DOT writes the map in Graphviz's language. Hosts outside are dashed. So are edges that are
// guessed, or that only one of the two nodes has logged. Busy edges are thick. The label of an
// edge shows its errors. An edge is amber if one call in a thousand fails, and red if one in a
// hundred fails. A name is only a label: the identifiers of nodes are n0, n1 and so on.
func (g *Graph) DOT(to io.Writer) error {
	w := bufio.NewWriter(to)
	w.WriteString("digraph clew {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\", fontsize=10];\n")
	number := map[string]int{}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		number[n.Name] = i
		w.WriteString("  " + dotNode(i) + " [label=" + dotText(n.Name))
		if n.Kind == Outside {
			w.WriteString(", style=\"rounded,dashed\"")
		}
		w.WriteString("];\n")
	}
	outside := g.outside()
	most := g.mostCalls()
	for i := range g.Edges {
		e := &g.Edges[i]
		from, ok := number[e.From]
		to, found := number[e.To]
		if !ok || !found {
			continue
		}
		w.WriteString("  " + dotNode(from) + " -> " + dotNode(to) + " [label=" + dotText(e.label()) + ", penwidth=" + strconv.FormatFloat(1+4*e.weight(most), 'f', 1, 64))
		if colour := e.colour(); colour != "" {
			w.WriteString(", color=\"" + colour + "\"")
		}
		if e.unsure(outside[e.To]) {
			w.WriteString(", style=dashed")
		}
		w.WriteString("];\n")
	}
	w.WriteString("}\n")
	return w.Flush()
}

func dotNode(i int) string { return "n" + strconv.Itoa(i) }

// dotText quotes a text. In a label, Graphviz interprets escapes after a backslash, and entities
// of HTML after an ampersand.
func dotText(text string) string {
	text = timeline.Cut(timeline.Visible(text), maxNodeLabel)
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `&`, `&amp;`).Replace(text) + `"`
}

// label returns the label of an edge in a diagram.
func (e *Edge) label() string {
	text := amount(e.Calls, "call")
	if e.Errors > 0 {
		text += ", " + percent(e.Errors, e.Calls) + " errors"
	}
	if e.Took.Count > 0 {
		text += ", p95 " + took(e.Took.P95.Is)
	}
	return text
}

// colour returns the colour that the page gives to an edge with errors. It returns "" if the edge
// has few errors or none.
func (e *Edge) colour() string { return [...]string{"", "#a05a00", "#b91c28"}[e.failing()] }

// mostCalls returns how many calls the busiest edge has.
func (g *Graph) mostCalls() int64 {
	var most int64
	for i := range g.Edges {
		most = max(most, g.Edges[i].Calls)
	}
	return most
}

// weight returns how busy an edge is, from 0 to 1. The scale is logarithmic: on a linear one, an
// edge with a hundredth of the calls would look idle.
func (e *Edge) weight(most int64) float64 {
	if most <= 1 || e.Calls <= 1 {
		return 0
	}
	return min(math.Log(float64(e.Calls))/math.Log(float64(most)), 1)
}
