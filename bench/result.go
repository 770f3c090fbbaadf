package main

import "slices"

// result is the cost of one operation of a variant.
type result struct {
	Job     string    `json:"job"`
	Point   string    `json:"point,omitempty"`
	Variant string    `json:"variant"`
	Kind    kind      `json:"kind"`
	Times   []float64 `json:"round_ns"`
	P99s    []float64 `json:"round_p99_ns,omitempty"`
	NS      float64   `json:"ns"` // a median, like all figures below
	Bytes   float64   `json:"bytes"`
	Allocs  float64   `json:"allocs"` // exact in jobs with one goroutine

	CPU          float64 `json:"cpu_ns,omitempty"` // on all processors, garbage collection included
	P50          float64 `json:"p50_ns,omitempty"`
	P99          float64 `json:"p99_ns,omitempty"`
	P99ToBase    float64 `json:"p99_to_baseline,omitempty"` // the median of the rounds' ratios
	Instructions float64 `json:"instructions,omitempty"`    // user instructions, 0 if not counted
	ToFloor      float64 `json:"to_floor,omitempty"`
	ToBaseline   float64 `json:"to_baseline,omitempty"`

	n        int // operations in each round
	parallel bool
}

// spread is the distance between the fastest and the slowest round, as a share of the median.
func (r result) spread() float64 {
	return (slices.Max(r.Times) - slices.Min(r.Times)) / r.NS
}

// compare sets the ratios in all results of a job.
func compare(results []result) {
	for i := range results {
		r := &results[i]
		r.ToFloor = r.ratioTo(results, floor, result.ns)
		r.ToBaseline = r.ratioTo(results, baseline, result.ns)
		if p99s := r.p99Ratios(results); p99s != nil {
			r.P99ToBase = median(p99s)
		}
	}
}

// p99Ratios divides r's p99 by that of the first baseline, round by round. A disturbance in a
// round slows both, so their ratio is more stable.
func (r result) p99Ratios(all []result) (ratios []float64) {
	i := slices.IndexFunc(all, func(other result) bool { return other.Kind == baseline })
	if i < 0 {
		return nil
	}
	for round, p99 := range r.P99s {
		ratios = append(ratios, p99/all[i].P99s[round])
	}
	return ratios
}

func (r result) ns() float64           { return r.NS }
func (r result) instructions() float64 { return r.Instructions }

// ratioTo divides a figure of r by the same figure of the first result of kind k. It returns 0 if
// there is none.
func (r result) ratioTo(all []result, k kind, figure func(result) float64) float64 {
	for _, other := range all {
		if other.Kind == k {
			return figure(r) / figure(other)
		}
	}
	return 0
}

func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	if len(s)%2 == 1 {
		return s[len(s)/2]
	}
	return (s[len(s)/2-1] + s[len(s)/2]) / 2
}
