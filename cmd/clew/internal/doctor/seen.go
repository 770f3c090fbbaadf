package doctor

import (
	"fmt"
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
	var other *seen
	found := false
	for _, name := range sortedNames(p.answer.header) {
		for _, value := range p.answer.header[name] {
			for _, m := range k.find(value) {
				found = true
				m.wide = m.wide || fixedWidth(name)
				s := p.matched(inResponse, m, "in "+shown(name))
				if p.repeated(name, value, none) {
					s.kind = repeated
				}
				all = append(all, s)
			}
			if p.Mark != "" && strings.Contains(value, p.Mark) {
				all = append(all, seen{probe: p, where: inResponse, kind: Echoed, what: "in " + shown(name)})
			}
			if s := p.another(name, value); s != nil && other == nil {
				other = s
			}
		}
	}
	if !found && other != nil {
		all = append(all, *other)
	}
	return all
}

// cached tells whether an answer is that to an older request.
func (p *probe) cached() bool {
	age := p.answer.header.Get("Age")
	return age != "" && age != "0"
}

// repeated tells whether a header of an answer is only what the canary has sent, letter for
// letter: the canary without headers gets none, where a tracer writes the ID of a new trace.
func (p *probe) repeated(name, value string, none *probe) bool {
	if none.answer.err != nil || none.answer.status != p.answer.status || len(none.answer.header[name]) > 0 {
		return false
	}
	for _, sent := range p.Header {
		if slices.Contains(sent, value) {
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
	for _, ours := range traceNames {
		if strings.EqualFold(ours, name) {
			return ours
		}
	}
	return name
}

// another tells whether a header of an answer has the ID of another trace.
func (p *probe) another(name, value string) *seen {
	lower := strings.ToLower(name)
	isTrace := strings.Contains(lower, "trace") || lower == "b3"
	if !isTrace || strings.Contains(lower, "span") || strings.Contains(lower, "state") || slices.Contains(ownHeaders, name) || p.TraceID == "" {
		return nil
	}
	id, err := timeline.ParseID(value)
	if err != nil {
		return nil
	}
	return &seen{probe: p, where: inResponse, kind: Restarted, what: fmt.Sprintf("in %s is %v", shown(name), id)}
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

// decision tells what has become of a canary's decision, where another state is seen.
func (p *probe) decision(where string, c carried) *seen {
	if p.State != canary.Deny && p.State != canary.Accept && p.State != canary.Debug {
		return nil
	}
	out := c.state
	if !c.decided {
		out = "no decision"
	}
	switch {
	case p.State == canary.Debug && c.decided && c.state == canary.Debug:
		return &seen{probe: p, where: where, kind: DebugBelieved, what: "debug is in " + c.name}
	case p.State == canary.Debug || out == p.State:
		return nil
	}
	return &seen{probe: p, where: where, kind: Resampled, what: fmt.Sprintf("%s came in, and in %s is %s", p.State, c.name, out)}
}
