package lake_test

import (
	"context"
	"errors"
	"iter"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/clew/audit/internal/storetest"
	"example.com/clew/audit/internal/table"
	"example.com/clew/audit/lake"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// each yields the events of the slice all. If err is not nil, each then yields err.
func each(all []lake.Event, err error) iter.Seq2[lake.Event, error] {
	return func(yield func(lake.Event, error) bool) {
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
		if err != nil {
			yield(lake.Event{}, err)
		}
	}
}

// written writes the events of the slice all to s. The files get the ID of the segment number n.
func written(tb testing.TB, s lake.Store, n int, all []lake.Event) lake.Written {
	tb.Helper()
	done, err := lake.Write(tb.Context(), s, id(n), each(all, nil))
	require.NoError(tb, err)
	return done
}

// past returns copies of the events whose times are so early that Compact merges their files.
func past(all []lake.Event) []lake.Event {
	all = slices.Clone(all)
	for i := range all {
		all[i].Time = all[i].Time.Add(start.Sub(began))
	}
	return all
}

// everything is a query for all events.
var everything = lake.Query{Since: start.Add(-time.Hour), MaxBytes: -1}

// inOrder returns copies of the events in the order and the form in which collect returns events.
func inOrder(all []lake.Event) []lake.Event {
	all = slices.Clone(all)
	slices.Reverse(all)
	sortNewest(all)
	for i := range all {
		if len(all[i].Context) == 0 {
			all[i].Context = nil
		}
	}
	return all
}

func TestWrite(t *testing.T) {
	c := newCorpus(t, 12_000, 20, 1, 12_000) // the events of ten minutes
	s := new(storetest.Memory)
	done := written(t, s, 1, c.events)
	assert.Equal(t, 12_000, done.Events)
	assert.Empty(t, done.ManyMessages)
	files := s.Files()
	size := 0
	for name, data := range files {
		size += len(data)
		assert.Equal(t, id(1)+".parquet", path.Base(name))
	}
	assert.Equal(t, lake.Written{Events: 12_000, Files: len(files), Bytes: int64(size)}, done)
	assert.GreaterOrEqual(t, done.Files, 2)
	got, report := collect(t, lake.Query{Since: began, MaxBytes: -1}, s)
	assert.Equal(t, inOrder(c.events), inOrder(got))
	assert.Empty(t, report.Skipped)

	// A second Write makes the same names and the same bytes.
	written(t, s, 1, c.events)
	assert.Equal(t, files, s.Files())

	// If a Logger writes these events, its files have the same rows in the same order as the files
	// of Write. The sizes differ by two percent at most.
	packed := new(storetest.Memory)
	c.pack(t, packed, c.ids[0])
	for name, data := range packed.Files() {
		mine := files[path.Dir(name)+"/"+id(1)+".parquet"]
		assert.Equal(t, rows(t, data), rows(t, mine), name)
		assert.InDelta(t, len(data), len(mine), 0.02*float64(len(data)), name)
		f, err := parquet.OpenFile(strings.NewReader(string(mine)), int64(len(mine)))
		require.NoError(t, err)
		segment, _ := f.Lookup(table.MetaSegment)
		assert.Equal(t, id(1), segment)
	}
}

// For each call of the store, the process ends before the call in one run, and after it in another
// run. If the events are written again, the store has the same files as without a crash. So each
// event is there once, also for SQL engines.
func TestWriteCrashes(t *testing.T) {
	all := newCorpus(t, 3000, 3, 1, 3000).events
	whole := new(storetest.Memory)
	files := written(t, whole, 1, all).Files
	require.GreaterOrEqual(t, files, 4)
	for _, half := range []bool{false, true} {
		for at := 1; at <= files; at++ {
			s := &storetest.Memory{FailAt: at, Half: half}
			_, err := lake.Write(t.Context(), s, id(1), each(all, nil))
			require.ErrorIs(t, err, storetest.ErrFail)
			again := s.Copy()
			written(t, again, 1, all)
			assert.Equal(t, whole.Files(), again.Files())
		}
	}
}

// Some files were written and merged with others. Then they are written again.
func TestWriteAfterCompact(t *testing.T) {
	c := newCorpus(t, 4000, 3, 1, 4000)
	all := past(c.events)
	first, second := all[:2000], all[2000:]
	s := &storetest.Memory{FailAt: 3, Half: true} // the process dies in the middle
	_, err := lake.Write(t.Context(), s, id(1), each(first, nil))
	require.ErrorIs(t, err, storetest.ErrFail)
	s = s.Copy()
	written(t, s, 2, second)
	written(t, s, 3, first[:100]) // in partitions in which the first Write has files
	done, err := lake.Compact(t.Context(), s, lake.CompactOptions{})
	require.NoError(t, err)
	require.Positive(t, done.Merged)

	written(t, s, 1, first)
	want := inOrder(slices.Concat(all, first[:100]))
	got, _ := collect(t, everything, s)
	assert.Equal(t, want, inOrder(got), "readers skip files that were merged")
	done, err = lake.Compact(t.Context(), s, lake.CompactOptions{})
	require.NoError(t, err)
	assert.Positive(t, done.Deleted)
	got, _ = collect(t, everything, s)
	assert.Equal(t, want, inOrder(got))
	plain := 0
	for _, data := range s.Files() {
		plain += len(rows(t, data))
	}
	assert.Equal(t, len(want), plain, "rows that an SQL engine finds, because it skips no file")
}

// There are more events than Write keeps in memory, so it makes the files in two parts.
func TestWriteParts(t *testing.T) {
	e := lake.Event{Time: start, App: "shop", Message: strings.Repeat("x", 1<<20)}
	events := func(yield func(lake.Event, error) bool) {
		for range 150 {
			if !yield(e, nil) {
				return
			}
		}
	}
	s := new(storetest.Memory)
	done, err := lake.Write(t.Context(), s, id(1), events)
	require.NoError(t, err)
	assert.Equal(t, 150, done.Events)
	assert.Equal(t, 2, done.Files)
	names := fileNames(s)
	require.Len(t, names, 2)
	for _, name := range names {
		id := strings.TrimSuffix(path.Base(name), lake.Suffix)
		assert.True(t, lake.IsSegmentID(id), id)
	}
	n, err := lake.Count(t.Context(), everything, nil, s)
	require.NoError(t, err)
	assert.EqualValues(t, 150, n)
	_, err = lake.Write(t.Context(), s, id(1), events)
	require.NoError(t, err)
	assert.Equal(t, names, fileNames(s))
}

func TestWriteForms(t *testing.T) {
	in := lake.Event{
		Time: start.Add(1234 * time.Nanosecond), TraceID: "463AC35C9F6413AD", App: "a\xff", Message: "m\xff",
		Context: map[string]string{"k\xff": "v\xff", "": "", "long": strings.Repeat("v", 1<<20)}, TraceNames: []string{"slow\xff", ""},
	}
	s := new(storetest.Memory)
	written(t, s, 1, []lake.Event{in, {Time: start.In(time.FixedZone("", 3600))}})
	got, _ := collect(t, everything, s)
	assert.Equal(t, []lake.Event{{
		Time: start.Add(time.Microsecond), TraceID: "463ac35c9f6413ad", App: "a\uFFFD", Message: "m\uFFFD",
		Context: map[string]string{"k\uFFFD": "v\uFFFD", "": "", "long": strings.Repeat("v", 1<<20)}, TraceNames: []string{"slow\uFFFD", ""},
	}, {Time: start}}, got)
}

func TestWriteErrors(t *testing.T) {
	bad := errors.New("the object is cut")
	good := lake.Event{Time: start, Message: "m"}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	tests := []struct {
		name, id string
		ctx      context.Context
		events   iter.Seq2[lake.Event, error]
		err      string
	}{
		{name: "a text that is no ID", id: "x", events: each(nil, nil), err: `lake: "x" is no segment's ID`},
		{name: "an ID with a path", id: "../" + id(1)[3:], events: each(nil, nil), err: "is no segment's ID"},
		{name: "a trace ID of another length", events: each([]lake.Event{good, {Time: start, TraceID: "463ac3"}}, nil), err: `lake: "463ac3" is not a trace ID of 16 or 32 hexadecimal digits`},
		{name: "a trace ID with other letters", events: each([]lake.Event{good, {Time: start, TraceID: "463ac35c9f6413ax"}}, nil), err: "is not a trace ID"},
		{name: "the year 0", events: each([]lake.Event{good, {Time: time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)}}, nil), err: "lake: the time of an event is in the year 0, not between 1 and 9999"},
		{name: "the year 10000", events: each([]lake.Event{good, {Time: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}}, nil), err: "lake: the time of an event is in the year 10000, not between 1 and 9999"},
		{name: "an event that is too large", events: each([]lake.Event{good, {Time: start, Message: strings.Repeat("x", 17<<20)}}, nil), err: "lake: an event has 17825"},
		{name: "an error of the events", events: each([]lake.Event{good}, bad), err: "the object is cut"},
		{name: "the context has ended", ctx: ended, events: each([]lake.Event{good}, nil), err: "context canceled"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := new(storetest.Memory)
			if test.id == "" {
				test.id = id(1)
			}
			if test.ctx == nil {
				test.ctx = t.Context()
			}
			done, err := lake.Write(test.ctx, s, test.id, test.events)
			require.ErrorContains(t, err, test.err)
			assert.Empty(t, s.Files())
			assert.Zero(t, done)
		})
	}
	_, err := lake.Write(t.Context(), new(storetest.Memory), id(1), each([]lake.Event{good}, bad))
	assert.ErrorIs(t, err, bad)
}

// Write reports the apps that have more than 10,000 distinct messages.
func TestWriteManyMessages(t *testing.T) {
	var all []lake.Event
	for i := range 20_000 {
		all = append(all, lake.Event{Time: start, App: []string{"shop", "chatty"}[i%2], Message: strings.Repeat("x", i%2) + id(i*(i%2))})
	}
	s := new(storetest.Memory)
	assert.Empty(t, written(t, s, 1, all).ManyMessages)
	for i := range 2000 {
		all = append(all, lake.Event{Time: start, App: "chatty", Message: id(i + 30_000)})
	}
	assert.Equal(t, []string{"chatty"}, written(t, s, 1, all).ManyMessages)
}

func TestWriteConcurrently(t *testing.T) {
	all := newCorpus(t, 2000, 50, 1, 2000).events
	s, one := new(storetest.Memory), new(storetest.Memory)
	written(t, one, 1, all)
	errs := make(chan error)
	for range 4 {
		go func() {
			_, err := lake.Write(context.Background(), s, id(1), each(all, nil))
			errs <- err
		}()
	}
	for range 4 {
		require.NoError(t, <-errs)
	}
	assert.Equal(t, one.Files(), s.Files())
}
