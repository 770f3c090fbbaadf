package faults_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"example.com/clew/audit/lake"
	"example.com/clew/audit/s3/internal/conformance"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var errNotThere = fs.ErrNotExist

// read returns n bytes of an open file, from the offset at.
func read(t *testing.T, r lake.Reader, at int64, n int) []byte {
	t.Helper()
	p := make([]byte, n)
	_, err := r.ReadAt(p, at)
	require.NoError(t, err)
	return p
}

func open(t *testing.T, s lake.Store, name string) lake.Reader {
	t.Helper()
	r, err := s.Open(t.Context(), name)
	require.NoError(t, err)
	t.Cleanup(func() { r.Close() })
	return r
}

// Reads must not need more requests than necessary.
func TestReadRequests(t *testing.T) {
	server := newServer(t)
	s := server.open(t, "")
	const size = 16 << 20
	data := conformance.Bytes(1, size)
	conformance.Put(t, s, "file", data)
	gets := func() int64 { return s.Requests().Gets }

	r := open(t, s, "file")
	assert.Equal(t, int64(1), gets())
	assert.Equal(t, int64(128<<10), s.Requests().BytesRead)
	read(t, r, size-128<<10, 128<<10)
	read(t, r, size-1, 1)
	assert.Equal(t, int64(1), gets(), "Open has already read the end")

	for at := int64(0); at < 512<<10; at += 1000 {
		assert.Equal(t, data[at:at+10], read(t, r, at, 10))
	}
	assert.Equal(t, int64(2), gets(), "reads of neighbouring bytes need one request")
	assert.Equal(t, data[1900<<10:2800<<10], read(t, r, 1900<<10, 900<<10))
	assert.Equal(t, int64(3), gets(), "neighbouring blocks need one request")
	read(t, r, 3000<<10, 900<<10)
	assert.Equal(t, int64(3), gets())
	assert.True(t, bytes.Equal(data, read(t, r, 0, len(data))))
	assert.Equal(t, int64(5), gets(), "a long read is split into requests of 8 MiB")
	assert.Zero(t, s.Requests().Heads)
}

// Open reads the end of a file, which is its last bytes, and the Store keeps it in the cache. The
// Bloom filters of a large file are in front of these bytes. When they are read, the end in the
// cache is extended to include them.
func TestEndGrows(t *testing.T) {
	for _, cache := range []string{"", filepath.Join(t.TempDir(), "made")} {
		server := newServer(t)
		s := server.open(t, cache)
		const size = 16 << 20
		data := conformance.Bytes(1, size)
		conformance.Put(t, s, "file", data)
		r := open(t, s, "file")
		const at = size - 300<<10
		assert.Equal(t, data[at:at+32], read(t, r, at, 32))
		assert.Equal(t, int64(2), s.Requests().Gets)
		assert.Less(t, s.Requests().BytesRead, int64(400<<10))
		assert.Equal(t, data[at+100:], read(t, r, at+100, 300<<10-100), "the bytes between are in the extended end")
		assert.Equal(t, int64(2), s.Requests().Gets)
		assert.Equal(t, data[:100], read(t, r, 0, 100), "data in front of the end is read, but not kept")
		again := s
		if cache != "" {
			again = server.open(t, cache)
		}
		before := again.Requests().Gets
		conformance.Names(t, again, "")
		assert.Equal(t, data[at:at+32], read(t, open(t, again, "file"), at, 32))
		assert.Equal(t, before, again.Requests().Gets)
		assert.Equal(t, data, conformance.Get(t, again, "file"))
	}
}

func TestEndGrowsForMany(t *testing.T) {
	server := newServer(t)
	s := server.open(t, "")
	data := conformance.Bytes(1, 4<<20)
	conformance.Put(t, s, "file", data)
	r := open(t, s, "file")
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			p := make([]byte, 100)
			at := int64(4<<20 - 1<<20 + i*25_000)
			_, err := r.ReadAt(p, at)
			assert.NoError(t, err)
			assert.Equal(t, data[at:at+100], p)
		})
	}
	wg.Wait()
	assert.LessOrEqual(t, s.Requests().BytesRead, int64(1<<20+64<<10), "no byte must be requested twice")
}

func TestReadsOfOneBlock(t *testing.T) {
	server := newServer(t)
	s := server.open(t, "")
	data := conformance.Bytes(1, 1<<20)
	conformance.Put(t, s, "file", data)
	r := open(t, s, "file")
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			p := make([]byte, 100)
			_, err := r.ReadAt(p, int64(i*100))
			assert.NoError(t, err)
			assert.Equal(t, data[i*100:i*100+100], p)
		})
	}
	wg.Wait()
	assert.Equal(t, int64(2), s.Requests().Gets)
}

// A file that was opened before needs no request but the listing, even in another process that
// uses the same cache.
func TestWarmCache(t *testing.T) {
	for _, cache := range []string{"", filepath.Join(t.TempDir(), "made")} {
		server := newServer(t)
		s := server.open(t, cache)
		conformance.Put(t, s, "file", conformance.Bytes(1, 1<<20))
		end := read(t, open(t, s, "file"), 1<<20-1000, 1000)
		again := s
		if cache != "" {
			again = server.open(t, cache)
		}
		before := again.Requests().Gets
		conformance.Names(t, again, "")
		assert.Equal(t, end, read(t, open(t, again, "file"), 1<<20-1000, 1000))
		assert.Equal(t, before, again.Requests().Gets)

		conformance.Put(t, s, "file", conformance.Bytes(2, 1<<20))
		conformance.Names(t, again, "")
		assert.NotEqual(t, end, read(t, open(t, again, "file"), 1<<20-1000, 1000))
		assert.Equal(t, before+1, again.Requests().Gets)
	}
}

func TestDamagedCache(t *testing.T) {
	damages := []struct {
		name   string
		damage func([]byte) []byte
	}{
		{"cut", func(p []byte) []byte { return p[:len(p)-1] }},
		{"empty", func([]byte) []byte { return nil }},
		{"one byte changed", func(p []byte) []byte { p[len(p)/2] ^= 1; return p }},
		{"longer", func(p []byte) []byte { return append(p, 0) }},
	}
	for _, test := range damages {
		t.Run(test.name, func(t *testing.T) {
			cache := t.TempDir()
			server := newServer(t)
			s := server.open(t, cache)
			data := conformance.Bytes(1, 1000)
			conformance.Put(t, s, "file", data)
			conformance.Get(t, s, "file")
			files, err := os.ReadDir(cache)
			require.NoError(t, err)
			require.Len(t, files, 1)
			name := filepath.Join(cache, files[0].Name())
			kept, err := os.ReadFile(name)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(name, test.damage(kept), 0o600))
			assert.Equal(t, data, conformance.Get(t, s, "file"))
			assert.Equal(t, int64(2), s.Requests().Gets)
			assert.Equal(t, data, conformance.Get(t, s, "file"))
			assert.Equal(t, int64(2), s.Requests().Gets, "the end must be in the cache again")
		})
	}
}

func TestGone(t *testing.T) {
	server := newServer(t)
	s, other := server.open(t, ""), server.open(t, "")
	for _, name := range []string{"deleted", "replaced", "unlisted"} {
		conformance.Put(t, s, name, conformance.Bytes(1, 1<<20))
	}
	conformance.Names(t, s, "")
	deleted, replaced := open(t, s, "deleted"), open(t, s, "replaced")
	for _, name := range []string{"deleted", "unlisted"} {
		require.NoError(t, other.Delete(t.Context(), name))
	}
	conformance.Put(t, other, "replaced", conformance.Bytes(2, 1<<20))

	_, err := s.Open(t.Context(), "unlisted")
	require.ErrorIs(t, err, errNotThere)
	for _, r := range []lake.Reader{deleted, replaced} {
		_, err := r.ReadAt(make([]byte, 10), 0)
		require.ErrorIs(t, err, errNotThere)
		_, err = r.ReadAt(make([]byte, 1<<20), 0)
		require.ErrorIs(t, err, errNotThere)
	}
	_, err = s.Open(t.Context(), "deleted")
	require.ErrorIs(t, err, errNotThere, "a deleted file is gone even if its end is in the cache")
	assert.Equal(t, conformance.Bytes(2, 1<<20), conformance.Get(t, s, "replaced"))
}

func TestReadFaults(t *testing.T) {
	isGet := func(req *http.Request) bool { return req.Method == http.MethodGet }
	short := func(*http.Request) (*http.Response, error) {
		resp := answer(http.StatusPartialContent, "")
		resp.ContentLength += 10
		return resp, nil
	}
	tests := []struct {
		name  string
		fault func(*http.Request) (*http.Response, error)
		says  string // the error if the fault stays
	}{
		{"503", slowDown, "503 SlowDown"},
		{"reset", reset, "reset"},
		{"an answer that breaks off", short, "EOF"},
		{"a server that hangs", hang, "no answer in time"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newServer(t)
				s := server.open(t, "")
				data := conformance.Bytes(1, 1<<20)
				conformance.Put(t, s, "file", data)
				server.fault = only(1, isGet, test.fault)
				r := open(t, s, "file")
				server.fault = only(1, isGet, test.fault)
				assert.Equal(t, data[600_000:600_100], read(t, r, 600_000, 100))
				server.fault = only(-1, isGet, test.fault)
				_, err := r.ReadAt(make([]byte, 10), 100_000)
				require.ErrorContains(t, err, test.says)
				assert.Equal(t, int64(2+2+8), s.Requests().Gets)
				server.fault = nil
				assert.Equal(t, data[100_000:100_010], read(t, r, 100_000, 10))
			})
		})
	}
}

// A server may answer with another range than the requested one. Open must return an error.
func TestWrongRanges(t *testing.T) {
	tests := []struct {
		name   string
		change func(*http.Response)
	}{
		{"the whole file", func(resp *http.Response) { resp.Header.Del("Content-Range") }},
		{"another range", func(resp *http.Response) { resp.Header.Set("Content-Range", "bytes 1-262144/1048576") }},
		{"nonsense", func(resp *http.Response) { resp.Header.Set("Content-Range", "x") }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := newServer(t)
			s := server.open(t, "")
			conformance.Put(t, s, "file", conformance.Bytes(1, 1<<20))
			server.fault = only(1, func(*http.Request) bool { return true }, func(req *http.Request) (*http.Response, error) {
				resp := server.serve(req)
				test.change(resp)
				return resp, nil
			})
			_, err := s.Open(t.Context(), "file")
			require.ErrorContains(t, err, "does not send the range")
			assert.Equal(t, int64(1), s.Requests().Gets)
		})
	}
}

func TestList(t *testing.T) {
	server := newServer(t)
	s := server.open(t, "")
	var want []string
	for i := range 2500 {
		want = append(want, fmt.Sprintf("a/%04d", i))
		conformance.Put(t, s, want[i], nil)
	}
	assert.Equal(t, want, conformance.Names(t, s, "a/"))
	assert.Equal(t, int64(3), s.Requests().Lists)

	// The second page of the listing fails, however often it is requested.
	pages := 0
	server.fault = func(_ int, req *http.Request) (*http.Response, error) {
		if pages++; pages > 1 {
			return answer(403, "AccessDenied"), nil
		}
		return nil, nil
	}
	var names []string
	var errs []error
	for file, err := range s.List(t.Context(), "") {
		if err != nil {
			errs = append(errs, err)
			continue
		}
		names = append(names, file.Name)
	}
	assert.Equal(t, want[:1000], names)
	require.Len(t, errs, 1)
	assert.ErrorContains(t, errs[0], "403 AccessDenied")
}

func TestListFaults(t *testing.T) {
	page := func(truncated bool, token string, keys ...string) string {
		body := fmt.Sprintf("<ListBucketResult><IsTruncated>%t</IsTruncated><NextContinuationToken>%s</NextContinuationToken>", truncated, token)
		for _, key := range keys {
			body += "<Contents><Key>some/prefix/" + key + "</Key><Size>1</Size></Contents>"
		}
		return body + "</ListBucketResult>"
	}
	tests := []struct {
		name string
		body string
		says string
	}{
		{"no token", page(true, "", "a"), "does not say where to continue"},
		{"the same token", page(true, "x", "a"), "order of names"},
		{"the same token, and no names", page(true, "x"), "does not say where to continue"},
		{"names out of order", page(false, "", "b", "a"), "order of names"},
		{"names below another prefix", strings.ReplaceAll(page(false, "", "a"), "some/prefix", "other"), "not below the prefix"},
		{"not XML", "<html>", "list"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newServer(t)
				s := server.open(t, "")
				server.fault = func(int, *http.Request) (*http.Response, error) {
					resp := answer(200, "")
					resp.Body, resp.ContentLength = body(test.body)
					return resp, nil
				}
				var last error
				for _, err := range s.List(t.Context(), "") {
					last = err
				}
				require.ErrorContains(t, last, test.says)
			})
		})
	}
}
