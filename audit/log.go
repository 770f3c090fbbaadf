package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"example.com/clew/audit/internal/segment"
)

var (
	errTooBig = errors.New("audit: the event is larger than Config.MaxEvent")
	errClosed = errors.New("audit: the logger is closed")
	errUnsure = errors.New("audit: an fsync failed meanwhile, and the event may be lost")
	errFull   = errors.New("audit: the buffer is full")
)

// Log logs an event that happens now. The trace ID is taken from ctx, or else from the trace.Do
// that the goroutine runs in. Log never fails, and with [Drop] it never waits.
//
// Make the message a constant, and put all that varies into attrs. The value of an attribute is
// written as it is if it is a string. Other values are written as slog.TextHandler writes them,
// but without quotes: times as RFC 3339 in UTC, with up to nine decimals; durations as 1.5s;
// LogValuers resolved; other types by MarshalText, Error or fmt's %+v. If a method of a value
// panics, the panic is written as text. Keys of groups are joined by dots. A group without
// attributes and the zero Attr are left out. Any other empty key becomes !EMPTYKEY. If a key
// occurs twice, its last value is valid. Each run of bytes that are not UTF-8 becomes U+FFFD.
//
// Log drops and counts an event that is larger than Config.MaxEvent, that finds the buffer full,
// or that is logged after Close. Log may be called by several goroutines at once. It keeps no
// reference to attrs. A nil ctx is context.Background().
func (l *Logger) Log(ctx context.Context, message string, attrs ...slog.Attr) {
	if l == nil {
		return
	}
	e := encoders.Get().(*encoder)
	e.encode(ctx, l.maxEvent, message, attrs)
	if err := l.add(e); err == errFull {
		if l.block {
			_ = l.addWaiting(ctx, e) // addWaiting counts an event that is not added
		} else {
			l.drop(e)
		}
	}
	encoders.Put(e)
}

// LogSync logs an event as Log does, and returns when the event is on disk, where it survives a
// power failure. LogSync waits for room in the buffer and for the disk, but no longer than ctx
// allows. Concurrent calls share one fsync.
//
// A Filter never discards the event, because the caller waits for it.
//
// After an error the event may be lost, or may still be written, because the Logger continues to
// write what it has accepted. A nil Logger returns nil.
func (l *Logger) LogSync(ctx context.Context, message string, attrs ...slog.Attr) error {
	if l == nil {
		return nil
	}
	e := encoders.Get().(*encoder)
	defer encoders.Put(e)
	e.encode(ctx, l.maxEvent, message, attrs)
	if l.filter != nil && !e.big {
		segment.Keep(e.b)
	}
	failures := l.syncer.failures.Load()
	if err := l.addWaiting(ctx, e); err != nil {
		return err
	}
	if err := l.Sync(ctx); err != nil {
		return err
	}
	// If the event's fsync failed before this round began, another round got the error.
	if l.syncer.failures.Load() != failures {
		return errUnsure
	}
	return nil
}

// Ingest adds an event that has a time, an app and a trace of its own, such as an event that was
// read from a file. Ingest waits for room no longer than ctx allows, whatever Config.Full says.
//
// Config.Filter judges the event as it judges the events of Log. The event keeps its TraceNames,
// and the Filter adds others.
//
// A zero Time means now, and an empty App means Config.App. A time outside of the years 1 to 9999
// is an error, and so is a TraceID that is neither empty nor 16 or 32 hexadecimal digits. Ingest
// keeps no reference to e. A nil Logger returns nil.
func (l *Logger) Ingest(ctx context.Context, e Event) error {
	if l == nil {
		return nil
	}
	enc := encoders.Get().(*encoder)
	defer encoders.Put(enc)
	if err := enc.event(l.app, l.maxEvent, &e); err != nil {
		return err
	}
	return l.addWaiting(ctx, enc)
}

// addWaiting adds e's record, and waits for room until ctx ends or the Logger is closed.
func (l *Logger) addWaiting(ctx context.Context, e *encoder) error {
	if ctx == nil {
		ctx = context.Background()
	}
	for {
		err := l.add(e)
		if err != errFull {
			return err
		}
		room := l.queue.roomAgain()
		if room == nil {
			continue
		}
		select {
		case <-room:
		case <-ctx.Done():
			l.drop(e)
			return fmt.Errorf("%w: %w", errFull, context.Cause(ctx))
		case <-l.closing:
			l.drop(e)
			return errClosed
		}
	}
}

// add adds e's record to a shard, and counts a record that it refuses. If add returns errFull, the
// caller counts the record, but only when the caller gives up.
func (l *Logger) add(e *encoder) error {
	s := l.lock(e)
	defer s.mu.Unlock()
	switch {
	case s.closed:
		s.dropped++
		return errClosed
	case e.big:
		s.tooBig++
		return errTooBig
	case l.keep != nil:
		s.accepted++
		l.keep(e.b)
		l.queue.kept()
		return nil
	case s.chunk.fits(e.b):
		s.append(e.b)
		return nil
	}
	return l.addChunk(s, e.b)
}

// addChunk adds a record to a new chunk of s.
func (l *Logger) addChunk(s *shard, record []byte) error {
	c := l.queue.take()
	if c == nil {
		signal(l.wake)
		return errFull
	}
	c.since = time.Now()
	if s.chunk != nil {
		l.queue.put(s.chunk)
		signal(l.wake)
	} else {
		signal(l.begun)
	}
	s.chunk = c
	s.append(record)
	return nil
}

func (l *Logger) drop(e *encoder) {
	s := l.lock(e)
	s.dropped++
	s.mu.Unlock()
}

// lock returns a locked shard: the shard that e used last, or another one if that shard is in use.
// A processor usually gets its own encoder back from sync.Pool, and so keeps its shard.
func (l *Logger) lock(e *encoder) *shard {
	for range shards {
		if s := &l.shards[e.shard%shards]; s.mu.TryLock() {
			return s
		}
		e.shard++
	}
	s := &l.shards[e.shard%shards]
	s.mu.Lock()
	return s
}

// signal sends on a channel of capacity one, unless it is full already.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
