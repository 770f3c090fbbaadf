package zipkin

import (
	"bytes"
	"io"
)

// How much room pieces make at once: a sixteenth of what they have, between these. A slice that
// append makes longer needs room for itself two and three times over while it is copied, and is
// left with up to as much again that is empty.
const (
	leastRoom = 1 << 10
	usualRoom = 4 << 10
	mostRoom  = 16 << 10
)

// pieces is text that stays where it was written. Parts of it may be read while more is added.
type pieces struct {
	list [][]byte // the last may have room left
	size int      // bytes in all
}

// add appends text. The room that it makes, if it must, is no less than least bytes, which is a
// power of two.
func (p *pieces) add(text []byte, least int) {
	for last := len(p.list) - 1; len(text) > 0; {
		if last < 0 || len(p.list[last]) == cap(p.list[last]) {
			room := least
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

// share appends a piece that somebody else has written, without a copy.
func (p *pieces) share(text []byte) {
	p.list = append(p.list, text)
	p.size += len(text)
}

// reader reads from the beginning to the end.
func (p *pieces) reader() io.Reader {
	all := make([]io.Reader, len(p.list))
	for i, piece := range p.list {
		all[i] = bytes.NewReader(piece)
	}
	return io.MultiReader(all...)
}
