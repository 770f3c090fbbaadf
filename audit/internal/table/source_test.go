package table_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/internal/storetest"
	"example.com/clew/audit/internal/table"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// write returns a file of rows that parquet-go has written, with clew's metadata and seal.
func write(tb testing.TB, form string, rows ...table.Row) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[table.Row](&b, table.Schema, parquet.KeyValueMetadata(table.MetaForm, form))
	_, err := w.Write(rows)
	require.NoError(tb, err)
	require.NoError(tb, w.Close())
	return storetest.Seal(b.Bytes())
}

func source(tb testing.TB, data []byte) *table.Source {
	tb.Helper()
	s, err := table.OpenSource(bytes.NewReader(data), int64(len(data)))
	require.NoError(tb, err)
	tb.Cleanup(s.Close)
	return s
}

func TestOpenSource(t *testing.T) {
	var theirs bytes.Buffer
	require.NoError(t, parquet.Write(&theirs, []struct{ A int }{{1}}))
	var odd bytes.Buffer
	require.NoError(t, parquet.Write(&odd, []struct{ A int }{{1}}, parquet.KeyValueMetadata(table.MetaForm, "1")))
	ours := write(t, "1")
	for _, tt := range []struct {
		name string
		data []byte
		want error // nil: any error
	}{
		{"an empty file", nil, nil},
		{"not Parquet", []byte("PAR1 PAR1"), nil},
		{"a file of another program", theirs.Bytes(), table.ErrNotOurs},
		{"a newer form", write(t, "2"), table.ErrNewer},
		{"an unknown form", write(t, "x"), table.ErrNotOurs},
		{"other columns", storetest.Seal(odd.Bytes()), nil},
		{"a sealed file of another program", storetest.Seal(theirs.Bytes()), table.ErrNotOurs},
		{"a cut file", ours[:len(ours)-1], table.ErrDamaged},
		{"a file without its first byte", ours[1:], nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := table.OpenSource(bytes.NewReader(tt.data), int64(len(tt.data)))
			require.Error(t, err)
			if tt.want != nil {
				require.ErrorIs(t, err, tt.want)
			}
		})
	}
}

// A Source refuses rows that clew does not write.
func TestSourceOfOtherRows(t *testing.T) {
	for _, tt := range []struct {
		name string
		rows []table.Row
		want string
	}{
		{"a trace ID in capitals", []table.Row{{TraceID: "000000000000000A"}}, `"000000000000000A" is not a trace ID`},
		{"a trace ID of letters", []table.Row{{TraceID: "000000000000000x"}}, `"000000000000000x" is not a trace ID`},
		{"a short trace ID", []table.Row{{TraceID: "0a"}}, `"0a" is not a trace ID`},
		{"traces that are out of order", []table.Row{{TraceID: "0000000000000002"}, {TraceID: "0000000000000001"}}, "table: events are not in the order of trace ID and time"},
		{"times that are out of order", []table.Row{{Timestamp: 2}, {Timestamp: 1}}, "table: events are not in the order of trace ID and time"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := source(t, write(t, table.Form, tt.rows...))
			var err error
			for err == nil {
				err = s.Next()
			}
			require.EqualError(t, err, tt.want)
			err = table.Merge(t.Context(), table.NewWriter(), []*table.Source{source(t, fileOf(t)), source(t, write(t, table.Form, tt.rows...))})
			var of *table.SourceError
			require.ErrorAs(t, err, &of)
			assert.Equal(t, 1, of.Source)
		})
	}
}

// If any bit of a file is wrong, the first Next returns an error.
func TestSourceDamage(t *testing.T) {
	var records []*segment.Record
	for i := range 300 {
		records = append(records, record(int64(i), fmt.Sprintf("%08d", i/3), "k", fmt.Sprint(i)))
	}
	whole := fileOf(t, records...)
	require.NoError(t, source(t, whole).Next())
	random := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		data := bytes.Clone(whole)
		at := random.IntN(len(data))
		if random.IntN(4) == 0 {
			data = data[:at]
		} else {
			data[at] ^= 1 << random.IntN(8)
		}
		s, err := table.OpenSource(bytes.NewReader(data), int64(len(data)))
		if err == nil {
			require.NoError(t, table.CheckFooter(bytes.NewReader(data), int64(len(data))))
			err = s.Next()
		}
		require.Error(t, err, at)
	}
}
