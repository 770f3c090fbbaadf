package timeline

import (
	"bytes"
	"cmp"
	"io"
	"slices"
)

// finder is a Find in progress.
type finder struct {
	search *Search
	begins func(line []byte) bool
	parse  func(lines io.Reader, number int) error

	buf    []byte // begins with an entry
	number int    // the number of buf's first line
	passed int

	pieces []piece // the pieces of buf to parse
	cuts   cuts
}

// piece is a range of buf that must be parsed.
type piece struct{ from, to int }

// fill reads until the buffer contains size bytes. If r ends before, fill returns the error of r.
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

// advance handles all entries in the buffer but the last one. The last one stays in the buffer,
// because more of its lines may follow. If the buffer contains only that entry and is not full,
// advance does nothing.
func (f *finder) advance(r io.Reader) error {
	full := len(f.buf) == cap(f.buf)
	last := bytes.LastIndexByte(f.buf, '\n') + 1
	if last == 0 && full {
		return f.tooLong(r)
	}
	f.pieces = f.cuts.find(f.buf[:last], f.pieces[:0])
	end := f.lastEntry(last)
	if end == 0 {
		if !full {
			return nil
		}
		end = last // one entry fills the buffer, so it is torn apart
	}
	f.pieces = slices.DeleteFunc(f.pieces, func(s piece) bool { return s.from >= end })
	if err := f.look(end); err != nil {
		return err
	}
	f.buf = f.buf[:copy(f.buf, f.buf[end:])]
	return nil
}

// lastEntry returns the beginning of the last entry in the whole lines before the index end. The
// result is 0 if that entry begins the buffer, or if it begins more than half a buffer before that
// index.
func (f *finder) lastEntry(end int) int {
	for from := end; from > 0 && end-from < cap(f.buf)/2; {
		from = lineStart(f.buf, from-1)
		if from > 0 && f.begins(lineAt(f.buf, from)) && !f.isCut(from) {
			return from
		}
	}
	return 0
}

// isCut reports whether the index at is between the parts of a line that was cut.
func (f *finder) isCut(at int) bool {
	return slices.ContainsFunc(f.pieces, func(s piece) bool { return s.from < at && at < s.to })
}

// tooLong handles a line that is longer than the buffer. It skips the end of the line.
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
			return nil // the reader returns its error again
		}
		if err != nil {
			f.buf = f.buf[:0]
			return nil
		}
	}
}

// look parses the pieces of buf before the index end. When look is called, f.pieces contains only
// the lines that cuts has found. The method look adds the other lines that must be parsed.
func (f *finder) look(end int) error {
	block := f.buf[:end]
	if f.number == 1 {
		f.pieces = append(f.pieces, piece{0, headEnd(block)})
	}
	f.pieces = f.hits(block, f.pieces)
	f.pieces = escapedLines(block, f.pieces)
	slices.SortFunc(f.pieces, func(a, b piece) int { return cmp.Compare(a.from, b.from) })
	done := 0
	for i := 0; i < len(f.pieces); {
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

// pass counts lines that are not parsed.
func (f *finder) pass(lines []byte) {
	n := countLines(lines)
	f.number += n
	f.passed += n
}

// entries returns the part of block with the whole entries around the i-th piece, and the index of
// the next piece. The part includes all further pieces that it touches. The part begins at the
// index done or later.
func (f *finder) entries(block []byte, done, i int) (piece, int) {
	whole := f.pieces[i]
	for whole.from > done && !f.begins(lineAt(block, whole.from)) {
		whole.from = lineStart(block, whole.from-1)
	}
	for {
		for ; i < len(f.pieces) && f.pieces[i].from <= whole.to; i++ {
			whole.to = max(whole.to, f.pieces[i].to)
		}
		if whole.to >= len(block) || f.begins(lineAt(block, whole.to)) {
			return whole, i
		}
		whole.to = lineEnd(block, whole.to)
	}
}

// hits appends to pieces the lines of block with a hit, and returns the result.
func (f *finder) hits(block []byte, pieces []piece) []piece {
	for from := 0; from < len(block); {
		end := f.search.Next(block[from:])
		if end < 0 {
			break
		}
		at := from + end - 1
		from = lineEnd(block, at)
		pieces = append(pieces, piece{lineStart(block, at), from})
	}
	return pieces
}

// headEnd returns the end of the lines that are always parsed.
func headEnd(block []byte) int {
	end := 0
	for range headLines {
		end = lineEnd(block, end)
	}
	return end
}
