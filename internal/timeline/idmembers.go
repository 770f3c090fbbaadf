package timeline

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
