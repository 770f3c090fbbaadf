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

// took compares durations, and reports whether there are enough of them.
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
	case len(slower) > 0 && len(faster) > 0: // only what is slower is reported
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

// told reports whether enough durations are above a quantile, so that it can be compared.
func (q quantile) told(of *Quantiles) bool {
	return float64(of.Count)*(1-q.p) >= leastTail
}

// badPart returns the share of a run that a bad minute takes, from 0 to 1. For a run without times
// it returns 0.
func badPart(r Run) float64 {
	long := r.Until.Sub(r.From)
	if r.From.IsZero() || long <= 0 {
		return 0
	}
	return min(float64(badMinute)/float64(max(long, time.Second)), 1)
}

// slower reports whether a quantile is greater in the later run, even without the slowest calls of
// that run. The parameter bad is the share of calls that are left out.
func (q quantile) slower(before, after *Quantiles, bad float64) bool {
	if bad > q.mostBad() {
		return false
	}
	b, a := q.of(before), q.of(after)
	was, least := positive(b.Is), after.without(q, bad)
	return least >= was*leastShare && least-was >= leastTook && widened(least, a.Low/positive(a.Is)) > widened(was, b.High/was)
}

// mostBad returns the largest share of a run that a bad minute may take. If it takes more, the
// quantile is not compared. For p95 and p99, the limit is half of the share of calls above the
// quantile. With a larger share, the quantile could fall among the calls of the bad minute, and
// would show nothing about the other minutes. For p50, the limit is less than half of the calls,
// so that p50 falls among the calls of the other minutes. A bad minute raises p50, too. But a
// bad minute also makes p95 rise further above p50. [Quantiles.without] lowers p50 in proportion
// to that distance.
func (q quantile) mostBad() float64 {
	if q.p == quantiles[0].p {
		return 0.4
	}
	return (1 - q.p) / 2
}

// widened returns one end of a value's interval, after making the interval wider. The parameter
// factor is the original end, divided by the value. The function raises factor to the power of the
// constant clusters, because calls come in clusters and are not independent.
func widened(value, factor float64) float64 {
	return value * math.Pow(max(factor, 0), clusters)
}

// positive returns ms, or a tiny duration if ms is not above 0, because only a duration above 0
// has a logarithm.
func positive(ms float64) float64 { return max(ms, 1e-9) }

// without estimates a quantile of the durations that remain if the longest ones are left out. The
// parameter part is the share that is left out. The estimate assumes that the logarithm of a
// duration is normally distributed between the known quantiles.
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

// fromTo returns a text that shows how durations have changed.
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
