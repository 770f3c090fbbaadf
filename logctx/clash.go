package logctx

import (
	"log/slog"
	"strings"
	"unicode/utf8"

	"example.com/clew/internal/line"
)

// topKeys returns the keys that we may write at the top level of a line.
func (w *writer) topKeys() []string {
	keys := []string{w.traceKey, w.spanKey}
	if w.Format == line.GoogleTrace {
		keys = append(keys, line.GoogleSampled)
	}
	if w.service != "" {
		keys = append(keys, w.Top(line.Service))
	}
	return keys
}

// filter quickly rules out most keys that differ from ours, since every attribute of every line
// must be checked. It compares the length and the first letter. For an ASCII key, upper and lower
// case have the same length, and the filter has one bit for both cases of a letter.
type filter struct {
	shortest int    // the length of our shortest key; 1 if one of our keys is not ASCII
	initials uint32 // a bit for each first letter; all bits if one of our keys is not ASCII
}

func newFilter(keys []string) filter {
	f := filter{shortest: len(keys[0])}
	for _, key := range keys {
		if strings.ContainsFunc(key, func(c rune) bool { return c >= utf8.RuneSelf }) {
			return filter{shortest: 1, initials: 1<<32 - 1}
		}
		f.shortest = min(f.shortest, len(key))
		f.initials |= 1 << (key[0] & 31) // the same bit for upper and lower case
	}
	return f
}

// clash reports whether one of the attributes in others has a key of ours, or is an inline group.
// An inline group may contain such an attribute.
func (f *filter) clash(ours, others []slog.Attr) bool {
	if len(ours) == 0 {
		return false
	}
	for i := range others {
		key := others[i].Key
		if len(key) < f.shortest {
			if key == "" {
				return true
			}
			continue
		}
		// A key whose first letter is not ASCII is always compared: the long s (ſ) folds to s, and
		// the Kelvin sign to k.
		if key[0] < utf8.RuneSelf && f.initials>>(key[0]&31)&1 == 0 {
			continue
		}
		for j := range ours {
			if strings.EqualFold(key, ours[j].Key) {
				return true
			}
		}
	}
	return false
}

// split separates the attributes with a key of ours (held) from the others (free). The free ones
// can be passed to the next handler at once. The held ones wait until a line is written, because
// only then is it known whether the line has a trace.
func (h *handler) split(attrs []slog.Attr) (free, held []slog.Attr) {
	keys := h.topKeys()
	for _, a := range attrs {
		line.Each(a, func(a slog.Attr) {
			for _, key := range keys {
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

// appendOther appends a, an attribute of the user's, to attrs. The first attributes of attrs are
// ours; the parameter ours is their number. If a has the key of one of them, a is renamed, because
// most parsers keep only the last of two fields with one key, and some log stores refuse the line.
// If several attributes then have the same key, the last one stays.
func appendOther(attrs []slog.Attr, ours int, a slog.Attr) []slog.Attr {
	line.Each(a, func(a slog.Attr) {
		for _, own := range attrs[:ours] {
			if !strings.EqualFold(a.Key, own.Key) {
				continue
			}
			if a.Value.Equal(own.Value) {
				return
			}
			a.Key += line.Other
			break
		}
		if strings.HasSuffix(a.Key, line.Other) {
			for i := range attrs[ours:] {
				if other := &attrs[ours+i]; other.Key == a.Key {
					other.Value = a.Value
					return
				}
			}
		}
		attrs = append(attrs, a)
	})
	return attrs
}
