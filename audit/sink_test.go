package audit_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
)

// sink is a Sink that keeps its events.
type sink struct {
	most   int                  // the largest number of events that it takes in a call; 0: 100
	before func(call int) error // runs before each call; its error refuses the events

	mu     sync.Mutex
	events []audit.Event
	calls  int
}

func (s *sink) Send(_ context.Context, events iter.Seq[audit.Event]) (sent, refused int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.before != nil {
		if err := s.before(s.calls); err != nil {
			return 0, 0, err
		}
	}
	most := s.most
	if most == 0 {
		most = 100
	}
	for e := range events {
		if sent == most {
			break // the Sink has read one event more than it takes
		}
		s.events = append(s.events, e)
		sent++
	}
	return sent, 0, nil
}

// numbers returns the numbers of the events that the sink has taken. An event's number is the
// value of its key n.
func (s *sink) numbers(t testing.TB) (all []int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.events {
		n, err := strconv.Atoi(e.Context["n"])
		require.NoError(t, err)
		all = append(all, n)
	}
	return all
}

func (s *sink) called() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// sinkFunc is a function that is a Sink.
type sinkFunc func(ctx context.Context, events iter.Seq[audit.Event]) (sent, refused int, err error)

func (f sinkFunc) Send(ctx context.Context, events iter.Seq[audit.Event]) (sent, refused int, err error) {
	return f(ctx, events)
}

func openSink(t testing.TB, dir string, s audit.Sink) *audit.Logger {
	t.Helper()
	l, err := audit.Open(audit.Config{Dir: dir, App: "app", Sink: s})
	require.NoError(t, err)
	return l
}

// logNumbers logs events with the numbers from first to last-1, in order. It syncs after each
// event, because events that wait in different buffers may change their order.
func logNumbers(t testing.TB, l *audit.Logger, first, last int) {
	t.Helper()
	for n := first; n < last; n++ {
		require.NoError(t, l.Ingest(t.Context(), audit.Event{Message: "m", Context: map[string]string{"n": strconv.Itoa(n)}}))
		require.NoError(t, l.Sync(t.Context()))
	}
}

func count(first, last int) (all []int) {
	for n := first; n < last; n++ {
		all = append(all, n)
	}
	return all
}

func journalNames(t testing.TB, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "_journal"))
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// sinkAdds checks that the figures of a Logger with a Sink add up. The journal must have been
// empty at first.
func sinkAdds(t testing.TB, s audit.Stats) {
	t.Helper()
	adds(t, s)
	require.Equal(t, s.Written, s.Sent+s.Refused+s.Unsent, "Written == Sent + Refused + Unsent: %+v", s)
}

// If the Sink refuses all events for an hour, the journal keeps them.
func TestSinkIsAway(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		away := errors.New("the stream is away")
		until := time.Now().Add(time.Hour)
		s := &sink{before: func(int) error {
			if time.Now().Before(until) {
				return away
			}
			return nil
		}}
		l := openSink(t, dir, s)
		for n := range 240 { // one event each 15 s, so each event has its own segment
			l.Log(t.Context(), "m", slog.Int("n", n))
			time.Sleep(15 * time.Second)
			sinkAdds(t, l.Stats())
		}
		before := l.Stats()
		assert.EqualValues(t, 240, before.Unsent)
		assert.Zero(t, before.Sent)
		assert.Greater(t, before.JournalBytes, int64(240*50))
		assert.InDelta(t, 3600, before.Oldest.Seconds(), 20)
		assert.Contains(t, before.LastError, "send a segment: the stream is away")
		assert.Less(t, s.called(), 240+70, "calls in an hour: there is one for each segment, and one a minute")
		time.Sleep(time.Minute)
		synctest.Wait()
		after := l.Stats()
		sinkAdds(t, after)
		assert.EqualValues(t, 240, after.Sent)
		assert.Zero(t, after.JournalBytes)
		assert.Zero(t, after.Oldest)
		assert.Equal(t, count(0, 240), s.numbers(t), "each event arrives once, in the order in which the events were logged")
		shut(t, l)
		assert.Equal(t, []string{"LOCK"}, journalNames(t, dir))
		assert.NoDirExists(t, filepath.Join(dir, "year="+strconv.Itoa(time.Now().Year())), "there are no Parquet files")
	})
}

// A segment is sent ten seconds after its first event, not at a fixed time of the clock.
func TestSinkGetsEventsSoon(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(3 * time.Second)
		s := &sink{}
		l := openSink(t, dir, s)
		l.Log(t.Context(), "m", slog.Int("n", 0))
		time.Sleep(10 * time.Second)
		assert.Empty(t, s.numbers(t))
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		assert.Equal(t, []int{0}, s.numbers(t))
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		assert.Zero(t, l.Stats().Errors, "there is no store to merge in: %s", l.Stats().LastError)
		shut(t, l)
	})
}

// The next Logger of a directory does not send events again that were sent before.
func TestSinkGoesOn(t *testing.T) {
	dir := t.TempDir()
	away := errors.New("away")
	first := &sink{most: 7, before: func(call int) error {
		if call > 3 {
			return away
		}
		return nil
	}}
	l := openSink(t, dir, first)
	logNumbers(t, l, 0, 40)
	err := l.Close(t.Context())
	require.ErrorContains(t, err, "19 events are not sent, and wait in the journal")
	require.ErrorContains(t, err, "send a segment: away")
	sinkAdds(t, l.Stats())
	assert.Equal(t, count(0, 21), first.numbers(t))

	found, err := lake.Count(t.Context(), lake.Query{}, nil, lake.Dir(dir))
	require.NoError(t, err)
	assert.EqualValues(t, 40, found, "a search finds the events of the journal, and the .sent file is no error")

	second := &sink{most: 1000}
	l = openSink(t, dir, second)
	shut(t, l)
	assert.EqualValues(t, 19, l.Stats().Sent)
	assert.Equal(t, count(21, 40), second.numbers(t))
	assert.Equal(t, []string{"LOCK"}, journalNames(t, dir))
}

// If the Sink takes some events and then returns an error, the same process does not send these
// events again.
func TestSinkTakesSome(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		var got []string
		l := openSink(t, dir, sinkFunc(func(_ context.Context, events iter.Seq[audit.Event]) (int, int, error) {
			for e := range events {
				got = append(got, e.Context["n"])
				break
			}
			for range events { // the second loop begins with the first event again
			}
			return 1, 0, errors.New("no more at once")
		}))
		logNumbers(t, l, 0, 5)
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, []string{"0", "1", "2", "3", "4"}, got)
		assert.EqualValues(t, 5, l.Stats().Errors)
		shut(t, l)
	})
}

func TestSinkRefusesForEver(t *testing.T) {
	dir := t.TempDir()
	l := openSink(t, dir, sinkFunc(func(_ context.Context, events iter.Seq[audit.Event]) (sent, refused int, err error) {
		for e := range events {
			switch {
			case e.Context["n"] != "2":
				sent++
				continue
			case sent > 0:
				return sent, 0, nil
			}
			return 0, 1, errors.New("event 2 is too large")
		}
		return sent, 0, nil
	}))
	logNumbers(t, l, 0, 5)
	require.NoError(t, l.Close(t.Context()))
	s := l.Stats()
	sinkAdds(t, s)
	assert.Equal(t, []int64{4, 1, 0}, []int64{s.Sent, s.Refused, s.Unsent})
	assert.EqualValues(t, 1, s.Errors)
	assert.Equal(t, "audit: send a segment: event 2 is too large", s.LastError)
}

func TestBadSinks(t *testing.T) {
	says := func(sent, refused int) sinkFunc {
		return func(_ context.Context, events iter.Seq[audit.Event]) (int, int, error) {
			for range events {
			}
			return sent, refused, nil
		}
	}
	for _, tt := range []struct {
		name string
		sink sinkFunc
		want string
	}{
		{"panics", func(context.Context, iter.Seq[audit.Event]) (int, int, error) { panic("bad sink") }, "panic: bad sink"},
		{"panics in the loop", func(_ context.Context, events iter.Seq[audit.Event]) (int, int, error) {
			for range events {
				panic("bad loop")
			}
			return 0, 0, nil
		}, "panic: bad loop"},
		{"takes nothing without an error", says(0, 0), "has taken no event, and gives no reason"},
		{"takes too many", says(4, 0), "was offered 3 events, and says that it has taken 4 and refused 0"},
		{"refuses too many", says(2, 2), "was offered 3 events, and says that it has taken 2 and refused 2"},
		{"takes MaxInt events", says(math.MaxInt, 1), "was offered 3 events, and says that it has taken " + strconv.Itoa(math.MaxInt) + " and refused 1"},
		{"refuses MaxInt events", says(1, math.MaxInt), "was offered 3 events, and says that it has taken 1 and refused " + strconv.Itoa(math.MaxInt)},
		{"takes -1 events", says(-1, 1), "it has taken -1"},
		{"refuses -1 events", says(2, -1), "refused -1"},
		{"takes events that it has not read", func(context.Context, iter.Seq[audit.Event]) (int, int, error) { return 3, 0, nil }, "was offered 0 events"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := openSink(t, t.TempDir(), tt.sink)
			logNumbers(t, l, 0, 3)
			err := l.Close(t.Context())
			require.ErrorContains(t, err, tt.want)
			require.ErrorContains(t, err, "3 events are not sent")
			sinkAdds(t, l.Stats())
		})
	}
}

// If a Sink hangs, its call ends at the deadline of Close, and nothing is lost.
func TestSinkHangs(t *testing.T) {
	dir := t.TempDir()
	l := openSink(t, dir, sinkFunc(func(ctx context.Context, _ iter.Seq[audit.Event]) (int, int, error) {
		<-ctx.Done()
		return 0, 0, ctx.Err()
	}))
	logNumbers(t, l, 0, 3)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("ten seconds are over")
	cancel(why)
	require.ErrorIs(t, l.Close(ctx), why)
	require.ErrorContains(t, l.Close(t.Context()), "3 events are not sent")
	sinkAdds(t, l.Stats())
	s := &sink{}
	shut(t, openSink(t, dir, s))
	assert.Equal(t, count(0, 3), s.numbers(t))
}

// The figures add up at each moment while events are logged and sent.
func TestSinkAddsUp(t *testing.T) {
	s := &sink{most: 1000, before: func(call int) error {
		if call%3 == 0 {
			return errors.New("each third call")
		}
		return nil
	}}
	l := openSink(t, t.TempDir(), s)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for n := range 5000 {
				l.Log(t.Context(), "m", slog.Int("n", n))
			}
		})
	}
	done := make(chan error, 1)
	go func() {
		all.Wait()
		_ = l.Close(t.Context()) // Close returns an error if the last call is a third one
		done <- nil
	}()
	for {
		select {
		case <-done:
			return
		default:
			sinkAdds(t, l.Stats())
		}
	}
}

// After a crash the .sent file of a segment may be missing, cut or damaged.
func TestSinkRecovery(t *testing.T) {
	records := func(n int) (b []byte) {
		for i := range n {
			start := len(b)
			b = segment.Begin(b, 5, nil, "", "m")
			b = segment.AppendPair(b, "n", strconv.Itoa(i))
			segment.End(b, start)
		}
		return b
	}
	block := func(records []byte) []byte {
		b := append(make([]byte, segment.BlockHead), records...)
		segment.PutBlockHead(b)
		return b
	}
	line := func(n int64) string { return string(audit.ProgressLine(n)) }
	for _, tt := range []struct {
		name    string
		sent    string // the content of the .sent file; "-": there is no such file
		tail    string // bytes of the segment after its four events
		want    []int
		damaged int
		err     string
	}{
		{name: "no file", sent: "-", want: count(0, 4)},
		{name: "an empty file", sent: "", want: count(0, 4)},
		{name: "one call", sent: line(2), want: count(2, 4)},
		{name: "two calls", sent: line(2) + line(3), want: count(3, 4)},
		{name: "a line was cut", sent: line(2) + line(3)[:8], want: count(2, 4)},
		{name: "zeros", sent: line(2) + "\x00\x00\x00", want: count(2, 4)},
		{name: "zeros before the end of a line", sent: line(1) + "\x00\n", want: count(1, 4)},
		{name: "other bytes", sent: "all of it\n", want: count(0, 4)},
		{name: "a number that falls", sent: line(3) + line(2), want: count(3, 4)},
		{name: "a negative number", sent: line(-3), want: count(0, 4)},
		{name: "all events are sent", sent: line(4), want: nil},
		{name: "more events than the segment has", sent: line(400), want: count(0, 4), err: "the Sink has taken 400 events of "},
		{name: "one event more than the segment has", sent: line(5), want: count(0, 4), err: "which has 4: all are sent again"},
		{name: "more events than a torn segment has", sent: line(5), tail: "torn", want: count(0, 4), damaged: 1, err: "which has 4"},
		{name: "a line with the checksum of another number", sent: "3" + line(2)[1:], want: count(0, 4)},
		{name: "a good line, and a line with a wrong checksum", sent: line(1) + "3" + line(2)[1:], want: count(1, 4)},
		{name: "a number without its checksum", sent: "3\n", want: count(0, 4)},
		{name: "a number with a sign", sent: "+" + line(3), want: count(0, 4)},
		{name: "zeros after the segment", sent: line(1), tail: "\x00\x00\x00\x00\x00\x00\x00\x00\x00", want: count(1, 4)},
		{name: "a torn block", sent: line(1), tail: "torn bytes that are no block", want: count(1, 4), damaged: 1},
		{name: "a torn head", sent: "-", tail: "torn", want: count(0, 4), damaged: 1},
		{name: "bytes that are not records", sent: "-", tail: string(block([]byte("no record, but its checksum holds"))), want: count(0, 4), damaged: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			journal := filepath.Join(dir, "_journal")
			require.NoError(t, os.MkdirAll(journal, 0o700))
			id := segment.NewID(time.Now().UnixMicro(), 1)
			data := segment.AppendHeader(nil, segment.Header{ID: id, App: "app"})
			all := records(4)
			cut := len(records(3))
			data = append(append(append(data, block(all[:cut])...), block(all[cut:])...), tt.tail...)
			require.NoError(t, os.WriteFile(filepath.Join(journal, id+".sealed"), data, 0o600))
			if tt.sent != "-" {
				require.NoError(t, os.WriteFile(filepath.Join(journal, id+".sent"), []byte(tt.sent), 0o600))
			}
			s := &sink{}
			l := openSink(t, dir, s)
			shut(t, l)
			assert.Equal(t, tt.want, s.numbers(t))
			assert.Equal(t, tt.damaged, l.Stats().Damaged)
			assert.EqualValues(t, len(tt.want), l.Stats().Sent)
			assert.Equal(t, tt.err != "", l.Stats().Errors == 1, l.Stats().LastError)
			assert.Contains(t, l.Stats().LastError, tt.err)
			assert.Equal(t, []string{"LOCK"}, journalNames(t, dir))
		})
	}
}

// A .sent file without a segment is removed. Files of others are not touched.
func TestSinkLeavesOthersAlone(t *testing.T) {
	dir := t.TempDir()
	journal := filepath.Join(dir, "_journal")
	require.NoError(t, os.MkdirAll(journal, 0o700))
	for name, data := range map[string]string{
		segment.NewID(1, 1) + ".sent": "5\n", "notes.sent": "of the user", "newer.sealed": "clewaud2 and more", "damaged.sealed": "nothing of ours",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(journal, name), []byte(data), 0o600))
	}
	s := &sink{}
	l := openSink(t, dir, s)
	shut(t, l)
	assert.Zero(t, s.called())
	assert.Equal(t, 1, l.Stats().Newer)
	assert.Equal(t, 1, l.Stats().Damaged)
	assert.Equal(t, []string{"LOCK", "damaged.sealed", "newer.sealed", "notes.sent"}, journalNames(t, dir))
}

// If the .sent file cannot be written, for example on a full disk, the segments are nevertheless
// sent and deleted.
func TestSinkWithoutProgress(t *testing.T) {
	dir := t.TempDir()
	s := &sink{most: 2, before: func(int) error { return errors.New("away") }} // Close may call Send twice
	l := openSink(t, dir, s)
	logNumbers(t, l, 0, 5)
	require.ErrorContains(t, l.Close(t.Context()), "away")
	sealed := journalFiles(t, dir)[0]
	sent := sealed[:len(sealed)-len(".sealed")] + ".sent"
	require.NoError(t, os.Remove(sent))
	require.NoError(t, os.MkdirAll(filepath.Join(sent, "in the way"), 0o700))
	s.before = nil
	l = openSink(t, dir, s)
	_ = l.Close(t.Context())
	assert.Equal(t, count(0, 5), s.numbers(t))
	assert.Contains(t, l.Stats().LastError, ".sent")
	assert.Empty(t, journalFiles(t, dir))
}

// If somebody deletes a segment, its events that were not sent are lost, and are counted.
func TestSinkLosesASegment(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := &sink{most: 2, before: func(call int) error {
			if call > 1 {
				return errors.New("away")
			}
			return nil
		}}
		l := openSink(t, dir, s)
		logNumbers(t, l, 0, 5)
		time.Sleep(11 * time.Second)
		synctest.Wait()
		for _, path := range journalFiles(t, dir) {
			require.NoError(t, os.Remove(path))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		require.ErrorContains(t, l.Close(t.Context()), "3 events were in a journal that somebody deleted")
		st := l.Stats()
		sinkAdds(t, st)
		assert.Equal(t, []int64{2, 3, 2, 0}, []int64{st.Written, st.Failed, st.Sent, st.Unsent})
	})
}

// The Sink gets the same members of an event as a search would find.
func TestSinkEvent(t *testing.T) {
	dir := t.TempDir()
	s := &sink{}
	l := openSink(t, dir, s)
	at := time.Date(2026, 11, 27, 4, 15, 0, 123456000, time.UTC)
	all := []audit.Event{
		{Time: at, TraceID: "463ac35c9f6413ad", App: "other", Message: "all", Context: map[string]string{"a": "1", "b": "zwei ü"}, TraceNames: []string{"f", "g"}},
		{Time: at.Add(time.Microsecond), TraceID: "463ac35c9f6413ad463ac35c9f6413ad", App: "app", Message: ""},
		{Time: at.Add(2 * time.Microsecond), App: "app", Message: "twice", Context: map[string]string{"k": "last"}},
	}
	for _, e := range all[:2] {
		require.NoError(t, l.Ingest(t.Context(), e))
		require.NoError(t, l.Sync(t.Context()))
	}
	l.Log(t.Context(), "twice", slog.String("k", "first"), slog.String("k", "last"))
	shut(t, l)
	require.Len(t, s.events, 3)
	assert.WithinDuration(t, time.Now(), s.events[2].Time, time.Minute)
	s.events[2].Time = all[2].Time
	assert.Equal(t, all, s.events)
}

func TestSinkMetrics(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	s := &sink{most: 2, before: func(call int) error {
		if call == 2 {
			return errors.New("away")
		}
		return nil
	}}
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l, err := audit.Open(audit.Config{Dir: dir, App: "app", Sink: s, MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))})
		require.NoError(t, err)
		logNumbers(t, l, 0, 5)
		time.Sleep(10*time.Second + 100*time.Millisecond)
		synctest.Wait()
		got := map[string]float64{}
		var data metricdata.ResourceMetrics
		require.NoError(t, reader.Collect(t.Context(), &data))
		for _, m := range data.ScopeMetrics[0].Metrics {
			for name, value := range points(m) {
				got[name] = value
			}
		}
		assert.Equal(t, []float64{2, 0, 3}, []float64{got["audit.sink.sent"], got["audit.sink.refused"], got["audit.sink.unsent"]})
		shut(t, l)
	})
}
