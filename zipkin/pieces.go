package zipkin

import (
	"bytes"
	"io"
)

// A new piece has a capacity of about a sixteenth of the text before it, within these bounds. A
// single slice would cost more: while append copies the slice, old and new memory are in use, and
// afterwards up to half of the new memory is unused.
const (
	leastRoom = 1 << 10
	usualRoom = 4 << 10
	mostRoom  = 16 << 10
)

// pieces is text that stays where it was written, so that parts may be read while more is added.
type pieces struct {
	list [][]byte // the last may have unused capacity
	size int      // bytes in all
}

// add appends text. A new piece has a capacity of minRoom bytes or more. minRoom must be a power
// of two.
func (p *pieces) add(text []byte, minRoom int) {
	for last := len(p.list) - 1; len(text) > 0; {
		if last < 0 || len(p.list[last]) == cap(p.list[last]) {
			room := minRoom
			for room < mostRoom && room <= p.size/32 {
				room *= 2
			}
			p.list = append(p.list, make([]byte, 0, room))
			last++
		}
		piece := p.list[last]
		n := min(len(text), cap(piece)-len(piece))
		p.list[last] = append(piece, text[:n]...)
		p.size += n
		text = text[n:]
	}
}

// share appends a piece without copying it.
func (p *pieces) share(text []byte) {
	p.list = append(p.list, text)
	p.size += len(text)
}

// reader returns a new reader of all the text.
func (p *pieces) reader() io.Reader {
	all := make([]io.Reader, len(p.list))
	for i, piece := range p.list {
		all[i] = bytes.NewReader(piece)
	}
	return io.MultiReader(all...)
}
