package timeline

import (
	"time"

	"example.com/clew/internal/line"
)

// A quickLine is a line that Parser.quick reads.
type quickLine struct {
	text   []byte
	parser *Parser
	values [parts]value
	last   *quickKey
	theirs bool // it has a key that is not ours
	loose  bool // it has pairs, not JSON

	// The values of times and IDs that the method known has read already.
	time      time.Time
	precision time.Duration
	spans     [line.CallerParentID + 1]ID
}

// along reads fields from i on, as long as they come in the same order as in earlier lines. It
// stops at a field that breaks the order, or that is not a text or a number, and returns the index
// of that field. The result ended reports that the line has ended. Nearly all lines have only
// expected fields, and some fields even have the same value as before. So this method makes quick
// fast.
func (q *quickLine) along(i int) (_ int, ended bool) {
	text, last := q.text, q.last
	var other value
	for {
		k, same := last.follower(text[i:])
		if k == nil {
			break
		}
		if v := &q.values[k.part]; same && v.end == 0 {
			*v = value{start: uint16(i) + k.from, end: uint16(i) + k.until, text: k.text}
			k.changes -= min(k.changes, 1)
			i, last = i+len(k.want), k
			continue
		}
		// next writes a value to its final place, because a copy of it would be slow.
		v := &q.values[k.part]
		if k.theirs || v.end > 0 {
			v = &other
		}
		end := q.next(k, i+len(k.head), v)
		if end == 0 || v == &other && !q.take(k, other) {
			break
		}
		if text[end] == '}' {
			return end + 1, true
		}
		if !v.read {
			k.remember(text[i:end+1], v, i)
		}
		i, last = end+1, k
	}
	q.last = last
	return i, false
}

// next reads the value at i into v, and returns the end of the value. A comma or the end of the
// line must follow. If anything else follows, or if the value is not a text or a number, v is
// empty and the result is 0.
func (q *quickLine) next(k *quickKey, i int, v *value) (end int) {
	text := q.text
	*v = value{theirs: k.theirs}
	switch c := text[i]; {
	case c == '"':
		if k.known {
			end = q.known(k, i+1)
			v.read = end > 0
		}
		if end == 0 {
			end = plainEnd(text, i+1)
		}
		if end < len(text) && text[end] == '\\' && mayEscape(k.part) {
			end = anyString(text, i) - 1
		}
		if end <= i || end >= len(text) || text[end] != '"' {
			end = 0
			break
		}
		v.start, v.end, v.text = uint16(i+1), uint16(end), true
		end++
	case c-'0' <= 9:
		end = numberEnd(text, i)
		v.start, v.end = uint16(i), uint16(end)
	}
	if end > 0 && end < len(text) && (text[end] == ',' || text[end] == '}' && end+1 == len(text)) {
		return end
	}
	*v = value{}
	return 0
}

// known reads the time or the ID at i, and returns its end. The result is 0 if the value has an
// unusual form. If known has read a value, its bytes need no further check.
func (q *quickLine) known(k *quickKey, i int) (end int) {
	ok := false
	switch k.part {
	case partTime:
		const micros = len("2026-11-26T22:46:25.123456Z")
		if end = i + micros; at(q.text, end) == '"' {
			q.time, q.precision, ok = q.parser.quickTime(q.text[i:end])
		}
	default:
		if end = i + 16; at(q.text, end) != '"' && k.part == part(line.TraceID) {
			end = i + 32
		}
		if at(q.text, end) == '"' {
			q.spans[k.part], ok = idDigits(q.text[i:end])
		}
	}
	if !ok {
		return 0
	}
	return end
}

// object reads the fields of an object, from the field at i on, and returns the end of the object.
// The parameter prefix is the length of the object's path.
func (q *quickLine) object(i, prefix, depth int) (_ int, ok bool) {
	for {
		if i, ok = q.met(q.space(i), prefix, depth); !ok {
			return 0, false
		}
		i = q.space(i)
		switch at(q.text, i) {
		case ',':
			if i++; prefix == 0 {
				if i, ok = q.along(i); ok {
					return i, true
				}
			}
		case '}':
			return i + 1, true
		default:
			return 0, false
		}
	}
}

// met reads the field with the key at i, and returns the end of its value.
func (q *quickLine) met(i, prefix, depth int) (int, bool) {
	end := plainString(q.text, i)
	if at(q.text, i) != '"' || end == 0 {
		return 0, false
	}
	key, ok := q.join(prefix, q.text[i+1:end-1])
	if i = q.space(end); !ok || at(q.text, i) != ':' {
		return 0, false
	}
	i = q.space(i + 1)
	if at(q.text, i) == '{' {
		return q.inner(i, len(key), depth)
	}
	k := q.parser.part(key)
	if prefix == 0 {
		q.follow(k)
	}
	return q.field(k, i)
}

// follow remembers that k has followed the last key.
func (q *quickLine) follow(k *quickKey) {
	if k.part == partOther { // all parsers share otherKey
		return
	}
	if q.last.next != k {
		q.last.next, q.last.other = k, q.last.next
	}
	q.last = k
}

// quickDepth is the largest depth of nested objects that quick reads. Package line has the same
// limit for objects whose members become fields.
const quickDepth = 6

// inner reads the fields of an object within another. The parameter prefix is the length of the
// inner object's path.
func (q *quickLine) inner(i, prefix, depth int) (int, bool) {
	if depth == quickDepth || prefix == 0 || prefix+1 >= len(q.parser.path) {
		return 0, false
	}
	q.parser.path[prefix] = '.'
	return q.object(i+1, prefix+1, depth+1)
}

// join returns the path of a key. The parser's path already contains the beginning of it. The
// parameter prefix is the length of that beginning.
func (q *quickLine) join(prefix int, key []byte) ([]byte, bool) {
	if prefix+len(key) > len(q.parser.path) || len(key) == 0 {
		return nil, false
	}
	n := copy(q.parser.path[prefix:], key)
	return q.parser.path[:prefix+n], true
}

func (q *quickLine) space(i int) int {
	for i < len(q.text) && q.text[i] == ' ' {
		i++
	}
	return i
}

// field reads the value at i, and returns its end.
func (q *quickLine) field(k *quickKey, i int) (int, bool) {
	if k.part == partOther {
		return 0, false
	}
	if at(q.text, i) == '[' && isIgnored(k.part) {
		return q.array(i)
	}
	end := valueEnd(q.text, i, mayEscape(k.part))
	if end == 0 {
		return 0, false
	}
	v := value{start: uint16(i), end: uint16(end), text: q.text[i] == '"', theirs: k.theirs}
	if v.text {
		v.start, v.end = v.start+1, v.end-1
	}
	return end, q.take(k, v)
}

// take keeps a value. The result is false if the line has two keys with the same meaning: Parse
// must decide between them.
func (q *quickLine) take(k *quickKey, v value) bool {
	if had := &q.values[k.part]; !k.theirs && had.end == 0 && v.end > 0 {
		*had = v
		return true
	}
	switch k.part {
	case partIgnored:
		return true
	case partCaller, partFile, partLine, partLogger:
		q.values[k.part] = v
		return true
	case partVendor:
		q.theirs = true
		return true
	}
	if had := q.values[k.part]; had.end > 0 && (v.theirs || had.theirs) {
		return false
	}
	if v.end == 0 || v.theirs && v.end == v.start {
		return false
	}
	v.datadog = k.datadog
	q.values[k.part] = v
	q.theirs = q.theirs || k.theirs && k.part < partName
	return true
}

// array returns the end of the array at i. It accepts only texts, numbers, true and false in the
// array.
func (q *quickLine) array(i int) (int, bool) {
	i = q.space(i + 1)
	if at(q.text, i) == ']' {
		return i + 1, true
	}
	for {
		end := valueEnd(q.text, i, true)
		if end == 0 {
			return 0, false
		}
		i = q.space(end)
		switch at(q.text, i) {
		case ']':
			return i + 1, true
		case ',':
			i = q.space(i + 1)
		default:
			return 0, false
		}
	}
}
