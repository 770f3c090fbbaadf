package s3

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A sweep removes the files that were used longest ago, and temporary files that a crash has left.
// It does not remove files of other programs.
func TestSweep(t *testing.T) {
	d, err := newDisk(t.TempDir())
	require.NoError(t, err)
	now := time.Now()
	for i := range 10 {
		key := fmt.Sprint("key", i)
		d.save(key, make([]byte, 1000))
		at := now.Add(time.Duration(i-10) * 2 * time.Hour)
		require.NoError(t, os.Chtimes(d.file(key), at, at))
	}
	old, young := "tmp-"+strings.Repeat("A", 26), "tmp-"+strings.Repeat("B", 26)
	for _, name := range []string{old, young, "of-others", "short.end"} {
		require.NoError(t, os.WriteFile(filepath.Join(d.path, name), make([]byte, 5000), 0o600))
	}
	require.NoError(t, os.Chtimes(filepath.Join(d.path, old), now.Add(-2*time.Hour), now.Add(-2*time.Hour)))
	require.NotNil(t, d.load("key0"), "a load makes key0 the file that was used last")

	d.sweep(3 * 1100)
	var left []string
	for i := range 10 {
		if key := fmt.Sprint("key", i); d.load(key) != nil {
			left = append(left, key)
		}
	}
	assert.Equal(t, []string{"key0", "key8", "key9"}, left)
	assert.NoFileExists(t, filepath.Join(d.path, old))
	for _, name := range []string{young, "of-others", "short.end"} {
		assert.FileExists(t, filepath.Join(d.path, name))
	}
}

// The end of one key is not returned for another key, even if somebody has renamed its file.
func TestDiskKeys(t *testing.T) {
	d, err := newDisk(filepath.Join(t.TempDir(), "a", "b"))
	require.NoError(t, err)
	d.save("one", []byte("1"))
	require.NoError(t, os.Rename(d.file("one"), d.file("two")))
	assert.Nil(t, d.load("two"))
	assert.NoFileExists(t, d.file("two"))
	d.save("one", []byte("1"))
	if runtime.GOOS != "windows" {
		info, err := os.Stat(d.file("one"))
		require.NoError(t, err)
		assert.Equal(t, os.FileMode(0o600), info.Mode())
	}
}

// If the directory is removed, save and load do not fail. The only effect is that no end is kept.
func TestDiskGone(t *testing.T) {
	d, err := newDisk(filepath.Join(t.TempDir(), "a"))
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(d.path))
	d.save("one", []byte("1"))
	assert.Nil(t, d.load("one"))
}

// Several goroutines, each with its own disk as in another process, write and read the same end at
// once.
func TestDiskShared(t *testing.T) {
	path := t.TempDir()
	var wg sync.WaitGroup
	end := make([]byte, endSize)
	for range 4 {
		d, err := newDisk(path)
		require.NoError(t, err)
		wg.Go(func() {
			for range 20 {
				d.save("one", end)
				assert.Len(t, d.load("one"), endSize)
			}
		})
	}
	wg.Wait()
	files, err := os.ReadDir(path)
	require.NoError(t, err)
	assert.Len(t, files, 1)
}

func TestMemoryIsBounded(t *testing.T) {
	m := newMemory()
	const n = maxMemory / endSize
	end := make([]byte, endSize)
	for i := range n {
		m.save(fmt.Sprint(i), end)
	}
	require.NotNil(t, m.load("0"))
	m.save("more", end)
	m.save("more", end)
	assert.NotNil(t, m.load("0"))
	assert.Nil(t, m.load("1"))
	assert.Len(t, m.byKey, n)
	assert.Equal(t, maxMemory, m.size)
}

func TestKnownIsBounded(t *testing.T) {
	var k known
	for i := range 3 * maxKnown {
		k.remember(fmt.Sprint(i), version{"e", int64(i)})
	}
	assert.LessOrEqual(t, len(k.newest)+len(k.older), 2*maxKnown)
	is, ok := k.version(fmt.Sprint(3*maxKnown - 1))
	assert.True(t, ok)
	assert.Equal(t, version{"e", 3*maxKnown - 1}, is)
	_, ok = k.version("0")
	assert.False(t, ok)
}
