package lake_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"

	"example.com/clew/audit/internal/storetest"
	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestDirReadOnly(t *testing.T) {
	dir := t.TempDir()
	s := lake.Dir(dir)
	put(t, s, "p/a", "old")
	require.NoError(t, os.Chmod(dir, 0o555))
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	storetest.AsNobody(func() {
		assert.ErrorIs(t, s.Put(t.Context(), "p/b", strings.NewReader("x"), 1), fs.ErrPermission)
		_, _, err := s.Lock(t.Context())
		assert.ErrorIs(t, err, fs.ErrPermission)
	})
	assert.Equal(t, []string{"p/", "p/a"}, onDisk(t, dir))
}

// The test starts itself as a child process, in which no file may have more than 50,000 bytes. So
// the system refuses a write in the middle of a file, as when the disk is full.
func TestDirDiskFull(t *testing.T) {
	const variable = "CLEW_TEST_FULL_DIR"
	if dir := os.Getenv(variable); dir != "" {
		signal.Ignore(unix.SIGXFSZ)
		require.NoError(t, unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 50_000, Max: 50_000}))
		s := lake.Dir(dir)
		put(t, s, "p/a", "fits")
		for _, name := range []string{"p/a", "q/b"} {
			err := s.Put(t.Context(), name, bytes.NewReader(make([]byte, 100_000)), 100_000)
			require.ErrorIs(t, err, unix.EFBIG)
		}
		return
	}
	dir := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run=^TestDirDiskFull$")
	child.Env = append(os.Environ(), variable+"="+dir)
	out, err := child.CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Equal(t, []string{"p/", "p/a"}, onDisk(t, dir))
	assert.Equal(t, "fits", read(t, lake.Dir(dir), "p/a"))
}

// If a directory cannot be read, only its files are missing, and List yields an error. It yields
// no error if the directory cannot contain files of a lake, such as lost+found in the root of a
// file system.
func TestDirUnreadable(t *testing.T) {
	dir := t.TempDir()
	s := lake.Dir(dir)
	for _, name := range []string{"year=2024/x", "year=2025/x", "year=2026/x", "lost+found/x", "year=2024/lost+found/x"} {
		put(t, s, name, "old")
	}
	for _, path := range []string{dir, filepath.Dir(dir)} {
		require.NoError(t, os.Chmod(path, 0o755))
	}
	for _, name := range []string{"year=2025", "lost+found", "year=2024/lost+found"} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.Chmod(path, 0))
		t.Cleanup(func() { _ = os.Chmod(path, 0o700) })
	}
	storetest.AsNobody(func() {
		var names []string
		for f, err := range s.List(t.Context(), "") {
			if err != nil {
				assert.ErrorIs(t, err, fs.ErrPermission)
				assert.ErrorContains(t, err, "year=2025: ")
				names = append(names, "an error")
				continue
			}
			names = append(names, f.Name)
		}
		assert.Equal(t, []string{"year=2024/x", "an error", "year=2026/x"}, names)
	})
}
