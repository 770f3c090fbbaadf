package pack_test

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/internal/table"
	"example.com/clew/audit/lake"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/require"
)

// rowsOf decodes a segment in the simplest way. It returns the rows of each file, by name.
func rowsOf(tb testing.TB, data []byte) map[string][]table.Row {
	tb.Helper()
	header, blocks, err := segment.ReadHeader(data)
	require.NoError(tb, err)
	files := map[string][]table.Row{}
	for {
		records, rest, ok := segment.NextBlock(blocks)
		if !ok {
			break
		}
		blocks = rest
		for len(records) > 0 {
			r, rest, ok := segment.Next(records)
			if !ok {
				blocks = nil
				break
			}
			records = rest
			name := lake.Partition(time.UnixMicro(r.Time)) + header.ID + lake.Suffix
			files[name] = append(files[name], rowOf(&r, header.App))
		}
	}
	for _, rows := range files {
		slices.SortStableFunc(rows, func(a, b table.Row) int {
			return cmp.Or(cmp.Compare(a.TraceID, b.TraceID), cmp.Compare(a.Timestamp, b.Timestamp))
		})
	}
	return files
}

func rowOf(r *segment.Record, app string) table.Row {
	row := table.Row{
		Timestamp: r.Time,
		TraceID:   hex.EncodeToString(r.TraceID),
		App:       app,
		Message:   string(r.Message),
		Context:   map[string]string{},
	}
	if r.App != nil {
		row.App = string(r.App)
	}
	for key, value := range r.Pairs() {
		row.Context[string(key)] = string(value)
	}
	for name := range r.Names() {
		row.TraceNames = append(row.TraceNames, string(name))
	}
	return row
}

// readRows returns the rows of a file. It uses the generic reader of parquet-go, not clew's
// reader.
func readRows(tb testing.TB, data []byte) (rows []table.Row) {
	tb.Helper()
	r := parquet.NewGenericReader[table.Row](bytes.NewReader(data), table.Schema)
	defer func() { require.NoError(tb, r.Close()) }()
	some := make([]table.Row, 100)
	for {
		clear(some)
		n, err := r.Read(some)
		rows = append(rows, some[:n]...)
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(tb, err)
	}
	for i := range rows {
		normalize(&rows[i])
	}
	return rows
}

// normalize gives an empty map or list the same form as rowOf: a map that is not nil, and a nil
// slice.
func normalize(row *table.Row) {
	if row.Context == nil {
		row.Context = map[string]string{}
	}
	if len(row.TraceNames) == 0 {
		row.TraceNames = nil
	}
}
