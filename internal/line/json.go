package line

import (
	"math/bits"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// maxDepth is how many objects in one another are taken apart.
	maxDepth = 8

	// maxPath is the longest path of an object that is taken apart, in bytes. Each of its fields
	// has that in its key: without a limit, a line could need the square of its length.
	maxPath = 128

	// maxNesting is how deep JSON may be nested at all. encoding/json goes as far.
	maxNesting = 10_000
)

// top reads the object that is the whole line.
func (r *reader) top() error {
	if err := r.object("", 1); err != nil {
		return err
	}
	r.space()
	if r.pos < len(r.text) {
		return r.fault("more than one JSON object")
	}
	return nil
}

func (r *reader) fault(why string) error { return fault{r.pos, why} }

const (
	badString  = "a JSON string that is not well-formed"
	badValue   = "no JSON value"
	badKey     = "no key of a JSON object"
	badColon   = "no colon after a key"
	badComma   = "neither a comma nor the end of a JSON object or array"
	badNesting = "JSON that is nested too deep"
)

// object reads the object that begins at pos, whose path is path.
func (r *reader) object(path string, depth int) error {
	start := r.pos
	r.pos++
	r.space()
	if r.peek() == '}' {
		r.pos++
		if depth > 1 {
			r.add(path, r.text[start:r.pos], false)
		}
		return nil
	}
	r.inside = depth > 1
	for {
		if r.peek() != '"' {
			return r.fault(badKey)
		}
		key, ok := r.quoted()
		if !ok {
			return r.fault(badString)
		}
		r.space()
		if r.peek() != ':' {
			return r.fault(badColon)
		}
		r.pos++
		r.space()
		if depth > 1 {
			key = r.join(path, key)
		}
		start := r.pos
		switch c := r.peek(); c {
		case '"':
			value, ok := r.quoted()
			if !ok {
				return r.fault(badString)
			}
			r.add(key, value, true)
		case '{':
			if depth < maxDepth && key != "" && len(key) <= maxPath {
				if err := r.object(key, depth+1); err != nil {
					return err
				}
				r.inside = depth > 1
				break
			}
			fallthrough
		case '[':
			if err := r.skip(depth); err != nil {
				return err
			}
			r.add(key, r.text[start:r.pos], false)
		default:
			if !r.scalar(c) {
				return r.fault(badValue)
			}
			r.add(key, r.text[start:r.pos], false)
		}
		r.space()
		switch r.peek() {
		case ',':
			r.pos++
			r.space()
		case '}':
			r.pos++
			return nil
		default:
			return r.fault(badComma)
		}
	}
}

// join returns the key of a field of a nested object.
func (r *reader) join(path, key string) string {
	var buf [2 * maxPath]byte
	joined := append(append(append(buf[:0], path...), '.'), key...)
	if slot := r.names.find(string(joined)); slot >= 0 {
		return r.names.list[slot] // without a copy
	}
	return string(joined)
}

// peek returns the byte at pos; 0 at the end.
func (r *reader) peek() byte {
	if r.pos < len(r.text) {
		return r.text[r.pos]
	}
	return 0
}

func (r *reader) space() {
	for r.pos < len(r.text) {
		if c := r.text[r.pos]; c > ' ' || c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return
		}
		r.pos++
	}
}

// quoted reads the string that begins at pos.
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

// skipString moves behind the string that begins at pos. Plain says that it is what it says: it
// has no escapes, and is valid UTF-8.
func (r *reader) skipString() (plain, ok bool) {
	s, i := r.text, r.pos+1
	escapes, ascii := false, true
	for {
		// Eight bytes at a time, until one of them is special.
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
		case c < utf8.RuneSelf: // one of the last seven
			i++
		default:
			for ascii = false; i < len(s) && s[i] >= utf8.RuneSelf; {
				i++
			}
		}
	}
}

// escape returns the length of the escape that s begins with; 0: it is none.
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

// unit16 returns the value of the \u escape that s begins with.
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

// unescaped returns what stands in a string, which is well-formed. Half a surrogate pair and what
// is not valid UTF-8 become U+FFFD, as with encoding/json.
func unescaped(s string) string {
	var b strings.Builder
	b.Grow(len(s)) // more only where bytes are not valid UTF-8
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

// scalar moves behind the number, true, false or null that begins at pos with c.
func (r *reader) scalar(c byte) bool {
	switch c {
	case 't':
		return r.word("true")
	case 'f':
		return r.word("false")
	case 'n':
		return r.word("null")
	}
	n := number(r.text[r.pos:])
	r.pos += n
	return n > 0
}

func (r *reader) word(w string) bool {
	if !strings.HasPrefix(r.text[r.pos:], w) {
		return false
	}
	r.pos += len(w)
	return true
}

// number returns the length of the number that s begins with; 0: it is none.
func number(s string) int {
	i := 0
	run := func() bool {
		start := i
		for i < len(s) && s[i]-'0' <= 9 {
			i++
		}
		return i > start
	}
	if i < len(s) && s[i] == '-' {
		i++
	}
	if i < len(s) && s[i] == '0' {
		i++
	} else if !run() {
		return 0
	}
	if i < len(s) && s[i] == '.' {
		i++
		if !run() {
			return 0
		}
	}
	if i < len(s) && s[i]|' ' == 'e' {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if !run() {
			return 0
		}
	}
	return i
}

// skip moves behind the object or array that begins at pos, so many levels deep. It keeps the open
// ones in a list: recursion would take what the line wants of the stack.
func (r *reader) skip(depth int) error {
	var buf [64]byte
	open := buf[:0] // what closes them
	for {
		// Here a value begins.
		switch c := r.peek(); c {
		case '{', '[':
			if depth+len(open) >= maxNesting {
				return r.fault(badNesting)
			}
			open = append(open, c+2) // in ASCII
			r.pos++
			r.space()
			if r.peek() == c+2 {
				break
			}
			if c == '{' {
				if err := r.skipKey(); err != nil {
					return err
				}
			}
			continue
		case '"':
			if _, ok := r.skipString(); !ok {
				return r.fault(badString)
			}
		default:
			if !r.scalar(c) {
				return r.fault(badValue)
			}
		}
		// Here it has ended, or an empty object or array is about to.
		for {
			r.space()
			c, end := r.peek(), open[len(open)-1]
			if c == end {
				r.pos++
				if open = open[:len(open)-1]; len(open) == 0 {
					return nil
				}
				continue
			}
			if c != ',' {
				return r.fault(badComma)
			}
			r.pos++
			r.space()
			if end == '}' {
				if err := r.skipKey(); err != nil {
					return err
				}
			}
			break
		}
	}
}

// skipKey moves behind the key at pos, and its colon.
func (r *reader) skipKey() error {
	if r.peek() != '"' {
		return r.fault(badKey)
	}
	if _, ok := r.skipString(); !ok {
		return r.fault(badString)
	}
	r.space()
	if r.peek() != ':' {
		return r.fault(badColon)
	}
	r.pos++
	r.space()
	return nil
}
