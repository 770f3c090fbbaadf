package timeline

import (
	"math"
	"slices"
	"time"
)

// A request may begin before its call, or end after it, by up to Tolerance. If the difference is
// larger, a clock counts as wrong. Tolerance is needed because the line of a request is written
// when the answer is already on the way.
const Tolerance = time.Millisecond

// clocks compares the clocks of two services by the calls between them.
type clocks struct {
	fit  int             // calls that enclose their requests
	late []time.Duration // for other calls, the time by which the first service's clock is ahead
}

// ahead returns the time by which the first clock is ahead of the second. It is 0 if at least half
// of the calls fit, else the median of the others.
func (c *clocks) ahead() time.Duration {
	if c.fit >= len(c.late) {
		return 0
	}
	slices.Sort(c.late)
	return c.late[len(c.late)/2]
}

// unskew estimates the skew of each service's clock, and corrects all times. A request that does
// not fit into its call is centred in the call, as in Zipkin and Jaeger. The assumption is that
// the request and the answer take the same time on the network. Zipkin and Jaeger correct each
// request alone. Here, all calls between two services give one correction, so that the lines of a
// service keep their order.
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

// compareClocks returns the time by which the clock of a call is ahead of the clock of its request
// s; zero: s fits into the call. The result is false if s answers no call of another service. It
// is also false for a failed call, because the call may have ended before its request began.
func compareClocks(s *Span) (ahead time.Duration, ok bool) {
	c := s.Parent
	if s.Kind != Server || c == nil || c.Kind != Client || c.Service == s.Service || c.Error != "" || s.Start.IsZero() || c.Start.IsZero() {
		return 0, false
	}
	return ClockAhead(c.Start.Sub(s.Start), c.End().Sub(s.End()), s.Report.Precision+c.Report.Precision), true
}

// ClockAhead returns the time by which the clock of a call is ahead of the clock of its request;
// zero: the request fits into the call. The parameter lateStart is the start of the call minus the
// start of the request. The parameter lateEnd is the end of the call minus the end of the request.
// Both may be wrong by as much as the parameter inexact. A request that does not fit is centred in
// the call, as in Zipkin and Jaeger.
func ClockAhead(lateStart, lateEnd, inexact time.Duration) time.Duration {
	inexact += Tolerance
	switch {
	case lateStart <= inexact && lateEnd >= -inexact:
		return 0
	case lateStart <= lateEnd:
		return lateStart/2 + lateEnd/2
	case lateStart > inexact: // the request took longer than its call, but cannot begin before it
		return lateStart
	}
	return 0
}

// spread finds the skew of each service from the skew of its neighbours. It begins with the
// service of the root with the most spans.
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

// ahead returns the time by which the clock of a is ahead of the clock of z.
func ahead(between map[[2]string]*clocks, a, z string) time.Duration {
	if a < z {
		return between[[2]string{a, z}].ahead()
	}
	return -between[[2]string{z, a}].ahead()
}

// first returns all services. The first one is the service of the root with the most spans. Its
// clock counts as right. The others follow in the order of the tree. The clock of such a service
// counts as right only if no calls connect the service with an earlier one.
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

// shift corrects the times.
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

// add adds durations. A sum that overflows becomes the largest or the smallest duration.
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
