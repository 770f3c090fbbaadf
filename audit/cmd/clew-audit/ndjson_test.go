package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var now = time.Date(2026, 11, 27, 4, 15, 0, 123456000, time.UTC)

// lines holds lines of JSON. For each line, it has either the event or the error.
var lines = []struct {
	name, line string
	want       lake.Event
	err        string
}{
	{name: "only a message", line: `{"message":"m"}`, want: lake.Event{Time: now, App: "app", Message: "m"}},
	{
		name: "all columns", line: `{"timestamp":"2026-11-27T04:15:00.123456+01:00","app":"a","message":"m","trace_id":"463AC35C9F6413AD","context":{"k":"v"},"trace_names":["f","g"]}`,
		want: lake.Event{Time: now.Add(-time.Hour), App: "a", Message: "m", TraceID: "463ac35c9f6413ad", Context: map[string]string{"k": "v"}, TraceNames: []string{"f", "g"}},
	},
	{
		name: "other members", line: `{"message":"m","n":1.50,"t":true,"no":null,"o":{"p":{"q":"r"}},"list":[1,"a"],"big":12345678901234567890}`,
		want: lake.Event{Time: now, App: "app", Message: "m", Context: map[string]string{"n": "1.50", "t": "true", "o.p.q": "r", "list": `[1,"a"]`, "big": "12345678901234567890"}},
	},
	{name: "context takes precedence over other members", line: `{"message":"m","k":"other","context":{"k":"v"}}`, want: lake.Event{Time: now, App: "app", Message: "m", Context: map[string]string{"k": "v"}}},
	{name: "nulls", line: `{"timestamp":null,"app":null,"message":"m","trace_id":null,"context":null,"trace_names":null}`, want: lake.Event{Time: now, App: "app", Message: "m"}},
	{name: "escapes", line: `{"message":"\u001b[31m\ud800"}`, want: lake.Event{Time: now, App: "app", Message: "\x1b[31m\ufffd"}},
	{name: "not JSON", line: `nonsense`, err: "it is not JSON: invalid character 'o' in literal null (expecting 'u')"},
	{name: "a cut line", line: `{"message":"m"`, err: "it is not JSON: unexpected EOF"},
	{name: "a list", line: `["m"]`, err: "it is not an object"},
	{name: "null", line: `null`, err: "it is not an object"},
	{name: "two objects", line: `{"message":"m"}{"message":"n"}`, err: "there is more after the object"},
	{name: "no message", line: `{"app":"a"}`, err: "it has no message"},
	{name: "a message that is not a text", line: `{"message":1}`, err: "message is not a text"},
	{name: "a bad trace", line: `{"message":"m","trace_id":"xyz"}`, err: "trace_id is not 16 or 32 hexadecimal digits"},
	{name: "a trace ID of 17 digits", line: `{"message":"m","trace_id":"463ac35c9f6413ad0"}`, err: "trace_id is not 16 or 32 hexadecimal digits"},
	{name: "a bad context", line: `{"message":"m","context":"k=v"}`, err: "context is not an object"},
	{name: "a number in trace_names", line: `{"message":"m","trace_names":[1]}`, err: "trace_names is not a list of texts"},
	{name: "trace_names that are not a list", line: `{"message":"m","trace_names":"f"}`, err: "trace_names is not a list of texts"},
	{name: "too many names", line: `{"message":"m","trace_names":["a"` + strings.Repeat(`,"a"`, maxPairs) + `]}`, err: "it has more than 64 trace_names"},
	{name: "too many pairs", line: `{"message":"m","o":{` + manyPairs(maxPairs+1) + `}}`, err: "it has more than 64 pairs"},
	{name: "objects that are too deep", line: `{"message":"m","a":` + strings.Repeat(`{"a":`, maxDepth) + "1" + strings.Repeat("}", maxDepth+1), err: "it has objects that are nested more than 8 deep"},
}

func manyPairs(n int) string {
	pairs := map[string]int{}
	for i := range n {
		pairs["k"+string(rune('A'+i))] = i
	}
	text, _ := json.Marshal(pairs)
	return strings.Trim(string(text), "{}")
}

func TestParseEvent(t *testing.T) {
	for _, test := range lines {
		t.Run(test.name, func(t *testing.T) {
			got, err := parseEvent([]byte(test.line), "app", now)
			if test.err != "" {
				require.EqualError(t, err, test.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
	_, err := parseEvent([]byte(`{"message":"m"}`), "", now)
	assert.EqualError(t, err, "it has no app: give one with --app")
}

func TestTimestamp(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"RFC 3339", `"2026-11-27T04:15:00Z"`, "2026-11-27T04:15:00Z"},
		{"nanoseconds are cut", `"2026-11-27T04:15:00.123456789Z"`, "2026-11-27T04:15:00.123456Z"},
		{"seconds", `1795752900`, "2026-11-27T04:15:00Z"},
		{"seconds as a text", `"1795752900"`, "2026-11-27T04:15:00Z"},
		{"seconds with a fraction", `1795752900.123456`, "2026-11-27T04:15:00.123456Z"},
		{"milliseconds", `1795752900123`, "2026-11-27T04:15:00.123Z"},
		{"milliseconds with a fraction", `1795752900123.456`, "2026-11-27T04:15:00.123456Z"},
		{"microseconds", `1795752900123456`, "2026-11-27T04:15:00.123456Z"},
		{"nanoseconds", `1795752900123456789`, "2026-11-27T04:15:00.123456Z"},
		{"an exponent", `1.7957529e9`, "2026-11-27T04:15:00Z"},
		{"1970", `0`, "1970-01-01T00:00:00Z"},
		{"a word", `"yesterday"`, ""},
		{"before 1970", `-1`, ""},
		{"before 1970, by RFC 3339", `"1969-12-31T23:59:59Z"`, ""},
		{"an object", `{}`, ""},
		{"a number that is too large", `99999999999999999999`, ""},
		{"NaN", `"NaN"`, ""},
		{"an infinite number", `1e400`, ""},
		{"an empty text", `""`, ""},
		{"a point", `"."`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e, err := parseEvent([]byte(`{"message":"m","timestamp":`+test.text+`}`), "app", now)
			if test.want == "" {
				require.EqualError(t, err, "timestamp is neither RFC 3339 nor seconds to nanoseconds since 1970")
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.want, e.Time.Format(time.RFC3339Nano))
		})
	}
}

// The event of any line is within the limits. If it is written as JSON and read again, it is the
// same event.
func FuzzParseEvent(f *testing.F) {
	for _, test := range lines {
		f.Add([]byte(test.line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := parseEvent(line, "app", now)
		if err != nil {
			require.True(t, utf8.ValidString(printable(err.Error())))
			return
		}
		require.NotEmpty(t, e.Message)
		require.LessOrEqual(t, len(e.Context), maxPairs)
		require.Equal(t, e.Time, e.Time.UTC().Truncate(time.Microsecond))
		text, err := appendJSON(nil, &e)
		require.NoError(t, err)
		again, err := parseEvent(text, "", time.Time{})
		require.NoError(t, err)
		if len(e.TraceNames) == 0 {
			e.TraceNames = nil
		}
		require.Equal(t, e, again)
	})
}
