package timeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline"
	"example.com/clew/internal/torture"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// listed returns the glances of three traces, and of a line without a trace ID. Trace 1 has a
// failed call and a root without an error. Trace 2 is a job. Trace 3 has only lines.
func listed() []timeline.Glance {
	at := func(trace uint64, service, level string, at time.Duration) timeline.Glance {
		return timeline.Glance{Trace: timeline.ID{Low: trace}, Service: service, Level: level, Time: noon.Add(at)}
	}
	record := func(g timeline.Glance, record, method, route string, parent uint64, status int, took time.Duration) timeline.Glance {
		g.Record, g.Method, g.Route, g.Parent, g.Status, g.Duration = record, method, route, parent, status, took
		return g
	}
	return []timeline.Glance{
		at(1, "shop", "info", 10*ms),
		record(at(1, "shop", "info", 100*ms), line.MessageRequest, "GET", "/cart", 0, 200, 95*ms),
		record(at(1, "shop", "warn", 50*ms), line.MessageCall, "GET", "/items", 1, 503, 20*ms),
		record(at(1, "stock", "error", 49*ms), line.MessageRequest, "GET", "/items", 2, 503, 18*ms),
		record(at(2, "shop", "info", 2*time.Second), line.MessageJob, "", "clean up", 0, 0, time.Second),
		at(3, "nginx", "", 3*time.Second),
		at(3, "nginx", "", 4*time.Second),
		{Service: "nobody's"},
	}
}

func TestLister(t *testing.T) {
	tests := []struct {
		name   string
		filter timeline.Filter
		want   []uint64 // the low halves of the listed IDs
	}{
		{"all, the newest first", timeline.Filter{}, []uint64{3, 2, 1}},
		{"service", timeline.Filter{Service: "stock"}, []uint64{1}},
		{"service without records", timeline.Filter{Service: "nginx"}, []uint64{3}},
		{"route", timeline.Filter{Route: "/cart"}, []uint64{1}},
		{"route of a call", timeline.Filter{Service: "shop", Route: "/items"}, nil},
		{"job", timeline.Filter{Route: "clean up"}, []uint64{2}},
		{"status", timeline.Filter{Statuses: []timeline.Statuses{{503, 503}}}, []uint64{1}},
		{"several statuses", timeline.Filter{Statuses: []timeline.Statuses{{404, 404}, {500, 503}}}, []uint64{1}},
		{"statuses that no request has", timeline.Filter{Statuses: []timeline.Statuses{{400, 499}}}, nil},
		{"status of another service", timeline.Filter{Service: "shop", Statuses: []timeline.Statuses{{500, 599}}}, nil},
		{"error", timeline.Filter{Error: true}, []uint64{1}},
		{"error of a service", timeline.Filter{Service: "stock", Error: true}, []uint64{1}},
		{"slower", timeline.Filter{Slower: 95 * ms}, []uint64{2, 1}},
		{"slower than the request of the service", timeline.Filter{Slower: 19 * ms, Service: "stock"}, nil},
		{"since", timeline.Filter{Since: noon.Add(time.Second)}, []uint64{3, 2}},
		{"until", timeline.Filter{Until: noon.Add(time.Second)}, []uint64{1}},
		{"marked", timeline.Filter{Marked: true}, []uint64{2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			glances := listed()
			for range 5 { // in several orders
				rand.Shuffle(len(glances), func(i, j int) { glances[i], glances[j] = glances[j], glances[i] })
				l := timeline.NewLister(tt.filter, 0)
				for i := range glances {
					l.Add(&glances[i])
				}
				l.Mark(timeline.ID{Low: 2})
				l.Mark(timeline.ID{Low: 99})
				traces, left := l.List(0)
				var got []uint64
				for _, s := range traces {
					got = append(got, s.ID.Low)
				}
				assert.Equal(t, tt.want, got)
				assert.Equal(t, timeline.Left{NoID: 1}, left)
			}
		})
	}
}

func TestSummary(t *testing.T) {
	l := timeline.NewLister(timeline.Filter{}, 0)
	for _, g := range listed() {
		l.Add(&g)
	}
	traces, left := l.List(0)
	require.Len(t, traces, 3)
	assert.Equal(t, timeline.Summary{
		ID: timeline.ID{Low: 1}, Start: noon.Add(5 * ms), End: noon.Add(100 * ms), Record: line.MessageRequest, Service: "shop", Operation: "GET /cart",
		Status: 200, Duration: 95 * ms, Services: []string{"shop", "stock"}, Spans: 3, Lines: 4, Errors: 2,
	}, traces[2])
	assert.Equal(t, timeline.Summary{
		ID: timeline.ID{Low: 3}, Start: noon.Add(3 * time.Second), End: noon.Add(4 * time.Second), Service: "nginx", Duration: time.Second,
		Services: []string{"nginx"}, Lines: 2,
	}, traces[0])

	var text, data bytes.Buffer
	require.NoError(t, timeline.ListText(&text, traces, left, timeline.Style{}))
	assert.Equal(t, `began (UTC)                    took   spans   lines  errors  root, its other services, trace
2026-11-26 12:00:03.000      1.00 s       0       2       0  nginx (no request, call or job)  0000000000000003
2026-11-26 12:00:01.000      1.00 s       1       1       0  shop job clean up  0000000000000002
2026-11-26 12:00:00.005     95.0 ms       3       4       2  shop GET /cart 200 stock  0000000000000001
3 traces
1 line without a trace ID.
`, text.String())

	traces, left = l.List(1)
	require.NoError(t, timeline.ListJSON(&data, traces, left))
	assert.JSONEq(t, `{"traces": [{"trace": "0000000000000003", "start": "2026-11-26T12:00:03Z", "duration_ms": 1000, "service": "nginx", "operation": "",
		"services": ["nginx"], "spans": 0, "lines": 2, "errors": 0}], "left": {"limited": 2, "traces": 0, "lines": 0, "no_id": 1}}`, data.String())
	text.Reset()
	require.NoError(t, timeline.ListText(&text, traces, left, timeline.Style{}))
	assert.Contains(t, text.String(), "1 trace, the newest of 3: --limit shows more")
}

// Datadog's decimal form contains only the low half of the ID. A line with this form is listed
// with the trace that has the same low half.
func TestListerHalfIDs(t *testing.T) {
	for _, order := range [][]uint64{{0, 7, 0}, {7, 0, 7}, {0, 0, 7}, {7, 7, 0}} {
		l := timeline.NewLister(timeline.Filter{}, 0)
		for _, high := range order {
			l.Add(&timeline.Glance{Trace: timeline.ID{High: high, Low: 1}, Time: noon})
		}
		traces, _ := l.List(0)
		require.Len(t, traces, 1, "%v", order)
		assert.Equal(t, timeline.ID{High: 7, Low: 1}, traces[0].ID)
		assert.Equal(t, 3, traces[0].Lines)
	}
	l := timeline.NewLister(timeline.Filter{}, 0)
	for _, high := range []uint64{7, 8, 7} {
		l.Add(&timeline.Glance{Trace: timeline.ID{High: high, Low: 1}, Time: noon})
	}
	traces, _ := l.List(0)
	assert.Len(t, traces, 2, "IDs with different high halves are different traces")
}

// If there is too little room, the newest traces are kept whole, in whatever order their lines are
// added. The other traces are counted.
func TestListerDrops(t *testing.T) {
	const traces, lines, room = 1000, 5, 100
	var glances []timeline.Glance
	for i := range traces * lines {
		trace := i % traces
		glances = append(glances, timeline.Glance{Trace: timeline.ID{Low: uint64(trace + 1)}, Service: "a", Time: noon.Add(time.Duration(trace) * time.Second)})
	}
	for seed := range uint64(10) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		if seed > 0 { // with seed 0, the lines come as from five sources that are read one by one
			rnd.Shuffle(len(glances), func(i, j int) { glances[i], glances[j] = glances[j], glances[i] })
		}
		l := timeline.NewLister(timeline.Filter{}, room)
		for i := range glances {
			l.Add(&glances[i])
		}
		list, left := l.List(0)
		require.LessOrEqual(t, len(list), room)
		require.GreaterOrEqual(t, len(list), room*3/4)
		kept := 0
		for i, s := range list {
			require.Equal(t, uint64(traces-i), s.ID.Low, "the newest traces must be listed, without a gap")
			require.Equal(t, lines, s.Lines, "a listed trace must have all its lines")
			kept += s.Lines
		}
		assert.Equal(t, traces*lines, kept+left.Lines, "number of lines that are listed or left out")
		assert.Equal(t, list[len(list)-1].Start.Add(-time.Second), left.Before)
		assert.Positive(t, left.Traces)
		var text strings.Builder
		require.NoError(t, timeline.ListText(&text, list, left, timeline.Style{Width: 100}))
		assert.Contains(t, text.String(), "Left out: ")
	}
}

func TestParseStatuses(t *testing.T) {
	tests := []struct {
		text      string
		low, high int
	}{
		{"404", 404, 404}, {"5xx", 500, 599}, {"4XX", 400, 499}, {"500-504", 500, 504}, {"400-599", 400, 599}, {"9xx", 900, 999},
		{"", 0, 0}, {"0xx", 0, 0}, {"99", 0, 0}, {"1000", 0, 0}, {"-50", 0, 0}, {"5x", 0, 0}, {"504-500", 0, 0}, {"500-", 0, 0}, {"500-5xx", 0, 0}, {"+50", 0, 0}, {"\x1b[m", 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			got, err := timeline.ParseStatuses(tt.text)
			assert.Equal(t, timeline.Statuses{Low: tt.low, High: tt.high}, got)
			assert.Equal(t, tt.low == 0, err != nil)
			if err != nil {
				assert.NotContains(t, err.Error(), "\x1b")
			}
		})
	}
}

func FuzzLister(f *testing.F) {
	f.Add([]byte{}, 1)
	f.Add(bytes.Repeat([]byte{1, 7, 2, 0, 3, 1, 9, 4, 5, 6, 8, 2}, 9), 3)
	f.Fuzz(func(t *testing.T, data []byte, room int) {
		l := timeline.NewLister(timeline.Filter{}, 1+(room&0xff))
		n, ids := 0, 0
		for i, e := range entriesOf(data[:min(len(data), 200*entryBytes)]) {
			if e == nil {
				continue
			}
			g := timeline.GlanceOf(e)
			g.Trace = timeline.ID{High: uint64(i / 7 % 3), Low: uint64(data[i*entryBytes] % 9)}
			if g.Trace == (timeline.ID{}) {
				ids++
			}
			l.Add(&g)
			n++
		}
		list, left := l.List(0)
		lines := left.Lines + left.NoID
		for _, s := range list {
			lines += s.Lines
			require.False(t, s.End.Before(s.Start))
		}
		require.Equal(t, n, lines, "number of lines that are listed or counted")
		require.Equal(t, ids, left.NoID)
		for _, width := range []int{0, 90} {
			var text bytes.Buffer
			require.NoError(t, timeline.ListText(&text, list, left, timeline.Style{Width: width}))
			assertHarmless(t, text.String())
		}
		var out bytes.Buffer
		require.NoError(t, timeline.ListJSON(&out, list, left))
		require.True(t, json.Valid(out.Bytes()))
		assertHarmless(t, out.String())
	})
}

// A million open traces, some with long names, need fewer than 512 bytes each.
func TestTortureLister(t *testing.T) {
	traces := torture.Size(50_000, 3_000_000)
	room := traces / 3
	heap := torture.Heap()
	l := timeline.NewLister(timeline.Filter{}, room)
	path := strings.Repeat("/long", 100)
	for i := range traces {
		g := timeline.Glance{
			Trace: timeline.ID{High: 7, Low: uint64(i+1) * 0x9e3779b97f4a7c15}, Time: noon.Add(time.Duration(i) * ms), Service: "media-api",
			Record: line.MessageRequest, Method: "GET", Route: "/media/" + fmt.Sprint(i), Status: 200, Duration: ms,
		}
		if i%100 == 0 {
			g.Service, g.Route = fmt.Sprint(path, i), path
		}
		l.Add(&g)
	}
	each := (torture.Heap() - heap) / room
	list, left := l.List(10)
	require.Len(t, list, 10)
	assert.Less(t, each, 512, "bytes for each trace that is kept")
	assert.Equal(t, traces, left.Limited+10+left.Traces)
	torture.Row(t, "a list of more traces than there is room for", "%d traces, %d kept at most, %d bytes each", traces, room, each)
}

// A line of a known trace allocates nothing.
func TestListerAllocations(t *testing.T) {
	glances := listed()
	l := timeline.NewLister(timeline.Filter{Route: "/cart"}, 0)
	for i := range glances {
		l.Add(&glances[i])
	}
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		for i := range glances {
			l.Add(&glances[i])
		}
	}))
}

func BenchmarkLister(b *testing.B) {
	l := timeline.NewLister(timeline.Filter{}, 100_000)
	g := listed()[1]
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ { // twelve lines a trace
		g.Trace = timeline.ID{High: uint64(i / 12), Low: uint64(i/12) * 0x9e3779b97f4a7c15}
		g.Time = noon.Add(time.Duration(i) * time.Microsecond)
		l.Add(&g)
	}
}

// A trace without a root is listed with the service that wrote first, in whatever order the
// sources are read.
func TestListerFirstService(t *testing.T) {
	glances := []timeline.Glance{
		{Trace: timeline.ID{Low: 1}, Time: noon},
		{Trace: timeline.ID{Low: 1}, Time: noon.Add(ms), Service: "b"},
		{Trace: timeline.ID{Low: 1}, Time: noon.Add(ms), Service: "c"},
		{Trace: timeline.ID{Low: 1}, Time: noon.Add(2 * ms), Service: "a"},
		{Trace: timeline.ID{Low: 1}, Service: "aa"},
	}
	for range 20 {
		rand.Shuffle(len(glances), func(i, j int) { glances[i], glances[j] = glances[j], glances[i] })
		l := timeline.NewLister(timeline.Filter{}, 0)
		for i := range glances {
			l.Add(&glances[i])
		}
		list, _ := l.List(0)
		require.Len(t, list, 1)
		require.Equal(t, "b", list[0].Service, "%v", glances)
	}
}

// Very many services and very long names need limited memory: further services are counted, and
// further names become "…".
func TestListerManyServices(t *testing.T) {
	l := timeline.NewLister(timeline.Filter{}, 0)
	for i := range 100 {
		l.Add(&timeline.Glance{Trace: timeline.ID{Low: 1}, Time: noon.Add(time.Minute), Service: fmt.Sprint("s", i)})
	}
	for i := range 70_000 {
		l.Add(&timeline.Glance{Trace: timeline.ID{Low: 2}, Time: noon, Service: strings.Repeat("long", 100) + fmt.Sprint(i)})
		l.Add(&timeline.Glance{Trace: timeline.ID{Low: 3}, Time: noon, Service: fmt.Sprint("other", i)})
	}
	l.Add(&timeline.Glance{Trace: timeline.ID{Low: 4}, Time: noon.Add(time.Hour), Service: "one too many"})
	list, _ := l.List(2)
	require.Len(t, list, 2)
	assert.Equal(t, []string{"…"}, list[0].Services)
	assert.Len(t, list[1].Services, 32)
	assert.Equal(t, 68, list[1].More)
}
