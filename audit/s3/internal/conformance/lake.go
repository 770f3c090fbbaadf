package conformance

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Writers is the number of services that Write simulates. Each service makes a file in each
// partition.
const Writers = 3

// Write writes the events of an hour with Loggers that put their files into s. It returns some of
// the events.
func Write(t *testing.T, s lake.Store, events int) (some []lake.Event) {
	t.Helper()
	random := rand.New(rand.NewPCG(3, 4))
	began := time.Now().Add(-6 * time.Hour).Truncate(time.Hour)
	for writer := range Writers {
		l, err := audit.Open(audit.Config{Dir: t.TempDir(), App: "app-" + strconv.Itoa(writer), Store: s})
		require.NoError(t, err)
		for i := range events / Writers {
			e := event(random, began.Add(time.Duration(random.Int64N(int64(time.Hour)))))
			require.NoError(t, l.Ingest(t.Context(), e))
			if i%(events/Writers/4) == 0 {
				some = append(some, e)
			}
		}
		require.NoError(t, l.Close(t.Context()))
	}
	return some
}

func event(random *rand.Rand, at time.Time) lake.Event {
	id := make([]byte, 8)
	for i := range id {
		id[i] = byte(random.Uint32())
	}
	return lake.Event{
		Time: at.Truncate(time.Microsecond).UTC(), TraceID: hex.EncodeToString(id), Message: "message " + strconv.Itoa(random.IntN(20)),
		Context:    map[string]string{"item": "item-" + strconv.Itoa(random.IntN(3000)), "network": "net-" + strconv.Itoa(random.IntN(3))},
		TraceNames: []string{"filter-" + strconv.Itoa(random.IntN(50))},
	}
}

// Copy returns a directory with copies of the files of s.
func Copy(t *testing.T, s lake.Store) lake.Store {
	t.Helper()
	copied := lake.Dir(t.TempDir())
	for _, name := range Names(t, s, "") {
		Put(t, copied, name, Get(t, s, name))
	}
	return copied
}

// Lake writes a lake to s. It compares what package lake finds in s and in a directory with the
// same files: before and after both are compacted, and after the files have expired.
func Lake(t *testing.T, s lake.Store, events int) {
	some := Write(t, s, events)
	copied := Copy(t, s)
	same(t, s, copied, some)

	ours, err := lake.Compact(t.Context(), s, lake.CompactOptions{})
	require.NoError(t, err)
	theirs, err := lake.Compact(t.Context(), copied, lake.CompactOptions{})
	require.NoError(t, err)
	assert.Equal(t, theirs, ours)
	assert.Equal(t, Writers*ours.Into, ours.Merged)
	assert.Positive(t, ours.Merged)
	same(t, s, copied, some)

	gone, err := lake.Expire(t.Context(), s, time.Hour, time.Now())
	require.NoError(t, err)
	also, err := lake.Expire(t.Context(), copied, time.Hour, time.Now())
	require.NoError(t, err)
	assert.Equal(t, also, gone)
	assert.Positive(t, gone.Files)
	same(t, s, copied, nil)
}

func same(t *testing.T, s, copied lake.Store, some []lake.Event) {
	t.Helper()
	names := Names(t, s, "")
	require.Equal(t, Names(t, copied, ""), names)
	for _, name := range names {
		require.True(t, bytes.Equal(Get(t, copied, name), Get(t, s, name)), name)
	}
	since := time.Now().Add(-7 * time.Hour)
	for i, e := range some {
		for j, q := range []lake.Query{
			{TraceID: e.TraceID}, {Values: []string{e.Context["item"]}}, {Context: e.Context, Limit: 3},
			{TraceName: e.TraceNames[0]}, {Message: e.Message, Since: e.Time.Add(-time.Minute), Until: e.Time.Add(time.Hour)},
		} {
			if q.Since.IsZero() {
				q.Since = since
			}
			what := fmt.Sprintf("query %d of event %d", j, i)
			found := find(t, q, s)
			require.NotEmpty(t, found, what)
			require.Equal(t, find(t, q, copied), found, what)
			n, err := lake.Count(t.Context(), q, nil, s)
			require.NoError(t, err)
			require.Equal(t, int64(len(found)), n, what)
		}
	}
	for _, e := range some[:min(len(some), 4)] {
		q := lake.Query{Context: map[string]string{"item": e.Context["item"]}, Since: since}
		ours, err := lake.Follow(t.Context(), q, lake.Bounds{}, nil, s)
		require.NoError(t, err)
		theirs, err := lake.Follow(t.Context(), q, lake.Bounds{}, nil, copied)
		require.NoError(t, err)
		require.Equal(t, theirs, ours)
	}
	ours, err := lake.Stats(t.Context(), time.Time{}, time.Time{}, nil, s)
	require.NoError(t, err)
	theirs, err := lake.Stats(t.Context(), time.Time{}, time.Time{}, nil, copied)
	require.NoError(t, err)
	require.Equal(t, theirs, ours)
}

func find(t *testing.T, q lake.Query, s lake.Store) (found []lake.Event) {
	t.Helper()
	var report lake.Report
	for e, err := range lake.Find(t.Context(), q, &report, s) {
		require.NoError(t, err)
		found = append(found, e)
	}
	require.Empty(t, report.Skipped)
	return found
}
