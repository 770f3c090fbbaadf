package source_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/audit/filter/internal/rules"
	"example.com/clew/audit/filter/internal/source"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
}

func open(t testing.TB, cfg source.Config) *source.Source {
	t.Helper()
	s, err := source.Open(cfg)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

func read(t testing.TB, s *source.Source) map[string]string {
	t.Helper()
	files, err := s.Read(t.Context())
	require.NoError(t, err)
	texts := map[string]string{}
	for i, f := range files {
		if i > 0 {
			assert.Less(t, files[i-1].Name, f.Name, "files must be sorted by name")
		}
		texts[f.Name] = string(f.Text)
		if f.Err != nil {
			texts[f.Name] = "error: " + f.Err.Error()
		}
	}
	return texts
}

func TestDirectory(t *testing.T) {
	dir := t.TempDir()
	s := open(t, source.Config{Where: dir})
	assert.Empty(t, read(t, s), "an empty directory yields no files")
	write(t, dir, "b.yaml", "b")
	write(t, dir, "a.yml", "a")
	write(t, dir, ".hidden.yaml", "no")
	write(t, dir, "readme.txt", "no")
	write(t, dir, "big.yaml", string(bytes.Repeat([]byte("#"), rules.MaxFile+1)))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "dir.yaml"), 0o700))
	assert.Equal(t, map[string]string{"a.yml": "a", "b.yaml": "b", "big.yaml": "error: larger than 1048576 bytes",
		"dir.yaml": "error: not a regular file"}, read(t, s))
}

func TestManyFiles(t *testing.T) {
	dir := t.TempDir()
	for i := range rules.MaxFilters {
		write(t, dir, strconv.Itoa(i)+".yaml", "x")
	}
	assert.Len(t, read(t, open(t, source.Config{Where: dir})), rules.MaxFilters)
	write(t, dir, "more.yaml", "x")
	_, err := open(t, source.Config{Where: dir}).Read(t.Context())
	assert.EqualError(t, err, "more than 256 files")
}

// The texts of a directory stay in memory, so there is a limit on their total size.
func TestLargeDirectory(t *testing.T) {
	const whole = source.MaxTotal / rules.MaxFile
	dir := t.TempDir()
	name := func(i int) string { return fmt.Sprintf("%02d.yaml", i) }
	large := strings.Repeat("#", rules.MaxFile)
	for i := range whole {
		write(t, dir, name(i), large)
	}
	write(t, dir, name(whole), "")
	s := open(t, source.Config{Where: dir})
	texts := read(t, s)
	require.Len(t, texts, whole+1)
	for i := range whole {
		require.Equal(t, len(large), len(texts[name(i)]), "files within the limit are read")
	}
	const problem = "error: the files of the directory, up to this one, are larger than 16777216 bytes together"
	write(t, dir, name(whole), "#")
	assert.Equal(t, problem, read(t, s)[name(whole)])
	write(t, dir, name(0), large[2:])
	write(t, dir, name(whole+1), large)
	texts = read(t, s)
	assert.Equal(t, "#", texts[name(whole)])
	assert.Equal(t, problem, texts[name(whole+1)])
	assert.Equal(t, len(large), len(texts[name(whole-1)]))
}

// If a directory changes in the pause between the two reads, files that differ are not used.
func TestChangesWhileItIsRead(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(t *testing.T, dir string) // before the first read
		within func(t *testing.T, dir string) // between the two reads
		want   map[string]string
		next   map[string]string
	}{
		{"a file is half-written",
			func(t *testing.T, dir string) { write(t, dir, "a.yaml", "ha") },
			func(t *testing.T, dir string) { write(t, dir, "a.yaml", "half") },
			map[string]string{"a.yaml": "error: changes while it is read; it is read again at the next poll", "b.yaml": "old"},
			map[string]string{"a.yaml": "half", "b.yaml": "old"}},
		{"a file vanishes between the reads",
			func(t *testing.T, dir string) { write(t, dir, "a.yaml", "new") },
			func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "b.yaml"))) },
			map[string]string{"a.yaml": "new", "b.yaml": "error: changes while it is read; it is read again at the next poll"},
			map[string]string{"a.yaml": "new"}},
		{"a file appears between the reads",
			func(t *testing.T, dir string) { write(t, dir, "a.yaml", "new") },
			func(t *testing.T, dir string) { write(t, dir, "c.yaml", "c") },
			map[string]string{"a.yaml": "new", "b.yaml": "old", "c.yaml": "error: changes while it is read; it is read again at the next poll"},
			map[string]string{"a.yaml": "new", "b.yaml": "old", "c.yaml": "c"}},
		{"an editor removes a file, and then writes it",
			func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "b.yaml"))) },
			func(t *testing.T, dir string) { write(t, dir, "b.yaml", "edited") },
			map[string]string{"a.yaml": "old", "b.yaml": "error: changes while it is read; it is read again at the next poll"},
			map[string]string{"a.yaml": "old", "b.yaml": "edited"}},
		{"a file is removed before the first read",
			func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, "b.yaml"))) },
			func(*testing.T, string) {}, map[string]string{"a.yaml": "old"}, map[string]string{"a.yaml": "old"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "a.yaml", "old")
			write(t, dir, "b.yaml", "old")
			synctest.Test(t, func(t *testing.T) {
				s := open(t, source.Config{Where: dir})
				assert.Equal(t, map[string]string{"a.yaml": "old", "b.yaml": "old"}, read(t, s))
				c.before(t, dir)
				go func() {
					time.Sleep(source.Settle / 2)
					c.within(t, dir)
				}()
				assert.Equal(t, c.want, read(t, s))
				assert.Equal(t, c.next, read(t, s))
			})
		})
	}
}

func TestUnreachable(t *testing.T) {
	dir := t.TempDir()
	gone := filepath.Join(dir, "gone")
	s := open(t, source.Config{Where: gone})
	_, err := s.Read(t.Context())
	require.ErrorContains(t, err, "no such file")
	assert.NotContains(t, err.Error(), dir, "the error has no path, because the caller names the path")
	require.NoError(t, os.Mkdir(gone, 0o700))
	write(t, gone, "a.yaml", "a")
	assert.Equal(t, map[string]string{"a.yaml": "a"}, read(t, s))
}

func TestOneFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f.txt")
	write(t, dir, "f.txt", "text")
	assert.Equal(t, map[string]string{"f.txt": "text"}, read(t, open(t, source.Config{Where: path})))

	sum := sha256.Sum256([]byte("text"))
	pinned := open(t, source.Config{Where: path, SHA256: hex.EncodeToString(sum[:])})
	assert.Equal(t, map[string]string{"f.txt": "text"}, read(t, pinned))
	write(t, dir, "f.txt", "other")
	_, err := pinned.Read(t.Context())
	assert.EqualError(t, err, "the content does not have the digest of Config.SHA256")

	_, err = open(t, source.Config{Where: dir, SHA256: hex.EncodeToString(sum[:])}).Read(t.Context())
	assert.ErrorContains(t, err, "a directory has no digest")
}
