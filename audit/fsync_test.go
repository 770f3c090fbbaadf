package audit_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A Logger calls fsync every second. If such an fsync fails, the next Sync returns the error, but
// no later Sync does.
func TestFsyncThatNobodyWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		d.set(plenty, nil)
		l := open(t, audit.Config{}, &packer{}, audit.Seams{Create: d.create})
		d.set(plenty, syscall.EIO)
		l.Log(t.Context(), "x", slog.String("a", "b"))
		time.Sleep(5 * time.Second)
		require.EqualValues(t, 1, l.Stats().Errors)
		d.set(plenty, nil)
		assert.ErrorIs(t, l.Sync(t.Context()), syscall.EIO)
		assert.NoError(t, l.Sync(t.Context()))
		assert.NoError(t, l.LogSync(t.Context(), "y"))
		shut(t, l)
	})
}

// synced is a file that calls count at each fsync.
type synced struct {
	audit.File
	count func()
}

func (f synced) Sync() error {
	f.count()
	return f.File.Sync()
}

// After an fsync that failed, the kernel may have forgotten the bytes that it could not write. A
// second fsync of the same file could succeed, although the bytes are lost.
func TestNoSecondFsync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		d.set(plenty, syscall.EIO)
		var mu sync.Mutex
		calls := map[string]int{}
		of := func(path string) (audit.File, error) {
			f, err := d.create(path)
			return synced{f, func() { mu.Lock(); calls[path]++; mu.Unlock() }}, err
		}
		l := open(t, audit.Config{}, &packer{}, audit.Seams{Create: of})
		for range 3 { // each event goes to another segment
			l.Log(t.Context(), "x", slog.String("a", "b"))
			time.Sleep(5 * time.Second)
		}
		shut(t, l)
		assert.Len(t, calls, 3)
		for path, n := range calls {
			assert.Equal(t, 1, n, path)
		}
	})
}

// If a process died while it wrote the header of a segment, the file has no events, and Open
// removes it.
func TestRecoverUnfinishedHeader(t *testing.T) {
	header := segment.AppendHeader(nil, segment.Header{ID: segment.NewID(time.Now().UnixMicro(), 7), App: "media-api"})
	for n := range len(header) {
		dir := t.TempDir()
		journal := filepath.Join(dir, "_journal")
		require.NoError(t, os.MkdirAll(journal, 0o777))
		path := filepath.Join(journal, segment.NewID(time.Now().UnixMicro(), 7)+".journal")
		require.NoError(t, os.WriteFile(path, header[:n], 0o666))
		l, err := audit.Open(audit.Config{Dir: dir, App: "media-api"})
		require.NoError(t, err)
		require.NoError(t, l.Close(context.Background()))
		assert.NoFileExists(t, path, "an unfinished segment of %d bytes", n)
		assert.Zero(t, l.Stats().Damaged)
	}
}

// If a program changes its working directory, the Logger still writes to the directory that it has
// opened.
func TestRelativeDir(t *testing.T) {
	parent := t.TempDir()
	t.Chdir(parent)
	l, err := audit.Open(audit.Config{Dir: "audit", App: "media-api"})
	require.NoError(t, err)
	t.Chdir(t.TempDir())
	require.NoError(t, l.LogSync(t.Context(), "received"))
	require.NoError(t, l.Close(context.Background()))
	n, err := lake.Count(t.Context(), lake.Query{}, nil, lake.Dir(filepath.Join(parent, "audit")))
	require.NoError(t, err)
	assert.EqualValues(t, 1, n)
}
