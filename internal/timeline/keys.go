package timeline

import (
	"fmt"
	"slices"
	"strings"
)

// Keys are names of fields, for names that a parser cannot find or takes wrongly. The first name
// that a line has counts, and each name here comes before all others. A field of an object has the
// path with dots as its name: json.tid. With the zero value, the parser finds all names.
type Keys struct{ Trace, Span, Parent, Service, Time, Level, Message []string }

// ParseKeys reads keys as a command line has them: trace=json.tid,service=app. A role may come
// several times.
func ParseKeys(text string) (Keys, error) {
	var k Keys
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		name, key, ok := strings.Cut(part, "=")
		list := k.list(strings.TrimSpace(name))
		if key = strings.TrimSpace(key); !ok || list == nil || key == "" {
			return Keys{}, fmt.Errorf("timeline: %q names no key: keys are written as trace=KEY, with commas between them, for %s",
				part, strings.Join(roleNames[1:], ", "))
		}
		*list = append(*list, key)
	}
	return k, nil
}

// list returns the list with a name, or nil.
func (k *Keys) list(name string) *[]string {
	if r := slices.Index(roleNames[:], name); r > 0 {
		return k.of(role(r))
	}
	return nil
}

// of returns the names for a role; nil: the role cannot have any.
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
