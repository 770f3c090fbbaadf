package main

import (
	"time"

	"example.com/clew/internal/when"
)

// timeFlag returns the time in the value of a flag, in UTC. For "" it is the zero time.
func timeFlag(flag, text string, now time.Time) (time.Time, error) {
	t, ok := when.Parse(text, now)
	if !ok {
		return t, usagef("%s wants a time such as 15m, 14:05, 2026-11-26 or 2026-11-26T14:05:00Z, not %q", flag, clip(text))
	}
	return t, nil
}

// window is the period that --since and --until choose. The zero value is all time.
type window struct{ since, until time.Time }

// windowOf returns the window of --since and --until.
func windowOf(since, until string, now time.Time) (w window, err error) {
	if w.since, err = timeFlag("--since", since, now); err != nil {
		return w, err
	}
	if w.until, err = timeFlag("--until", until, now); err != nil {
		return w, err
	}
	if !w.since.IsZero() && !w.until.IsZero() && w.until.Before(w.since) {
		return w, usagef("--until is before --since")
	}
	return w, nil
}

// spans reports whether a time is in the window. The zero time always is.
func (w window) spans(t time.Time) bool {
	return t.IsZero() || (w.since.IsZero() || !t.Before(w.since)) && (w.until.IsZero() || !t.After(w.until))
}
