package audit

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"example.com/clew/audit/internal/segment"
)

const (
	journalDir = "_journal"
	extActive  = ".journal" // a segment that is being written, or that was when its process died
	extSealed  = ".sealed"
	extSent    = ".sent" // the progress of the segment of that name: how many of its events the Sink has taken

	sealBytes = 128 << 20
	sealEvery = 5 * time.Minute  // by the wall clock, so that the events of a segment mostly belong to one partition
	sinkEvery = 10 * time.Second // from the segment's beginning, so that not all writers send at the same time
)

// file is the file of a segment: an *os.File, or a fake file in a test.
type file interface {
	Write(p []byte) (int, error)
	Sync() error
	Truncate(size int64) error
	Stat() (fs.FileInfo, error)
	Close() error
}

func createFile(path string) (file, error) {
	return os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
}

// journalFile is a segment of the journal.
type journalFile struct {
	path      string
	since     time.Time // when the segment was begun
	sealAt    time.Time
	recovered bool // an earlier process wrote it: it needs an fsync before it is packed
	named     bool // the file's name is on disk: the directory was synced

	f    file        // nil in recovered segments
	torn atomic.Bool // an fsync has failed, so nothing more is written to the file

	// The queue's lock guards the following fields.
	size   int64
	events int64 // 0 in recovered segments
	unsent int64 // events that neither a Store nor a Sink has
	lost   bool  // the file is gone

	sent int64 // events that the Sink has taken or refused; only the compactor uses this field
}

// newSegment begins a segment. The monotonic clock decides when to seal the segment, because a
// wall clock that is set back would keep the segment open.
func (l *Logger) newSegment() (*journalFile, error) {
	if err := l.dirLock.renew(); err != nil {
		return nil, err
	}
	now := time.Now()
	id := segment.NewID(now.UnixMicro(), rand.Uint64())
	s := &journalFile{
		path:   filepath.Join(l.journal, id+extActive),
		since:  now,
		sealAt: l.sealAt(now),
	}
	f, err := l.create(s.path)
	if err != nil {
		return nil, err
	}
	header := segment.AppendHeader(nil, segment.Header{ID: id, App: l.app})
	if _, err := f.Write(header); err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(s.path))
	}
	s.f, s.size = f, int64(len(header))
	l.queue.addSegment(s)
	return s, nil
}

// sealAt returns the time at which a segment that begins now will be sealed.
func (l *Logger) sealAt(now time.Time) time.Time {
	if l.sink != nil {
		return now.Add(sinkEvery)
	}
	return now.Add(now.Truncate(sealEvery).Add(sealEvery).Sub(now.Round(0)))
}

// isThere reports whether the segment's name still leads to its file. Writes to an open file
// succeed even if its directory was deleted.
func (s *journalFile) isThere() bool {
	ours, err := s.f.Stat()
	if err != nil {
		return true
	}
	named, err := os.Stat(s.path)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist) // any other error proves nothing
	}
	return os.SameFile(ours, named)
}

// isUnfinished reports whether the file is empty, or contains only a part of a segment's header.
func isUnfinished(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	all, err := io.ReadAll(io.LimitReader(f, segment.MaxHeader+1))
	return err == nil && segment.IsUnfinished(all)
}

func (q *queue) addSegment(s *journalFile) {
	q.mu.Lock()
	q.segments[s] = true
	q.mu.Unlock()
}

func (q *queue) sizeOf(s *journalFile) int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return s.size
}

func (q *queue) removeSegment(s *journalFile) {
	q.mu.Lock()
	delete(q.segments, s)
	q.mu.Unlock()
}
