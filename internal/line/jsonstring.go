package line

import (
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// quoted reads the string at pos, and returns its value.
func (r *reader) quoted() (value string, ok bool) {
	start := r.pos + 1
	plain, ok := r.skipString()
	if !ok {
		return "", false
	}
	value = r.text[start : r.pos-1]
	if !plain {
		value = unescaped(value)
	}
	return value, true
}

// skipString moves past the string at pos. The result plain says that the bytes of the string are
// its value, because the string has no escapes and is valid UTF-8.
func (r *reader) skipString() (plain, ok bool) {
	s, i := r.text, r.pos+1
	escapes, ascii := false, true
	for {
		// The inner loop skips eight bytes at a time, until one of them is special.
		const (
			ones  = 0x0101010101010101
			highs = 0x80 * ones
		)
		for i+8 <= len(s) {
			b := s[i : i+8]
			w := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
				uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
			quote, slash := w^'"'*ones, w^'\\'*ones
			special := ((quote-ones)&^quote | (slash-ones)&^slash | (w-' '*ones)&^w | w) & highs
			if special == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(special) / 8
			break
		}
		if i >= len(s) {
			r.pos = len(s)
			return false, false
		}
		switch c := s[i]; {
		case c == '"':
			plain = !escapes && (ascii || utf8.ValidString(s[r.pos+1:i]))
			r.pos = i + 1
			return plain, true
		case c == '\\':
			n := escape(s[i:])
			if n == 0 {
				r.pos = i
				return false, false
			}
			escapes = true
			i += n
		case c < ' ':
			r.pos = i
			return false, false
		case c < utf8.RuneSelf: // one of the last seven bytes
			i++
		default:
			for ascii = false; i < len(s) && s[i] >= utf8.RuneSelf; {
				i++
			}
		}
	}
}

// escape returns the length of the escape at the beginning of s, or 0 if there is none.
func escape(s string) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if _, ok := unit16(s); ok {
			return 6
		}
	}
	return 0
}

// unit16 returns the value of the \u escape at the beginning of s.
func unit16(s string) (u rune, ok bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	for _, c := range []byte(s[2:6]) {
		d := digits[c]
		if d == none {
			return 0, false
		}
		u = u<<4 | rune(d)
	}
	return u, true
}

// unescaped returns the value of a well-formed string. Half a surrogate pair becomes U+FFFD, and
// so does each invalid byte of UTF-8, as with encoding/json.
func unescaped(s string) string {
	var b strings.Builder
	b.Grow(len(s)) // the value can be longer than s only if s is not valid UTF-8
	for i := 0; i < len(s); {
		c := s[i]
		if c != '\\' {
			if c < utf8.RuneSelf {
				b.WriteByte(c)
				i++
				continue
			}
			u, n := utf8.DecodeRuneInString(s[i:])
			b.WriteRune(u)
			i += n
			continue
		}
		switch c := s[i+1]; c {
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 't':
			b.WriteByte('\t')
		case 'u':
			u, _ := unit16(s[i:])
			i += 6
			if utf16.IsSurrogate(u) {
				low, _ := unit16(s[i:])
				if u = utf16.DecodeRune(u, low); u != utf8.RuneError {
					i += 6
				}
			}
			b.WriteRune(u)
			continue
		default: // a quote, a slash or a backslash
			b.WriteByte(c)
		}
		i += 2
	}
	return b.String()
}
