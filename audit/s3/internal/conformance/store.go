// Package conformance tests what a store of package lake must do. The tests with a server in
// memory and those with a real server share it. Only tests import it.
package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"sync"
	"testing"

	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// MultipartSize is the size of a file that is uploaded in several parts.
const MultipartSize = 16<<20 + 7

// Bytes returns n random bytes. They are the same for the same seed.
func Bytes(seed byte, n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(data)
	return data
}

// Put writes data to the file with the given name in the store s.
func Put(tb testing.TB, s lake.Store, name string, data []byte) {
	tb.Helper()
	require.NoError(tb, s.Put(tb.Context(), name, bytes.NewReader(data), int64(len(data))))
}

// Get returns the content of the file with the given name in the store s.
func Get(tb testing.TB, s lake.Store, name string) []byte {
	tb.Helper()
	r, err := s.Open(tb.Context(), name)
	require.NoError(tb, err)
	defer r.Close()
	data, err := io.ReadAll(io.NewSectionReader(r, 0, r.Size()))
	require.NoError(tb, err)
	return data
}

// Names returns the names of the files below a prefix.
func Names(tb testing.TB, s lake.Store, prefix string) (names []string) {
	tb.Helper()
	for file, err := range s.List(tb.Context(), prefix) {
		require.NoError(tb, err)
		names = append(names, file.Name)
	}
	return names
}

// Store tests the methods of a store. Each call of open makes an empty store.
func Store(t *testing.T, open func(*testing.T) lake.Store) {
	tests := []struct {
		name string
		test func(*testing.T, lake.Store)
	}{
		{"files of all sizes", testSizes},
		{"a file is replaced", testReplaced},
		{"names", testNames},
		{"bad names", testBadNames},
		{"files that do not exist", testNotThere},
		{"writers of one file", testWriters},
		{"reads", testReads},
		{"lock", testLock},
		{"a context that has ended", testEnded},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { test.test(t, open(t)) })
	}
}

func testSizes(t *testing.T, s lake.Store) {
	for i, size := range []int{0, 1, 256<<10 - 1, 256 << 10, 256<<10 + 1, 5 << 20, MultipartSize} {
		name := fmt.Sprintf("a/%d.parquet", i)
		data := Bytes(byte(i), size)
		Put(t, s, name, data)
		require.True(t, bytes.Equal(data, Get(t, s, name)), "%d bytes", size)
	}
	i := 0
	for file, err := range s.List(t.Context(), "") {
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintf("a/%d.parquet", i), file.Name)
		assert.False(t, file.Modified.IsZero())
		i++
	}
	assert.Equal(t, 7, i)

	err := s.Put(t.Context(), "short", bytes.NewReader([]byte("abc")), 4)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Error(t, s.Put(t.Context(), "short", bytes.NewReader(nil), -1))
	assert.NotContains(t, Names(t, s, ""), "short")
}

func testReplaced(t *testing.T, s lake.Store) {
	for i, data := range [][]byte{Bytes(1, 1000), Bytes(2, 1000), Bytes(2, 1000), Bytes(3, MultipartSize), Bytes(4, MultipartSize), Bytes(4, MultipartSize), {}} {
		Put(t, s, "file", data)
		require.True(t, bytes.Equal(data, Get(t, s, "file")), "put %d", i)
	}
}

func testNames(t *testing.T, s lake.Store) {
	names := []string{"a b+c%20/ö&=?#/~'", "b", "c.d/e", "c/d", "c/f/g", "c0"} // sorted
	for i := len(names) - 1; i >= 0; i-- {
		Put(t, s, names[i], []byte(names[i]))
	}
	assert.Equal(t, names, Names(t, s, ""))
	assert.Equal(t, []string{"c/d", "c/f/g"}, Names(t, s, "c/"))
	assert.Empty(t, Names(t, s, "nothing/"))
	for _, name := range names {
		assert.Equal(t, name, string(Get(t, s, name)))
	}
	for range s.List(t.Context(), "") {
		break
	}
}

func testBadNames(t *testing.T, s lake.Store) {
	for _, name := range []string{"", ".", "..", "/a", "a/", "a//b", "a/../b", "_a", "a/_b", ".a", "a/.b/c", `a\b`, "a\x00b"} {
		assert.Error(t, s.Put(t.Context(), name, bytes.NewReader(nil), 0), "%q", name)
		assert.Error(t, s.Delete(t.Context(), name), "%q", name)
		_, err := s.Open(t.Context(), name)
		assert.Error(t, err, "%q", name)
	}
	for _, prefix := range []string{"a", "/", "../", "_a/", "a//"} {
		var errs []error
		for _, err := range s.List(t.Context(), prefix) {
			errs = append(errs, err)
		}
		require.Len(t, errs, 1, "%q", prefix)
		assert.Error(t, errs[0])
	}
}

func testNotThere(t *testing.T, s lake.Store) {
	_, err := s.Open(t.Context(), "a/b")
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, s.Delete(t.Context(), "a/b"))
	Put(t, s, "a/b", []byte("abc"))
	require.NoError(t, s.Delete(t.Context(), "a/b"))
	assert.Empty(t, Names(t, s, ""))
	_, err = s.Open(t.Context(), "a/b")
	require.ErrorIs(t, err, fs.ErrNotExist)
}

// testWriters puts the same file several times at once, with different content. The file must then
// have the whole content of one of these puts.
func testWriters(t *testing.T, s lake.Store) {
	var wg sync.WaitGroup
	errs := make([]error, 3)
	for i := range errs {
		wg.Go(func() {
			data := Bytes(byte(i), 100_000+i)
			errs[i] = s.Put(t.Context(), "file", bytes.NewReader(data), int64(len(data)))
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	got := Get(t, s, "file")
	require.True(t, bytes.Equal(got, Bytes(byte(len(got)-100_000), len(got))))
}

func testReads(t *testing.T, s lake.Store) {
	data := Bytes(1, 3<<20+5)
	Put(t, s, "file", data)
	r, err := s.Open(t.Context(), "file")
	require.NoError(t, err)
	defer r.Close()
	require.Equal(t, int64(len(data)), r.Size())
	random := rand.New(rand.NewPCG(1, 2))
	var wg sync.WaitGroup
	for range 4 {
		seed := random.Uint64()
		wg.Go(func() {
			random := rand.New(rand.NewPCG(seed, 0))
			for range 50 {
				at := random.Int64N(r.Size())
				want := data[at:min(at+random.Int64N(1<<(1+random.IntN(22))), r.Size())]
				got := make([]byte, len(want))
				n, err := r.ReadAt(got, at)
				if !assert.NoError(t, err) || !assert.True(t, bytes.Equal(want, got[:n]), "%d bytes at %d", len(want), at) {
					return
				}
			}
		})
	}
	wg.Wait()
	got := make([]byte, 10)
	n, err := r.ReadAt(got, r.Size()-4)
	require.Equal(t, io.EOF, err)
	require.Equal(t, data[len(data)-4:], got[:n])
	_, err = r.ReadAt(got, r.Size())
	require.Equal(t, io.EOF, err)
	_, err = r.ReadAt(got, -1)
	require.Error(t, err)
	require.NoError(t, r.Close())
	_, err = r.ReadAt(got, 0)
	require.Error(t, err)
}

func testLock(t *testing.T, s lake.Store) {
	for range 2 {
		held, unlock, err := s.Lock(t.Context())
		require.NoError(t, err)
		require.NoError(t, held.Err())
		require.NoError(t, s.Put(held, "file", bytes.NewReader(nil), 0))
		_, _, err = s.Lock(t.Context())
		require.ErrorIs(t, err, lake.ErrLocked)
		require.Contains(t, err.Error(), "process ")
		require.NoError(t, unlock())
		require.Error(t, held.Err())
	}
	assert.Equal(t, []string{"file"}, Names(t, s, ""))
}

func testEnded(t *testing.T, s lake.Store) {
	Put(t, s, "file", []byte("abc"))
	ctx, cancel := context.WithCancel(t.Context())
	r, err := s.Open(ctx, "file")
	require.NoError(t, err)
	defer r.Close()
	cancel()
	require.ErrorIs(t, s.Put(ctx, "other", bytes.NewReader(nil), 0), context.Canceled)
	_, err = s.Open(ctx, "file")
	require.ErrorIs(t, err, context.Canceled)
	_, _, err = s.Lock(ctx)
	require.ErrorIs(t, err, context.Canceled)
	for _, err := range s.List(ctx, "") {
		require.ErrorIs(t, err, context.Canceled)
	}
	assert.Equal(t, []string{"file"}, Names(t, s, ""))
}
