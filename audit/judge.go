package audit

import (
	"errors"

	"example.com/clew/audit/internal/segment"
)

var errTooMany = errors.New("an event got more than 64 KiB of names of filters: some are left out")

// maxKeptNames is the largest capacity of the slice names that a candidate keeps for later events.
const maxKeptNames = 32

// batch holds the events of a chunk while a Filter judges them. The next chunk uses the slices
// again.
type batch struct {
	events     []candidate // may be longer than candidates, after a larger batch
	candidates []Candidate // for each event of this chunk; candidates[i] stands for events[i]
}

// judge calls the Filter once for the events of c, and writes the events that the Filter does not
// discard. If the Filter panics, judge writes all of them.
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

// writeLeft writes the events of c that were not discarded. Names of filters make events longer,
// so these events may need several blocks.
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

// read makes candidates of records. The records are a string because a Filter may keep the texts,
// and a string never changes. Once the slices are long enough, read allocates nothing.
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

// count returns the number of events that will not be written, and whether an event got too many
// names.
func (b *batch) count() (discarded int64, tooMany bool) {
	for _, judged := range b.candidates {
		if judged.Discarded() {
			discarded++
		}
		tooMany = tooMany || judged.c.tooMany
	}
	return discarded, tooMany
}

// clear removes all verdicts.
func (b *batch) clear() {
	for _, judged := range b.candidates {
		judged.c.clear()
	}
}

// release drops the references to the events' texts, and each slice names whose capacity is large.
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
