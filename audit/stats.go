package audit

import (
	"sync"
	"time"
)

// Stats is what a [Logger] has done since it was opened. At each moment
//
//	Accepted == Written + Buffered + Failed + Discarded
type Stats struct {
	Accepted int64 // events that were put into the buffer
	Dropped  int64 // events that found the buffer full, or the Logger closed
	TooBig   int64 // events that were larger than Config.MaxEvent
	Written  int64 // events in the journal, or in Parquet files already
	Buffered int64 // events in memory
	// Failed counts accepted events that are lost. They were not written when the Logger was
	// closed, or were in a journal that somebody deleted.
	Failed int64
	// Discarded counts accepted events that Config.Filter did not want. They are not written.
	Discarded int64

	// With a Config.Sink, Sent and Refused include events that earlier processes wrote. Unsent
	// does not include such events, because this process has not counted them. If there are no
	// such events,
	//
	//	Written == Sent + Refused + Unsent
	Sent    int64 // events that the Sink has taken
	Refused int64 // events that the Sink will never take, which are lost: LastError has the reason
	Unsent  int64 // events that wait in the journal

	BufferedBytes int64
	JournalBytes  int64         // of journal files that have not become Parquet files, or are not sent
	Oldest        time.Duration // the age of the oldest event that is in no Parquet file, or not sent

	Delay      Timing // of blocks of events: from the first event's Log to the end of the write
	Fsync      Timing
	Compaction Timing // of segments, also of those that the store or the Sink refused

	Newer   int // segments of a newer version of clew, which are left alone
	Damaged int // segments cut by a crash, or with changed bytes; events before the damage are kept

	// ManyMessages lists the apps with more than 10,000 distinct messages in a segment. Make a
	// message a constant, and put what varies into attributes. If there is a Sink, messages are
	// not counted.
	ManyMessages []string

	// Errors counts the errors of the disk, the store, the Sink and the Filter. The Logger tries
	// again after each error, except after an error of the Filter.
	Errors    int64
	LastError string
}

// Timing sums up the durations of something that is done again and again.
type Timing struct {
	Count          int64
	Sum, Last, Max time.Duration
}

// timing is a Timing that several goroutines can update.
type timing struct {
	mu sync.Mutex
	t  Timing
}

func (t *timing) add(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.t.Count++
	t.t.Sum += d
	t.t.Last = d
	t.t.Max = max(t.t.Max, d)
}

func (t *timing) get() Timing {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.t
}

// Stats returns the current figures. For a nil Logger they are all zero.
func (l *Logger) Stats() (s Stats) {
	if l == nil {
		return s
	}
	oldest := l.count(&s)
	if !oldest.IsZero() {
		s.Oldest = max(0, time.Since(oldest))
	}
	s.Delay, s.Fsync, s.Compaction = l.delay.get(), l.fsyncs.get(), l.compactions.get()
	n := &l.notes
	n.mu.Lock()
	defer n.mu.Unlock()
	s.Newer, s.Damaged, s.ManyMessages = n.newer, n.damaged, n.sortedApps()
	s.Errors, s.LastError = n.errors, n.last
	return s
}

// count sets the numbers of events and bytes in s, and returns the time of the oldest event. It
// holds all locks at once, so that no event moves meanwhile.
func (l *Logger) count(s *Stats) (oldest time.Time) {
	for i := range l.shards {
		l.shards[i].mu.Lock()
		defer l.shards[i].mu.Unlock()
	}
	q := &l.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range l.shards {
		h := &l.shards[i]
		s.Accepted += h.accepted
		s.Dropped += h.dropped
		s.TooBig += h.tooBig
		if h.chunk != nil {
			s.Buffered += h.chunk.events
			s.BufferedBytes += h.chunk.size()
			oldest = earlier(oldest, h.chunk.since)
		}
	}
	s.Buffered += q.events
	s.BufferedBytes += q.bytes
	s.Written = q.journaled - q.lost
	s.Failed = q.failed + q.lost
	s.Discarded = q.discarded
	s.Sent, s.Refused = q.sent, q.refused
	oldest = earlier(oldest, q.oldest)
	for f := range q.segments {
		if !f.lost {
			s.JournalBytes += f.size
			if l.sink != nil {
				s.Unsent += f.unsent
			}
			oldest = earlier(oldest, f.since)
		}
	}
	return oldest
}

// earlier returns the earlier of two times. The zero time stands for no time.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
