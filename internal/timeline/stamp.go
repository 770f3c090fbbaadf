package timeline

import "time"

// A stamp is a time that stands in a text.
type stamp struct {
	start, end int // where
	time       time.Time
	precision  time.Duration // as Entry has it
	level      byte          // that klog writes before it: I, W, E or F; else 0
}

// behind returns where the text goes on behind a time at its beginning; else 0.
func (s stamp) behind() int {
	if s.start > 2 {
		return 0
	}
	return s.end
}

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
