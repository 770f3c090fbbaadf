package main

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"
)

// kind is what a variant is in its job.
type kind string

const (
	baseline kind = "baseline" // the same without any tracing
	floor    kind = "floor"    // the least that hand-written code can do for the job
	ours     kind = "clew"
	peer     kind = "peer" // somebody else's
)

// job is one thing to be done, and who does it. The first baseline and the first floor are what
// the others are compared with.
type job struct {
	name      string
	point     string // of a curve: jobs of one name, one point each
	parallel  bool   // uses more than one goroutine
	uncounted bool   // its instructions say nothing: it is about waiting
	variants  []variant
}

func (j job) String() string {
	if j.point == "" {
		return j.name
	}
	return j.name + ": " + j.point
}

// variant is one way to do a job.
type variant struct {
	name  string
	kind  kind
	setup func() work
}

// work is a variant ready to run.
type work struct {
	op    func(n int)  // does the job n times
	check func() error // does it at least once, by op, and looks at what came of it
	close func()       // nil: nothing to close

	unit    int                    // n is a multiple of it; 0: 1
	latency func() []time.Duration // of the last op, where each counts
}

func (w work) end() {
	if w.close != nil {
		w.close()
	}
}

// verify is check, and a panic of it is an error too: a wrong variant may not get far.
func (w work) verify() (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return w.check()
}

// result is what a variant cost, a figure a round, of one operation.
type result struct {
	Job     string    `json:"job"`
	Point   string    `json:"point,omitempty"`
	Variant string    `json:"variant"`
	Kind    kind      `json:"kind"`
	Times   []float64 `json:"round_ns"`
	P99s    []float64 `json:"round_p99_ns,omitempty"`
	NS      float64   `json:"ns"` // the median, as all that follow
	Bytes   float64   `json:"bytes"`
	Allocs  float64   `json:"allocs"` // exact in jobs of one goroutine

	CPU          float64 `json:"cpu_ns,omitempty"` // of all processors, the garbage collector's too
	P50          float64 `json:"p50_ns,omitempty"`
	P99          float64 `json:"p99_ns,omitempty"`
	P99ToBase    float64 `json:"p99_to_baseline,omitempty"` // the median of the ratios of the rounds
	Instructions float64 `json:"instructions,omitempty"`    // user instructions, 0 where they cannot be counted
	ToFloor      float64 `json:"to_floor,omitempty"`
	ToBaseline   float64 `json:"to_baseline,omitempty"`

	n        int // of the rounds
	parallel bool
}

// spread is how far the rounds lie apart, as a share of their median.
func (r result) spread() float64 {
	return (slices.Max(r.Times) - slices.Min(r.Times)) / r.NS
}

// settings say how long to measure.
type settings struct {
	rounds int
	target time.Duration // of one variant in one round
}

// measure runs a job: every variant is checked, then each has a turn in each round, so that a
// machine that drifts hurts all alike, and at the end each is checked again.
func measure(j job, s settings) ([]result, error) {
	if !j.parallel {
		// On one processor the garbage collector's work is in the figures. On more it would
		// be done beside, and who leaves the most garbage would look cheaper than he is.
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	}
	works, results := make([]work, len(j.variants)), make([]result, len(j.variants))
	rounds := make([]struct{ cpu, bytes, allocs, p50, p99 []float64 }, len(works))
	for i, v := range j.variants {
		works[i] = v.setup()
		defer works[i].end()
	}
	check := func() error {
		for i, v := range j.variants {
			if err := works[i].verify(); err != nil {
				return fmt.Errorf("%s: %s does not do the job: %w", j, v.name, err)
			}
		}
		return nil
	}
	if err := check(); err != nil {
		return nil, err
	}
	for i, v := range j.variants {
		results[i] = result{Job: j.name, Point: j.point, Variant: v.name, Kind: v.kind, n: calibrate(works[i], s.target), parallel: j.parallel}
	}
	for range s.rounds {
		for i, w := range works {
			r, all := &results[i], &rounds[i]
			c := once(w, r.n)
			r.Times, all.cpu = append(r.Times, c.ns), append(all.cpu, c.cpu)
			all.bytes, all.allocs = append(all.bytes, c.bytes), append(all.allocs, c.allocs)
			if w.latency != nil {
				l := w.latency()
				slices.Sort(l)
				all.p50 = append(all.p50, float64(l[len(l)/2]))
				all.p99 = append(all.p99, float64(l[len(l)*99/100]))
			}
		}
	}
	if err := check(); err != nil {
		return nil, err
	}
	for i := range results {
		r, all := &results[i], &rounds[i]
		r.NS, r.CPU, r.Bytes, r.Allocs = median(r.Times), median(all.cpu), median(all.bytes), median(all.allocs)
		if !j.parallel {
			// As package testing does: what the runtime allocates now and then is not the job's.
			r.Bytes, r.Allocs = math.Floor(slices.Min(all.bytes)), math.Floor(slices.Min(all.allocs))
		}
		if all.p50 != nil {
			r.P50, r.P99 = median(all.p50), median(all.p99)
			r.P99s = all.p99
		}
	}
	for i := range results {
		results[i].ToFloor = results[i].over(results, floor, result.ns)
		results[i].ToBaseline = results[i].over(results, baseline, result.ns)
		if p99s := results[i].p99Ratios(results); p99s != nil {
			results[i].P99ToBase = median(p99s)
		}
	}
	return results, nil
}

// p99Ratios are those of r's p99 to the first baseline's, round by round: what disturbs a round disturbs both.
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

// over is the ratio of a figure of r to that of the first of a kind; 0: there is none.
func (r result) over(all []result, k kind, figure func(result) float64) float64 {
	for _, other := range all {
		if other.Kind == k {
			return figure(r) / figure(other)
		}
	}
	return 0
}

// cost is what an operation took in one turn.
type cost struct{ ns, cpu, bytes, allocs float64 }

// once is one turn.
func once(w work, n int) cost {
	var before, after runtime.MemStats
	runtime.GC() // nobody pays for what another left
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

// calibrate finds how often w must run to take as long as target.
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
		// A short run says little: grow in steps.
		n = min(rounded, 100*n)
	}
}

func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	if len(s)%2 == 1 {
		return s[len(s)/2]
	}
	return (s[len(s)/2-1] + s[len(s)/2]) / 2
}
