//go:build unix

package lake_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"example.com/clew/audit/internal/made"
	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A pipe or a broken link in the journal's directory does not block a search. If there is a copy
// of a segment, its events are not found twice.
func TestStrangeNamesInTheJournal(t *testing.T) {
	dir := t.TempDir()
	journal := filepath.Join(dir, "_journal")
	require.NoError(t, os.Mkdir(journal, 0o777))
	id := segment.NewID(start.UnixMicro(), 1)
	block := make([]byte, segment.BlockHead)
	g := made.New(7, start, 1000)
	for range 10 {
		block = g.Next().AppendRecord(block)
	}
	segment.PutBlockHead(block)
	file := append(segment.AppendHeader(nil, segment.Header{ID: id, App: "a"}), block...)
	put := func(name string, data []byte) {
		require.NoError(t, os.WriteFile(filepath.Join(journal, name), data, 0o666))
	}
	put(id+".journal", file)
	put("backup.journal", file)
	put("unfinished.journal", file[:12])
	require.NoError(t, os.Symlink("missing", filepath.Join(journal, "aa.sealed")))
	require.NoError(t, syscall.Mkfifo(filepath.Join(journal, "ff.sealed"), 0o666))

	got, report := collect(t, lake.Query{Since: start, Now: start}, lake.Dir(dir))
	assert.Len(t, got, 10)
	require.Len(t, report.Skipped, 1)
	assert.Contains(t, report.Skipped[0].Name, "backup.journal")
	assert.Contains(t, report.Skipped[0].Err.Error(), id)
	assert.EqualValues(t, 1, report.Segments)
	assert.EqualValues(t, len(file), report.JournalBytes)
}
