package timeline

import "time"

// A stamp is a time in a text.
type stamp struct {
	start, end int // the time is text[start:end]
	time       time.Time
	precision  time.Duration // as in Entry
	level      byte          // klog's letter before it: I, W, E or F; else 0
}

// behind returns the end of the time, if the time is at the beginning of the text; else 0.
func (s stamp) behind() int {
	if s.start > 2 {
		return 0
	}
	return s.end
}

// precisionOf returns the precision of a time whose fraction has that many digits.
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
