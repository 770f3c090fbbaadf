package servicemap

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Graph makes the graph. All adders must be closed, and Graph must not be called twice. If it
// returns an error, the graph has everything that could be read back from the temporary file. See
// [Builder.Problem] too.
func (b *Builder) Graph() (*Graph, error) {
	f := b.facts()
	b.free = nil
	t, err := b.tally(f)
	g := &Graph{
		Version: Version, By: "service", Traces: t.traces, Requests: t.requests, Calls: t.called, Jobs: t.jobs,
		Untold: Untold{Callers: t.untold, Room: b.lost.Load()},
	}
	if f.byRoute {
		g.By = "route"
	}
	if t.naming > 0 {
		g.Untold.Share = float64(t.untold) / float64(t.naming)
	}
	if f.period.any {
		g.From, g.Until = time.Unix(0, f.period.from).UTC(), time.Unix(0, f.period.until).UTC()
	}
	for _, v := range f.heard.voices {
		g.Lines += v.lines
		g.NoID += v.noID
	}
	if t.kept != nil || b.services.full() || b.hosts.full() || f.byRoute && b.operations.full() {
		g.Untold.Other = t.others()
	}
	names := t.nodeNames()
	g.Nodes = t.graphNodes(names)
	g.Edges = t.graphEdges(names)
	g.Breaks = t.breaks()
	traced, tracedErr := b.traced(f, t, names)
	g.Traced = traced
	return g, cmp.Or(err, tracedErr)
}

// nodeNames returns a name for each node: for services with lines, and for each end of an edge. No
// two nodes have the same name.
func (t *tally) nodeNames() map[nodeKey]string {
	f := t.facts
	keys := map[nodeKey]bool{}
	for service := range f.heard.voices {
		keys[t.kept.node(nodeKey(service)<<16)] = true
	}
	for k := range t.nodes {
		keys[k] = true
	}
	for k := range t.edges {
		keys[k.from], keys[k.to] = true, true
	}
	sorted := make([]nodeKey, 0, len(keys))
	for k := range keys {
		sorted = append(sorted, k)
	}
	slices.Sort(sorted)
	names, taken := make(map[nodeKey]string, len(sorted)), make(map[string]bool, len(sorted))
	for _, k := range sorted {
		name := f.name(k)
		for taken[name] {
			name += "*"
		}
		names[k], taken[name] = name, true
	}
	return names
}

// graphNodes returns the nodes in the order of their names.
func (t *tally) graphNodes(names map[nodeKey]string) []Node {
	f := t.facts
	lines, noID := map[nodeKey]int64{}, map[nodeKey]int64{}
	for service, v := range f.heard.voices {
		k := t.kept.node(nodeKey(service) << 16)
		lines[k] += v.lines
		noID[k] += v.noID
	}
	all := make([]Node, 0, len(names))
	for k, name := range names {
		n := Node{Name: name, Kind: Service}
		if k&outsideNode != 0 {
			n.Kind = Outside
		} else {
			service := uint16(k >> 16)
			n.Service, n.Route = f.service(service), f.operations[uint16(k)]
			n.Lines, n.NoID = lines[k], noID[k]
		}
		if has := t.nodes[k]; has != nil {
			n.Requests, n.Roots, n.Errors, n.Jobs, n.Bytes = has.requests, has.roots, has.errors, has.jobs, has.bytes
			n.Took = has.took.quantiles()
		}
		all = append(all, n)
	}
	slices.SortFunc(all, func(a, b Node) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// graphEdges returns the edges in the order of their names.
func (t *tally) graphEdges(names map[nodeKey]string) []Edge {
	all := make([]Edge, 0, len(t.edges))
	for k, e := range t.edges {
		all = append(all, Edge{
			From: names[k.from], To: names[k.to], Calls: e.calls, Errors: e.errors, Refused: e.refused, Retries: e.retries,
			Answered: e.answered, Told: e.told, Guessed: e.guessed, Again: e.again, Bytes: e.bytes,
			Took: e.took.quantiles(), Slowest: e.slowest.shown(), Failed: e.failed.shown(),
		})
	}
	slices.SortFunc(all, func(a, b Edge) int {
		return cmp.Or(strings.Compare(a.From, b.From), strings.Compare(a.To, b.To))
	})
	return all
}
