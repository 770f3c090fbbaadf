package lake_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func put(tb testing.TB, s lake.Store, name, data string) {
	tb.Helper()
	require.NoError(tb, s.Put(tb.Context(), name, strings.NewReader(data), int64(len(data))))
}

func read(tb testing.TB, s lake.Store, name string) string {
	tb.Helper()
	r, err := s.Open(tb.Context(), name)
	require.NoError(tb, err)
	defer r.Close()
	p := make([]byte, r.Size())
	_, err = r.ReadAt(p, 0)
	require.NoError(tb, err)
	return string(p)
}

func names(tb testing.TB, s lake.Store, prefix string) (all []string) {
	tb.Helper()
	for f, err := range s.List(tb.Context(), prefix) {
		require.NoError(tb, err)
		all = append(all, f.Name)
	}
	return all
}

// onDisk returns the names of all files and directories below dir. The names of directories end in
// a slash.
func onDisk(tb testing.TB, dir string) (all []string) {
	tb.Helper()
	require.NoError(tb, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if name, _ := filepath.Rel(dir, path); err == nil && name != "." {
			if e.IsDir() {
				name += "/"
			}
			all = append(all, filepath.ToSlash(name))
		}
		return err
	}))
	return all
}

func TestDir(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b") // the first Put makes the directory
	s := lake.Dir(dir)
	assert.Empty(t, names(t, s, ""))
	require.NoError(t, s.Delete(t.Context(), "x"))
	_, err := s.Open(t.Context(), "x")
	require.ErrorIs(t, err, fs.ErrNotExist)

	for _, name := range []string{"b/x", "b/c/y", "b.z", "a", "b/c.d"} {
		put(t, s, name, "old")
		put(t, s, name, "new "+name)
	}
	assert.Equal(t, []string{"a", "b.z", "b/c.d", "b/c/y", "b/x"}, names(t, s, ""))
	assert.Equal(t, []string{"b/c.d", "b/c/y", "b/x"}, names(t, s, "b/"))
	assert.Equal(t, []string{"b/c/y"}, names(t, s, "b/c/"))
	assert.Empty(t, names(t, s, "c/"))
	assert.Equal(t, "new b/c/y", read(t, s, "b/c/y"))
	for f, err := range s.List(t.Context(), "b/c/") {
		require.NoError(t, err)
		assert.EqualValues(t, 9, f.Size)
		assert.WithinDuration(t, time.Now(), f.Modified, time.Hour)
	}
	for range s.List(t.Context(), "") { // a caller may end the loop early
		break
	}
	assert.Equal(t, []string{"a", "b/", "b/c/", "b/c/y", "b/c.d", "b/x", "b.z"}, onDisk(t, dir), "Put leaves no temporary file")

	require.NoError(t, s.Delete(t.Context(), "b/c/y"))
	require.NoError(t, s.Delete(t.Context(), "b/c/y"))
	assert.Equal(t, []string{"a", "b/", "b/c.d", "b/x", "b.z"}, onDisk(t, dir), "Delete removes the directory that it has emptied")

	require.NoError(t, os.RemoveAll(dir)) // somebody deletes the directory while the program runs
	assert.Empty(t, names(t, s, ""))
	put(t, s, "b/x", "again")
	assert.Equal(t, "again", read(t, s, "b/x"))
}

func TestDirNames(t *testing.T) {
	dir := t.TempDir()
	s := lake.Dir(filepath.Join(dir, "lake"))
	put(t, s, "a/b", "x")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "outside"), []byte("secret"), 0o600))
	for _, name := range []string{
		"", ".", "..", "../outside", "a/../../outside", "/etc/passwd", "a/", "/a", "a//b", "./a", "a\\b", "..\\outside", "a\x00b",
		"_journal/x", "a/_tmp-x", ".hidden", "a/.x/b",
	} {
		require.Error(t, s.Put(t.Context(), name, strings.NewReader("x"), 1), name)
		_, err := s.Open(t.Context(), name)
		require.Error(t, err, name)
		require.NotErrorIs(t, err, fs.ErrNotExist, name)
		require.Error(t, s.Delete(t.Context(), name), name)
		if name != "" && name != "a/" {
			for _, err := range s.List(t.Context(), strings.TrimSuffix(name, "/")+"/") {
				require.Error(t, err, name)
			}
		}
	}
	for _, err := range s.List(t.Context(), "a") {
		require.ErrorContains(t, err, `"a" is not the prefix`)
	}
	_, err := s.Open(t.Context(), "a")
	require.Error(t, err)
	require.Error(t, s.Delete(t.Context(), "a"))
	require.Error(t, s.Put(t.Context(), "a", strings.NewReader("x"), 1), "a is a directory")
	require.Error(t, s.Put(t.Context(), "a/b/c", strings.NewReader("x"), 1), "a/b is a file")
	assert.Equal(t, []string{"lake/", "lake/a/", "lake/a/b", "outside"}, onDisk(t, dir))
}

func TestDirWithoutPath(t *testing.T) {
	s := lake.Dir("")
	want := "lake: the directory's path is empty"
	require.EqualError(t, s.Put(t.Context(), "a", strings.NewReader("x"), 1), want)
	_, err := s.Open(t.Context(), "a")
	require.EqualError(t, err, want)
	require.EqualError(t, s.Delete(t.Context(), "a"), want)
	_, _, err = s.Lock(t.Context())
	require.EqualError(t, err, want)
	n := 0
	for _, err := range s.List(t.Context(), "") {
		require.EqualError(t, err, want)
		n++
	}
	assert.Equal(t, 1, n)
}

func TestDirCancelled(t *testing.T) {
	dir := t.TempDir()
	s := lake.Dir(dir)
	put(t, s, "a", "x")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Put(ctx, "b", strings.NewReader("x"), 1), context.Canceled)
	_, err := s.Open(ctx, "a")
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, s.Delete(ctx, "a"), context.Canceled)
	_, _, err = s.Lock(ctx)
	require.ErrorIs(t, err, context.Canceled)
	for _, err := range s.List(ctx, "") {
		require.ErrorIs(t, err, context.Canceled)
	}
	assert.Equal(t, []string{"a"}, onDisk(t, dir))
}

// failing is a reader that fails after 50,000 bytes.
type failing struct{ io.ReaderAt }

var errRead = errors.New("read fails")

func (f failing) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.ReaderAt.ReadAt(p[:min(len(p), 1000)], at)
	if at > 50_000 {
		return n, errRead
	}
	return n, err
}

// A Put that fails leaves the old file unchanged, and leaves no other file.
func TestDirPutFails(t *testing.T) {
	dir := t.TempDir()
	s := lake.Dir(dir)
	put(t, s, "p/a", "old")
	data := make([]byte, 100_000)
	require.ErrorIs(t, s.Put(t.Context(), "p/a", failing{bytes.NewReader(data)}, 100_000), errRead)
	require.ErrorIs(t, s.Put(t.Context(), "p/a", bytes.NewReader(data), 100_001), io.ErrUnexpectedEOF)
	require.ErrorIs(t, s.Put(t.Context(), "q/a", bytes.NewReader(data), 100_001), io.ErrUnexpectedEOF)
	assert.Equal(t, "old", read(t, s, "p/a"))
	assert.Equal(t, []string{"p/", "p/a"}, onDisk(t, dir))

	// The rename to this name fails, because p/d is a directory with an entry.
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "p", "d", "e"), 0o700))
	require.Error(t, s.Put(t.Context(), "p/d", bytes.NewReader(data), 100_000))
	assert.Equal(t, []string{"p/", "p/a", "p/d/", "p/d/e/"}, onDisk(t, dir))
}

// Put makes directories while Delete removes them.
func TestDirAtOnce(t *testing.T) {
	dir := t.TempDir()
	s := lake.Dir(dir)
	var all sync.WaitGroup
	for i := range 4 {
		name := "y/m/" + string(rune('a'+i))
		all.Go(func() {
			for range 50 {
				assert.NoError(t, s.Put(t.Context(), name, strings.NewReader("x"), 1))
				for _, err := range s.List(t.Context(), "") {
					assert.NoError(t, err)
				}
				assert.NoError(t, s.Delete(t.Context(), name))
			}
		})
	}
	all.Wait()
	assert.Empty(t, onDisk(t, dir))
}

func TestLock(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lake")
	a, b := lake.Dir(dir), lake.Dir(dir)
	_, unlock, err := a.Lock(t.Context())
	require.NoError(t, err)
	_, _, err = b.Lock(t.Context())
	require.ErrorIs(t, err, lake.ErrLocked)
	assert.Regexp(t, `lake: .*: another compaction is running: "process \d+ on .+"`, err.Error())
	assert.Empty(t, names(t, a, ""), "List does not yield the file of the lock")
	require.NoError(t, unlock())
	_, unlock, err = b.Lock(t.Context())
	require.NoError(t, err)
	require.NoError(t, unlock())
}

// Lock removes old temporary files and empty directories of partitions, and nothing else.
func TestLockSweeps(t *testing.T) {
	dir := t.TempDir()
	s := lake.Dir(dir)
	const part = "year=2026/month=11/day=27/hour=04/minute=15/"
	empty := strings.Replace(part, "hour=04", "hour=05", 1)
	young := strings.Replace(part, "day=27", "day=28", 1)
	put(t, s, part+"x", "x")
	for _, name := range []string{empty, young, "other/", "_journal/", "year=x/", "_tmp-directory/"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, name), 0o700))
	}
	for _, name := range []string{"_tmp-old", "_tmp-young", "_journal/_tmp-old", "other/_tmp-old", "_old"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	before := onDisk(t, dir)
	old := time.Now().Add(-25 * time.Hour)
	for _, name := range before {
		if !strings.Contains(name, "young") && !strings.Contains(name, "day=28") {
			require.NoError(t, os.Chtimes(filepath.Join(dir, name), old, old))
		}
	}
	_, unlock, err := s.Lock(t.Context())
	require.NoError(t, err)
	require.NoError(t, unlock())
	var gone []string
	after := onDisk(t, dir)
	for _, name := range before {
		found := false
		for _, other := range after {
			found = found || other == name
		}
		if !found {
			gone = append(gone, name)
		}
	}
	assert.ElementsMatch(t, []string{"_tmp-old", strings.TrimSuffix(empty, "minute=15/"), empty}, gone)
}
