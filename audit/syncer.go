package audit

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/clew/audit/internal/filelock"
)

const fsyncEvery = time.Second

var errGone = errors.New("the journal's directory was deleted")

// syncer holds the rounds and segments that the writer passes to the goroutine that calls fsync.
type syncer struct {
	wake  chan struct{} // there is a round, or a segment to seal
	dirty chan struct{} // there is something to fsync within fsyncEvery

	mu       sync.Mutex
	rounds   []*round
	sealed   []*journalFile
	written  *journalFile // the active segment, if it was written to since the last fsync
	stopping bool
	unsaid   error // the error of an fsync that no round waited for; the next round returns it

	// failures counts failed fsyncs. LogSync checks that failures has not grown meanwhile, because
	// the fsync of its event may have failed before its round began.
	failures atomic.Int64
}

func (y *syncer) add(r *round) {
	y.mu.Lock()
	y.rounds = append(y.rounds, r)
	y.mu.Unlock()
	signal(y.wake)
}

func (y *syncer) wrote(s *journalFile) {
	y.mu.Lock()
	first := y.written == nil
	y.written = s
	y.mu.Unlock()
	if first {
		signal(y.dirty)
	}
}

func (y *syncer) seal(s *journalFile) {
	y.mu.Lock()
	y.sealed = append(y.sealed, s)
	y.written = nil
	y.mu.Unlock()
	signal(y.wake)
}

func (y *syncer) stop() {
	y.mu.Lock()
	y.stopping = true
	y.mu.Unlock()
	signal(y.wake)
}

// sync is the goroutine that calls fsync, and that seals segments.
func (l *Logger) sync() {
	timer := newIdleTimer()
	defer timer.Stop()
	for stopping := false; !stopping; {
		select {
		case <-l.syncer.dirty:
			timer.start(fsyncEvery)
			continue
		case <-timer.C:
			timer.running = false
		case <-l.syncer.wake:
		}
		stopping = l.syncNow()
	}
	l.compactor.stop()
}

// syncNow calls fsync for everything that was written, and ends the rounds that waited for this
// fsync. It reports whether the writer has ended.
func (l *Logger) syncNow() (stopping bool) {
	y := &l.syncer
	y.mu.Lock()
	rounds, sealed, written := y.rounds, y.sealed, y.written
	y.rounds, y.sealed, y.written = nil, nil, nil
	stopping = y.stopping
	y.mu.Unlock()

	var err error
	for _, s := range sealed {
		err = errors.Join(err, l.finish(s))
	}
	if written != nil {
		err = errors.Join(err, l.fsync(written))
	}
	err = y.say(err, len(rounds) > 0)
	for _, r := range rounds {
		r.finish(err)
	}
	return stopping
}

// say returns the error for the current rounds: err, and an earlier error that no round has
// returned. If there are no rounds now, say keeps err for the next round.
func (y *syncer) say(err error, rounds bool) error {
	y.mu.Lock()
	defer y.mu.Unlock()
	if err != nil {
		y.failures.Add(1)
	}
	if rounds {
		err, y.unsaid = errors.Join(y.unsaid, err), nil
	} else if y.unsaid == nil {
		y.unsaid = err
	}
	return err
}

// fsync puts s and its name on disk. After an fsync that failed, the kernel may have forgotten the
// bytes that it could not write, and a later fsync of the file proves nothing. So the writer
// begins another segment.
func (l *Logger) fsync(s *journalFile) error {
	start := time.Now()
	err := s.f.Sync()
	l.fsyncs.add(time.Since(start))
	if err != nil {
		s.torn.Store(true)
		return l.note("fsync the journal", err)
	}
	if !s.isThere() {
		l.queue.lose(s)
		return l.note("fsync the journal", errGone)
	}
	if !s.named {
		if err := syncDir(l.journal); err != nil {
			return l.note("fsync the journal's directory", err)
		}
		s.named = true
	}
	return nil
}

// finish ends a segment: it calls fsync, closes and renames the file, and adds it to the
// compactor. If an fsync of the segment has failed before, finish does not call fsync, because a
// second error would go to rounds that wait for other events.
func (l *Logger) finish(s *journalFile) (err error) {
	if !s.torn.Load() && !l.queue.isLost(s) {
		err = l.fsync(s)
	}
	if e := s.f.Close(); e != nil {
		err = errors.Join(err, l.note("close the journal", e))
	}
	if l.queue.isLost(s) {
		l.queue.removeSegment(s)
		return err
	}
	if l.queue.isUnused(s) {
		l.queue.removeSegment(s)
		if e := os.Remove(s.path); e != nil && !errors.Is(e, fs.ErrNotExist) {
			l.note("remove an empty segment", e)
		}
		return err
	}
	// A segment that could not be renamed is compacted nevertheless.
	if e := l.rename(s); e != nil {
		l.note("seal a segment", e)
	}
	l.compactor.add(s)
	return err
}

func (l *Logger) rename(s *journalFile) error {
	sealed := strings.TrimSuffix(s.path, extActive) + extSealed
	if err := os.Rename(s.path, sealed); err != nil {
		return err
	}
	s.path = sealed
	return syncDir(l.journal)
}

// syncDir calls fsync for a directory, so that the names of its files are on disk.
func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(filelock.SyncDir(f), f.Close())
}

// isUnused reports whether no event was written to s.
func (q *queue) isUnused(s *journalFile) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return s.events == 0
}
