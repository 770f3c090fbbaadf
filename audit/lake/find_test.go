package lake_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/clew/audit/internal/raced"
	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/internal/storetest"
	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRandomQuestions(t *testing.T) {
	c := newCorpus(t, raced.Or(40_000, 200_000), float64(raced.Or(80, 200)), 3, raced.Or(2_500, 12_000))
	store := c.store(t, 3)
	require.Len(t, store.journal, 3)
	require.Greater(t, len(store.Files()), 12)
	r := rand.New(rand.NewPCG(1, 2))
	some := 0
	questions := raced.Or(20, 100)
	for range questions {
		q := c.random(r)
		want := c.answer(&q)
		got, report := collect(t, q, store)
		require.Empty(t, report.Skipped)
		require.Len(t, got, len(want), "%+v", q)
		for i := range want {
			require.True(t, reflect.DeepEqual(want[i], got[i]), "%+v: event %d: %+v, want %+v", q, i, got[i], want[i])
		}
		n, err := lake.Count(t.Context(), q, nil, store)
		require.NoError(t, err)
		require.EqualValues(t, len(want), n, "%+v", q) // Count observes the limit too
		if len(want) > 0 {
			some++
		}
	}
	assert.Greater(t, some, questions*6/10)
}

func TestTraceIDsOfTimeOpenFewPartitions(t *testing.T) {
	c := newCorpus(t, 40_000, 2, 1, 40_000) // the events of five and a half hours
	store := c.store(t, 0)
	e := c.events[10_000]
	at, err := strconv.ParseInt(e.TraceID[:8], 16, 64)
	require.NoError(t, err)
	now := c.events[len(c.events)-1].Time.Add(time.Hour)
	got, report := collect(t, lake.Query{TraceID: e.TraceID, Now: now}, store)
	want := c.answer(&lake.Query{TraceID: e.TraceID})
	first := time.Unix(at, 0).UTC().Truncate(lake.PartitionSpan)
	assert.Equal(t, first.Add(-lake.PartitionSpan), report.Since)
	last := want[0].Time.Truncate(lake.PartitionSpan)
	if end := first.Add(time.Hour); last.After(end) { // the range was extended because the trace went on
		assert.True(t, report.Until.After(end))
	}
	assert.Less(t, report.Partitions, 30)
	assert.Equal(t, report.Partitions, report.Files)
	assert.NotEmpty(t, got)

	t.Run("the range is extended while its last partition has hits", func(t *testing.T) {
		q := lake.Query{TraceID: e.TraceID, Now: now, Within: time.Minute}
		got, report := collect(t, q, store)
		until := report.Until
		assert.Equal(t, c.answer(&lake.Query{TraceID: e.TraceID, Since: report.Since, Until: until}), got)
		next := c.answer(&lake.Query{TraceID: e.TraceID, Since: until, Until: until.Add(lake.PartitionSpan)})
		assert.Empty(t, next, "the search ended at an empty partition")
		n, err := lake.Count(t.Context(), q, nil, store)
		require.NoError(t, err)
		assert.EqualValues(t, len(got), n, "Count and Find search the same partitions")
	})
	t.Run("the trace is older than the TTL", func(t *testing.T) {
		_, report := collect(t, lake.Query{TraceID: e.TraceID, Now: now.Add(15 * 24 * time.Hour)}, store)
		assert.Equal(t, now.Add(14*24*time.Hour), report.Since)
		assert.Zero(t, report.Partitions)
	})
	t.Run("Since takes precedence over the ID", func(t *testing.T) {
		_, report := collect(t, lake.Query{TraceID: e.TraceID, Since: began, Now: now}, store)
		assert.Equal(t, began, report.Since)
		assert.Zero(t, report.Until)
	})
}

func TestReadsLittle(t *testing.T) {
	c := newCorpus(t, 60_000, 100, 1, 5_000)
	store := c.store(t, 0)
	item := c.events[30_000].Context["network_id"]
	held, holding := int64(0), 0
	for name, data := range store.Files() {
		id := strings.TrimSuffix(name[strings.LastIndex(name, "/")+1:], ".parquet")
		if bytes.Contains(c.segments[id], []byte(item)) {
			holding++
			held += int64(len(data))
		}
	}
	require.Less(t, holding, len(store.Files())/2)
	q := lake.Query{Context: map[string]string{"network_id": item}, Since: began}
	got, report := collect(t, q, store)
	assert.NotEmpty(t, got)
	files := len(store.Files())
	assert.Equal(t, files, report.Files)
	assert.Len(t, store.opens, files, "each file is opened once")
	// Each file needs three reads: one of the footer, and two of a Bloom filter. A file with the
	// item needs up to 40 more reads, of pages.
	assert.LessOrEqual(t, report.Reads, int64(3*files+40*holding+3))
	assert.Less(t, report.Bytes, held+int64(files)*(16<<10+64), "files with the item may be read as a whole, the others only at their ends")

	_, nothing := collect(t, lake.Query{Values: []string{"nobody's"}, Since: began}, store)
	assert.LessOrEqual(t, nothing.Reads, int64(3*files+3), "the Bloom filters exclude all files")
}

func TestLimitStops(t *testing.T) {
	c := newCorpus(t, 20_000, 10, 1, 20_000)
	store := c.store(t, 0)
	_, report := collect(t, lake.Query{Since: began, Limit: 5}, store)
	assert.Equal(t, 1, report.Partitions)
	for range lake.Find(t.Context(), lake.Query{Since: began}, &report, store) {
		break
	}
	assert.Equal(t, 1, report.Partitions, "no partition is read after the loop has ended")
}

func TestCancelledWhileItIsRead(t *testing.T) {
	store := newCorpus(t, 2000, 10, 1, 2000).store(t, 0)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	var last error
	for _, err := range lake.Find(ctx, lake.Query{Since: began}, nil, store) {
		n, last = n+1, err
		cancel()
	}
	require.ErrorIs(t, last, context.Canceled)
	assert.Equal(t, 2, n, "the loop gets an event and the error")
}

func TestTooMuch(t *testing.T) {
	c := newCorpus(t, 20_000, 10, 1, 20_000)
	store := c.store(t, 0)
	q := lake.Query{Since: began, App: "media-api", MaxBytes: 150_000}
	var tooMuch *lake.TooMuchError
	_, err := lake.Count(t.Context(), lake.Query{Since: began, App: "media-api", MaxBytes: 1000}, nil, store)
	require.ErrorAs(t, err, &tooMuch)
	assert.EqualValues(t, 1000, tooMuch.Limit)
	assert.Contains(t, err.Error(), "range")
	var report lake.Report
	n := 0
	for _, err = range lake.Find(t.Context(), q, &report, store) {
		n++
	}
	require.ErrorAs(t, err, &tooMuch)
	assert.Equal(t, 1, n, "the loop gets only the error")
	assert.Greater(t, report.Estimate, q.MaxBytes)
	q.MaxBytes = -1
	got, report := collect(t, q, store)
	assert.NotEmpty(t, got)
	assert.InEpsilon(t, report.Bytes, report.Estimate, 0.5, "the estimate is close to the bytes that were read")

	t.Run("the estimate reads a few of many files", func(t *testing.T) {
		store := newCorpus(t, 20_000, 10, 3, 1000).store(t, 0)
		require.Greater(t, len(store.Files()), 20)
		_, report := collect(t, lake.Query{Since: began, App: "media-api"}, store)
		assert.InEpsilon(t, report.Bytes, report.Estimate, 0.5)
	})
	t.Run("the limit is reached while files are read", func(t *testing.T) {
		q := lake.Query{Since: began, Values: []string{"instagram"}, MaxBytes: 200_000} // the value is in all files
		_, err := lake.Count(t.Context(), q, nil, store)
		require.ErrorAs(t, err, &tooMuch)
		assert.Greater(t, tooMuch.Estimate, q.MaxBytes)
	})
}

func TestDamagedFilesAreSkippedAndNamed(t *testing.T) {
	c := newCorpus(t, 4000, 15, 2, 1000)
	store := c.store(t, 1)
	want, _ := collect(t, lake.Query{Since: began}, store)
	partition := lake.Partition(began)
	for name, data := range map[string]string{
		"00000000000000000000000000000001": "", "00000000000000000000000000000002": "not Parquet at all",
	} {
		require.NoError(t, store.Put(t.Context(), partition+name+".parquet", strings.NewReader(data), int64(len(data))))
	}
	require.NoError(t, store.Put(t.Context(), partition+"theirs.parquet", strings.NewReader("x"), 1))
	store.journal["newer.sealed"] = []byte("clewaud2 and so on")
	store.journal["odd.sealed"] = []byte("something else")
	store.journal["new.journal"] = nil
	got, report := collect(t, lake.Query{Since: began}, store)
	assert.Equal(t, want, got)
	var names []string
	for _, s := range report.Skipped {
		names = append(names, s.Name)
		require.Error(t, s.Err)
		if strings.Contains(s.Name, "newer") {
			require.ErrorIs(t, s.Err, segment.ErrNewer)
		}
	}
	assert.ElementsMatch(t, []string{partition + "00000000000000000000000000000001.parquet", partition + "00000000000000000000000000000002.parquet",
		"_journal/newer.sealed", "_journal/odd.sealed"}, names)
}

func TestDamagedJournalHasItsPrefix(t *testing.T) {
	c := newCorpus(t, 4000, 15, 1, 4000)
	whole := c.segments[c.ids[0]]
	store := &journaled{Memory: new(storetest.Memory), journal: map[string][]byte{}}
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	store.journal[c.ids[0]+".sealed"] = flipped
	got, report := collect(t, lake.Query{Since: began}, store)
	require.NotEmpty(t, got)
	slices.Reverse(got)
	all := c.answer(&lake.Query{})
	slices.Reverse(all)
	assert.Less(t, len(got), len(all))
	assert.Equal(t, all[:len(got)], got)
	require.Len(t, report.Skipped, 1)
	assert.Contains(t, report.Skipped[0].Err.Error(), "damaged after its first")
}

func TestBadQueries(t *testing.T) {
	for _, test := range []struct {
		name string
		q    lake.Query
		want string
	}{
		{"a text that is no ID", lake.Query{TraceID: "XYZ.123"}, "is not a trace ID"},
		{"a short ID", lake.Query{TraceID: "463ac35c"}, "is not a trace ID"},
		{"negative limit", lake.Query{Limit: -1}, "limit is -1"},
		{"an empty range", lake.Query{Since: began, Until: began}, "ends before it begins"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := lake.Count(t.Context(), test.q, nil)
			assert.ErrorContains(t, err, test.want)
			for _, err := range lake.Find(t.Context(), test.q, nil) {
				assert.ErrorContains(t, err, test.want)
			}
		})
	}
	_, err := lake.Count(t.Context(), lake.Query{TraceID: "XYZ.123", Limit: -1, Since: began, Until: began}, nil)
	for _, fault := range []string{"is not a trace ID", "limit is -1", "ends before it begins"} {
		assert.ErrorContains(t, err, fault)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = lake.Count(ctx, lake.Query{}, nil, lake.Dir(t.TempDir()))
	assert.ErrorIs(t, err, context.Canceled)
}

// A range in a year for which there is no partition is no error.
func TestFarYears(t *testing.T) {
	store := newCorpus(t, 100, 10, 1, 100).store(t, 0)
	for _, year := range []int{-200_000, -5, 0, 9999, 10_000, 20_000, 290_000} {
		at := time.Date(year, 12, 31, 23, 59, 0, 0, time.UTC)
		n, err := lake.Count(t.Context(), lake.Query{Since: at, Until: at.Add(time.Hour)}, nil, store)
		require.NoError(t, err, year)
		assert.Zero(t, n, year)
	}
}

func TestDirectoryWithJournal(t *testing.T) {
	c := newCorpus(t, 4000, 15, 2, 1000)
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "_journal"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "_journal", "LOCK"), []byte("1"), 0o600))
	for i, id := range c.ids {
		if i < 2 {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "_journal", id+[]string{".journal", ".sealed"}[i]), c.segments[id], 0o600))
			continue
		}
		c.pack(t, lake.Dir(dir), id)
	}
	q := lake.Query{Since: began}
	got, report := collect(t, q, lake.Dir(dir), lake.Dir(filepath.Join(dir, "nothing here")))
	assert.Equal(t, c.answer(&q), got)
	assert.Equal(t, 2, report.Segments)
	assert.Empty(t, report.Skipped)
	_, err := lake.Dir(dir).(lake.Journaled).OpenJournal(t.Context(), "../x.journal")
	assert.ErrorContains(t, err, "not the name of a segment")
}

func TestRangeGrows(t *testing.T) {
	id := fmt.Sprintf("%08x%08x", began.Unix(), 1)
	var lines [][]string
	for minute := range 40 {
		trace := "463ac35c9f6413ad"
		if slices.Contains([]int{0, 4, 6, 12, 19, 26}, minute) { // the partition of the minutes 20 to 24 has no event of the trace
			trace = id
		}
		lines = append(lines, []string{trace, fmt.Sprint(minute)})
	}
	c := loggedEvery(time.Minute, lines...)
	for name, store := range map[string]lake.Store{"packed": c.store(t, 0), "in the journal": c.store(t, 1)} {
		t.Run(name, func(t *testing.T) {
			got, report := collect(t, lake.Query{TraceID: strings.ToUpper(id), Within: time.Minute, Now: began.Add(time.Hour)}, store)
			var minutes []string
			for _, e := range got {
				minutes = append(minutes, e.Message)
			}
			assert.Equal(t, []string{"19", "12", "6", "4", "0"}, minutes)
			assert.Equal(t, began.Add(25*time.Minute), report.Until)
			n, err := lake.Count(t.Context(), lake.Query{TraceID: id, Until: began.Add(7 * time.Minute), Now: began.Add(time.Hour)}, nil, store)
			require.NoError(t, err)
			assert.EqualValues(t, 3, n, "the range is not extended beyond Until")
		})
	}
}

// TestTies has more events with the same time than the limit allows. The answer contains the first
// of them in the order of Find.
func TestTies(t *testing.T) {
	var lines [][]string
	for i := range 3000 {
		lines = append(lines, []string{"", fmt.Sprintf("%04d", (i*7)%3000)})
	}
	c := loggedEvery(0, lines...)
	for _, store := range []lake.Store{c.store(t, 0), c.store(t, 1)} {
		got, _ := collect(t, lake.Query{Since: began, Limit: 3}, store)
		require.Len(t, got, 3)
		for i, e := range got {
			assert.Equal(t, fmt.Sprintf("%04d", i), e.Message)
		}
	}
}

// A limit also applies to journals, even if many events have the same time.
func TestLimitInJournals(t *testing.T) {
	c := newCorpus(t, 9000, 3e7, 1, 100_000) // 30 events have the same time
	for _, journals := range []int{0, 1} {
		store := c.store(t, journals)
		all, _ := collect(t, lake.Query{Since: began, Now: began}, store)
		require.Len(t, all, 9000)
		for _, limit := range []int{1, 7, 500, 4000, 8999, 9001} {
			got, _ := collect(t, lake.Query{Since: began, Now: began, Limit: limit}, store)
			require.Equal(t, all[:min(limit, 9000)], got, "limit %d", limit)
		}
		n, err := lake.Count(t.Context(), lake.Query{Since: began, Now: began}, nil, store)
		require.NoError(t, err)
		assert.EqualValues(t, 9000, n)
	}
}
