package timeline

import (
	"bytes"
	"io"
)

// SplitLines returns the lines of r with their wrappers, and the number of dropped bytes.
func SplitLines(r io.Reader) (lines []string, dropped int64) {
	s := splitter{src: r}
	for {
		text, _, _, err := s.next()
		if err != nil {
			return lines, s.dropped
		}
		lines = append(lines, string(text))
	}
}

// BeginsArray reports whether source begins with an array of objects.
func BeginsArray(source []byte) bool {
	s := splitter{src: bytes.NewReader(source)}
	s.begin()
	return s.inArray
}
