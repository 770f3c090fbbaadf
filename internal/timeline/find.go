package timeline

import (
	"bytes"
	"io"
	"time"
)

const (
	// findBuffer is how much Find can keep of a source: two lines of the greatest length.
	findBuffer = 2 * MaxLine

	// findStep is how much Find reads before it looks again. It is so little that it stays in the
	// processor's second cache while it is looked at several times.
	findStep = 256 << 10

	// headLines is how many lines at the beginning of a source are always parsed: a parser learns
	// from them what the fields are called.
	headLines = 100
)

// Find looks in r for what s searches for, and parses only the lines around that: the entries that
// have a hit, whole. It returns how many lines it has passed over. The first 100 lines of a source
// are parsed always, for parsers learn from them.
//
// Parse gets whole lines, and the number of the first of them, from 1. It has to look for itself
// which entries have the ID: many of those that it gets have not. The lines are valid until it
// returns. An error of parse's ends Find; one of r's comes after what was read until then. Find
// does not close r.
//
// Begins tells whether a line begins an entry, as opposed to one that goes on with the entry before
// it; nil: [Begins]. It gets lines as they stand in the source, with what shippers put around
// them, and is called for the lines around hits only.
//
// Some entries have the ID although it does not stand in the source as it is written. These are
// parsed without a hit:
//
//   - lines that CRI or Docker has cut into several: an ID may be cut in two,
//   - journald's messages that are an array of bytes,
//   - JSON in which a letter or digit is written as an escape. No encoder that we know does that.
//   - all of a JSON array over several lines, as gcloud prints it: its lines are no entries,
//   - all of a source in which lines of several instances stand between each other, as its first
//     lines tell: what belongs to an entry may be far behind it.
//
// An entry of more than MaxLine bytes may be torn apart. Of a longer line the first MaxLine bytes
// are looked at.
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
			f.stretches = f.cuts.find(f.buf, f.stretches[:0])
			err := f.look(len(f.buf))
			if err == nil && end != io.EOF {
				err = end
			}
			return f.passed, err
		}
		if err := f.part(r); err != nil {
			return f.passed, err
		}
	}
}

// rest is what is left of a reader, which may have come to its end.
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

// isMixed tells whether the lines of a source are marked as those of instances.
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
