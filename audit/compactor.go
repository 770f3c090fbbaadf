package audit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/lake"
)

const (
	packRetryFirst = time.Second
	packRetryMost  = time.Minute
	mergeFirst     = 5 * time.Minute
	mergeEvery     = time.Hour
)

// compactor holds the segments that wait until they become Parquet files, or are sent to the Sink.
type compactor struct {
	wake chan struct{}

	mu       sync.Mutex
	pending  []*journalFile
	stopping bool
}

func (c *compactor) add(s *journalFile) {
	c.mu.Lock()
	c.pending = append(c.pending, s)
	c.mu.Unlock()
	signal(c.wake)
}

func (c *compactor) stop() {
	c.mu.Lock()
	c.stopping = true
	c.mu.Unlock()
	signal(c.wake)
}

// take returns the waiting segments, and forgets them: from now on only the caller owns them.
func (c *compactor) take() (pending []*journalFile, stopping bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	pending, c.pending = c.pending, nil
	return pending, c.stopping
}

// isShared reports whether other processes write to the store too. A Logger does not merge the
// files of a shared store: one process does that for all.
func isShared(store lake.Store) bool {
	shared, ok := store.(lake.Shared)
	return ok && shared.Shared()
}

// compact is the goroutine that makes Parquet files of segments, and merges and deletes files of
// the lake. With a Sink it sends the segments' events instead. If the store or the Sink refuses
// events, compact tries again after a pause, which doubles each time. Meanwhile the journal keeps
// the events.
func (l *Logger) compact() {
	merge, retry := newIdleTimer(), newIdleTimer()
	defer merge.Stop()
	defer retry.Stop()
	if l.sink == nil && !isShared(l.store) {
		merge.start(mergeFirst)
	}
	var waiting []*journalFile
	pause := packRetryFirst
	for {
		select {
		case <-l.compactor.wake:
		case <-retry.C:
			retry.running = false
		case <-merge.C:
			merge.running = false
			merge.start(mergeEvery)
			l.merge()
			continue
		}
		added, stopping := l.compactor.take()
		waiting = l.packAll(append(waiting, added...))
		switch {
		case stopping: // the syncer has ended, so no segment is added any more
			return
		case len(waiting) == 0:
			pause = packRetryFirst
		case !retry.running:
			retry.start(pause)
			pause = min(2*pause, packRetryMost)
		}
	}
}

// packAll packs the segments, and returns those that must be tried again.
func (l *Logger) packAll(segments []*journalFile) (again []*journalFile) {
	for i, s := range segments {
		if l.running.Err() != nil {
			return append(again, segments[i:]...)
		}
		if err := l.pack(s); errors.Is(err, errSink) {
			// A Sink that refuses one segment refuses the next one too.
			return append(again, segments[i:]...)
		} else if err != nil {
			l.note("compact a segment", err)
			again = append(again, s)
			continue
		}
		l.queue.removeSegment(s)
	}
	return again
}

// pack makes Parquet files of s, or sends its events, and deletes s when they are safe. If pack
// returns nil, s is deleted, lost, or left alone, and must not be packed again.
func (l *Logger) pack(s *journalFile) error {
	// Without this fsync, a power failure could cut a segment that has its Parquet files already.
	// Packing the rest of the segment again would replace these files by smaller ones.
	if s.recovered {
		if err := fsyncPath(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if _, err := os.Stat(s.path); errors.Is(err, fs.ErrNotExist) {
		l.queue.lose(s)
		l.note("compact a segment", errGone)
		return nil
	}
	start := time.Now()
	r, err := l.deliver(s)
	l.compactions.add(time.Since(start))
	switch {
	case errors.Is(err, segment.ErrNewer):
		l.notes.leave(&l.notes.newer)
		l.note("compact "+s.path, err)
		return nil
	case errors.Is(err, segment.ErrNotOurs):
		l.notes.leave(&l.notes.damaged)
		l.note("compact "+s.path, err)
		return nil
	case err != nil:
		return err
	}
	if r.damaged > 0 {
		l.notes.leave(&l.notes.damaged)
	}
	l.notes.addApps(r.manyMessages)
	// Remove the segment first: a segment without its progress would be sent again.
	if err := os.Remove(s.path); err != nil || l.sink == nil {
		return err
	}
	if err := removeProgress(s); err != nil { // the next Open removes the file
		l.note("remove the .sent file of a segment", err)
	}
	return nil
}

// deliver makes Parquet files of s, or sends its events to the Sink.
func (l *Logger) deliver(s *journalFile) (packed, error) {
	if l.sink != nil {
		return l.send(s)
	}
	return l.packSegment(l.running, l.store, s.path)
}

// merge merges small files, and deletes files that are older than the TTL. Close ends a merge
// early, because the next merge does the rest.
func (l *Logger) merge() {
	err := guard(func() error { return l.mergeLake(l.serving, l.store) })
	l.noteMerge("merge the lake's files", err)
	if l.ttl < 0 {
		return
	}
	err = guard(func() error { return l.expireLake(l.serving, l.store, l.ttl) })
	l.noteMerge("delete events older than the TTL", err)
}

// noteMerge records err in Stats, except in two cases: another Logger of the same store is merging
// now, or Close has ended the merge.
func (l *Logger) noteMerge(tried string, err error) {
	if err != nil && !errors.Is(err, lake.ErrLocked) && l.serving.Err() == nil {
		l.note(tried, err)
	}
}

// packed is the part of pack.Result that the Logger needs.
type packed struct {
	damaged      int64
	manyMessages []string
}

func mergeLake(ctx context.Context, store lake.Store) error {
	_, err := lake.Compact(ctx, store, lake.CompactOptions{})
	return err
}

func expireLake(ctx context.Context, store lake.Store, ttl time.Duration) error {
	_, err := lake.Expire(ctx, store, ttl, time.Now())
	return err
}

// guard turns a panic of a Store, a Sink or a Parquet writer into an error. No other code could
// recover on this goroutine, and a fault of audit must not end the service.
func guard(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return f()
}

func fsyncPath(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
