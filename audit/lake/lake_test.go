package lake_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bytes"

	"example.com/clew/audit/internal/made"
	"example.com/clew/audit/internal/pack"
	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/internal/storetest"
	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/require"
)

var began = time.Date(2026, 11, 27, 4, 10, 0, 0, time.UTC)

// journaled is a store in memory with a journal. It counts its operations from 1, in the field
// ops. When ops reaches the field at, the store first calls the function change.
type journaled struct {
	*storetest.Memory

	mu      sync.Mutex
	journal map[string][]byte
	at, ops int
	change  func(*journaled)
	opens   []string
}

func (j *journaled) operation() {
	j.mu.Lock()
	j.ops++
	now := j.ops == j.at
	j.mu.Unlock()
	if now {
		j.change(j)
	}
}

func (j *journaled) ListJournal(context.Context) ([]string, error) {
	j.operation()
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Collect(maps.Keys(j.journal)), nil
}

type inMemory struct{ *bytes.Reader }

func (inMemory) Close() error { return nil }

func (j *journaled) OpenJournal(_ context.Context, name string) (lake.Reader, error) {
	j.operation()
	j.mu.Lock()
	defer j.mu.Unlock()
	data, ok := j.journal[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return inMemory{bytes.NewReader(data)}, nil
}

func (j *journaled) Open(ctx context.Context, name string) (lake.Reader, error) {
	j.operation()
	j.mu.Lock()
	j.opens = append(j.opens, name)
	j.mu.Unlock()
	return j.Memory.Open(ctx, name)
}

// List lists the files in memory. The function change may run before the first file is yielded,
// but not later.
func (j *journaled) List(ctx context.Context, prefix string) iter.Seq2[lake.File, error] {
	j.operation()
	return j.Memory.List(ctx, prefix)
}

// corpus is a set of events, which are also encoded in segments.
type corpus struct {
	events   []lake.Event
	segments map[string][]byte // by ID
	ids      []string
}

// newCorpus makes n events. The argument perSecond is the number of events in a second. The events
// go in turn to several segments: the argument count is the number of these segments. When they
// have about each*count events together, the next events go to new segments.
func newCorpus(tb testing.TB, n int, perSecond float64, count, each int) *corpus {
	c := &corpus{segments: map[string][]byte{}}
	g := made.New(11, began, perSecond)
	blocks := make([][]byte, count)
	headers := make([]string, count)
	have := 0
	flush := func(end bool) {
		for i := range blocks {
			if len(blocks[i]) > 0 {
				c.addBlock(headers[i], blocks[i])
				blocks[i] = nil
			}
		}
		if end || have >= each*count {
			have = 0
			for i := range headers {
				headers[i] = ""
			}
		}
	}
	for i := range n {
		e := g.Next()
		to := i % count
		if headers[to] == "" {
			headers[to] = segment.NewID(e.Time, uint64(len(c.ids)+1))
			c.ids = append(c.ids, headers[to])
			c.segments[headers[to]] = segment.AppendHeader(nil, segment.Header{ID: headers[to], App: "media-api"})
		}
		var record []byte
		event := lake.Event{Time: time.UnixMicro(e.Time).UTC(), TraceID: hex.EncodeToString(e.TraceID[:]), App: e.App, Message: e.Message, TraceNames: e.TraceNames}
		record, event.Context = recordOf(e, i, &event)
		blocks[to] = append(blocks[to], record...)
		c.events = append(c.events, event)
		if have++; have%1000 == 0 {
			flush(false)
		}
	}
	flush(true)
	return c
}

// recordOf returns the record of an event. Some records have no trace, an ID of 16 digits, the
// segment's app, no context, or a key twice.
func recordOf(e *made.Event, i int, event *lake.Event) (record []byte, context map[string]string) {
	id, app := e.TraceID[:], e.App
	switch i % 50 {
	case 1:
		id, event.TraceID = nil, ""
	case 2:
		id, event.TraceID = e.TraceID[8:], event.TraceID[16:]
	case 3:
		app, event.App = "", "media-api"
	}
	record = segment.Begin(nil, e.Time, id, app, e.Message, e.TraceNames...)
	if i%20 != 4 {
		context = map[string]string{}
		if i%20 == 5 {
			record = segment.AppendPair(record, "item", "the first of two")
		}
		for _, pair := range e.Context {
			record = segment.AppendPair(record, pair.Key, pair.Value)
			context[pair.Key] = pair.Value
		}
	}
	segment.End(record, 0)
	return record, context
}

func (c *corpus) addBlock(id string, records []byte) {
	block := append(make([]byte, segment.BlockHead), records...)
	segment.PutBlockHead(block)
	c.segments[id] = append(c.segments[id], block...)
}

// pack makes Parquet files of a segment.
func (c *corpus) pack(tb testing.TB, store lake.Store, id string) {
	path := filepath.Join(tb.TempDir(), "segment")
	require.NoError(tb, os.WriteFile(path, c.segments[id], 0o600))
	_, err := pack.Segment(tb.Context(), store, path)
	require.NoError(tb, err)
}

// store returns a store with all segments. The last inJournal segments are in the journal, and the
// others are packed.
func (c *corpus) store(tb testing.TB, inJournal int) *journaled {
	j := &journaled{Memory: new(storetest.Memory), journal: map[string][]byte{}}
	for i, id := range c.ids {
		switch {
		case i < len(c.ids)-inJournal:
			c.pack(tb, j.Memory, id)
		case i%2 == 0:
			j.journal[id+".sealed"] = c.segments[id]
		default: // the segment is active: a part of the next block is written
			j.journal[id+".journal"] = append(bytes.Clone(c.segments[id]), 0xff, 0, 0, 0, 1, 2, 3, 4, 5)
		}
	}
	return j
}

// answer returns the events that match q, by a simple search of all events.
func (c *corpus) answer(q *lake.Query) (all []lake.Event) {
	for _, e := range c.events {
		if holds(q, &e) {
			all = append(all, e)
		}
	}
	slices.Reverse(all)
	sortNewest(all)
	if q.Limit > 0 && len(all) > q.Limit {
		all = all[:q.Limit]
	}
	return all
}

func holds(q *lake.Query, e *lake.Event) bool {
	for key, value := range q.Context {
		if has, ok := e.Context[key]; !ok || has != value {
			return false
		}
	}
	for _, value := range q.Values {
		if !slices.Contains(slices.Collect(maps.Values(e.Context)), value) {
			return false
		}
	}
	padded := func(id string) string { return strings.Repeat("0", 32-len(id)) + id }
	return (q.TraceID == "" || e.TraceID != "" && padded(q.TraceID) == padded(e.TraceID)) &&
		(q.App == "" || q.App == e.App) && (q.Message == "" || q.Message == e.Message) &&
		(q.TraceName == "" || slices.Contains(e.TraceNames, q.TraceName)) &&
		!e.Time.Before(q.Since) && (q.Until.IsZero() || e.Time.Before(q.Until))
}

func sortNewest(all []lake.Event) {
	slices.SortStableFunc(all, func(a, b lake.Event) int {
		if c := b.Time.Compare(a.Time); c != 0 {
			return c
		}
		if c := strings.Compare(a.TraceID+a.App, b.TraceID+b.App); c != 0 {
			return c
		}
		return strings.Compare(fmt.Sprint(a.Message, a.Context), fmt.Sprint(b.Message, b.Context))
	})
}

func collect(tb testing.TB, q lake.Query, stores ...lake.Store) (all []lake.Event, report lake.Report) {
	tb.Helper()
	for e, err := range lake.Find(tb.Context(), q, &report, stores...) {
		require.NoError(tb, err, "%+v", q)
		all = append(all, e)
	}
	return all, report
}

// random makes a random query. Usually, there are events that match it.
func (c *corpus) random(r *rand.Rand) lake.Query {
	one, other := c.events[r.IntN(len(c.events))], c.events[r.IntN(len(c.events))]
	q := lake.Query{Since: began.Add(-time.Hour), Context: map[string]string{}}
	some := func(n int) bool { return r.IntN(n) == 0 }
	if some(3) {
		q.TraceID = one.TraceID
		if len(q.TraceID) == 16 && some(2) {
			q.TraceID = "0000000000000000" + strings.ToUpper(q.TraceID)
		}
	}
	if some(3) {
		q.Values = append(q.Values, one.Context["item"])
	}
	if some(4) {
		q.Context["network"] = other.Context["network"]
	}
	if some(5) {
		q.Context["network_id"] = one.Context["network_id"]
	}
	if some(5) {
		q.App = one.App
	}
	if some(6) {
		q.Message = one.Message
	}
	if some(8) {
		q.TraceName = "slow_augmenters"
	}
	if some(3) {
		q.Since, q.Until = one.Time, other.Time.Add(time.Microsecond)
		if other.Time.Before(one.Time) {
			q.Since, q.Until = other.Time, one.Time.Add(time.Microsecond)
		}
	}
	narrow := q.TraceID != "" || len(q.Values) > 0 || q.Context["network_id"] != ""
	if some(2) || !narrow { // without a limit, an answer could be all events, and the test would be slow
		q.Limit = 1 + r.IntN(3000)
	}
	return q
}
