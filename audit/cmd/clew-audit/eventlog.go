package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/firehose"
	"example.com/clew/audit/lake"
	"example.com/clew/internal/timeline"
)

// eventLog writes events through the journal of a directory.
type eventLog struct {
	dir   string
	ttl   time.Duration // negative: events are kept for ever
	store lake.Store    // nil: the directory
	to    *audit.Logger
	sink  *firehose.Sink // nil: the events do not go to a stream
}

// errEvent is the error of an event that cannot be written, while other events can.
var errEvent = errors.New("the event cannot be written")

// openEventLog opens a directory for writing. Files go to the store, or into the directory if the
// store is nil. If there is a stream, the events go to the stream, and there are no files. A
// negative ttl keeps events for ever.
func openEventLog(ctx context.Context, dir, app string, ttl time.Duration, store lake.Store, stream string) (l *eventLog, err error) {
	l = &eventLog{dir: dir, ttl: ttl, store: store}
	cfg := audit.Config{Dir: dir, Store: store, App: cmp.Or(app, "clew-audit"), Full: audit.Block, MaxEvent: audit.MaxEvent, TTL: ttl}
	if stream != "" {
		if l.sink, err = firehose.Open(ctx, firehose.Config{Stream: stream}); err != nil {
			return nil, err
		}
		cfg.Sink = l.sink
	}
	if l.to, err = audit.Open(cfg); err != nil {
		return nil, errors.Join(err, l.sink.Close())
	}
	return l, nil
}

// write writes an event. It waits while the buffer is full.
func (l *eventLog) write(ctx context.Context, e lake.Event) error {
	err := l.to.Ingest(ctx, e)
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%w: %w", errEvent, err)
	}
	return err
}

// oldest returns the time of the oldest events that the log keeps. If an older event is written,
// the log deletes it later. The result is zero if the log deletes no events.
func (l *eventLog) oldest() time.Time {
	shared, ok := l.store.(lake.Shared)
	if l.ttl < 0 || l.sink != nil || ok && shared.Shared() {
		return time.Time{}
	}
	return time.Now().Add(-l.ttl)
}

// trouble returns the number of errors of the disk and the store so far, and the last error.
func (l *eventLog) trouble() (errors int64, last string) {
	s := l.to.Stats()
	return s.Errors, s.LastError
}

// written returns the number of events that have been written.
func (l *eventLog) written() int { return int(l.to.Stats().Written) }

// close writes the events that are still in memory. Its error says which events were lost, or left
// in the journal.
func (l *eventLog) close(ctx context.Context) error {
	graced, stop := graceful(ctx)
	defer stop()
	ending, cancel := context.WithTimeout(graced, endTimeout)
	defer cancel()
	err := errors.Join(l.to.Close(ending), l.sink.Close())
	if s := l.to.Stats(); err == nil && s.Failed > 0 {
		err = fmt.Errorf("%s lost: %s", timeline.Counted(s.Failed, "event"), s.LastError)
	}
	return err
}
