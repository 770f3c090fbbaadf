package servicemap

import (
	"cmp"
	"slices"
)

// mostCounted is how many nodes, and how many edges, a crowd counts.
const mostCounted = 100_000

// crowd counts the traffic of nodes and edges for which a tally has no room, so that the busiest
// of them can be found.
type crowd struct {
	nodes map[nodeKey]int64
	edges map[edgeKey]int64
}

func newCrowd() crowd { return crowd{map[nodeKey]int64{}, map[edgeKey]int64{}} }

// node counts requests and jobs of a node.
func (c *crowd) node(k nodeKey, n int64) { count(c.nodes, k, n) }

// edge counts calls of an edge.
func (c *crowd) edge(k edgeKey, n int64) { count(c.edges, k, n) }

func count[K comparable](counts map[K]int64, k K, n int64) {
	if _, known := counts[k]; known || len(counts) < mostCounted {
		counts[k] += n
	}
}

func (c *crowd) merge(other *crowd) {
	for k, n := range other.nodes {
		count(c.nodes, k, n)
	}
	for k, n := range other.edges {
		count(c.edges, k, n)
	}
}

// kept are the nodes and edges that are not merged into "(other)". Nil: all are kept.
type kept struct {
	nodes map[nodeKey]bool
	edges map[edgeKey]bool
	hosts *tally // knows which hosts are services
}

// node returns k if it is kept, else the node into which it is merged.
func (kept *kept) node(k nodeKey) nodeKey {
	if kept == nil || kept.nodes[k] {
		return k
	}
	return otherNode
}

// edge returns k if it is kept, else the edge into which it is merged.
func (kept *kept) edge(k edgeKey) edgeKey {
	if kept == nil {
		return k
	}
	settled := kept.hosts.settled(k)
	in := edgeKey{kept.node(settled.from), kept.node(settled.to)}
	switch {
	case !kept.edges[in]:
		return edgeKey{otherNode, otherNode}
	case in.to == settled.to:
		in.to = k.to // the host stays until settle, which finds the service
	}
	return in
}

// edgeRoom returns how many edges a tally may have before settle is called. In the second pass it
// may have more, because settle joins edges to several hosts of a service into one.
func (t *tally) edgeRoom() int {
	if t.kept == nil {
		return t.facts.limits.edges
	}
	return 4 * t.facts.limits.edges
}

// settled returns an edge as it is after settle: if the service behind its host is known, the edge
// leads to the service.
func (t *tally) settled(k edgeKey) edgeKey {
	if k.to&outsideNode != 0 {
		if service := t.behind(uint16(k.to)); service != noName {
			k.to = t.facts.node(service, noName)
		}
	}
	return k
}

// choose returns the busiest nodes and edges; nil: there is room for all. It is called after the
// last add, and before settle.
func (t *tally) choose() *kept {
	nodes, edges := map[nodeKey]int64{otherNode: 0}, map[edgeKey]int64{}
	for service := range t.facts.heard.voices {
		nodes[nodeKey(service)<<16] = 0
	}
	for k, n := range t.nodes {
		nodes[k] += n.requests + n.jobs
	}
	for k, n := range t.crowd.nodes {
		nodes[k] += n
	}
	add := func(k edgeKey, n int64) {
		k = t.settled(k)
		edges[k] += n
		nodes[k.from] += n
		nodes[k.to] += n
	}
	for k, e := range t.edges {
		add(k, e.calls)
	}
	for k, n := range t.crowd.edges {
		add(k, n)
	}
	most := t.facts.limits
	if len(nodes) <= most.nodes && len(edges) <= most.edges {
		return nil
	}
	delete(nodes, otherNode) // it is kept beside the busiest
	all := &kept{nodes: busiest(nodes, most.nodes-1, cmp.Compare), hosts: &tally{facts: t.facts, hosts: t.hosts}}
	all.nodes[otherNode] = true
	folded := map[edgeKey]int64{}
	for k, n := range edges {
		folded[edgeKey{all.node(k.from), all.node(k.to)}] += n
	}
	all.edges = busiest(folded, most.edges-1, func(a, b edgeKey) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	return all
}

// busiest returns the keys with the greatest numbers, no more than most keys. Of two keys with the
// same number, the first in the given order wins.
func busiest[K comparable](counts map[K]int64, most int, order func(a, b K) int) map[K]bool {
	keys := make([]K, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b K) int { return cmp.Or(cmp.Compare(counts[b], counts[a]), order(a, b)) })
	top := make(map[K]bool, most)
	for _, k := range keys[:min(most, len(keys))] {
		top[k] = true
	}
	return top
}

// isOther reports whether the name of a node's host, service or route is "(other)".
func (f *facts) isOther(k nodeKey) bool {
	if k&outsideNode != 0 {
		return f.outside[k&^outsideNode] == otherText
	}
	return k>>16 == otherName || f.byRoute && uint16(k) == otherName
}

// others returns how many requests, jobs and calls have no node or edge of their own.
func (t *tally) others() (n int64) {
	for k, has := range t.nodes {
		if t.facts.isOther(k) {
			n += has.requests + has.jobs
		}
	}
	for k, e := range t.edges {
		if t.facts.isOther(k.from) || t.facts.isOther(k.to) {
			n += e.calls
		}
	}
	return n
}
