package table_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/internal/table"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func record(us int64, trace string, pairs ...string) *segment.Record {
	p := segment.Begin(nil, us, []byte(trace), "app", "m")
	for i := 0; i < len(pairs); i += 2 {
		p = segment.AppendPair(p, pairs[i], pairs[i+1])
	}
	segment.End(p, 0)
	r, _, _ := segment.Next(p)
	return &r
}

func fileOf(tb testing.TB, records ...*segment.Record) []byte {
	tb.Helper()
	w := table.NewWriter()
	for _, r := range records {
		require.NoError(tb, w.Add(r, nil))
	}
	return w.Finish(table.Meta{})
}

func openFile(tb testing.TB, data []byte) *parquet.File {
	tb.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	require.NoError(tb, err)
	return f
}

func column(f *parquet.File, n int) parquet.ColumnChunk { return f.RowGroups()[0].ColumnChunks()[n] }

func TestOrder(t *testing.T) {
	for _, tt := range []struct {
		name   string
		second *segment.Record
		ok     bool
	}{
		{"the same trace and time", record(5, "22222222"), true},
		{"the same trace, later", record(6, "22222222"), true},
		{"the same trace, earlier", record(4, "22222222"), false},
		{"a greater trace, earlier", record(4, "22222223"), true},
		{"a trace of 32 digits", record(4, "22222222\x00\x00\x00\x00\x00\x00\x00\x00"), true},
		{"a lesser trace", record(6, "22222221"), false},
		{"no trace", record(6, ""), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := table.NewWriter()
			require.NoError(t, w.Add(record(5, "22222222"), nil))
			assert.Equal(t, tt.ok, w.Add(tt.second, nil) == nil)
			w.Reset()
			require.NoError(t, w.Add(tt.second, nil), "after Reset, any event may be the first one")
		})
	}
}

// A row has each key once, because SQL engines differ on a map that has a key twice.
func TestKeyTwice(t *testing.T) {
	f := openFile(t, fileOf(t, record(1, "", "a", "1", "b", "2", "a", "3"), record(2, "", "a", "4", "a", "5")))
	for _, n := range []int{table.ContextKey, table.ContextValue} {
		assert.EqualValues(t, 3, column(f, n).NumValues())
	}
	var got []string
	pages := column(f, table.ContextValue).Pages()
	defer pages.Close()
	page, err := pages.ReadPage()
	require.NoError(t, err)
	values := make([]parquet.Value, 3)
	_, _ = page.Values().ReadValues(values)
	for _, v := range values {
		got = append(got, v.String())
	}
	assert.Equal(t, []string{"3", "2", "5"}, got)
}

// The test has files whose indexes of distinct values need 1, 2 and 3 bytes.
func TestManyDistinctValues(t *testing.T) {
	for _, n := range []int{1, 256, 257, 65_536, 65_537} {
		var records []*segment.Record
		for i := range n {
			records = append(records, record(int64(i), "", "k", fmt.Sprint(i)))
		}
		r := parquet.NewGenericReader[table.Row](bytes.NewReader(fileOf(t, records...)), table.Schema)
		rows := make([]table.Row, n)
		read, _ := r.Read(rows)
		require.Equal(t, n, read)
		for i, row := range rows {
			require.Equal(t, fmt.Sprint(i), row.Context["k"])
		}
		require.NoError(t, r.Close())
	}
}

// A Bloom filter consists of blocks of 32 bytes. The number of blocks is a power of two, with at
// least ten bits for each distinct value.
func TestBloomSize(t *testing.T) {
	for _, tt := range []struct{ distinct, bytes int }{{0, 32}, {1, 32}, {25, 32}, {26, 64}, {51, 64}, {52, 128}, {102, 128}, {103, 256}} {
		records := []*segment.Record{record(0, "")}
		for i := range tt.distinct {
			records = append(records, record(int64(i), "", "k", fmt.Sprint(i)))
		}
		f := openFile(t, fileOf(t, records...))
		assert.EqualValues(t, tt.bytes, column(f, table.ContextValue).BloomFilter().Size(), tt.distinct)
	}
}

// Long bounds in the column index are cut so that they are still bounds. Bounds in the statistics
// are never cut.
func TestLongBounds(t *testing.T) {
	highest := strings.Repeat("\U0010ffff", 30)
	for _, tt := range []struct{ name, value, least, greatest string }{
		{"short", "abc", "abc", "abc"},
		{"64 bytes", strings.Repeat("a", 64), strings.Repeat("a", 64), strings.Repeat("a", 64)},
		{"65 bytes", strings.Repeat("a", 65), strings.Repeat("a", 64), strings.Repeat("a", 64) + "\U0010ffff"},
		{"a rune is not cut", strings.Repeat("a", 63) + "éé", strings.Repeat("a", 63), strings.Repeat("a", 63) + "\U0010ffff"},
		{"no short text is greater than the value", highest, highest[:64], highest},
		{"not UTF-8", strings.Repeat("\xff", 70), strings.Repeat("\xff", 64), strings.Repeat("\xff", 70)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := openFile(t, fileOf(t, record(1, "", "k", tt.value)))
			index, err := column(f, table.ContextValue).ColumnIndex()
			require.NoError(t, err)
			assert.Equal(t, tt.least, index.MinValue(0).String())
			assert.Equal(t, tt.greatest, index.MaxValue(0).String())
			stats := f.Metadata().RowGroups[0].Columns[table.ContextValue].MetaData.Statistics
			assert.Equal(t, tt.value, string(stats.MinValue), "bounds in the statistics are not cut")
			assert.Equal(t, tt.value, string(stats.MaxValue))
		})
	}
	f := openFile(t, fileOf(t, record(1, "", "k", strings.Repeat("a", 257))))
	assert.Nil(t, f.Metadata().RowGroups[0].Columns[table.ContextValue].MetaData.Statistics.MaxValue, "a bound of 257 bytes is left out of the statistics")
}

func TestEmptyFile(t *testing.T) {
	data := fileOf(t)
	s, err := table.OpenSource(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	require.ErrorIs(t, s.Next(), io.EOF)
	s.Close()
}

// A Writer uses its memory again for the next file. It allocates a few objects for each page, and
// none for a row.
func TestAllocations(t *testing.T) {
	const n = 20_000
	var records []*segment.Record
	for i := range n {
		records = append(records, record(int64(i), fmt.Sprintf("%08d", i/10), "k", fmt.Sprint(i), "l", "x"))
	}
	w := table.NewWriter()
	allocs := testing.AllocsPerRun(5, func() {
		w.Reset()
		for _, r := range records {
			_ = w.Add(r, nil)
		}
		w.Finish(table.Meta{})
	})
	assert.Less(t, allocs, float64(n/20))
}
