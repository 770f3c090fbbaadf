package audit

import (
	"errors"
	"time"

	"example.com/clew/audit/internal/segment"
)

const (
	flushEvery = 50 * time.Millisecond
	retryFirst = 50 * time.Millisecond
	retryMost  = time.Second
)

// write is the goroutine that writes chunks to the journal. It never waits for an fsync. The
// writer of a prototype did wait, and events were dropped meanwhile.
func (l *Logger) write() {
	flush, seal := newIdleTimer(), newIdleTimer()
	defer flush.Stop()
	defer seal.Stop()
	w := writer{Logger: l}
	for closing := false; !closing; {
		all := true
		select {
		case <-l.begun:
			flush.start(flushEvery)
			continue
		case <-flush.C:
			flush.running = false
		case <-l.wake:
			all = false
		case <-seal.C:
			seal.running = false
		case <-l.closing:
			closing = true
		}
		w.flush(all)
		w.sealIfDue(closing)
		if w.active != nil {
			seal.start(time.Until(w.active.sealAt))
		}
	}
	l.endRounds()
	l.syncer.stop()
}

// writer is the state of the goroutine that writes.
type writer struct {
	*Logger
	active *journalFile
	round  *round // the round that this turn completes
	batch  batch
	block  []byte // the events of a chunk that the Filter has not discarded
}

// flush writes the chunks that wait. If all is true, or if a round waits, flush also writes the
// chunks in the shards. A chunk that is added meanwhile has signalled wake, and waits for the next
// turn. If flush wrote it too, a round would never end while events come faster than the disk or
// the Filter.
func (w *writer) flush(all bool) {
	w.round = w.takeRound()
	if all || w.round != nil || w.queue.len() == 0 {
		w.collect()
	}
	for range w.queue.len() {
		w.writeChunk(w.queue.next())
	}
	if w.round != nil {
		w.syncer.add(w.round)
	}
}

// fail gives err to the rounds that wait, so that none of them waits until the disk has room.
func (w *writer) fail(err error) {
	if w.round != nil {
		w.round.finish(err)
		w.round = nil
	}
	if r := w.takeRound(); r != nil {
		r.finish(err)
	}
}

// collect puts the chunks of the shards into the queue.
func (w *writer) collect() {
	for i := range w.shards {
		s := &w.shards[i]
		s.mu.Lock()
		if s.chunk != nil {
			w.queue.put(s.chunk)
			s.chunk = nil
		}
		s.mu.Unlock()
	}
}

// writeChunk writes the events of c that the Filter does not discard.
func (w *writer) writeChunk(c *chunk) {
	if w.filter == nil {
		w.writeBlock(c.b, c.events, c.since)
	} else {
		w.judge(c)
	}
	w.queue.done(c)
}

// writeBlock tries to write a block until it is written or the Logger is closed. Meanwhile the
// buffer takes the events that are logged. The argument since is the time at which the block's
// first event was logged.
func (w *writer) writeBlock(b []byte, events int64, since time.Time) {
	segment.PutBlockHead(b)
	for pause := retryFirst; ; pause = min(2*pause, retryMost) {
		last := isClosed(w.closing)
		err := w.tryWrite(b)
		if err == nil {
			w.delay.add(time.Since(since))
			w.queue.wrote(events, len(b), w.active)
			w.sealIfDue(false)
			return
		}
		w.fail(w.note("write the journal", err))
		if last {
			w.queue.wrote(events, len(b), nil)
			return
		}
		wait(pause, w.closing)
	}
}

// tryWrite writes a block to the active segment, and begins a segment if none is active.
func (w *writer) tryWrite(b []byte) error {
	if s := w.active; s != nil && (s.torn.Load() || w.queue.isLost(s)) {
		w.seal()
	}
	if w.active == nil {
		s, err := w.newSegment()
		if err != nil {
			return err
		}
		w.active = s
	}
	_, err := w.active.f.Write(b)
	if err == nil {
		w.syncer.wrote(w.active)
		return nil
	}
	// A part of the block may have been written. Truncate cuts this part off. If Truncate fails,
	// readers stop at this part, and would never read a block after it. So the segment ends here.
	err = errors.Join(err, w.active.f.Truncate(w.queue.sizeOf(w.active)))
	w.seal()
	return err
}

// seal ends the active segment.
func (w *writer) seal() {
	w.syncer.seal(w.active)
	w.active = nil
}

func (w *writer) sealIfDue(closing bool) {
	s := w.active
	if s != nil && (closing || !time.Now().Before(s.sealAt) || w.queue.sizeOf(s) >= sealBytes) {
		w.seal()
	}
}
