package servicemap

import (
	"cmp"
	"slices"
)

// orderWork limits the search for an order: it is the number of vertices to visit. That takes
// about 0.3 s.
const orderWork = 1_500_000

// order finds an order with few crossings for the vertices of each layer. Layer by layer, from
// left to right and back, it moves each vertex to the average place of its neighbours, as long as
// that removes crossings. Then neighbouring vertices change places if that removes crossings.
func (l *layering) order() {
	best, fewest := l.copyLayers(), l.crossings()
	worse, work := 0, 0
	for sweep := 0; fewest > 0 && worse < 4 && work < orderWork; sweep++ {
		for i := 1; i < len(l.layers); i++ {
			if sweep%2 == 0 {
				l.sort(l.layers[i], l.left)
			} else {
				l.sort(l.layers[len(l.layers)-1-i], l.right)
			}
		}
		work += 3*len(l.rank) + 3*len(l.edges)
		worse++
		if n := l.crossings(); n < fewest {
			best, fewest, worse = l.copyLayers(), n, 0
		}
	}
	l.layers = best
	for _, layer := range l.layers {
		l.number(layer)
	}
	for pass := 0; pass < 12 && work < orderWork && l.exchange(&work); pass++ {
	}
}

func (l *layering) copyLayers() [][]int {
	layers := make([][]int, len(l.layers))
	for i := range layers {
		layers[i] = slices.Clone(l.layers[i])
	}
	return layers
}

// number notes the place of each vertex in a layer.
func (l *layering) number(layer []int) {
	for i, v := range layer {
		l.index[v] = i
	}
}

// sort orders the vertices of a layer by the average place of their neighbours. A vertex without
// neighbours stays.
func (l *layering) sort(layer []int, neighbours [][]int) {
	place := make(map[int]float64, len(layer))
	for i, v := range layer {
		sum := 0
		for _, n := range neighbours[v] {
			sum += l.index[n]
		}
		place[v] = float64(i)
		if len(neighbours[v]) > 0 {
			place[v] = float64(sum) / float64(len(neighbours[v]))
		}
	}
	slices.SortStableFunc(layer, func(a, b int) int { return cmp.Compare(place[a], place[b]) })
	l.number(layer)
}

// crossings returns how many pairs of edges cross.
func (l *layering) crossings() int {
	n := 0
	for i := 0; i+1 < len(l.layers); i++ {
		n += l.crossingsBehind(l.layers[i], len(l.layers[i+1]))
	}
	return n
}

// crossingsBehind counts the crossings between a layer and the next one. The parameter next is the
// number of vertices in the following layer. For each edge, it counts the earlier edges that end
// below this edge. A Fenwick tree makes that fast.
func (l *layering) crossingsBehind(layer []int, next int) int {
	sums, seen, crossings := make([]int, next+1), 0, 0
	var ends []int
	for _, v := range layer {
		ends = ends[:0]
		for _, to := range l.right[v] {
			ends = append(ends, l.index[to])
		}
		for _, end := range ends {
			above := 0
			for i := end + 1; i > 0; i &= i - 1 {
				above += sums[i]
			}
			crossings += seen - above
		}
		for _, end := range ends {
			for i := end + 1; i <= next; i += i & -i {
				sums[i]++
			}
			seen++
		}
	}
	return crossings
}

// exchange lets two vertices beside each other change places if fewer edges cross then.
func (l *layering) exchange(work *int) (changed bool) {
	for _, layer := range l.layers {
		for i := 0; i+1 < len(layer); i++ {
			a, b := layer[i], layer[i+1]
			*work += len(l.left[a])*len(l.left[b]) + len(l.right[a])*len(l.right[b])
			if *work > orderWork {
				return false
			}
			if l.between(a, b) > l.between(b, a) {
				layer[i], layer[i+1] = b, a
				l.index[a], l.index[b] = i+1, i
				changed = true
			}
		}
	}
	return changed
}

// between counts how often edges of vertex a cross edges of vertex b, if a is above b.
func (l *layering) between(a, b int) int {
	n := 0
	for _, neighbours := range [][][]int{l.left, l.right} {
		for _, x := range neighbours[a] {
			for _, y := range neighbours[b] {
				if l.index[x] > l.index[y] {
					n++
				}
			}
		}
	}
	return n
}
