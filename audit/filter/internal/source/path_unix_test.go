//go:build unix

package source_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"example.com/clew/audit/filter/internal/source"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A pipe is refused, because a pipe without a writer would block the reader for ever.
func TestPipe(t *testing.T) {
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe.yaml")
	require.NoError(t, syscall.Mkfifo(pipe, 0o600))
	assert.Equal(t, map[string]string{"pipe.yaml": "error: not a regular file"}, read(t, open(t, source.Config{Where: dir})))
	_, err := open(t, source.Config{Where: pipe}).Read(t.Context())
	assert.EqualError(t, err, "not a regular file")
}

// A Kubernetes volume consists of symbolic links. When the volume changes, Kubernetes replaces
// their targets.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	for _, version := range []string{"..v1", "..v2"} {
		require.NoError(t, os.Mkdir(filepath.Join(dir, version), 0o700))
		write(t, filepath.Join(dir, version), "a.yaml", version)
	}
	require.NoError(t, os.Symlink("..v1", filepath.Join(dir, "..data")))
	require.NoError(t, os.Symlink(filepath.Join("..data", "a.yaml"), filepath.Join(dir, "a.yaml")))
	s := open(t, source.Config{Where: dir})
	assert.Equal(t, map[string]string{"a.yaml": "..v1"}, read(t, s))
	require.NoError(t, os.Symlink("..v2", filepath.Join(dir, "..new")))
	require.NoError(t, os.Rename(filepath.Join(dir, "..new"), filepath.Join(dir, "..data")))
	assert.Equal(t, map[string]string{"a.yaml": "..v2"}, read(t, s))
}
