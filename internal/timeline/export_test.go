package timeline

import "io"

// FindIn is Find with a buffer of size bytes.
func FindIn(size int, r io.Reader, s *Search, begins func(line []byte) bool, parse func(lines io.Reader, number int) error) (int, error) {
	return find(r, s, begins, parse, size)
}

// HeadLines is the number of lines that Find always parses.
const HeadLines = headLines
