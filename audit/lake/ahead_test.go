package lake_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/audit/internal/raced"
	"example.com/clew/audit/internal/storetest"
	"example.com/clew/audit/internal/table"
	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// slow is a store whose Open takes some time. It counts calls of Open, and open readers.
type slow struct {
	*storetest.Memory
	wait time.Duration

	mu         sync.Mutex
	now, most  int // calls of Open that run now, and the most that ran at the same time
	opens      int
	open, held int // open readers now, and the most at any time
}

func (s *slow) Open(ctx context.Context, name string) (lake.Reader, error) {
	s.mu.Lock()
	s.opens++
	s.now++
	s.most = max(s.most, s.now)
	s.mu.Unlock()
	time.Sleep(s.wait)
	r, err := s.Memory.Open(ctx, name)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now--
	if err == nil {
		s.open++
		s.held = max(s.held, s.open)
	}
	return &slowReader{r, s}, err
}

type slowReader struct {
	lake.Reader
	of *slow
}

func (r *slowReader) Close() error {
	r.of.mu.Lock()
	r.of.open--
	r.of.mu.Unlock()
	return r.Reader.Close()
}

// day is the number of partitions of newSlow: those of a day, or of a third of a day under the
// race detector.
var day = raced.Or(96, 288)

// newSlow returns a store with as many partitions as day says. Each partition has one file.
func newSlow(t *testing.T) *slow {
	s := &slow{Memory: new(storetest.Memory)}
	for i := range day {
		in := lake.Partition(start.Add(time.Duration(i) * lake.PartitionSpan))
		add(t, s, in+id(i)+".parquet", file(t, uint64(i), 10, table.Meta{Segment: id(i)}))
	}
	return s
}

var slowQuery = lake.Query{Since: start.Add(-time.Hour), Until: start.Add(25 * time.Hour)}

// In the test's bubble of synctest, Open takes a second. No page may be read, because zstd's
// decoder has goroutines outside of the bubble.
func TestFilesAreOpenedAtOnce(t *testing.T) {
	s := newSlow(t)
	s.wait = time.Second
	synctest.Test(t, func(t *testing.T) {
		q := slowQuery
		q.Values = []string{"nowhere"}
		begin := time.Now()
		n, err := lake.Count(t.Context(), q, nil, s)
		require.NoError(t, err)
		assert.Zero(t, n)
		assert.Equal(t, 16, s.most)
		assert.Less(t, time.Since(begin), time.Duration(day/9)*time.Second, "one open after the other would take one second for each file")
	})
}

func TestFilesAreOpenedAhead(t *testing.T) {
	data := newSlow(t)
	for _, tt := range []struct {
		name    string
		change  func(*lake.Query)
		opens   int
		endsFor int // the loop ends after this number of events; -1: it ends after the last one
	}{
		{"a value that no file has", func(q *lake.Query) { q.Values = []string{"nowhere"} }, day, -1},
		{"all events", func(*lake.Query) {}, day, -1},
		{"the newest, which are in the last partition", func(q *lake.Query) { q.Limit = 10 }, 16 + 1, -1}, // 16 files are opened for the estimate
		{"a loop that ends early", func(*lake.Query) {}, 16 + 1 + 4, 50},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &slow{Memory: data.Memory}
			q, plans := slowQuery, []lake.Plan{}
			tt.change(&q)
			q.Plan = func(p lake.Plan) {
				assert.Zero(t, s.opens, "Plan is called before a file is opened")
				plans = append(plans, p)
			}
			n := 0
			for _, err := range lake.Find(t.Context(), q, nil, s) {
				require.NoError(t, err)
				if n++; n == tt.endsFor {
					break
				}
			}
			assert.Equal(t, tt.opens, s.opens)
			assert.LessOrEqual(t, s.held, 16+2*32)
			assert.Zero(t, s.open, "all readers are closed")
			require.Len(t, plans, 1)
			assert.Equal(t, day, plans[0].Partitions)
			assert.Equal(t, day, plans[0].Files)
			assert.Positive(t, plans[0].Bytes)
		})
	}
}

// A damaged file that was opened ahead is reported only if the search gets to this file.
func TestAheadSaysNoDamage(t *testing.T) {
	s := new(storetest.Memory)
	const files, damaged = 40, 35
	for i := range files {
		data := file(t, uint64(i), 10, table.Meta{Segment: id(i)})
		if i == damaged {
			data = data[:len(data)/2]
		}
		add(t, s, lake.Partition(start.Add(time.Duration(i)*lake.PartitionSpan))+id(i)+".parquet", data)
	}
	q := slowQuery
	q.Values = []string{"nowhere"}
	_, report := collect(t, q, s)
	require.Len(t, report.Skipped, 1)

	q.Values, q.Limit = nil, 1
	all, report := collect(t, q, s)
	require.Len(t, all, 1)
	assert.Empty(t, report.Skipped)
	q.TraceID = all[0].TraceID // with a trace ID, many files are opened ahead
	all, report = collect(t, q, s)
	require.Len(t, all, 1)
	assert.Empty(t, report.Skipped)
	assert.Equal(t, 1, report.Partitions)
}

// keeping is a store that counts the open readers that keep data in memory: those from which more
// than the end of the file was read.
type keeping struct {
	*slow
	keep, most int
}

func (k *keeping) Open(ctx context.Context, name string) (lake.Reader, error) {
	r, err := k.slow.Open(ctx, name)
	return &keepingReader{Reader: r, of: k}, err
}

type keepingReader struct {
	lake.Reader
	of    *keeping
	keeps bool
}

func (r *keepingReader) ReadAt(p []byte, at int64) (int, error) {
	r.of.mu.Lock()
	if at < r.Size()/2 && !r.keeps {
		r.keeps = true
		r.of.keep++
		r.of.most = max(r.of.most, r.of.keep)
	}
	r.of.mu.Unlock()
	return r.Reader.ReadAt(p, at)
}

func (r *keepingReader) Close() error {
	r.of.mu.Lock()
	if r.keeps {
		r.of.keep--
	}
	r.of.mu.Unlock()
	return r.Reader.Close()
}

// A file is closed after it was searched, unless its rows are read later. Few of the files whose
// rows are read later stay open.
func TestFewReadersKeepData(t *testing.T) {
	data := new(storetest.Memory)
	const files, rows = 40, 1500 // more rows than fewHits
	content := file(t, 1, rows, table.Meta{})
	require.Greater(t, len(content), 64<<10)
	for i := range files {
		add(t, data, part+id(i)+".parquet", content)
	}
	found, _ := collect(t, lake.Query{Since: start, Limit: 1}, data)
	require.Len(t, found, 1)
	atOnce := 2 * runtime.GOMAXPROCS(0)
	for _, tt := range []struct {
		name        string
		q           lake.Query
		want        int
		most, opens int
	}{
		{"few hits in each file", lake.Query{TraceID: found[0].TraceID}, files, atOnce, files},
		{"all rows of each file", lake.Query{Limit: 2000}, 2000, 16 + atOnce, 2*files - 16},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &keeping{slow: &slow{Memory: data}}
			tt.q.Since = start
			all, _ := collect(t, tt.q, s)
			assert.GreaterOrEqual(t, len(all), tt.want)
			assert.LessOrEqual(t, s.most, tt.most)
			assert.Positive(t, s.most)
			assert.LessOrEqual(t, s.opens, tt.opens)
			assert.Zero(t, s.keep, "all readers are closed")
		})
	}
}
