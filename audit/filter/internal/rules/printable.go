package rules

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

const maxText = 500

// Printable returns text for a log line or a terminal: one line of at most some 500 bytes.
// Characters that are not printable are escaped as in Go.
func Printable(text string) string {
	cut := len(text) > maxText
	if cut {
		text = text[:maxText]
		for len(text) > 0 && !utf8.RuneStart(text[len(text)-1]) {
			text = text[:len(text)-1]
		}
		text = text[:max(0, len(text)-1)] // the rune that begins here may be cut
	}
	var b strings.Builder
	for i, width := 0, 0; i < len(text); i += width {
		var r rune
		r, width = utf8.DecodeRuneInString(text[i:])
		if r != utf8.RuneError && strconv.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteToASCII(text[i : i+width])
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	if cut {
		b.WriteString(" …")
	}
	return b.String()
}
