package servicemap

import (
	"cmp"
	"math"
	"slices"
)

// A picture is laid out in layers: callers stand left of the nodes that they call, or above them.
// The steps are those of Sugiyama, Tagawa and Toda. Cycles are broken, each node gets a layer,
// long edges get a point in each layer that they pass, the nodes of a layer get an order with few
// crossings, and neighbours are moved to one height. Each step has a limit, so a map that is too
// large gets a worse picture, and not a slow one.

// point is a place in a picture. Units are pixels.
type point struct{ x, y float64 }

// box is the place of a node.
type box struct{ x, y, width, height float64 }

// drawing is a picture.
type drawing struct {
	turned        bool    // callers stand above the nodes that they call, not left of them
	worth         float64 // how good the picture is: see layout
	width, height float64
	boxes         []box     // of nodes
	routes        [][]point // of edges, from the caller to the callee; nil: a call of a node to itself
}

// Limits of the work for a picture, and distances in the picture.
const (
	maxBends    = 30_000 // points of long edges; without them an edge goes straight
	margin      = 16.0
	besideNode  = 16.0 // between two nodes of a layer
	besideBend  = 9.0
	betweenSets = 36.0 // between nodes that no edge joins
)

// screen is what a picture should fit on.
var screen = point{880, 640}

// layout lays out nodes of these sizes. The parameter edges has pairs of nodes, and first has the
// nodes that should stand left, or above. There are four ways. The layers stand beside each other
// or, if turned, below each other. A node's layer is the length of the longest chain of calls to
// it or, if flat, of the shortest. layout returns the picture that can be largest on a screen. A
// simple way has a bonus, so that it wins if another picture is only a little larger.
func layout(sizes []point, edges [][2]int, first []int) drawing {
	sets, alone := components(len(sizes), edges)
	var d drawing
	for i, way := range []struct {
		flat, turned bool
		worth        float64
	}{{false, false, 1}, {false, true, 0.9}, {true, false, 0.75}, {true, true, 0.7}} {
		if try := layers(sizes, edges, sets, first, way.flat, way.turned); i == 0 || try.fit()*way.worth > d.worth {
			d, d.worth = try, try.fit()*way.worth
		}
	}
	d.grid(sizes, alone)
	d.size()
	return d
}

// layers lays out all nodes with edges.
func layers(sizes []point, edges [][2]int, sets [][]int, first []int, flat, turned bool) drawing {
	d := drawing{turned: turned, boxes: make([]box, len(sizes)), routes: make([][]point, len(edges))}
	if turned {
		sizes = slices.Clone(sizes)
		for i, s := range sizes {
			sizes[i] = point{s.y, s.x}
		}
	}
	top := margin
	for _, set := range sets {
		l := newLayering(sizes, edges, set, first, flat)
		l.turned = turned
		l.order()
		l.place()
		top += l.draw(&d, top) + betweenSets
	}
	if turned {
		d.turn()
	}
	d.size()
	return d
}

// turn exchanges the axes: what was on the right is then below.
func (d *drawing) turn() {
	d.width, d.height = d.height, d.width
	for i, b := range d.boxes {
		d.boxes[i] = box{b.y, b.x, b.height, b.width}
	}
	for _, r := range d.routes {
		for i, p := range r {
			r[i] = point{p.y, p.x}
		}
	}
}

// fit returns the scale at which the picture fits on a screen.
func (d *drawing) fit() float64 {
	return min(screen.x/max(d.width, 1), screen.y/max(d.height, 1), 1.2)
}

// size makes the picture large enough for everything in it.
func (d *drawing) size() {
	for _, b := range d.boxes {
		d.width, d.height = max(d.width, b.x+b.width+margin), max(d.height, b.y+b.height+margin)
	}
	for _, r := range d.routes {
		for _, p := range r {
			d.width, d.height = max(d.width, p.x+margin), max(d.height, p.y+margin)
		}
	}
}

// grid puts nodes without edges in rows below the others.
func (d *drawing) grid(sizes []point, alone []int) {
	const least = 700
	top := margin
	if d.height > 2*margin {
		top = d.height - margin + betweenSets
	}
	x, high := margin, 0.0
	for _, n := range alone {
		if x > margin && x+sizes[n].x > max(d.width-margin, least) {
			x, top, high = margin, top+high+besideNode, 0
		}
		d.boxes[n] = box{x, top, sizes[n].x, sizes[n].y}
		x, high = x+sizes[n].x+besideNode, max(high, sizes[n].y)
	}
}

// components returns the sets of nodes that edges join, the largest first, and the nodes without
// an edge to another node.
func components(n int, edges [][2]int) (sets [][]int, alone []int) {
	root := make([]int, n)
	for i := range root {
		root[i] = i
	}
	find := func(i int) int {
		for root[i] != i {
			root[i] = root[root[i]]
			i = root[i]
		}
		return i
	}
	for _, e := range edges {
		root[find(e[0])] = find(e[1])
	}
	number := map[int]int{}
	for i := range n {
		r := find(i)
		if _, ok := number[r]; !ok {
			number[r] = len(sets)
			sets = append(sets, nil)
		}
		sets[number[r]] = append(sets[number[r]], i)
	}
	all := sets
	sets = nil
	for _, set := range all {
		if len(set) == 1 {
			alone = append(alone, set[0])
			continue
		}
		sets = append(sets, set)
	}
	slices.SortStableFunc(sets, func(a, b []int) int { return cmp.Compare(len(b), len(a)) })
	return sets, alone
}

// layering is a set of nodes in layers. Its vertices are the nodes, then the bends of long edges.
type layering struct {
	turned bool
	nodes  []int // their numbers in the whole picture
	sizes  []point
	edges  []arc
	layers [][]int // vertices
	rank   []int   // of vertices
	index  []int   // of vertices, in their layer
	y      []float64
	left   [][]int // the neighbours of a vertex in the layer on its left
	right  [][]int
	loops  []bool // for each node: the node calls itself
}

// arc is an edge in a layering. It goes from left to right.
type arc struct {
	edge     int // its number in the whole picture
	from, to int
	turned   bool  // the call goes from right to left
	bends    []int // vertices
}

func newLayering(sizes []point, edges [][2]int, set, first []int, flat bool) *layering {
	l := &layering{nodes: set, loops: make([]bool, len(set))}
	local := make(map[int]int, len(set))
	for i, n := range set {
		local[n] = i
		l.sizes = append(l.sizes, sizes[n])
	}
	for i, e := range edges {
		from, ok := local[e[0]]
		switch {
		case ok && e[0] == e[1]:
			l.loops[from] = true
			l.sizes[from].y += 2 * loopHeight
		case ok:
			l.edges = append(l.edges, arc{edge: i, from: from, to: local[e[1]]})
		}
	}
	var begin []int
	for _, n := range first {
		if i, ok := local[n]; ok {
			begin = append(begin, i)
		}
	}
	if flat {
		l.assignFlat(begin)
	} else {
		l.breakCycles(begin)
		l.assign(begin)
	}
	l.bend()
	return l
}

// outgoing returns the edges that begin at each node.
func (l *layering) outgoing() [][]int {
	out := make([][]int, len(l.nodes))
	for i, e := range l.edges {
		out[e.from] = append(out[e.from], i)
	}
	return out
}

// starts returns the nodes at which walks along the edges begin. The result start has those that
// should stand left, and those without callers. The result others has all nodes, for walks to the
// nodes that are not reached from start. In others, nodes that call more often than they are
// called come first.
func (l *layering) starts(begin []int, out [][]int) (start, others []int) {
	called := make([]int, len(l.nodes))
	for _, e := range l.edges {
		called[e.to]++
	}
	start = slices.Clone(begin)
	for i := range l.nodes {
		others = append(others, i)
		if called[i] == 0 {
			start = append(start, i)
		}
	}
	slices.SortStableFunc(others, func(a, b int) int { return cmp.Compare(len(out[b])-called[b], len(out[a])-called[a]) })
	return start, others
}

// breakCycles walks along the edges, and reverses each edge that leads back to a node of the
// present path. Walks begin at the nodes that should stand left, then at those without callers.
func (l *layering) breakCycles(begin []int) {
	out := l.outgoing()
	start, others := l.starts(begin, out)
	const open, done = 1, 2
	state, next := make([]int, len(l.nodes)), make([]int, len(l.nodes))
	for _, s := range append(start, others...) {
		if state[s] != 0 {
			continue
		}
		state[s] = open
		for stack := []int{s}; len(stack) > 0; {
			n := stack[len(stack)-1]
			if next[n] == len(out[n]) {
				state[n] = done
				stack = stack[:len(stack)-1]
				continue
			}
			e := &l.edges[out[n][next[n]]]
			next[n]++
			switch to := e.to; state[to] {
			case open:
				e.turned = true
			case 0:
				state[to] = open
				stack = append(stack, to)
			}
		}
	}
	for i := range l.edges {
		if e := &l.edges[i]; e.turned {
			e.from, e.to = e.to, e.from
		}
	}
}

// assign gives each node a layer, one right of its rightmost caller. A node without callers gets
// the layer in front of the nodes that it calls, unless it should stand left.
func (l *layering) assign(begin []int) {
	out := l.outgoing()
	l.rank = make([]int, len(l.nodes))
	waits := make([]int, len(l.nodes))
	for _, e := range l.edges {
		waits[e.to]++
	}
	var ready []int
	for i, n := range waits {
		if n == 0 {
			ready = append(ready, i)
		}
	}
	sources := slices.Clone(ready)
	for i := 0; i < len(ready); i++ {
		for _, e := range out[ready[i]] {
			to := l.edges[e].to
			l.rank[to] = max(l.rank[to], l.rank[ready[i]]+1)
			if waits[to]--; waits[to] == 0 {
				ready = append(ready, to)
			}
		}
	}
	l.bringNear(sources, begin, out)
}

// bringNear moves nodes without callers to the layer in front of the nodes that they call.
func (l *layering) bringNear(sources, begin []int, out [][]int) {
	for _, s := range sources {
		if slices.Contains(begin, s) || len(out[s]) == 0 {
			continue
		}
		nearest := math.MaxInt
		for _, e := range out[s] {
			nearest = min(nearest, l.rank[l.edges[e].to])
		}
		l.rank[s] = max(nearest-1, 0)
	}
}

// assignFlat gives each node a layer by the shortest chain of calls to it, so a call may stay in a
// layer, or lead back. A node that calls nothing stands right of all its callers.
func (l *layering) assignFlat(begin []int) {
	out := l.outgoing()
	start, others := l.starts(begin, out)
	l.rank = make([]int, len(l.nodes))
	for i := range l.rank {
		l.rank[i] = -1
	}
	for _, from := range append([][]int{start}, chunks(others)...) {
		var queue []int
		reach := func(n, rank int) {
			if l.rank[n] < 0 {
				l.rank[n] = rank
				queue = append(queue, n)
			}
		}
		for _, n := range from {
			reach(n, 0)
		}
		for i := 0; i < len(queue); i++ {
			for _, e := range out[queue[i]] {
				reach(l.edges[e].to, l.rank[queue[i]]+1)
			}
		}
	}
	last := slices.Clone(l.rank)
	for _, e := range l.edges {
		if len(out[e.to]) == 0 {
			last[e.to] = max(last[e.to], l.rank[e.from]+1)
		}
	}
	l.rank = last
	l.bringNear(start[len(begin):], begin, out)
	for i := range l.edges {
		if e := &l.edges[i]; l.rank[e.from] > l.rank[e.to] {
			e.from, e.to, e.turned = e.to, e.from, true
		}
	}
}

// chunks divides a list into lists of one element each.
func chunks(list []int) [][]int {
	var all [][]int
	for i := range list {
		all = append(all, list[i:i+1])
	}
	return all
}

// bend gives long edges a vertex in each layer that they pass, and finds the neighbours of all
// vertices.
func (l *layering) bend() {
	bends := 0
	for _, e := range l.edges {
		bends += max(l.rank[e.to]-l.rank[e.from]-1, 0)
	}
	for i := range l.edges {
		e := &l.edges[i]
		if bends > maxBends {
			break
		}
		for r := l.rank[e.from] + 1; r < l.rank[e.to]; r++ {
			e.bends = append(e.bends, len(l.rank))
			l.rank = append(l.rank, r)
		}
	}
	l.layers = make([][]int, slices.Max(l.rank)+1)
	l.index = make([]int, len(l.rank))
	for v, r := range l.rank {
		l.index[v] = len(l.layers[r])
		l.layers[r] = append(l.layers[r], v)
	}
	l.left, l.right = make([][]int, len(l.rank)), make([][]int, len(l.rank))
	for _, e := range l.edges {
		if len(e.bends) == 0 && l.rank[e.to]-l.rank[e.from] != 1 {
			continue // it goes straight, or stays in its layer
		}
		at := e.from
		for _, v := range append(slices.Clone(e.bends), e.to) {
			l.right[at] = append(l.right[at], v)
			l.left[v] = append(l.left[v], at)
			at = v
		}
	}
}

// isNode reports whether a vertex is a node, and not a bend.
func (l *layering) isNode(v int) bool { return v < len(l.nodes) }
