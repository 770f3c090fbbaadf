package doctor

// crashes returns the findings about canaries that break the service: one about canaries with
// well-formed headers, and one about hostile canaries. A canary is a test request of clew doctor.
func crashes(probes []*probe) (list []Finding) {
	for _, hostile := range []bool{false, true} {
		f := Finding{Kind: Crashed, Where: inResponse, Fault: true, Remedy: remedy(Crashed, inResponse), Says: says[Crashed]}
		if !hostile {
			f.Says = crashedUsual
		}
		var gone, good []*probe
		for _, p := range probes {
			if p.Hostile != hostile || len(p.Header) == 0 {
				continue
			}
			if f.Of++; !p.crashed {
				if !p.answer.failed() {
					good = append(good, p)
				}
				continue
			}
			gone = append(gone, p)
		}
		if f.Count = len(gone); f.Count == 0 {
			continue
		}
		f.Canary = gone[0].Name
		if !hostile {
			f.Says += difference(gone, good)
		}
		if a := gone[0].answer; a.err != nil {
			f.Says += " Seen: " + a.err.Error() + "."
		} else {
			f.Says += " Seen: it answered " + statusText(a.status) + "."
		}
		list = append(list, f)
	}
	return list
}

// killed marks the hostile canary after which the service has answered nothing more.
func killed(probes []*probe) {
	for i := len(probes) - 1; i > 0; i-- {
		if p := probes[i]; p.answer.err == nil {
			return
		} else if p.Hostile && !p.answer.late && probes[i-1].answer.err == nil && i < len(probes)-1 {
			p.crashed = true
			return
		}
	}
}
