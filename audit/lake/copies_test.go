package lake_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"example.com/clew/audit/internal/storetest"
	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A backup was made of a journal that was being written, so it has fewer events than the complete
// journal and the files that were made from it. If a search reads the backup too, it finds every
// event once.
func TestBackupsHideNothing(t *testing.T) {
	c := newCorpus(t, 4000, 15, 2, 1000)
	q := lake.Query{Since: began}
	want := c.answer(&q)
	backup := c.store(t, len(c.ids)).journal
	for name, data := range backup {
		backup[name] = bytes.Clone(data[:len(data)*2/3])
	}
	for _, test := range []struct {
		name      string
		inJournal int
		merged    bool
	}{
		{"the events are in a journal", len(c.ids), false},
		{"the segments are packed", 0, false},
		{"the files are merged", 0, true},
		{"two segments are in the journal, the others packed", 2, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			live := c.store(t, test.inJournal)
			if test.merged {
				mergeAll(t, c, live)
			}
			old := &journaled{Memory: new(storetest.Memory), journal: backup}
			for _, stores := range [][]lake.Store{{live, old}, {old, live}} {
				got, report := collect(t, q, stores...)
				require.Empty(t, report.Skipped)
				require.Equal(t, want, got)
				s, err := lake.Stats(t.Context(), time.Time{}, time.Time{}, nil, stores...)
				require.NoError(t, err)
				assert.EqualValues(t, len(want), eventsOf(s))
			}
		})
	}
}

// A search uses the copy of a segment with the longer valid part, even if the other copy is longer
// or comes first.
func TestDamagedCopyOfASegment(t *testing.T) {
	c := newCorpus(t, 4000, 15, 1, 4000)
	want := c.answer(&lake.Query{Since: began})
	good := c.store(t, len(c.ids))
	bad := &journaled{Memory: new(storetest.Memory), journal: map[string][]byte{}}
	for name, data := range good.journal {
		bad.journal[name] = append(bytes.Clone(data), 0, 0, 0, 0)
		bad.journal[name][len(data)/4] ^= 1
	}
	for _, stores := range [][]lake.Store{{good, bad}, {bad, good}} {
		got, report := collect(t, lake.Query{Since: began}, stores...)
		assert.Equal(t, want, got)
		require.Len(t, report.Skipped, 1, "only the damaged copy is reported")
		s, err := lake.Stats(t.Context(), time.Time{}, time.Time{}, nil, stores...)
		require.NoError(t, err)
		assert.EqualValues(t, len(want), eventsOf(s))
		assert.Equal(t, 1, s.JournalSegments)
	}
}

// damagePages changes bytes in the first half of each file. The footers stay valid.
func damagePages(t *testing.T, m *storetest.Memory) {
	for name, data := range m.Files() {
		data = bytes.Clone(data)
		for i := 100; i < len(data)/2; i++ {
			data[i] ^= 0x55
		}
		require.NoError(t, m.Put(t.Context(), name, bytes.NewReader(data), int64(len(data))))
	}
}

// A damaged file is reported, and its events are read from the segment that it was made of, or
// from a copy in another store.
func TestDamagedFileThatHasACopy(t *testing.T) {
	c := newCorpus(t, 4000, 15, 1, 4000)
	want := c.answer(&lake.Query{Since: began})
	damaged := c.store(t, 0)
	damagePages(t, damaged.Memory)
	both := c.store(t, len(c.ids))
	both.Memory = damaged.Memory.Copy()
	// The files of ends lack their second half, which has the footer.
	ends := &journaled{Memory: new(storetest.Memory)}
	for name, data := range damaged.Files() {
		require.NoError(t, ends.Put(t.Context(), name, bytes.NewReader(data[:len(data)/2]), int64(len(data)/2)))
	}
	for name, stores := range map[string][]lake.Store{
		"the same store has the segment":                {both},
		"the second store has a copy":                   {damaged, c.store(t, 0)},
		"the first store has a copy":                    {c.store(t, 0), damaged},
		"the file has no footer, and there is a copy":   {ends, c.store(t, 0)},
		"a good copy is between two damaged ones":       {damaged, c.store(t, 0), ends},
		"another store has the segment":                 {ends, c.store(t, len(c.ids))},
		"two files are damaged, and there is a segment": {damaged, ends, c.store(t, len(c.ids))},
	} {
		t.Run(name, func(t *testing.T) {
			got, report := collect(t, lake.Query{Since: began}, stores...)
			assert.Equal(t, want, got)
			if name != "the first store has a copy" {
				assert.NotEmpty(t, report.Skipped)
			}
			n, err := lake.Count(t.Context(), lake.Query{Since: began}, nil, stores...)
			require.NoError(t, err)
			assert.EqualValues(t, len(want), n)
			s, err := lake.Stats(t.Context(), time.Time{}, time.Time{}, nil, stores...)
			require.NoError(t, err)
			assert.EqualValues(t, len(want), eventsOf(s))
		})
	}
}

// If a merged file cannot be listed, the files that it replaces are not merged again.
func TestCompactOfAListThatIsNotWhole(t *testing.T) {
	c := newCorpus(t, 900, 15, 3, 1000) // three segments, one partition
	want := c.answer(&lake.Query{Since: began})
	store := &journaled{Memory: new(storetest.Memory)}
	c.pack(t, store.Memory, c.ids[0])
	c.pack(t, store.Memory, c.ids[1])
	sources := store.Files()
	mergeAll(t, c, store)
	merged := fileNames(store.Memory)
	require.Len(t, merged, 1)
	for name, data := range sources { // the process died before it deleted them
		require.NoError(t, store.Put(t.Context(), name, bytes.NewReader(data), int64(len(data))))
	}
	c.pack(t, store.Memory, c.ids[2])
	_, err := lake.Compact(t.Context(), unlistable{journaled: store, prefix: merged[0]}, lake.CompactOptions{After: -1e6 * time.Hour})
	require.ErrorIs(t, err, errUnlistable)
	mergeAll(t, c, store)
	got, _ := collect(t, lake.Query{Since: began}, store)
	assert.Len(t, got, len(want))
}

func eventsOf(s *lake.Statistics) (n int64) {
	for _, p := range s.Partitions {
		n += p.Events
	}
	return n + s.JournalEvents
}

// unlistable is a store that cannot list the names that begin with prefix. If journal is true, it
// cannot list the journal either.
type unlistable struct {
	*journaled
	prefix  string
	journal bool
}

var errUnlistable = errors.New("permission denied")

func (u unlistable) List(ctx context.Context, prefix string) iter.Seq2[lake.File, error] {
	return func(yield func(lake.File, error) bool) {
		said := false
		for f, err := range u.Memory.List(ctx, prefix) {
			if strings.HasPrefix(f.Name, u.prefix) {
				if said {
					continue
				}
				f, err, said = lake.File{}, errUnlistable, true
			}
			if !yield(f, err) {
				return
			}
		}
	}
}

func (u unlistable) ListJournal(ctx context.Context) ([]string, error) {
	if u.journal {
		return nil, errUnlistable
	}
	return u.journaled.ListJournal(ctx)
}

// If a part of a store cannot be listed, a search finds everything else, and returns the error
// last.
func TestWhatCannotBeListed(t *testing.T) {
	c := newCorpus(t, 4000, 5, 1, 1000) // the events of 13 minutes
	first := lake.Partition(began)
	inFirst := lake.Query{Since: began, Until: began.Add(lake.PartitionSpan)}
	rest := lake.Query{Since: began.Add(lake.PartitionSpan)}
	all := lake.Query{Since: began}
	for _, test := range []struct {
		name   string
		stores []lake.Store
		want   []lake.Event
	}{
		{"a partition cannot be listed", []lake.Store{unlistable{journaled: c.store(t, 0), prefix: first}}, c.answer(&rest)},
		{"a store cannot be listed, but another one has copies", []lake.Store{unlistable{journaled: c.store(t, 0)}, c.store(t, 0)}, c.answer(&all)},
		{"a journal cannot be listed, but the files can", []lake.Store{unlistable{journaled: c.store(t, 4), prefix: "none", journal: true}, c.store(t, 0)}, c.answer(&all)},
		{"nothing can be listed", []lake.Store{unlistable{journaled: c.store(t, 4), journal: true}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []lake.Event
			var last error
			for e, err := range lake.Find(t.Context(), all, nil, test.stores...) {
				require.NoError(t, last, "nothing follows the error")
				if last = err; err == nil {
					got = append(got, e)
				}
			}
			require.ErrorIs(t, last, errUnlistable)
			require.ErrorIs(t, last, lake.ErrIncomplete)
			for _, what := range []string{"files", "journal"} {
				assert.LessOrEqual(t, strings.Count(last.Error(), "listing the "+what), 1, "each error is reported once")
			}
			assert.Equal(t, test.want, got)
			n, err := lake.Count(t.Context(), all, nil, test.stores...)
			require.ErrorIs(t, err, errUnlistable)
			assert.EqualValues(t, len(test.want), n)
			s, err := lake.Stats(t.Context(), time.Time{}, time.Time{}, nil, test.stores...)
			require.ErrorIs(t, err, errUnlistable)
			assert.EqualValues(t, len(test.want), eventsOf(s))
		})
	}
	t.Run("follow", func(t *testing.T) {
		store := unlistable{journaled: c.store(t, 0), prefix: first}
		story, err := lake.Follow(t.Context(), lake.Query{Since: began, Values: []string{"instagram"}}, lake.Bounds{Hops: 1}, nil, store)
		require.ErrorIs(t, err, errUnlistable)
		assert.NotEmpty(t, story.Events)
	})
	t.Run("a limit that is reached", func(t *testing.T) {
		store := unlistable{journaled: c.store(t, 0), prefix: lake.Partition(c.events[len(c.events)-1].Time)}
		n, err := lake.Count(t.Context(), lake.Query{Since: began, Limit: 1}, nil, store)
		require.ErrorIs(t, err, errUnlistable, "a newer event may be missing")
		assert.EqualValues(t, 1, n)
	})
	t.Run("compaction", func(t *testing.T) {
		store := unlistable{journaled: c.store(t, 0), prefix: first}
		before := len(store.Files())
		done, err := lake.Compact(t.Context(), store, lake.CompactOptions{After: -1e6 * time.Hour})
		require.ErrorIs(t, err, errUnlistable)
		assert.Positive(t, done.Merged)
		assert.Less(t, len(store.Files()), before)
		gone, err := lake.Expire(t.Context(), store, time.Hour, began.Add(9*time.Hour))
		require.ErrorIs(t, err, errUnlistable)
		assert.Positive(t, gone.Files)
		got, _ := collect(t, all, store.journaled)
		assert.Equal(t, c.answer(&inFirst), got, "only the partition that cannot be listed is left")
	})
}

// Stats counts each event of the range once, in files and in journals.
func TestStatsOfARange(t *testing.T) {
	c := newCorpus(t, 4000, 5, 2, 1000)
	store := c.store(t, len(c.ids))
	since, until := began.Add(lake.PartitionSpan), began.Add(2*lake.PartitionSpan)
	want := c.answer(&lake.Query{Since: since, Until: until})
	require.NotEmpty(t, want)
	for range 2 {
		s, err := lake.Stats(t.Context(), since, until, nil, store)
		require.NoError(t, err)
		assert.EqualValues(t, len(want), eventsOf(s))
		for _, id := range c.ids { // the second round: segments are packed but not deleted, and files are merged
			c.pack(t, store.Memory, id)
		}
		mergeAll(t, c, store)
	}
}
