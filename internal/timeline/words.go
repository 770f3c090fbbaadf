package timeline

import (
	"strconv"
	"time"
)

// Parts of the text views, for commands that show other things beside traces.

// Visible escapes all characters in s that a terminal obeys, or that make text look different. A
// tab becomes four spaces.
func Visible(s string) string { return visible(s) }

// Columns returns roughly the number of columns that s takes in a terminal.
func Columns(s string) int { return columns(s) }

// Cut returns the beginning of s that has room in so many columns, with an ellipsis at its end if
// s is longer.
func Cut(s string, width int) string {
	s, _ = shorten(s, width)
	return s
}

// Short writes a duration with one unit and about three digits: "1.80 ms", "2 m 05 s".
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

// Harmless escapes the characters in JSON that a terminal obeys and that Go's encoder leaves as
// they are. These are characters beyond ASCII that control the terminal, or change the direction
// of text.
func Harmless(json string) string { return harmless(json) }

// Inert returns text for a label of a diagram in Mermaid's language. Mermaid reads no syntax in
// it.
func Inert(text string) string { return inert(text) }
