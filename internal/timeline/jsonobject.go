package timeline

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonObject reads the members of a JSON object, and does not decode their values. Of inner
// objects, it finds only the end.
type jsonObject struct {
	text  []byte
	pos   int
	ok    bool // the object is well-formed so far
	ended bool
}

// objectOf returns a jsonObject for text, which must be one object and nothing else.
func objectOf(text []byte) jsonObject {
	o := jsonObject{text: text}
	o.space()
	o.ok = o.byte('{')
	o.space()
	if o.ok && o.byte('}') {
		o.close()
	}
	return o
}

// next returns the next member: the key without its quotes, and the value as it is written.
func (o *jsonObject) next() (key, value []byte, more bool) {
	if !o.ok || o.ended {
		return nil, nil, false
	}
	start := o.pos
	o.ok = o.pos < len(o.text) && o.text[o.pos] == '"' && o.value()
	key = o.text[start:o.pos]
	o.space()
	o.ok = o.ok && o.byte(':')
	o.space()
	start = o.pos
	o.ok = o.ok && o.value()
	value = o.text[start:o.pos]
	o.space()
	switch {
	case !o.ok:
	case o.byte(','):
		o.space()
	case o.byte('}'):
		o.close()
	default:
		o.ok = false
	}
	if !o.ok {
		return nil, nil, false
	}
	return key[1 : len(key)-1], value, true
}

// close ends the object. Only white space may follow.
func (o *jsonObject) close() {
	o.space()
	o.ended = true
	o.ok = o.pos == len(o.text)
}

func (o *jsonObject) byte(c byte) bool {
	if o.pos == len(o.text) || o.text[o.pos] != c {
		return false
	}
	o.pos++
	return true
}

func (o *jsonObject) space() {
	for o.pos < len(o.text) && isJSONSpace(o.text[o.pos]) {
		o.pos++
	}
}

func isJSONSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// value moves past the value at pos.
func (o *jsonObject) value() bool {
	if o.pos == len(o.text) {
		return false
	}
	switch o.text[o.pos] {
	case '"':
		return o.quoted()
	case '{', '[':
		return o.nested()
	}
	start := o.pos
	for o.pos < len(o.text) && isScalar(o.text[o.pos]) {
		o.pos++
	}
	return o.pos > start
}

// isScalar reports whether c may occur in a number, true, false or null.
func isScalar(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || c == '-' || c == '+' || c == '.' || c == 'E'
}

// nested moves past an object or an array. It counts brackets, so deep nesting needs no stack.
func (o *jsonObject) nested() bool {
	depth := 0
	for o.pos < len(o.text) {
		switch o.text[o.pos] {
		case '"':
			if !o.quoted() {
				return false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		o.pos++
		if depth == 0 {
			return true
		}
	}
	return false
}

// quoted moves past the text at pos. It checks all escapes, because jsonText decodes them without
// a check.
func (o *jsonObject) quoted() bool {
	s := o.text
	for i := o.pos + 1; i < len(s); i++ {
		if s[i] == '"' {
			o.pos = i + 1
			return true
		}
		if s[i] != '\\' {
			continue
		}
		i++
		if i == len(s) || !isEscape(s[i:]) {
			return false
		}
	}
	return false
}

// isEscape reports whether s begins with a valid escape, without its backslash.
//
// The function is not inlined, because the loop of quoted would become slower.
//
//go:noinline
func isEscape(s []byte) bool {
	switch s[0] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return true
	case 'u':
		_, ok := hexUnit(s[1:])
		return ok
	}
	return false
}

// hexUnit returns the value of the first four hexadecimal digits of s.
func hexUnit(s []byte) (n rune, ok bool) {
	if len(s) < 4 {
		return 0, false
	}
	for _, c := range s[:4] {
		d := digits[c]
		if d == noDigit {
			return 0, false
		}
		n = n<<4 | rune(d)
	}
	return n, true
}

// jsonText decodes a JSON value that is a text. The result is false for any other value. jsonText
// decodes in place, which is possible because a text is never longer than its JSON. Call jsonText
// only once for a value, after all checks, because it changes the bytes of the value.
func jsonText(value []byte) (text []byte, ok bool) {
	if !isJSONText(value) {
		return nil, false
	}
	s := value[1 : len(value)-1]
	from := bytes.IndexByte(s, '\\')
	if from < 0 {
		return s, true
	}
	to := from
	for from < len(s) {
		if s[from] != '\\' {
			s[to] = s[from]
			to++
			from++
			continue
		}
		c, n := s[from+1], 2
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			var r rune
			r, n = unicodeEscape(s[from:])
			to += utf8.EncodeRune(s[to:from+n], r)
			from += n
			continue
		}
		s[to] = c
		to++
		from += n
	}
	return s[:to], true
}

// isJSONText reports whether a JSON value is a text.
func isJSONText(value []byte) bool { return len(value) > 0 && value[0] == '"' }

// unicodeEscape returns the character of the \u escape at the beginning of s, and the length of
// the escape. Half of a surrogate pair becomes U+FFFD, as in encoding/json.
func unicodeEscape(s []byte) (r rune, n int) {
	r, _ = hexUnit(s[2:])
	if !utf16.IsSurrogate(r) {
		return r, 6
	}
	if len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
		if low, ok := hexUnit(s[8:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return pair, 12
			}
		}
	}
	return utf8.RuneError, 6
}

// jsonValues puts the value of each key into the slice values, as it is written; nil: the object
// lacks the key. If the object has a key twice, jsonValues uses the first. The result reports
// whether text is one object and nothing else.
func jsonValues(text []byte, keys []string, values [][]byte) bool {
	o := objectOf(text)
	for key, value, more := o.next(); more; key, value, more = o.next() {
		for i, k := range keys {
			if values[i] == nil && string(key) == k {
				values[i] = value
			}
		}
	}
	return o.ok && o.ended
}

// jsonTextAt tries the keys in their order. It returns the first value that is a text and is not
// empty; nil: there is none.
func jsonTextAt(object []byte, keys ...string) []byte {
	var values [maxKeys][]byte
	if len(object) == 0 || object[0] != '{' || !jsonValues(object, keys, values[:]) {
		return nil
	}
	for _, v := range values[:len(keys)] {
		if text, ok := jsonText(v); ok && len(text) > 0 {
			return text
		}
	}
	return nil
}

// maxKeys is the largest number of keys for jsonTextAt.
const maxKeys = 8

// isBraced reports whether s looks like a JSON object. It checks only both ends.
func isBraced(s []byte) bool {
	s = bytes.TrimRight(s, " ")
	return len(s) > 1 && s[0] == '{' && s[len(s)-1] == '}'
}

// hasFirstKey reports whether an object begins with a key. Docker writes no space before the key,
// but a program that rewrites the lines may add one.
func hasFirstKey(object []byte, key string) bool {
	h := lineHead{s: object, i: 1}
	h.spaces()
	return h.byte('"') && beginsWith(h.ahead(), key) && at(h.ahead(), len(key)) == '"'
}
