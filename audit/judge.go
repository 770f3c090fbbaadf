package audit

import (
	"errors"

	"example.com/clew/audit/internal/segment"
)

var errTooMany = errors.New("an event got more than 64 KiB of names of filters: some are left out")

// maxKeptNames bounds the room for names that a candidate keeps for later events.
const maxKeptNames = 32

// batch is the events of a chunk while a Filter judges them. The slices are used again.
type batch struct {
	events     []candidate // those of a larger batch before may follow
	candidates []Candidate // of the first events
}

// judge has the Filter judge the events of c, once, and writes what it leaves. An event is never
// lost: only a verdict that the Filter has given drops one.
func (w *writer) judge(c *chunk) {
	b := &w.batch
	b.read(w.app, string(c.b[segment.BlockHead:]))
	err := guard(func() error { w.filter(b.candidates); return nil })
	if err != nil {
		b.clear()
		w.note("filter events", err)
	}
	discarded, tooMany := b.count()
	if tooMany {
		w.note("filter events", errTooMany)
	}
	w.queue.discard(discarded)
	w.writeLeft(c)
	b.release()
}

// writeLeft writes the events of c that were not discarded. Names make them longer than c was, and
// then there are several blocks.
func (w *writer) writeLeft(c *chunk) {
	if w.block == nil {
		w.block = make([]byte, segment.BlockHead, chunkSize)
	}
	block, events := w.block[:segment.BlockHead], int64(0)
	for _, judged := range w.batch.candidates {
		if judged.Discarded() {
			continue
		}
		block = judged.c.Append(block, judged.c.names)
		events++
		if len(block) >= chunkSize {
			w.writeBlock(block, events, c.since)
			block, events = block[:segment.BlockHead], 0
		}
	}
	if events > 0 {
		w.writeBlock(block, events, c.since)
	}
	w.block = block
}

// read makes candidates of records, in a string that is never written to again: a Filter may keep
// the texts. There is no other allocation once the slices are long enough.
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

// count is the number of events that will not be written, and whether one has been given more
// names than it may have.
func (b *batch) count() (discarded int64, tooMany bool) {
	for _, judged := range b.candidates {
		if judged.Discarded() {
			discarded++
		}
		tooMany = tooMany || judged.c.tooMany
	}
	return discarded, tooMany
}

// clear takes all verdicts back.
func (b *batch) clear() {
	for _, judged := range b.candidates {
		judged.c.clear()
	}
}

// release lets go of the events' texts, and of their names where these are many.
func (b *batch) release() {
	b.clear()
	for _, judged := range b.candidates {
		names := judged.c.names
		if cap(names) > maxKeptNames {
			names = nil
		}
		*judged.c = candidate{names: names}
	}
}
