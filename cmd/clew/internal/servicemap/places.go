package servicemap

import (
	"cmp"
	"fmt"
	"strings"

	"example.com/clew/internal/timeline"
)

// site is where a service writes lines without a trace's ID: a file or a logger. Any change to a
// file moves its lines, so a site has no line number.
type site struct{ service, place string }

// withoutLine returns a place without the number of its line.
func withoutLine(place string) string {
	end := strings.TrimRight(place, "0123456789")
	if name, ok := strings.CutSuffix(end, ":"); ok && len(end) < len(place) {
		return name
	}
	return place
}

// noIDs compares the lines without a trace's ID. A change is reported, but never counts as
// one for the worse. After a deploy, a service may log such lines again, at its start or in the
// background.
func (c *comparer) noIDs() {
	before, after := noIDPlaces(c.before), noIDPlaces(c.after)
	was, is := linesOf(c.before), linesOf(c.after)
	for k := range union(before, after) {
		b, a := before[k], after[k]
		others := site{k.service, otherPlaces}
		if k == others || b == 0 && before[others] > 0 || a == 0 && after[others] > 0 {
			continue // one of the maps may count the site's lines in otherPlaces
		}
		change := Change{To: k.service, Break: NoID, Place: k.place, Before: b, After: a}
		switch differ(b, was[k.service], a, is[k.service]) {
		case 1:
			change.Kind = Breaks
		case -1:
			change.Kind = Mended
		default:
			continue
		}
		change.Measures = []Measure{{"share", shareOf(b, was[k.service]), shareOf(a, is[k.service])}}
		change.Says = fmt.Sprintf("%s of %s without a trace ID", timeline.Grouped(a), amount(is[k.service], "line"))
		c.Changes = append(c.Changes, change)
	}
}

// noIDPlaces returns how many lines without an ID each site has.
func noIDPlaces(g *Graph) map[site]int64 {
	places := map[site]int64{}
	for i := range g.Breaks {
		if b := &g.Breaks[i]; b.Kind == NoID {
			places[site{b.To, withoutLine(b.Place)}] += b.Count
		}
	}
	return places
}

// linesOf returns how many lines each service has.
func linesOf(g *Graph) map[string]int64 {
	lines := map[string]int64{}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		lines[cmp.Or(n.Service, n.Name)] += n.Lines
	}
	return lines
}

// union returns the keys of two maps.
func union[K comparable, V any](a, b map[K]V) map[K]bool {
	keys := make(map[K]bool, len(a)+len(b))
	for k := range a {
		keys[k] = true
	}
	for k := range b {
		keys[k] = true
	}
	return keys
}
