package audit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/internal/storetest"
	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// disk is a disk with limited room, on which segments are created.
type disk struct {
	mu   sync.Mutex
	room int
	sync error // the error of each fsync
}

type onDisk struct {
	audit.File
	d *disk
}

func (d *disk) create(path string) (audit.File, error) {
	f, err := audit.CreateFile(path)
	return onDisk{f, d}, err
}

// Write writes as many bytes as the disk has room for, as write(2) does.
func (f onDisk) Write(p []byte) (int, error) {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	if len(p) <= f.d.room {
		f.d.room -= len(p)
		return f.File.Write(p)
	}
	n, _ := f.File.Write(p[:f.d.room])
	f.d.room = 0
	return n, syscall.ENOSPC
}

func (f onDisk) Sync() error {
	f.d.mu.Lock()
	defer f.d.mu.Unlock()
	return errors.Join(f.d.sync, f.File.Sync())
}

func (d *disk) set(room int, sync error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room, d.sync = room, sync
}

const plenty = 1 << 40

// The disk is full in the middle of a record. Events in the buffer are written when the disk has
// room again. Events for which the buffer has no room are counted.
func TestDiskFull(t *testing.T) {
	// The disk becomes full in the header, in a block's head, in a record, or in the second block.
	for _, cut := range []int{60, 100, 170, 1000} {
		t.Run(number(cut), func(t *testing.T) {
			p, d, dir := &packer{}, &disk{room: cut}, t.TempDir()
			l := open(t, audit.Config{Dir: dir, Buffer: 4 << 20}, p, audit.Seams{Create: d.create})
			l.Log(t.Context(), "first", slog.String("k", strings.Repeat("x", 50)))
			_ = l.Sync(t.Context()) // the event may be written or not
			err := l.LogSync(t.Context(), "second", slog.String("k", strings.Repeat("x", 900)))
			require.ErrorIs(t, err, syscall.ENOSPC)

			const n, size = 100_000, 100
			value := strings.Repeat("v", size)
			for range n {
				l.Log(t.Context(), "flood", slog.String("k", value))
			}
			s := l.Stats()
			adds(t, s)
			assert.EqualValues(t, n+2, s.Accepted+s.Dropped)
			assert.Positive(t, s.Dropped)
			assert.LessOrEqual(t, s.BufferedBytes, int64(4<<20))
			assert.Contains(t, s.LastError, "no space left")

			d.set(plenty, nil)
			require.NoError(t, l.LogSync(t.Context(), "after"))
			shut(t, l)
			s = l.Stats()
			assert.Zero(t, s.Failed)
			assert.Equal(t, s.Accepted, s.Written)
			got := messages(p.all())
			assert.Equal(t, map[string]int{"first": 1, "second": 1, "after": 1, "flood": int(s.Accepted) - 3}, got)
			assert.Empty(t, journalFiles(t, dir))
			for id, events := range p.events {
				assert.NotEmpty(t, events, "segment %s was packed, but has no event", id)
			}
		})
	}
}

func TestDiskFullToTheEnd(t *testing.T) {
	p, d := &packer{}, &disk{}
	l := open(t, audit.Config{}, p, audit.Seams{Create: d.create})
	for range 1000 {
		l.Log(t.Context(), "lost")
	}
	err := l.Close(t.Context())
	require.ErrorContains(t, err, "1000 events could not be written")
	require.ErrorContains(t, err, "no space left")
	s := l.Stats()
	adds(t, s)
	assert.EqualValues(t, 1000, s.Failed)
	assert.Zero(t, s.Written)
}

func TestFsyncFails(t *testing.T) {
	p, d := &packer{}, &disk{room: plenty, sync: syscall.EIO}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l := open(t, audit.Config{Dir: dir}, p, audit.Seams{Create: d.create})
		require.ErrorIs(t, l.LogSync(t.Context(), "doubtful"), syscall.EIO)
		d.set(plenty, nil)
		require.NoError(t, l.LogSync(t.Context(), "safe"))
		synctest.Wait() // the compactor is another goroutine
		assert.Len(t, journalFiles(t, dir), 1, "the segment whose fsync failed is sealed and compacted")
		shut(t, l)
	})
	assert.Equal(t, map[string]int{"doubtful": 1, "safe": 1}, messages(p.all()))
	p.mu.Lock()
	defer p.mu.Unlock()
	assert.Len(t, p.events, 2, "the number of segments")
}

func TestStoreRefuses(t *testing.T) {
	dir, p := t.TempDir(), &packer{refuse: errors.New("store: 503")}
	l := open(t, audit.Config{Dir: dir}, p, audit.Seams{})
	for i := range 100 {
		l.Log(t.Context(), number(i))
	}
	err := l.Close(t.Context())
	require.ErrorContains(t, err, "bytes of the journal are left to the next Open")
	require.ErrorContains(t, err, "store: 503")
	s := l.Stats()
	assert.EqualValues(t, 100, s.Written)
	// The compactor may get the segment before it learns that the Logger is closing, or at the
	// same time.
	assert.Contains(t, []int64{1, 2}, s.Compaction.Count, "the store is asked once, or once more at the end")
	require.Len(t, journalFiles(t, dir), 1)
	info, err := os.Stat(journalFiles(t, dir)[0])
	require.NoError(t, err)
	assert.Equal(t, info.Size(), s.JournalBytes)

	p.set(nil)
	l = open(t, audit.Config{Dir: dir}, p, audit.Seams{})
	shut(t, l)
	assert.Len(t, messages(p.all()), 100)
	assert.Empty(t, journalFiles(t, dir))
}

// A store that refuses is asked again after pauses that double, up to a minute.
func TestStoreIsAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &packer{refuse: errors.New("store: 503")}
		l := open(t, audit.Config{}, p, audit.Seams{})
		l.Log(t.Context(), "m")
		time.Sleep(5*time.Minute + time.Second/2) // the segment is sealed, and the store is asked once
		synctest.Wait()
		assert.Equal(t, 1, p.called())
		time.Sleep(time.Second + 2*time.Second + 4*time.Second)
		synctest.Wait()
		assert.Equal(t, 4, p.called())
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.InDelta(t, 4+60+3, p.called(), 2)
		assert.InDelta(t, 65*60, l.Stats().Oldest.Seconds(), 60)
		p.set(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Len(t, p.all(), 1)
		assert.Zero(t, l.Stats().JournalBytes)
		assert.Zero(t, l.Stats().Oldest)
		shut(t, l)
	})
}

// If a store hangs, its call ends at the deadline of Close, and nothing is lost.
func TestCloseDeadline(t *testing.T) {
	dir, p := t.TempDir(), &packer{}
	slow := audit.Seams{Pack: func(ctx context.Context, _ string) (int64, []string, error) {
		<-ctx.Done()
		return 0, nil, ctx.Err()
	}}
	l, err := audit.OpenWith(audit.Config{Dir: dir, App: "app"}, slow)
	require.NoError(t, err)
	require.NoError(t, l.LogSync(t.Context(), "m"))
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("ten seconds are over")
	cancel(why)
	err = l.Close(ctx)
	require.ErrorIs(t, err, why)
	require.ErrorContains(t, l.Close(t.Context()), "left to the next Open")

	shut(t, open(t, audit.Config{Dir: dir}, p, audit.Seams{}))
	assert.Equal(t, map[string]int{"m": 1}, messages(p.all()))
}

func TestDirectoryDeleted(t *testing.T) {
	dir, p := filepath.Join(t.TempDir(), "audit"), &packer{}
	l := open(t, audit.Config{Dir: dir}, p, audit.Seams{})
	require.NoError(t, l.LogSync(t.Context(), "before"))
	require.NoError(t, os.RemoveAll(dir))
	require.ErrorContains(t, l.LogSync(t.Context(), "into nothing"), "directory was deleted")
	s := l.Stats()
	adds(t, s)
	assert.EqualValues(t, 2, s.Failed)
	assert.Contains(t, s.LastError, "directory was deleted")

	require.NoError(t, l.LogSync(t.Context(), "after"))
	_, err := audit.Open(audit.Config{Dir: dir, App: "other"})
	assert.ErrorContains(t, err, "in use by another Logger", "the lock was taken again")
	assert.ErrorContains(t, l.Close(t.Context()), "2 events were in a journal that somebody deleted")
	assert.Equal(t, map[string]int{"after": 1}, messages(p.all()))
	s = l.Stats()
	adds(t, s)
	assert.EqualValues(t, 2, s.Failed)
	assert.EqualValues(t, 1, s.Written)
}

func TestSealedSegmentDeleted(t *testing.T) {
	dir, p := t.TempDir(), &packer{}
	synctest.Test(t, func(t *testing.T) {
		p.set(errors.New("store: 503"))
		l := open(t, audit.Config{Dir: dir}, p, audit.Seams{})
		l.Log(t.Context(), "m")
		l.Log(t.Context(), "m")
		time.Sleep(6 * time.Minute)
		for _, path := range journalFiles(t, dir) {
			require.NoError(t, os.Remove(path))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		s := l.Stats()
		adds(t, s)
		assert.EqualValues(t, 2, s.Failed)
		assert.ErrorContains(t, l.Close(t.Context()), "2 events were in a journal that somebody deleted")
	})
}

func TestNoDirectory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	_, err := audit.Open(audit.Config{Dir: filepath.Join(path, "audit"), App: "app"})
	assert.ErrorContains(t, err, path)

	if os.Getuid() > 0 { // root may write in spite of the permissions
		dir := t.TempDir()
		require.NoError(t, os.Chmod(dir, 0o500))
		_, err := audit.Open(audit.Config{Dir: dir, App: "app"})
		assert.ErrorIs(t, err, os.ErrPermission)
	}
}

func TestTwoLoggers(t *testing.T) {
	dir := t.TempDir()
	l := open(t, audit.Config{Dir: dir}, &packer{}, audit.Seams{})
	_, err := audit.Open(audit.Config{Dir: dir, App: "second"})
	require.ErrorContains(t, err, "in use by another Logger: pid ")
	require.ErrorContains(t, err, `app "app"`)
	shut(t, l)
	shut(t, open(t, audit.Config{Dir: dir}, &packer{}, audit.Seams{}))
}

func TestHostileLock(t *testing.T) {
	dir := t.TempDir()
	l := open(t, audit.Config{Dir: dir}, &packer{}, audit.Seams{})
	defer shut(t, l)
	path := filepath.Join(dir, "_journal", "LOCK")
	require.NoError(t, os.WriteFile(path, []byte("\x1b[31m"+strings.Repeat("x", 1<<20)), 0o600))
	_, err := audit.Open(audit.Config{Dir: dir, App: "second"})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "\x1b")
	assert.Less(t, len(err.Error()), 4000)
}

// Recovery packs the segments that earlier processes have left, and does not touch other files.
func TestRecovery(t *testing.T) {
	dir, p := t.TempDir(), &packer{damaged: 3, many: []string{"noisy"}}
	journal := filepath.Join(dir, "_journal")
	require.NoError(t, os.MkdirAll(journal, 0o700))
	write := func(name string, data string) {
		require.NoError(t, os.WriteFile(filepath.Join(journal, name), []byte(data), 0o600))
	}
	id := segment.NewID(time.Now().Add(-time.Hour).UnixMicro(), 1)
	data := segment.AppendHeader(nil, segment.Header{ID: id, App: "app"})
	block := segment.Begin(make([]byte, segment.BlockHead), 5, nil, "", "from before")
	segment.End(block, segment.BlockHead)
	segment.PutBlockHead(block)
	write(id+".journal", string(data)+string(block)+"torn")
	write("newer.sealed", "clewaud2 and more")
	write("damaged.sealed", "nothing of ours")
	write("empty.journal", "")
	write("notes.txt", "of the user")

	l := open(t, audit.Config{Dir: dir}, p, audit.Seams{})
	assert.InDelta(t, 3600, l.Stats().Oldest.Seconds(), 60)
	shut(t, l)
	s := l.Stats()
	assert.Equal(t, 1, s.Newer)
	assert.Equal(t, 2, s.Damaged, "one segment is torn, and one file is no segment")
	assert.Equal(t, []string{"noisy"}, s.ManyMessages)
	assert.Equal(t, map[string]int{"from before": 1}, messages(p.all()))
	entries, err := os.ReadDir(journal)
	require.NoError(t, err)
	var left []string
	for _, e := range entries {
		left = append(left, e.Name())
	}
	assert.Equal(t, []string{"LOCK", "damaged.sealed", "newer.sealed", "notes.txt"}, left)
}

// If a Parquet writer or a Store panics, the service goes on.
func TestStorePanics(t *testing.T) {
	merged := make(chan struct{}, 1)
	synctest.Test(t, func(t *testing.T) {
		l := open(t, audit.Config{}, &packer{}, audit.Seams{
			Merge:  func() error { merged <- struct{}{}; panic("merge") },
			Expire: func(ttl time.Duration) error { panic(ttl) },
		})
		time.Sleep(6 * time.Minute)
		<-merged
		synctest.Wait()
		assert.EqualValues(t, 2, l.Stats().Errors)
		assert.Contains(t, l.Stats().LastError, "panic: 336h0m0s")
		shut(t, l)
	})
}

func TestConfig(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  audit.Config
		want string
	}{
		{"no directory", audit.Config{App: "a"}, "Config.Dir is empty"},
		{"no app", audit.Config{Dir: "d"}, "Config.App"},
		{"long app", audit.Config{Dir: "d", App: strings.Repeat("a", 1025)}, "Config.App"},
		{"app that is not UTF-8", audit.Config{Dir: "d", App: "\xff"}, "Config.App"},
		{"unknown value of Full", audit.Config{Dir: "d", App: "a", Full: 2}, "Config.Full is 2"},
		{"small buffer", audit.Config{Dir: "d", App: "a", Buffer: 1000}, "Config.Buffer is 1000"},
		{"negative MaxEvent", audit.Config{Dir: "d", App: "a", MaxEvent: -1}, "Config.MaxEvent is -1"},
		{"sink and store", audit.Config{Dir: "d", App: "a", Sink: &sink{}, Store: lake.Dir("d")}, "both a Store and a Sink"},
		{"large MaxEvent", audit.Config{Dir: "d", App: "a", MaxEvent: audit.MaxEvent + 1}, "Config.MaxEvent is"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := audit.Open(tt.cfg)
			assert.ErrorContains(t, err, tt.want)
			assert.NoDirExists(t, "d")
		})
	}
	_, err := audit.Open(audit.Config{Full: 3})
	assert.ErrorContains(t, err, "Config.Dir", "the error lists all faults")
	assert.ErrorContains(t, err, "Config.Full", "the error lists all faults")
}

// Loggers that share a store take turns. If one Logger holds the lock, the other one reports no
// error.
func TestAnotherMerges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		l := open(t, audit.Config{TTL: -1}, &packer{}, audit.Seams{
			Merge:  func() error { asked++; return fmt.Errorf("store: %w", lake.ErrLocked) },
			Expire: func(time.Duration) error { return errors.New("events are kept for ever") },
		})
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		shut(t, l)
		assert.Equal(t, 2, asked)
		assert.Zero(t, l.Stats().Errors, l.Stats().LastError)
	})
}

// bucket is a store that says whether several Loggers share it.
type bucket struct {
	storetest.Memory
	shared bool
}

func (b *bucket) Shared() bool { return b.shared }

func TestSharedStoreIsNotMerged(t *testing.T) {
	for _, shared := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			merged, expired := 0, 0
			l := open(t, audit.Config{Store: &bucket{shared: shared}}, &packer{}, audit.Seams{
				Merge:  func() error { merged++; return nil },
				Expire: func(time.Duration) error { expired++; return nil },
			})
			time.Sleep(3 * time.Hour)
			synctest.Wait()
			shut(t, l)
			want := 3
			if shared {
				want = 0
			}
			assert.Equal(t, want, merged)
			assert.Equal(t, want, expired)
		})
	}
}
