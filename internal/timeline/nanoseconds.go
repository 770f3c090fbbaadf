package timeline

import (
	"math"
	"time"
)

// nanoseconds returns a time since 1970, and never for the zero time. Times that are too far away
// are the nearest that are not.
func nanoseconds(t time.Time) int64 {
	switch seconds := t.Unix(); {
	case t.IsZero():
		return never
	case seconds < firstSecond:
		return math.MinInt64 + 1
	case seconds >= endSecond:
		return never - 1
	}
	return t.UnixNano()
}

// Nanoseconds since 1970 are good for the years from 1680 to 2260, in seconds.
var (
	firstSecond = time.Date(1680, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	endSecond   = time.Date(2261, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
)

// earlierBy returns a time that is so much earlier.
func earlierBy(at int64, d time.Duration) int64 {
	if d <= 0 || at-int64(d) > at {
		return at
	}
	return at - int64(d)
}
