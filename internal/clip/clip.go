// Package clip cuts text that a stranger may make as long as they like.
package clip

import "unicode/utf8"

// Max is how much of it goes into a line or a span: the length that all should support for a URI
// (RFC 9110, 4.1).
const Max = 8000

// Text cuts s after Max bytes, between characters, and says so.
func Text(s string) string {
	if len(s) <= Max {
		return s
	}
	end := Max
	for end > Max-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}
