package doctor

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"example.com/clew/internal/canary"
)

// inCalls returns what is seen of a canary in the calls that the service has made for it. A canary
// is a test request of clew doctor.
func (p *probe) inCalls(calls []arrival) (all []seen) {
	for _, a := range calls {
		if a.path == elsewhere {
			all = append(all, p.inRedirected(a))
			continue
		}
		all = append(all, p.inCall(a)...)
	}
	return all
}

// inRedirected returns what is seen in a call that was redirected to another host. Its headers
// must have no ID of the canary.
func (p *probe) inRedirected(a arrival) seen {
	k := known{}
	k.add([]*probe{p})
	for name, value := range headerFields(a.header) {
		what := "" // only an ID or the value of a trace header, because other values may be secret
		found := k.find(value)
		switch {
		case carriesTrace(name):
			what = value
		case len(found) > 0:
			what = found[0].text
		case k.span(value) != nil:
			what = p.SpanID
		}
		if what != "" {
			return p.saw(inSentOn, Leaked, "in "+shown(name)+" there is "+what)
		}
	}
	if hasBaggage(a.header) {
		return p.saw(inSentOn, Leaked, "the caller's baggage is there")
	}
	return p.saw(inSentOn, withheld, "")
}

// baggage is sent with the canary whose call is redirected.
const baggage = "clew.doctor=canary"

func hasBaggage(h http.Header) bool { return strings.Contains(h.Get("Baggage"), baggage) }

// inCall returns what is seen in a call.
func (p *probe) inCall(a arrival) []seen {
	all := p.besideTrace(a.header)
	traces, malformed := carriedBy(a.header)
	if !p.Hostile { // a proxy passes a hostile canary's malformed headers on
		for _, c := range malformed {
			all = append(all, p.saw(inSentOn, Malformed, c.wrong))
			if len(traces) == 0 {
				return all
			}
		}
	}
	if s, without := p.withoutTrace(traces, a); without {
		return append(all, s)
	}
	if p.Hostile && passedOn(p.Header, a.header) {
		return all
	}
	return append(all, p.inTraces(traces)...)
}

// besideTrace returns what is seen in a call's headers apart from a trace.
func (p *probe) besideTrace(h http.Header) (all []seen) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if p.Mark != "" && strings.Contains(strings.Join(h[name], ","), p.Mark) {
			all = append(all, p.saw(inSentOn, Echoed, "in "+shown(name)))
		}
	}
	if hasBaggage(h) {
		all = append(all, p.saw(inSentOn, withBaggage, ""))
	}
	return all
}

// withoutTrace returns what is seen in a call that carries no trace in B3's or W3C's headers. The
// result without reports whether it is such a call.
func (p *probe) withoutTrace(traces []carried, a arrival) (s seen, without bool) {
	switch {
	case p.State == "" && !p.Hostile && len(traces) > 0 && !traces[0].hasTrace && traces[0].state == canary.Deny:
		return p.saw(inSentOn, Resampled, "no trace came in, and a deny without an ID is sent on: services behind it record nothing"), true
	case len(traces) > 0 && (traces[0].hasTrace || p.TraceID == ""):
		return seen{}, false
	case p.TraceID == "":
		return p.saw(inSentOn, nothing, ""), true
	case a.probe != p:
		return p.saw(inSentOn, Dropped, ""), true
	}
	return p.inOtherHeader(a.header), true
}

// inOtherHeader returns what is seen of a canary's ID in headers that are not B3's or W3C's.
// Another vendor's header may carry the trace. In any other header the ID is only noted.
func (p *probe) inOtherHeader(h http.Header) seen {
	k := known{}
	k.add([]*probe{p})
	dropped := p.saw(inSentOn, Dropped, "")
	for name, value := range headerFields(h) {
		found := k.find(value)
		switch {
		case len(found) == 0:
		case carriesTrace(name):
			return p.matched(inSentOn, found[0], "in "+shown(name))
		default:
			dropped.what = "the ID is only in " + shown(name) + ", which no tracer reads"
		}
	}
	return dropped
}

// passedOn reports whether a call has a canary's headers as they were sent.
func passedOn(sent, arrived http.Header) bool {
	for name, values := range sent {
		if !slices.Equal(values, arrived[name]) {
			return false
		}
	}
	return true
}

// inTraces returns what is seen in the traces that a call carries. Only the first one is compared
// with the canary.
func (p *probe) inTraces(traces []carried) (all []seen) {
	first := traces[0]
	switch {
	case p.TraceID != "":
		all = append(all, p.identity(first))
	case sameLow(first.trace, p.Refused):
		all = append(all, p.saw(inSentOn, Misread, "in "+first.name+" is "+first.trace+", out of a malformed header"))
	}
	// If the canary itself has a mix of headers, a mix in the call is no fault.
	if sent, malformed := carriedBy(p.Header); len(sent)+len(malformed) < 2 {
		all = append(all, p.mixed(traces)...)
	}
	if p.TraceID == "" || sameLow(first.trace, p.TraceID) {
		all = append(all, p.decision(inSentOn, first)...)
	}
	return all
}

// identity compares the canary's trace with the trace that a call carries, and returns what has
// happened to it.
func (p *probe) identity(c carried) seen {
	what := "in " + c.name + " is " + c.trace
	switch {
	case !sameLow(c.trace, p.TraceID) && sameLow(c.trace, p.Refused):
		return p.saw(inSentOn, Misread, what+", out of a malformed header")
	case !c.hasTrace:
		return p.saw(inSentOn, Dropped, "")
	case !sameLow(c.trace, p.TraceID):
		return p.saw(inSentOn, Restarted, what)
	}
	s := p.matched(inSentOn, mention{probe: p, text: c.trace}, "in "+c.name)
	if s.kind == Adopted && strings.EqualFold(c.span, p.SpanID) {
		s.kind = Unchanged
	}
	return s
}

// mixed returns an observation if a call has headers that disagree on the trace or the span, or
// the old parent beside a new span.
func (p *probe) mixed(traces []carried) []seen {
	first := traces[0]
	if p.Parent != "" && strings.EqualFold(first.parent, p.Parent) && !strings.EqualFold(first.span, p.SpanID) {
		return []seen{p.saw(inSentOn, Mixed, fmt.Sprintf("beside the new span %s, in %s, is the parent that came in, %s", first.span, first.name, first.parent))}
	}
	for _, c := range traces[1:] {
		switch {
		case !c.hasTrace || !first.hasTrace:
		case !sameLow(c.trace, first.trace):
			return []seen{p.saw(inSentOn, Mixed, fmt.Sprintf("in %s is the trace %s, in %s is %s", first.name, first.trace, c.name, c.trace))}
		case !strings.EqualFold(c.span, first.span):
			return []seen{p.saw(inSentOn, Mixed, fmt.Sprintf("in %s is the span %s, in %s is %s", first.name, first.span, c.name, c.span))}
		}
	}
	return nil
}
