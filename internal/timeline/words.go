package timeline

import (
	"strconv"
	"time"
)

// Parts of the text views, for commands that show other things beside traces.

// Visible returns s with everything escaped that a terminal obeys, or that makes text look like
// something else. A tab is four spaces.
func Visible(s string) string { return visible(s) }

// Columns returns how many columns of a terminal s takes, about.
func Columns(s string) int { return columns(s) }

// Cut returns the beginning of s that has room in so many columns, with an ellipsis at its end if
// that is not all of s.
func Cut(s string, width int) string {
	s, _ = cut(s, width)
	return s
}

// Short writes a duration in three digits or so and one unit: "1.80 ms", "2 m 05 s".
func Short(d time.Duration) string { return short(d) }

// Counted writes a number with its noun: "1 trace", "12,345 traces".
func Counted[N int | int64](n N, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return Grouped(n) + " " + noun
}

// Grouped writes a count with commas: 12,345.
func Grouped[N int | int64](n N) string {
	text := strconv.FormatInt(int64(n), 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Harmless escapes in JSON what a terminal obeys and Go's encoder leaves as it is: characters
// beyond ASCII that control it, or turn text round.
func Harmless(json string) string { return harmless(json) }

// Inert returns text as a label of a diagram in Mermaid's language, which reads nothing in it.
func Inert(text string) string { return inert(text) }
