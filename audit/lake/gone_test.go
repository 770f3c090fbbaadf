package lake_test

import (
	"context"
	"fmt"
	"io/fs"
	"sync"
	"testing"
	"time"

	"example.com/clew/audit/internal/raced"
	"example.com/clew/audit/internal/storetest"
	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/require"
)

// afar is a remote store. After a file was deleted, open readers cannot read it either, and Open
// may not notice that it is gone. The store counts its reads from 1. When the count reaches the
// field at, the store calls the function change, and then reads.
type afar struct {
	*storetest.Memory
	at     int
	change func(*storetest.Memory)

	mu     sync.Mutex
	reads  int
	cached map[string]lake.Reader // readers that Open returns without asking the store
}

func (a *afar) Open(ctx context.Context, name string) (lake.Reader, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if r := a.cached[name]; r != nil {
		return &afarReader{r, a, name}, nil
	}
	r, err := a.Memory.Open(ctx, name)
	return &afarReader{r, a, name}, err
}

type afarReader struct {
	lake.Reader
	of   *afar
	name string
}

func (r *afarReader) ReadAt(p []byte, at int64) (int, error) {
	r.of.mu.Lock()
	defer r.of.mu.Unlock()
	if r.of.reads++; r.of.reads == r.of.at {
		r.of.change(r.of.Memory)
	}
	if _, there := r.of.Files()[r.name]; !there {
		delete(r.of.cached, r.name)
		return 0, fmt.Errorf("read %s: %w", r.name, fs.ErrNotExist)
	}
	return r.Reader.ReadAt(p, at)
}

// newAfar returns a store with the files of data. If cached is true, Open does not notice that a
// file is gone.
func newAfar(t *testing.T, data *storetest.Memory, cached bool) *afar {
	a := &afar{Memory: data.Copy(), cached: map[string]lake.Reader{}}
	for name := range data.Files() {
		if cached {
			r, err := data.Open(t.Context(), name)
			require.NoError(t, err)
			a.cached[name] = r
		}
	}
	return a
}

// Files are merged in the middle of a search. Each run of the search merges them before a
// different read. The answer is always the same.
func TestFilesGoWhileTheyAreRead(t *testing.T) {
	c := newCorpus(t, 2000, 8, 2, 500)
	data := c.store(t, 0).Memory
	merge := func(m *storetest.Memory) {
		_, err := lake.Compact(context.Background(), m, lake.CompactOptions{After: -1e6 * time.Hour})
		require.NoError(t, err)
	}
	e := c.events[1000]
	for _, search := range []struct {
		name string
		do   func(*lake.Report, lake.Store) (any, error)
	}{
		{"find", func(r *lake.Report, s lake.Store) (any, error) {
			var all []lake.Event
			for e, err := range lake.Find(t.Context(), lake.Query{Since: began}, r, s) {
				if err != nil {
					return nil, err
				}
				all = append(all, e)
			}
			return all, nil
		}},
		{"count", func(r *lake.Report, s lake.Store) (any, error) {
			return lake.Count(t.Context(), lake.Query{Since: began, Values: []string{e.Context["item"]}}, r, s)
		}},
		{"follow", func(r *lake.Report, s lake.Store) (any, error) {
			return lake.Follow(t.Context(), lake.Query{Since: began, TraceID: e.TraceID}, lake.Bounds{}, r, s)
		}},
		{"stats", func(r *lake.Report, s lake.Store) (any, error) {
			all, err := lake.Stats(t.Context(), time.Time{}, time.Time{}, r, s)
			return eventsOf(all), err
		}},
	} {
		t.Run(search.name, func(t *testing.T) {
			want, err := search.do(new(lake.Report), data)
			require.NoError(t, err)
			for at, reads := 1, 1; at <= reads; at += 1 + reads/raced.Or(4, 8) {
				for _, cached := range []bool{false, true} {
					s, report := newAfar(t, data, cached), new(lake.Report)
					s.at, s.change = at, merge
					got, err := search.do(report, s)
					require.NoError(t, err)
					require.Empty(t, report.Skipped, "read %d", at)
					require.Equal(t, want, got, "read %d", at)
					reads = s.reads
				}
			}
		})
	}
}
