package timeline

import "time"

// A stamp is a time in a text.
type stamp struct {
	start, end int // its place
	time       time.Time
	precision  time.Duration // as in Entry
	level      byte          // klog's letter before it: I, W, E or F; else 0
}

// behind returns the end of a time at the beginning of a text; else 0.
func (s stamp) behind() int {
	if s.start > 2 {
		return 0
	}
	return s.end
}

// precisionOf returns the precision of a time with so many digits in its fraction.
func precisionOf(digits int) time.Duration {
	precision := time.Second
	for range digits {
		precision /= 10
	}
	if precision == 1 {
		return 0
	}
	return precision
}
