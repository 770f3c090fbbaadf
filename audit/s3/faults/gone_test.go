package faults_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// ago is when the events of these tests were: Compact merges what is older than an hour.
var ago = time.Now().Add(-6 * time.Hour).Truncate(time.Hour)

// write puts a file of events in the partition of at, of which one has the item "wanted".
func write(t *testing.T, s lake.Store, number int, at time.Time, events int) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, uint64(number)))
	_, err := lake.Write(t.Context(), s, fmt.Sprintf("%032x", 0x1000+number), func(yield func(lake.Event, error) bool) {
		for i := range events {
			e := lake.Event{
				Time: at.Add(time.Duration(i) * time.Millisecond), TraceID: fmt.Sprintf("%016x", random.Uint64()), App: "a", Message: "m",
				Context: map[string]string{"item": "wanted"},
			}
			if i != events/2 {
				e.Context["item"] = fmt.Sprintf("%016x%016x%016x", random.Uint64(), random.Uint64(), random.Uint64())
			}
			if !yield(e, nil) {
				return
			}
		}
	})
	require.NoError(t, err)
}

// compactOnce returns a fault that compacts the store at the first request that at is true for, and
// lets all requests pass.
func compactOnce(t *testing.T, server *server, at func(*http.Request) bool) (fault func(int, *http.Request) (*http.Response, error), done *atomic.Bool) {
	done = new(atomic.Bool)
	return func(_ int, req *http.Request) (*http.Response, error) {
		if at(req) && done.CompareAndSwap(false, true) {
			compacted, err := lake.Compact(t.Context(), server.open(t, ""), lake.CompactOptions{})
			assert.NoError(t, err)
			assert.Positive(t, compacted.Merged)
		}
		return nil, nil
	}, done
}

// All is found while the files go that a search has listed, before it opens them and after.
func TestFindWhileFilesGo(t *testing.T) {
	for _, tt := range []struct {
		name string
		at   func(*http.Request) bool
	}{
		{"at the first end", func(req *http.Request) bool { return req.Header.Get("Range") != "" }},
		{"at the first read behind it", func(req *http.Request) bool { return req.Header.Get("Range") != "" && req.Header.Get("If-Match") != "" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := newServer(t)
			s := server.open(t, "")
			for i := range 3 {
				write(t, s, i, ago, 10_000)
			}
			var done *atomic.Bool
			server.fault, done = compactOnce(t, server, tt.at)
			var report lake.Report
			n := 0
			for e, err := range lake.Find(t.Context(), lake.Query{Context: map[string]string{"item": "wanted"}}, &report, s) {
				require.NoError(t, err)
				assert.Equal(t, "wanted", e.Context["item"])
				n++
			}
			assert.Equal(t, 3, n)
			assert.Empty(t, report.Skipped)
			assert.True(t, done.Load())
		})
	}
}
