package timeline

import (
	"bytes"
	"cmp"
	"io"
	"slices"
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
			return 0, parse(io.MultiReader(bytes.NewReader(f.buf), rest{r, end}), 1)
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

// fill reads until the buffer has so much. An error is the end of r.
func (f *finder) fill(r io.Reader, size int) error {
	for len(f.buf) < size {
		n, err := r.Read(f.buf[len(f.buf):size])
		f.buf = f.buf[:len(f.buf)+n]
		if err != nil {
			return err
		}
	}
	return nil
}

// rest is what is left of a reader, which may have come to its end.
type rest struct {
	r   io.Reader
	end error
}

func (r rest) Read(b []byte) (int, error) {
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

// finder is a Find that goes on.
type finder struct {
	search *Search
	begins func(line []byte) bool
	parse  func(lines io.Reader, number int) error

	buf    []byte // begins with an entry
	number int    // of buf's first line
	passed int

	stretches []piece // those of buf to parse
	cuts      cuts
}

// piece is a part of buf.
type piece struct{ from, to int }

// part looks at the entries in the buffer, and keeps what may be only the beginning of one. It does
// nothing if that is all, and there is room for more.
func (f *finder) part(r io.Reader) error {
	full := len(f.buf) == cap(f.buf)
	last := bytes.LastIndexByte(f.buf, '\n') + 1
	if last == 0 && full {
		return f.tooLong(r)
	}
	f.stretches = f.cuts.find(f.buf[:last], f.stretches[:0])
	end := f.lastEntry(last)
	if end == 0 {
		if !full {
			return nil
		}
		end = last // all of it is one entry: it is torn apart
	}
	f.stretches = slices.DeleteFunc(f.stretches, func(s piece) bool { return s.from >= end })
	if err := f.look(end); err != nil {
		return err
	}
	f.buf = f.buf[:copy(f.buf, f.buf[end:])]
	return nil
}

// lastEntry returns where the last entry begins of the whole lines before end; 0: at the beginning,
// or too far away.
func (f *finder) lastEntry(end int) int {
	for from := end; from > 0 && end-from < cap(f.buf)/2; {
		from = lineStart(f.buf, from-1)
		if from > 0 && f.begins(lineAt(f.buf, from)) && !f.isCut(from) {
			return from
		}
	}
	return 0
}

// isCut tells whether at is inside of a line that was cut.
func (f *finder) isCut(at int) bool {
	return slices.ContainsFunc(f.stretches, func(s piece) bool { return s.from < at && at < s.to })
}

// tooLong looks at a line that is longer than the buffer, and passes over the rest of it.
func (f *finder) tooLong(r io.Reader) error {
	kept := f.buf[:len(f.buf)/2]
	if f.search.Next(kept) >= 0 || nextEscape(kept, 0) >= 0 {
		if err := f.parse(bytes.NewReader(f.buf), f.number); err != nil {
			return err
		}
	} else {
		f.passed++
	}
	f.number++
	for {
		n, err := r.Read(f.buf[:cap(f.buf)])
		if at := bytes.IndexByte(f.buf[:n], '\n'); at >= 0 {
			f.buf = f.buf[:copy(f.buf, f.buf[at+1:n])]
			return nil // what the reader says besides, it says again
		}
		if err != nil {
			f.buf = f.buf[:0]
			return nil
		}
	}
}

// look parses what is to be parsed of buf until end. The stretches have what was cut.
func (f *finder) look(end int) error {
	block := f.buf[:end]
	if f.number == 1 {
		f.stretches = append(f.stretches, piece{0, headEnd(block)})
	}
	f.stretches = f.hits(block, f.stretches)
	f.stretches = escapedLines(block, f.stretches)
	slices.SortFunc(f.stretches, func(a, b piece) int { return cmp.Compare(a.from, b.from) })
	done := 0
	for i := 0; i < len(f.stretches); {
		var whole piece
		whole, i = f.entries(block, done, i)
		f.pass(block[done:whole.from])
		lines := block[whole.from:whole.to]
		if err := f.parse(bytes.NewReader(lines), f.number); err != nil {
			return err
		}
		f.number += countLines(lines)
		done = whole.to
	}
	f.pass(block[done:])
	return nil
}

// pass passes over lines.
func (f *finder) pass(lines []byte) {
	n := countLines(lines)
	f.number += n
	f.passed += n
}

// entries returns the entries that the i-th piece and those that it touches are in, and the next
// span. They begin no earlier than at done.
func (f *finder) entries(block []byte, done, i int) (piece, int) {
	whole := f.stretches[i]
	for whole.from > done && !f.begins(lineAt(block, whole.from)) {
		whole.from = lineStart(block, whole.from-1)
	}
	for {
		for ; i < len(f.stretches) && f.stretches[i].from <= whole.to; i++ {
			whole.to = max(whole.to, f.stretches[i].to)
		}
		if whole.to >= len(block) || f.begins(lineAt(block, whole.to)) {
			return whole, i
		}
		whole.to = lineEnd(block, whole.to)
	}
}

// hits appends the lines that have a hit.
func (f *finder) hits(block []byte, stretches []piece) []piece {
	for from := 0; from < len(block); {
		end := f.search.Next(block[from:])
		if end < 0 {
			break
		}
		at := from + end - 1
		from = lineEnd(block, at)
		stretches = append(stretches, piece{lineStart(block, at), from})
	}
	return stretches
}

// headEnd returns the end of the lines that are always parsed.
func headEnd(block []byte) int {
	end := 0
	for range headLines {
		end = lineEnd(block, end)
	}
	return end
}

// lineStart returns where the line begins that the byte at is in. A newline is a part of its line.
func lineStart(b []byte, at int) int { return bytes.LastIndexByte(b[:at], '\n') + 1 }

// lineEnd returns where the next line begins after the one that at is in.
func lineEnd(b []byte, at int) int {
	if n := bytes.IndexByte(b[at:], '\n'); n >= 0 {
		return at + n + 1
	}
	return len(b)
}

// lineAt returns the line that begins at from, without its end.
func lineAt(b []byte, from int) []byte {
	return bytes.TrimRight(b[from:lineEnd(b, from)], "\r\n")
}

// countLines returns how many lines there are in whole ones, of which the last may have no newline.
func countLines(b []byte) int {
	n := bytes.Count(b, []byte{'\n'})
	if len(b) > 0 && b[len(b)-1] != '\n' {
		n++
	}
	return n
}

// Begins tells of a line as it stands in its source whether it begins an entry for certain. One
// that is indented does not, nor one that has no time near its beginning and is not JSON.
func Begins(line []byte) bool {
	if _, _, text := cutByCRI(line); text != nil {
		line = text
	}
	if len(line) == 0 || line[0] == ' ' || line[0] == '\t' {
		return false
	}
	return line[0] == '{' || hasClock(line[:min(len(line), 128)])
}

// hasClock tells whether text has something like 10:11:12.
func hasClock(text []byte) bool {
	for {
		at := bytes.IndexByte(text, ':')
		if at < 0 || at+6 > len(text) {
			return false
		}
		if at >= 2 && clockDigits(text[at-2:at]) && clockDigits(text[at+1:at+3]) && text[at+3] == ':' && clockDigits(text[at+4:at+6]) {
			return true
		}
		text = text[at+1:]
	}
}

func clockDigits(text []byte) bool {
	for _, c := range text {
		if c-'0' > 9 {
			return false
		}
	}
	return true
}
