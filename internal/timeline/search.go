package timeline

import "encoding/binary"

// Search finds any of a few short texts: the forms of one trace ID. Letters match in either case.
// It is made by [NewSearch], and may be used by several goroutines at once.
//
// Each text has one of its grams (its runs of four bytes) at a place that is a multiple of step.
// So only each step-th gram is looked at, in a table that fits into the processor's first cache.
// These looks do not wait for each other, as the skips of Boyer and Moore would.
type Search struct {
	forms []form
	step  int // 0: a form is too short for that

	hot     [1 << gramBits]bool   // by a gram's hash: it may be one of ours
	offsets [1 << gramBits]uint32 // and where it then is in the tails: a bit for each offset
}

const (
	gram     = 4
	gramBits = 13

	// maxStep is the number of bits in an element of offsets.
	maxStep = 32
)

// form is a text to find.
type form struct {
	text []byte // in lower case
	fold []byte // for each byte, the bit that makes a letter lower case; 0: it is none
	tail int    // where its tail begins, which is as long as the shortest form
}

// NewSearch returns a search for forms. Empty ones are ignored. Forms of eight bytes and more are
// found fastest, those of less than four slowly.
func NewSearch(forms [][]byte) *Search {
	s := &Search{}
	shortest := 0
	for _, text := range forms {
		if len(text) == 0 {
			continue
		}
		s.forms = append(s.forms, newForm(text))
		if shortest == 0 || len(text) < shortest {
			shortest = len(text)
		}
	}
	s.step = min(max(shortest-gram+1, 0), maxStep)
	for i := range s.forms {
		f := &s.forms[i]
		// The end of an ID is random. Its beginning often is a time, which it shares with others.
		f.tail = len(f.text) - shortest
		for offset := range s.step {
			h := hashGram(f.text[f.tail+offset:])
			s.hot[h] = true
			s.offsets[h] |= 1 << offset
		}
	}
	return s
}

func newForm(text []byte) form {
	f := form{text: make([]byte, len(text)), fold: make([]byte, len(text))}
	for i, c := range text {
		if c|' ' >= 'a' && c|' ' <= 'z' {
			f.fold[i] = ' ' // in ASCII this bit is the case
		}
		f.text[i] = c | f.fold[i]
	}
	return f
}

// Next returns the end of the first form in block; of several, of that which ends first. It
// returns -1 where there is none. A form that begins in one block and ends in the next is not
// found: let blocks end with a line.
func (s *Search) Next(block []byte) (end int) {
	if s.step == 0 {
		return s.slowly(block)
	}
	p, step := 0, s.step
	for p+3*step+gram <= len(block) {
		// Four grams at once: the processor looks them up side by side.
		b := block[p : p+3*step+gram]
		if s.hot[hashGram(b)] || s.hot[hashGram(b[step:])] ||
			s.hot[hashGram(b[2*step:])] || s.hot[hashGram(b[3*step:])] {
			for range 4 {
				if end := s.around(block, p); end >= 0 {
					return end
				}
				p += step
			}
			continue
		}
		p += 4 * step
	}
	for ; p+gram <= len(block); p += step {
		if end := s.around(block, p); end >= 0 {
			return end
		}
	}
	return -1
}

// around returns the end of the first form that has in its tail the gram at p of block; -1: none.
func (s *Search) around(block []byte, p int) int {
	offsets := s.offsets[hashGram(block[p:])]
	if offsets == 0 {
		return -1
	}
	for offset := s.step - 1; offset >= 0; offset-- { // the first in block first
		if offsets&(1<<offset) == 0 {
			continue
		}
		for i := range s.forms {
			f := &s.forms[i]
			if at := p - offset - f.tail; f.is(block, at) {
				return at + len(f.text)
			}
		}
	}
	return -1
}

// slowly is Next for forms of less than a gram.
func (s *Search) slowly(block []byte) int {
	if len(s.forms) == 0 {
		return -1
	}
	for end := range len(block) + 1 {
		for i := range s.forms {
			f := &s.forms[i]
			if f.is(block, end-len(f.text)) {
				return end
			}
		}
	}
	return -1
}

// is tells whether f stands at this place of block, which may be outside of it.
func (f *form) is(block []byte, at int) bool {
	if at < 0 || at+len(f.text) > len(block) {
		return false
	}
	for i, c := range block[at : at+len(f.text)] {
		if c|f.fold[i] != f.text[i] {
			return false
		}
	}
	return true
}

// hashGram returns the hash of the gram that b begins with. A letter has the same in either case:
// the bit that differs is set. Digits have it already. Other bytes may become equal by that, which
// costs a comparison.
func hashGram(b []byte) uint32 {
	const lower = 0x20202020
	return (binary.LittleEndian.Uint32(b) | lower) * 0x9e3779b1 >> (32 - gramBits)
}
