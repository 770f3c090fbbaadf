package trace

import (
	"fmt"
	"math"
	"sync/atomic"
	"time"

	oteltrace "go.opentelemetry.io/otel/trace"
)

// NewLimit returns a Sampler that samples at most perSecond traces a second: 10 is ten a second,
// 0.1 is one in ten seconds, and 0 is none. After a pause of any length, it samples as many traces
// at once as one second allows (rounded down, but at least one). From then on, it samples one
// trace each 1/perSecond seconds. So in n seconds it samples at most (n+1)·perSecond traces or, if
// perSecond is below 1, at most n·perSecond+1. NewLimit panics if perSecond is negative, NaN or
// infinite.
//
// Use a limit where traces begin: at the edge, in jobs, in consumers of other systems' messages.
// Unlike a [Ratio], a limit does not decide by the ID. So if two services ask their limits about
// one trace, one may sample its part of the trace and the other not. The limit is not asked about
// a trace that a caller has decided, and does not count it.
//
// The Sampler is safe for concurrent use. Each call of NewLimit makes a separate limit, for this
// process alone. The limit uses the monotonic clock, so that a change of the time of day has no
// effect.
func NewLimit(perSecond float64) Sampler {
	if !(perSecond >= 0) || math.IsInf(perSecond, 0) { // written so that NaN fails too
		panic(fmt.Sprintf("trace: limit %v is no number of traces a second", perSecond))
	}
	if perSecond == 0 {
		return Never()
	}
	// More than one trace a nanosecond is no limit. At less than one trace in seventy years, the
	// Duration would overflow.
	const most, longest = float64(time.Second), time.Duration(1 << 61)
	perSecond = min(perSecond, most)
	l := &limit{begun: time.Now(), each: longest}
	// Rounded up, so that the limit is never more than perSecond.
	if each := math.Ceil(float64(time.Second) / perSecond); each < float64(longest) {
		l.each = time.Duration(each)
	}
	l.burst = l.each * time.Duration(max(1, math.Floor(perSecond)))
	return l
}

// limit is a bucket of tokens. It stores no number of tokens, but the moment at which the bucket
// will be full again. So only one number changes, and no lock is needed.
type limit struct {
	begun time.Time
	each  time.Duration // the time in which one token is added
	burst time.Duration // the time in which an empty bucket gets full
	full  atomic.Int64  // when the bucket is full again, in nanoseconds since begun
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
