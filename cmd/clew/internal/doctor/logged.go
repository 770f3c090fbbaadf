package doctor

import (
	"fmt"
	"slices"
	"strings"

	"example.com/clew/internal/canary"
	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline"
)

// logged is a line about a canary, which is a test request of clew doctor.
type logged struct {
	entry *timeline.Entry
	said  string // the canary's ID as the line spells it; "": there is none

	shows bool // the line shows the request's headers

	// These are read from the line without the request's headers.
	trace timeline.ID // the line's trace ID
	ids   []mention   // the IDs of the canary's trace
}

// inEntry returns what is seen of a canary in a line.
func (p *probe) inEntry(e logged) (all []seen) {
	if p.Mark != "" && strings.Contains(e.entry.Text, p.Mark) {
		all = append(all, p.saw(inLogs, Echoed, place(e.entry)))
	}
	if p.TraceID == "" {
		if refused(e, p) {
			all = append(all, p.saw(inLogs, Misread, fmt.Sprintf("%s is %v, out of a malformed header", place(e.entry), e.trace)))
		}
		return all
	}
	s := p.inLine(e)
	return append(append(all, s), p.lineDecision(e.entry, s.kind)...)
}

// inLine returns what has become of the canary's trace in a line.
func (p *probe) inLine(e logged) seen {
	where := place(e.entry)
	id := e.trace
	want, _ := timeline.ParseID(p.TraceID)
	switch {
	case id == (timeline.ID{}) && e.said != "":
		return p.saw(inLogs, repeated, where+" is "+e.said)
	case id == (timeline.ID{}):
		return p.saw(inLogs, Dropped, where)
	case !id.Same(want):
		what := fmt.Sprintf("%s is %v", where, id)
		if r, ok := e.entry.Record.(*line.Request); ok && sameLow(r.UntrustedTraceID, p.TraceID) {
			what += ", and the caller's ID is noted as not believed"
		}
		return p.saw(inLogs, Restarted, what)
	}
	kind, text := Restarted, ""
	for _, m := range e.ids { // the ID as it was sent takes precedence over a padded one
		if k := p.matched(inLogs, m, "").kind; text == "" || k == Adopted {
			kind, text = k, m.text
		}
	}
	return p.saw(inLogs, kind, where+" is "+text)
}

// lineDecision returns what a line shows about the sampling decision, or nil if it shows nothing.
func (p *probe) lineDecision(e *timeline.Entry, kind Kind) []seen {
	if !kept(kind) {
		return nil
	}
	sampled, says := decisionIn(e)
	switch {
	case p.State == canary.Debug && isDebug(e):
		return []seen{p.saw(inLogs, DebugBelieved, place(e)+" is at the level "+e.Level)}
	case !says:
		return nil
	case p.State == canary.Deny && sampled:
		return []seen{p.saw(inLogs, Resampled, "deny came in, and "+place(e)+" is sampled")}
	case p.State == canary.Accept && !sampled:
		return []seen{p.saw(inLogs, Resampled, "accept came in, and "+place(e)+" is not sampled")}
	case p.State == canary.Deny || p.State == canary.Accept:
		return []seen{p.saw(inLogs, obeyed, "")}
	}
	return nil
}

// decisionIn returns the sampling decision in a line, and whether the line has one. A line that
// clew's middleware writes for a request always has one. Other lines may have a field for it.
func decisionIn(e *timeline.Entry) (sampled, says bool) {
	_, says = e.Record.(*line.Request)
	sampled = e.Sampled
	for _, f := range e.Fields {
		if value := strings.ToLower(f.Value); slices.Contains(decisionFields, f.Key) && slices.Contains(decisionValues, value) {
			says, sampled = true, value != "false" && strings.Trim(value, "0") != ""
		}
	}
	return sampled, says || sampled
}

// The fields in which loggers write a sampling decision, and the values of these fields.
var (
	decisionFields = []string{line.Ours.Key(line.Sampled), "traceSampled", line.GoogleSampled, "trace_flags", "traceFlags"}
	decisionValues = []string{"true", "false", "0", "1", "00", "01"}
)

func refused(e logged, p *probe) bool {
	id, err := timeline.ParseID(p.Refused)
	return p.Refused != "" && err == nil && e.trace == id
}

// place returns a phrase that names the line of an entry.
func place(e *timeline.Entry) string {
	if e.Service != "" {
		return "in a line of " + e.Service
	}
	return fmt.Sprintf("in %s:%d", e.Source, e.Number)
}
