package audit_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/internal/segment"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// An fsync that the clock has asked for fails: the next Sync says so, once.
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

// A process that died while it wrote the first bytes leaves no events.
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
		assert.NoFileExists(t, path, "of %d bytes", n)
		assert.Zero(t, l.Stats().Damaged)
	}
}
