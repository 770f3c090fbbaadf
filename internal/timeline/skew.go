package timeline

import (
	"math"
	"slices"
	"time"
)

// Tolerance is how much a request may stand out of the call that it answers before a clock is
// taken to be wrong: its line is written when its answer is on the way already.
const Tolerance = time.Millisecond

// clocks is what the calls between two services say about their clocks.
type clocks struct {
	fit  int             // calls that their requests fit into
	late []time.Duration // of the others: how much the first service's clock is ahead of the second's
}

// ahead returns how much the first clock is ahead of the second: nothing, if that explains most
// calls, else the median.
func (c *clocks) ahead() time.Duration {
	if c.fit >= len(c.late) {
		return 0
	}
	slices.Sort(c.late)
	return c.late[len(c.late)/2]
}

// unskew estimates how wrong the clocks of services are, and puts the times right by it. A request
// that does not fit into its call is centred in it, as Zipkin and Jaeger do it: the way there is
// taken to be as long as the way back. They do it for each request alone. Here all calls between
// two services are asked together, so that the lines of a service keep their order.
func (b *builder) unskew() {
	between := map[[2]string]*clocks{}
	next := map[string][]string{}
	for _, s := range b.tree.Spans {
		ahead, ok := compareClocks(s)
		if !ok {
			continue
		}
		pair, sign := [2]string{s.Parent.Service, s.Service}, time.Duration(1)
		if pair[0] > pair[1] {
			pair, sign = [2]string{pair[1], pair[0]}, -1
		}
		c := between[pair]
		if c == nil {
			c = &clocks{}
			between[pair] = c
			next[pair[0]] = append(next[pair[0]], pair[1])
			next[pair[1]] = append(next[pair[1]], pair[0])
		}
		if ahead == 0 {
			c.fit++
		} else {
			c.late = append(c.late, sign*ahead)
		}
	}
	if len(between) > 0 {
		b.spread(between, next)
		b.shift()
	}
}

// compareClocks returns how much the clock of a call is ahead of the clock of the request s that
// answers it; zero: s fits into the call. It is false where s is no such request. A call that
// failed says nothing: it may have ended before its request began.
func compareClocks(s *Span) (ahead time.Duration, ok bool) {
	c := s.Parent
	if s.Kind != Server || c == nil || c.Kind != Client || c.Service == s.Service || c.Error != "" || s.Start.IsZero() || c.Start.IsZero() {
		return 0, false
	}
	return ClockAhead(c.Start.Sub(s.Start), c.End().Sub(s.End()), s.Report.Precision+c.Report.Precision), true
}

// ClockAhead returns how much the clock of a call is ahead of that of the request which answered it,
// from how much later than the request the call began, and ended; zero: the request fits into the
// call. Inexact is how far their times may be wrong. A request that does not fit is centred in the
// call, as Zipkin and Jaeger do it.
func ClockAhead(begins, ends, inexact time.Duration) time.Duration {
	inexact += Tolerance
	switch {
	case begins <= inexact && ends >= -inexact:
		return 0
	case begins <= ends:
		return begins/2 + ends/2
	case begins > inexact: // it took longer than the call, and can at least not begin before it
		return begins
	}
	return 0
}

// spread finds the skew of each service from those of its neighbours, beginning with the service
// of the root with most spans.
func (b *builder) spread(between map[[2]string]*clocks, next map[string][]string) {
	b.skew = map[string]time.Duration{}
	for _, first := range b.first() {
		if _, done := b.skew[first]; done {
			continue
		}
		b.skew[first] = 0
		for queue := []string{first}; len(queue) > 0; queue = queue[1:] {
			a := queue[0]
			for _, z := range next[a] {
				if _, done := b.skew[z]; done {
					continue
				}
				b.skew[z] = add(b.skew[a], ahead(between, a, z))
				queue = append(queue, z)
			}
		}
	}
}

// ahead returns how much the clock of a is ahead of that of z.
func ahead(between map[[2]string]*clocks, a, z string) time.Duration {
	if a < z {
		return between[[2]string{a, z}].ahead()
	}
	return -between[[2]string{z, a}].ahead()
}

// first returns the services whose clocks others are measured by, the best one first: that of the
// root with most spans, then all in the order of the tree.
func (b *builder) first() []string {
	size := make([]int, len(b.spans))
	var best *Span
	for _, s := range slices.Backward(b.tree.Spans) {
		size[s.number]++
		if s.Parent != nil {
			size[s.Parent.number] += size[s.number]
		} else if best == nil || size[s.number] >= size[best.number] {
			best = s
		}
	}
	services := []string{best.Service}
	for _, s := range b.tree.Spans {
		services = append(services, s.Service)
	}
	return services
}

// shift puts times right.
func (b *builder) shift() {
	for _, s := range b.spans {
		if !s.Start.IsZero() {
			s.Start = s.Start.Add(b.skew[s.Service])
		}
	}
	for _, l := range b.tree.Entries {
		if !l.At.IsZero() {
			l.At = l.At.Add(b.skew[l.Service])
		}
	}
}

// add adds durations without running over.
func add(a, b time.Duration) time.Duration {
	switch sum := a + b; {
	case a > 0 && b > 0 && sum < 0:
		return math.MaxInt64
	case a < 0 && b < 0 && sum >= 0:
		return math.MinInt64 + 1
	default:
		return sum
	}
}
