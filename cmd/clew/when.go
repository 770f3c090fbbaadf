package main

import (
	"time"

	"example.com/clew/internal/when"
)

// timeFlag returns the time that the value of a flag says, in UTC. The zero time is that of "".
func timeFlag(flag, text string, now time.Time) (time.Time, error) {
	t, ok := when.Parse(text, now)
	if !ok {
		return t, usagef("%s wants a time such as 15m, 14:05, 2026-11-26 or 2026-11-26T14:05:00Z, not %q", flag, clip(text))
	}
	return t, nil
}
