package timeline

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// visible returns s with escapes for all characters that a terminal obeys, or that make text look
// different: control characters, also those of C1, bidi and other format characters, separators of
// lines and paragraphs, and invalid UTF-8. A tab becomes four spaces.
func visible(s string) string {
	if isPrintable(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b.WriteString(`\x`)
			b.WriteByte(sixteen[s[i]>>4])
			b.WriteByte(sixteen[s[i]&15])
		case r == '\t':
			b.WriteString("    ")
		case unicode.IsGraphic(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		i += size
	}
	return b.String()
}

const sixteen = "0123456789abcdef"

// isPrintable reports whether s has only printable ASCII.
func isPrintable(s string) bool {
	for i := range len(s) {
		if s[i]-' ' > '~'-' ' {
			return false
		}
	}
	return true
}

// columns returns the number of columns that s fills in a terminal.
func columns(s string) int {
	if isPrintable(s) {
		return len(s)
	}
	n := 0
	for _, r := range s {
		n += columnsOf(r)
	}
	return n
}

// columnsOf returns the number of columns that a character fills. The ranges of wide characters
// are rough. If they lack a wide character, the terminal may break the line. If they contain a
// narrow one, the line is cut too early.
func columnsOf(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case r >= 0x1100 && r <= 0x115f, r >= 0x2e80 && r <= 0xa4cf, r >= 0xac00 && r <= 0xd7a3, r >= 0xf900 && r <= 0xfaff,
		r >= 0xfe30 && r <= 0xfe6f, r >= 0xff00 && r <= 0xff60, r >= 0xffe0 && r <= 0xffe6, r >= 0x1f300 && r <= 0x1faff, r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}

// shorten returns s, or if s is wider than width, the beginning of s with an ellipsis. It also
// reports whether s was wider.
func shorten(s string, width int) (string, bool) {
	if width <= 0 {
		return "", s != ""
	}
	if len(s) <= width || columns(s) <= width {
		return s, false
	}
	n := 0
	for i, r := range s {
		n += columnsOf(r)
		if n > width-1 {
			return s[:i] + "…", true
		}
	}
	return s, false
}

// withoutColours returns text without the escape sequences of terminals (ECMA-48, 5.4). It returns
// a text without such sequences unchanged, and does not copy it.
func withoutColours(text []byte) []byte {
	i := bytes.IndexByte(text, '\x1b')
	if i < 0 {
		return text
	}
	plain := append(make([]byte, 0, len(text)), text[:i]...)
	for i < len(text) {
		if text[i] != '\x1b' {
			plain = append(plain, text[i])
			i++
			continue
		}
		i++
		if at(text, i) != '[' {
			continue
		}
		i++
		for i < len(text) && text[i] >= ' ' && text[i] <= '?' {
			i++
		}
		if i < len(text) && text[i] >= '@' && text[i] <= '~' {
			i++
		}
	}
	return plain
}
