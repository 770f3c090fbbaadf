package pack_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"example.com/clew/audit/internal/pack"
	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/internal/storetest"
	"example.com/clew/audit/internal/table"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func open(tb testing.TB, data []byte) *parquet.File {
	tb.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	require.NoError(tb, err)
	return f
}

// packed packs a segment whose events are all in one partition, and returns the Parquet file.
func packed(tb testing.TB, path string) []byte {
	tb.Helper()
	store := new(storetest.Memory)
	_, err := pack.Segment(tb.Context(), store, path)
	require.NoError(tb, err)
	require.Len(tb, store.Files(), 1)
	for _, data := range store.Files() {
		return data
	}
	return nil
}

func TestMetadata(t *testing.T) {
	f := open(t, packed(t, segmentOf(t, "app", []event{{us: 2_000_001}, {us: 1}, {us: 1_000_000}})))
	for key, want := range map[string]string{
		table.MetaVersion: "devel",
		table.MetaForm:    "1",
		table.MetaSegment: segment.NewID(1, 2),
		table.MetaBegin:   "1970-01-01T00:00:00.000001Z",
		table.MetaEnd:     "1970-01-01T00:00:02.000001Z",
	} {
		got, ok := f.Lookup(key)
		assert.True(t, ok, key)
		assert.Equal(t, want, got, key)
	}
	for _, key := range []string{table.MetaReplaces, table.MetaManyMessages} {
		_, ok := f.Lookup(key)
		assert.False(t, ok, key)
	}
	assert.Equal(t, table.Schema.String(), f.Schema().String())
	assert.Equal(t, "clew version devel", f.Metadata().CreatedBy)
}

func TestBloomFilters(t *testing.T) {
	path, _ := madeSegment(t, 200_000, 500_000)
	f := open(t, packed(t, path))
	require.Len(t, f.RowGroups(), 2)
	for _, group := range f.RowGroups() {
		for column, chunk := range group.ColumnChunks() {
			filter := chunk.BloomFilter()
			if column != table.TraceID && column != table.ContextValue {
				require.Nil(t, filter)
				continue
			}
			require.NotNil(t, filter)
			distinct := checkFilter(t, filter, chunk)
			// A filter has at least ten bits for each distinct string, and at most twice as many.
			assert.GreaterOrEqual(t, filter.Size()*8, int64(10*distinct))
			assert.LessOrEqual(t, filter.Size()*8, int64(2*10*distinct))
			found := 0
			for i := range 10_000 {
				ok, err := filter.Check(parquet.ValueOf(fmt.Sprint("not there ", i)))
				require.NoError(t, err)
				if ok {
					found++
				}
			}
			assert.Less(t, found, 200)
		}
	}
}

// checkFilter checks that the filter contains each value of the column, and returns the number of
// distinct values.
func checkFilter(t *testing.T, filter parquet.BloomFilter, chunk parquet.ColumnChunk) int {
	distinct := map[string]bool{}
	eachPage(t, chunk, func(_ int, values []parquet.Value) {
		for _, v := range values {
			if s := v.String(); !v.IsNull() && !distinct[s] {
				distinct[s] = true
				ok, err := filter.Check(v)
				require.NoError(t, err)
				require.True(t, ok, s)
			}
		}
	})
	return len(distinct)
}

func eachPage(t *testing.T, chunk parquet.ColumnChunk, see func(page int, values []parquet.Value)) {
	pages := chunk.Pages()
	defer pages.Close()
	for i := 0; ; i++ {
		page, err := pages.ReadPage()
		if err != nil {
			return
		}
		values := make([]parquet.Value, page.NumValues())
		n, _ := page.Values().ReadValues(values)
		require.EqualValues(t, page.NumValues(), n)
		see(i, values)
	}
}

// The bounds of the column index include all values of a page.
func TestColumnIndex(t *testing.T) {
	var events []event
	for i := range 20_000 {
		e := event{us: int64(i * 13 % 1000), trace: fmt.Sprintf("%08d", i/3), message: fmt.Sprint(i % 7)}
		if i > 9000 {
			e.names = []string{strings.Repeat("n", i%200)}
			e.pairs = []string{"k", fmt.Sprint(i) + strings.Repeat("\U0010ffff", i%40), "é", strings.Repeat("é", i%100)}
		}
		events = append(events, e)
	}
	f := open(t, packed(t, segmentOf(t, "app", events)))
	for _, group := range f.RowGroups() {
		for column, chunk := range group.ColumnChunks() {
			index, err := chunk.ColumnIndex()
			require.NoError(t, err)
			pages := 0
			eachPage(t, chunk, func(page int, values []parquet.Value) {
				pages++
				checkPage(t, chunk.Type(), index, page, values)
			})
			assert.Equal(t, index.NumPages(), pages)
			assert.Greater(t, pages, 1)
			assert.Equal(t, column == table.TraceID, index.IsAscending(), column)
		}
	}
}

func checkPage(t *testing.T, kind parquet.Type, index parquet.ColumnIndex, page int, values []parquet.Value) {
	nulls := 0
	for _, v := range values {
		if v.IsNull() {
			nulls++
			continue
		}
		require.LessOrEqual(t, kind.Compare(index.MinValue(page), v), 0)
		require.GreaterOrEqual(t, kind.Compare(index.MaxValue(page), v), 0)
	}
	require.EqualValues(t, nulls, index.NullCount(page))
	require.Equal(t, nulls == len(values), index.NullPage(page))
	if kind.Kind() == parquet.ByteArray {
		require.LessOrEqual(t, len(index.MinValue(page).ByteArray()), 64)
		require.LessOrEqual(t, len(index.MaxValue(page).ByteArray()), 68)
	}
}

// Single rows can be read with the offset index.
func TestOffsetIndex(t *testing.T) {
	path, _ := madeSegment(t, 140_000, 500_000)
	data := packed(t, path)
	want, f := readRows(t, data), open(t, data)
	first := int64(0)
	for _, group := range f.RowGroups() {
		for _, row := range []int64{0, 1, 5000, 8191, 8192, group.NumRows() - 1} {
			if row >= group.NumRows() {
				continue
			}
			rows := parquet.NewGenericRowGroupReader[table.Row](group, table.Schema)
			require.NoError(t, rows.SeekToRow(row))
			got := make([]table.Row, 1)
			_, _ = rows.Read(got)
			normalize(&got[0])
			require.Equal(t, want[first+row], got[0], row)
			require.NoError(t, rows.Close())
		}
		first += group.NumRows()
	}
}

func TestSize(t *testing.T) {
	const n = 300_000 // in larger segments, an event takes fewer bytes
	path, jsonBytes := madeSegment(t, n, 500_000)
	size := len(packed(t, path))
	t.Logf("an event takes %.2f B, and %.1f B as a line of JSON", float64(size)/n, float64(jsonBytes)/n)
	assert.LessOrEqual(t, size, 12*n)
	assert.LessOrEqual(t, 20*size, jsonBytes)
}
