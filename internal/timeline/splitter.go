package timeline

import (
	"bytes"
	"io"
)

const (
	// blockSize is the number of bytes of one read. A read of so many bytes costs little, and the
	// bytes are still in the processor's cache when their lines are read.
	blockSize = 128 << 10

	// emptyReads is how often in a row a reader may return no bytes and no error.
	emptyReads = 100
)

// splitter cuts the bytes of a reader into lines. It returns a line as soon as the line has ended,
// and never waits for more bytes than it needs.
type splitter struct {
	src      io.Reader
	buf      []byte
	pos, end int   // the unread part of buf
	err      error // the error of src; next returns it when buf has been read
	newlines int   // the number of newlines so far
	dropped  int64 // bytes
	begun    bool
	skipping bool // the end of a cut line must still be dropped
	inArray  bool // the next text is an object of a JSON array, or the array's end
}

// next returns the next line without its line end, or the next object of a JSON array. The result
// number is the number of its first line.
func (s *splitter) next() (text []byte, number int, cut bool, err error) {
	if !s.begun {
		s.begin()
	}
	if s.skipping {
		s.skipLine()
	}
	if s.inArray {
		if text, number, ok := s.element(); ok {
			return text, number, false, nil
		}
	}
	text, cut, err = s.line()
	return text, s.newlines, cut, err
}

// begin removes a byte order mark, and enters an array if the source is one.
func (s *splitter) begin() {
	const mark = "\xEF\xBB\xBF"
	s.begun = true
	for s.err == nil && s.end-s.pos < len(mark) && string(s.buf[s.pos:s.end]) == mark[:s.end-s.pos] {
		s.fill()
	}
	if bytes.HasPrefix(s.buf[s.pos:s.end], []byte(mark)) {
		s.pos += len(mark)
	}
	s.enterArray()
}

// line returns the next line. Afterwards, s.newlines is the number of that line.
func (s *splitter) line() (text []byte, cut bool, err error) {
	s.skipHole()
	seen := 0 // bytes of the line
	for {
		unread := s.buf[s.pos:s.end]
		if i := bytes.IndexByte(unread[seen:], '\n'); i >= 0 {
			s.pos += seen + i + 1
			s.newlines++
			text, cut = s.ended(unread[:seen+i])
			return text, cut, nil
		}
		seen = len(unread)
		switch {
		case seen > MaxLine+1: // one byte more may be a carriage return
			s.pos = s.end
			s.newlines++ // the line's newline, which skipLine does not count
			s.skipping = true
			s.dropped += int64(seen - MaxLine)
			return unread[:MaxLine], true, nil
		case s.err == nil:
			s.fill()
		case seen == 0:
			return nil, false, s.err
		default: // the last line has no end
			s.pos = s.end
			s.newlines++
			text, cut = s.ended(unread)
			return text, cut, nil
		}
	}
}

// ended returns text without a carriage return at its end, and no longer than MaxLine.
func (s *splitter) ended(text []byte) (_ []byte, cut bool) {
	all := len(text)
	if all > 0 && text[all-1] == '\r' {
		text = text[:all-1]
	}
	if len(text) <= MaxLine {
		return text, false
	}
	s.dropped += int64(all - MaxLine)
	return text[:MaxLine], true
}

// skipHole drops zero bytes at the beginning of a line. If a file is truncated while a program
// writes to it, the file then begins with as many zero bytes as it had bytes before.
func (s *splitter) skipHole() {
	for {
		for s.pos < s.end && s.buf[s.pos] == 0 {
			s.pos++
			s.dropped++
		}
		if s.pos < s.end || s.err != nil {
			return
		}
		s.fill()
	}
}

// skipLine drops the end of a cut line.
func (s *splitter) skipLine() {
	for {
		unread := s.buf[s.pos:s.end]
		i := bytes.IndexByte(unread, '\n')
		if i >= 0 {
			s.pos += i + 1
			s.dropped += int64(i)
			break
		}
		s.pos = s.end
		s.dropped += int64(len(unread))
		if s.err != nil {
			break
		}
		s.fill()
	}
	s.skipping = false
}

// fill makes room, and reads once.
func (s *splitter) fill() {
	if s.pos == s.end {
		s.pos, s.end = 0, 0
	}
	if len(s.buf)-s.end < blockSize/4 {
		s.makeRoom()
	}
	for range emptyReads {
		n, err := s.src.Read(s.buf[s.end:])
		if n < 0 || n > len(s.buf)-s.end {
			n, err = 0, io.ErrNoProgress // the reader breaks the contract of io.Reader
		}
		s.end += n
		s.err = err
		if n > 0 || err != nil {
			return
		}
	}
	s.err = io.ErrNoProgress
}

// makeRoom moves the unread bytes to the front, or to a larger buffer if they fill more than half.
// No line needs the old bytes, because a Raw is valid only until the next one is read.
func (s *splitter) makeRoom() {
	to := s.buf
	if unread := s.end - s.pos; unread > len(s.buf)/2 || len(s.buf) == 0 {
		to = make([]byte, max(blockSize, 2*len(s.buf)))
	}
	s.end = copy(to, s.buf[s.pos:s.end])
	s.pos = 0
	s.buf = to
}
