package segment

import (
	"encoding/binary"
	"iter"
)

// Text is a Record whose texts are parts of one string, for readers that keep them.
type Text struct {
	Time    int64  // microseconds since 1970, UTC
	TraceID string // 0, 8 or 16 bytes
	App     string // "": the app of the segment
	Message string
	Kept    bool // Keep has marked the record

	record string // the whole record
	names  string
	pairs  string
}

// keep is a flag of records in memory. Keep sets the flag, and Text.Append removes it. A record on
// disk that has the flag is invalid.
const keep = 1 << 7

// Keep marks a record that a filter must not discard. A marked record must not be written to a
// file, because Next does not read it.
func Keep(record []byte) { record[4] |= keep }

// NextText returns the first record of s, and the rest of s after it, as Next does. It also reads
// records that Keep has marked.
func NextText(s string) (t Text, rest string, ok bool) {
	if len(s) < headSize {
		return t, "", false
	}
	n := binary.LittleEndian.Uint32([]byte(s[:4]))
	if n < headSize-4 || uint64(n) > uint64(len(s)-4) {
		return t, "", false
	}
	t.record, rest = s[:4+n], s[4+n:]
	flags := t.record[4]
	t.Kept = flags&keep != 0
	t.Time = int64(binary.LittleEndian.Uint64([]byte(t.record[5:headSize])))
	body := t.record[headSize:]
	width := int(flags&3) * 8
	if width > 16 || len(body) < width || flags&^(3|hasApp|hasNames|keep) != 0 {
		return t, "", false
	}
	t.TraceID, body = body[:width], body[width:]
	if flags&hasApp != 0 {
		if t.App, body, ok = cutText(body); !ok {
			return t, "", false
		}
	}
	if t.Message, body, ok = cutText(body); !ok {
		return t, "", false
	}
	if flags&hasNames != 0 {
		before := body
		if body, ok = skipTexts(body); !ok {
			return t, "", false
		}
		t.names = before[:len(before)-len(body)]
	}
	t.pairs = body
	return t, rest, true
}

// Pairs yields the record's pairs as Record.Pairs does.
func (t *Text) Pairs() iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		for p := t.pairs; len(p) > 0; {
			key, rest, ok := cutText(p)
			if !ok {
				return
			}
			value, rest, ok := cutText(rest)
			if !ok || !yield(key, value) {
				return
			}
			p = rest
		}
	}
}

// Value returns the value of a key. If the key was logged twice, it returns the last value.
func (t *Text) Value(key string) (value string, found bool) {
	for p := t.pairs; len(p) > 0; {
		k, rest, ok := cutText(p)
		if !ok {
			break
		}
		v, rest, ok := cutText(rest)
		if !ok {
			break
		}
		if k == key {
			value, found = v, true
		}
		p = rest
	}
	return value, found
}

// HasName reports whether name is among the names of the record.
func (t *Text) HasName(name string) bool {
	n, p := t.splitNames()
	for range n {
		one, rest, ok := cutText(p)
		if !ok {
			return false
		}
		if one == name {
			return true
		}
		p = rest
	}
	return false
}

// Names yields the names of the filters that the event has passed.
func (t *Text) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		n, p := t.splitNames()
		for range n {
			name, rest, ok := cutText(p)
			if !ok || !yield(name) {
				return
			}
			p = rest
		}
	}
}

// splitNames returns the number of the record's names, and the names in their encoded form.
func (t *Text) splitNames() (n uint64, names string) {
	if t.names == "" {
		return 0, ""
	}
	n, size := uvarint(t.names)
	return n, t.names[size:]
}

// Append appends the record to dst. It adds names to the record's own names, and removes the mark
// of Keep.
func (t *Text) Append(dst []byte, names []string) []byte {
	start := len(dst)
	if len(names) == 0 {
		dst = append(dst, t.record...)
		dst[start+4] &^= keep
		return dst
	}
	n, own := t.splitNames()
	dst = append(dst, t.record[:len(t.record)-len(t.pairs)-len(t.names)]...)
	dst[start+4] = dst[start+4]&^keep | hasNames
	dst = binary.AppendUvarint(dst, n+uint64(len(names)))
	dst = append(dst, own...)
	for _, name := range names {
		dst = appendString(dst, name)
	}
	dst = append(dst, t.pairs...)
	End(dst, start)
	return dst
}

// StringSize returns the encoded length of a string of n bytes.
func StringSize(n int) int {
	size := n + 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

func skipTexts(s string) (rest string, ok bool) {
	n, size := uvarint(s)
	if size <= 0 || n > uint64(len(s)) {
		return "", false
	}
	s = s[size:]
	for range n {
		if _, s, ok = cutText(s); !ok {
			return "", false
		}
	}
	return s, true
}

func cutText(s string) (text, rest string, ok bool) {
	if len(s) > 0 && s[0] < 0x80 {
		n := int(s[0]) + 1
		if n > len(s) {
			return "", "", false
		}
		return s[1:n], s[n:], true
	}
	n, size := uvarint(s)
	if size <= 0 || n > uint64(len(s)-size) {
		return "", "", false
	}
	end := size + int(n)
	return s[size:end], s[end:], true
}

// uvarint works like binary.Uvarint, for a string.
func uvarint(s string) (n uint64, size int) {
	var b [binary.MaxVarintLen64]byte
	return binary.Uvarint(b[:copy(b[:], s)])
}
