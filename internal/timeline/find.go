package timeline

import (
	"bytes"
	"io"
	"time"
)

const (
	// findBuffer is the memory of Find: two lines of the greatest length.
	findBuffer = 2 * MaxLine

	// findStep is the number of bytes that Find reads before it looks again. So few bytes stay in
	// the processor's second cache while Find looks at them several times.
	findStep = 256 << 10

	// headLines is the number of lines at the beginning of a source that are always parsed,
	// because a parser learns the names of fields from them.
	headLines = 100
)

// Find searches r with s, and parses only the whole entries around each hit. It returns the number
// of lines that it has not parsed. The first 100 lines of a source are always parsed, because
// parsers learn from them.
//
// The function parse gets whole lines, and the number of the first of them, from 1. Many of these
// entries do not have the ID, so parse must check. The lines are valid until parse returns. An
// error of parse ends Find. An error of r is returned after all lines before it were handled. Find
// does not close r.
//
// The function begins tells whether a line begins an entry, rather than belonging to the entry
// before. Nil means [Begins]. It gets lines as they stand in the source, with the text that
// shippers put around them. It gets only the lines around parsed ones, and lines at the end of
// each block that Find reads.
//
// Some entries have the ID although the source does not have its text. These are parsed without a
// hit:
//
//   - lines that CRI or Docker has cut into several, because the cut may be in the ID,
//   - journald's messages that are an array of bytes,
//   - JSON with a letter or a digit as an escape, which no encoder that we know writes,
//   - all of a JSON array over several lines, as gcloud prints it: its lines are no entries,
//   - all of a source with mixed lines of several instances, as its first lines show, because the
//     lines of an entry may be far from each other.
//
// An entry of more than MaxLine bytes may be torn apart. In a longer line Find looks at the first
// MaxLine bytes.
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

// remainder is the unread part of a reader, which may have ended.
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

// isArray tells whether a source begins with a JSON array of objects.
func isArray(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(head) == 0 || head[0] != '[' {
		return false
	}
	head = bytes.TrimLeft(head[1:], " \t\r\n")
	return len(head) > 0 && head[0] == '{'
}

// isMixed tells whether the first lines of a source name instances.
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
