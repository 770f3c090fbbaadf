package servicemap

import (
	"fmt"
	"slices"
	"time"

	"example.com/clew/internal/timeline"
)

// machineBreaks returns the services with a machine whose clock is wrong. In some calls from or to
// such a service, the request lies outside of its call, each time by about the same difference.
// The clock of the caller or of the callee may be wrong. The function takes the service where such
// calls are a larger share of all its calls. It leaves out the services in the argument wrong,
// because their clocks are wrong in most calls.
func (t *tally) machineBreaks(wrong []Break) (all []Break) {
	type sums struct{ late, of int64 }
	of := map[uint16]*sums{}
	for k, h := range t.hops {
		for _, service := range []uint16{k.from, k.to} {
			if of[service] == nil {
				of[service] = &sums{}
			}
			of[service].late += h.late.n
			of[service].of += h.late.n + h.fit
		}
	}
	odd := map[uint16]*oddMachine{}
	for _, k := range t.sortedHops() {
		h := t.hops[k]
		if !h.partlyLate() {
			continue
		}
		service, ahead := k.to, -h.late.median()
		if from, to := of[k.from], of[k.to]; from.late*to.of > to.late*from.of {
			service, ahead = k.from, -ahead
		}
		if odd[service] == nil {
			odd[service] = &oddMachine{}
		}
		odd[service].add(h, ahead)
	}
	for service, m := range odd {
		name := t.facts.service(service)
		if !slices.ContainsFunc(wrong, func(b Break) bool { return b.To == name }) {
			all = append(all, m.says(name))
		}
	}
	return all
}

// oddMachine is what calls show about a machine with a wrong clock.
type oddMachine struct {
	of     int64 // calls whose clocks were compared
	most   int64 // the number of late calls that gave the value of ahead
	ahead  time.Duration
	misfit finding
}

func (m *oddMachine) add(h *hopTally, ahead time.Duration) {
	m.of += h.fit + h.late.n
	m.misfit.merge(&h.misfit)
	if h.late.n > m.most {
		m.ahead, m.most = ahead, h.late.n
	}
}

func (m *oddMachine) says(name string) Break {
	side, by := "ahead", m.ahead
	if by < 0 {
		side, by = "behind", -by
	}
	return Break{
		Kind: Clock, To: name, Count: m.misfit.n, Of: m.of, Ahead: milliseconds(float64(m.ahead)), Traces: m.misfit.shown(),
		Says:   fmt.Sprintf("In %s of its calls the clock of %s is %s %s. Probably the clock of one of its machines is wrong.", percent(m.misfit.n, m.of), name, timeline.Short(by), side),
		Remedy: "Let all its machines keep time (NTP, chrony). To find the wrong one, compare the lines of the traces.",
	}
}

// partlyLate reports whether the clocks differ in some of the calls, by about the same time in
// each.
func (h *hopTally) partlyLate() bool {
	const least = 20
	of := h.fit + h.late.n
	if of < least || h.late.n*10 < of || h.late.n > h.fit {
		return false
	}
	low, middle, high := h.late.quarters()
	return high-low <= max(middle, -middle)/5
}

// sortedHops returns the hops in an order that is always the same.
func (t *tally) sortedHops() []hopKey {
	all := make([]hopKey, 0, len(t.hops))
	for k := range t.hops {
		all = append(all, k)
	}
	slices.SortFunc(all, func(a, b hopKey) int { return int(a.from)<<16 + int(a.to) - int(b.from)<<16 - int(b.to) })
	return all
}
