package filter

import "time"

// bucket limits how many events may pass. The field rate is the number of events that may pass in
// one second, and also the number that may pass at once.
type bucket struct {
	rate   float64
	tokens float64
	at     time.Time // the time at which the field tokens was computed; zero: the bucket is full
}

// take reports whether an event at the time now may pass. An event that passes uses up a token.
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
