package timeline

import "bytes"

// fieldMerger adds fields of a wrapper to a line. It keeps the form of the line: it adds members
// to a JSON object, and pairs to logfmt. Any other text becomes the message of a new object.
type fieldMerger struct {
	buf   []byte
	pairs bool
	empty bool // the object has no members yet
}

// begin sets the line to which add adds fields.
func (m *fieldMerger) begin(text []byte) {
	m.buf = m.buf[:0]
	m.pairs, m.empty = false, false
	object := objectOf(text)
	for more := true; more; {
		_, _, more = object.next()
	}
	switch {
	case object.ok && object.ended:
		m.buf = appendCompact(m.buf, text)
		m.buf = m.buf[:len(m.buf)-1] // without the brace at the end
		m.empty = len(m.buf) == 1
	case beginsWithPair(text):
		m.pairs = true
		m.buf = append(m.buf, text...)
	default:
		m.buf = append(m.buf, `{"message":`...)
		m.buf = appendJSONText(m.buf, text)
	}
}

// beginObject begins with an empty object instead of a line.
func (m *fieldMerger) beginObject() {
	m.buf = append(m.buf[:0], '{')
	m.pairs, m.empty = false, true
}

// add adds a field with the name prefix+name. The value is JSON.
func (m *fieldMerger) add(prefix string, name, value []byte) {
	if m.pairs {
		m.buf = append(append(append(append(m.buf, ' '), prefix...), name...), '=')
		switch value[0] {
		case '{', '[':
			m.buf = appendJSONText(m.buf, appendCompact(nil, value))
		default:
			m.buf = append(m.buf, value...)
		}
		return
	}
	if !m.empty {
		m.buf = append(m.buf, ',')
	}
	m.empty = false
	m.buf = append(append(append(append(m.buf, '"'), prefix...), name...), `":`...)
	m.buf = appendCompact(m.buf, value)
}

// end returns the line with all added fields. The result is valid until the next begin.
func (m *fieldMerger) end() []byte {
	if !m.pairs {
		m.buf = append(m.buf, '}')
	}
	return m.buf
}

// beginsWithPair reports whether a line begins with key=value, as logfmt does.
func beginsWithPair(text []byte) bool {
	key, _, ok := bytes.Cut(text[:min(len(text), maxName)], []byte("="))
	return ok && isContainerName(key)
}

// appendCompact appends JSON without the white space between its parts.
func appendCompact(dst, json []byte) []byte {
	for i := 0; i < len(json); i++ {
		c := json[i]
		switch {
		case isJSONSpace(c):
		case c == '"':
			o := jsonObject{text: json, pos: i}
			if !o.quoted() { // never happens, because the JSON was checked before
				return append(dst, json[i:]...)
			}
			dst = append(dst, json[i:o.pos]...)
			i = o.pos - 1
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// appendJSONText appends text as JSON. Bytes that are not valid UTF-8 stay as they are.
func appendJSONText(dst, text []byte) []byte {
	dst = append(dst, '"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		case c < ' ':
			dst = append(append(dst, `\u00`...), sixteen[c>>4], sixteen[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
