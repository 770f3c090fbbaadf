package timeline

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strings"
)

// valueEnd returns the end of the value at i; 0: the value is not a valid text, number, true or
// false. A text with escapes is valid only if the parameter escapes is true.
func valueEnd(text []byte, i int, escapes bool) int {
	switch c := at(text, i); {
	case c == '"' && escapes:
		return anyString(text, i)
	case c == '"':
		return plainString(text, i)
	case c == 't' && i+4 <= len(text) && string(text[i:i+4]) == "true":
		return i + 4
	case c == 'f' && i+5 <= len(text) && string(text[i:i+5]) == "false":
		return i + 5
	case c == '-' || c-'0' <= 9:
		return numberEnd(text, i)
	}
	return 0
}

// plainString returns the end of the string at i; 0: the string has an escape or a byte that is
// not printable ASCII, or has no end.
func plainString(text []byte, i int) int {
	if i = plainEnd(text, i+1); i < len(text) && text[i] == '"' {
		return i + 1
	}
	return 0
}

// plainEnd returns the index of the first byte from i on that is a quotation mark, a backslash, or
// not printable ASCII.
func plainEnd(text []byte, i int) int {
	for ; i+8 <= len(text); i += 8 {
		if odd := oddBytes(binary.LittleEndian.Uint64(text[i:])); odd != 0 {
			return i + bits.TrailingZeros64(odd)/8
		}
	}
	for i < len(text) && text[i] != '"' && text[i] != '\\' && text[i]-' ' < 0x7f-' ' {
		i++
	}
	return i
}

// wordEnd returns the index of the first byte from i on that is a space, a quotation mark, or not
// printable ASCII.
func wordEnd(text []byte, i int) int {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(text); i += 8 {
		w := binary.LittleEndian.Uint64(text[i:])
		// This is done as in oddBytes.
		if odd := ((w - '!'*ones) | ((w ^ '"'*ones) - ones) | w | (w + ones)) & high; odd != 0 {
			return i + bits.TrailingZeros64(odd)/8
		}
	}
	for i < len(text) && text[i] != '"' && text[i]-'!' < 0x7f-'!' {
		i++
	}
	return i
}

// oddBytes looks at eight bytes at once, and finds the first byte that plainEnd looks for: in the
// result, the high bit of that byte is set. A carry may also set the high bit of bytes after the
// found byte. Ignore those bits.
func oddBytes(w uint64) uint64 {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	// A negative difference sets the high bit. A byte that has the high bit itself is not ASCII,
	// and must be found anyway.
	return ((w - ' '*ones) | ((w ^ '"'*ones) - ones) | ((w ^ '\\'*ones) - ones) | w | (w + ones)) & high
}

// anyString returns the end of the string at i; 0: the string is invalid, or has a \u escape,
// which Parse must read.
func anyString(text []byte, i int) int {
	for i = plainEnd(text, i+1); i < len(text); i = plainEnd(text, i+1) {
		switch c := text[i]; {
		case c == '"':
			return i + 1
		case c == '\\':
			i++
			if strings.IndexByte(`"\/bfnrt`, at(text, i)) < 0 {
				return 0
			}
		case c < ' ':
			return 0
		}
	}
	return 0
}

// numberEnd returns the end of the number at i; 0: there is no number, or it has an exponent.
func numberEnd(text []byte, i int) int {
	if text[i] == '-' {
		i++
	}
	end := digitsEnd(text, i)
	if end == i || text[i] == '0' && end > i+1 {
		return 0
	}
	if at(text, end) == '.' {
		whole := end + 1
		if end = digitsEnd(text, whole); end == whole {
			return 0
		}
	}
	return end
}

// hasEscape reports whether a JSON string has an escape.
func hasEscape(text []byte) bool { return bytes.IndexByte(text, '\\') >= 0 }
