package read_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"example.com/clew/audit/internal/raced"
	"example.com/clew/audit/internal/storetest"
	"example.com/clew/audit/internal/table"
	"example.com/clew/audit/internal/table/read"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// everything calls all methods of a file, and returns its rows.
func everything(file []byte) (rows []read.Row, err error) {
	f, err := read.Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, err
	}
	for n := range f.Groups() {
		_, err1 := f.Group(n).Search(all(read.Filter{Values: []string{"instagram"}, Pairs: [][2]string{{"network", "instagram"}}}))
		_, err2 := f.Group(n).Search(all(read.Filter{TraceIDs: []string{"463ac35c9f6413ad"}}))
		_, err3 := f.Group(n).Touched(all(read.Filter{AnyValue: []string{"instagram"}}), 10)
		_, err4 := f.Group(n).Sample()
		_, err5 := f.Group(n).Strings(table.App)
		f.Cost(all(read.Filter{App: "media-rank"}), true)
		if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
			return nil, err
		}
	}
	return find(f, all(read.Filter{}))
}

// TestDamage flips a bit, or cuts the file. The result is an error, or rows of the file.
func TestDamage(t *testing.T) {
	rows := rowsOf(2000)
	file := fileOf(t, rows)
	r := rand.New(rand.NewPCG(3, 4))
	failed := 0
	files := raced.Or(200, 1000)
	for range files {
		damaged := bytes.Clone(file)
		at := r.IntN(len(file))
		if r.IntN(10) == 0 {
			damaged = damaged[:at]
		} else {
			damaged[at] ^= 1 << r.IntN(8)
			if at < len(damaged)-8 && r.IntN(2) == 0 { // the seal is made valid again, so that the damaged footer is parsed
				damaged = storetest.Seal(damaged)
			}
		}
		got, err := everything(damaged)
		if err != nil {
			failed++
			continue
		}
		require.True(t, reflect.DeepEqual(rows, got) || len(got) < len(rows), "bit %d", at)
		for _, row := range got {
			_, ok := row.Context["network"]
			require.True(t, ok || row.Context == nil || len(row.Context) > 0)
		}
	}
	assert.Greater(t, failed, files/2)
}

func FuzzDamage(f *testing.F) {
	rows := rowsOf(300)
	file := fileOf(f, rows)
	known := map[string]bool{}
	for _, row := range rows {
		known[fmt.Sprint(row)] = true
	}
	f.Add(uint32(len(file)-100), []byte{0xff})
	f.Add(uint32(0), []byte("PAR2"))
	f.Add(uint32(len(file)-2000), []byte{0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, at uint32, change []byte) {
		damaged := bytes.Clone(file)
		copy(damaged[int(at)%(len(damaged)-8):len(damaged)-8], change)
		damaged = storetest.Seal(damaged)
		got, err := everything(damaged)
		if err != nil {
			return
		}
		// With a forged footer, a column can be taken for another one. So only damage in the first
		// half of the file is checked, where checksums protect the pages.
		if int(at)%(len(file)-8) < len(file)/2 {
			for _, row := range got {
				if !known[fmt.Sprint(row)] {
					t.Fatalf("the file does not have this row: %+v", row)
				}
			}
		}
	})
}

func TestOtherFiles(t *testing.T) {
	var theirs bytes.Buffer
	w := parquet.NewGenericWriter[struct{ Name string }](&theirs)
	_, err := w.Write([]struct{ Name string }{{"x"}})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	var alike bytes.Buffer // has the right columns, but no metadata of clew
	rows := parquet.NewGenericWriter[table.Row](&alike, parquet.Compression(&parquet.Zstd))
	_, err = rows.Write([]table.Row{{App: "a"}})
	require.NoError(t, err)
	require.NoError(t, rows.Close())
	ours := fileOf(t, rowsOf(10))
	newer := bytes.Replace(ours, []byte(table.MetaForm+"\x18\x011"), []byte(table.MetaForm+"\x18\x012"), 1)
	require.NotEqual(t, ours, newer)
	for _, test := range []struct {
		name string
		file []byte
		want string
	}{
		{"an empty file", nil, "not a Parquet file"},
		{"a text file", []byte("a text that is long enough"), "not a Parquet file"},
		{"a file without a footer", []byte("PAR1\xff\xff\xff\x7fPAR1"), "damaged footer"},
		{"a length that is too large", []byte("PAR1clew12345678\xff\xff\xff\x00PAR1"), "damaged footer"},
		{"another table", theirs.Bytes(), table.ErrNotOurs.Error()},
		{"another table with a seal", storetest.Seal(theirs.Bytes()), "not a table of audit events"},
		{"a file of another writer, with the same columns", storetest.Seal(alike.Bytes()), "not a file of clew"},
		{"a file of a newer version", storetest.Seal(newer), table.ErrNewer.Error()},
		{"a damaged footer", newer, table.ErrDamaged.Error()},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := read.Open(bytes.NewReader(test.file), int64(len(test.file)))
			assert.ErrorContains(t, err, test.want)
		})
	}
}

// BenchmarkOpen compares Open with parquet-go, which reads the same footer.
func BenchmarkOpen(b *testing.B) {
	file := fileOf(b, rowsOf(300_000))
	b.Run("clew", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := read.Open(bytes.NewReader(file), int64(len(file)))
			require.NoError(b, err)
		}
	})
	b.Run("parquet-go", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
			require.NoError(b, err)
		}
	})
}
