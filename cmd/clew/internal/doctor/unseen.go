package doctor

import (
	"slices"
	"strings"
)

// asked returns the canaries that should show something in a place. A canary is a test request of
// clew doctor. A response need not show a trace that is seen elsewhere.
func asked(where string, probes []*probe, all []seen) (list []*probe) {
	here, otherwise := map[*probe]bool{}, map[*probe]bool{}
	for _, s := range at(all, where) {
		here[s.probe] = true
	}
	for _, s := range evidence(all) {
		otherwise[s.probe] = otherwise[s.probe] || s.where != where && s.kind != repeated
	}
	for _, p := range probes {
		switch {
		case p.TraceID == "" || p.Hostile || !p.answered():
		case here[p]:
			list = append(list, p)
		case where == inResponse && otherwise[p], p.redirect && where != inSentOn:
		default:
			list = append(list, p)
		}
	}
	return list
}

// unseen returns the finding about canaries that show nothing in a place where other canaries show
// that the trace goes on.
func unseen(where string, found []seen, asked []*probe) (Finding, bool) {
	f := Finding{Kind: NotSeen, Where: where, Of: len(asked), Says: says[NotSeen], Remedy: remedies[NotSeen]}
	shown := map[*probe]bool{}
	for _, s := range found {
		shown[s.probe] = shown[s.probe] || s.kind != repeated
	}
	gone, good := []*probe{}, []*probe{}
	for _, p := range asked {
		if shown[p] {
			good = append(good, p)
			continue
		}
		gone = append(gone, p)
	}
	if len(gone) == 0 || !slices.ContainsFunc(found, seen.kept) {
		return f, false
	}
	f.Count, f.Canary = len(gone), gone[0].Name
	f.Says += difference(gone, good)
	return f, true
}

// difference returns a sentence that says how the traces of the canaries in gone differ from those
// in good: in the encoding, the width of the ID, or the sampling decision. It returns "" if none
// of the three differs, or if good is empty.
func difference(gone, good []*probe) string {
	for _, by := range []struct {
		in    string
		value func(*probe) string
	}{
		{"in ", func(p *probe) string { return p.Encoding }},
		{"of ", func(p *probe) string { return p.Width }},
		{"with ", func(p *probe) string { return p.State }},
	} {
		var names []string
		for _, p := range gone {
			if name := by.in + by.value(p); by.value(p) != "" && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		both := slices.ContainsFunc(good, func(p *probe) bool { return slices.Contains(names, by.in+by.value(p)) })
		if len(names) > 0 && len(good) > 0 && !both {
			return " This concerns traces " + strings.Join(names, " and ") + "; other traces go on."
		}
	}
	return ""
}
