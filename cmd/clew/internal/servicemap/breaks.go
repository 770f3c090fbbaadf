package servicemap

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/clew/internal/timeline"
)

// breaks returns the places where traces break, the gravest first: breaks that tear traces apart,
// then wrong clocks, then lines without an ID. Within each group, breaks that are seen often, and
// in a large share of the cases, come first.
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
		// If b.To is called, and none of its lines has an ID, traces end there: the rank is 0.
		case b.Kind == NoID && !(b.Count == b.Of && called[b.To]):
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

// weight returns a number for the order of breaks. It is great if a break is seen often, and in a
// large share of the cases.
func (b *Break) weight() float64 {
	return float64(b.Count) * float64(b.Count) / float64(max(b.Of, 1))
}

// hopBreaks returns how traces break between two services.
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
		fmt.Sprintf("%s answered %s of %s, but logged no request in the traces of these calls. It logged such requests without a caller.", to, ofCalls(h.restarted.n, h.calls), caller),
		fmt.Sprintf("%s seems to begin a trace of its own: let %s send the trace's headers, let no proxy between them drop them, and let %s read them. "+
			"If others make such requests too, lines of %s may be missing: read those of all its instances, or let it log what it leaves out (Skip of httpmw's configs).", to, caller, to, to))
	add(Truncated, &h.truncated, h.widths,
		fmt.Sprintf("%s writes trace IDs with 16 digits, although they have 32 at %s: %s.", to, caller, ofCalls(h.truncated.n, h.widths)),
		fmt.Sprintf("Let %s keep all digits of a trace ID: its library may want 128-bit IDs to be switched on.", to))
	add(Padded, &h.padded, h.widths,
		fmt.Sprintf("%s writes trace IDs with 32 digits, although they have 16 at %s: %s.", to, caller, ofCalls(h.padded.n, h.widths)),
		fmt.Sprintf("Let %s keep trace IDs as they arrive, or let %s begin traces with 32 digits.", to, caller))
	redecided := h.redecided()
	add(Redecided, &redecided, h.pairs,
		fmt.Sprintf("%s did not keep the sampling decision of %s in %s.", to, caller, ofCalls(redecided.n, h.pairs)),
		fmt.Sprintf("Let the sampler of %s do as its caller says (ParentBased in OpenTelemetry), else spans are missing from the traces that are sampled.", to))
	return all
}

// redecided returns the calls whose decision the callee has changed. A callee that does not sample
// what the caller samples is always wrong. A callee that samples more may be right: the caller may
// have left the decision open, which looks like a denial in its lines. So calls that only the
// callee samples count in two cases: there are calls that only the caller samples, or the callee
// samples everything although the caller chooses.
func (h *hopTally) redecided() finding {
	all := h.unsampled
	all.traces = slices.Clone(all.traces)
	const chosen = 5
	if h.unsampled.n > 0 || h.toldSampled >= chosen && h.sampled == h.pairs {
		all.merge(&h.takenSampled)
	}
	return all
}

// subject returns the subject of a sentence, such as "3 of the 8 requests of api", and whether it
// is singular. The parameter behind is the text after the noun.
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

// orphanBreak returns the break of a service's requests whose callers appear in no line.
func (t *tally) orphanBreak(service uint16, o *orphans) Break {
	to := t.facts.service(service)
	likely, remedy := t.likelyCaller(service), "Read the lines of the caller of %s too, of all its instances, and from a little earlier on. "+
		"If they are read: let the caller log its requests (httpmw.AccessLog) or its calls (httpclient)."
	b := Break{Kind: Orphans, To: to, Count: o.n, Of: o.naming, Traces: o.shown(), Remedy: fmt.Sprintf(remedy, to)}
	which, name := " of "+to+" that name a caller", "name"
	if o.naming == 1 {
		which = " of " + to + " that names a caller"
	}
	text, one := subject(o.n, o.naming, "request", which)
	if one {
		name = "names"
	}
	b.Says = fmt.Sprintf("%s %s one that no line knows.", text, name)
	if unsettled := t.facts.period.until - t.facts.settled; unsettled > 0 {
		b.Says += fmt.Sprintf(" Requests of the last %s are not among them: their callers may be at work.", timeline.Short(time.Duration(unsettled)))
	}
	if likely != "" {
		b.Says += fmt.Sprintf(" Most others come from %s.", likely)
	}
	return b
}

// likelyCaller returns the service that sends most requests to a service; "": none is known.
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

// mostNoID is how many places that log without an ID are named for each service.
const mostNoID = 5

// noIDBreaks returns the breaks of lines without a trace's ID.
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
		others := v.elsewhere
		for i, p := range places {
			if i >= mostNoID && len(places) > mostNoID+1 {
				others += p.n
				continue
			}
			all = append(all, noIDBreak(name, p.place, p.n, v.lines))
		}
		if others > 0 {
			all = append(all, noIDBreak(name, otherPlaces, others, v.lines))
		}
	}
	return all
}

// otherPlaces stands for all places that are not named one by one.
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
