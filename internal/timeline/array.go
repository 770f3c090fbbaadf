package timeline

import "bytes"

// Some tools print log entries as one JSON array over many lines: gcloud logging read
// --format=json, jq -s. The splitter returns the objects of such an array one by one, like lines.
// An array may begin a source, or follow another array. If the text turns out to be no array, or
// the array is cut off, the splitter continues with lines at that point, so that nothing is lost.

// enterArray enters an array of objects that begins on this line. If the line begins with no
// bracket, enterArray reads no further: another program may still write to the source, and the
// read would wait for it.
func (s *splitter) enterArray() {
	start := 0
	for s.at(start) && s.buf[s.pos+start] == ' ' && start < MaxLine {
		start++
	}
	if !s.at(start) || s.buf[s.pos+start] != '[' {
		return
	}
	first, ok := s.peek(start + 1)
	if ok && s.buf[s.pos+first] == '{' {
		s.take(start + 1)
		s.inArray = true
	}
}

// element returns the next object of the array, and the number of the object's first line. If the
// array has no further object, element leaves the array and returns false.
func (s *splitter) element() (text []byte, number int, ok bool) {
	for s.inArray {
		at, ok := s.peek(0)
		if ok && s.buf[s.pos+at] == ',' {
			at, ok = s.peek(at + 1)
		}
		switch {
		case ok && s.buf[s.pos+at] == '{':
			if n := s.objectEnd(at); n > 0 {
				s.take(at)
				number = s.newlines + 1
				return s.take(n - at), number, true
			}
		case ok && s.buf[s.pos+at] == ']':
			s.take(at + 1)
			s.inArray = false
			s.takeLineEnd()
			s.enterArray()
			continue
		}
		s.inArray = false
	}
	return nil, 0, false
}

// take returns the next n bytes, which must be in buf, and moves past them.
func (s *splitter) take(n int) []byte {
	text := s.buf[s.pos : s.pos+n]
	s.pos += n
	s.newlines += bytes.Count(text, []byte("\n"))
	return text
}

// takeLineEnd moves past the end of the line, if only spaces are left on the line.
func (s *splitter) takeLineEnd() {
	at := 0
	for s.at(at) && (s.buf[s.pos+at] == ' ' || s.buf[s.pos+at] == '\r') {
		at++
	}
	switch {
	case s.at(at) && s.buf[s.pos+at] == '\n':
		s.take(at + 1)
	case !s.at(at): // the source ends here
		s.take(at)
	}
}

// peek returns the index of the first byte from i on that is not white space. Indexes count from
// pos, so they stay right when fill moves the bytes in buf.
func (s *splitter) peek(i int) (at int, ok bool) {
	for ; i < MaxLine && s.at(i); i++ {
		if !isJSONSpace(s.buf[s.pos+i]) {
			return i, true
		}
	}
	return 0, false
}

// at reads until buf contains the byte at pos+i. It reports whether the source has that byte.
func (s *splitter) at(i int) bool {
	for s.pos+i >= s.end {
		if s.err != nil {
			return false
		}
		s.fill()
	}
	return true
}

// objectEnd returns the index behind the object that begins at i. It returns 0 if the object does
// not end, or is longer than MaxLine.
func (s *splitter) objectEnd(i int) int {
	depth, inText := 0, false
	for last := i + MaxLine; i < last && s.at(i); i++ {
		switch c := s.buf[s.pos+i]; {
		case inText && c == '\\':
			i++ // past the escaped byte
		case c == '"':
			inText = !inText
		case inText:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}
