package servicemap

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"example.com/clew/internal/timeline"
)

// clocks is what the calls between two services show about their clocks.
type clocks struct {
	fit, late int64
	ahead     time.Duration // how far the first clock is ahead of the second
	most      int64         // the number of late calls that gave the value of ahead
	misfit    finding
}

// clockBreaks returns the services with wrong clocks. The clock of the service with most requests
// counts as right. Each other clock is compared with the clock of a neighbour. Two services are
// neighbours if one of them calls the other. If most calls between the two fit, the clocks count
// as equal. Otherwise the calls show how far the clocks are apart.
func (t *tally) clockBreaks() (all []Break) {
	between := map[hopKey]*clocks{}
	next := map[uint16][]uint16{}
	for k, h := range t.hops {
		if h.fit+h.late.n > 0 {
			t.clock(between, next, k, h)
		}
	}
	skew := map[uint16]time.Duration{}
	for _, first := range t.byRequests() {
		if _, done := skew[first]; done || len(next[first]) == 0 {
			continue
		}
		skew[first] = 0
		for queue := []uint16{first}; len(queue) > 0; queue = queue[1:] {
			a := queue[0]
			slices.Sort(next[a])
			for _, z := range next[a] {
				if _, done := skew[z]; done {
					continue
				}
				c, sign := between[hopKey{min(a, z), max(a, z)}], time.Duration(1)
				if a > z {
					sign = -1
				}
				skew[z] = skew[a]
				if c.late > c.fit {
					skew[z] += sign * c.ahead
				}
				queue = append(queue, z)
				if skew[z] != 0 {
					all = append(all, t.clockBreak(z, -skew[z], c))
				}
			}
		}
	}
	return all
}

// clock adds what the calls from one service to another show about their clocks.
func (t *tally) clock(between map[hopKey]*clocks, next map[uint16][]uint16, k hopKey, h *hopTally) {
	pair, ahead := k, h.late.median()
	if k.from > k.to {
		pair, ahead = hopKey{k.to, k.from}, -ahead
	}
	c := between[pair]
	if c == nil {
		c = &clocks{}
		between[pair] = c
		next[pair.from] = append(next[pair.from], pair.to)
		next[pair.to] = append(next[pair.to], pair.from)
	}
	c.fit += h.fit
	c.late += h.late.n
	c.misfit.merge(&h.misfit)
	if h.late.n > c.most || h.late.n == c.most && k == pair {
		c.ahead, c.most = ahead, h.late.n
	}
}

// byRequests returns all services, those with most requests first. If two services have the same
// number, the one with more requests from outside comes first.
func (t *tally) byRequests() []uint16 {
	of, roots := map[uint16]int64{}, map[uint16]int64{}
	for k, n := range t.nodes {
		of[uint16(k>>16)] += n.requests
		roots[uint16(k>>16)] += n.roots
	}
	services := make([]uint16, len(t.facts.services))
	for i := range services {
		services[i] = uint16(i)
	}
	slices.SortStableFunc(services, func(a, b uint16) int { return cmp.Or(cmp.Compare(of[b], of[a]), cmp.Compare(roots[b], roots[a])) })
	return services
}

func (t *tally) clockBreak(service uint16, ahead time.Duration, c *clocks) Break {
	name, side, by := t.facts.service(service), "ahead", ahead
	if ahead < 0 {
		side, by = "behind", -ahead
	}
	seen := c.late
	if seen <= c.fit { // this clock agrees with a neighbour's wrong clock
		seen += c.fit
	}
	return Break{
		Kind: Clock, To: name, Count: seen, Of: c.late + c.fit, Ahead: milliseconds(float64(ahead)), Traces: c.misfit.shown(),
		Says:   fmt.Sprintf("The clock of %s is %s %s.", name, timeline.Short(by), side),
		Remedy: "Let its machine keep time (NTP, chrony). clew timeline corrects times by this difference. Other readers of the lines do not.",
	}
}
