package timeline

import (
	"fmt"
	"slices"
	"strings"
)

// Keys are the names of fields, for those that cannot be found by themselves, or are found
// wrongly. The first name that a line has counts, and one of the names here before all others. A
// field of an object has the path to it, with dots: json.tid. The zero value is to find all
// names.
type Keys struct{ Trace, Span, Parent, Service, Time, Level, Message []string }

// ParseKeys reads keys as they are written on a command line: trace=json.tid,service=app. A role
// may come several times.
func ParseKeys(text string) (Keys, error) {
	var k Keys
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, key, ok := strings.Cut(part, "=")
		list := k.list(strings.TrimSpace(name))
		if key = strings.TrimSpace(key); !ok || list == nil || key == "" {
			return Keys{}, fmt.Errorf("timeline: keys are written as trace=KEY, with a comma between them, and are those of %s: %q is none",
				strings.Join(roleNames[1:], ", "), part)
		}
		*list = append(*list, key)
	}
	return k, nil
}

// list returns the list with a name; nil: there is none.
func (k *Keys) list(name string) *[]string {
	if r := slices.Index(roleNames[:], name); r > 0 {
		return k.of(role(r))
	}
	return nil
}

// of returns the names for a role; nil: it can have none.
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
