package servicemap

import (
	"bufio"
	"io"
	"math"
	"strconv"
	"strings"

	"example.com/clew/internal/timeline"
)

// maxNodeLabel is how many columns a name takes in a diagram.
const maxNodeLabel = 60

// DOT writes the map in Graphviz's language. Hosts outside are dashed, and so are edges that are
// seen from one side or guessed. Edges are as thick as they are busy. Errors are in the label, and
// an edge is amber from one in a thousand calls on, and red from one in a hundred. A name is a
// label and nothing else: nodes are called n0, n1.
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

// dotText quotes a text. In a label Graphviz reads codes behind a backslash, and those of HTML
// behind an ampersand.
func dotText(text string) string {
	text = timeline.Cut(timeline.Visible(text), maxNodeLabel)
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `&`, `&amp;`).Replace(text) + `"`
}

// label is what a diagram says of an edge.
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

// colour is that of an edge with errors, as in the page; "": it has few or none.
func (e *Edge) colour() string { return [...]string{"", "#a05a00", "#b91c28"}[e.failing()] }

// mostCalls returns how many calls the busiest edge has.
func (g *Graph) mostCalls() int64 {
	var most int64
	for i := range g.Edges {
		most = max(most, g.Edges[i].Calls)
	}
	return most
}

// weight is how busy an edge is, from 0 to 1. The scale is that of the logarithm: a hundredth of
// the calls is not nothing.
func (e *Edge) weight(most int64) float64 {
	if most <= 1 || e.Calls <= 1 {
		return 0
	}
	return min(math.Log(float64(e.Calls))/math.Log(float64(most)), 1)
}
