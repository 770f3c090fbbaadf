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

// compactor is the segments that wait to become Parquet files, or for the Sink.
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

// take returns the segments that wait. It is their only owner then.
func (c *compactor) take() (pending []*journalFile, stopping bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	pending, c.pending = c.pending, nil
	return pending, c.stopping
}

// isShared reports whether others write to the store too, in which case one process merges for
// all.
func isShared(store lake.Store) bool {
	shared, ok := store.(lake.Shared)
	return ok && shared.Shared()
}

// compact is the goroutine that makes Parquet files of segments, and merges and deletes those of
// the lake. With a Sink it sends the segments' events instead. A store or a Sink that refuses is
// tried again after a pause that doubles; the journal has the events meanwhile.
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
		case stopping: // the syncer's last act: nothing is added any more
			return
		case len(waiting) == 0:
			pause = packRetryFirst
		case !retry.running:
			retry.start(pause)
			pause = min(2*pause, packRetryMost)
		}
	}
}

// packAll returns the segments that must be tried again.
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

// pack makes Parquet files of s, or sends its events, and deletes it when they are safe. With nil
// s is done with: it is deleted, lost, or left alone.
func (l *Logger) pack(s *journalFile) error {
	// Without fsync first, a power failure could take the end of a segment that has its Parquet
	// files already; packing what is left of it again would replace them by smaller ones.
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
	// In this order: without its progress, a segment would be sent again.
	if err := os.Remove(s.path); err != nil || l.sink == nil {
		return err
	}
	if err := removeProgress(s); err != nil { // the next Open removes it
		l.note("remove how far a segment was sent", err)
	}
	return nil
}

// deliver brings the events of s to where they belong.
func (l *Logger) deliver(s *journalFile) (packed, error) {
	if l.sink != nil {
		return l.send(s)
	}
	return l.packSegment(l.running, l.store, s.path)
}

// merge merges the small files of quiet hours, and deletes what is older than the TTL. Close does
// not wait for that: another hour will do.
func (l *Logger) merge() {
	err := guard(func() error { return l.mergeLake(l.serving, l.store) })
	l.noteMerge("merge the lake's files", err)
	if l.ttl < 0 {
		return
	}
	err = guard(func() error { return l.expireLake(l.serving, l.store, l.ttl) })
	l.noteMerge("delete what is older than the TTL", err)
}

// noteMerge keeps an error for Stats. No error is another Logger of the same store that merges at
// this time, and Close.
func (l *Logger) noteMerge(tried string, err error) {
	if err != nil && !errors.Is(err, lake.ErrLocked) && l.serving.Err() == nil {
		l.note(tried, err)
	}
}

// packed is what the Logger needs of pack.Result.
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

// guard turns a panic of a Store, a Sink or a Parquet writer into an error: nobody else could
// recover from a panic of this goroutine, and the service must not end because its audit does.
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
