package doctor

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"example.com/clew/internal/canary"
)

// judge makes findings and a verdict of what was seen.
func (c Config) judge(d *Diagnosis, t *Target, probes []*probe) {
	answered := slices.ContainsFunc(probes, func(p *probe) bool { return p.answer.err == nil })
	if !answered {
		d.unreachable("it was interrupted before there was an answer")
		if len(probes) > 0 {
			d.Says = probes[0].answer.err.Error()
		}
		return
	}
	all := c.look(probes)
	for _, where := range []string{inResponse, inLogs, inSentOn} {
		if found := evidence(at(all, where)); len(found) > 0 {
			d.Evidence = append(d.Evidence, where)
			d.Findings = append(d.Findings, findings(where, found, asked(where, probes, all))...)
		}
	}
	d.Findings = append(d.Findings, crashes(probes)...)
	d.Notes = c.notes(probes, all)
	d.decide()
	d.doubt(c.Requests(), probes)
	d.shorten()
	if d.Verdict == Adopted && !decisionsSeen(all) {
		d.Says = decisionUnseen
	}
	if d.Evidence == nil {
		d.Evidence = []string{}
	}
	if d.Findings == nil {
		d.Findings = []Finding{}
	}
}

// look collects everything that was seen of the canaries.
func (c Config) look(probes []*probe) (all []seen) {
	var calls map[*probe][]arrival
	if c.Listen != nil {
		calls = c.Listen.calls(probes)
	}
	for _, p := range probes {
		all = append(all, p.inAnswer(probes[0])...)
		if c.Log != nil {
			all = append(all, c.Log.inLog(p)...)
		}
		all = append(all, p.inCalls(calls[p])...)
	}
	if c.Log != nil {
		all = append(all, c.Log.unrelated(probes)...)
	}
	usual := slices.DeleteFunc(slices.Clone(all), func(s seen) bool { return s.probe.Hostile })
	for i := range all {
		s := &all[i]
		switch {
		case !s.probe.Hostile:
			if s.kind == Restarted && s.where == inResponse && constant(usual) {
				s.kind = same
			}
		case lost(s.kind) || s.kind == Resampled:
			s.kind = hostileKind(s, usual)
		}
	}
	return slices.DeleteFunc(all, func(s seen) bool { return s.kind == nothing })
}

// hostileKind is what it means that a hostile canary's trace or decision is lost: it was misread,
// if those of usual ones are not lost as well.
func hostileKind(s *seen, usual []seen) Kind {
	goesOn := false
	for _, u := range usual {
		if u.where != s.where {
			continue
		}
		if s.kind == Resampled && u.kind == Resampled {
			return nothing
		}
		goesOn = goesOn || kept(u.kind)
	}
	if goesOn {
		return Misread
	}
	return nothing
}

// constant tells whether all answers have one and the same ID, of no canary: a cache's, or a text
// that only looks like an ID.
func constant(usual []seen) bool {
	what, n := "", 0
	for _, s := range usual {
		if s.where != inResponse || s.kind == stranger {
			continue
		}
		if s.kind != Restarted {
			return false
		}
		if n++; what != "" && s.what != what {
			return false
		}
		what = s.what
	}
	return n > 1
}

// evidence is what findings are made of, without what is only noted.
func evidence(all []seen) (found []seen) {
	for _, s := range all {
		if s.kind == repeated || kept(s.kind) || slices.Contains(gravity, s.kind) {
			found = append(found, s)
		}
	}
	return found
}

func at(all []seen, where string) (found []seen) {
	for _, s := range all {
		if s.where == where {
			found = append(found, s)
		}
	}
	return found
}

// decisionsSeen tells whether a deny and an accept were seen to be kept.
func decisionsSeen(all []seen) bool {
	seen := map[string]bool{}
	for _, s := range all {
		seen[s.probe.State] = seen[s.probe.State] || s.kind == obeyed
	}
	return seen[canary.Deny] && seen[canary.Accept]
}

func lost(k Kind) bool { return k == Restarted || k == Dropped }

// kept tells whether the trace goes on, in whatever form.
func kept(k Kind) bool { return k == Adopted || k == Unchanged || k == Padded || k == Truncated }

// findings are what was seen in one place, a kind at a time. A service that goes on with traces in
// B3 and not with W3C's has no fault: that is said apart.
func findings(where string, found []seen, asked []*probe) (list []Finding) {
	isW3C := func(s seen) bool { return s.probe.Encoding == canary.W3C }
	var b3, w3c []seen
	for _, s := range found {
		if isW3C(s) {
			w3c = append(w3c, s)
		} else {
			b3 = append(b3, s)
		}
	}
	all := found
	goesOn := func(s seen) bool { return s.kept() || s.kind == repeated }
	apart := slices.ContainsFunc(b3, goesOn) && !slices.ContainsFunc(w3c, seen.kept)
	if apart {
		all = append(b3, slices.DeleteFunc(slices.Clone(w3c), func(s seen) bool { return lost(s.kind) })...)
		asked = slices.DeleteFunc(asked, func(p *probe) bool { return p.Encoding == canary.W3C })
	}
	for _, k := range append([]Kind{Adopted, Unchanged}, gravity...) {
		f, ok := finding(where, k, all, asked)
		if !ok {
			continue
		}
		if k == Echoed && where == inSentOn && slices.ContainsFunc(list, func(f Finding) bool { return f.Kind == Unchanged }) {
			f.Fault, f.Remedy = false, "" // it reads nothing
			f.Says = "Services behind it get malformed headers as they come, and have to withstand them. " + f.Says
		}
		list = append(list, f)
	}
	if f, ok := finding(where, repeated, found, nil); ok {
		f.Kind = Echoed
		if where == inLogs {
			f.Says = strings.Replace(f.Says, says[repeated], repeatedInLines, 1)
		}
		list = append(list, f)
	}
	for _, k := range []Kind{Restarted, Dropped} {
		if f, ok := finding(where, k, w3c, nil); ok && apart {
			f.Fault, f.Says, f.Remedy = false, "A trace in traceparent does not go on: the service reads B3 alone.", remedyW3C
			list = append(list, f)
		}
	}
	if f, ok := unseen(where, all, asked); ok {
		list = append(list, f)
	}
	return list
}

func (s seen) kept() bool { return kept(s.kind) }

// finding counts the canaries of which something was seen.
func finding(where string, k Kind, found []seen, asked []*probe) (Finding, bool) {
	f := Finding{Kind: k, Where: where, Fault: slices.Contains(gravity, k), Remedy: remedy(k, where)}
	counted, could := map[*probe]bool{}, map[*probe]bool{}
	what := ""
	if k == Adopted || k == Unchanged {
		for _, p := range asked {
			could[p] = true
		}
	}
	for _, s := range found {
		if k.couldBe(s.probe) {
			could[s.probe] = true
		}
		if s.kind != k || s.probe.Hostile && s.kept() {
			continue
		}
		if by := short(s.writer); by != "" && !slices.Contains(f.Services, by) {
			f.Services = append(f.Services, by)
		}
		if counted[s.probe] {
			continue
		}
		counted[s.probe], could[s.probe] = true, true
		if f.Canary == "" {
			f.Canary, what = s.probe.Name, s.example()
		}
	}
	slices.Sort(f.Services)
	f.Count, f.Of = len(counted), len(could)
	f.Says = says[k]
	if k == Truncated && !slices.ContainsFunc(slices.Collect(maps.Keys(counted)), func(p *probe) bool { return p.Width != canary.ZeroHigh }) {
		f.Says, f.Remedy = onlyZeros, remedyOnlyZeros
	}
	if lost(k) && f.Count < f.Of {
		f.Says += onlyIn(found, counted)
	}
	if what != "" {
		f.Says += " " + what
	}
	return f, f.Count > 0
}

// example says what came in and what came of it.
func (s seen) example() string {
	switch {
	case s.what == "":
		return ""
	case s.kind == Resampled || s.kind == DebugBelieved || s.kind == Echoed || s.kind == Mixed || s.kind == Malformed || s.kind == Dropped || s.probe.TraceID == "":
		return "Seen: " + short(s.what) + "."
	}
	return "Sent " + s.probe.TraceID + "; " + short(s.what) + "."
}

// couldBe tells whether a canary could show something.
func (k Kind) couldBe(p *probe) bool {
	switch k {
	case Padded:
		return len(p.TraceID) == 16
	case Truncated:
		return len(p.TraceID) == 32
	case Resampled:
		return p.State == canary.Deny || p.State == canary.Accept
	case DebugBelieved:
		return p.State == canary.Debug
	case Leaked:
		return p.redirect
	case Misread:
		return p.Hostile
	case Echoed:
		return p.Mark != ""
	}
	return p.TraceID != "" && !p.Hostile
}

// onlyIn says which traces are lost, where others are kept.
func onlyIn(found []seen, counted map[*probe]bool) string {
	var gone, good []*probe
	for _, s := range found {
		if counted[s.probe] {
			gone = append(gone, s.probe)
		} else if kept(s.kind) {
			good = append(good, s.probe)
		}
	}
	return difference("So it is", gone, good)
}

func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}

// decide takes the verdict from the findings.
func (d *Diagnosis) decide() {
	d.Verdict = Unknown
	for _, k := range append(slices.Clone(gravity), Unchanged, Adopted) {
		i := slices.IndexFunc(d.Findings, func(f Finding) bool { return f.Kind == k && (f.Fault || k == Unchanged || k == Adopted) })
		if i >= 0 {
			d.Verdict = k
			break
		}
	}
	d.Says = verdicts[d.Verdict]
	if d.Verdict == Unknown && slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.Kind == Echoed }) {
		d.Verdict, d.Says = Echoed, "The service repeats the headers that it is sent, and nothing tells whether it goes on with the trace."
	}
	if i := slices.IndexFunc(d.Findings, func(f Finding) bool { return f.Kind == Truncated }); d.Verdict == Truncated && strings.HasPrefix(d.Findings[i].Says, onlyZeros) {
		d.Says = "The service goes on with the trace, and cuts zeros that others have put in front of its ID."
	}
	if d.Verdict == Dropped {
		d.Says = d.dropped()
	}
	if d.Verdict == Crashed && slices.ContainsFunc(d.Findings, func(f Finding) bool { return strings.HasPrefix(f.Says, crashedUsual) }) {
		d.Says = "A caller's trace breaks the service."
	}
}

// dropped says where the ID is missing: calls without it break the trace, lines only hide it.
func (d *Diagnosis) dropped() string {
	switch {
	case slices.ContainsFunc(d.Findings, func(f Finding) bool { return kept(f.Kind) }):
		return "The trace goes on, but some lines or calls do not have its ID."
	case slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.Kind == Dropped && f.Where == inSentOn }):
		return verdicts[Dropped]
	}
	return "The service's lines have no trace ID. Whether the trace goes on was not seen."
}

// doubt takes back a good verdict if not all canaries have shown it.
func (d *Diagnosis) doubt(wanted int, probes []*probe) {
	if d.Verdict != Adopted && d.Verdict != Unchanged {
		return
	}
	answered := countOf(probes, func(p *probe) bool { return p.answer.err == nil })
	switch {
	case slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.Kind == NotSeen }):
		d.Verdict, d.Says = Unknown, "The trace goes on with some canaries, and nothing was seen of others."
	case answered < wanted:
		d.Verdict, d.Says = Unknown, fmt.Sprintf("The trace goes on as far as it was seen, but of %d requests only %d were answered.", wanted, answered)
	}
}

// shorten leaves out remedies that stand above. What goes wrong on the way in is wrong further on;
// where only calls are seen, it may be either.
func (d *Diagnosis) shorten() {
	wayIn, seenIn := false, false
	for i := range d.Findings {
		f := &d.Findings[i]
		switch {
		case f.Where != inSentOn:
			wayIn = wayIn || f.Kind == Restarted && f.Fault
			seenIn = seenIn || kept(f.Kind)
		case f.Kind != Restarted || !f.Fault:
		case wayIn:
			f.Remedy = "Mend the way in first, as above."
		case !seenIn:
			f.Remedy = remedies[Restarted] + " If its own lines have the caller's ID, it is the call: " + f.Remedy
		}
		for _, before := range d.Findings[:i] {
			if f.Remedy != "" && f.Remedy == before.Remedy {
				f.Remedy = "As above."
			}
		}
	}
}
