package line

import (
	"log/slog"
	"slices"
	"strings"
)

// requestKeys are the fields that the line of a request may have.
var requestKeys = [...]Key{TraceID, SpanID, Service, Sampled, ParentID, CallerParentID, UntrustedTraceID, Method, Path, Route,
	Status, Bytes, Duration, Remote, Panicked, Hijacked, ClientGone}

// Others returns the user's fields for the line of a request. A field is renamed if its key is the
// key of one of our fields for requests, or a logger's key for the time, the level or the message.
// Otherwise the line would have two fields with one key: parsers would take the last one, and some
// stores would refuse the line. If several fields get the same new name, the last one stays.
func (n *Names) Others(fields []slog.Attr) []slog.Attr {
	if !slices.ContainsFunc(fields, func(f slog.Attr) bool { return f.Key == "" || n.taken(f.Key) }) {
		return fields
	}
	var renamed []slog.Attr
	for _, f := range fields {
		Each(f, func(f slog.Attr) {
			if n.taken(f.Key) {
				f.Key += Other
			}
			if strings.HasSuffix(f.Key, Other) {
				for i := range renamed {
					if renamed[i].Key == f.Key {
						renamed[i] = f
						return
					}
				}
			}
			renamed = append(renamed, f)
		})
	}
	return renamed
}

// Each calls f with the attribute a. If a is an inline group, Each calls f with each attribute of
// the group instead. An inline group is a group without a key, or a LogValuer without a key that
// resolves to a group. By slog's rules the line is the same.
func Each(a slog.Attr, f func(a slog.Attr)) {
	if a.Key != "" {
		f(a)
		return
	}
	if a.Value = a.Value.Resolve(); a.Value.Kind() != slog.KindGroup { // resolved only once, here
		f(a)
		return
	}
	for _, inner := range a.Value.Group() {
		Each(inner, f)
	}
}

// taken reports whether the line of a request already has a field with this key.
func (n *Names) taken(key string) bool {
	same := func(name string) bool { return strings.EqualFold(name, key) }
	return slices.ContainsFunc(requestKeys[:], func(k Key) bool { return same(n.Top(k)) }) ||
		slices.ContainsFunc(timeNames[:], same) || slices.ContainsFunc(levelNames[:], same) || slices.ContainsFunc(messageNames[:], same)
}
