package audit

import (
	"example.com/clew/audit/internal/segment"
)

// batch is the events of a chunk while a Filter judges them. The slices are used again.
type batch struct {
	events     []candidate // those of a larger batch before may follow
	candidates []Candidate // of the first events
}

// read makes candidates of records.
func (b *batch) read(app, records string) {
	n := 0
	for t, rest, ok := segment.NextText(records); ok; t, rest, ok = segment.NextText(rest) {
		if n == len(b.events) {
			b.events = append(b.events, candidate{})
		}
		b.events[n].Text, b.events[n].app = t, app
		n++
	}
	b.candidates = b.candidates[:0]
	for i := range n {
		b.candidates = append(b.candidates, Candidate{&b.events[i]})
	}
}
