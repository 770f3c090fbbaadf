package timeline

// idMembers are IDs that a shipper writes beside the line, and not in the line.
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

// add adds a member, if its name is the name of an ID and its value looks like an ID.
func (ids *idMembers) add(name, value []byte) {
	if ids.n < len(ids.members) && idName(name) != "" && isJSONText(value) && isIDText(value[1:len(value)-1]) {
		ids.members[ids.n].name, ids.members[ids.n].value = name, value
		ids.n++
	}
}

// isIDText reports whether text has only the characters of IDs. Such a text needs no escapes in
// any form of quotes.
func isIDText(text []byte) bool {
	for _, c := range text {
		if !isDigitByte(c) && !isLetterByte(c) && c != '-' && c != '/' && c != '_' && c != '.' {
			return false
		}
	}
	return len(text) > 0
}

// idName returns the usual form of the name of an ID, such as trace_id; "": name is not the name
// of an ID. Journald writes names in upper case, and OpenTelemetry's names may lack the
// underscore.
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
