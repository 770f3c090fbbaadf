package main

import (
	"bytes"
	"io"
)

// lineReader reads lines. Some producers forget the end of line between objects. The reader
// returns each object of such a line as a line of its own, even if the whole line is longer than
// maxLine.
//
// If a line is longer than maxLine, next returns true for long. The objects before and after a
// long object on the same line are read as usual.
type lineReader struct {
	from    io.Reader
	buf     []byte
	at, end int // buf[at:end] are the bytes that are read but not yet returned
	newline int // the first newline after at; -1 if there is none before end
	err     error
	object  objectEnd // the end of the object that the line begins with
}

func newLineReader(from io.Reader) *lineReader {
	return &lineReader{from: from, buf: make([]byte, maxLine+2), newline: -1}
}

// next returns the next line, which is valid until the next call. If long is true, line is not the
// complete line. The error is io.EOF at the end of the input, together with the text after the
// last newline.
func (r *lineReader) next() (line []byte, long bool, err error) {
	r.object = objectEnd{}
	for {
		line = r.rest()
		// The condition is true for few lines, so objectEnd need not scan the others.
		if r.object.seen > 0 || r.newline < 0 || bytes.Contains(line, []byte("}{")) {
			if r.object.joined(line[r.object.seen:]) {
				line = line[:r.object.seen]
				r.at += len(line)
				return line, len(line) > maxLine, nil
			}
		}
		if r.newline >= 0 || r.err != nil || len(line) > maxLine+1 {
			break
		}
		r.fill()
	}
	switch {
	case r.newline >= 0:
		r.take(len(line))
		return line, len(line) > maxLine+1, nil
	case len(line) > maxLine:
		return nil, true, r.skip()
	}
	r.take(len(line))
	return line, false, r.err
}

// rest returns the part of the line that is already in the buffer.
func (r *lineReader) rest() []byte {
	if r.newline >= 0 {
		return r.buf[r.at : r.newline+1]
	}
	return r.buf[r.at:r.end]
}

// take moves on by n bytes.
func (r *lineReader) take(n int) {
	r.at += n
	r.newline = -1
	r.look(r.at)
}

// look sets r.newline to the first newline at the offset from, or after it.
func (r *lineReader) look(from int) {
	if i := bytes.IndexByte(r.buf[from:r.end], '\n'); i >= 0 {
		r.newline = from + i
	}
}

// fill reads more bytes into the buffer.
func (r *lineReader) fill() {
	if r.at > 0 {
		r.end = copy(r.buf, r.buf[r.at:r.end])
		r.at = 0
	}
	n, err := r.from.Read(r.buf[r.end:])
	from := r.end
	r.end += n
	r.look(from)
	r.err = err
}

// skip moves on to the text after the next newline. If another object follows a long object
// directly, skip moves on to that object, so that it is not lost.
func (r *lineReader) skip() error {
	for r.newline < 0 && r.err == nil {
		r.at = r.end
		r.fill()
		before := r.object.seen
		if r.object.joined(r.rest()) {
			r.at += r.object.seen - before
			return nil
		}
	}
	if r.newline < 0 {
		r.at = r.end
		return r.err
	}
	r.take(r.newline + 1 - r.at)
	return nil
}

// objectEnd finds the end of the object with which a line begins. It looks at each byte once, even
// if the line is read in pieces, because a line may have a million objects.
type objectEnd struct {
	seen          int // the number of bytes seen; the length of the object, if another object follows directly
	depth         int
	text, escaped bool // the next byte is in a string, or escaped
	ended         bool // the last byte was the end of the object
	none          bool // the line does not begin with an object, or no other object follows directly
}

// joined looks at the next bytes of the line, and reports whether another object follows directly.
// If so, seen is the offset of that object in the line.
func (o *objectEnd) joined(more []byte) bool {
	for _, c := range more {
		switch {
		case o.none:
			return false
		case o.ended && c == '{':
			return true
		case o.ended:
			o.none = true
		case o.escaped:
			o.escaped = false
		case o.text:
			o.escaped, o.text = c == '\\', c != '"'
		default:
			o.structure(c)
		}
		o.seen++
	}
	return false
}

// structure looks at a byte outside of strings.
func (o *objectEnd) structure(c byte) {
	switch {
	case c == '{':
		o.depth++
	case o.depth == 0: // before the object
		o.none = !bytes.ContainsRune([]byte(" \t\r\n"), rune(c))
	case c == '"':
		o.text = true
	case c == '}':
		o.depth--
		o.ended = o.depth == 0
	}
}
