package timeline_test

import (
	"bytes"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// checkout is a trace of a request that fails, because the second attempt of its call fails, too.
func checkout() *log {
	l := &log{}
	l.request("checkout", "1", "c", 0, 120*ms, line.Request{Method: "POST", Route: "/checkout", Status: 500, UntrustedTraceID: "463ac35c9f6413ad"}).Sampled = true
	l.call("checkout", "2", "1", 5*ms, 20*ms, line.Call{Host: "payments:80", Path: "/pay", Attempt: 1, Error: "connection reset"})
	l.call("checkout", "3", "1", 30*ms, 80*ms, line.Call{Host: "payments:80", Path: "/pay", Attempt: 2, Status: 502})
	skew := 3 * time.Second
	l.request("payments", "4", "3", 40*ms+skew, 60*ms, line.Request{Method: "POST", Route: "/pay", Status: 502})
	l.say("payments", "4", 60*ms+skew, "card refused\x1b[31m").Fields = []line.Field{
		{Key: "message", Value: "card refused\x1b[31m", Text: true}, {Key: "trace_id", Value: "x", Text: true},
		{Key: "card", Value: "a \u202eb", Text: true}, {Key: "tries", Value: "2"},
	}
	l.say("payments", "4", 70*ms+skew, "no bank\n\tat Bank.pay\n\tat Pay.run\n\tat Pay.all\n\tat Main.main\nCaused by: broken pipe\n\t... 4 more").Level = "error"
	l.say("nginx", "", 0, "POST /checkout 500").Level = ""
	l.say("checkout", "9", 10*ms, "cart loaded")
	return l
}

func TestText(t *testing.T) {
	tests := []struct {
		name  string
		style timeline.Style
		want  string
	}{
		{"whole", timeline.Style{UI: "http://zipkin:9411/"}, wholeText},
		{"cut", timeline.Style{Width: 80}, cutText},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, checkout().tree().Text(&out, tt.style))
			assert.Equal(t, strings.TrimPrefix(tt.want, "\n"), out.String())
		})
	}
}

// wholeText is the view of checkout for a file.
const wholeText = `
trace 5759e988bd862e3fe1be46a994272793   2026-11-26 12:00:00.000000 UTC   took 120 ms
6 spans of 3 services, 8 lines, 5 errors
time went to  50 %  60.0 ms  payments POST /pay
              17 %  20.0 ms  checkout → GET payments:80/pay
              17 %  20.0 ms  checkout POST /checkout
failed         +5.00 ms  checkout → GET payments:80/pay connection reset
               +40.0 ms  payments POST /pay 502: no bank

        +0           ·                         nginx POST /checkout 500
        +0   120 ms  ████████████████████████  caller's span 000000000000000c [not reported]
        +0   120 ms  ████████████████████████  └─ checkout POST /checkout 500
  +5.00 ms  20.0 ms   ████                        ├─ → GET payments:80/pay connection reset
  +10.0 ms        0    ▏                          ├─ checkout span 0000000000000009 [made] [guessed]
  +10.0 ms             ·                          │     INF cart loaded
  +30.0 ms  80.0 ms        ████████████████       └─ → GET payments:80/pay 502 attempt 2
  +40.0 ms  60.0 ms          ████████████            └─ payments POST /pay 502
  +60.0 ms                       ·                         INF card refused\x1b[31m card="a \u202eb" tries=2 [12:00:03.060 by its clock]
  +70.0 ms                         ×                       ERR no bank [12:00:03.070 by its clock]
                                                                 at Bank.pay
                                                                 at Pay.run
                                                                 at Pay.all
                                                                 at Main.main
                                                             Caused by: broken pipe
                                                                 ... 4 more

checkout  4 spans, 4 lines, 3 errors
payments  1 span, 3 lines, 2 errors  its clock is 3.00 s ahead: corrected here
nginx  0 spans, 1 line
the caller's own trace, which is not trusted: clew timeline 463ac35c9f6413ad
in Zipkin: http://zipkin:9411/zipkin/traces/5759e988bd862e3fe1be46a994272793
[guessed]: no line names the parent. The parent is the only span that encloses this one in time.
[made]: no request, call or job line reports the span. Other lines name its ID.
[not reported]: no line has this span's ID. Spans below name it as their parent.
`

// cutText is the view of checkout for a terminal of 80 columns.
const cutText = `
trace 5759e988bd862e3fe1be46a994272793   2026-11-26 12:00:00.000000 UTC   took …
6 spans of 3 services, 8 lines, 5 errors
time went to  50 %  60.0 ms  payments POST /pay
              17 %  20.0 ms  checkout → GET payments:80/pay
              17 %  20.0 ms  checkout POST /checkout
failed         +5.00 ms  checkout → GET payments:80/pay connection reset
               +40.0 ms  payments POST /pay 502: no bank

        +0           ·                 nginx POST /checkout 500
        +0   120 ms  ████████████████  caller's span 000000000000000c [not repo…
        +0   120 ms  ████████████████  └─ checkout POST /checkout 500
  +5.00 ms  20.0 ms  ███                  ├─ → GET payments:80/pay connection r…
  +10.0 ms        0   ▏                   ├─ checkout span 0000000000000009 [ma…
  +10.0 ms            ·                   │     INF cart loaded
  +30.0 ms  80.0 ms      ███████████      └─ → GET payments:80/pay 502 attempt 2
  +40.0 ms  60.0 ms       ████████           └─ payments POST /pay 502
  +60.0 ms                   ·                     INF card refused\x1b[31m car…
  +70.0 ms                    ×                    ERR no bank [12:00:03.070 by…
                                                         at Bank.pay
                                                         at Pay.run
                                                         at Pay.all
                                                     … 1 more line
                                                     Caused by: broken pipe
                                                     … 1 more line

checkout  4 spans, 4 lines, 3 errors
payments  1 span, 3 lines, 2 errors  its clock is 3.00 s ahead: corrected here
nginx  0 spans, 1 line
the caller's own trace, which is not trusted: clew timeline 463ac35c9f6413ad
[guessed]: no line names the parent. The parent is the only span that encloses …
[made]: no request, call or job line reports the span. Other lines name its ID.
[not reported]: no line has this span's ID. Spans below name it as their parent.
Cut to 80 columns, without the ends of 7 rows, 2 message lines. Everything: --width 0
`

// Only rows that are never cut are wider than the terminal: commands that people copy, and the
// last row.
func TestTextWidth(t *testing.T) {
	l := checkout()
	l.say("日本", "", 20*ms, strings.Repeat("日本語のログ", 20))
	for _, width := range []int{70, 80, 100, 132, 200} {
		var out bytes.Buffer
		require.NoError(t, l.tree().Text(&out, timeline.Style{Width: width}))
		for row := range strings.Lines(out.String()) {
			if row = strings.TrimSuffix(row, "\n"); !strings.Contains(row, "clew timeline ") && !strings.HasPrefix(row, "Cut to ") {
				assert.LessOrEqual(t, timeline.ColumnsOf(row), width, "%q", row)
			}
		}
	}
}

func TestTextColour(t *testing.T) {
	var plain, coloured bytes.Buffer
	tree := checkout().tree()
	require.NoError(t, tree.Text(&plain, timeline.Style{}))
	require.NoError(t, tree.Text(&coloured, timeline.Style{Colour: true}))
	assert.NotContains(t, plain.String(), "\x1b")
	assert.Contains(t, coloured.String(), "\x1b[31mno bank\x1b[0m", "an error is red")
	assert.Contains(t, coloured.String(), "\x1b[31m 502\x1b[0m", "a failure is red")
	without := coloured.String()
	for _, part := range strings.Split(without, "\x1b[")[1:] {
		code, _, ok := strings.Cut(part, "m")
		require.True(t, ok)
		without = strings.ReplaceAll(without, "\x1b["+code+"m", "")
	}
	assert.Equal(t, plain.String(), without, "the coloured view without its colours must be the plain view")
}

// Of many similar spans, a view with a width shows the first three, the slowest, and those with a
// failure.
func TestTextFolds(t *testing.T) {
	l := &log{}
	l.request("a", "1", "", 0, time.Second, line.Request{})
	for i := range 20 {
		c := line.Call{Host: "b", Path: "/images/" + string(rune('0'+i%10)), Status: 200}
		took := ms
		if i == 12 {
			took = 5 * ms
		}
		if i == 15 {
			c.Error = "refused"
		}
		l.call("a", string(rune('a'+i%6))+string(rune('0'+i/6)), "1", time.Duration(10*i)*ms, took, c)
	}
	var cut, whole bytes.Buffer
	require.NoError(t, l.tree().Text(&cut, timeline.Style{Width: 100}))
	require.NoError(t, l.tree().Text(&whole, timeline.Style{}))
	assert.Equal(t, 20, strings.Count(whole.String(), "─ → GET b/images"), "number of calls in the whole view")
	assert.Equal(t, 5, strings.Count(cut.String(), "─ → GET b/images"), "number of calls in the cut view, which are the first three, the slowest and the failed one: %s", &cut)
	assert.Contains(t, cut.String(), "… 15 more like these, 1.00 ms to 5.00 ms (15 lines)")
	assert.Contains(t, cut.String(), "without 15 spans with 15 lines. Everything: --width 0")
	assert.Contains(t, cut.String(), " 5.00 ms ", "the slowest call is shown")
}

func TestVisible(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"empty", "", ""},
		{"plain", "GET /a?b=~", "GET /a?b=~"},
		{"accents, CJK and emoji", "é日本🎉", "é日本🎉"},
		{"tab", "a\tb", "a    b"},
		{"escape", "\x1b[31m\x1b]8;;http://x\x07", `\x1b[31m\x1b]8;;http://x\a`},
		{"C0 and DEL", "\x00\r\n\x7f", `\x00\r\n\x7f`},
		{"C1", "\u009b31m\u0085", `\u009b31m\u0085`},
		{"bidi", "\u202e\u2066\u200f\u061c", `\u202e\u2066\u200f\u061c`},
		{"characters without a width", "\u200b\ufeff", `\u200b\ufeff`},
		{"separators", "\u2028\u2029", `\u2028\u2029`},
		{"tags", "\U000e0041", `\U000e0041`},
		{"invalid UTF-8", "\xff\xc3(\xed\xa0\x80", `\xff\xc3(\xed\xa0\x80`},
		{"U+FFFD itself", "\ufffd", "\ufffd"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, timeline.Visible(tt.in))
		})
	}
}

func TestShort(t *testing.T) {
	tests := []struct {
		d    time.Duration
		want string
	}{
		{0, "0"}, {7, "7 ns"}, {850 * time.Microsecond, "850 µs"}, {999_600, "1.00 ms"}, {1234 * time.Microsecond, "1.23 ms"},
		{9_996 * time.Microsecond, "10.0 ms"}, {340 * ms, "340 ms"}, {999_600 * time.Microsecond, "1.00 s"}, {12_300 * ms, "12.3 s"},
		{59_600 * ms, "1 m 00 s"}, {125 * time.Second, "2 m 05 s"}, {3*time.Hour + 12*time.Minute, "3 h 12 m"}, {50 * time.Hour, "2 d"},
		{-5 * ms, "-5.00 ms"}, {-1 << 63, "-106751 d"},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.want, timeline.Short(tt.d), "%d ns", int64(tt.d))
	}
}

func TestJSON(t *testing.T) {
	l := &log{}
	l.request("a", "1", "c", 0, 100*ms, line.Request{Method: "POST", Route: "/x"}).Sampled = true
	l.call("a", "2", "1", 10*ms, 50*ms, line.Call{Attempt: 2, Error: "refused \u202e\U000e0041\x7f"})
	l.say("b", "", 20*ms, "loose").Level = ""
	var out bytes.Buffer
	require.NoError(t, l.tree().JSON(&out))
	assert.Equal(t, `{
 "trace": "5759e988bd862e3fe1be46a994272793",
 "start": "2026-11-26T12:00:00Z",
 "duration_ms": 100,
 "sampled": true,
 "doubles": 0,
 "circles": 0,
 "services": [
  {"name":"a","spans":2,"lines":2,"errors":1,"skew_ms":0},
  {"name":"b","spans":0,"lines":1,"errors":0,"skew_ms":0}
 ],
 "links": [
 ],
 "spans": [
  {"id":"000000000000000c","service":"","operation":"","kind":"client","start":"2026-11-26T12:00:00Z","duration_ms":100,"critical_ms":0,"made":true,"skew_ms":0},
  {"id":"0000000000000001","parent":"000000000000000c","parent_id":"000000000000000c","service":"a","operation":"POST /x","kind":"server","start":"2026-11-26T12:00:00Z","duration_ms":100,"critical_ms":50,"status":200,"skew_ms":0},
  {"id":"0000000000000002","parent":"0000000000000001","parent_id":"0000000000000001","service":"a","operation":"GET host","kind":"client","start":"2026-11-26T12:00:00.01Z","duration_ms":50,"critical_ms":50,"attempt":2,"error":"refused \u202e\udb40\udc41\u007f","failed":true,"skew_ms":0}
 ],
 "lines": [
  {"time":"2026-11-26T12:00:00.02Z","at":"2026-11-26T12:00:00.02Z","service":"b","level":"","message":"loose","source":"b.log","number":3,"text":"b  20ms loose"},
  {"time":"2026-11-26T12:00:00.06Z","at":"2026-11-26T12:00:00.06Z","service":"a","level":"info","message":"call","span":"0000000000000002","report":true,"source":"a.log","number":2,"text":"a 2 60ms call"},
  {"time":"2026-11-26T12:00:00.1Z","at":"2026-11-26T12:00:00.1Z","service":"a","level":"info","message":"request","span":"0000000000000001","report":true,"source":"a.log","number":1,"text":"a 1 100ms request"}
 ]
}
`, out.String())
}

// Each level has a short mark, as in logctx.Console.
func TestTextLevels(t *testing.T) {
	for level, mark := range map[string]string{
		"trace": "TRC", "debug": "DBG", "info": "INF", "warn": "WRN", "error": "ERR", "fatal": "FTL", "panic": "PNC", "audit": "AUDIT",
	} {
		var l log
		l.say("a", "1", ms, "said").Level = level
		var out bytes.Buffer
		require.NoError(t, l.tree().Text(&out, timeline.Style{}))
		assert.Contains(t, out.String(), " "+mark+" said", "a line at the level %s", level)
	}
}

// AppendJSON writes an entry as one line of JSON, with the span that the entry names.
func TestEntryAppendJSON(t *testing.T) {
	var l log
	e := l.say("a", "1", ms, "said")
	line := e.AppendJSON([]byte("before "))
	text, found := strings.CutPrefix(string(line), "before ")
	require.True(t, found, "AppendJSON must keep the bytes of dst")
	assert.Equal(t, len(text)-1, strings.IndexByte(text, '\n'), "index of the first newline: AppendJSON must write one line")
	assert.JSONEq(t, `{"time":"2026-11-26T12:00:00.001Z","service":"a","level":"info","message":"said",`+
		`"span":"0000000000000001","source":"`+e.Source+`","number":`+strconv.Itoa(e.Number)+`,"text":`+quoted(e.Text)+`}`, text)
}
