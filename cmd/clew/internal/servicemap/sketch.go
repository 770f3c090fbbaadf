package servicemap

import (
	"math"
	"strconv"
	"time"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/DataDog/sketches-go/ddsketch/mapping"
	"github.com/DataDog/sketches-go/ddsketch/store"
)

// The type durations collects durations, and estimates their quantiles. It keeps a few durations
// as they are. If there are more, it puts all of them into a sketch. A sketch needs some
// kilobytes: too much for each edge of a hostile map with many edges of a few calls.
type durations struct {
	few    []time.Duration
	sketch *ddsketch.DDSketch // nil: all durations are in few
	most   time.Duration
	least  time.Duration
	n      int64
}

// fewDurations is how many durations are kept without a sketch.
const fewDurations = 32

// accuracy is the share by which a quantile may differ from the nearest of the durations. With
// rounding, that is within the promised 1 %.
const accuracy = 0.00999

// bins is how many bins a sketch may have. The bins reach from the longest duration to one that is
// 800 million times shorter. A duration below that range counts as the shortest one in it.
const bins = 1024

var bounds = func() mapping.IndexMapping {
	m, err := mapping.NewCubicallyInterpolatedMapping(accuracy)
	if err != nil {
		panic("servicemap: " + err.Error())
	}
	return m
}()

func newSketch() *ddsketch.DDSketch {
	return ddsketch.NewDDSketch(bounds, store.NewCollapsingLowestDenseStore(bins), store.NewCollapsingLowestDenseStore(bins))
}

// add adds a duration, which may be less than zero.
func (d *durations) add(took time.Duration) {
	if d.n == 0 {
		d.most, d.least = took, took
	}
	d.n++
	d.most, d.least = max(d.most, took), min(d.least, took)
	if d.sketch == nil && len(d.few) < fewDurations {
		d.few = append(d.few, took)
		return
	}
	d.whole()
	put(d.sketch, took)
}

// whole moves all durations into the sketch.
func (d *durations) whole() {
	if d.sketch == nil {
		d.sketch = newSketch()
	}
	for _, took := range d.few {
		put(d.sketch, took)
	}
	d.few = nil
}

// put adds a duration to a sketch. A sketch accepts every number except NaN and the very greatest.
func put(s *ddsketch.DDSketch, took time.Duration) {
	if err := s.Add(float64(took)); err != nil {
		panic("servicemap: " + err.Error())
	}
}

// merge adds the durations in other, which must not be used after that.
func (d *durations) merge(other *durations) {
	switch {
	case other.n == 0:
		return
	case d.n == 0:
		*d = *other
		return
	}
	d.n += other.n
	d.most, d.least = max(d.most, other.most), min(d.least, other.least)
	d.whole()
	other.whole()
	if err := d.sketch.MergeWith(other.sketch); err != nil {
		panic("servicemap: " + err.Error()) // all sketches have the same mapping
	}
}

// quantiles returns the quantiles.
func (d *durations) quantiles() Quantiles {
	if d.n == 0 {
		return Quantiles{}
	}
	d.whole()
	longest := exactly(d.most)
	return Quantiles{Count: d.n, P50: d.value(0.5), P95: d.value(0.95), P99: d.value(0.99), Max: Value{longest, longest, longest}}
}

// z is a number of standard deviations. In 999 of 1,000 cases, chance moves a rank by no more than
// z of them.
const z = 3.3

// value returns a quantile. The number of durations below it varies by chance, with a binomial
// distribution, whatever the distribution of the durations is.
func (d *durations) value(p float64) Value {
	n := float64(d.n)
	spread := z * math.Sqrt(n*p*(1-p))
	return Value{Is: d.at(math.Ceil(n*p) - 1), Low: d.at(math.Floor(n*p-spread) - 1), High: d.at(math.Ceil(n*p + spread))}
}

// at returns the duration of a rank, from 0, in milliseconds.
func (d *durations) at(rank float64) float64 {
	last := float64(d.n - 1)
	switch {
	case rank <= 0:
		return exactly(d.least)
	case rank >= last:
		return exactly(d.most)
	}
	is, err := d.sketch.GetValueAtQuantile(rank / last)
	if err != nil {
		panic("servicemap: " + err.Error())
	}
	return milliseconds(max(float64(d.least), min(is, float64(d.most))))
}

// median returns the duration in the middle.
func (d *durations) median() time.Duration {
	if d.n == 0 {
		return 0
	}
	d.whole()
	return time.Duration(d.at(float64((d.n-1)/2)) * float64(time.Millisecond))
}

// quarters returns the bounds of the middle half of the durations, and the median between them.
func (d *durations) quarters() (low, middle, high float64) {
	d.whole()
	last := float64(d.n - 1)
	return d.at(math.Floor(last / 4)), d.at(math.Floor(last / 2)), d.at(math.Ceil(last * 3 / 4))
}

// exactly returns a duration in milliseconds.
func exactly(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// milliseconds returns nanoseconds in milliseconds, to six digits. Further digits mean nothing.
func milliseconds(ns float64) float64 {
	ms, _ := strconv.ParseFloat(strconv.FormatFloat(ns/float64(time.Millisecond), 'g', 6, 64), 64)
	return ms
}
