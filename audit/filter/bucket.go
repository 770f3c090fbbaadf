package filter

import "time"

// bucket lets rate events a second through, and up to as many at once.
type bucket struct {
	rate   float64
	tokens float64
	at     time.Time // of tokens; zero: the bucket is full
}

// take reports whether an event of now is let through.
func (b *bucket) take(now time.Time) bool {
	if b.at.IsZero() {
		b.tokens = b.rate
	} else if passed := now.Sub(b.at); passed > 0 {
		b.tokens = min(b.rate, b.tokens+passed.Seconds()*b.rate)
	}
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
