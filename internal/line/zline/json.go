//go:build !binary_log

package zline

import (
	"encoding/json"
	"strconv"
	"sync"
	"unicode/utf8"

	"example.com/clew/internal/line"
	"github.com/rs/zerolog"
)

// Write writes p to e, with the names of n.
//
// Write gives zerolog the record as one piece of JSON: the value of the first field, followed by
// the other fields. That is faster, because zerolog itself would check each byte of each key.
func Write(e *zerolog.Event, p *line.Pending, n *line.Names) {
	p.Written = true
	to := raws.Get().(*raw)
	to.names, to.first, to.text = n, "", to.text[:0]
	p.Record.WriteTo(n, to)
	e.RawJSON(to.first, to.text)
	if cap(to.text) <= maxKept {
		raws.Put(to)
	}
	if len(p.Fields) > 0 {
		Attrs(e, n.Others(p.Fields))
	}
}

// raws keeps sinks for the next line. Without the pool, each line would allocate a sink, because
// the argument of WriteTo is an interface.
var raws = sync.Pool{New: func() any { return &raw{text: make([]byte, 0, 512)} }}

// maxKept is the maximum size of a buffer that is kept for the next line. zerolog has the same
// limit for its events.
const maxKept = 1 << 16

// raw is the [line.Sink] for JSON.
type raw struct {
	names *line.Names
	first string // the key of the first field; text begins with its value
	text  []byte
	inner bool // a group has just been opened
}

func (r *raw) key(key string) {
	switch {
	case r.first == "":
		r.first = key
	case r.inner:
		r.inner = false
		r.text = append(append(append(r.text, '"'), key...), `":`...)
	default:
		r.text = append(append(append(r.text, `,"`...), key...), `":`...)
	}
}

func (r *raw) Str(key, value string) {
	r.key(key)
	r.text = appendQuoted(r.text, value)
}

func (r *raw) Int(key string, value int64) {
	r.key(key)
	r.text = strconv.AppendInt(r.text, value, 10)
}

func (r *raw) Milliseconds(key string, thousandths int64) {
	r.key(key)
	r.text = line.AppendMilliseconds(r.text, thousandths)
}

func (r *raw) True(key string) {
	r.key(key)
	r.text = append(r.text, "true"...)
}

func (r *raw) Span(key string, id [8]byte) {
	r.key(key)
	r.text = append(r.names.AppendSpan(append(r.text, '"'), id), '"')
}

func (r *raw) Open(group string) {
	r.key(group)
	r.text, r.inner = append(r.text, '{'), true
}

func (r *raw) Close() { r.text = append(r.text, '}') }

// appendQuoted appends s as a text of JSON.
func appendQuoted(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf || c == 0x7f {
			quoted, err := json.Marshal(s)
			if err != nil { // never happens for a string
				return append(dst, `""`...)
			}
			return append(dst, quoted...)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}
