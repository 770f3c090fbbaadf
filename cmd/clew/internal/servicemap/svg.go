package servicemap

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strconv"
	"strings"

	"example.com/clew/internal/timeline"
)

// The size of a drawn node.
const (
	nodeHeight = 40.0
	leastWidth = 104.0
	mostWidth  = 264.0
	mostName   = 28 // columns
)

// picture is a map that is drawn as SVG. Everything from a line is escaped, and is only used as
// text or as the value of aria-label.
type picture struct {
	strings.Builder
	graph   *Graph
	outside map[string]bool
	number  map[string]int // the numbers of the nodes, by their names
	edges   []int          // indexes of the graph's edges that are drawn
	drawing drawing
	taken   []box // places of nodes and labels, which further labels must not cover
}

func newPicture(g *Graph) *picture {
	p := &picture{graph: g, outside: g.outside(), number: map[string]int{}}
	sizes := make([]point, len(g.Nodes))
	for i := range g.Nodes {
		p.number[g.Nodes[i].Name] = i
		name, fact := g.Nodes[i].texts()
		long := float64(max(timeline.Columns(name), timeline.Columns(fact)*3/4))
		sizes[i] = point{min(max(long*10+22, leastWidth), mostWidth), nodeHeight}
	}
	var pairs [][2]int
	for i := range g.Edges {
		from, ok := p.number[g.Edges[i].From]
		to, found := p.number[g.Edges[i].To]
		if ok && found {
			p.edges = append(p.edges, i)
			pairs = append(pairs, [2]int{from, to})
		}
	}
	var first []int
	for _, n := range g.entering() {
		first = append(first, p.number[n.Name])
	}
	p.drawing = layout(sizes, pairs, first)
	p.taken = slices.Clone(p.drawing.boxes)
	return p
}

// texts returns the two lines of text in a node.
func (n *Node) texts() (name, fact string) {
	name = n.Name
	switch {
	case n.Kind == Outside:
		fact = "outside"
	case n.Requests > 0:
		fact = amount(n.Requests, "request")
		if n.Requests >= 10_000 {
			fact = round(n.Requests) + " requests"
		}
	case n.Jobs > 0:
		fact = amount(n.Jobs, "job")
	default:
		fact = "no requests reported"
	}
	if n.failing() {
		fact += " · ✕ " + percent(n.Errors, n.Requests)
	}
	if n.Route != "" && n.Service != "" {
		name, fact = n.Service, n.Route
		if rest, ok := strings.CutPrefix(n.Name, n.Service+" "); ok {
			fact = rest
		}
	}
	cut := func(text string, width int) string { return timeline.Cut(timeline.Visible(text), width) }
	return cut(name, mostName), cut(fact, mostName*4/3)
}

// failing reports whether at least 1 % of the requests fail.
func (n *Node) failing() bool { return failing(n.Errors, n.Requests) == 2 }

// svg writes the picture.
func (p *picture) svg() string {
	d := &p.drawing
	fmt.Fprintf(p, `<svg id="drawing" viewBox="0 0 %s %s" role="group" aria-label="Services and their calls" tabindex="-1">`, number(max(d.width, 1)), number(max(d.height, 1)))
	most := p.graph.mostCalls()
	p.WriteString("\n<g id=\"edges\">\n")
	for i, e := range p.edges {
		p.edge(i, e, most)
	}
	p.WriteString("</g>\n<g id=\"nodes\">\n")
	for i := range p.graph.Nodes {
		p.node(i)
	}
	p.WriteString("</g>\n<g id=\"labels\" aria-hidden=\"true\">\n")
	for _, i := range p.byCalls() {
		p.label(i)
	}
	p.WriteString("</g>\n</svg>")
	return p.String()
}

// byCalls returns the edges that are drawn, in the order in which they get labels: those with
// errors, then busy ones.
func (p *picture) byCalls() []int {
	order := make([]int, len(p.edges))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := &p.graph.Edges[p.edges[a]], &p.graph.Edges[p.edges[b]]
		if bad := y.failing() - x.failing(); bad != 0 {
			return bad
		}
		return int(min(max(y.Calls-x.Calls, -1), 1))
	})
	return order
}

// failing returns 0 if fewer than one in a thousand calls fail, 2 if at least one in a hundred
// fails, and 1 between these. All views choose the colour of an edge by this number.
func (e *Edge) failing() int { return failing(e.Errors, e.Calls) }

func failing(errors, of int64) int {
	switch share := float64(errors) / float64(max(of, 1)); {
	case share < 0.001:
		return 0
	case share < 0.01:
		return 1
	}
	return 2
}

// edge writes an edge: a broad path for clicks, a line and the head of an arrow.
func (p *picture) edge(i, number int, most int64) {
	e := &p.graph.Edges[number]
	class := "edge" + [...]string{"", " some", " bad"}[e.failing()]
	if e.unsure(p.outside[e.To]) {
		class += " unsure"
	}
	path, head := p.path(i, e)
	fmt.Fprintf(p, `<g class="%s" data-edge="%d" role="button" tabindex="-1" aria-label="%s"><path class="hit" d="%s"/><path class="line" stroke-width="%.1f" d="%s"/><path class="head" d="%s"/></g>`+"\n",
		class, number, inHTML(e.From+" calls "+e.To+": "+e.label()), path, 1.2+p.broadest()*e.weight(most), path, head)
}

// broadest returns how much broader the busiest edge is than the least busy. If there are many
// edges, they are narrower, so that they hide less.
func (p *picture) broadest() float64 {
	if len(p.edges) > fewEdges {
		return 3.3
	}
	return 4.8
}

// path returns an edge and the head of its arrow in the language of SVG.
func (p *picture) path(i int, e *Edge) (path, head string) {
	route := p.drawing.routes[i]
	if route == nil {
		return p.loop(p.drawing.boxes[p.number[e.From]])
	}
	if isFlat(p, route) {
		return p.flat(route[0], route[1])
	}
	last := len(route) - 1
	end, length := route[last], headLength
	if p.along(route[0]) > p.along(end) { // the call leads back
		length = -headLength
	}
	var b strings.Builder
	b.WriteString("M" + route[0].String())
	for k := 1; k <= last; k++ {
		from, to := route[k-1], route[k]
		if k == last {
			to = p.moved(to, -length, 0)
		}
		if half := (p.along(to) - p.along(from)) / 2; from.x == to.x || from.y == to.y {
			b.WriteString("L" + to.String())
		} else {
			b.WriteString("C" + p.moved(from, half, 0).String() + " " + p.moved(to, -half, 0).String() + " " + to.String())
		}
	}
	return b.String(), "M" + end.String() + "L" + p.moved(end, -length, -4.5).String() + "L" + p.moved(end, -length, 4.5).String() + "z"
}

// loop returns the path of a node's call to itself.
func (p *picture) loop(b box) (path, head string) {
	corner, size := point{b.x + b.width, b.y}, b.width
	if p.drawing.turned {
		corner, size = point{b.x, b.y + b.height}, b.height
	}
	from, to := p.moved(corner, -min(40, 0.75*size), 0), p.moved(corner, -min(16, 0.25*size), 0)
	path = "M" + from.String() + "C" + p.moved(from, 0, -20).String() + " " + p.moved(to, 0, -20).String() + " " + p.moved(to, 0, -headLength).String()
	return path, "M" + to.String() + "L" + p.moved(to, -4.5, -headLength).String() + "L" + p.moved(to, 4.5, -headLength).String() + "z"
}

// isFlat reports whether an edge stays in its layer.
func isFlat(p *picture, route []point) bool {
	return len(route) == 2 && p.along(route[0]) == p.along(route[1])
}

// flat returns the path of an edge that stays in its layer. It goes round in the gap behind the
// layer.
func (p *picture) flat(from, to point) (path, head string) {
	deep := p.deep(from, to)
	path = "M" + from.String() + "C" + p.moved(from, deep, 0).String() + " " + p.moved(to, deep+headLength, 0).String() + " " + p.moved(to, headLength, 0).String()
	return path, "M" + to.String() + "L" + p.moved(to, headLength, -4.5).String() + "L" + p.moved(to, headLength, 4.5).String() + "z"
}

// deep returns how far into the gap the control points of a flat edge's curve lie.
func (p *picture) deep(from, to point) float64 {
	return min(24+0.06*(math.Abs(from.x-to.x)+math.Abs(from.y-to.y)), flatRoom)
}

// along returns how far a place is in the direction of calls.
func (p *picture) along(at point) float64 {
	if p.drawing.turned {
		return at.y
	}
	return at.x
}

// moved returns a place after a move in the direction of calls and across it.
func (p *picture) moved(at point, along, across float64) point {
	if p.drawing.turned {
		return point{at.x + across, at.y + along}
	}
	return point{at.x + along, at.y + across}
}

// headLength is how long the head of an arrow is.
const headLength = 9.0

// node writes a node.
func (p *picture) node(i int) {
	n, b := &p.graph.Nodes[i], p.drawing.boxes[i]
	class := "node"
	if n.Kind == Outside {
		class += " outside"
	}
	if n.failing() {
		class += " bad"
	}
	name, fact := n.texts()
	says := n.Name + ": " + amount(n.Requests, "request")
	if n.Kind == Outside {
		says = n.Name + ": a host outside"
	}
	fmt.Fprintf(p, `<g class="%s" data-node="%d" role="button" tabindex="-1" aria-label="%s" transform="translate(%s)">`, class, i, inHTML(says), point{b.x, b.y})
	if n.Roots > 0 {
		entry := "M-12 3l8 5l-8 5z" // at a corner, where no call arrives
		if p.drawing.turned {
			entry = "M9 -12l5 8l5 -8z"
		}
		fmt.Fprintf(p, `<path class="entry" d="%s"/>`, entry)
	}
	middle := number(b.width / 2)
	fmt.Fprintf(p, `<rect width="%s" height="%s" rx="7"/><svg width="%s" height="%s"><text class="name" x="%s" y="17">%s</text><text class="fact" x="%s" y="32">%s</text></svg></g>`+"\n",
		number(b.width), number(b.height), number(b.width), number(b.height), middle, inHTML(name), middle, inHTML(fact))
}

// fewEdges is how many edges may all have labels. Among more edges, only those with errors have
// one.
const fewEdges = 24

// label writes the numbers of an edge beside it, if there is room.
func (p *picture) label(i int) {
	e := &p.graph.Edges[p.edges[i]]
	var first, second string
	if len(p.edges) <= fewEdges {
		first = round(e.Calls) + " calls"
		if e.Took.Count > 0 {
			first = round(e.Calls) + " · " + took(e.Took.P95.Is)
		}
	}
	if e.failing() > 0 && (first != "" || e.failing() > 1) {
		second = "✕ " + percent(e.Errors, e.Calls)
	}
	width := 6.2*float64(max(timeline.Columns(first), timeline.Columns(second))) + 6
	height := 15.0
	if first != "" && second != "" {
		height = 28
	}
	at, ok := p.free(i, e, width, height)
	if !ok || first == "" && second == "" {
		return
	}
	fmt.Fprintf(p, `<rect class="plate" data-edge="%d" x="%s" y="%s" width="%s" height="%s" rx="3"/>`, p.edges[i], number(at.x), number(at.y), number(width), number(height))
	y := at.y + 11
	for _, line := range []struct{ class, text string }{{"label", first}, {"label" + [...]string{"", " some", " red"}[e.failing()], second}} {
		if line.text != "" {
			fmt.Fprintf(p, `<text class="%s" data-edge="%d" x="%s" y="%s">%s</text>`+"\n", line.class, p.edges[i], number(at.x+width/2), number(y), inHTML(line.text))
			y += 13
		}
	}
}

// free finds and takes a place for a label on an edge, if possible one where no other edge passes.
func (p *picture) free(i int, e *Edge, width, height float64) (point, bool) {
	var found []box
	for _, at := range p.places(i, e) {
		b := box{at.x - width/2, at.y - height/2, width, height}
		if !slices.ContainsFunc(p.taken, b.meets) && b.x >= 0 && b.y >= 0 {
			found = append(found, b)
		}
	}
	if len(found) == 0 {
		return point{}, false
	}
	best := found[0]
	if at := slices.IndexFunc(found, func(b box) bool { return !p.crossed(i, b) }); at > 0 {
		best = found[at]
	}
	p.taken = append(p.taken, best)
	return point{best.x, best.y}, true
}

// crossed reports whether another edge than i passes through a box. If there are many edges, it
// returns false, because a search would take long, and edges pass nearly everywhere.
func (p *picture) crossed(i int, b box) bool {
	if len(p.edges) > fewEdges {
		return false
	}
	for k, route := range p.drawing.routes {
		if k == i {
			continue
		}
		for n := 1; n < len(route); n++ {
			for t := 0.0; t <= 1; t += 0.02 {
				if at := p.between(route[n-1], route[n], t); b.meets(box{at.x, at.y, 0.1, 0.1}) {
					return true
				}
			}
		}
	}
	return false
}

// between returns a place on the curve from one place of a route to the next. The curve begins at
// t = 0 and ends at t = 1.
func (p *picture) between(from, to point, t float64) point {
	along := (p.along(to) - p.along(from)) * (1.5*t - 1.5*t*t + t*t*t)
	across := (to.y - from.y) * (3*t*t - 2*t*t*t)
	if p.drawing.turned {
		across = (to.x - from.x) * (3*t*t - 2*t*t*t)
	}
	return p.moved(from, along, across)
}

// places returns the places on an edge where a label may stand, the best first.
func (p *picture) places(i int, e *Edge) []point {
	route := p.drawing.routes[i]
	if route == nil {
		b := p.drawing.boxes[p.number[e.From]]
		if p.drawing.turned {
			return []point{{b.x - 40, b.y + b.height/2}, {b.x - 40, b.y + b.height}}
		}
		return []point{{b.x + b.width - 28, b.y - 22}, {b.x + b.width - 28, b.y - 30}}
	}
	if isFlat(p, route) {
		middle := point{(route[0].x + route[1].x) / 2, (route[0].y + route[1].y) / 2}
		return []point{p.moved(middle, 0.75*p.deep(route[0], route[1]), 0)}
	}
	var places []point
	for _, t := range []float64{0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.45, 0.55, 0.35, 0.65, 0.25, 0.75, 0.15, 0.85} {
		for k := 1; k < len(route); k += 2 { // between layers, not in them
			places = append(places, p.between(route[k-1], route[k], t))
		}
	}
	return places
}

// meets reports whether two boxes have a place in common.
func (b box) meets(c box) bool {
	return b.x < c.x+c.width && c.x < b.x+b.width && b.y < c.y+c.height && c.y < b.y+b.height
}

// String returns a point in the language of SVG.
func (p point) String() string { return number(p.x) + " " + number(p.y) }

// number writes a number with at most one digit after the point.
func number(f float64) string {
	return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64)
}

// inHTML escapes text for a page, as text or as the value of an attribute.
func inHTML(text string) string { return html.EscapeString(timeline.Visible(text)) }
