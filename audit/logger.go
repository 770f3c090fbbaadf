package audit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"example.com/clew/audit/internal/pack"
	"example.com/clew/audit/lake"
)

// Logger writes audit events. [Open] returns one. Its methods may be called by several goroutines
// at once. A nil *Logger drops all events silently, so libraries and tests need no directory.
type Logger struct {
	app      string
	maxEvent int
	block    bool
	filter   Filter // nil: every event is written
	ttl      time.Duration
	store    lake.Store // nil with a sink
	sink     Sink       // nil with a store
	journal  string     // the journal's directory
	dirLock  *dirLock
	keep     func(record []byte) // for tests: gets the records instead of a journal

	shards [shards]shard
	queue  queue
	begun  chan struct{} // signals that a shard has its first event
	wake   chan struct{} // signals that a chunk is full, no chunk is free, or a round waits

	roundMu sync.Mutex
	round   *round // of the callers that wait for the writer's next turn
	ended   bool   // the writer has no next turn

	syncer    syncer
	compactor compactor

	running   context.Context // ends when Close's deadline has passed
	stop      context.CancelFunc
	serving   context.Context // ends when Close begins
	endServe  context.CancelFunc
	closeOnce sync.Once
	closing   chan struct{}
	closed    chan struct{}

	delay, fsyncs, compactions timing
	notes                      notes
	unregister                 func() error

	seams
}

// seams holds the functions that tests replace.
type seams struct {
	create      func(path string) (file, error)
	packSegment func(ctx context.Context, store lake.Store, path string) (packed, error)
	mergeLake   func(ctx context.Context, store lake.Store) error
	expireLake  func(ctx context.Context, store lake.Store, ttl time.Duration) error
}

// Open returns the Logger of a directory. If another Logger uses the directory, in this process or
// in another one, the error names that Logger. If cfg is wrong, the error lists all its faults.
//
// If a process died, segments of its journal are left in the directory. Open starts to compact
// them in the background, or to send them to the Sink, so that no event in them is lost. Call
// [Logger.Close] to end the Logger's goroutines.
func Open(cfg Config) (*Logger, error) {
	return open(cfg, seams{create: createFile, packSegment: packSegment, mergeLake: mergeLake, expireLake: expireLake})
}

func packSegment(ctx context.Context, store lake.Store, path string) (p packed, err error) {
	err = guard(func() error {
		r, err := pack.Segment(ctx, store, path)
		p = packed{damaged: int64(r.Damaged), manyMessages: r.ManyMessages}
		return err
	})
	return p, err
}

func open(cfg Config, with seams) (*Logger, error) {
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	journal := filepath.Join(cfg.Dir, journalDir)
	lock, err := lockDir(journal, cfg.App)
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	l := newLogger(cfg)
	l.journal, l.dirLock, l.seams = journal, lock, with
	if err := cmp.Or(l.recover(), l.measure(cfg.MeterProvider)); err != nil {
		lock.release()
		return nil, fmt.Errorf("audit: %w", err)
	}
	l.start()
	return l, nil
}

func newLogger(cfg Config) *Logger {
	l := &Logger{
		app:      cfg.App,
		maxEvent: cfg.MaxEvent,
		block:    cfg.Full == Block,
		filter:   cfg.Filter,
		ttl:      cfg.TTL,
		store:    cfg.Store,
		sink:     cfg.Sink,
		begun:    make(chan struct{}, 1),
		wake:     make(chan struct{}, 1),
		closing:  make(chan struct{}),
		closed:   make(chan struct{}),
	}
	l.queue.limit = cfg.Buffer / chunkSize
	l.queue.segments = map[*journalFile]bool{}
	l.syncer.wake, l.syncer.dirty = make(chan struct{}, 1), make(chan struct{}, 1)
	l.compactor.wake = make(chan struct{}, 1)
	l.notes.apps = map[string]bool{}
	l.running, l.stop = context.WithCancel(context.Background())
	l.serving, l.endServe = context.WithCancel(l.running)
	return l
}

// start starts the three goroutines. They end one after the other: the writer hands everything to
// the syncer, and the syncer to the compactor.
func (l *Logger) start() {
	go l.write()
	go l.sync()
	go func() {
		l.compact()
		l.stop()
		if err := l.dirLock.release(); err != nil {
			l.note("release the directory", err)
		}
		close(l.closed)
	}()
}

// recover hands the segments of earlier processes to the compactor.
func (l *Logger) recover() error {
	entries, err := os.ReadDir(l.journal)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		name := entry.Name()
		ext := filepath.Ext(name)
		if ext == extSent {
			if err := l.removeOrphan(name); err != nil {
				return err
			}
			continue
		}
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() || ext != extActive && ext != extSealed {
			continue
		}
		s := &journalFile{
			path:      filepath.Join(l.journal, name),
			since:     began(name, info),
			recovered: true,
			size:      info.Size(),
		}
		if isUnfinished(s.path) { // the process died before it had written the header
			if err := os.Remove(s.path); err != nil {
				return err
			}
			continue
		}
		if ext == extActive {
			if err := l.rename(s); err != nil {
				return err
			}
		}
		l.queue.addSegment(s)
		l.compactor.add(s)
	}
	return nil
}

// Sync waits until all events that were accepted before the call are on disk, but no longer than
// ctx allows. Sync also returns the error of an fsync that has failed since the last Sync. A nil
// ctx is context.Background(). A nil Logger returns nil.
func (l *Logger) Sync(ctx context.Context) error {
	if l == nil || l.keep != nil {
		return nil
	}
	if ctx == nil {
		ctx = context.Background()
	}
	r := l.joinRound()
	if r == nil {
		return errClosed
	}
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return fmt.Errorf("audit: the events are not yet on disk: %w", context.Cause(ctx))
	}
}

// joinRound returns the round that the writer takes at its next turn, or nil if the writer has
// ended.
func (l *Logger) joinRound() *round {
	l.roundMu.Lock()
	defer l.roundMu.Unlock()
	if l.ended {
		return nil
	}
	if l.round == nil {
		l.round = &round{done: make(chan struct{})}
		signal(l.wake)
	}
	return l.round
}

// takeRound returns the round that waits for the writer, or nil.
func (l *Logger) takeRound() *round {
	l.roundMu.Lock()
	defer l.roundMu.Unlock()
	r := l.round
	l.round = nil
	return r
}

// endRounds makes the last round and all later calls of Sync fail.
func (l *Logger) endRounds() {
	if r := l.takeRound(); r != nil {
		r.finish(errClosed)
	}
	l.roundMu.Lock()
	l.ended = true
	l.roundMu.Unlock()
	if r := l.takeRound(); r != nil {
		r.finish(errClosed)
	}
}

// Close writes the events in memory, makes Parquet files of the journal or sends it to the Sink,
// and ends the Logger. Close waits no longer than ctx allows, as http.Server.Shutdown does. Give
// Close a context with a fresh timeout, not the context whose end began the shutdown. Log the
// error of Close, which says what was left behind. The next [Open] of the directory continues with
// a journal that was left. If the store or the Sink has refused events before, Close offers them
// once more.
//
// Events that are logged during and after Close are dropped and counted. Close may be called
// again, to wait for the goroutines. A nil ctx is context.Background(). A nil Logger returns nil.
func (l *Logger) Close(ctx context.Context) error {
	if l == nil {
		return nil
	}
	if ctx == nil {
		ctx = context.Background()
	}
	l.closeOnce.Do(l.beginClose)
	select {
	case <-l.closed:
		return l.leftBehind(nil)
	default:
	}
	select {
	case <-l.closed:
		return l.leftBehind(nil)
	case <-ctx.Done():
		l.stop()
		return l.leftBehind(context.Cause(ctx))
	}
}

func (l *Logger) beginClose() {
	for i := range l.shards {
		s := &l.shards[i]
		s.mu.Lock()
		s.closed = true
		s.mu.Unlock()
	}
	close(l.closing)
	l.endServe()
	if l.keep != nil {
		close(l.closed)
	}
	if l.unregister != nil {
		if err := l.unregister(); err != nil {
			l.note("unregister the metrics", err)
		}
	}
}

// leftBehind returns the error of Close. The error says how many events and bytes were left
// behind, and is nil if there are none. The argument cause is the reason why Close stopped
// waiting.
func (l *Logger) leftBehind(cause error) error {
	s := l.Stats()
	l.queue.mu.Lock()
	gaveUp, lost := l.queue.failed, l.queue.lost
	l.queue.mu.Unlock()
	var left []error
	say := func(n int64, format string) {
		if n > 0 {
			left = append(left, fmt.Errorf("audit: "+format, n))
		}
	}
	say(s.Buffered, "%d events are in memory still")
	say(gaveUp, "%d events could not be written, and are lost")
	say(lost, "%d events were in a journal that somebody deleted, and are lost")
	say(s.Unsent, "%d events are not sent, and wait in the journal")
	say(s.JournalBytes, "%d bytes of the journal are left to the next Open")
	if len(left) == 0 {
		return nil
	}
	if s.LastError != "" {
		left = append(left, errors.New("the last error was: "+s.LastError))
	}
	return errors.Join(append(left, cause)...)
}

// began returns the time at which a segment was begun. The time is in the segment's name. For any
// other name, began returns the file's modification time.
func began(name string, info os.FileInfo) time.Time {
	if len(name) > 16 {
		if us, err := strconv.ParseInt(name[:16], 16, 64); err == nil {
			return time.UnixMicro(us)
		}
	}
	return info.ModTime()
}
