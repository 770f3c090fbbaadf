package timeline

import (
	"strconv"
	"time"
)

// These functions are parts of the text views. Commands that show other things than traces use
// them, too.

// Visible returns s with escapes for all characters that a terminal obeys, or that make text look
// different. A tab becomes four spaces.
func Visible(s string) string { return visible(s) }

// Columns returns roughly the number of columns that s fills in a terminal.
func Columns(s string) int { return columns(s) }

// Cut returns s, or if s is wider than width columns, the beginning of s with an ellipsis.
func Cut(s string, width int) string {
	s, _ = shorten(s, width)
	return s
}

// Short returns a duration as a text with about three digits: "1.80 ms", "2 m 05 s".
func Short(d time.Duration) string { return short(d) }

// Counted returns a number with its noun: "1 trace", "12,345 traces".
func Counted[N int | int64](n N, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return Grouped(n) + " " + noun
}

// Grouped returns a number with commas: 12,345.
func Grouped[N int | int64](n N) string {
	text := strconv.FormatInt(int64(n), 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// Harmless returns json with escapes for the characters that a terminal obeys and that Go's
// encoder leaves as they are. Most of them are characters beyond ASCII that control the terminal,
// or change the direction of text.
func Harmless(json string) string { return harmless(json) }

// Inert returns text in a form that can be a label in a Mermaid diagram. In this form
// no character of the text acts as Mermaid syntax.
func Inert(text string) string { return inert(text) }
