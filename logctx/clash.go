package logctx

import (
	"log/slog"
	"strings"
	"unicode/utf8"
)

// otherSuffix is what the key of somebody else's attribute gets where it is one of ours. Not a dot:
// Elasticsearch takes what stands after a dot for a part of an object, and refuses a line in which
// trace.id is both a text and an object.
const otherSuffix = "_attr"

// keys are those of all the fields that a line may get.
func (c *Config) keys() []string {
	keys := []string{c.TraceKey, c.SpanKey}
	if c.Format == GoogleTrace {
		keys = append(keys, sampledKey)
	}
	return keys
}

// initials has a bit for each letter with which a key begins; all bits where that is no ASCII letter,
// since then the other case of it may be one.
func initials(keys []string) (bits uint32) {
	for _, key := range keys {
		if key[0] >= utf8.RuneSelf {
			return 1<<32 - 1
		}
		bits |= 1 << (key[0] & 31) // the same for both cases
	}
	return bits
}

// mayClash reports whether key may be one of ours, or that of an inline group. It is asked about every
// attribute of every line, and nearly all of them end here. Other cases of an ASCII letter may be no ASCII: a
// long s, or the sign for Kelvin.
func (h *handler) mayClash(key string) bool {
	return key == "" || key[0] >= utf8.RuneSelf || h.initials>>(key[0]&31)&1 != 0
}

// split tells the attributes that next may have at the top level from those whose key is one of ours.
// Whether these keep it, only a line can tell.
func (h *handler) split(attrs []slog.Attr) (free, held []slog.Attr) {
	for _, a := range attrs {
		each(a, func(a slog.Attr) {
			for _, key := range h.cfg.keys() {
				if strings.EqualFold(a.Key, key) {
					held = append(held, a)
					return
				}
			}
			free = append(free, a)
		})
	}
	return free, held
}

// appendOther appends a, which is somebody else's, to attrs, of which the first so many are ours. Not with
// a key of theirs: parsers take the last of two, and some stores refuse the line.
func appendOther(attrs []slog.Attr, ours int, a slog.Attr) []slog.Attr {
	each(a, func(a slog.Attr) {
		for _, own := range attrs[:ours] {
			if !strings.EqualFold(a.Key, own.Key) {
				continue
			}
			if a.Value.Equal(own.Value) {
				return
			}
			a.Key += otherSuffix
			break
		}
		attrs = append(attrs, a)
	})
	return attrs
}

// each calls f with a, or with what stands in a if that is an inline group: a group without a key, or
// a LogValuer that turns out to be one. By slog's rules the line is the same.
func each(a slog.Attr, f func(a slog.Attr)) {
	if a.Key != "" {
		f(a)
		return
	}
	if a.Value = a.Value.Resolve(); a.Value.Kind() != slog.KindGroup { // resolved here, and so only once
		f(a)
		return
	}
	for _, inner := range a.Value.Group() {
		each(inner, f)
	}
}
