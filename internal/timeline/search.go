package timeline

import "encoding/binary"

// Search finds any of a few short texts, which are called its forms. They may be the forms of one
// trace ID. Letters match in upper and lower case. Make a Search with [NewSearch]. It is safe for
// concurrent use.
//
// A gram is a run of four bytes. Wherever a form is in a block, one of the form's grams is at an
// index that is a multiple of step. So Search looks up only each step-th gram of the block, in a
// table that fits into the processor's first-level cache. The lookups do not depend on each other,
// so the processor does several at once. In the algorithm of Boyer and Moore, each skip would have
// to wait for the one before.
type Search struct {
	forms []form
	step  int // 0: a form is too short for grams

	// The indexes are hashes of grams. An element of hot says that a tail may contain the gram. An
	// element of offsets has a bit for each offset at which a tail may contain it.
	hot     [1 << gramBits]bool
	offsets [1 << gramBits]uint32
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
	fold []byte // for each byte, the bit that makes a letter lower case; 0: the byte is no letter
	tail int    // text[tail:] is the form's tail; all tails are as long as the shortest form
}

// NewSearch returns a search for forms. Empty forms are ignored. A search for forms of eight bytes
// or more is the fastest, and for forms of less than four bytes it is slow.
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
		// The end of an ID is random. Its beginning is often a time, which many IDs share.
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
			f.fold[i] = ' ' // this bit is the case in ASCII
		}
		f.text[i] = c | f.fold[i]
	}
	return f
}

// Next returns the end of the form that ends first in block; -1: there is none. Next does not find
// a form across two blocks, so blocks should end with a line.
func (s *Search) Next(block []byte) (end int) {
	if s.step == 0 {
		return s.slowly(block)
	}
	p, step := 0, s.step
	for p+3*step+gram <= len(block) {
		// The processor does these four lookups at once.
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

// around returns the end of the first form in block that has the gram at p in its tail; -1: there
// is none.
func (s *Search) around(block []byte, p int) int {
	offsets := s.offsets[hashGram(block[p:])]
	if offsets == 0 {
		return -1
	}
	for offset := s.step - 1; offset >= 0; offset-- { // begin with the form that is first in block
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

// slowly does the work of Next for forms that are shorter than a gram.
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

// is reports whether block contains f at the index at. The index may be outside of block.
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

// hashGram returns the hash of the first gram of b. A letter has the same hash in upper and lower
// case, because the bit for the case is set. Digits have that bit already. Setting the bit may
// make other bytes equal, but this costs only a comparison.
func hashGram(b []byte) uint32 {
	const lower = 0x20202020
	return (binary.LittleEndian.Uint32(b) | lower) * 0x9e3779b1 >> (32 - gramBits)
}
