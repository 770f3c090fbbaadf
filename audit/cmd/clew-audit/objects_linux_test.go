package main

import (
	"os"
	"path/filepath"
	"testing"

	"example.com/clew/audit/internal/storetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A directory that cannot be read may contain objects. Ingest reports it, and reads the other
// objects.
func TestIngestObjectsUnreadable(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	for dir := from; len(dir) > 1; dir = filepath.Dir(dir) {
		_ = os.Chmod(dir, 0o755)
	}
	require.NoError(t, os.Chmod(to, 0o777))
	for _, name := range []string{"open/one", "secret/two", "_hidden/three"} {
		put := filepath.Join(from, name)
		require.NoError(t, os.Mkdir(filepath.Dir(put), 0o755))
		require.NoError(t, os.WriteFile(put, []byte(eventsOf(filepath.Base(name), 1)), 0o644))
	}
	for _, name := range []string{"secret", "_hidden"} {
		closed := filepath.Join(from, name)
		require.NoError(t, os.Chmod(closed, 0))
		t.Cleanup(func() { _ = os.Chmod(closed, 0o755) })
	}
	storetest.AsNobody(func() {
		r := clewAudit(t, "", "ingest", from, "-d", to)
		assert.Equal(t, exitIncomplete, r.code)
		assert.Contains(t, r.err, "secret")
		assert.NotContains(t, r.err, "_hidden")
		assert.Contains(t, r.err, "1 object read")
	})
}
