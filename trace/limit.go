package trace

import (
	"fmt"
	"math"
	"sync/atomic"
	"time"

	oteltrace "go.opentelemetry.io/otel/trace"
)

// NewLimit returns a Sampler that samples perSecond traces a second, also in a burst: 10 is ten a
// second, 0.1 is one in ten seconds, and 0 is none. After a pause of any length it samples one
// second's worth at once, and at least one trace. Then it samples further traces as their time
// comes. So in n seconds it samples at most n+1 seconds' worth or, if perSecond is below 1, at
// most n seconds' worth and one trace more. NewLimit panics if perSecond is negative, NaN or
// infinite.
//
// A limit is for places where traces begin: the edge, jobs, consumers of others' messages. Its
// answer does not depend on the ID, unlike that of a [Ratio]. So if two services ask about one
// trace, one may sample its part of the trace and the other not. The limit is not asked about a
// trace that a caller has decided, and does not count it.
//
// The Sampler is safe for concurrent use. Each call of NewLimit makes a limit of its own, for this
// process alone. It goes by the monotonic clock, so that a change of the time of day has no
// effect.
func NewLimit(perSecond float64) Sampler {
	if !(perSecond >= 0) || math.IsInf(perSecond, 0) { // written so that NaN fails too
		panic(fmt.Sprintf("trace: limit %v is no number of traces a second", perSecond))
	}
	if perSecond == 0 {
		return Never()
	}
	// More than one a nanosecond is no limit. Less than one in seventy years would overflow.
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

// limit is a bucket of tokens, measured in the time that tokens take to come. Only one number
// changes, so that no lock is needed.
type limit struct {
	begun time.Time
	each  time.Duration // the time that a token takes to come
	burst time.Duration // the time that a full bucket takes to come
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
