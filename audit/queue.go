package audit

import (
	"sync"
	"time"

	"example.com/clew/audit/internal/segment"
)

// queue holds the chunks that wait for the writer, and the chunks that are free.
type queue struct {
	mu      sync.Mutex
	waiting []*chunk
	free    []*chunk
	used    int // chunks that are in shards, waiting, or with the writer
	limit   int
	room    chan struct{} // closed when a chunk is free again; nil: nobody waits

	events, bytes int64 // of chunks that are waiting, or with the writer
	oldest        time.Time

	journaled int64 // events that have been written to the journal
	lost      int64 // journaled events whose file is gone, and which no Sink had taken
	failed    int64 // events that will not be written
	discarded int64 // events that a Filter did not want
	sent      int64 // events that the Sink has taken
	refused   int64 // events that the Sink will never take

	// segments holds the files of the journal, except the files that the Logger leaves alone.
	segments map[*journalFile]bool
}

// maxFree is the number of unused chunks that are kept.
const maxFree = 32

// take returns an empty chunk, or nil if all are in use. The caller holds the lock of a shard.
func (q *queue) take() *chunk {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.used >= q.limit {
		return nil
	}
	q.used++
	if n := len(q.free); n > 0 {
		c := q.free[n-1]
		q.free = q.free[:n-1]
		return c
	}
	return &chunk{b: make([]byte, segment.BlockHead, chunkSize)}
}

// put adds a chunk to the queue. The caller holds the lock of the chunk's shard. So Stats, which
// holds all locks, sees the chunk either in the shard or in the queue.
func (q *queue) put(c *chunk) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, c)
	q.events += c.events
	q.bytes += c.size()
	if q.oldest.IsZero() {
		q.oldest = c.since
	}
}

// len returns the number of chunks that wait.
func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// next returns the chunk that has waited longest, or nil. The chunk still counts as buffered.
func (q *queue) next() *chunk {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		return nil
	}
	c := q.waiting[0]
	q.waiting[0] = nil
	q.waiting = q.waiting[1:]
	return c
}

// discard counts events of the writer's chunk as discarded.
func (q *queue) discard(events int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.events -= events
	q.discarded += events
}

// wrote counts the events of a block as written to s, or as failed if s is nil. The argument size
// is the size of the block.
func (q *queue) wrote(events int64, size int, s *journalFile) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.events -= events
	if s == nil {
		q.failed += events
		return
	}
	q.journaled += events
	s.events += events
	s.unsent += events
	s.size += int64(size)
	if s.lost {
		q.lost += events
	}
}

// done takes back a chunk whose events have been counted as written, failed or discarded.
func (q *queue) done(c *chunk) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.bytes -= c.size()
	q.used--
	q.oldest = time.Time{}
	if len(q.waiting) > 0 {
		q.oldest = q.waiting[0].since
	}
	c.b, c.events = c.b[:segment.BlockHead], 0
	if len(q.free) < maxFree {
		q.free = append(q.free, c)
	}
	if q.room != nil {
		close(q.room)
		q.room = nil
	}
}

// lose counts the unsent events of s as lost, because the file of s is gone. Another call for the
// same segment does nothing.
func (q *queue) lose(s *journalFile) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !s.lost {
		s.lost = true
		q.lost += s.unsent
	}
}

// everWritten returns the number of events that were written to the journal. It includes the
// events of files that somebody has deleted since, because a counter never falls.
func (q *queue) everWritten() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.journaled
}

// isLost reports whether s is lost.
func (q *queue) isLost(s *journalFile) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return s.lost
}

// roomAgain returns a channel that is closed when there is room again. It is nil if there is room
// now.
func (q *queue) roomAgain() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.used < q.limit {
		return nil
	}
	if q.room == nil {
		q.room = make(chan struct{})
	}
	return q.room
}

// kept counts an event of a Logger without a journal.
func (q *queue) kept() {
	q.mu.Lock()
	q.journaled++
	q.mu.Unlock()
}
