package zipkin

import (
	"strings"
	"unicode/utf8"

	"example.com/clew/internal/clip"
)

// asIs[c] is true if the byte c can stand in a JSON string without an escape, whatever its
// neighbours are. asIs is a table because each byte of a span is looked up.
var asIs = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// appendText appends s as a JSON string (RFC 8259, 7). The text is cut after clip.Max bytes,
// control characters are escaped, and bytes that are not UTF-8 become U+FFFD.
func appendText(dst []byte, s string) []byte {
	s = clip.Text(s)
	dst = append(dst, '"')
	plain := 0 // s[plain:i] is not written yet
	for i := 0; i < len(s); {
		if asIs[s[i]] {
			i++
			continue
		}
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || size != 1 {
				i += size
				continue
			}
		}
		dst = append(dst, s[plain:i]...)
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		case c < ' ':
			const digits = "0123456789abcdef"
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&0xf])
		default:
			dst = append(dst, "\ufffd"...)
		}
		i++
		plain = i
	}
	return append(append(dst, s[plain:]...), '"')
}

// appendLower appends s as appendText does, but in lower case.
func appendLower(dst []byte, s string) []byte {
	s = clip.Text(s)
	begin := len(dst)
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return appendText(dst, strings.ToLower(s))
		}
	}
	dst = appendText(dst, s)
	for i, c := range dst[begin:] { // escapes are in lower case already
		if c >= 'A' && c <= 'Z' {
			dst[begin+i] = c + 'a' - 'A'
		}
	}
	return dst
}
