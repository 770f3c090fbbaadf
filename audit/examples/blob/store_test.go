package blob_test

import (
	"bytes"
	"io/fs"
	"log/slog"
	"testing"
	"time"

	"example.com/clew/audit"
	recipe "example.com/clew/audit/examples/blob"
	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gocloud.dev/blob/memblob"
)

// Three programs write to one bucket. A search finds their events, before the files are merged and
// afterwards.
func TestStore(t *testing.T) {
	bucket := memblob.OpenBucket(nil)
	defer bucket.Close()
	store := recipe.Store{Bucket: bucket}
	for _, app := range []string{"media-ingest", "media-augment", "media-store"} {
		l, err := audit.Open(audit.Config{Dir: t.TempDir(), App: app, Store: store})
		require.NoError(t, err)
		l.Log(t.Context(), "item seen", slog.String("item", "XYZ.123"))
		require.NoError(t, l.Close(t.Context()))
	}
	find := func() (apps []string, report lake.Report) {
		for e, err := range lake.Find(t.Context(), lake.Query{Values: []string{"XYZ.123"}}, &report, store) {
			require.NoError(t, err)
			apps = append(apps, e.App)
		}
		return apps, report
	}
	apps, report := find()
	assert.ElementsMatch(t, []string{"media-ingest", "media-augment", "media-store"}, apps)
	assert.Equal(t, 3, report.Files)

	done, err := lake.Compact(t.Context(), store, lake.CompactOptions{After: -time.Hour})
	require.NoError(t, err)
	assert.Equal(t, 3, done.Deleted)
	apps, report = find()
	assert.ElementsMatch(t, []string{"media-ingest", "media-augment", "media-store"}, apps)
	assert.Equal(t, 1, report.Files)
}

func TestObjects(t *testing.T) {
	bucket := memblob.OpenBucket(nil)
	defer bucket.Close()
	store := recipe.Store{Bucket: bucket}
	const name = "year=2026/x"
	_, err := store.Open(t.Context(), name)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, store.Delete(t.Context(), name))
	require.Error(t, store.Put(t.Context(), name, bytes.NewReader(nil), 10), "Put must fail if there are fewer bytes than size")
	_, err = store.Open(t.Context(), name)
	require.ErrorIs(t, err, fs.ErrNotExist, "a Put that failed must leave nothing")

	require.NoError(t, store.Put(t.Context(), name, bytes.NewReader([]byte("0123456789")), 10))
	r, err := store.Open(t.Context(), name)
	require.NoError(t, err)
	p := make([]byte, 4)
	n, err := r.ReadAt(p, 8)
	assert.Equal(t, "89", string(p[:n]))
	require.Error(t, err)
	require.NoError(t, store.Delete(t.Context(), name))
	_, err = r.ReadAt(p, 0)
	require.ErrorIs(t, err, fs.ErrNotExist)
}

func TestLock(t *testing.T) {
	bucket := memblob.OpenBucket(nil)
	defer bucket.Close()
	store := recipe.Store{Bucket: bucket}
	held, unlock, err := store.Lock(t.Context())
	require.NoError(t, err)
	_, _, err = store.Lock(t.Context())
	require.ErrorIs(t, err, lake.ErrLocked)
	assert.ErrorContains(t, err, "process ")
	for _, err := range store.List(t.Context(), "") {
		require.NoError(t, err)
		t.Error("List must not yield the lock")
	}
	require.NoError(t, unlock())
	require.Error(t, held.Err())
	_, unlock, err = store.Lock(t.Context())
	require.NoError(t, err)
	require.NoError(t, unlock())
}
