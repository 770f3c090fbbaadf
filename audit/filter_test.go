package audit_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/internal/raced"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// each returns a Filter that calls judge for each event of a batch.
func each(judge func(c audit.Candidate)) audit.Filter {
	return func(batch []audit.Candidate) {
		for _, c := range batch {
			judge(c)
		}
	}
}

// without returns a Filter that discards the events with this message.
func without(message string) audit.Filter {
	return each(func(c audit.Candidate) {
		if c.Message() == message {
			c.Discard()
		}
	})
}

// names returns the trace_names of events by their message.
func names(events []audit.Event) map[string][]string {
	n := map[string][]string{}
	for _, e := range events {
		n[e.Message] = e.TraceNames
	}
	return n
}

func TestFilter(t *testing.T) {
	for _, tt := range []struct {
		name  string
		judge func(c audit.Candidate)
		want  []string // the names of an event of Log; nil: the event was discarded
		own   []string // the names of an event of Ingest that already has the name own
		sync  []string // the names of an event of LogSync
	}{
		{"no verdict", func(audit.Candidate) {}, []string{}, []string{"own"}, nil},
		{"discarded", func(c audit.Candidate) { c.Discard() }, nil, nil, nil},
		{"passed", func(c audit.Candidate) { c.Pass("a", "b") }, []string{"a", "b"}, []string{"own", "a", "b"}, []string{"a", "b"}},
		{"passed without a name", func(c audit.Candidate) { c.Pass() }, []string{}, []string{"own"}, nil},
		{"an empty name", func(c audit.Candidate) { c.Pass("") }, []string{""}, []string{"own", ""}, []string{""}},
		{"passed twice", func(c audit.Candidate) { c.Pass("a"); c.Pass("b", "a") }, []string{"a", "b"}, []string{"own", "a", "b"}, []string{"a", "b"}},
		{"a name that the event has already", func(c audit.Candidate) { c.Pass("own") }, []string{"own"}, []string{"own"}, []string{"own"}},
		{"Discard after Pass", func(c audit.Candidate) { c.Pass("a"); c.Discard() }, nil, nil, nil},
		{"Pass after Discard", func(c audit.Candidate) { c.Pass("a"); c.Discard(); c.Pass("b") }, []string{"b"}, []string{"own", "b"}, []string{"b"}},
		{"a name that is not UTF-8", func(c audit.Candidate) { c.Pass("\xff\x1b") }, []string{"\uFFFD\x1b"}, []string{"own", "\uFFFD\x1b"}, []string{"\uFFFD\x1b"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &packer{}
			l := open(t, audit.Config{Filter: each(tt.judge)}, p, audit.Seams{})
			l.Log(t.Context(), "log", slog.String("k", "v"))
			require.NoError(t, l.Ingest(t.Context(), audit.Event{Message: "ingest", App: "other", TraceNames: []string{"own"}}))
			require.NoError(t, l.LogSync(t.Context(), "sync"))
			shut(t, l)

			want := map[string][]string{"sync": tt.sync}
			if tt.want != nil {
				want["log"], want["ingest"] = slices.Clip(tt.want), tt.own
				if len(tt.want) == 0 {
					want["log"] = nil
				}
			}
			assert.Equal(t, want, names(p.all()))
			s := l.Stats()
			assert.EqualValues(t, 3-len(want), s.Discarded)
			assert.EqualValues(t, len(want), s.Written)
			assert.Zero(t, s.Errors, s.LastError)
		})
	}
}

// A candidate has all members of its event. Its texts do not change when the batch is used again.
func TestFilterTexts(t *testing.T) {
	var got []audit.Event
	keep := each(func(c audit.Candidate) {
		got = append(got, audit.Event{Time: c.Time(), App: c.App(), Message: c.Message(), TraceID: c.TraceID(),
			Context: maps.Collect(c.Context())})
		c.Pass(c.Message(), "a filter") // the first name shares its bytes with the batch
	})
	p := &packer{}
	l := open(t, audit.Config{Filter: keep}, p, audit.Seams{})
	for i := range 10_000 {
		app := []string{"", "other"}[i%2]
		id := []string{"", "463ac35c9f6413ad", "463ac35c9f6413ad48485a3953bb6124"}[i%3]
		require.NoError(t, l.Ingest(t.Context(), audit.Event{Time: time.Unix(int64(i), 0), App: app, TraceID: id,
			Message: number(i), Context: map[string]string{"k": strings.Repeat(number(i), i%100)}}))
	}
	shut(t, l)
	byTime := func(a, b audit.Event) int { return a.Time.Compare(b.Time) }
	want := p.all()
	slices.SortFunc(want, byTime)
	slices.SortFunc(got, byTime)
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, []string{want[i].Message, "a filter"}, want[i].TraceNames)
		want[i].TraceNames = nil
	}
	assert.Equal(t, want, got)
}

// A Filter gets the last value of a key that was logged twice.
func TestFilterDuplicateKey(t *testing.T) {
	p := &packer{}
	l := open(t, audit.Config{Filter: each(func(c audit.Candidate) {
		value, _ := c.Value("k")
		c.Pass(value, maps.Collect(c.Context())["k"]+"!")
	})}, p, audit.Seams{})
	l.Log(t.Context(), "m", slog.String("k", "1"), slog.String("other", "3"), slog.String("k", "2"))
	shut(t, l)
	assert.Equal(t, map[string][]string{"m": {"2", "2!"}}, names(p.all()))
}

// If a Filter panics, its batch is written as it was logged, and the Filter judges the next batch.
func TestFilterPanics(t *testing.T) {
	p := &packer{}
	l := open(t, audit.Config{Filter: func(batch []audit.Candidate) {
		for _, c := range batch {
			c.Pass("a")
			c.Discard()
			c.Pass("b")
			if c.Message() == "panic" {
				panic("a fault\n")
			}
			c.Discard()
		}
	}}, p, audit.Seams{})
	require.NoError(t, l.Ingest(t.Context(), audit.Event{Message: "before", TraceNames: []string{"own"}}))
	l.Log(t.Context(), "panic")
	require.NoError(t, l.Sync(t.Context()))
	s := l.Stats()
	adds(t, s)
	assert.EqualValues(t, 1, s.Errors)
	assert.Contains(t, s.LastError, "panic: a fault")
	l.Log(t.Context(), "after")
	shut(t, l)
	// The events "before" and "panic" may have been in different buffers, and so in different
	// batches.
	got := names(p.all())
	assert.Contains(t, got, "panic")
	assert.Nil(t, got["panic"])
	assert.NotContains(t, got, "after")
	assert.Equal(t, l.Stats().Discarded, int64(3-len(got)))
}

// Events that wait until the disk has room have been judged already, and are not judged again.
func TestFilterAtFullDisk(t *testing.T) {
	p, d := &packer{}, &disk{}
	judged := map[string]int{}
	l := open(t, audit.Config{Filter: each(func(c audit.Candidate) {
		judged[c.Message()]++
		if c.Message() == "unwanted" {
			c.Discard()
			return
		}
		c.Pass("a")
	})}, p, audit.Seams{Create: d.create})
	for range 100 {
		l.Log(t.Context(), "wanted")
		l.Log(t.Context(), "unwanted")
	}
	require.ErrorIs(t, l.Sync(t.Context()), syscall.ENOSPC)
	for range 3 { // more attempts
		require.ErrorIs(t, l.LogSync(t.Context(), "sync"), syscall.ENOSPC)
		adds(t, l.Stats())
	}
	d.set(plenty, nil)
	require.NoError(t, l.Sync(t.Context()))
	shut(t, l)
	assert.Equal(t, map[string]int{"wanted": 100, "unwanted": 100, "sync": 3}, judged)
	assert.Equal(t, map[string]int{"wanted": 100, "sync": 3}, messages(p.all()))
	assert.EqualValues(t, 100, l.Stats().Discarded)
}

func TestFilterAtFullDiskToTheEnd(t *testing.T) {
	l := open(t, audit.Config{Filter: without("unwanted")}, &packer{}, audit.Seams{Create: (&disk{}).create})
	for range 100 {
		l.Log(t.Context(), "lost")
		l.Log(t.Context(), "unwanted")
	}
	require.ErrorContains(t, l.Close(t.Context()), "100 events could not be written")
	s := l.Stats()
	adds(t, s)
	assert.EqualValues(t, 100, s.Failed)
	assert.EqualValues(t, 100, s.Discarded)
}

// A service whose events are all discarded writes no file, and Sync and Close do not wait.
func TestFilterDiscardsAll(t *testing.T) {
	p, dir := &packer{}, t.TempDir()
	l := open(t, audit.Config{Dir: dir, Filter: without("unwanted")}, p, audit.Seams{})
	for range 10_000 {
		l.Log(t.Context(), "unwanted")
	}
	require.NoError(t, l.Sync(t.Context()))
	assert.Empty(t, journalFiles(t, dir))
	s := l.Stats()
	assert.EqualValues(t, 10_000, s.Discarded)
	assert.Zero(t, s.BufferedBytes+s.Buffered+s.JournalBytes)
	assert.Zero(t, s.Oldest)
	shut(t, l)
	assert.Zero(t, p.called())
}

// The figures add up at each moment, also with a Filter.
func TestFilterStatsAddUp(t *testing.T) {
	p := &packer{}
	n := 0
	l := open(t, audit.Config{Filter: func(batch []audit.Candidate) {
		without("unwanted")(batch)
		if n++; n%5 == 0 {
			panic("now and then")
		}
	}}, p, audit.Seams{})
	const goroutines, each = 8, 3000
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for i := range each {
				l.Log(t.Context(), []string{"wanted", "unwanted"}[i%2])
				if i%100 == 0 {
					assert.NoError(t, l.LogSync(t.Context(), "unwanted"))
					assert.NoError(t, l.Ingest(t.Context(), audit.Event{Message: "wanted"}))
				}
			}
		})
	}
	addsUntil(t, l, &wg)
	shut(t, l)
	s := l.Stats()
	assert.EqualValues(t, goroutines*(each+2*each/100), s.Written+s.Discarded)
	assert.Equal(t, goroutines*(each/2+each/100), messages(p.all())["wanted"])
	assert.GreaterOrEqual(t, messages(p.all())["unwanted"], goroutines*each/100, "unwanted events are kept if they are of LogSync, or if the Filter panicked")
	assert.Equal(t, s.Written, int64(len(p.all())))
	assert.Positive(t, s.Discarded)
	assert.Positive(t, s.Errors)
}

// While a Filter runs, the buffer takes the events. When the buffer is full, events are dropped.
// Sync waits.
func TestFilterSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, run := &packer{}, make(chan struct{})
		l := open(t, audit.Config{Buffer: 4 << 20, Filter: func(batch []audit.Candidate) {
			<-run
			without("unwanted")(batch)
		}}, p, audit.Seams{})
		l.Log(t.Context(), "wanted")
		l.Log(t.Context(), "unwanted")
		time.Sleep(time.Second) // the Filter runs
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, l.Sync(ctx), context.DeadlineExceeded)
		fill(l)
		s := l.Stats()
		adds(t, s)
		assert.Positive(t, s.Dropped)
		assert.LessOrEqual(t, s.BufferedBytes, int64(4<<20))
		assert.Zero(t, s.Discarded+s.Written)

		synced := make(chan error)
		go func() { synced <- l.Sync(t.Context()) }()
		time.Sleep(time.Minute)
		select {
		case err := <-synced:
			t.Fatalf("Sync returned %v before the events were judged", err)
		default:
		}
		close(run)
		require.NoError(t, <-synced)
		s = l.Stats()
		assert.Zero(t, s.Buffered)
		assert.EqualValues(t, 1, s.Discarded)
		shut(t, l)
		assert.Equal(t, 1, messages(p.all())["wanted"])
	})
}

// Close waits no longer for a Filter than its context allows.
func TestFilterThatHangs(t *testing.T) {
	run := make(chan struct{})
	l := open(t, audit.Config{Filter: func([]audit.Candidate) { <-run }}, &packer{}, audit.Seams{})
	l.Log(t.Context(), "m")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorContains(t, l.Close(ctx), "1 events are in memory still")
	adds(t, l.Stats())
	close(run)
	_ = l.Close(t.Context())
	s := l.Stats()
	adds(t, s)
	assert.EqualValues(t, 1, s.Written, "the event is written, although Close gave up")
}

// A Filter may log to the Logger that calls it. The queue is never empty if the Filter logs more
// events than it judges. Sync and Close return nevertheless.
func TestFilterThatLogs(t *testing.T) {
	var l *audit.Logger
	opened := make(chan struct{})
	value := slog.String("k", strings.Repeat("v", 60_000))
	p := &packer{}
	l = open(t, audit.Config{Buffer: 4 << 20, Filter: func(batch []audit.Candidate) {
		<-opened
		for range 12 { // more than two chunks
			l.Log(context.Background(), "echo", value)
		}
		without("echo")(batch)
	}}, p, audit.Seams{})
	close(opened)
	l.Log(t.Context(), "m", value)
	for i := range 10 {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		require.NoError(t, l.LogSync(ctx, "sync"), "call %d", i)
		cancel()
	}
	adds(t, l.Stats())
	shut(t, l)
	assert.Equal(t, map[string]int{"m": 1, "sync": 10}, messages(p.all()))
	assert.Positive(t, l.Stats().Discarded)
}

// No event is lost if the names that a Filter adds make an event longer than a chunk, or longer
// than the limit of an event.
func TestFilterNames(t *testing.T) {
	many := make([]string, 200)
	for i := range many {
		many[i] = "filter " + strings.Repeat("n", 100) + strconv.Itoa(i)
	}
	p := &packer{}
	l := open(t, audit.Config{MaxEvent: audit.MaxEvent, Filter: each(func(c audit.Candidate) {
		switch c.Message() {
		case "many":
			c.Pass(many...)
		case "long":
			c.Pass("first", strings.Repeat("n", 1<<20), "last")
		}
	})}, p, audit.Seams{})
	for range 2000 {
		l.Log(t.Context(), "many")
	}
	largest := slog.String("k", strings.Repeat("v", audit.MaxEvent-30))
	l.Log(t.Context(), "many", largest)
	l.Log(t.Context(), "plain", largest)
	require.NoError(t, l.Sync(t.Context()))
	assert.Zero(t, l.Stats().Errors, l.Stats().LastError)
	require.NoError(t, l.LogSync(t.Context(), "long"))
	s := l.Stats()
	assert.EqualValues(t, 1, s.Errors)
	assert.Contains(t, s.LastError, "more than 64 KiB")
	shut(t, l)

	assert.Equal(t, map[string]int{"many": 2001, "plain": 1, "long": 1}, messages(p.all()))
	for _, e := range p.all() {
		switch e.Message {
		case "many":
			require.Equal(t, many, e.TraceNames)
		case "long":
			assert.Equal(t, []string{"first", "last"}, e.TraceNames)
		default:
			assert.Empty(t, e.TraceNames)
		}
	}
}

// A Filter allocates one copy of a batch, and nothing for each event.
func TestFilterAllocations(t *testing.T) {
	if raced.Enabled {
		t.Log("the race detector allocates, so no allocations are counted")
		return
	}
	l := open(t, audit.Config{Filter: each(func(c audit.Candidate) {
		if _, ok := c.Value("item"); ok {
			c.Pass("a", "b")
		}
		for range c.Context() {
			c.Pass("c")
		}
	})}, &packer{}, audit.Seams{Create: discard})
	defer shut(t, l)
	ctx, v := traced(), values(8)
	const events = 5000
	log := func() {
		for range events {
			log8(ctx, l, v)
		}
		assert.NoError(t, l.Sync(ctx))
	}
	log()
	assert.Less(t, testing.AllocsPerRun(5, log), events/10.0)
}

// BenchmarkFilter measures the cost of a Filter for the writer. "none" has no Filter, the Filter
// of "nothing" gives no verdict, and the Filter of "values" reads three values of each event.
func BenchmarkFilter(b *testing.B) {
	for _, tt := range []struct {
		name   string
		filter audit.Filter
	}{
		{"none", nil},
		{"nothing", func([]audit.Candidate) {}},
		{"values", each(func(c audit.Candidate) {
			for _, key := range []string{"network", "client_id", "absent"} {
				if v, ok := c.Value(key); ok && v == "3136" {
					c.Pass("a")
				}
			}
		})},
		{"pass", each(func(c audit.Candidate) { c.Pass("anton_client_filter") })},
		{"discard", each(func(c audit.Candidate) { c.Discard() })},
	} {
		b.Run(tt.name, func(b *testing.B) {
			l := open(b, audit.Config{Filter: tt.filter, Full: audit.Block}, &packer{}, audit.Seams{Create: discard})
			ctx, v := traced(), values(8)
			b.ReportAllocs()
			for b.Loop() {
				log8(ctx, l, v)
			}
			if err := l.Sync(ctx); err != nil {
				b.Fatal(err)
			}
			if s := l.Stats(); s.Dropped > 0 {
				b.Fatal(fmt.Sprint(s.Dropped, " events dropped"))
			}
			b.StopTimer()
			_ = l.Close(context.Background())
		})
	}
}
