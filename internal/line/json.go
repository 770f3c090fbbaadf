package line

import "strings"

const (
	// maxDepth is how many levels of nested objects become fields.
	maxDepth = 8

	// maxPath is the maximum length, in bytes, of the path of an object that becomes fields. Each
	// of these fields has the path in its key. Without a limit, a line could need memory in
	// proportion to the square of its length.
	maxPath = 128

	// maxNesting is how deep objects and arrays may be nested at all. The limit is the same as in
	// encoding/json.
	maxNesting = 10_000
)

// top reads the whole line, which is one object.
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

const (
	badString  = "a malformed JSON string"
	badValue   = "no JSON value"
	badKey     = "no key of a JSON object"
	badColon   = "no colon after a key"
	badComma   = "no comma and no end of a JSON object or array"
	badNesting = "JSON nested too deep"
)

// object reads the object at pos. The keys of its fields begin with path.
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
		if err := r.member(path, depth); err != nil {
			return err
		}
		if r.tight(',') {
			continue
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

// member reads the key at pos and its value.
func (r *reader) member(path string, depth int) error {
	if r.peek() != '"' {
		return r.fault(badKey)
	}
	key, ok := r.quoted()
	if !ok {
		return r.fault(badString)
	}
	if !r.colon() {
		return r.fault(badColon)
	}
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
		return nil
	case '{':
		if depth < maxDepth && key != "" && len(key) <= maxPath {
			err := r.object(key, depth+1)
			r.inside = depth > 1
			return err
		}
		fallthrough
	case '[':
		if err := r.skip(depth); err != nil {
			return err
		}
	default:
		if !r.scalar(c) {
			return r.fault(badValue)
		}
	}
	r.add(key, r.text[start:r.pos], false)
	return nil
}

// colon moves past the colon at pos, and past the space around it.
func (r *reader) colon() bool {
	if r.tight(':') {
		return true
	}
	r.space()
	if r.peek() != ':' {
		return false
	}
	r.pos++
	r.space()
	return true
}

// tight moves past c, if c is at pos and no space follows it. Most lines have no space there.
func (r *reader) tight(c byte) bool {
	s := r.text[r.pos:]
	if len(s) < 2 || s[0] != c || s[1] <= ' ' {
		return false
	}
	r.pos++
	return true
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

// peek returns the byte at pos, or 0 at the end of the line.
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

// scalar moves past the number, true, false or null at pos, which begins with c.
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

// skip moves past the object or array at pos, whose level of nesting is the argument depth. The
// method keeps the open objects and arrays in a list, because with recursion a hostile line could
// use up the stack.
func (r *reader) skip(depth int) error {
	var buf [64]byte
	open := buf[:0] // the closing bracket of each open object or array
	for {
		// A value begins here.
		switch c := r.peek(); c {
		case '{', '[':
			if depth+len(open) >= maxNesting {
				return r.fault(badNesting)
			}
			open = append(open, c+2) // in ASCII, the closing bracket is two after the opening one
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
		// The value has ended here, or an empty object or array is about to end.
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

// skipKey moves past the key at pos and its colon.
func (r *reader) skipKey() error {
	if r.peek() != '"' {
		return r.fault(badKey)
	}
	if _, ok := r.skipString(); !ok {
		return r.fault(badString)
	}
	if !r.colon() {
		return r.fault(badColon)
	}
	return nil
}
