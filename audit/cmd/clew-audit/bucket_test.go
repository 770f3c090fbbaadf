package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/clew/audit/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bucket starts a server in memory with a bucket, and sets the environment so that clew-audit uses
// this server. It returns the URL of a prefix in the bucket.
func bucket(t *testing.T) (url string) {
	t.Helper()
	backend := s3mem.New()
	require.NoError(t, backend.CreateBucket("example-audit"))
	fake := gofakes3.New(backend, gofakes3.WithLogger(gofakes3.DiscardLog())).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The fake refuses a suffix range that is longer than the object. By RFC 9110, 14.1.2,
		// such a range is the whole object.
		if strings.HasPrefix(r.Header.Get("Range"), "bytes=-") {
			r.Header.Set("Range", "bytes=0-")
		}
		fake.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL_S3": server.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "wordless",
		"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere", "XDG_CACHE_HOME": t.TempDir(),
	} {
		t.Setenv(name, value)
	}
	return "s3://example-audit/audit"
}

// With --store, ingest has its journal in a directory and its files in a bucket. All commands read
// the bucket.
func TestBucket(t *testing.T) {
	url := bucket(t)
	for _, line := range []string{events, event(0, firstTrace, "mail", "exported", `"item":"XYZ.123"`)} {
		dir := t.TempDir()
		r := clewAudit(t, line, "ingest", "-d", dir, "--store", url)
		require.Equal(t, exitFound, r.code, r.err)
		assert.True(t, holdsNone(dir) || clewAudit(t, "", "find", "-d", dir).out == "", "the directory has no events after ingest")
	}
	r := clewAudit(t, "", "find", "-d", url, "item=XYZ.123")
	assert.Equal(t, exitFound, r.code, r.err)
	assert.Equal(t, 3, len(wordForm.FindAllString(r.out, -1)), r.out)
	assert.Regexp(t, `^clew-audit: looking at \d files of \d partitions?, with .* kB: at most \d GETs, and some more for each file with a hit\n$`, r.err)
	assert.Regexp(t, `; \d+ GETs and \d+ LISTs? of S3, [0-9.]+ [kM]?B$`, r.searched)

	warm := clewAudit(t, "", "find", "-d", url, "item=XYZ.123")
	assert.Equal(t, r.out, warm.out)
	assert.Regexp(t, `; 0 GETs and `, warm.searched, "the cache has the ends of the files")

	r = clewAudit(t, "", "compact", "-d", url, "--after", "1s")
	assert.Equal(t, exitFound, r.code, r.err)
	assert.Contains(t, r.out, url+": 2 files with ")
	r = clewAudit(t, "", "find", "-d", url, "item=XYZ.123", "--count")
	assert.Equal(t, "3\n", r.out)
	for _, command := range [][]string{{"follow", "XYZ.123"}, {"trace", firstTrace}, {"stats"}} {
		r := clewAudit(t, "", append(command, "-d", url)...)
		assert.Equal(t, exitFound, r.code, "%v: %s", command, r.err)
		assert.NotEmpty(t, r.out)
	}
}

// If there is no directory for a cache, the bucket is read without a cache.
func TestBucketWithoutCache(t *testing.T) {
	url := bucket(t)
	require.Equal(t, exitFound, clewAudit(t, events, "ingest", "-d", t.TempDir(), "--store", url).code)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for name, cache := range map[string]string{"the cache home does not exist": "/dev/null/nowhere", "the cache home is a file": file, "clew in the cache home is a file": filepath.Dir(file)} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("XDG_CACHE_HOME", cache)
			t.Setenv("HOME", cache)
			if name == "clew in the cache home is a file" {
				require.NoError(t, os.WriteFile(filepath.Join(cache, "clew"), nil, 0o600))
			}
			for range 2 {
				r := clewAudit(t, "", "find", "-d", url, "item=XYZ.123", "--count")
				assert.Equal(t, "2\n", r.out, r.err)
			}
		})
	}
	empty := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", empty)
	t.Setenv("HOME", empty)
	user, err := os.UserCacheDir()
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(user, "clew", "audit"), cacheDir())
	assert.True(t, holdsNone(cacheDir()))
}

// Ingest deletes old events in a directory, but not in a bucket or a stream. It warns about old
// events only if it will delete them.
func TestOldEvents(t *testing.T) {
	url := bucket(t)
	newStream(t)
	old := event(-20*24*time.Hour, firstTrace, "shop", "received", "")
	for _, tt := range []struct {
		name string
		args []string
		want bool
	}{
		{"a directory", nil, true},
		{"another directory", []string{"--store", t.TempDir()}, true},
		{"a directory that keeps events for ever", []string{"--ttl", "0"}, false},
		{"a bucket", []string{"--store", url}, false},
		{"a stream", []string{"--firehose", "audit"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := clewAudit(t, old, append([]string{"ingest", "-d", t.TempDir()}, tt.args...)...)
			assert.Equal(t, exitFound, r.code, r.err)
			assert.Equal(t, tt.want, strings.Contains(r.err, "is older than --ttl allows"), r.err)
		})
	}
}

func TestRetries(t *testing.T) {
	assert.Equal(t, "1 GET and 2 LISTs of S3, 3 B, retries: 1,004", saidOf(s3.Requests{Gets: 1, Lists: 2, BytesRead: 3, Retries: 1004}))
}

// If a prefix is misspelled, find only reports that there is no file of that time. If the bucket
// does not exist, find reports an error.
func TestBucketWithoutFiles(t *testing.T) {
	url := bucket(t)
	r := clewAudit(t, "", "find", "x", "-d", url+"-misspelled")
	assert.Equal(t, exitNothing, r.code)
	assert.Equal(t, "clew-audit: there is no file of that time: is the prefix right?\n", r.err)
	r = clewAudit(t, "", "find", "x", "-d", "s3://nowhere/audit")
	assert.Equal(t, exitIncomplete, r.code)
	assert.NotContains(t, r.err, "is the prefix right")
}

func TestBucketErrors(t *testing.T) {
	url := bucket(t)
	t.Setenv("CLEW_AUDIT_DIR", url+":"+t.TempDir())
	r := clewAudit(t, "", "find", "x")
	assert.Equal(t, exitNothing, r.code, "the environment names a bucket and a directory: %s", r.err)
	for _, tt := range []struct {
		name string
		args []string
		code int
		err  string
	}{
		{"a bucket that does not exist", []string{"find", "x", "-d", "s3://nowhere/audit"}, exitIncomplete, "NoSuchBucket"},
		{"a URL without a bucket", []string{"find", "x", "-d", "s3://"}, exitIncomplete, "s3://"},
		{"a journal in a bucket", []string{"ingest", "-d", url}, exitUsage, "a journal needs a directory: --dir DIRECTORY --store " + url},
		{"the demo's journal in a bucket", []string{"demo", "-d", url}, exitUsage, "a journal needs a directory"},
		{"a TTL of a bucket", []string{"compact", "-d", url, "--ttl", "14d"}, exitUsage, "clew-audit ddl s3"},
		{"filters of a bucket", []string{"filters", "list", "-d", url}, exitUsage, "a bucket does not have these files"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := clewAudit(t, events, tt.args...)
			assert.Equal(t, tt.code, r.code)
			assert.Contains(t, r.err, tt.err)
			assert.NotContains(t, r.err, "wordless", "the message must not contain the secret key")
		})
	}
}

// Ingest makes files in one part of a bucket from objects in another part, and reads each object
// once.
func TestBucketOfObjects(t *testing.T) {
	url := bucket(t)
	for name, text := range map[string]string{"2026/11/27/a": events, "2026/11/27/b": event(0, firstTrace, "mail", "exported", `"item":"XYZ.123"`)} {
		r, err := http.NewRequest(http.MethodPut, os.Getenv("AWS_ENDPOINT_URL_S3")+"/example-audit/delivered/"+name, strings.NewReader(text))
		require.NoError(t, err)
		response, err := http.DefaultTransport.RoundTrip(r)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, response.StatusCode)
		require.NoError(t, response.Body.Close())
	}
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections)
	for _, want := range []string{"2 objects", "0 objects"} {
		r := clewAudit(t, "", "ingest", "s3://example-audit/delivered", "-d", url)
		assert.Equal(t, exitFound, r.code, r.err)
		assert.Contains(t, r.err, want)
		r = clewAudit(t, "", "find", "-d", url, "item=XYZ.123", "--count")
		assert.Equal(t, "3\n", r.out)
	}
	r := clewAudit(t, "", "ingest", "s3://example-audit/audit/delivered", "-d", url)
	assert.Equal(t, exitUsage, r.code, "the objects must not be in the directory of the files")
}
