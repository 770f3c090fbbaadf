//go:build unix

package lake_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDirLinks(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(dir, "outside")
	require.NoError(t, os.Mkdir(outside, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(outside, "x"), []byte("secret"), 0o600))
	s := lake.Dir(filepath.Join(dir, "lake"))
	put(t, s, "a", "x")
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "lake", "out")))
	require.NoError(t, os.Symlink(filepath.Join(outside, "x"), filepath.Join(dir, "lake", "link")))
	assert.Equal(t, []string{"a"}, names(t, s, ""))
	for _, name := range []string{"out/x", "link"} {
		_, err := s.Open(t.Context(), name)
		require.Error(t, err, name)
	}
	require.Error(t, s.Put(t.Context(), "out/y", strings.NewReader("x"), 1))
	require.Error(t, s.Delete(t.Context(), "out/x"))
	for _, err := range s.List(t.Context(), "out/") {
		require.Error(t, err)
	}
	assert.Equal(t, []string{"x"}, onDisk(t, outside))
}
