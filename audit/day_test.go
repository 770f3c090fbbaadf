package audit_test

import (
	"context"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/audit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A quiet service runs for a day. Each event is in the segment of its five minutes, and the
// numbers of goroutines and open files do not grow.
func TestDay(t *testing.T) {
	var merged, expired int
	dir, p := t.TempDir(), &packer{}
	synctest.Test(t, func(t *testing.T) {
		l := open(t, audit.Config{Dir: dir}, p, audit.Seams{
			Merge:  func() error { merged++; return nil },
			Expire: func(ttl time.Duration) error { assert.Equal(t, 14*24*time.Hour, ttl); expired++; return nil },
		})
		const every = 7 * time.Second
		var goroutines, files int
		n := 0
		time.Sleep(every / 2) // so that no event is at the very end of a segment
		for start := time.Now(); time.Since(start) < 24*time.Hour; n++ {
			l.Log(t.Context(), "m")
			time.Sleep(every)
			if n == 100 {
				goroutines, files = runtime.NumGoroutine(), openFiles(t)
			}
		}
		synctest.Wait()
		assert.Equal(t, goroutines, runtime.NumGoroutine())
		assert.InDelta(t, files, openFiles(t), 1)
		shut(t, l)
		assert.Len(t, p.all(), n)
	})
	assert.Equal(t, 24, merged)
	assert.Equal(t, 24, expired)
	assert.Len(t, p.events, 24*12, "the number of segments")
	for _, events := range p.events {
		first, last := events[0].Time.Truncate(5*time.Minute), events[len(events)-1].Time.Truncate(5*time.Minute)
		assert.Equal(t, first, last, "the partitions of the first and the last event of a segment")
	}
	assert.Empty(t, journalFiles(t, dir))
}

func openFiles(t testing.TB) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	entries, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(entries)
}

// Events keep their times, whatever these are: a clock may have been set back, or a year ahead.
func TestClock(t *testing.T) {
	p := &packer{}
	l := open(t, audit.Config{}, p, audit.Seams{})
	now := time.Now().UTC().Truncate(time.Microsecond)
	want := map[time.Time]bool{}
	for _, at := range []time.Time{now, now.Add(-time.Hour), now.AddDate(1, 0, 0), time.Unix(0, 0).UTC(), now.AddDate(-90, 0, 0)} {
		require.NoError(t, l.Ingest(t.Context(), audit.Event{Time: at, Message: "m"}))
		want[at] = true
	}
	shut(t, l)
	got := map[time.Time]bool{}
	for _, e := range p.all() {
		got[e.Time] = true
	}
	assert.Equal(t, want, got)
}

// A segment is sealed at 128 MiB, even if its five minutes have not ended.
func TestSealBySize(t *testing.T) {
	var mu sync.Mutex
	var packs int
	l, err := audit.OpenWith(audit.Config{Dir: t.TempDir(), App: "app", Full: audit.Block}, audit.Seams{
		Create: discard,
		Pack: func(context.Context, string) (int64, []string, error) {
			mu.Lock()
			defer mu.Unlock()
			packs++
			return 0, nil, nil
		},
	})
	require.NoError(t, err)
	value := slog.String("k", strings.Repeat("v", 60<<10))
	for range 300 << 20 / (60 << 10) {
		l.Log(t.Context(), "m", value)
	}
	shut(t, l)
	assert.Equal(t, 3, packs, "the number of segments for 300 MiB")
}
