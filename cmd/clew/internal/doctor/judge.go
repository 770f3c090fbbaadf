package doctor

import (
	"slices"

	"example.com/clew/internal/canary"
)

// judge makes findings and a verdict from what was seen of the canaries, which are the test
// requests of clew doctor.
func (c Config) judge(d *Diagnosis, t *Target, probes []*probe) {
	if !slices.ContainsFunc(probes, (*probe).answered) {
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

// look returns everything that was seen of the canaries.
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

// hostileKind returns the kind of a hostile canary's lost trace or decision: Misread if the
// service keeps the traces of usual canaries, else the constant nothing.
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

// constant reports whether all answers have the same ID, and no canary has sent it. Such an ID
// comes from a cache, or is a text that only looks like an ID.
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

// evidence returns the observations that findings are made of. It leaves out the observations that
// only notes mention.
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

// decisionsSeen reports whether the service was seen to keep both a deny and an accept.
func decisionsSeen(all []seen) bool {
	seen := map[string]bool{}
	for _, s := range all {
		seen[s.probe.State] = seen[s.probe.State] || s.kind == obeyed
	}
	return seen[canary.Deny] && seen[canary.Accept]
}

func lost(k Kind) bool { return k == Restarted || k == Dropped }

// kept reports whether the trace goes on, in any form.
func kept(k Kind) bool { return k == Adopted || k == Unchanged || k == Padded || k == Truncated }

func (s seen) kept() bool { return kept(s.kind) }
