package trace

import (
	"fmt"
	"math"
	"sync/atomic"
	"time"

	oteltrace "go.opentelemetry.io/otel/trace"
)

// NewLimit returns a Sampler that samples perSecond traces a second, and no more in a burst: 10 is
// ten a second, 0.1 one in ten seconds, 0 none. After a pause one second's worth is taken at
// once, and at least one trace, however long the pause was; then the rest as it comes. So n
// seconds have n+1 seconds' worth at most; below one a second, their own and one trace more. It
// panics if perSecond is negative, NaN or infinite.
//
// It is for where traces begin: the edge, jobs, consumers of others' messages. It does not answer
// alike for one ID, as a [Ratio] does, so two services that are both asked about one trace sample
// parts of it. Traces that a caller has decided are not asked about, and are not counted.
//
// The Sampler is safe for concurrent use. Each call of NewLimit is a limit of its own, in this
// process alone. It goes by the monotonic clock: setting the time of day changes nothing.
func NewLimit(perSecond float64) Sampler {
	if !(perSecond >= 0) || math.IsInf(perSecond, 0) { // written so that NaN fails too
		panic(fmt.Sprintf("trace: limit %v is no number of traces a second", perSecond))
	}
	if perSecond == 0 {
		return Never()
	}
	// Above one a nanosecond there is nothing to limit; below one in seventy years, there is
	// no time to tell the difference, and further down no int64.
	const most, longest = float64(time.Second), time.Duration(1 << 61)
	perSecond = min(perSecond, most)
	l := &limit{begun: time.Now(), each: longest}
	// Rounded up, so that it is never more than asked for.
	if each := math.Ceil(float64(time.Second) / perSecond); each < float64(longest) {
		l.each = time.Duration(each)
	}
	l.burst = l.each * time.Duration(max(1, math.Floor(perSecond)))
	return l
}

// limit is a bucket of tokens, in which a token is the time that it takes to come. All that
// changes is one number, so no lock is needed.
type limit struct {
	begun time.Time
	each  time.Duration // the time that a token takes to come
	burst time.Duration // the time that all that fit take
	full  atomic.Int64  // when the bucket is full again, since begun
}

// Sample implements [Sampler].
func (l *limit) Sample(oteltrace.TraceID) bool {
	now := int64(time.Since(l.begun))
	for {
		full := l.full.Load()
		next := max(full, now) + int64(l.each)
		if next-now > int64(l.burst) {
			return false
		}
		if l.full.CompareAndSwap(full, next) {
			return true
		}
	}
}
