package faults_test

import (
	"bytes"
	"context"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/audit/lake"
	"example.com/clew/audit/s3/internal/conformance"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func isLock(req *http.Request) bool { return strings.HasSuffix(req.URL.Path, "/_compact.lock") }

func TestLockIsRenewed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		s, other := server.open(t, ""), server.open(t, "")
		held, unlock, err := s.Lock(t.Context())
		require.NoError(t, err)
		for range 30 {
			time.Sleep(13 * time.Second)
			require.NoError(t, held.Err())
			_, _, err = other.Lock(t.Context())
			require.ErrorIs(t, err, lake.ErrLocked)
		}
		require.NoError(t, unlock())
		require.Error(t, held.Err())
		_, unlock, err = other.Lock(t.Context())
		require.NoError(t, err)
		require.NoError(t, unlock())
	})
}

// A process that cannot renew its lock stops before another process gets the lock, whatever the
// clocks of the machines say.
func TestLockIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		s, other := server.open(t, ""), server.open(t, "")
		held, unlock, err := s.Lock(t.Context())
		require.NoError(t, err)
		began := time.Now()
		server.fault = func(_ int, req *http.Request) (*http.Response, error) { // renewals fail
			if isPut(req) && req.Header.Get("If-Match") != "" && began != (time.Time{}) {
				return nil, errReset
			}
			return nil, nil
		}
		var unlockOther func() error
		for unlockOther == nil {
			time.Sleep(time.Second)
			require.Less(t, time.Since(began), 62*time.Second)
			server.mu.Lock()
			if time.Since(began) >= 56*time.Second {
				server.fault = nil
			}
			server.mu.Unlock()
			_, unlockOther, err = other.Lock(t.Context())
			if err != nil {
				require.ErrorIs(t, err, lake.ErrLocked)
				unlockOther = nil
				continue
			}
			require.Error(t, held.Err(), "two processes hold the lock")
		}
		require.GreaterOrEqual(t, time.Since(began), 59*time.Second)
		require.ErrorContains(t, context.Cause(held), "the lock was lost")
		require.ErrorContains(t, s.Put(held, "file", bytes.NewReader(nil), 0), "context canceled")
		require.ErrorContains(t, unlock(), "the lock was lost")
		_, _, err = s.Lock(t.Context())
		require.ErrorIs(t, err, lake.ErrLocked, "unlock must not delete the lock of the other process")
		require.NoError(t, unlockOther())
	})
}

// If another process has taken the lock, which must not happen, the first holder notices it.
func TestLockIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		s := server.open(t, "")
		held, unlock, err := s.Lock(t.Context())
		require.NoError(t, err)
		server.serve(request(t, http.MethodPut, "_compact.lock", "another"))
		time.Sleep(21 * time.Second)
		require.ErrorContains(t, context.Cause(held), "the lock was lost")
		require.ErrorContains(t, unlock(), "the lock was lost")
	})
}

func request(t *testing.T, method, name, text string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://s3.test/"+bucket+"/some/prefix/"+name, strings.NewReader(text))
	require.NoError(t, err)
	return req
}

// The answers to the first write of the lock, and to each first attempt of a renewal, are lost.
// The lock is still held.
func TestLockLostAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		times := map[string]int{}
		server.lost = func(_ int, req *http.Request) bool {
			if !isPut(req) {
				return false
			}
			kind := req.Header.Get("If-Match") + req.Header.Get("If-None-Match")
			times[kind]++
			return times[kind] == 1
		}
		s := server.open(t, "")
		held, unlock, err := s.Lock(t.Context())
		require.NoError(t, err)
		time.Sleep(3 * time.Minute)
		require.NoError(t, held.Err())
		require.NoError(t, unlock())
		assert.Equal(t, http.StatusNotFound, server.head("/"+bucket+"/some/prefix/_compact.lock").Code)
	})
}

// A process dies while it holds the lock. Another process gets the lock a minute later, and not
// before.
func TestLockOfTheDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		ctx, cancel := context.WithCancel(t.Context())
		s := server.open(t, "")
		_, _, err := s.Lock(ctx)
		require.NoError(t, err)
		cancel() // the process ends without unlocking
		synctest.Wait()
		time.Sleep(59 * time.Second)
		other := server.open(t, "")
		_, _, err = other.Lock(t.Context())
		require.ErrorIs(t, err, lake.ErrLocked)
		time.Sleep(2 * time.Second)
		_, unlock, err := other.Lock(t.Context())
		require.NoError(t, err)
		require.NoError(t, unlock())
	})
}

func TestLockWithoutConditions(t *testing.T) {
	server := newServer(t)
	server.ignorant = true
	s := server.open(t, "")
	_, _, err := s.Lock(t.Context())
	require.ErrorContains(t, err, "ignores If-None-Match")
	assert.Equal(t, http.StatusNotFound, server.head("/"+bucket+"/some/prefix/_compact.lock").Code)

	// Files can still be put and replaced on such a server.
	conformance.Put(t, s, "file", []byte("abc"))
	conformance.Put(t, s, "file", []byte("abd"))
	assert.Equal(t, "abd", string(conformance.Get(t, s, "file")))

	refusing := newServer(t)
	refusing.fault = only(-1, func(req *http.Request) bool { return req.Header.Get("If-None-Match") != "" }, func(*http.Request) (*http.Response, error) {
		return answer(http.StatusNotImplemented, "NotImplemented"), nil
	})
	s = refusing.open(t, "")
	_, _, err = s.Lock(t.Context())
	require.ErrorContains(t, err, "501 NotImplemented")
	require.ErrorContains(t, s.Put(t.Context(), "file", bytes.NewReader(nil), 0), "501 NotImplemented")
}

// If the holder was paused until its lease ended, its requests are not sent, even if its context
// has not ended yet.
func TestLockPaused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		s := server.open(t, "")
		held, unlock, err := s.Lock(t.Context())
		require.NoError(t, err)
		late := context.WithoutCancel(held) // as if the timer that ends the context had not run
		server.set(only(-1, isLock, reset)) // renewals of the lock fail
		time.Sleep(time.Minute)
		server.set(nil)
		require.ErrorContains(t, s.Delete(late, "file"), "the lock was lost")
		assert.Zero(t, server.count("DELETE /audit/some/prefix/file"))
		require.Error(t, unlock())
	})
}

// If the lock is lost during an upload, the upload fails. The Store still aborts the upload, so
// that the server deletes its parts.
func TestLockLostInUpload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		s := server.open(t, "")
		held, unlock, err := s.Lock(t.Context())
		require.NoError(t, err)
		server.fault = func(_ int, req *http.Request) (*http.Response, error) {
			if isLock(req) {
				return nil, errReset
			}
			if req.URL.Query().Get("partNumber") == "2" {
				return hang(req)
			}
			return nil, nil
		}
		const size = conformance.MultipartSize
		err = s.Put(held, "file", bytes.NewReader(make([]byte, size)), size)
		require.Error(t, err)
		require.ErrorContains(t, context.Cause(held), "the lock was lost")
		assert.Equal(t, 1, server.count("?uploads"))
		assert.Equal(t, 1, server.count("DELETE"))
		assert.Equal(t, 1, server.count("DELETE /audit/some/prefix/file?uploadId="))
		server.set(nil)
		require.Error(t, unlock())
	})
}

// Compact ends when its lock is lost, and returns an error that says so.
func TestCompactLosesLock(t *testing.T) {
	server := newServer(t)
	s := server.open(t, "")
	conformance.Write(t, s, 600)
	now := time.Now()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(now)) // the clock of the bubble begins in the year 2000
		slow := server.open(t, "")
		server.fault = func(_ int, req *http.Request) (*http.Response, error) {
			if isPut(req) && !isLock(req) {
				server.serve(request(t, http.MethodPut, "_compact.lock", "another"))
				time.Sleep(25 * time.Second)
			}
			return nil, req.Context().Err()
		}
		_, err := lake.Compact(t.Context(), slow, lake.CompactOptions{})
		require.ErrorContains(t, err, "the lock was lost")
		assert.Zero(t, server.count("DELETE"))
	})
	// parquet-go keeps zstd's decoders in a sync.Pool. Those that were made in the bubble have a
	// channel of the bubble, which other tests must not use. Two collections empty the pool.
	runtime.GC()
	runtime.GC()
	server.fault = nil
	n, err := lake.Count(t.Context(), lake.Query{}, nil, s)
	require.NoError(t, err)
	assert.Equal(t, int64(600), n)
}
