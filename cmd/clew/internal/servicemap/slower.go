package servicemap

import (
	"math"
	"time"
)

// quantile is a quantile that is compared.
type quantile struct {
	name string
	p    float64
	of   func(*Quantiles) Value
}

var quantiles = [...]quantile{
	{"p50", 0.50, func(q *Quantiles) Value { return q.P50 }},
	{"p95", 0.95, func(q *Quantiles) Value { return q.P95 }},
	{"p99", 0.99, func(q *Quantiles) Value { return q.P99 }},
}

// took compares durations, and tells whether there are enough of them.
func (c *comparer) took(change Change, before, after Quantiles) (known bool) {
	var slower, faster, doubtful []Measure
	for _, q := range quantiles {
		if !q.told(&before) || !q.told(&after) {
			continue
		}
		known = true
		m := Measure{q.name, q.of(&before).Is, q.of(&after).Is}
		switch {
		case q.slower(&before, &after, badPart(c.After)):
			slower = append(slower, m)
		case q.slower(&after, &before, badPart(c.Before)):
			faster = append(faster, m)
		case q.slower(&before, &after, 0):
			doubtful = append(doubtful, m)
		}
	}
	switch {
	case len(slower) > 0 && len(faster) > 0: // the distribution has changed; people feel what is slower
		faster = nil
	case len(slower) == 0 && len(faster) == 0 && len(doubtful) > 0:
		change.Kind, change.Measures, change.Says = Slower, doubtful, fromTo(doubtful)
		c.Doubts = append(c.Doubts, change)
	}
	if len(slower) > 0 {
		change.Kind, change.Measures, change.Says = Slower, slower, fromTo(slower)
		c.add(change)
	}
	if len(faster) > 0 {
		change.Kind, change.Measures, change.Says = Faster, faster, fromTo(faster)
		c.add(change)
	}
	return known
}

// told tells whether enough durations are above a quantile.
func (q quantile) told(of *Quantiles) bool {
	return float64(of.Count)*(1-q.p) >= leastTail
}

// badPart returns how large a part of a run a bad minute is, from 0 to 1. For a run without times
// it returns 0.
func badPart(r Run) float64 {
	long := r.Until.Sub(r.From)
	if r.From.IsZero() || long <= 0 {
		return 0
	}
	return min(float64(badMinute)/float64(max(long, time.Second)), 1)
}

// slower tells whether a quantile is greater in the later run, even without the slowest calls of
// that run. Bad is the part of the calls that is left out.
func (q quantile) slower(before, after *Quantiles, bad float64) bool {
	if bad > q.mostBad() {
		return false
	}
	b, a := q.of(before), q.of(after)
	was, least := positive(b.Is), after.without(q, bad)
	return least >= was*leastShare && least-was >= leastTook && widened(least, a.Low/positive(a.Is)) > widened(was, b.High/was)
}

// mostBad returns how large a part of a run a bad minute may be, for a quantile to be compared.
// For p95 and p99 it is half of the part above them. Otherwise the quantile may lie in the bad
// minute, where the distribution of the other calls is not known. For p50 it is less than half,
// with some to spare, so that p50 lies in the other minutes. A bad minute raises that p50 too, but
// also the distance to p95, by which p50 is corrected.
func (q quantile) mostBad() float64 {
	if q.p == quantiles[0].p {
		return 0.4
	}
	return (1 - q.p) / 2
}

// widened multiplies a value by the factor to the end of its interval. The power of clusters makes
// the interval wider.
func widened(value, factor float64) float64 {
	return value * math.Pow(max(factor, 0), clusters)
}

// positive returns a duration that has a logarithm.
func positive(ms float64) float64 { return max(ms, 1e-9) }

// without returns a quantile of the durations after a part of them, the longest, is left out. It
// assumes that between the known quantiles the logarithm of a duration is normally distributed.
func (of *Quantiles) without(q quantile, part float64) float64 {
	if part <= 0 {
		return positive(q.of(of).Is)
	}
	rank := normal(q.p * (1 - part))
	lower, upper := quantiles[0], quantiles[1]
	if q.p == quantiles[2].p && rank > normal(upper.p) {
		lower, upper = upper, quantiles[2]
	}
	low, high := math.Log(positive(lower.of(of).Is)), math.Log(positive(upper.of(of).Is))
	slope := (high - low) / (normal(upper.p) - normal(lower.p))
	return math.Exp(low + slope*(rank-normal(lower.p)))
}

// normal returns a quantile of the normal distribution.
func normal(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

// fromTo writes how durations have changed.
func fromTo(measures []Measure) string {
	text := ""
	for i, m := range measures {
		if i > 0 {
			text += ", "
		}
		text += m.Name + " " + took(m.Before) + " → " + took(m.After)
	}
	return text
}
