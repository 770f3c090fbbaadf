package timeline_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/internal/timeline"
)

const stamp = "2026-11-26 22:46:25,123 "

// groups are sources whose entries may have several lines. The field want has the number of lines
// of each entry.
var groups = []struct {
	name  string
	lines []string
	want  []int
}{
	{"Java", []string{
		stamp + "[" + id128 + "] ERROR c.e.Shop - failed",
		"java.lang.IllegalStateException: no cabbage",
		"\tat c.e.Shop.sell(Shop.java:7)",
		"\tat c.e.Main.main(Main.java:9)",
		"Caused by: java.io.IOException: at 2026-11-26 22:46:25",
		"\t... 2 more",
		stamp + "[" + id64 + "] INFO c.e.Shop - sold",
	}, []int{6, 1}},
	{"Python", []string{
		stamp + "ERROR shop failed",
		"Traceback (most recent call last):",
		`  File "shop.py", line 7, in sell`,
		"    raise ValueError('no cabbage')",
		"ValueError: no cabbage of " + id128,
		"",
		"During handling of the above exception, another exception occurred:",
		"",
		"Traceback (most recent call last):",
		`  File "shop.py", line 9, in main`,
		"KeyError: 'cabbage'",
		stamp + "INFO shop sold",
	}, []int{11, 1}},
	{"Go", []string{
		"2026/11/26 22:46:25 http: panic serving 10.0.0.1:5: no cabbage",
		"goroutine 7 [running]:",
		"net/http.(*conn).serve.func1()",
		"\t/usr/lib/go/src/net/http/server.go:1947 +0xbe",
		"panic({0x1234, 0x5678})",
		"\t/usr/lib/go/src/runtime/panic.go:785 +0x132",
		"created by net/http.(*Server).Serve in goroutine 1",
		"\t/usr/lib/go/src/net/http/server.go:3285 +0x4b4",
		"2026/11/26 22:46:26 sold",
	}, []int{8, 1}},
	{"Go behind JSON", []string{
		`{"time":"2026-11-26T22:46:25Z","message":"sold"}`,
		"panic: no cabbage",
		"",
		"goroutine 1 [running]:",
		"main.main()",
		"\t/shop/main.go:7 +0x1d",
		"exit status 2",
	}, []int{7}},
	{"plain text behind JSON", []string{`{"time":"2026-11-26T22:46:25Z","message":"sold"}`, "sold out", `time=2026-11-26T22:46:25Z msg=sold`, "sold out"}, []int{1, 1, 1, 1}},
	{"a stack trace behind JSON, with an exception of an unusual name", []string{`{"time":"2026-11-26T22:46:25Z","message":"sold"}`, "Traceback (most recent call last):", "  File x", "shop.NoCabbage: 7", "sold out"},
		[]int{4, 1}},
	{"Node", []string{
		stamp + "error failed",
		"Error: no cabbage",
		"    at sell (/shop/index.js:7:9)",
		"    at process.processTicksAndRejections (node:internal/process/task_queues:95:5) {",
		"  code: 'ENOCABBAGE'",
		"}",
		stamp + "info sold",
	}, []int{6, 1}},
	{"lines without a time among lines with a time", []string{stamp + "one", "and more", "and more", stamp + "two"}, []int{3, 1}},
	{"lines without a time", []string{"one", "two", "  more", "three"}, []int{1, 2, 1}},
	{"a stack trace among lines without a time", []string{"one", "java.io.IOException: x", "\tat a", "two"}, []int{3, 1}},
	{"a line without a time that names its trace", []string{stamp + "one", "two trace_id=" + id128, stamp + "three"}, []int{1, 1, 1}},
	{"an indented line of another trace", []string{stamp + "one trace_id=" + id64, "  two trace_id=" + id128}, []int{1, 1}},
	{"an indented line of another trace, behind JSON", []string{`{"trace_id":"` + id64 + `","message":"one"}`, "\tat trace_id=" + id128}, []int{1, 1}},
	{"an indented line of the same trace", []string{stamp + "one trace_id=" + id128, "  two trace_id=" + low}, []int{2}},
	{"an indented line with a time", []string{stamp + "one", "  " + stamp + "two"}, []int{1, 1}},
	{"JSON over several lines", []string{
		"{", `  "time": "2026-11-26T22:46:25Z",`, `  "trace_id": "` + id128 + `",`, `  "list": [`, `    "{"`, "  ],", `  "message": "sold"`, "}",
		`{"message":"x"}`,
	}, []int{8, 1}},
	{"JSON over several lines, not indented", []string{"{", `"trace_id": "` + id128 + `"`, "}", stamp + "x"}, []int{3, 1}},
	{"JSON that does not end", []string{`{"time":"2026-11-26T22:46:25Z",`, `{"time":"2026-11-26T22:46:25Z","message":"x"}`, stamp + "x"}, []int{1, 1, 1}},
	{"JSON that was cut in a string", []string{`{"time":"2026-11-26T22:46:25Z","mess`, `{"time":"2026-11-26T22:46:25Z","message":"x"}`}, []int{1, 1}},
	{"JSON that is cut off by a line of text", []string{`{"time":"2026-11-26T22:46:25Z",`, stamp + "x"}, []int{1, 1}},
	{"pairs", []string{"level=info msg=one", "level=info msg=two", "\tmore"}, []int{1, 2}},
	{"blank lines", []string{"", "", stamp + "one", "", "", stamp + "two", ""}, []int{3, 2}},
	{"the last line of Python's stack trace, with an exception of an unusual name", []string{stamp + "one", "Traceback (most recent call last):", "  File x", "shop.NoCabbage: trace_id=" + id128, stamp + "two"},
		[]int{4, 1}},
	{"indented from the beginning", []string{"  one", "  two"}, []int{2}},
}

func TestParseGroups(t *testing.T) {
	for _, tt := range groups {
		t.Run(tt.name, func(t *testing.T) {
			entries, counts, _ := parse(timeline.ParserConfig{}, tt.lines...)
			first := 0
			for first < len(tt.lines) && tt.lines[first] == "" {
				first++
			}
			require.Len(t, entries, len(tt.want))
			for i, n := range tt.want {
				assert.Equal(t, strings.TrimRight(strings.Join(tt.lines[first:first+n], "\n"), "\n"), entries[i].Text, "entry %d", i)
				assert.Equal(t, first+1, entries[i].Number, "number of entry %d", i)
				first += n
			}
			assert.Equal(t, len(tt.lines), counts.Lines)
		})
	}
}

// A line that a shipper marks as a line of one instance never belongs to an entry of another
// instance, whatever it looks like. If a shipper marks only the first of several lines, the lines
// without a mark belong to the marked line.
func TestParseGroupsOfInstances(t *testing.T) {
	raw := func(text, service, instance string) timeline.Raw {
		return timeline.Raw{Text: []byte(text), Service: service, Instance: instance}
	}
	for _, tt := range []struct {
		name  string
		lines []timeline.Raw
		want  []string
	}{
		{"two lines of one service", []timeline.Raw{raw(stamp+"one", "shop", ""), raw("  two", "shop", "")}, []string{"one\n  two"}},
		{"a line of another service", []timeline.Raw{raw(stamp+"one", "shop", ""), raw("  two", "cart", "")}, []string{"one", "two"}},
		{"the second line is not marked", []timeline.Raw{raw(stamp+"one", "shop", ""), raw("  two", "", "")}, []string{"one\n  two"}},
		{"the first line is not marked", []timeline.Raw{raw(stamp+"one", "", ""), raw("  two", "cart", "")}, []string{"one", "two"}},
		{"two instances of a service, in turn", []timeline.Raw{
			raw(stamp+"one", "shop", "shop-1"), raw(stamp+"two", "shop", "shop-2"), raw("java.io.IOException: x", "shop", "shop-1"),
			raw("Caused by: y", "shop", "shop-2"), raw("\tat a", "shop", "shop-1"), raw(stamp+"three", "shop", "shop-1"),
		}, []string{"one\njava.io.IOException: x\n\tat a", "three", "two\nCaused by: y"}},
		{"JSON over several lines of two services, in turn", []timeline.Raw{
			raw("{", "shop", ""), raw("{", "cart", ""), raw(` "message":"one"`, "shop", ""), raw(` "message":"two"`, "cart", ""), raw("}", "shop", ""), raw("}", "cart", ""),
		}, []string{"one", "two"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := timeline.NewParser(timeline.ParserConfig{Reference: reference})
			var said []string
			add := func(e *timeline.Entry) bool {
				if e != nil {
					said = append(said, e.Message)
				}
				return e != nil
			}
			for _, l := range tt.lines {
				add(p.Parse(l))
			}
			for add(p.Flush()) {
			}
			slices.Sort(said)
			assert.Equal(t, tt.want, said)
		})
	}
}

// If there are too many instances, Parse ends the entry that has waited longest for another line.
// No entry is lost.
func TestParseManyInstances(t *testing.T) {
	p := timeline.NewParser(timeline.ParserConfig{Reference: reference})
	said := map[string]int{}
	add := func(e *timeline.Entry) bool {
		if e != nil {
			said[e.Message]++
		}
		return e != nil
	}
	const instances = 100
	for range 2 {
		for i := range instances {
			text := fmt.Sprintf("%sof %d", stamp, i)
			add(p.Parse(timeline.Raw{Text: []byte(text), Instance: fmt.Sprint(i)}))
			add(p.Parse(timeline.Raw{Text: []byte("\tat a"), Instance: fmt.Sprint(i)}))
		}
	}
	for add(p.Flush()) {
	}
	assert.Len(t, said, instances)
	for message, n := range said {
		assert.Equal(t, 2, n, message)
		assert.Contains(t, message, "\n\tat a")
	}
	assert.Equal(t, 4*instances, p.Counts().Lines)
}

// The message of an entry contains all its lines. If only a later line contains an ID, the entry
// has that ID.
func TestParseGroupMessage(t *testing.T) {
	entries, _, _ := parse(timeline.ParserConfig{}, `{"level":"error","message":"failed","trace_id":"`+id128+`"}`, "java.io.IOException: x", "\tat a", "",
		stamp+"ERROR failed", "Traceback (most recent call last):", "ValueError: trace_id="+low)
	require.Len(t, entries, 2)
	assert.Equal(t, "failed\njava.io.IOException: x\n\tat a", entries[0].Message)
	assert.Equal(t, traceID, entries[0].Trace)
	assert.Equal(t, "failed\nTraceback (most recent call last):\nValueError: trace_id="+low, entries[1].Message)
	assert.Equal(t, lowID, entries[1].Trace)

	asked, _, _ := parse(timeline.ParserConfig{Trace: traceID}, stamp+"ERROR failed", "\tat a", "ValueError: order "+low, stamp+"x")
	require.Len(t, asked, 2)
	assert.Equal(t, traceID, asked[0].Trace)
	assert.Zero(t, asked[1].Trace)
}

// Flush returns the last entry, and the next line begins another.
func TestParseFlush(t *testing.T) {
	p := timeline.NewParser(timeline.ParserConfig{Reference: reference})
	assert.Nil(t, p.Flush())
	assert.Nil(t, p.Parse(timeline.Raw{Text: []byte(stamp + "one"), Number: 1}))
	assert.Equal(t, "one", p.Flush().Message)
	assert.Nil(t, p.Flush())
	assert.Nil(t, p.Parse(timeline.Raw{Text: []byte("\tat a"), Number: 2}))
	assert.Equal(t, "\tat a", p.Flush().Text)
}

// An endless message is cut at the largest length of a line, and counted as cut.
func TestParseGroupBounded(t *testing.T) {
	p := timeline.NewParser(timeline.ParserConfig{Reference: reference})
	require.Nil(t, p.Parse(timeline.Raw{Text: []byte(stamp + "one")}))
	more := []byte("\t" + strings.Repeat("x", 999))
	for range 3000 {
		require.Nil(t, p.Parse(timeline.Raw{Text: more}))
	}
	e := p.Flush()
	assert.LessOrEqual(t, len(e.Text), timeline.MaxLine)
	assert.Greater(t, len(e.Text), timeline.MaxLine-2000)
	assert.Equal(t, timeline.Counts{Lines: 3001, NoID: 3001, Cut: 1}, p.Counts())
}

// FuzzLine reads any source. Nothing panics, each line with text is in exactly one entry, all
// lines are counted, and Glance and Parse agree.
func FuzzLine(f *testing.F) {
	for _, tt := range formats {
		f.Add([]byte(tt.text), false)
		f.Add([]byte(tt.text+"\n"+tt.text), true)
	}
	for _, tt := range groups {
		f.Add([]byte(strings.Join(tt.lines, "\n")), true)
	}
	for _, line := range sights {
		f.Add([]byte(line), false)
	}
	f.Fuzz(func(t *testing.T, source []byte, asked bool) {
		config := timeline.ParserConfig{Reference: reference}
		if asked {
			config.Trace = traceID
		}
		lines := strings.Split(string(source), "\n")
		entries, counts, learned := parse(config, lines...)
		lineAssertHarmless(t, learned[:min(len(learned), 250)])
		if counts.Lines != len(lines) {
			t.Fatalf("the source has %d lines, and Counts returns %d", len(lines), counts.Lines)
		}
		noID, noTime, next := 0, 0, 0
		for i, e := range entries {
			end := len(lines)
			if i+1 < len(entries) {
				end = entries[i+1].Number - 1
			}
			if e.Number-1 < next || strings.TrimSpace(strings.Join(lines[next:e.Number-1], "")) != "" {
				t.Fatalf("entry %d begins at line %d, but the entry before ended at line %d, and a line between them is lost or read twice", i, e.Number, next)
			}
			if got, want := strings.TrimRight(e.Text, "\n"), strings.TrimRight(strings.Join(lines[e.Number-1:end], "\n"), "\n"); got != want {
				t.Fatalf("text of entry %d: %q, want %q", i, got, want)
			}
			if e.Trace == (timeline.ID{}) {
				noID += end - e.Number + 1
			}
			if e.Time.IsZero() {
				noTime += end - e.Number + 1
			}
			if (e.Span != "" && len(e.Span) != 16) || (e.Parent != "" && len(e.Parent) != 16) {
				t.Fatalf("Span and Parent of entry %d are %q and %q, and one of them does not have 16 digits", i, e.Span, e.Parent)
			}
			next = end
		}
		if strings.TrimSpace(strings.Join(lines[next:], "")) != "" {
			t.Fatalf("lines from %d on are lost", next)
		}
		if counts.NoID != noID || counts.NoTime != noTime {
			t.Fatalf("counts: %+v, want NoID %d and NoTime %d", counts, noID, noTime)
		}
		sameGlance(t, source)
	})
}
