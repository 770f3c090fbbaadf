package lake_test

import (
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"example.com/clew/audit/internal/made"
	"example.com/clew/audit/internal/pack"
	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/require"
)

// perFile is the approximate number of events in a segment of a busy service.
const perFile = 857_000

// benchLake is a directory of synthetic events: a million, or the number in CLEW_BENCH_EVENTS. A
// file has about perFile events. The benchmarks look for a trace and an item in the file in the
// middle.
type benchLake struct {
	store       lake.Store
	trace, item string
	events      int
}

var theBenchLake = struct {
	sync.Once
	lake *benchLake
	dir  string
}{}

func newBenchLake(tb testing.TB) *benchLake {
	b := &theBenchLake
	b.Do(func() {
		n := 1_000_000
		if text := os.Getenv("CLEW_BENCH_EVENTS"); text != "" {
			var err error
			n, err = strconv.Atoi(text)
			require.NoError(tb, err)
		}
		var err error
		b.dir, err = os.MkdirTemp("", "clew-bench-")
		require.NoError(tb, err)
		b.lake = &benchLake{store: lake.Dir(b.dir), events: n}
		var wg sync.WaitGroup
		files := (n + perFile - 1) / perFile
		for from := range 2 {
			wg.Go(func() {
				for i := from; i < files; i += 2 {
					b.lake.write(tb, b.dir, i, min(perFile, n-i*perFile), i == files/2)
				}
			})
		}
		wg.Wait()
	})
	return b.lake
}

func (b *benchLake) write(tb testing.TB, dir string, number, n int, chosen bool) {
	begin := began.Add(time.Duration(number) * perFile * 2 * time.Microsecond)
	g := made.New(uint64(number), begin, 500_000)
	id := segment.NewID(begin.UnixMicro(), uint64(number))
	data := segment.AppendHeader(nil, segment.Header{ID: id, App: "media-api"})
	for i := 0; i < n; {
		block := make([]byte, segment.BlockHead, 1<<20)
		for ; len(block) < 1<<20-1000 && i < n; i++ {
			e := g.Next()
			if chosen && i == n/2 {
				b.trace, b.item = hex.EncodeToString(e.TraceID[:]), e.Context[1].Value
			}
			block = e.AppendRecord(block)
		}
		segment.PutBlockHead(block)
		data = append(data, block...)
	}
	path := filepath.Join(dir, "_segment"+strconv.Itoa(number))
	if err := os.WriteFile(path, data, 0o600); err != nil {
		tb.Error(err)
	}
	if _, err := pack.Segment(context.Background(), b.store, path); err != nil {
		tb.Error(err)
	}
	os.Remove(path)
}

func (b *benchLake) find(tb *testing.B, q lake.Query) {
	q.Now = began.Add(time.Hour)
	var report lake.Report
	n := 0
	for tb.Loop() {
		n = 0
		for _, err := range lake.Find(tb.Context(), q, &report, b.store) {
			require.NoError(tb, err)
			n++
		}
	}
	require.NotZero(tb, n)
	tb.ReportMetric(float64(report.Bytes), "readB/op")
	tb.ReportMetric(float64(report.Reads), "reads/op")
	tb.ReportMetric(float64(n), "events")
}

// BenchmarkFindTrace finds a trace by its ID.
func BenchmarkFindTrace(b *testing.B) {
	l := newBenchLake(b)
	l.find(b, lake.Query{TraceID: l.trace})
}

// BenchmarkFindValue finds a value that is in one or two traces.
func BenchmarkFindValue(b *testing.B) {
	l := newBenchLake(b)
	l.find(b, lake.Query{Values: []string{l.item}})
}

// BenchmarkFindPair finds a value under its key.
func BenchmarkFindPair(b *testing.B) {
	l := newBenchLake(b)
	l.find(b, lake.Query{Context: map[string]string{"network_id": l.item}})
}

// BenchmarkCountApp is for comparison: it reads a column of all files.
func BenchmarkCountApp(b *testing.B) {
	l := newBenchLake(b)
	for b.Loop() {
		n, err := lake.Count(b.Context(), lake.Query{App: "media-rank", Now: began.Add(time.Hour)}, nil, l.store)
		require.NoError(b, err)
		require.NotZero(b, n)
	}
}

// BenchmarkFollow follows a value over two hops.
func BenchmarkFollow(b *testing.B) {
	l := newBenchLake(b)
	var report lake.Report
	for b.Loop() {
		story, err := lake.Follow(b.Context(), lake.Query{Values: []string{l.item}, Now: began.Add(time.Hour)}, lake.Bounds{}, &report, l.store)
		require.NoError(b, err)
		require.NotEmpty(b, story.Events)
	}
	b.ReportMetric(float64(report.Bytes), "readB/op")
}
