package lake_test

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"example.com/clew/audit/internal/raced"
	"example.com/clew/audit/internal/storetest"
	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/require"
)

// changes are the changes that other processes may make while a store is searched.
var changes = []struct {
	name   string
	change func(testing.TB, *corpus, *journaled)
}{
	{"segments are sealed", func(_ testing.TB, _ *corpus, j *journaled) {
		j.mu.Lock()
		defer j.mu.Unlock()
		for name, data := range j.journal {
			if id, ok := strings.CutSuffix(name, ".journal"); ok {
				delete(j.journal, name)
				j.journal[id+".sealed"] = data
			}
		}
	}},
	{"segments are packed and deleted", packAll},
	{"segments are packed, and not yet deleted", func(tb testing.TB, c *corpus, j *journaled) {
		for _, id := range c.ids {
			c.pack(tb, j.Memory, id)
		}
	}},
	{"files are merged", mergeAll},
	{"segments are packed, and the files merged", func(tb testing.TB, c *corpus, j *journaled) {
		packAll(tb, c, j)
		mergeAll(tb, c, j)
	}},
	{"files are merged, and the sources not yet deleted", func(tb testing.TB, c *corpus, j *journaled) {
		other := &journaled{Memory: j.Memory.Copy()}
		mergeAll(tb, c, other)
		for name, data := range other.Files() {
			require.NoError(tb, j.Memory.Put(tb.Context(), name, bytes.NewReader(data), int64(len(data))))
		}
	}},
}

func packAll(tb testing.TB, c *corpus, j *journaled) {
	for _, id := range c.ids {
		j.mu.Lock()
		_, sealed := j.journal[id+".sealed"]
		_, active := j.journal[id+".journal"]
		j.mu.Unlock()
		if sealed || active {
			c.pack(tb, j.Memory, id)
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	clear(j.journal)
}

func mergeAll(tb testing.TB, _ *corpus, j *journaled) {
	_, err := lake.Compact(tb.Context(), j.Memory, lake.CompactOptions{After: -1e6 * time.Hour})
	require.NoError(tb, err)
}

func copyOf(j *journaled) *journaled {
	return &journaled{Memory: j.Memory.Copy(), journal: maps.Clone(j.journal)}
}

// TestNeverTwiceNeverMissed changes the store in the middle of a search. Each run of the search
// has the change before a different operation. The answer is always the same.
func TestNeverTwiceNeverMissed(t *testing.T) {
	c := newCorpus(t, 6000, 15, 2, 1000)
	item := c.events[3000].Context["item"]
	fresh := c.store(t, 2)
	merged := copyOf(fresh) // a store whose files were merged before the search
	mergeAll(t, c, merged)
	require.Less(t, len(merged.Files()), len(fresh.Files()))
	for _, q := range []lake.Query{
		{Since: began}, {Since: began, Values: []string{item}}, {Since: began, App: "media-api", Limit: 40},
	} {
		want := c.answer(&q)
		require.NotEmpty(t, want)
		for _, change := range changes {
			for at := 1; ; at += raced.Or(3, 1) {
				j := copyOf(fresh)
				if at/3%2 == 0 {
					j = copyOf(merged)
				}
				j.at, j.change = at, func(j *journaled) { change.change(t, c, j) }
				got, report := collect(t, q, j)
				name := fmt.Sprintf("%s at operation %d of %d", change.name, at, j.ops)
				require.Empty(t, report.Skipped, name)
				require.Len(t, got, len(want), name)
				require.True(t, reflect.DeepEqual(want, got), name)
				if at > j.ops {
					break
				}
			}
		}
	}
}

// TestJournalInAnotherStore searches a journal in one store, and the files of the same segments in
// another store.
func TestJournalInAnotherStore(t *testing.T) {
	c := newCorpus(t, 4000, 15, 2, 1000)
	q := lake.Query{Since: began}
	want := c.answer(&q)
	j := c.store(t, 2)
	files := &journaled{Memory: j.Memory}
	j.Memory = new(storetest.Memory)
	for _, id := range c.ids {
		c.pack(t, files.Memory, id)
	}
	got, _ := collect(t, q, j, files)
	require.True(t, reflect.DeepEqual(want, got), "%d events, want %d", len(got), len(want))
	got, _ = collect(t, q, files, files, j, j)
	require.True(t, reflect.DeepEqual(want, got), "%d events, want %d", len(got), len(want))
}
