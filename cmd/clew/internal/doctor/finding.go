package doctor

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"example.com/clew/internal/canary"
)

// findings returns what canaries have shown in one place, one finding for each kind. A canary is a
// test request of clew doctor. It is no fault if a service continues the traces of B3 headers, and
// not those of traceparent. So lost traces of traceparent have a finding of their own.
func findings(where string, found []seen, asked []*probe) (list []Finding) {
	b3, w3c := byEncoding(found)
	goesOn := func(s seen) bool { return s.kept() || s.kind == repeated }
	readsB3Alone := slices.ContainsFunc(b3, goesOn) && !slices.ContainsFunc(w3c, seen.kept)
	judged := found
	if readsB3Alone {
		judged = append(b3, slices.DeleteFunc(slices.Clone(w3c), func(s seen) bool { return lost(s.kind) })...)
		asked = slices.DeleteFunc(asked, func(p *probe) bool { return p.Encoding == canary.W3C })
	}
	for _, k := range append([]Kind{Adopted, Unchanged}, gravity...) {
		f, ok := finding(where, k, judged, asked)
		if !ok {
			continue
		}
		if k == Echoed && where == inSentOn && slices.ContainsFunc(list, func(f Finding) bool { return f.Kind == Unchanged }) {
			f.Fault, f.Remedy = false, "" // the service does not read the headers
			f.Says = "It passes malformed headers on unchanged, so the services behind it must withstand them. " + f.Says
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
	if readsB3Alone {
		list = append(list, lostTraceparents(where, w3c)...)
	}
	if f, ok := unseen(where, judged, asked); ok {
		list = append(list, f)
	}
	return list
}

// byEncoding separates what canaries with B3 headers have shown from what canaries with
// traceparent have shown.
func byEncoding(found []seen) (b3, w3c []seen) {
	for _, s := range found {
		if s.probe.Encoding == canary.W3C {
			w3c = append(w3c, s)
		} else {
			b3 = append(b3, s)
		}
	}
	return b3, w3c
}

// lostTraceparents returns the findings about W3C's traces at a service that reads B3 alone.
func lostTraceparents(where string, w3c []seen) (list []Finding) {
	for _, k := range []Kind{Restarted, Dropped} {
		if f, ok := finding(where, k, w3c, nil); ok {
			f.Fault, f.Says, f.Remedy = false, "A trace in traceparent does not go on: the service reads only B3.", remedyW3C
			list = append(list, f)
		}
	}
	return list
}

// finding returns the finding of a kind, and whether any canary shows the kind.
func finding(where string, k Kind, found []seen, asked []*probe) (Finding, bool) {
	t := k.tally(found, asked)
	if len(t.shown) == 0 {
		return Finding{}, false
	}
	f := Finding{
		Kind: k, Where: where, Fault: slices.Contains(gravity, k), Remedy: remedy(k, where), Services: t.services,
		Canary: t.first.probe.Name, Count: len(t.shown), Of: len(t.could), Says: says[k],
	}
	if k == Truncated && t.onlyZeroHigh() {
		f.Says, f.Remedy = onlyZeros, remedyOnlyZeros
	}
	if lost(k) && f.Count < f.Of {
		f.Says += onlyIn(found, t.shown)
	}
	if example := t.first.example(); example != "" {
		f.Says += " " + example
	}
	return f, true
}

// tally holds the canaries that show a kind, and those that could show it.
type tally struct {
	shown, could map[*probe]bool
	first        seen     // of a canary that shows the kind
	services     []string // the services whose lines show the kind
}

func (k Kind) tally(found []seen, asked []*probe) tally {
	t := tally{shown: map[*probe]bool{}, could: map[*probe]bool{}}
	if k == Adopted || k == Unchanged {
		for _, p := range asked {
			t.could[p] = true
		}
	}
	for _, s := range found {
		if k.couldBe(s.probe) {
			t.could[s.probe] = true
		}
		if s.kind != k || s.probe.Hostile && s.kept() {
			continue
		}
		if by := short(s.writer); by != "" && !slices.Contains(t.services, by) {
			t.services = append(t.services, by)
		}
		if len(t.shown) == 0 {
			t.first = s
		}
		t.shown[s.probe], t.could[s.probe] = true, true
	}
	slices.Sort(t.services)
	return t
}

// onlyZeroHigh reports whether only IDs that begin with 16 zeros show the kind.
func (t tally) onlyZeroHigh() bool {
	for p := range t.shown {
		if p.Width != canary.ZeroHigh {
			return false
		}
	}
	return true
}

// couldBe reports whether a canary could show a kind.
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

// example returns a sentence with what a canary has sent, and what was seen of it.
func (s seen) example() string {
	switch {
	case s.what == "":
		return ""
	case s.kind == Resampled || s.kind == DebugBelieved || s.kind == Echoed || s.kind == Mixed || s.kind == Malformed || s.kind == Dropped || s.probe.TraceID == "":
		return "Seen: " + short(s.what) + "."
	}
	return "Sent " + s.probe.TraceID + "; " + short(s.what) + "."
}

// onlyIn returns a sentence that says how the lost traces differ from the kept ones.
func onlyIn(found []seen, shown map[*probe]bool) string {
	var gone, good []*probe
	for _, s := range found {
		if shown[s.probe] {
			gone = append(gone, s.probe)
		} else if kept(s.kind) {
			good = append(good, s.probe)
		}
	}
	return difference(gone, good)
}

func statusText(status int) string {
	return strings.TrimSpace(fmt.Sprintf("%d %s", status, http.StatusText(status)))
}
