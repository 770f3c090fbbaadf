package doctor

import (
	"fmt"
	"slices"
	"strings"
)

// decide sets the verdict, which is the kind of the gravest finding.
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
		d.Verdict, d.Says = Echoed, "The service repeats the headers that it is sent, and nothing shows whether it continues the trace."
	}
	if i := slices.IndexFunc(d.Findings, func(f Finding) bool { return f.Kind == Truncated }); d.Verdict == Truncated && strings.HasPrefix(d.Findings[i].Says, onlyZeros) {
		d.Says = "The service continues the trace, and cuts zeros that others have put in front of its ID."
	}
	if d.Verdict == Dropped {
		d.Says = d.dropped()
	}
	if d.Verdict == Crashed && slices.ContainsFunc(d.Findings, func(f Finding) bool { return strings.HasPrefix(f.Says, crashedUsual) }) {
		d.Says = "A caller's trace breaks the service."
	}
}

// dropped returns a sentence about where the ID is missing. Calls without the ID break the trace.
// Lines without the ID only hide the trace.
func (d *Diagnosis) dropped() string {
	switch {
	case slices.ContainsFunc(d.Findings, func(f Finding) bool { return kept(f.Kind) }):
		return "The trace goes on, but some lines or calls do not have its ID."
	case slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.Kind == Dropped && f.Where == inSentOn }):
		return verdicts[Dropped]
	}
	return "The service's lines have no trace ID. Whether the trace goes on was not seen."
}

// doubt withdraws a good verdict if not all canaries have shown it. The parameter wanted is the
// number of requests to the target. Some of them may not have been sent.
func (d *Diagnosis) doubt(wanted int, probes []*probe) {
	if d.Verdict != Adopted && d.Verdict != Unchanged {
		return
	}
	answered := countOf(probes, (*probe).answered)
	switch {
	case slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.Kind == NotSeen }):
		d.Verdict, d.Says = Unknown, "The trace goes on with some canaries, and nothing was seen of others."
	case answered < wanted:
		d.Verdict, d.Says = Unknown, fmt.Sprintf("The trace goes on as far as it was seen, but only %d of %d requests were answered.", answered, wanted)
	}
}

// shorten replaces a remedy that an earlier finding has, too. A service that does not read the
// caller's trace also lacks it in its calls. So the remedy for the calls only says that the other
// fault comes first. If nothing but the calls shows the fault, and nothing shows that the service
// has read the trace, the remedy for the calls names both possible causes.
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
			f.Remedy = remedies[Restarted] + " If its own lines have the caller's ID, the call is at fault: " + f.Remedy
		}
		for _, before := range d.Findings[:i] {
			if f.Remedy != "" && f.Remedy == before.Remedy {
				f.Remedy = "As above."
			}
		}
	}
}
