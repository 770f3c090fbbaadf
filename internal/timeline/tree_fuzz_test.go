package timeline_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline"
	"example.com/clew/internal/torture"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// entryBytes is the number of fuzzed bytes that make an entry.
const entryBytes = 12

// hostile are texts that a terminal, a page or a reader of JSON must not obey.
var hostile = []string{
	"", "plain", "two\nlines\r\n\tand a tab", "\x1b[31mred\x1b]0;title\x07", "\u202etxt.exe\u2066", "\x00\x7f\u009b31m", "\xff\xfe\xc3(", "</script>\u2028\u2029",
	"日本語のログ", "\ufeffbom\u200b", strings.Repeat("long ", 200), "e\u0301\u0301\u0301", "\U000e0041tag",
}

// entriesOf makes entries from any bytes. There are few services and IDs, so there are circles,
// doubles, and spans that several lines report. Some times and durations contradict each other, or
// overflow.
func entriesOf(data []byte) []*timeline.Entry {
	var entries []*timeline.Entry
	spans := []string{"", id("1"), id("2"), id("3"), id("4"), id("5"), id("6"), "\x1b[5mnot an ID"}
	for n := 1; len(data) >= entryBytes; n++ {
		b := data[:entryBytes]
		data = data[entryBytes:]
		pick := func(i int) string { return hostile[int(b[i])%len(hostile)] }
		at := time.Duration(int8(b[5])) * 10 * ms
		took := time.Duration(int8(b[6])) * ms
		e := &timeline.Entry{
			Source: []string{"", "a.log", "b.log"}[b[0]>>6%3], Number: n / 2, Trace: traceID, Time: noon.Add(at),
			Service: []string{"", "a", "b", "c\x1b[2J"}[b[1]%4], Span: spans[b[2]%8], Parent: spans[b[3]%8], CallerParent: spans[b[4]%8],
			Level: []string{"", "info", "error", "\x1b"}[b[1]>>2%4], Message: pick(7), Text: pick(8),
			Fields:    []line.Field{{Key: pick(9), Value: pick(10), Text: b[9]&1 == 0}},
			Precision: []time.Duration{0, ms, time.Second, 0}[b[1]>>4%4], Sampled: b[1]>>7 == 1,
		}
		switch b[11] % 16 {
		case 0:
			e.Time = time.Time{}
		case 1:
			e.Time = time.Unix(0, math.MaxInt64).UTC()
		case 2:
			e.Time = time.Unix(0, 0).UTC()
		case 3:
			took = math.MaxInt64
		case 4:
			took = math.MinInt64
		case 5:
			e.Time = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
		case 6:
			e.Time = time.Date(0, 1, 1, 12, 0, 0, 0, time.UTC)
		}
		switch b[0] % 4 {
		case 1:
			e.Record = &line.Request{Method: pick(9), Route: pick(10), Path: pick(7), Status: int(b[8]) * 4, Duration: took, UntrustedTraceID: pick(7), Panicked: b[11]>>7 == 1}
		case 2:
			e.Record = &line.Call{Method: pick(9), Host: []string{pick(10), "a.example:80", "b"}[b[10]%3], Path: pick(7), Status: int(b[8]) * 4, Duration: took, Body: time.Duration(b[9]) * ms, Error: pick(8), Attempt: int(b[10] % 4)}
		case 3:
			e.Record = &line.Run{Job: pick(9), Duration: took, ScheduledBy: pick(7)}
		}
		entries = append(entries, e)
	}
	return append(entries, nil)
}

func FuzzTree(f *testing.F) {
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 4))
	f.Add(bytes.Repeat([]byte{1, 1, 1, 2, 0, 1, 50, 1, 1, 1, 1, 15, 1, 2, 2, 3, 0, 1, 50, 1, 1, 1, 1, 15, 1, 1, 3, 1, 0, 2, 9, 0, 50, 1, 1, 15}, 3))
	for seed := range byte(20) {
		data := make([]byte, 30*entryBytes)
		for i := range data {
			data[i] = byte(binary.LittleEndian.Uint16([]byte{byte(i) * (2*seed + 1), seed + byte(i>>3)}) * 251 >> 5)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		entries := entriesOf(data[:min(len(data), 200*entryBytes)])
		tree := timeline.NewTree(timeline.NewTrace(traceID, entries))
		assertWhole(t, entries, tree)
		assertCritical(t, tree)
		assertText(t, tree)
		assertJSON(t, tree)
		assertExports(t, tree)
	})
}

// assertCritical asserts that the parts of the critical path add up to the duration of the longest
// root.
func assertCritical(t *testing.T, tree *timeline.Tree) {
	var sum, longest time.Duration
	for _, s := range tree.Spans {
		require.True(t, s.Critical >= 0, "the critical time of %s is negative: %v", s.Key(), s.Critical)
		sum += s.Critical
		if s.Parent == nil && !s.Start.IsZero() {
			longest = max(longest, s.Duration)
		}
	}
	if longest < 200*365*24*time.Hour { // a sum of longer durations overflows
		require.Equal(t, longest, sum, "the sum of all critical times")
	}
}

// assertText asserts that text views contain no character that a terminal obeys, except the
// colours of a coloured view.
func assertText(t *testing.T, tree *timeline.Tree) {
	for _, width := range []int{0, 1, 80, 120} {
		var out, coloured bytes.Buffer
		require.NoError(t, tree.Text(&out, timeline.Style{Width: width}))
		assertHarmless(t, out.String())
		require.NoError(t, tree.Text(&coloured, timeline.Style{Width: width, Colour: true, UI: "http://zipkin"}))
		require.Equal(t, 0, strings.Count(coloured.String(), "\x1b[")%2, "number of colour codes modulo 2: each colour must be switched off by a second code")
	}
}

func assertHarmless(t testing.TB, text string) {
	t.Helper()
	require.True(t, utf8.ValidString(text), "the text is not valid UTF-8: %q", text)
	for _, r := range text {
		require.True(t, r == '\n' || unicode.IsGraphic(r), "a terminal may obey the character %q in %q", r, text)
	}
}

func assertJSON(t *testing.T, tree *timeline.Tree) {
	var out bytes.Buffer
	require.NoError(t, tree.JSON(&out))
	assertHarmless(t, out.String())
	var view struct {
		Spans []struct{ ID, Parent string }
		Lines []struct{ Span string }
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &view), "%s", &out)
	require.Len(t, view.Lines, len(tree.Entries))
	require.Len(t, view.Spans, len(tree.Spans))
	known := map[string]bool{"": true}
	for _, s := range view.Spans {
		require.True(t, known[s.Parent], "the parent %q is not a span before its child", s.Parent)
		known[s.ID] = true
	}
	for _, l := range view.Lines {
		require.True(t, known[l.Span], "the span %q of a line is not in the view", l.Span)
	}
}

// For any trace, the time to make a tree grows little faster than the number of lines. If it grew
// much faster, the test would not end.
func TestTortureTree(t *testing.T) {
	wide, deep := torture.Size(2_000, 1_000_000), torture.Size(2_000, 100_000)
	hex := func(n int) string { return fmt.Sprintf("%016x", n) }
	at := func(service, span, parent string, begin, took time.Duration, r line.Record) *timeline.Entry {
		return &timeline.Entry{Time: noon.Add(begin + took), Trace: traceID, Span: span, Parent: parent, Service: service, Record: r}
	}
	tests := []struct {
		name  string
		n     int
		entry func(i int) *timeline.Entry
	}{
		{"with all spans under one parent", wide, func(i int) *timeline.Entry {
			return at("a", hex(i+1), hex(min(i, 1)), time.Duration(i), ms, &line.Request{Duration: ms, Status: 200})
		}},
		{"with all spans under an unknown parent", wide, func(i int) *timeline.Entry {
			return at("a", hex(i+2), hex(1), time.Duration(i), ms, &line.Request{Duration: ms, Status: 200})
		}},
		{"with each span under the span before", deep, func(i int) *timeline.Entry {
			return at("a", hex(i+1), hex(i), 0, ms, &line.Call{Duration: ms, Host: "h"})
		}},
		{"with each span under the span that follows it, and services in turn", deep, func(i int) *timeline.Entry {
			if i%2 == 0 {
				return at(fmt.Sprint(i/2), hex(i+1), hex(i+2), time.Duration(i), ms, &line.Request{Duration: ms, Status: 200})
			}
			return at(fmt.Sprint(i/2+1), hex(i+1), hex(i+2), time.Duration(i), 2*ms, &line.Call{Duration: 2 * ms, Host: "h"})
		}},
		{"with one circle of parents", deep, func(i int) *timeline.Entry {
			return at("a", hex(i+1), hex((i+1)%deep+1), 0, ms, &line.Call{Duration: ms, Host: "h"})
		}},
		{"with one span ID, which each service uses once", wide, func(i int) *timeline.Entry {
			return at(fmt.Sprint(i), hex(1), hex(2), 0, ms, &line.Request{Duration: ms, Status: 200})
		}},
		{"with spans without parents, each of another service", wide, func(i int) *timeline.Entry {
			return at(fmt.Sprint(i), hex(i+1), hex(wide+i+2), time.Duration(i), time.Duration(wide-i), &line.Request{Duration: time.Duration(wide - i), Status: 200})
		}},
		{"with made spans whose parents are guessed", wide, func(i int) *timeline.Entry {
			if i == 0 {
				return at("a", hex(1), "", 0, time.Second, &line.Request{Duration: time.Second, Status: 200})
			}
			return at("a", hex(i+1), "", time.Duration(i), 0, nil)
		}},
		{"with lines without a span", wide, func(i int) *timeline.Entry {
			if i == 0 {
				return at("a", hex(1), "", 0, time.Second, &line.Request{Duration: time.Second, Status: 200})
			}
			return at("a", "", "", time.Duration(i), 0, nil)
		}},
		{"with lines of equal text", wide, func(i int) *timeline.Entry { return at("a", hex(1), "", 0, 0, nil) }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			entries := make([]*timeline.Entry, tt.n)
			for i := range entries {
				entries[i] = tt.entry(i)
				entries[i].Number = i + 1
			}
			begun := time.Now()
			tree := timeline.NewTree(timeline.NewTrace(traceID, entries))
			built := time.Since(begun)
			assertWhole(t, entries, tree)
			var rows, data counter
			require.NoError(t, tree.Text(&rows, timeline.Style{}))
			assert.GreaterOrEqual(t, rows.lines, tt.n, "number of rows")
			require.NoError(t, tree.Text(io.Discard, timeline.Style{Width: 120, Colour: true}))
			require.NoError(t, tree.JSON(&data))
			assert.Less(t, max(rows.bytes, data.bytes), 1000*tt.n, "bytes of the longer view")
			begun = time.Now()
			assertExports(t, tree)
			torture.Row(t, "a trace "+tt.name+", for other readers", "written and read three times in %v", time.Since(begun).Round(ms))
			torture.Row(t, "a trace "+tt.name, "%d lines: a tree of %d spans in %v, %d MB of text", tt.n, len(tree.Spans), built.Round(ms), rows.bytes>>20)
		})
	}
}

type counter struct{ bytes, lines int }

func (c *counter) Write(p []byte) (int, error) {
	c.bytes += len(p)
	c.lines += bytes.Count(p, []byte("\n"))
	return len(p), nil
}

func BenchmarkTree(b *testing.B) {
	for _, n := range []int{30, 3_000} {
		l := fleet(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				l.tree()
			}
		})
	}
}

func BenchmarkText(b *testing.B) {
	tree := fleet(3_000).tree()
	b.ReportAllocs()
	for b.Loop() {
		tree.Text(io.Discard, timeline.Style{})
	}
}
