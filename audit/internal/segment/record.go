// Package segment defines the format of the journal: records, blocks of records, and files of
// blocks. Package audit writes segments, and packages table and lake read them.
//
// The package is separate, because lake must not import audit.
package segment

import (
	"encoding/binary"
	"iter"
)

// Record is one event. Its byte slices share the memory that the record was read from.
//
// A record consists of these parts, in this order. All numbers are little endian.
//
//	length     uint32    the number of bytes that follow
//	flags      byte      bits 0 and 1: the width of the trace ID, in units of 8 bytes;
//	                     bit 2: the record has an app; bit 3: the record has names
//	time       int64     microseconds since 1970, UTC
//	trace ID   0, 8 or 16 bytes
//	app        string    only if bit 2 is set; otherwise the app is that of the segment
//	message    string
//	names      only if bit 3 is set: the number of names as uvarint, and the names
//	pairs      up to the end of the record: for each pair two strings, key and value
//
// A string is its length as uvarint, and its bytes, which are valid UTF-8.
type Record struct {
	Time    int64  // microseconds since 1970, UTC
	TraceID []byte // 0, 8 or 16 bytes: no ID, an ID of 16 digits, an ID of 32 digits
	App     []byte // nil: the app of the segment
	Message []byte
	names   []byte
	pairs   []byte
}

const (
	hasApp   = 1 << 2
	hasNames = 1 << 3

	// headSize is the length of a record's length, flags and time.
	headSize = 4 + 1 + 8
)

// Begin appends the beginning of a record to dst. An empty app stands for the app of the segment.
// The caller then calls AppendPair for each pair, and End with the length that dst had before
// Begin.
func Begin(dst []byte, us int64, traceID []byte, app, message string, names ...string) []byte {
	flags := byte(len(traceID) / 8)
	if app != "" {
		flags |= hasApp
	}
	if len(names) > 0 {
		flags |= hasNames
	}
	dst = append(dst, 0, 0, 0, 0, flags)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(us))
	dst = append(dst, traceID...)
	if app != "" {
		dst = appendString(dst, app)
	}
	dst = appendString(dst, message)
	if len(names) > 0 {
		dst = binary.AppendUvarint(dst, uint64(len(names)))
		for _, name := range names {
			dst = appendString(dst, name)
		}
	}
	return dst
}

// AppendPair appends a pair to the record that Begin has begun.
func AppendPair(dst []byte, key, value string) []byte {
	return appendString(appendString(dst, key), value)
}

// End sets the length of the record that begins at dst[start].
func End(dst []byte, start int) {
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
}

func appendString(dst []byte, s string) []byte {
	if len(s) < 0x80 {
		dst = append(dst, byte(len(s)))
	} else {
		dst = binary.AppendUvarint(dst, uint64(len(s)))
	}
	return append(dst, s...)
}

// Next returns the first record of p, and the bytes after it. The result ok is false at the end of
// p, or if p does not begin with a record as Begin, AppendPair and End write it. In a block with a
// valid checksum, only a fault of the writer can cause that.
func Next(p []byte) (r Record, rest []byte, ok bool) {
	if len(p) < headSize {
		return r, nil, false
	}
	n := binary.LittleEndian.Uint32(p)
	if n < headSize-4 || uint64(n) > uint64(len(p)-4) {
		return r, nil, false
	}
	body, rest := p[4:4+n:4+n], p[4+n:]
	flags := body[0]
	r.Time = int64(binary.LittleEndian.Uint64(body[1:]))
	body = body[9:]
	width := int(flags&3) * 8
	if width > 16 || len(body) < width || flags&^(3|hasApp|hasNames) != 0 {
		return r, nil, false
	}
	r.TraceID, body = body[:width:width], body[width:]
	if flags&hasApp != 0 {
		if r.App, body, ok = cutString(body); !ok {
			return r, nil, false
		}
	}
	if r.Message, body, ok = cutString(body); !ok {
		return r, nil, false
	}
	if flags&hasNames != 0 {
		before := body
		if body, ok = skipNames(body); !ok {
			return r, nil, false
		}
		r.names = before[:len(before)-len(body)]
	}
	r.pairs = body
	return r, rest, true
}

func skipNames(p []byte) (rest []byte, ok bool) {
	n, size := binary.Uvarint(p)
	if size <= 0 || n > uint64(len(p)) {
		return nil, false
	}
	p = p[size:]
	for range n {
		if _, p, ok = cutString(p); !ok {
			return nil, false
		}
	}
	return p, true
}

// NextPair returns the first pair of p, and the bytes after it. p is the result of RawPairs, or
// the rest of an earlier call of NextPair.
func NextPair(p []byte) (key, value, rest []byte, ok bool) {
	if key, p, ok = cutString(p); !ok {
		return nil, nil, nil, false
	}
	if value, p, ok = cutString(p); !ok {
		return nil, nil, nil, false
	}
	return key, value, p, true
}

// TimeAt returns the time of the record that begins at p[at]. The record must be valid: Next must
// have read it before.
func TimeAt(p []byte, at uint32) int64 {
	return int64(binary.LittleEndian.Uint64(p[at+5:]))
}

// RawPairs returns the record's pairs in their encoded form, for NextPair.
func (r *Record) RawPairs() []byte { return r.pairs }

// Pairs yields the record's pairs in the order in which they were logged. If a key was logged
// twice, Pairs yields both values, and the last one is valid.
func (r *Record) Pairs() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		for p := r.pairs; len(p) > 0; {
			key, value, rest, ok := NextPair(p)
			if !ok || !yield(key, value) {
				return
			}
			p = rest
		}
	}
}

// Names yields the names of the filters that the event has passed.
func (r *Record) Names() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		if len(r.names) == 0 {
			return
		}
		n, size := binary.Uvarint(r.names)
		for p := r.names[size:]; n > 0; n-- {
			name, rest, ok := cutString(p)
			if !ok || !yield(name) {
				return
			}
			p = rest
		}
	}
}

func cutString(p []byte) (s, rest []byte, ok bool) {
	if len(p) > 0 && p[0] < 0x80 {
		n := int(p[0]) + 1
		if n > len(p) {
			return nil, nil, false
		}
		return p[1:n:n], p[n:], true
	}
	n, size := binary.Uvarint(p)
	if size <= 0 || n > uint64(len(p)-size) {
		return nil, nil, false
	}
	end := size + int(n)
	return p[size:end:end], p[end:], true
}
