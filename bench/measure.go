package main

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"
)

// settings define how long to measure.
type settings struct {
	rounds int
	target time.Duration // duration of one variant in one round
}

// measure runs a job. Each variant is checked before and after the measurement. During the
// measurement it has a turn in each round, so that a machine that becomes slower or faster affects
// all variants alike.
func measure(j job, s settings) ([]result, error) {
	if !j.parallel {
		// With one processor, the figures include the garbage collector's work. With more
		// processors, the collector runs in parallel, and the variant with the most garbage looks
		// too cheap.
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	}
	works := make([]work, len(j.variants))
	for i, v := range j.variants {
		works[i] = v.setup()
		defer works[i].end()
	}
	if err := j.verify(works); err != nil {
		return nil, err
	}
	results, costs := make([]result, len(works)), make([]rounds, len(works))
	for i, v := range j.variants {
		results[i] = result{Job: j.name, Point: j.point, Variant: v.name, Kind: v.kind,
			n: calibrate(works[i], s.target), parallel: j.parallel}
	}
	for range s.rounds {
		for i, w := range works {
			costs[i].add(once(w, results[i].n))
			if w.latency != nil {
				costs[i].addLatency(w.latency())
			}
		}
	}
	if err := j.verify(works); err != nil {
		return nil, err
	}
	for i := range results {
		costs[i].sum(&results[i])
	}
	compare(results)
	return results, nil
}

// verify checks the work of each variant of the job.
func (j job) verify(works []work) error {
	for i, v := range j.variants {
		if err := works[i].verify(); err != nil {
			return fmt.Errorf("%s: %s does not do the job: %w", j, v.name, err)
		}
	}
	return nil
}

// rounds holds the figures of a variant. Each slice has one figure for each round.
type rounds struct{ ns, cpu, bytes, allocs, p50, p99 []float64 }

func (all *rounds) add(c cost) {
	all.ns, all.cpu = append(all.ns, c.ns), append(all.cpu, c.cpu)
	all.bytes, all.allocs = append(all.bytes, c.bytes), append(all.allocs, c.allocs)
}

func (all *rounds) addLatency(took []time.Duration) {
	slices.Sort(took)
	all.p50 = append(all.p50, float64(took[len(took)/2]))
	all.p99 = append(all.p99, float64(took[len(took)*99/100]))
}

// sum fills in the figures of r, from all rounds.
func (all *rounds) sum(r *result) {
	r.Times, r.P99s = all.ns, all.p99
	r.NS, r.CPU, r.Bytes, r.Allocs = median(all.ns), median(all.cpu), median(all.bytes), median(all.allocs)
	if !r.parallel {
		// As in package testing, rare allocations of the runtime itself do not count.
		r.Bytes, r.Allocs = math.Floor(slices.Min(all.bytes)), math.Floor(slices.Min(all.allocs))
	}
	if all.p50 != nil {
		r.P50, r.P99 = median(all.p50), median(all.p99)
	}
}

// cost is the cost of one operation in one turn.
type cost struct{ ns, cpu, bytes, allocs float64 }

// The function once measures one turn of n operations.
func once(w work, n int) cost {
	var before, after runtime.MemStats
	runtime.GC() // so that no variant collects the garbage of another
	runtime.ReadMemStats(&before)
	used, start := cpu(), time.Now()
	w.op(n)
	took := time.Since(start)
	used = cpu() - used
	runtime.ReadMemStats(&after)
	per := func(total float64) float64 { return total / float64(n) }
	return cost{per(float64(took)), per(float64(used)),
		per(float64(after.TotalAlloc - before.TotalAlloc)), per(float64(after.Mallocs - before.Mallocs))}
}

// calibrate returns the number of operations that take about as long as target.
func calibrate(w work, target time.Duration) int {
	unit := max(w.unit, 1)
	for n := unit; ; {
		start := time.Now()
		w.op(n)
		took := max(time.Since(start), 1)
		want := float64(n) * float64(target) / float64(took)
		rounded := max(int(want)/unit, 1) * unit
		if took >= target/4 || rounded <= n {
			return rounded
		}
		// A short run is not exact, so n grows in steps.
		n = min(rounded, 100*n)
	}
}
