package line

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// plain reads a line that is not JSON: key=value pairs, or the text of Console.
func (r *reader) plain() error {
	if strings.IndexByte(r.text, '\x1b') >= 0 {
		r.text, r.pos = withoutEscapes(r.text), 0
		r.space()
	}
	if strings.ContainsAny(r.text, "\r\n") {
		return fault{strings.IndexAny(r.text, "\r\n"), "more than one line"}
	}
	p := pairAt(r.text, r.pos)
	if p.end == 0 {
		return r.console()
	}
	for {
		r.addPair(p, false)
		if r.pos = p.end; r.pos == len(r.text) {
			return nil
		}
		for r.pos < len(r.text) && r.text[r.pos] == ' ' {
			r.pos++
		}
		if p = pairAt(r.text, r.pos); p.end == 0 {
			return r.fault("no key=value pair")
		}
	}
}

// pair contains the indexes in a text at which a key=value pair starts, its value starts, and the
// pair ends. The field end is 0 if there is no pair.
type pair struct{ start, value, end int }

// pairAt returns the pair that begins at i.
func pairAt(s string, i int) pair {
	equals := keyEnd(s, i)
	if equals == 0 {
		return pair{}
	}
	return pair{start: i, value: equals + 1, end: valueEnd(s, equals+1)}
}

// keyEnd returns the index of the equals sign after the key at i, or 0 if there is no key.
func keyEnd(s string, i int) int {
	if i < len(s) && s[i] == '"' {
		if i = quotedEnd(s, i); i > 0 && i < len(s) && s[i] == '=' {
			return i
		}
		return 0
	}
	for start := i; i < len(s); i++ {
		switch c := s[i]; {
		case c > '=': // this is a letter in most cases
		case c == '=' && i > start:
			return i
		case c == '=' || c == ' ' || c == '"':
			return 0
		}
	}
	return 0
}

// valueEnd returns the end of the value at i.
func valueEnd(s string, i int) int {
	if i < len(s) {
		switch s[i] {
		case '"':
			if end := quotedEnd(s, i); end > 0 && (end == len(s) || s[end] == ' ') {
				return end
			}
		case '{', '[': // only Console writes objects and arrays without quotes
			r := reader{text: s, pos: i}
			if r.skip(1) == nil && (r.pos == len(s) || s[r.pos] == ' ') {
				return r.pos
			}
		}
	}
	return wordEnd(s, i)
}

// quotedEnd returns the end of the quoted text at i, or 0 if the closing quote is missing.
func quotedEnd(s string, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return 0
}

// wordEnd returns the end of the word at i.
func wordEnd(s string, i int) int {
	if n := strings.IndexByte(s[i:], ' '); n >= 0 {
		return i + n
	}
	return len(s)
}

// addPair adds the pair p as a field. If the argument objects is true, as it is for Console, the
// fields of an object become fields of the line.
func (r *reader) addPair(p pair, objects bool) {
	key := unquoted(r.text[p.start : p.value-1])
	value := r.text[p.value:p.end]
	switch {
	case value == "":
		r.add(key, "", true)
	case value[0] == '"':
		r.add(key, unquoted(value), true)
	case objects && (value[0] == '{' || value[0] == '['):
		inner := *r
		inner.text, inner.pos = r.text[:p.end], p.value
		if value[0] == '{' && key != "" && len(key) <= maxPath && inner.object(key, 2) == nil && inner.pos == p.end {
			r.fields, r.at, r.inner, r.score = inner.fields, inner.at, inner.inner, inner.score
			return
		}
		inner.pos = p.value
		r.add(key, valid(value), inner.skip(1) != nil || inner.pos != p.end)
	default:
		isJSON := value == "true" || value == "false" || number(value) == len(value)
		r.add(key, valid(value), !isJSON)
	}
}

// unquoted returns the value of s, which may be quoted in Go's way. If s is quoted in another way,
// the value is the text between the quotes.
func unquoted(s string) string {
	if s == "" || s[0] != '"' || quotedEnd(s, 0) != len(s) {
		return valid(s)
	}
	inner := s[1 : len(s)-1]
	if strings.IndexByte(inner, '\\') >= 0 {
		if text, err := strconv.Unquote(s); err == nil {
			inner = text
		}
	}
	return valid(inner)
}

// valid returns s with U+FFFD for each byte that is not valid UTF-8.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}
