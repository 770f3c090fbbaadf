package timeline

import (
	"math"
	"time"
)

// nanoseconds returns a time in nanoseconds since 1970. For the zero time it returns the constant
// never. A time that does not fit becomes the nearest time that fits.
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

// Nanoseconds since 1970 can express the years from 1680 to 2260. These limits are in seconds.
var (
	firstSecond = time.Date(1680, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	endSecond   = time.Date(2261, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
)

// earlierBy subtracts the duration d from the time at. It does not change the time if d is
// negative, or if the result would overflow.
func earlierBy(at int64, d time.Duration) int64 {
	if d <= 0 || at-int64(d) > at {
		return at
	}
	return at - int64(d)
}
