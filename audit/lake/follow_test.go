package lake_test

import (
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/internal/storetest"
	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// logged makes a corpus of one segment, with one event for each line, a second apart. A line is a
// trace ID, a message, and then keys and values.
func logged(lines ...[]string) *corpus { return loggedEvery(time.Second, lines...) }

func loggedEvery(step time.Duration, lines ...[]string) *corpus {
	c := &corpus{segments: map[string][]byte{}, ids: []string{segment.NewID(began.UnixMicro(), 1)}}
	c.segments[c.ids[0]] = segment.AppendHeader(nil, segment.Header{ID: c.ids[0], App: "media-api"})
	var records []byte
	for i, line := range lines {
		id, _ := hex.DecodeString(line[0])
		at := len(records)
		records = segment.Begin(records, began.Add(time.Duration(i)*step).UnixMicro(), id, "", line[1])
		for j := 2; j < len(line); j += 2 {
			records = segment.AppendPair(records, line[j], line[j+1])
		}
		segment.End(records, at)
	}
	c.addBlock(c.ids[0], records)
	return c
}

func traceOf(n int) string { return fmt.Sprintf("%016x", 0xabc000000000000+n) }

func told(s *lake.Story) (all []string) {
	for _, e := range s.Events {
		all = append(all, fmt.Sprintf("%d %s %s %s", e.Hop, e.By, e.Message, e.Gap))
	}
	return all
}

// item is a corpus with the story of XYZ.1. Its first trace leads to a second trace by network_id,
// and the second to a third by order.
func item() *corpus {
	lines := [][]string{
		{traceOf(1), "received", "item", "XYZ.1", "network", "instagram"},
		{traceOf(2), "another", "item", "ABC.2", "network", "instagram"},
		{traceOf(1), "fetched", "network_id", "158"},
		{traceOf(3), "augmented", "network_id", "158", "order", "o-7"},
		{"", "by hand", "item", "XYZ.1"},
		{"0000000000000000" + traceOf(4), "shipped", "order", "o-7"},
		{traceOf(4), "billed", "customer", "c"},
		{traceOf(5), "same customer", "customer", "c"},
	}
	for i := range 30 {
		lines = append(lines, []string{traceOf(100 + i), "noise", "network", "instagram"})
	}
	return logged(lines...)
}

func TestFollow(t *testing.T) {
	c := item()
	packed, inJournal := c.store(t, 0), c.store(t, 1)
	q := lake.Query{Values: []string{"XYZ.1"}, Since: began}
	common := "values in more than 20 traces were not followed: network=instagram"
	for _, test := range []struct {
		name    string
		q       lake.Query
		bounds  lake.Bounds
		want    []string
		traces  int
		stopped []string
	}{
		{"two hops", q, lake.Bounds{}, []string{"1  received 0s", "1  fetched 2s", "2 network_id=158 augmented 1s", "0  by hand 1s"}, 2,
			[]string{"after 2 hops there are values that were not followed", common}},
		{"one hop", q, lake.Bounds{Hops: 1}, []string{"1  received 0s", "1  fetched 2s", "0  by hand 2s"}, 1,
			[]string{"after 1 hop there are values that were not followed"}},
		{"all hops", q, lake.Bounds{Hops: 9}, []string{"1  received 0s", "1  fetched 2s", "2 network_id=158 augmented 1s", "0  by hand 1s",
			"3 order=o-7 shipped 1s", "3 order=o-7 billed 1s", "4 customer=c same customer 1s"}, 4, []string{common}},
		{"a limit of one trace", q, lake.Bounds{Traces: 1}, []string{"1  received 0s", "1  fetched 2s", "0  by hand 2s"}, 1,
			[]string{"there are more than 1 traces", common}},
		{"a trace ID", lake.Query{TraceID: traceOf(4), Since: began}, lake.Bounds{Hops: 1}, []string{"1  shipped 0s", "1  billed 1s"}, 1,
			[]string{"after 1 hop there are values that were not followed"}},
		{"an unknown value", lake.Query{Values: []string{"nobody's"}, Since: began}, lake.Bounds{}, nil, 0, nil},
	} {
		for name, store := range map[string]lake.Store{"packed": packed, "in the journal": inJournal} {
			t.Run(test.name+" "+name, func(t *testing.T) {
				story, err := lake.Follow(t.Context(), test.q, test.bounds, nil, store)
				require.NoError(t, err)
				assert.Equal(t, test.want, told(story))
				assert.Equal(t, test.traces, story.Traces)
				assert.Equal(t, test.stopped, story.Stopped)
			})
		}
	}
	t.Run("a limit of two events", func(t *testing.T) {
		story, err := lake.Follow(t.Context(), q, lake.Bounds{Rows: 2}, nil, packed)
		require.NoError(t, err)
		assert.Len(t, story.Events, 2)
		assert.Contains(t, story.Stopped, "there are more than 2 events")
	})
	_, err := lake.Follow(t.Context(), lake.Query{TraceID: "XYZ"}, lake.Bounds{Hops: -1, Common: -2}, nil, packed)
	for _, fault := range []string{"Bounds.Hops is -1", "Bounds.Common is -2", "is not a trace ID"} {
		assert.ErrorContains(t, err, fault)
	}
}

func TestStats(t *testing.T) {
	c := newCorpus(t, 40_000, 60, 3, 9_000)
	store := c.store(t, 2)
	statistics, err := lake.Stats(t.Context(), time.Time{}, time.Time{}, nil, store)
	require.NoError(t, err)
	rows, size := int64(0), int64(0)
	for _, data := range store.Files() {
		size += int64(len(data))
	}
	for i, p := range statistics.Partitions {
		rows += p.Events
		size -= p.Bytes
		if i > 0 {
			assert.True(t, p.Begin.After(statistics.Partitions[i-1].Begin))
		}
		assert.Len(t, p.Columns, 7)
	}
	assert.Zero(t, size, "the bytes of all files are counted")
	assert.EqualValues(t, len(c.events), rows+statistics.JournalEvents)
	assert.Equal(t, 2, statistics.JournalSegments)
	assert.Len(t, statistics.Apps, 24)
	assert.Equal(t, 60, statistics.Messages)
	apps := int64(0)
	for _, app := range statistics.Apps {
		apps += app.Events
	}
	assert.InEpsilon(t, rows, apps, 0.01)
	require.Len(t, statistics.Keys, 4)
	assert.Equal(t, "network_id", statistics.Keys[0].Key, "the key with the longest values is first")
	for _, key := range statistics.Keys {
		if key.Key == "network" {
			assert.LessOrEqual(t, key.Distinct, int64(8*8))
			assert.InEpsilon(t, rows*95/100, key.Pairs, 0.05)
		}
	}
	empty, err := lake.Stats(t.Context(), time.Time{}, time.Time{}, nil, new(storetest.Memory))
	require.NoError(t, err)
	assert.Equal(t, &lake.Statistics{}, empty)
}
