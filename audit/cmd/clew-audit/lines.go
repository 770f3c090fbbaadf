package main

import (
	"bytes"
	"io"
)

// lineReader reads lines. A line of objects that follow each other without an end of line between
// them, as producers write that forget it, is read as one line an object, however long it is.
//
// A line that is longer than maxLine, and is no such objects, is read as long.
type lineReader struct {
	from    io.Reader
	buf     []byte
	at, end int // what is read and not yet taken
	newline int // where the first newline after at is; so far there is none before end where it is -1
	err     error
}

func newLineReader(from io.Reader) *lineReader {
	return &lineReader{from: from, buf: make([]byte, maxLine+2), newline: -1}
}

// next returns the next line, which is valid until the next call. Of a long one there is nothing.
// After the last line the error is io.EOF, and what is behind the last newline comes with it.
func (r *lineReader) next() (line []byte, long bool, err error) {
	for {
		line = r.buf[r.at:r.end]
		if r.newline >= 0 {
			line = r.buf[r.at : r.newline+1]
		}
		if n := joined(line); n > 0 {
			r.at += n
			return line[:n], false, nil
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

// take goes on behind the next n bytes.
func (r *lineReader) take(n int) {
	r.at += n
	r.newline = -1
	r.look(r.at)
}

// look looks for a newline, from there on.
func (r *lineReader) look(from int) {
	if i := bytes.IndexByte(r.buf[from:r.end], '\n'); i >= 0 {
		r.newline = from + i
	}
}

// fill reads more, where there is room.
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

// skip goes on behind the next newline.
func (r *lineReader) skip() error {
	for r.newline < 0 && r.err == nil {
		r.at = r.end
		r.fill()
	}
	if r.newline < 0 {
		r.at = r.end
		return r.err
	}
	r.take(r.newline + 1 - r.at)
	return nil
}

// joined returns the length of the object that line begins with, where another one follows at
// once, or 0.
func joined(line []byte) int {
	if !bytes.Contains(line, []byte("}{")) || bytes.TrimSpace(line)[0] != '{' { // nearly all lines
		return 0
	}
	depth, text := 0, false
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case text && c == '\\':
			i++
		case c == '"':
			text = !text
		case text:
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth <= 0 {
				if depth == 0 && i+1 < len(line) && line[i+1] == '{' {
					return i + 1
				}
				return 0
			}
		}
	}
	return 0
}
