package doctor

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"example.com/clew/internal/canary"
	"example.com/clew/internal/timeline"
)

// The places where evidence is found.
const (
	inResponse = "response"
	inLogs     = "logs"
	inSentOn   = "sent on"
)

// seen is one observation about a canary, a test request of clew doctor.
type seen struct {
	probe *probe
	where string
	kind  Kind
	what  string // the observation in words; "": the kind says everything

	// writer is the service of the line with the observation, or else the source of that line. For
	// an observation that is not from a line, it is "".
	writer string
}

// saw returns an observation about a canary.
func (p *probe) saw(where string, kind Kind, what string) seen {
	return seen{probe: p, where: where, kind: kind, what: what}
}

// ownHeaders are headers with IDs that proxies write into each answer, no matter what the caller
// sends.
var ownHeaders = []string{"X-Amzn-Trace-Id", "X-Cloud-Trace-Context", "Cf-Ray"}

// inAnswer returns what is seen of a canary in the headers of its answer. The parameter none is
// the canary without trace headers.
func (p *probe) inAnswer(none *probe) (all []seen) {
	if p.cached() {
		return nil
	}
	k := known{}
	k.add([]*probe{p})
	restarted := false
	for name, value := range headerFields(p.answer.header) {
		found := k.find(value)
		for _, m := range found {
			m.wide = m.wide || fixedWidth(name)
			s := p.matched(inResponse, m, "in "+shown(name))
			if s.kind == Adopted && p.echoed(name, value, none) {
				s.kind = repeated
			}
			all = append(all, s)
		}
		if p.Mark != "" && strings.Contains(value, p.Mark) {
			all = append(all, p.saw(inResponse, Echoed, "in "+shown(name)))
		}
		if len(found) == 0 && p.TraceID != "" {
			if s := p.another(name, value); s.kind != nothing {
				restarted = restarted || s.kind == Restarted
				all = append(all, s)
			}
		}
	}
	if restarted { // the canary's ID under another name only repeats what the canary has sent
		all = slices.DeleteFunc(all, seen.kept)
	}
	return append(all, p.answeredDecision(all)...)
}

// answeredDecision returns what the headers of an answer show about the sampling decision on the
// canary's trace.
func (p *probe) answeredDecision(all []seen) []seen {
	if !slices.ContainsFunc(all, seen.kept) {
		return nil
	}
	h := p.answer.header
	headers := http.Header{"B3": h["B3"], "X-B3-Sampled": h["X-B3-Sampled"], "X-B3-Flags": h["X-B3-Flags"], "Traceparent": h["Traceparent"]}
	// traceresponse has the form of traceparent.
	response := traceparent(http.Header{"Traceparent": h["Traceresponse"]})
	response.name = "traceresponse"
	traces, _ := carriedBy(headers)
	for _, c := range append(traces, response) {
		if c.decided && (!c.hasTrace || sameLow(c.trace, p.TraceID)) {
			return p.decision(inResponse, c)
		}
	}
	return nil
}

// cached reports whether a cache has answered.
func (p *probe) cached() bool {
	age := p.answer.header.Get("Age")
	return age != "" && age != "0"
}

// echoed reports whether a header of an answer may only repeat what the canary has sent. A service
// that continues traces shows a span of its own, not the caller's. It also begins a trace for a
// request without one, such as the canary none, and shows that trace's ID under the same name.
func (p *probe) echoed(name, value string, none *probe) bool {
	if p.SpanID != "" && strings.Contains(strings.ToLower(value), p.SpanID) {
		return true
	}
	return !slices.ContainsFunc(none.answer.header[name], hasID)
}

// hasID reports whether a text may contain a trace's ID.
func hasID(text string) bool {
	for _, run := range runs(text) {
		if len(run) >= 16 && strings.Trim(run, "0") != "" {
			return true
		}
	}
	return false
}

// fixedWidth reports whether a header's specification allows only IDs of 32 digits.
func fixedWidth(name string) bool {
	return strings.EqualFold(name, "traceresponse") || strings.EqualFold(name, "traceparent") || strings.EqualFold(name, "Server-Timing")
}

// shown returns a header's name as its specification spells it. Net/http may spell it differently.
func shown(name string) string {
	for _, ours := range append([]string{"traceresponse"}, traceNames...) {
		if strings.EqualFold(ours, name) {
			return ours
		}
	}
	return name
}

// another returns an observation if a header of an answer has the ID of another trace. In a header
// of B3 or W3C, such an ID is the service's. In a header with another name, the ID may come from a
// proxy, and becomes a note, not a finding.
func (p *probe) another(name, value string) seen {
	lower := strings.ToLower(name)
	sure := slices.Contains([]string{"b3", "x-b3-traceid", "traceparent", "traceresponse"}, lower) || lower == "server-timing" && strings.Contains(value, "traceparent")
	maybe := strings.Contains(lower, "trace") && !strings.Contains(lower, "span") && !strings.Contains(lower, "state") && !slices.Contains(ownHeaders, name)
	id, err := timeline.ParseID(value)
	if !sure && !maybe || err != nil {
		return p.saw(inResponse, nothing, "")
	}
	kind := Restarted
	if !sure {
		kind = stranger
	}
	return p.saw(inResponse, kind, fmt.Sprintf("in %s is %v", shown(name), id))
}

// matched returns what an ID that was found, m, shows about the canary's trace. The parameter
// place says in words where the ID was found.
func (p *probe) matched(where string, m mention, place string) seen {
	if !sameLow(m.text, p.TraceID) && sameLow(m.text, p.Refused) {
		return p.saw(where, Misread, fmt.Sprintf("%s is %s, out of a malformed header", place, m.text))
	}
	kind := Adopted
	if isHexID(m.text) {
		kind = p.width(m.text)
	}
	if kind == Padded && m.wide {
		kind = Adopted
	}
	return p.saw(where, kind, place+" is "+m.text)
}

func isHexID(text string) bool { return len(text) == 16 || len(text) == 32 }

func sameLow(a, b string) bool {
	x, okA := low(a)
	y, okB := low(b)
	return a != "" && b != "" && okA && okB && x == y
}

// decision compares the sampling decision that the canary has sent with the decision in c.
func (p *probe) decision(where string, c carried) []seen {
	if p.State != canary.Deny && p.State != canary.Accept && p.State != canary.Debug {
		return nil
	}
	out := c.state
	if !c.decided {
		out = "no decision"
	}
	switch {
	case p.State == canary.Debug && out == canary.Debug:
		return []seen{p.saw(where, DebugBelieved, "debug is in "+c.name)}
	case p.State == canary.Debug:
		return nil
	case out == p.State:
		return []seen{p.saw(where, obeyed, "")}
	}
	return []seen{p.saw(where, Resampled, fmt.Sprintf("%s came in, and in %s is %s", p.State, c.name, out))}
}
