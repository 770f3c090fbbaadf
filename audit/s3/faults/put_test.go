package faults_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/audit/s3/internal/conformance"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// only returns a function for the field server.fault. That function calls fault for the first
// requests for which match returns true, and lets the server answer all others. The argument times
// is the number of calls of fault. If it is -1, the number is not limited.
func only(times int, match func(*http.Request) bool, fault func(*http.Request) (*http.Response, error)) func(int, *http.Request) (*http.Response, error) {
	var left atomic.Int64
	left.Store(int64(times)) // -1: for all requests
	return func(_ int, req *http.Request) (*http.Response, error) {
		if !match(req) || times >= 0 && left.Add(-1) < 0 {
			return nil, nil
		}
		return fault(req)
	}
}

func slowDown(*http.Request) (*http.Response, error) {
	return answer(http.StatusServiceUnavailable, "SlowDown"), nil
}

// reset breaks the connection when half of the request's body was sent.
func reset(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		io.CopyN(io.Discard, req.Body, req.ContentLength/2)
	}
	return nil, errReset
}

func hang(req *http.Request) (*http.Response, error) {
	<-req.Context().Done()
	return nil, req.Context().Err()
}

func isPut(req *http.Request) bool { return req.Method == http.MethodPut }

func TestPutRetries(t *testing.T) {
	big := conformance.MultipartSize
	tests := []struct {
		name    string
		size    int
		times   int
		match   func(*http.Request) bool
		fault   func(*http.Request) (*http.Response, error)
		retries int64
	}{
		{"503 twice", 1000, 2, isPut, slowDown, 2},
		{"503 for two parts", big, 2, isPut, slowDown, 2},
		{"reset", 1000, 1, isPut, reset, 1},
		{"reset of a part", big, 1, isPut, reset, 1},
		{"a server that hangs", 1000, 1, isPut, hang, 1},
		{"a part that hangs", big, 1, isPut, hang, 1},
		{"503 at the end of a multipart upload", big, 2, func(req *http.Request) bool { return req.URL.Query().Has("uploadId") && req.Method == http.MethodPost }, slowDown, 2},
		{"a file that is damaged on its way", 1000, 1, isPut, func(req *http.Request) (*http.Response, error) { return answer(400, "BadDigest"), nil }, 1},
		{"409", 1000, 2, isPut, func(req *http.Request) (*http.Response, error) { return answer(409, "ConditionalRequestConflict"), nil }, 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newServer(t)
				server.fault = only(test.times, test.match, test.fault)
				s := server.open(t, "")
				data := conformance.Bytes(1, test.size)
				conformance.Put(t, s, "file", data)
				assert.Equal(t, test.retries, s.Requests().Retries)
				assert.True(t, bytes.Equal(data, conformance.Get(t, s, "file")))
				assert.Zero(t, server.count("DELETE"))
			})
		})
	}
}

// After a limited number of attempts, Put returns an error that says why. The file does not exist.
// No parts of an upload are left, since they would cost money.
func TestPutFails(t *testing.T) {
	big := conformance.MultipartSize
	forbidden := func(*http.Request) (*http.Response, error) { return answer(403, "AccessDenied"), nil }
	tests := []struct {
		name  string
		size  int
		fault func(*http.Request) (*http.Response, error)
		puts  int64  // the maximum number of requests that write
		says  string // a part of the error
	}{
		{"503", 1000, slowDown, 8, "503 SlowDown: Because of a test"},
		{"503 of all parts", big, slowDown, 1 + 3*8, "503 SlowDown"},
		{"resets", 1000, reset, 8, "connection reset by peer"},
		{"resets of all parts", big, reset, 1 + 3*8, "connection reset by peer"},
		{"403", 1000, forbidden, 1, "403 AccessDenied: Because of a test"},
		{"403 of all parts", big, forbidden, 1 + 3, "403 AccessDenied"},
		{"a server that hangs", 1000, hang, 8, "no answer in time"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := newServer(t)
				server.fault = only(-1, isPut, test.fault)
				s := server.open(t, "")
				began := time.Now()
				err := s.Put(t.Context(), "file", bytes.NewReader(conformance.Bytes(1, test.size)), int64(test.size))
				require.ErrorContains(t, err, "s3: put s3://audit/some/prefix/file: ")
				assert.ErrorContains(t, err, test.says)
				assert.NotContains(t, err.Error(), secretKey)
				assert.LessOrEqual(t, s.Requests().Puts, test.puts)
				assert.LessOrEqual(t, time.Since(began), 8*(15+20)*time.Second)
				assert.Empty(t, conformance.Names(t, s, ""))
				assert.Equal(t, server.count("?uploads"), server.count("DELETE"))
			})
		})
	}
}

// An upload is aborted even if the context has ended.
func TestPutCancelled(t *testing.T) {
	server := newServer(t)
	ctx, cancel := context.WithCancel(t.Context())
	server.fault = func(_ int, req *http.Request) (*http.Response, error) {
		if req.URL.Query().Get("partNumber") == "2" {
			cancel()
			return nil, ctx.Err()
		}
		return nil, nil
	}
	s := server.open(t, "")
	err := s.Put(ctx, "file", bytes.NewReader(make([]byte, conformance.MultipartSize)), conformance.MultipartSize)
	require.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 1, server.count("DELETE"))
	assert.Empty(t, conformance.Names(t, s, ""))
}

// If the answer to a write was lost, the file is not written again.
func TestPutLostAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		server.lost = func(n int, req *http.Request) bool { return n == 1 }
		s := server.open(t, "")
		conformance.Put(t, s, "file", []byte("abc"))
		assert.Equal(t, int64(2), s.Requests().Puts)
		assert.Equal(t, int64(1), s.Requests().Heads)
		conformance.Put(t, s, "file", []byte("abc"))
		assert.Equal(t, int64(3), s.Requests().Puts)

		// A file of the same size with other content is written.
		conformance.Put(t, s, "file", []byte("abd"))
		assert.Equal(t, "abd", string(conformance.Get(t, s, "file")))
		assert.Equal(t, int64(5), s.Requests().Puts)
	})
}

// If the answer to the end of a multipart upload is lost, the server no longer knows the upload.
func TestPutLostEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		server.lost = func(_ int, req *http.Request) bool {
			return req.Method == http.MethodPost && req.URL.Query().Has("uploadId") && req.Header.Get("Amz-Sdk-Request") == "attempt=1; max=8"
		}
		server.fault = func(_ int, req *http.Request) (*http.Response, error) {
			if req.Header.Get("Amz-Sdk-Request") == "attempt=2; max=8" {
				server.lost = nil
			}
			return nil, nil
		}
		s := server.open(t, "")
		data := conformance.Bytes(1, conformance.MultipartSize)
		conformance.Put(t, s, "file", data)
		assert.True(t, bytes.Equal(data, conformance.Get(t, s, "file")))
	})
}

// Another writer replaces the file after s has read its ETag and before s writes. The file of s is
// written nevertheless.
func TestPutOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newServer(t)
		other, s := server.open(t, ""), server.open(t, "")
		conformance.Put(t, other, "file", []byte("first"))
		overtaken := 0
		server.fault = func(_ int, req *http.Request) (*http.Response, error) {
			if isPut(req) && req.Header.Get("If-Match") != "" && overtaken == 0 {
				overtaken++
				conformance.Put(t, other, "file", []byte("second"))
			}
			return nil, nil
		}
		conformance.Put(t, s, "file", []byte("third"))
		assert.Equal(t, "third", string(conformance.Get(t, s, "file")))
		assert.Equal(t, 1, overtaken)
	})
}

func TestNoBucket(t *testing.T) {
	server := newServer(t)
	server.fault = only(-1, func(*http.Request) bool { return true }, func(*http.Request) (*http.Response, error) { return answer(404, "NoSuchBucket"), nil })
	s := server.open(t, "")
	require.ErrorContains(t, s.Put(t.Context(), "file", bytes.NewReader(nil), 0), "404 NoSuchBucket")
	_, err := s.Open(t.Context(), "file")
	require.ErrorContains(t, err, "404 NoSuchBucket")
	require.NotErrorIs(t, err, errNotThere)
	for _, err := range s.List(t.Context(), "") {
		require.ErrorContains(t, err, "404 NoSuchBucket")
	}
}
