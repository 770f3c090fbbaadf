package main

import (
	"strconv"
	"strings"
	"time"
)

// whenLayouts are the forms of a time in this computer's zone. One without a date is today's.
var whenLayouts = []string{
	"2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02",
}

// when returns the time that the value of a flag says, in UTC: so long ago, or a time. The zero
// time is that of "".
func when(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if ago, ok := duration(text); ok {
		return now.Add(-ago).UTC(), nil
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t.UTC(), nil
	}
	for _, layout := range whenLayouts {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t.UTC(), nil
		}
	}
	for _, layout := range []string{time.TimeOnly, "15:04"} {
		if t, err := time.Parse(layout, text); err == nil {
			year, month, day := now.Date()
			return time.Date(year, month, day, t.Hour(), t.Minute(), t.Second(), 0, now.Location()).UTC(), nil
		}
	}
	return time.Time{}, usagef("%s wants a time such as 15m, 14:05, 2026-11-26 or 2026-11-26T14:05:00Z, not %q", flag, clip(text))
}

// duration reads a duration of time's, or days.
func duration(text string) (time.Duration, bool) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err == nil && 0 <= n && n <= 36_500
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && d >= 0
}
