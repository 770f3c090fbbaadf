package servicemap

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/clew/internal/timeline"
)

// breaks returns where traces break, the gravest first: what tears traces apart, then what is
// inexact, then what is left out of them; of these, what is seen often and in a large share.
func (t *tally) breaks() []Break {
	all := []Break{}
	for k, h := range t.hops {
		all = append(all, t.hopBreaks(k, h)...)
	}
	for service, o := range t.lost {
		if o.n > 0 {
			all = append(all, t.orphanBreak(service, o))
		}
	}
	clocks := t.clockBreaks()
	all = append(append(all, clocks...), t.machineBreaks(clocks)...)
	all = append(all, t.noIDBreaks()...)
	called := t.calledServices()
	rank := func(b *Break) int {
		switch {
		case b.Kind == Clock:
			return 1
		case b.Kind == NoID && !(b.Count == b.Of && called[b.To]): // else the trace ends there
			return 2
		}
		return 0
	}
	slices.SortFunc(all, func(a, b Break) int {
		return cmp.Or(cmp.Compare(rank(&a), rank(&b)), cmp.Compare(b.weight(), a.weight()), strings.Compare(string(a.Kind), string(b.Kind)),
			strings.Compare(a.To, b.To), strings.Compare(a.From, b.From), strings.Compare(a.Place, b.Place), strings.Compare(a.Says, b.Says))
	})
	return all
}

// calledServices returns the services that others call.
func (t *tally) calledServices() map[string]bool {
	called := map[string]bool{}
	for k := range t.edges {
		if k.to&outsideNode == 0 {
			called[t.facts.service(uint16(k.to>>16))] = true
		}
	}
	return called
}

// weight is greater for what is seen often, and in a large share of the cases.
func (b *Break) weight() float64 {
	return float64(b.Count) * float64(b.Count) / float64(max(b.Of, 1))
}

// hopBreaks returns how traces break from a service to another.
func (t *tally) hopBreaks(k hopKey, h *hopTally) (all []Break) {
	to, from := t.facts.service(k.to), ""
	if k.from != noCaller {
		from = t.facts.service(k.from)
	}
	add := func(kind BreakKind, c *finding, of int64, says, remedy string) {
		if c.n > 0 {
			all = append(all, Break{Kind: kind, From: from, To: to, Count: c.n, Of: of, Traces: c.shown(), Says: says, Remedy: remedy})
		}
	}
	caller := cmp.Or(from, "a caller")
	add(Restarted, &h.unbelieved, h.calls,
		fmt.Sprintf("%s does not believe the trace of %s: it began a trace of its own for %s.", to, caller, ofCalls(h.unbelieved.n, h.calls)),
		fmt.Sprintf("Let %s trust its caller (Trust of httpmw.Config), if the caller is one of yours.", to))
	add(Restarted, &h.restarted, h.calls,
		fmt.Sprintf("%s answered %s of %s. It has no line of a request in their traces, but such requests that name no caller.", to, ofCalls(h.restarted.n, h.calls), caller),
		fmt.Sprintf("%s seems to begin a trace of its own: let %s send the trace's headers, let no proxy between them drop them, and let %s read them. "+
			"If others make such requests too, its lines may be missing: read those of all its instances, or let it log what it leaves out (Skip of httpmw's configs).", to, caller, to))
	add(Truncated, &h.truncated, h.widths,
		fmt.Sprintf("%s writes trace IDs with 16 digits that have 32 at %s: %s.", to, caller, ofCalls(h.truncated.n, h.widths)),
		fmt.Sprintf("Let %s keep all digits of a trace ID: its library may want 128-bit IDs to be switched on.", to))
	add(Padded, &h.padded, h.widths,
		fmt.Sprintf("%s writes trace IDs with 32 digits that have 16 at %s: %s.", to, caller, ofCalls(h.padded.n, h.widths)),
		fmt.Sprintf("Let %s keep trace IDs as they arrive, or let %s begin traces with 32 digits.", to, caller))
	redecided := h.redecided()
	add(Redecided, &redecided, h.pairs,
		fmt.Sprintf("%s did not keep the sampling decision of %s in %s.", to, caller, ofCalls(redecided.n, h.pairs)),
		fmt.Sprintf("Let the sampler of %s do as its caller says (ParentBased in OpenTelemetry), else spans are missing from the traces that are sampled.", to))
	return all
}

// redecided returns the calls whose decision the callee has changed. That it does not sample what
// the caller does is one of these. That it samples what the caller does not, may be right: the
// caller may have left the decision open, which its lines do not tell from a denial. So these count
// only where the callee also does the other, or samples everything although the caller chooses.
func (h *hopTally) redecided() finding {
	all := h.unsampled
	all.traces = slices.Clone(all.traces)
	const chosen = 5
	if h.unsampled.n > 0 || h.toldSampled >= chosen && h.sampled == h.pairs {
		all.merge(&h.takenSampled)
	}
	return all
}

// subject says how many of several things do something, and whether that is one. What stands behind
// the noun says which things.
func subject(n, of int64, noun, behind string) (text string, one bool) {
	switch {
	case of == 1:
		return "The only " + noun + behind, true
	case n == of:
		return "All " + amount(of, noun) + behind, false
	}
	return timeline.Grouped(n) + " of the " + amount(of, noun) + behind, n == 1
}

func ofCalls(n, of int64) string {
	if of == 1 {
		return "1 call"
	}
	if n == of {
		return "all " + timeline.Grouped(n) + " calls"
	}
	return timeline.Grouped(n) + " of " + timeline.Grouped(of) + " calls"
}

// orphanBreak returns what is said of requests that name a caller which no line knows.
func (t *tally) orphanBreak(service uint16, o *orphans) Break {
	to := t.facts.service(service)
	likely, remedy := t.likelyCaller(service), "Read the lines of the caller of %s too, of all its instances, and from a little earlier on. "+
		"If they are read: let the caller log its requests (httpmw.AccessLog) or its calls (httpclient)."
	b := Break{Kind: Orphans, To: to, Count: o.n, Of: o.naming, Traces: o.shown(), Remedy: fmt.Sprintf(remedy, to)}
	who, name := " of "+to+" that name a caller", "name"
	if o.naming == 1 {
		who = " of " + to + " that names a caller"
	}
	text, one := subject(o.n, o.naming, "request", who)
	if one {
		name = "names"
	}
	b.Says = fmt.Sprintf("%s %s one that no line knows.", text, name)
	if rest := t.facts.period.until - t.facts.settled; rest > 0 {
		b.Says += fmt.Sprintf(" Requests of the last %s are not among them: their callers may be at work.", timeline.Short(time.Duration(rest)))
	}
	if likely != "" {
		b.Says += fmt.Sprintf(" Most others come from %s.", likely)
	}
	return b
}

// likelyCaller returns the service that most requests of another one come from; "": none is known.
func (t *tally) likelyCaller(to uint16) string {
	best, most := "", int64(0)
	for k, h := range t.hops {
		if k.to != to || k.from == noCaller || h.calls == 0 {
			continue
		}
		if name := t.facts.service(k.from); h.calls > most || h.calls == most && name < best {
			best, most = name, h.calls
		}
	}
	return best
}

// mostNoID is how many places of a service are said that write lines without an ID.
const mostNoID = 5

// noIDBreaks returns which lines have no trace's ID.
func (t *tally) noIDBreaks() (all []Break) {
	for service, v := range t.facts.heard.voices {
		name := t.facts.service(service)
		type at struct {
			place string
			n     int64
		}
		places := []at{}
		for place, n := range v.places {
			places = append(places, at{place, n})
		}
		slices.SortFunc(places, func(a, b at) int { return cmp.Or(cmp.Compare(b.n, a.n), strings.Compare(a.place, b.place)) })
		rest := v.elsewhere
		for i, p := range places {
			if i >= mostNoID && len(places) > mostNoID+1 {
				rest += p.n
				continue
			}
			all = append(all, noIDBreak(name, p.place, p.n, v.lines))
		}
		if rest > 0 {
			all = append(all, noIDBreak(name, otherPlaces, rest, v.lines))
		}
	}
	return all
}

// otherPlaces is what places are called that are not said one by one.
const otherPlaces = "(other places)"

func noIDBreak(service, place string, n, lines int64) Break {
	b := Break{Kind: NoID, To: service, Place: place, Count: n, Of: lines}
	where := ""
	if place != "" {
		where = " at " + place
	}
	text, one := subject(n, lines, "line", " of "+service)
	has := "have"
	if one {
		has = "has"
	}
	b.Says = fmt.Sprintf("%s %s no trace ID%s.", text, has, where)
	b.Remedy = "If they belong to requests: log with the request's context. Lines of starting, stopping and background work may have none."
	if n == lines {
		b.Remedy = fmt.Sprintf("Let %s write the trace's ID on its lines. If it does, under a name that clew does not know, say the name: --keys trace=NAME.", service)
	}
	return b
}

func (c *finding) shown() []string {
	all := make([]string, len(c.traces))
	for i, id := range c.traces {
		all[i] = id.String()
	}
	return all
}

// clocks is what the calls between two services say about their clocks.
type clocks struct {
	fit, late int64
	ahead     time.Duration // the first's of the second's
	most      int64         // late calls that ahead is of
	misfit    finding
}

// clockBreaks returns the services whose clocks are off. As in a tree, a clock is right if that
// explains most calls, and it is put right by its neighbours' clocks, beginning with the service
// that has most requests.
func (t *tally) clockBreaks() (all []Break) {
	between := map[hopKey]*clocks{}
	next := map[uint16][]uint16{}
	for k, h := range t.hops {
		if h.fit+h.late.n > 0 {
			t.clock(between, next, k, h)
		}
	}
	skew := map[uint16]time.Duration{}
	for _, first := range t.byRequests() {
		if _, done := skew[first]; done || len(next[first]) == 0 {
			continue
		}
		skew[first] = 0
		for queue := []uint16{first}; len(queue) > 0; queue = queue[1:] {
			a := queue[0]
			slices.Sort(next[a])
			for _, z := range next[a] {
				if _, done := skew[z]; done {
					continue
				}
				c, sign := between[hopKey{min(a, z), max(a, z)}], time.Duration(1)
				if a > z {
					sign = -1
				}
				skew[z] = skew[a]
				if c.late > c.fit {
					skew[z] += sign * c.ahead
				}
				queue = append(queue, z)
				if skew[z] != 0 {
					all = append(all, t.clockBreak(z, -skew[z], c))
				}
			}
		}
	}
	return all
}

// clock adds what the calls from one service to another say.
func (t *tally) clock(between map[hopKey]*clocks, next map[uint16][]uint16, k hopKey, h *hopTally) {
	pair, ahead := k, h.late.median()
	if k.from > k.to {
		pair, ahead = hopKey{k.to, k.from}, -ahead
	}
	c := between[pair]
	if c == nil {
		c = &clocks{}
		between[pair] = c
		next[pair.from] = append(next[pair.from], pair.to)
		next[pair.to] = append(next[pair.to], pair.from)
	}
	c.fit += h.fit
	c.late += h.late.n
	c.misfit.merge(&h.misfit)
	if h.late.n > c.most || h.late.n == c.most && k == pair {
		c.ahead, c.most = ahead, h.late.n
	}
}

// byRequests returns all services, those with most requests first. Of two with as many it is the
// one that is called from outside.
func (t *tally) byRequests() []uint16 {
	of, roots := map[uint16]int64{}, map[uint16]int64{}
	for k, n := range t.nodes {
		of[uint16(k>>16)] += n.requests
		roots[uint16(k>>16)] += n.roots
	}
	services := make([]uint16, len(t.facts.services))
	for i := range services {
		services[i] = uint16(i)
	}
	slices.SortStableFunc(services, func(a, b uint16) int { return cmp.Or(cmp.Compare(of[b], of[a]), cmp.Compare(roots[b], roots[a])) })
	return services
}

func (t *tally) clockBreak(service uint16, ahead time.Duration, c *clocks) Break {
	name, side, by := t.facts.service(service), "ahead", ahead
	if ahead < 0 {
		side, by = "behind", -ahead
	}
	seen := c.late
	if seen <= c.fit { // it goes with a neighbour's clock that is off
		seen += c.fit
	}
	return Break{
		Kind: Clock, To: name, Count: seen, Of: c.late + c.fit, Ahead: milliseconds(float64(ahead)), Traces: c.misfit.shown(),
		Says:   fmt.Sprintf("The clock of %s is %s %s.", name, timeline.Short(by), side),
		Remedy: "Let its machine keep time (NTP, chrony). clew timeline puts times right by so much; other readers of the lines do not.",
	}
}
