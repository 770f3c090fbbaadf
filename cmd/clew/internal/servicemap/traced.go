package servicemap

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/clew/internal/timeline"
)

// Limits of the traces that are kept for a page.
const (
	mostTraced = 2_000
	mostSpans  = 200 // of a trace
)

// traced returns the traces that edges name, at most mostTraced. The slowest calls of the busiest
// edges have precedence. traced reads the rows once more, because the wanted traces are known only
// at the end.
func (b *Builder) traced(f *facts, t *tally, names map[nodeKey]string) ([]Trace, error) {
	wanted := t.wanted(names)
	var (
		mu     sync.Mutex
		traces = []Trace{}
	)
	of := map[*partition]bool{}
	for low := range wanted {
		i, _ := place(low)
		of[&b.parts[i]] = true
	}
	err := b.inTurn(func(p *partition) bool { return of[p] }, func(int) func(*partition) error {
		l, j := b.loader(f), newJoined(f)
		l.wanted = wanted
		return func(p *partition) error {
			return l.traces(p, func(rows []row) {
				j.join(rows)
				id := j.id()
				if !slices.Contains(wanted[id.Low], id) {
					return
				}
				trace := t.trace(j, names)
				trace.ID = id.String()
				mu.Lock()
				defer mu.Unlock()
				traces = append(traces, trace)
			})
		}
	})
	slices.SortFunc(traces, func(a, b Trace) int { return strings.Compare(a.ID, b.ID) })
	return traces, err
}

// wanted returns the traces to keep, by the low halves of their IDs. The edges take turns. In its
// turn, an edge adds one trace.
func (t *tally) wanted(names map[nodeKey]string) map[uint64][]timeline.ID {
	type named struct {
		key  edgeKey
		edge *edgeTally
	}
	edges := make([]named, 0, len(t.edges))
	for k, e := range t.edges {
		edges = append(edges, named{k, e})
	}
	slices.SortFunc(edges, func(a, b named) int {
		return cmp.Or(cmp.Compare(b.edge.calls, a.edge.calls), strings.Compare(names[a.key.from], names[b.key.from]),
			strings.Compare(names[a.key.to], names[b.key.to]))
	})
	wanted, n := map[uint64][]timeline.ID{}, 0
	for turn := range 2 * mostSamples {
		for _, e := range edges {
			from, at := e.edge.slowest, turn
			if turn >= mostSamples {
				from, at = e.edge.failed, turn-mostSamples
			}
			if at >= len(from) || n == mostTraced {
				continue
			}
			if id := from[at].trace; !slices.Contains(wanted[id.Low], id) {
				wanted[id.Low] = append(wanted[id.Low], id)
				n++
			}
		}
	}
	return wanted
}

// trace returns the spans of a trace in the order of a tree, each behind its parent.
func (t *tally) trace(j *joined, names map[nodeKey]string) Trace {
	spans, parents := t.spans(j)
	below := make([][]int32, len(j.rows))
	var roots []int32
	first := int64(never)
	for _, i := range spans {
		if begin := j.rows[i].begin(); begin != never && (first == never || begin < first) {
			first = begin
		}
		if p := parents[i]; p != none {
			below[p] = append(below[p], i)
		} else {
			roots = append(roots, i)
		}
	}
	trace := Trace{Spans: []Span{}}
	earlier := func(a, b int32) int {
		return cmp.Or(cmp.Compare(j.rows[a].begin(), j.rows[b].begin()), cmp.Compare(a, b))
	}
	type standing struct {
		span  int32
		depth int
	}
	var stack []standing
	push := func(spans []int32, depth int) {
		slices.SortFunc(spans, earlier)
		for _, i := range slices.Backward(spans) {
			stack = append(stack, standing{i, depth})
		}
	}
	for push(roots, 0); len(stack) > 0; {
		s := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		push(below[s.span], s.depth+1)
		if len(trace.Spans) == mostSpans {
			trace.Left++
			continue
		}
		trace.Spans = append(trace.Spans, t.span(j, int(s.span), s.depth, first, names))
	}
	return trace
}

// spans returns the rows that are spans, and the parent of each row. It leaves out a parent that
// would close a circle.
func (t *tally) spans(j *joined) (spans, parents []int32) {
	parents = make([]int32, len(j.rows))
	for i := range j.rows {
		parents[i] = none
		if kind := j.rows[i].kind(); kind == isMention || kind == isRestarted {
			continue
		}
		spans = append(spans, int32(i))
		if p := j.links[i].parent; p != none && j.rows[p].kind() != isMention {
			parents[i] = p
		}
	}
	// Walks are numbered from 1. For each row, walk has the number of the first walk that has
	// reached the row, or 0.
	walk := make([]int32, len(j.rows))
	for _, i := range spans {
		this, at := i+1, i
		for ; at != none && walk[at] == 0; at = parents[at] {
			walk[at] = this
		}
		if at != none && walk[at] == this {
			parents[at] = none
		}
	}
	return spans, parents
}

// span returns the span of row i.
func (t *tally) span(j *joined, i, depth int, first int64, names map[nodeKey]string) Span {
	r := &j.rows[i]
	s := Span{Name: t.facts.operations[r.operation], Kind: "request", Depth: depth, Took: exactly(r.duration()), Failed: r.is(failed)}
	if begin := r.begin(); begin != never {
		s.Start = exactly(time.Duration(begin - first))
	}
	key := t.facts.node(r.service, noName)
	switch r.kind() {
	case isCall:
		s.Kind = "call"
		if j.links[i].answer == none && t.behind(uint16(r.link)) == noName {
			key = t.facts.host(r)
		}
	case isJob:
		s.Kind = "job"
	}
	if k := t.facts.within(r); names[k] != "" && s.Kind != "call" {
		key = k
	}
	if s.Node = names[key]; s.Node == "" { // there was no room for the node
		s.Node = t.facts.name(key)
	}
	return s
}
