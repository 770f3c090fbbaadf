package timeline

import (
	"fmt"
	"slices"
	"strings"
)

// Keys are names of fields that the user gives to a parser. They are for a source with names that
// the parser does not find, or understands wrongly. Each list has the names for one role, the
// preferred name first. In each line, the parser uses the first of these names for which the line
// has a field. If the line has no such field, the parser uses the names that it finds itself. The
// name of a field in an object is its path with dots: json.tid. With the zero value, the parser
// finds all names itself.
type Keys struct{ Trace, Span, Parent, Service, Time, Level, Message []string }

// ParseKeys reads keys as they are written on a command line: trace=json.tid,service=app. A role
// may occur several times.
func ParseKeys(text string) (Keys, error) {
	var k Keys
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, key, ok := strings.Cut(part, "=")
		list := k.list(strings.TrimSpace(name))
		if key = strings.TrimSpace(key); !ok || list == nil || key == "" {
			return Keys{}, fmt.Errorf("timeline: %q is no key: keys are written as trace=KEY, with commas between them, and trace may be any of %s",
				part, strings.Join(roleNames[1:], ", "))
		}
		*list = append(*list, key)
	}
	return k, nil
}

// list returns the list for the name of a role, or nil.
func (k *Keys) list(name string) *[]string {
	if r := slices.Index(roleNames[:], name); r > 0 {
		return k.of(role(r))
	}
	return nil
}

// of returns the names for a role; nil: Keys has no names for the role.
func (k *Keys) of(r role) *[]string {
	switch r {
	case roleTrace:
		return &k.Trace
	case roleSpan:
		return &k.Span
	case roleParent:
		return &k.Parent
	case roleService:
		return &k.Service
	case roleTime:
		return &k.Time
	case roleLevel:
		return &k.Level
	case roleMessage:
		return &k.Message
	}
	return nil
}
