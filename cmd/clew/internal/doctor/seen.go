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

// seen is one thing that was seen of a canary.
type seen struct {
	probe *probe
	where string
	kind  Kind
	what  string // in words, with what came out; "": the kind says it all

	writer string // whose line it is: a service, else a source; "": it is no line
}

// ownHeaders are what stands before a service writes into each answer, whatever the caller sends.
var ownHeaders = []string{"X-Amzn-Trace-Id", "X-Cloud-Trace-Context", "Cf-Ray"}

// inAnswer returns what an answer's header tells of its canary. None is the canary without
// headers.
func (p *probe) inAnswer(none *probe) (all []seen) {
	if p.cached() {
		return nil
	}
	k := known{}
	k.add([]*probe{p})
	restarted := false
	for _, name := range sortedNames(p.answer.header) {
		for _, value := range p.answer.header[name] {
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
				all = append(all, seen{probe: p, where: inResponse, kind: Echoed, what: "in " + shown(name)})
			}
			if len(found) == 0 && p.TraceID != "" {
				if s := p.another(name, value); s.kind != nothing {
					restarted = restarted || s.kind == Restarted
					all = append(all, s)
				}
			}
		}
	}
	if restarted { // an ID under another name is only a mention of what came in
		all = slices.DeleteFunc(all, func(s seen) bool { return kept(s.kind) })
	}
	return append(all, p.answeredDecision(all)...)
}

// answeredDecision returns what an answer's headers say of the decision, if it is one on the
// canary's trace.
func (p *probe) answeredDecision(all []seen) []seen {
	if !slices.ContainsFunc(all, seen.kept) {
		return nil
	}
	h := p.answer.header
	headers := http.Header{"B3": h["B3"], "X-B3-Sampled": h["X-B3-Sampled"], "X-B3-Flags": h["X-B3-Flags"], "Traceparent": h["Traceparent"]}
	response := traceparent(http.Header{"Traceparent": h["Traceresponse"]}) // which has its form
	response.name = "traceresponse"
	for _, c := range append(carriedBy(headers), response) {
		if c.decided && (!c.hasTrace || sameLow(c.trace, p.TraceID)) {
			return p.decision(inResponse, c)
		}
	}
	return nil
}

// cached tells whether an answer is that to an older request.
func (p *probe) cached() bool {
	age := p.answer.header.Get("Age")
	return age != "" && age != "0"
}

// echoed tells whether a header of an answer may only repeat what the canary has sent. A service
// that goes on with a trace begins one where none came in, and shows that under the same name. It
// shows a span of its own, and not the caller's.
func (p *probe) echoed(name, value string, none *probe) bool {
	if p.SpanID != "" && strings.Contains(strings.ToLower(value), p.SpanID) {
		return true
	}
	return !slices.ContainsFunc(none.answer.header[name], hasID)
}

// hasID tells whether an ID of a trace may stand in a text.
func hasID(text string) bool {
	for _, run := range runs(text) {
		if len(run) >= 16 && strings.Trim(run, "0") != "" {
			return true
		}
	}
	return false
}

// fixedWidth tells whether a header has room for IDs of 32 digits alone, by its specification.
func fixedWidth(name string) bool {
	return strings.EqualFold(name, "traceresponse") || strings.EqualFold(name, "traceparent") || strings.EqualFold(name, "Server-Timing")
}

// shown is a header's name as its specification has it, where net/http writes another.
func shown(name string) string {
	for _, ours := range append([]string{"traceresponse"}, traceNames...) {
		if strings.EqualFold(ours, name) {
			return ours
		}
	}
	return name
}

// another tells whether a header of an answer has the ID of another trace. The names of B3 and of
// W3C are the service's own word. Behind another name may be a network's ID: that is only noted.
func (p *probe) another(name, value string) seen {
	s := seen{probe: p, where: inResponse}
	lower := strings.ToLower(name)
	sure := slices.Contains([]string{"b3", "x-b3-traceid", "traceparent", "traceresponse"}, lower) || lower == "server-timing" && strings.Contains(value, "traceparent")
	maybe := strings.Contains(lower, "trace") && !strings.Contains(lower, "span") && !strings.Contains(lower, "state") && !slices.Contains(ownHeaders, name)
	if !sure && !maybe {
		return s
	}
	id, err := timeline.ParseID(value)
	if err != nil {
		return s
	}
	s.kind, s.what = Restarted, fmt.Sprintf("in %s is %v", shown(name), id)
	if !sure {
		s.kind = stranger
	}
	return s
}

// matched is what an ID of a canary's, found somewhere, tells.
func (p *probe) matched(where string, m mention, place string) seen {
	if !sameLow(m.text, p.TraceID) && sameLow(m.text, p.Refused) {
		return seen{probe: p, where: where, kind: Misread, what: fmt.Sprintf("%s is %s, out of a malformed header", place, m.text)}
	}
	kind := Adopted
	if isHexID(m.text) {
		kind = p.width(m.text)
	}
	if kind == Padded && m.wide {
		kind = Adopted
	}
	return seen{probe: p, where: where, kind: kind, what: place + " is " + m.text}
}

func isHexID(text string) bool { return len(text) == 16 || len(text) == 32 }

func sameLow(a, b string) bool {
	x, okA := low(a)
	y, okB := low(b)
	return a != "" && b != "" && okA && okB && x == y
}

// decision tells what has become of a canary's decision.
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
		return []seen{{probe: p, where: where, kind: DebugBelieved, what: "debug is in " + c.name}}
	case p.State == canary.Debug:
		return nil
	case out == p.State:
		return []seen{{probe: p, where: where, kind: obeyed}}
	}
	return []seen{{probe: p, where: where, kind: Resampled, what: fmt.Sprintf("%s came in, and in %s is %s", p.State, c.name, out)}}
}
