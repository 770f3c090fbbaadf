package timeline

import "bytes"

// Tools that list log entries print one JSON array, over many lines: gcloud logging read
// --format=json, jq -s. Its objects are read one by one, as lines are. An array is looked for at
// the beginning of a source, and behind an array. An array that is none, or that is cut off, is
// read as lines from where that is seen, so that nothing is lost.

// enterArray goes into the array of objects that begins on the line here, if one does. It does
// not look behind a line that has no bracket: the source may be one that others still write to.
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

// element returns the next object of the array, and goes out of it where there is none.
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

// take returns the next n bytes, which are in buf, and goes behind them.
func (s *splitter) take(n int) []byte {
	text := s.buf[s.pos : s.pos+n]
	s.pos += n
	s.newlines += bytes.Count(text, []byte("\n"))
	return text
}

// takeLineEnd goes behind the end of a line, where nothing else stands before it.
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

// peek returns where the first byte is that is no white space, from i on. All of them count from
// pos, and so stay right when buf is filled.
func (s *splitter) peek(i int) (at int, ok bool) {
	for ; i < MaxLine && s.at(i); i++ {
		if !isJSONSpace(s.buf[s.pos+i]) {
			return i, true
		}
	}
	return 0, false
}

// at makes sure that the byte i after pos is in buf, and reports whether there is one.
func (s *splitter) at(i int) bool {
	for s.pos+i >= s.end {
		if s.err != nil {
			return false
		}
		s.fill()
	}
	return true
}

// objectEnd returns where the object ends that begins at i. 0: it does not end, or is longer than
// MaxLine.
func (s *splitter) objectEnd(i int) int {
	depth, inText := 0, false
	for last := i + MaxLine; i < last && s.at(i); i++ {
		switch c := s.buf[s.pos+i]; {
		case inText && c == '\\':
			i++ // whatever is escaped
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
