package timeline

import "bytes"

// fieldMerger adds to a line what its wrapper says besides, in the line's own form: as members of
// a JSON object, or as pairs of logfmt. Any other text becomes the message of an object.
type fieldMerger struct {
	buf   []byte
	pairs bool
	empty bool // the object has no members yet
}

// begin takes the line that fields are added to.
func (m *fieldMerger) begin(text []byte) {
	m.buf = m.buf[:0]
	m.pairs, m.empty = false, false
	object := objectOf(text)
	for more := true; more; {
		_, _, more = object.next()
	}
	switch {
	case object.ok && object.over:
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

// beginObject begins with an object that has nothing.
func (m *fieldMerger) beginObject() {
	m.buf = append(m.buf[:0], '{')
	m.pairs, m.empty = false, true
}

// add adds a field. Value is JSON.
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

// end returns the line. It is valid until the next one begins.
func (m *fieldMerger) end() []byte {
	if !m.pairs {
		m.buf = append(m.buf, '}')
	}
	return m.buf
}

// beginsWithPair reports whether a line begins as logfmt does: key=value.
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
			if !o.quoted() { // it was looked at before
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

// appendJSONText appends text as JSON. Bytes that are no UTF-8 stay as they are.
func appendJSONText(dst, text []byte) []byte {
	const hex = "0123456789abcdef"
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
			dst = append(append(dst, `\u00`...), hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// idMembers are IDs that a shipper has taken out of a line, or got beside it.
type idMembers struct {
	n       int
	members [4]struct{ name, value []byte }
}

// idsOf returns the IDs among the members of a JSON object.
func idsOf(object []byte) (ids idMembers) {
	o := objectOf(object)
	for name, value, more := o.next(); more; name, value, more = o.next() {
		ids.add(name, value)
	}
	return ids
}

// add takes a member whose name is that of an ID.
func (ids *idMembers) add(name, value []byte) {
	if ids.n < len(ids.members) && idName(name) != "" && isJSONText(value) && isIDText(value[1:len(value)-1]) {
		ids.members[ids.n].name, ids.members[ids.n].value = name, value
		ids.n++
	}
}

// isIDText reports whether text has only what IDs are written with. So it needs no escapes, in
// whatever form of quotes it was found.
func isIDText(text []byte) bool {
	for _, c := range text {
		if !isDigitByte(c) && !isLetterByte(c) && c != '-' && c != '/' && c != '_' && c != '.' {
			return false
		}
	}
	return len(text) > 0
}

// idName returns the name that an ID is known by to all; "": it is none. Journald's fields are in
// upper case, and OpenTelemetry's are without the underscore at some.
func idName(name []byte) string {
	const longest = len("parent_span_id")
	if len(name) < len("spanid") || len(name) > longest {
		return ""
	}
	var buf [longest]byte
	plain := buf[:0]
	for _, c := range name {
		if isLetterByte(c) {
			plain = append(plain, c|0x20)
		}
	}
	switch string(plain) {
	case "traceid":
		return "trace_id"
	case "spanid":
		return "span_id"
	case "parentid", "parentspanid":
		return "parent_id"
	}
	return ""
}

// merge adds the IDs to the line that it does not have.
func (u *unwrapper) merge(ids *idMembers) {
	var add [len(ids.members)]bool
	any := false
	for i, m := range ids.members[:ids.n] {
		add[i] = !bytes.Contains(u.text, m.value[1:len(m.value)-1])
		any = any || add[i]
	}
	if !any {
		return
	}
	m := &u.merged[u.depth]
	m.begin(u.text)
	for i, id := range ids.members[:ids.n] {
		if add[i] {
			m.add(idName(id.name), nil, id.value)
		}
	}
	u.text = m.end()
}
