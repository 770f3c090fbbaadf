package main

import (
	"time"

	"example.com/clew/internal/when"
)

// timeFlag returns the time in the value of a flag, in UTC. "" is the zero time.
func timeFlag(flag, text string, now time.Time) (time.Time, error) {
	t, ok := when.Parse(text, now)
	if !ok {
		return t, usagef("%s wants a time such as 15m, 14:05, 2026-11-26 or 2026-11-26T14:05:00Z, not %q", flag, clip(text))
	}
	return t, nil
}
