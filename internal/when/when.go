// Package when reads times that people write as the value of a flag.
//
// Packages audit/cmd/clew-audit and cmd/clew import it. It is a package of its own because the two
// are separate modules, and each would otherwise need a copy.
package when

import (
	"strconv"
	"strings"
	"time"
)

// layouts are the forms of a time without a zone.
var layouts = []string{
	"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02",
}

// Parse returns the time in text, in UTC. The text is a time, or a duration, which Parse subtracts
// from now. A time without a zone is in now's zone, and a time without a date is on now's day. For
// "", Parse returns the zero time. ok is false if text is none of these.
func Parse(text string, now time.Time) (t time.Time, ok bool) {
	if text == "" {
		return time.Time{}, true
	}
	if ago, ok := Duration(text); ok {
		return now.Add(-ago).UTC(), true
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t.UTC(), true
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t.UTC(), true
		}
	}
	for _, layout := range []string{time.TimeOnly, "15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			year, month, day := now.Date()
			return time.Date(year, month, day, t.Hour(), t.Minute(), t.Second(), 0, now.Location()).UTC(), true
		}
	}
	return time.Time{}, false
}

// Duration parses a number of days, such as 2d, or a duration in the form of [time.ParseDuration].
func Duration(text string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err == nil && 0 <= n && n <= 36_500
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d >= 0
}
