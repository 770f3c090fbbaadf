package servicemap

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// The thresholds of changes. Each one guards against a difference that occurs although nothing has
// changed.
const (
	// leastShare and leastTook are for durations: the smallest factor, and the smallest difference
	// in milliseconds, that count as a change. Runs differ by some per cent with the hour and the
	// machine, however many calls there are. A pause of the garbage collector may take most of a
	// millisecond.
	leastShare = 1.25
	leastTook  = 1.0 // ms

	// clusters is the exponent that widens the interval of a quantile: see widened. Calls come in
	// clusters that are slow together, so 1,000 calls prove less than 1,000 independent draws.
	clusters = 1.5

	// leastTail is how many durations must be above a quantile. With fewer, the interval ends at
	// the slowest call.
	leastTail = 15

	// badMinute is how long everything may be slow although nothing has changed. The slowest calls
	// of a run are left out, as many as come in that time. A quantile counts as slower only if it
	// is slower even without these calls.
	badMinute = time.Minute

	// surely is how many standard deviations two shares must be apart to count as a change.
	// errorCluster is how many calls fail together, so that they count as one.
	surely       = 4.0
	errorCluster = 2.0

	// leastPart is the smallest difference of two shares that counts as a change.
	leastPart = 0.001

	// leastSeen is how many calls an edge that is new or gone must have in the one run that has
	// it. The number must still be as large after it was scaled to the traffic of the other run.
	leastSeen = 10
)

// ChangeKind is a kind of change.
type ChangeKind string

// The kinds of changes.
const (
	Slower       ChangeKind = "slower"
	Faster       ChangeKind = "faster"
	MoreErrors   ChangeKind = "more errors"
	FewerErrors  ChangeKind = "fewer errors"
	MoreRetries  ChangeKind = "more retries"
	FewerRetries ChangeKind = "fewer retries"
	Breaks       ChangeKind = "breaks"      // traces break in a new place, or more often; for [NoID] not worse
	Mended       ChangeKind = "mended"      // traces no longer break in a place, or less often
	NoRequests   ChangeKind = "no requests" // then nothing else is compared
	New          ChangeKind = "new"
	Gone         ChangeKind = "gone"
)

// isWorse lists the kinds of changes for the worse, the gravest first.
var isWorse = []ChangeKind{NoRequests, MoreErrors, Slower, Breaks, MoreRetries}

// Comparison is the difference between two runs. clew map --diff -o json writes its JSON.
type Comparison struct {
	Version int      `json:"version"`
	By      string   `json:"by"`
	Before  Run      `json:"before"`
	After   Run      `json:"after"`
	Changes []Change `json:"changes"` // those for the worse first
	Doubts  []Change `json:"doubts"`  // changes that one bad minute would explain
	Few     int      `json:"few"`     // edges and services with too few calls to compare
}

// Run is the time and the traffic of a graph.
type Run struct {
	From     time.Time `json:"from,omitzero"`
	Until    time.Time `json:"until,omitzero"`
	Requests int64     `json:"requests"`
	Calls    int64     `json:"calls"`
}

// Change is a change of a break, an edge or a node. If Break is not "", a break has changed.
// Otherwise a node has changed if From is "", and an edge if not.
type Change struct {
	Kind     ChangeKind `json:"kind"`
	Worse    bool       `json:"worse"`
	From     string     `json:"from,omitempty"`
	To       string     `json:"to"` // "" for [NoRequests]
	Break    BreakKind  `json:"break,omitempty"`
	Place    string     `json:"place,omitempty"`
	Measures []Measure  `json:"measures,omitempty"`
	Before   int64      `json:"before"` // the number of calls, requests or broken traces
	After    int64      `json:"after"`
	Says     string     `json:"says"`            // in a few words, without the names
	Trace    string     `json:"trace,omitempty"` // the ID of a trace that shows the change
}

// Measure is a number that has changed: p50, p95 or p99 in milliseconds, else a share from 0 to 1.
type Measure struct {
	Name   string  `json:"name"`
	Before float64 `json:"before"`
	After  float64 `json:"after"`
}

// Worse reports whether something has changed for the worse.
func (c *Comparison) Worse() bool {
	return slices.ContainsFunc(c.Changes, func(c Change) bool { return c.Worse })
}

// Compare returns what has changed between two runs, beyond what chance explains. Both graphs must
// be by service, or both by route.
func Compare(before, after *Graph) (*Comparison, error) {
	switch {
	case before.Version != after.Version:
		return nil, fmt.Errorf("one map has the form %d, the other one %d: make both with the same clew", before.Version, after.Version)
	case before.By != after.By:
		return nil, fmt.Errorf("one map is by %s, the other one by %s: make both with the same --by", before.By, after.By)
	case before.Requests+before.Calls == 0:
		return nil, errors.New("there is no request and no call in the earlier map: nothing can be compared with it")
	}
	c := comparer{
		Comparison: &Comparison{Version: Version, By: after.By, Before: runOf(before), After: runOf(after), Changes: []Change{}, Doubts: []Change{}},
		before:     before, after: after, ratio: ratio(before, after),
	}
	if !c.silence() {
		c.edges()
		c.nodes()
		c.breaks()
		c.noIDs()
	}
	order := func(a, b Change) int {
		return cmp.Or(rankOf(a)-rankOf(b), cmp.Compare(max(b.Before, b.After), max(a.Before, a.After)), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Place, b.Place))
	}
	slices.SortStableFunc(c.Changes, order)
	slices.SortStableFunc(c.Doubts, order)
	return c.Comparison, nil
}

// silence reports whether the later run has no requests to compare. If so, it adds a change of the
// kind [NoRequests].
func (c *comparer) silence() bool {
	noun, before := "request", c.before.Requests
	if before == 0 {
		noun, before = "call", c.before.Calls
	}
	if c.after.Requests > 0 || c.before.Requests == 0 && c.after.Calls > 0 {
		return false
	}
	c.add(Change{Kind: NoRequests, Before: before, Says: "There were " + amount(before, noun) + " before, and there are none now. " +
		"Either nothing was served, or these are the logs of other services or of another time."})
	return true
}

func runOf(g *Graph) Run { return Run{g.From, g.Until, g.Requests, g.Calls} }

// rankOf returns the rank of a change. Changes for the worse come first, then what is new or gone,
// then changes for the better, then those of lines without an ID.
func rankOf(c Change) int {
	if c.Break == NoID {
		return math.MaxInt32
	}
	order := append(slices.Clone(isWorse), New, Gone, FewerErrors, Faster, Mended, FewerRetries)
	return slices.Index(order, c.Kind)
}

// ratio returns the traffic of the later run, divided by the traffic of the earlier run.
func ratio(before, after *Graph) float64 {
	if before.Requests > 0 && after.Requests > 0 {
		return float64(after.Requests) / float64(before.Requests)
	}
	return float64(after.Calls+after.Requests) / float64(before.Calls+before.Requests)
}

// comparer is a comparison that is being made.
type comparer struct {
	*Comparison
	before, after *Graph
	ratio         float64
}

// add adds a change.
func (c *comparer) add(change Change) {
	change.Worse = slices.Contains(isWorse, change.Kind)
	c.Changes = append(c.Changes, change)
}

// pair is an edge, a node or a break with the same name in two graphs; nil: a graph lacks it.
type pair[T any] struct{ before, after *T }

// pairs returns a pair for each name, in the order of the later graph, then of the earlier one.
func pairs[T any](before, after []T, name func(*T) [4]string) []pair[T] {
	number := map[[4]string]int{}
	var all []pair[T]
	at := func(t *T) *pair[T] {
		key := name(t)
		i, ok := number[key]
		if !ok {
			i = len(all)
			number[key] = i
			all = append(all, pair[T]{})
		}
		return &all[i]
	}
	for i := range after {
		at(&after[i]).after = &after[i]
	}
	for i := range before {
		at(&before[i]).before = &before[i]
	}
	return all
}

// edges compares edges.
func (c *comparer) edges() {
	for _, p := range pairs(c.before.Edges, c.after.Edges, func(e *Edge) [4]string { return [4]string{e.From, e.To} }) {
		var none Edge
		b, a := cmp.Or(p.before, &none), cmp.Or(p.after, &none)
		from, to := cmp.Or(a.From, b.From), cmp.Or(a.To, b.To)
		change := Change{From: from, To: to, Before: b.Calls, After: a.Calls}
		if p.before == nil || p.after == nil {
			c.presence(change, "call")
			continue
		}
		change.Trace = firstTrace(a.Slowest)
		known := c.took(change, b.Took, a.Took)
		change.Trace = firstTrace(a.Failed)
		c.share(change, MoreErrors, FewerErrors, "errors", b.Errors, a.Errors)
		change.Trace = ""
		c.share(change, MoreRetries, FewerRetries, "retries", b.Retries, a.Retries)
		if !known {
			c.Few++
		}
	}
}

// nodes finds the nodes that are new or gone. It also compares the requests of nodes where most
// requests have no caller. Other requests are compared as calls of edges.
func (c *comparer) nodes() {
	wasCalled, isCalled := called(c.before), called(c.after)
	for _, p := range pairs(c.before.Nodes, c.after.Nodes, func(n *Node) [4]string { return [4]string{n.Name} }) {
		var none Node
		b, a := cmp.Or(p.before, &none), cmp.Or(p.after, &none)
		change := Change{To: cmp.Or(a.Name, b.Name), Before: b.Requests, After: a.Requests}
		switch {
		case p.before == nil || p.after == nil:
			if change.Before+change.After == 0 {
				change.Before, change.After = wasCalled[change.To], isCalled[change.To]
			}
			c.presence(change, "request")
		case 2*b.Roots > b.Requests && 2*a.Roots > a.Requests:
			if !c.took(change, b.Took, a.Took) {
				c.Few++
			}
			c.share(change, MoreErrors, FewerErrors, "errors", b.Errors, a.Errors)
		}
	}
}

// called returns how many calls go to each node.
func called(g *Graph) map[string]int64 {
	calls := map[string]int64{}
	for i := range g.Edges {
		calls[g.Edges[i].To] += g.Edges[i].Calls
	}
	return calls
}

func firstTrace(samples []Sample) string {
	if len(samples) == 0 {
		return ""
	}
	return samples[0].Trace
}

// presence adds a change for an edge or a node that is in only one run, unless that may be chance.
func (c *comparer) presence(change Change, noun string) {
	switch {
	case change.After > 0 && float64(change.After) >= leastSeen*max(c.ratio, 1):
		change.Kind, change.Says = New, amount(change.After, noun)
	case change.Before > 0 && float64(change.Before)*min(c.ratio, 1) >= leastSeen:
		change.Kind, change.Says = Gone, "it had "+amount(change.Before, noun)
	default:
		c.Few++
		return
	}
	c.add(change)
}

// breaks compares the places where traces break.
func (c *comparer) breaks() {
	name := func(b *Break) [4]string { return [4]string{string(b.Kind), b.From, b.To, b.Place} }
	for _, p := range pairs(c.before.Breaks, c.after.Breaks, name) {
		k := cmp.Or(p.after, p.before)
		if k.Kind == NoID {
			continue // see noIDs
		}
		if k.Kind == Clock && p.before != nil && p.after != nil {
			continue // the clock is as wrong as before
		}
		change := Change{From: k.From, To: k.To, Break: k.Kind, Place: k.Place, Says: k.Says}
		b, bOf, a, aOf := c.sightings(p)
		change.Before, change.After = b, a
		if p.after != nil && len(p.after.Traces) > 0 {
			change.Trace = p.after.Traces[0]
		}
		switch differ(b, bOf, a, aOf) {
		case 1:
			change.Kind = Breaks
		case -1:
			change.Kind = Mended
			if p.after == nil {
				change.Says = fmt.Sprintf("not seen any more, %s before", amount(b, "time"))
			}
		default:
			continue
		}
		if k.Kind != Clock {
			change.Measures = []Measure{{"share", shareOf(b, bOf), shareOf(a, aOf)}}
		}
		c.add(change)
	}
}

// sightings returns how often a break was seen in each run, and out of how many cases. For a run
// without the break, the number of cases is that of the other run, scaled by traffic.
func (c *comparer) sightings(p pair[Break]) (b, bOf, a, aOf int64) {
	if p.before != nil {
		b, bOf = p.before.Count, max(p.before.Of, p.before.Count)
	}
	if p.after != nil {
		a, aOf = p.after.Count, max(p.after.Of, p.after.Count)
	}
	if p.before == nil {
		bOf = int64(float64(aOf) / max(c.ratio, 1e-9))
	}
	if p.after == nil {
		aOf = int64(float64(bOf) * c.ratio)
	}
	return b, bOf, a, aOf
}

// share compares a share of the calls, such as the errors, and adds a change if the share differs.
func (c *comparer) share(change Change, more, fewer ChangeKind, name string, before, after int64) {
	switch differ(before, change.Before, after, change.After) {
	case 1:
		change.Kind = more
	case -1:
		change.Kind = fewer
	default:
		return
	}
	change.Measures = []Measure{{name, shareOf(before, change.Before), shareOf(after, change.After)}}
	change.Says = percent(before, change.Before) + " → " + percent(after, change.After) + " of " + amount(change.After, "call")
	c.add(change)
}

func shareOf(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// differ returns 1 if a share has become larger, -1 if it has become smaller, and 0 if the
// difference may be chance. It is the test of two proportions.
func differ(before, beforeOf, after, afterOf int64) int {
	if beforeOf <= 0 || afterOf <= 0 {
		return 0
	}
	n, m := float64(beforeOf), float64(afterOf)
	p, q := min(float64(before)/n, 1), min(float64(after)/m, 1)
	pooled := (p*n + q*m) / (n + m)
	deviation := math.Sqrt(errorCluster * pooled * (1 - pooled) * (1/n + 1/m))
	apart := q - p
	if math.Abs(apart) < surely*deviation || math.Abs(apart) < leastPart {
		return 0
	}
	return cmp.Compare(apart, 0)
}
