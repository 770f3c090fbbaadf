package read_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"example.com/clew/audit/internal/made"
	"example.com/clew/audit/internal/raced"
	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/internal/table"
	"example.com/clew/audit/internal/table/read"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 11, 27, 4, 10, 0, 0, time.UTC)

// rowsOf returns n rows in the order of a file. Some rows have no trace, no context, or an ID of
// 16 digits.
func rowsOf(n int) []read.Row {
	g := made.New(7, start, 10_000)
	rows := make([]read.Row, n)
	for i := range rows {
		e := g.Next()
		row := read.Row{Time: e.Time, TraceID: hex.EncodeToString(e.TraceID[:]), App: e.App, Message: e.Message, TraceNames: e.TraceNames}
		switch i % 100 {
		case 1:
			row.TraceID = ""
		case 2:
			row.TraceID = row.TraceID[16:]
		}
		if i%50 != 3 {
			row.Context = map[string]string{}
			for _, pair := range e.Context {
				row.Context[pair.Key] = pair.Value
			}
		}
		if i%1000 == 5 {
			row.Context["parent"], row.Context["network"] = row.Context["item"], "other"
		}
		rows[i] = row
	}
	slices.SortStableFunc(rows, func(a, b read.Row) int {
		if c := strings.Compare(a.TraceID, b.TraceID); c != 0 {
			return c
		}
		return int(a.Time - b.Time)
	})
	return rows
}

func fileOf(tb testing.TB, rows []read.Row) []byte {
	w := table.NewWriter()
	for _, row := range rows {
		id, err := hex.DecodeString(row.TraceID)
		require.NoError(tb, err)
		p := segment.Begin(nil, row.Time, id, row.App, row.Message, row.TraceNames...)
		for key, value := range row.Context {
			p = segment.AppendPair(p, key, value)
		}
		segment.End(p, 0)
		r, _, ok := segment.Next(p)
		require.True(tb, ok)
		require.NoError(tb, w.Add(&r, nil))
	}
	return bytes.Clone(w.Finish(table.Meta{Segment: "0123456789abcdef0123456789abcdef", Replaces: []string{"a", "b"}}))
}

// counted counts calls of ReadAt, and the bytes that are read.
type counted struct {
	io.ReaderAt
	reads, bytes atomic.Int64
}

func (c *counted) ReadAt(p []byte, at int64) (int, error) {
	c.reads.Add(1)
	c.bytes.Add(int64(len(p)))
	return c.ReaderAt.ReadAt(p, at)
}

func open(tb testing.TB, file []byte) (*read.File, *counted) {
	c := &counted{ReaderAt: bytes.NewReader(file)}
	f, err := read.Open(c, int64(len(file)))
	require.NoError(tb, err)
	return f, c
}

func all(q read.Filter) *read.Filter {
	if q.Until == 0 {
		q.Since, q.Until = math.MinInt64, math.MaxInt64
	}
	return &q
}

func find(f *read.File, q *read.Filter) (found []read.Row, err error) {
	for n := range f.Groups() {
		group := f.Group(n)
		hits, err := group.Search(q)
		if err != nil {
			return nil, err
		}
		var numbers []uint32
		for _, hit := range hits {
			numbers = append(numbers, hit.Row)
		}
		rows, err := group.Read(numbers)
		if err != nil {
			return nil, err
		}
		for i, row := range rows {
			if row.Time != hits[i].Time {
				return nil, fmt.Errorf("the hit has the time %d, but its row has %d", hits[i].Time, row.Time)
			}
		}
		found = append(found, rows...)
	}
	return found, nil
}

func TestAllRows(t *testing.T) {
	rows := rowsOf(140_000)
	f, _ := open(t, fileOf(t, rows))
	require.Equal(t, 2, f.Groups())
	found, err := find(f, all(read.Filter{}))
	require.NoError(t, err)
	require.Len(t, found, len(rows))
	for i := range rows {
		require.True(t, reflect.DeepEqual(rows[i], found[i]), "%d: %+v, want %+v", i, found[i], rows[i])
	}
	assert.Equal(t, "a b", f.Meta(table.MetaReplaces))
}

// holds reports whether row matches q. It is written as simply as possible.
func holds(q *read.Filter, row read.Row) bool {
	var values []string
	for _, value := range row.Context {
		values = append(values, value)
	}
	for _, value := range q.Values {
		if !slices.Contains(values, value) {
			return false
		}
	}
	for _, pair := range q.Pairs {
		if value, ok := row.Context[pair[0]]; !ok || value != pair[1] {
			return false
		}
	}
	return (len(q.TraceIDs) == 0 || slices.Contains(q.TraceIDs, row.TraceID)) &&
		(len(q.AnyValue) == 0 || slices.ContainsFunc(q.AnyValue, func(v string) bool { return slices.Contains(values, v) })) &&
		(q.App == "" || q.App == row.App) && (q.Message == "" || q.Message == row.Message) &&
		(q.TraceName == "" || slices.Contains(row.TraceNames, q.TraceName)) &&
		row.Time >= q.Since && row.Time < q.Until
}

// question makes a random Filter. Usually, there are rows that match it.
func question(r *rand.Rand, rows []read.Row) *read.Filter {
	one, other := rows[r.IntN(len(rows))], rows[r.IntN(len(rows))]
	q := read.Filter{Since: math.MinInt64, Until: math.MaxInt64}
	some := func(n int) bool { return r.IntN(n) == 0 }
	if some(3) {
		q.TraceIDs = []string{one.TraceID, "463ac35c9f6413ad"}
	}
	if some(3) {
		q.Values = append(q.Values, one.Context["item"])
	}
	if some(4) {
		q.Values = append(q.Values, one.Context["network"])
	}
	if some(4) {
		q.Pairs = append(q.Pairs, [2]string{"network", other.Context["network"]})
	}
	if some(6) {
		q.Pairs = append(q.Pairs, [2]string{"item", one.Context["item"]})
	}
	if some(6) {
		q.AnyValue = []string{one.Context["item"], other.Context["network_id"], "nobody's"}
	}
	if some(4) {
		q.App = one.App
	}
	if some(6) {
		q.Message = one.Message
	}
	if some(8) {
		q.TraceName = "slow_augmenters"
	}
	if some(4) {
		q.Since, q.Until = min(one.Time, other.Time), max(one.Time, other.Time)
	}
	if q.TraceIDs == nil && q.Values == nil && q.Pairs == nil {
		q.AnyValue = append(q.AnyValue, other.Context["client_id"]) // otherwise all rows would match, which TestAllRows tests
	}
	return &q
}

func TestRandomQuestions(t *testing.T) {
	rows := rowsOf(150_000)
	f, _ := open(t, fileOf(t, rows))
	r := rand.New(rand.NewPCG(1, 2))
	some := 0
	questions := raced.Or(12, 60)
	for range questions {
		q := question(r, rows)
		var want []read.Row
		for _, row := range rows {
			if holds(q, row) {
				want = append(want, row)
			}
		}
		got, err := find(f, q)
		require.NoError(t, err, "%+v", q)
		require.Equal(t, len(want), len(got), "%+v", q)
		require.True(t, reflect.DeepEqual(want, got), "%+v", q)
		if len(want) > 0 {
			some++
		}
	}
	assert.Greater(t, some, questions/2)
}

// TestEdges searches for rows at the edges of pages, row groups and files.
func TestEdges(t *testing.T) {
	rows := rowsOf(140_000)
	f, _ := open(t, fileOf(t, rows))
	require.Equal(t, 2, f.Groups())
	const page = 8 << 10
	for at := page; at < len(rows); at += page {
		for _, row := range []read.Row{rows[at-1], rows[at], rows[len(rows)-1]} {
			if row.TraceID == "" {
				continue
			}
			q := all(read.Filter{TraceIDs: []string{row.TraceID}})
			got, err := find(f, q)
			require.NoError(t, err)
			var want []read.Row
			for _, r := range rows {
				if r.TraceID == row.TraceID {
					want = append(want, r)
				}
			}
			require.True(t, reflect.DeepEqual(want, got), row.TraceID)
		}
	}
	first := slices.MinFunc(rows, func(a, b read.Row) int { return int(a.Time - b.Time) })
	last := slices.MaxFunc(rows, func(a, b read.Row) int { return int(a.Time - b.Time) })
	for _, q := range []*read.Filter{{Since: last.Time, Until: last.Time + 1}, {Since: 0, Until: first.Time + 1}} {
		got, err := find(f, q)
		require.NoError(t, err)
		require.Len(t, got, 1)
	}
	none, err := find(f, &read.Filter{Since: 0, Until: first.Time})
	require.NoError(t, err)
	assert.Empty(t, none)
}

// TestValueInsideAnother searches for a value whose encoding is also a part of another value.
func TestValueInsideAnother(t *testing.T) {
	rows := []read.Row{
		{Time: 1, Context: map[string]string{"a": "x\x03\x00\x00\x00abc"}},
		{Time: 2, Context: map[string]string{"a": "abc", "b": "\x03\x00\x00\x00abc"}},
		{Time: 3, Context: map[string]string{"b": "abcd"}},
		{Time: 4, Context: map[string]string{"b": ""}},
	}
	f, _ := open(t, fileOf(t, rows))
	for value, want := range map[string]int64{"abc": 2, "abcd": 3, "x\x03\x00\x00\x00abc": 1, "": 4} {
		got, err := find(f, all(read.Filter{Values: []string{value}}))
		require.NoError(t, err)
		require.Len(t, got, 1, "%q", value)
		assert.Equal(t, want, got[0].Time)
	}
	got, err := find(f, all(read.Filter{Pairs: [][2]string{{"b", "abc"}}}))
	require.NoError(t, err)
	assert.Empty(t, got)
	got, err = find(f, all(read.Filter{AnyValue: []string{"abc", "abcd", "1", "2", "3"}}))
	require.NoError(t, err)
	assert.Len(t, got, 2)
}
