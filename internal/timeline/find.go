package timeline

import (
	"bytes"
	"io"
	"time"
)

const (
	// findBuffer is the memory of Find: two lines of the greatest length.
	findBuffer = 2 * MaxLine

	// findStep is the number of bytes that Find reads before it searches them. Find scans these
	// bytes several times. Their number is so small that they stay in the processor's second-level
	// cache.
	findStep = 256 << 10

	// headLines is the number of lines at the beginning of a source that are always parsed,
	// because a parser learns the names of fields from them.
	headLines = 100
)

// Find searches r with s, and calls parse only for the whole entries around each hit. It returns
// the number of lines that were not parsed. The first 100 lines of a source are always parsed,
// because parsers learn from them.
//
// The function parse gets whole lines, and the number of the first one, counted from 1. Many of
// the entries in them do not have the ID, so parse must check each entry. The lines are valid
// until parse returns. An error of parse ends Find. If r fails, Find first handles all lines
// before the error, and then returns the error. Find does not close r.
//
// The function begins reports whether a line begins an entry. Any other line belongs to the entry
// before it. If the argument is nil, Find uses [Begins]. The function gets lines as they are in
// the source, with the text that shippers put around them. It is called only for lines around the
// parsed ones, and for lines at the end of each block that Find reads.
//
// The text of the source does not always show that an entry has the ID. Find parses these lines
// without a hit:
//
//   - lines that CRI or Docker has cut into several, because the cut may be in the ID,
//   - journald's messages that are an array of bytes,
//   - JSON with a letter or a digit as an escape, which no encoder that we know writes,
//   - all of a JSON array over several lines, as gcloud prints it, because a single line of it is
//     no entry,
//   - all of a source whose first lines show that it mixes the lines of several instances, because
//     the lines of an entry may be far from each other.
//
// An entry of more than MaxLine bytes may be torn apart. If a single line is longer, Find searches
// only its first MaxLine bytes.
func Find(r io.Reader, s *Search, begins func(line []byte) bool, parse func(lines io.Reader, number int) error) (passed int, err error) {
	return find(r, s, begins, parse, findBuffer)
}

func find(r io.Reader, s *Search, begins func(line []byte) bool, parse func(lines io.Reader, number int) error, size int) (passed int, err error) {
	if begins == nil {
		begins = Begins
	}
	f := finder{search: s, begins: begins, parse: parse, number: 1, buf: make([]byte, 0, size)}
	for {
		end := f.fill(r, min(len(f.buf)+findStep, size))
		if f.number == 1 && (isArray(f.buf) || isMixed(f.buf)) {
			return 0, parse(io.MultiReader(bytes.NewReader(f.buf), remainder{r, end}), 1)
		}
		if end != nil {
			f.pieces = f.cuts.find(f.buf, f.pieces[:0])
			err := f.look(len(f.buf))
			if err == nil && end != io.EOF {
				err = end
			}
			return f.passed, err
		}
		if err := f.advance(r); err != nil {
			return f.passed, err
		}
	}
}

// remainder is the unread part of a reader. If the reader has already ended, end is its error.
type remainder struct {
	r   io.Reader
	end error
}

func (r remainder) Read(b []byte) (int, error) {
	if r.end != nil {
		return 0, r.end
	}
	return r.r.Read(b)
}

// isArray reports whether a source begins with a JSON array of objects.
func isArray(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(head) == 0 || head[0] != '[' {
		return false
	}
	head = bytes.TrimLeft(head[1:], " \t\r\n")
	return len(head) > 0 && head[0] == '{'
}

// isMixed reports whether one of the first lines of a source names an instance.
func isMixed(head []byte) bool {
	lines := NewReader(bytes.NewReader(head), time.Time{})
	for range headLines {
		raw, err := lines.Next()
		if err != nil {
			return false
		}
		if raw.Instance != "" {
			return true
		}
	}
	return false
}
