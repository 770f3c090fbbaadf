package servicemap

import (
	"cmp"
	"math"
	"slices"
)

// loopHeight is the room above a node for its calls to itself.
const loopHeight = 16.0

// height returns the height of a vertex.
func (l *layering) height(v int) float64 {
	if l.isNode(v) {
		return l.sizes[v].y
	}
	return 0
}

// apart returns the least distance between the middles of two vertices, one below the other.
func (l *layering) apart(a, b int) float64 {
	gap := besideNode
	if !l.isNode(a) || !l.isNode(b) {
		gap = besideBend
	}
	return (l.height(a)+l.height(b))/2 + gap
}

// place gives each vertex a height in its layer, near the heights of its neighbours. Bends have a
// greater weight, so that long edges are straight. One layer after another is moved as near to
// these heights as its order and the least distances allow.
func (l *layering) place() {
	l.y = make([]float64, len(l.rank))
	for _, layer := range l.layers {
		for i := 1; i < len(layer); i++ {
			l.y[layer[i]] = l.y[layer[i-1]] + l.apart(layer[i-1], layer[i])
		}
	}
	rounds := 12
	if len(l.rank) > 5000 {
		rounds = 4
	}
	for round := range rounds {
		last := round == rounds-1
		for i := range l.layers {
			l.settle(l.layers[i], true, last)
		}
		for i := range l.layers {
			l.settle(l.layers[len(l.layers)-1-i], last, true)
		}
	}
}

// settle moves the vertices of a layer towards their neighbours on the given sides. It keeps the
// order of the vertices, and the least distances between them. The sum of the squares of the
// distances to the wanted heights is the smallest possible. Vertices that would break the order
// form blocks. A block goes to the average of the heights that its vertices should have.
func (l *layering) settle(layer []int, left, right bool) {
	type block struct {
		at, weight float64
		count      int
	}
	var blocks []block
	offsets := make([]float64, len(layer))
	for i, v := range layer {
		if i > 0 {
			offsets[i] = offsets[i-1] + l.apart(layer[i-1], v)
		}
		at, weight := l.wanted(v, left, right)
		b := block{at - offsets[i], weight, 1}
		for n := len(blocks); n > 0 && blocks[n-1].at > b.at; n = len(blocks) {
			a := blocks[n-1]
			sum := a.weight + b.weight
			b = block{(a.at*a.weight + b.at*b.weight) / sum, sum, a.count + b.count}
			blocks = blocks[:n-1]
		}
		blocks = append(blocks, b)
	}
	i := 0
	for _, b := range blocks {
		for range b.count {
			l.y[layer[i]] = b.at + offsets[i]
			i++
		}
	}
}

// wanted returns the height that a vertex should have, and the weight of that height in the
// average of its block.
func (l *layering) wanted(v int, left, right bool) (at, weight float64) {
	sum := 0.0
	add := func(neighbours []int) {
		for _, n := range neighbours {
			w := 1.0
			switch {
			case !l.isNode(v) && !l.isNode(n):
				w = 8
			case !l.isNode(v) || !l.isNode(n):
				w = 2
			}
			sum, weight = sum+w*l.y[n], weight+w
		}
	}
	if left {
		add(l.left[v])
	}
	if right {
		add(l.right[v])
	}
	if weight == 0 {
		return l.y[v], 0.05
	}
	return sum / weight, weight
}

// draw puts the layering into a picture, below the height top, and returns how high the layering
// is.
func (l *layering) draw(d *drawing, top float64) float64 {
	least, most := math.Inf(1), math.Inf(-1)
	for v := range l.rank {
		least, most = min(least, l.y[v]-l.height(v)/2), max(most, l.y[v]+l.height(v)/2)
	}
	x := margin
	columns := make([]box, len(l.layers))
	for i, layer := range l.layers {
		columns[i].x = x
		for _, v := range layer {
			if l.isNode(v) {
				columns[i].width = max(columns[i].width, l.sizes[v].x)
			}
		}
		x += columns[i].width + l.gapBehind(layer)
	}
	for v, n := range l.nodes {
		size := l.sizes[v]
		if l.loops[v] {
			size.y -= 2 * loopHeight
		}
		c := columns[l.rank[v]]
		d.boxes[n] = box{c.x, l.y[v] - least + top - size.y/2, c.width, size.y}
	}
	l.routes(d, columns, top-least)
	return most - least
}

// gapBehind returns the width of the gap behind a layer, for edges. It grows with the number of
// edges.
func (l *layering) gapBehind(layer []int) float64 {
	wide, narrow := 150.0, 84.0 // there must be room for the label of an edge
	if l.turned {
		wide, narrow = 96, 60
	}
	if len(l.edges) <= fewEdges {
		return wide
	}
	n := 0
	for _, v := range layer {
		n += len(l.right[v])
	}
	return narrow + min(float64(n), 60)
}

// routes draws the edges. An edge begins and ends at a port, and goes straight through each layer
// between its ends.
func (l *layering) routes(d *drawing, columns []box, down float64) {
	from, to := l.ports()
	for i, e := range l.edges {
		b := d.boxes[l.nodes[e.from]]
		route := []point{{b.x + b.width, b.y + b.height*from[i]}}
		for _, v := range e.bends {
			c := columns[l.rank[v]]
			route = append(route, point{c.x, l.y[v] + down}, point{c.x + c.width, l.y[v] + down})
		}
		b = d.boxes[l.nodes[e.to]]
		if l.rank[e.from] == l.rank[e.to] { // the edge goes round in the gap behind the layer
			b.x += b.width
			d.width = max(d.width, b.x+flatRoom)
		}
		route = append(route, point{b.x, b.y + b.height*to[i]})
		if e.turned {
			slices.Reverse(route)
		}
		d.routes[e.edge] = route
	}
}

// flatRoom is how far an edge that stays in its layer may go into the gap behind the layer.
const flatRoom = 56.0

// port is the place where an edge meets the side of a node.
type port struct {
	share   *float64 // where on the side, from 0 at the top to 1
	towards float64  // the height to which the edge goes
}

// ports returns two numbers for each edge: where it begins on the side of one node, and where it
// ends on the side of another. A number goes from 0 at the top of the side to 1. The edges of a
// side are in the order of their other ends, so that they do not cross.
func (l *layering) ports() (from, to []float64) {
	from, to = make([]float64, len(l.edges)), make([]float64, len(l.edges))
	left, right := make([][]port, len(l.nodes)), make([][]port, len(l.nodes))
	for i, e := range l.edges {
		next, previous := e.to, e.from
		if n := len(e.bends); n > 0 {
			next, previous = e.bends[0], e.bends[n-1]
		}
		right[e.from] = append(right[e.from], port{&from[i], l.y[next]})
		end := port{&to[i], l.y[previous]}
		if l.rank[e.from] == l.rank[e.to] {
			right[e.to] = append(right[e.to], end)
		} else {
			left[e.to] = append(left[e.to], end)
		}
	}
	for _, side := range slices.Concat(left, right) {
		slices.SortStableFunc(side, func(a, b port) int { return cmp.Compare(a.towards, b.towards) })
		step := min(0.25, 0.8/float64(max(len(side)-1, 1)))
		for i, p := range side {
			*p.share = 0.5 + step*(float64(i)-float64(len(side)-1)/2)
		}
	}
	return from, to
}
