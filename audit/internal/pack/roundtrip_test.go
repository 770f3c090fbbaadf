package pack_test

import (
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/clew/audit/internal/pack"
	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/internal/storetest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// roundTrip packs the segment at path, and compares the rows of the files with the records of the
// segment. It returns the result of the packing, and the store with the files.
func roundTrip(tb testing.TB, path string) (pack.Result, *storetest.Memory) {
	tb.Helper()
	store := new(storetest.Memory)
	r, err := pack.Segment(tb.Context(), store, path)
	require.NoError(tb, err)
	data, err := os.ReadFile(path)
	require.NoError(tb, err)
	want, got := rowsOf(tb, data), store.Files()
	require.Equal(tb, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)))
	events, size := 0, 0
	for name, rows := range want {
		require.Equal(tb, rows, readRows(tb, got[name]), name)
		events += len(rows)
		size += len(got[name])
	}
	require.Equal(tb, events, r.Events)
	require.Equal(tb, len(want), r.Files)
	require.EqualValues(tb, size, r.Bytes)
	return r, store
}

func TestRoundTripOfMadeEvents(t *testing.T) {
	path, _ := madeSegment(t, 100_000, 200) // 8 minutes, which are in 2 partitions
	r, _ := roundTrip(t, path)
	assert.Equal(t, 100_000, r.Events)
	assert.Equal(t, 2, r.Files)
	assert.Zero(t, r.Damaged)
	assert.Empty(t, r.ManyMessages)
}

// event describes the record of an event.
type event struct {
	us      int64
	trace   string // the bytes of the trace ID
	app     string
	message string
	names   []string
	pairs   []string
}

func (e event) append(p []byte) []byte {
	at := len(p)
	p = segment.Begin(p, e.us, []byte(e.trace), e.app, e.message, e.names...)
	for i := 0; i < len(e.pairs); i += 2 {
		p = segment.AppendPair(p, e.pairs[i], e.pairs[i+1])
	}
	segment.End(p, at)
	return p
}

func segmentOf(tb testing.TB, app string, events []event) string {
	return makeSegment(tb, segment.NewID(1, 2), app, func(p []byte) []byte {
		if len(events) > 0 {
			p = events[0].append(p)
			events = events[1:]
		}
		return p
	})
}

func many(n int, of func(i int) []string) (all []string) {
	for i := range n {
		all = append(all, of(i)...)
	}
	return all
}

const (
	short = "\x00\x00\x00\x00\x00\x00\x00\x01"
	zero  = "\x00\x00\x00\x00\x00\x00\x00\x00"
)

var hostile = []struct {
	name   string
	events []event
}{
	{"no events", nil},
	{"an empty event", []event{{}}},
	{"empty strings", []event{{pairs: []string{"", "", "a", "", "", "b"}, names: []string{"", ""}}}},
	{"events without pairs among events with pairs", []event{{}, {pairs: []string{"a", "b"}}, {}, {pairs: []string{"a", "b"}}, {}}},
	{"a key twice", []event{{pairs: []string{"a", "1", "b", "2", "a", "3", "a", "4"}}, {pairs: []string{"a", "1", "b", "2", "a", "3", "a", "4"}}, {pairs: []string{"a", "4"}}}},
	{"1,000 pairs", []event{{pairs: many(1000, func(i int) []string { return []string{strconv.Itoa(i), strconv.Itoa(-i)} })}}},
	{"1,000 names", []event{{names: many(1000, func(i int) []string { return []string{strconv.Itoa(i % 700)} })}, {}}},
	{"strings of 64 KB", []event{{message: strings.Repeat("ü", 32<<10), pairs: []string{strings.Repeat("k", 64<<10), strings.Repeat("v", 64<<10)}}}},
	{"characters of all lengths in UTF-8", []event{{app: "\x00\x7f\u0080\u07ff\u0800\uffff\U00010000\U0010ffff", message: "\U0010ffff\n\r\t\"'", pairs: []string{"\u2028", "\x1b[31m"}}}},
	{"bytes that are not UTF-8", []event{{message: strings.Repeat("\xff", 100), pairs: []string{"\xc0", strings.Repeat("\x80", 100)}}}},
	{"traces of all widths", []event{
		{us: 4, trace: zero + short}, {us: 3, trace: short}, {us: 2}, {us: 1, trace: short + zero}, {us: 5, trace: short}, {us: 0, trace: zero},
		{us: 0, trace: "\xff\xff\xff\xff\xff\xff\xff\xff"}, {us: -1, trace: zero + zero}, {us: 2, trace: zero + short},
	}},
	{"a clock that goes backwards", []event{{us: 9, message: "a"}, {us: 8, message: "b"}, {us: 9, message: "c"}, {us: 8, message: "d"}, {us: 7, message: "e"}}},
	{"events of other apps", []event{{app: "b"}, {}, {app: "app"}, {app: "a"}}},
	{"times far from now", []event{
		{us: math.MinInt64}, {us: math.MaxInt64}, {us: -1}, {us: 0}, {us: 299_999_999}, {us: 300_000_000},
		{us: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro() - 1}, {us: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()},
		{us: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro() - 1}, {us: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()},
	}},
}

func TestRoundTripOfHostileEvents(t *testing.T) {
	var all []event
	for _, tt := range hostile {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := roundTrip(t, segmentOf(t, "app", tt.events))
			assert.Equal(t, len(tt.events), r.Events)
		})
		all = append(all, tt.events...)
	}
	t.Run("all", func(t *testing.T) { roundTrip(t, segmentOf(t, "", all)) })
}

// If the clock jumps with each event, there are many partitions. Each becomes a file.
func TestManyPartitions(t *testing.T) {
	var events []event
	for i := range int64(3000) {
		events = append(events, event{us: i * 7919 % 3000 * 86_400e6, trace: short})
	}
	r, _ := roundTrip(t, segmentOf(t, "app", events))
	assert.Equal(t, 3000, r.Files)
}

func TestSortedAndRowGroups(t *testing.T) {
	// Values of 8 KB make row groups end at the limit of bytes. Events with 80 pairs make pages
	// end at the limit of values.
	var events []event
	for i := range 6000 {
		e := event{us: int64(i), trace: strconv.Itoa(10_000_000 + i*7919%6000)}
		switch i % 3 {
		case 0:
			e.pairs = []string{"value", strings.Repeat(strconv.Itoa(i), 2000)}
		case 1:
			e.pairs = many(80, func(i int) []string { return []string{strconv.Itoa(i), "x"} })
		}
		events = append(events, e)
	}
	_, store := roundTrip(t, segmentOf(t, "app", events))
	for _, data := range store.Files() {
		file := open(t, data)
		assert.Greater(t, len(file.RowGroups()), 1)
		index, err := file.RowGroups()[0].ColumnChunks()[0].OffsetIndex()
		require.NoError(t, err)
		assert.Greater(t, index.NumPages(), 1)
	}
}

func TestTheSameSegmentMakesTheSameFiles(t *testing.T) {
	a, _ := madeSegment(t, 50_000, 100)
	b, _ := madeSegment(t, 10_000, 100)
	p := pack.NewPacker()
	var first map[string][]byte
	for i, path := range []string{a, b, a} {
		store := new(storetest.Memory)
		_, err := p.Segment(t.Context(), store, path)
		require.NoError(t, err)
		other := new(storetest.Memory)
		_, err = pack.Segment(t.Context(), other, path)
		require.NoError(t, err)
		require.Equal(t, other.Files(), store.Files())
		if i == 0 {
			first = store.Files()
		}
		if path == a {
			require.Equal(t, first, store.Files())
		}
	}
	require.NotEmpty(t, first)
}
