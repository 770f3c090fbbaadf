package line_test

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"example.com/clew/internal/line"
	"example.com/clew/internal/torture"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The function at returns a time on the day of the tests.
func at(hour, minute, second, ns int) time.Time {
	return time.Date(2026, 11, 26, hour, minute, second, ns, time.UTC)
}

func TestParseTime(t *testing.T) {
	for _, tt := range []struct {
		name, value string // JSON
		want        time.Time
	}{
		{"RFC 3339", `"2026-11-26T10:11:12Z"`, at(10, 11, 12, 0)},
		{"milliseconds", `"2026-11-26T10:11:12.123Z"`, at(10, 11, 12, 123e6)},
		{"microseconds", `"2026-11-26T10:11:12.123456Z"`, at(10, 11, 12, 123456e3)},
		{"nanoseconds", `"2026-11-26T10:11:12.123456789Z"`, at(10, 11, 12, 123456789)},
		{"more digits", `"2026-11-26T10:11:12.1234567899999Z"`, at(10, 11, 12, 123456789)},
		{"one digit", `"2026-11-26T10:11:12.1Z"`, at(10, 11, 12, 1e8)},
		{"ahead of UTC", `"2026-11-26T10:11:12+05:30"`, at(4, 41, 12, 0)},
		{"behind UTC", `"2026-11-26T10:11:12.5-08:00"`, at(18, 11, 12, 5e8)},
		{"zone without a colon", `"2026-11-26T10:11:12,123+0100"`, at(9, 11, 12, 123e6)},
		{"space and small letters", `"2026-11-26 10:11:12z"`, at(10, 11, 12, 0)},
		{"leap day", `"2024-02-29T00:00:00Z"`, time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)},
		{"year 0", `"0000-01-01T00:00:00Z"`, time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"seconds", `1795687872`, at(10, 11, 12, 0)},
		{"seconds with a fraction", `1795687872.123456`, at(10, 11, 12, 123456e3)},
		{"seconds as a float", `1.795687872123456e9`, at(10, 11, 12, 123456e3)},
		{"seconds in a text", `"1795687872"`, at(10, 11, 12, 0)},
		{"milliseconds since 1970", `1795687872123`, at(10, 11, 12, 123e6)},
		{"microseconds since 1970", `1795687872123456`, at(10, 11, 12, 123456e3)},
		{"nanoseconds since 1970", `1795687872123456789`, at(10, 11, 12, 123456789)},
		{"before 1970", `-1`, time.Unix(-1, 0).UTC()},
		{"a time in the far future", `99999999999`, time.Unix(99999999999, 0).UTC()},
		{"time of the day", `"10:11:12.5"`, time.Date(0, 1, 1, 10, 11, 12, 5e8, time.UTC)},
		{"no zone", `"2026-11-26T10:11:12"`, time.Time{}},
		{"no zone after a fraction", `"2026-11-26T10:11:12.5"`, time.Time{}},
		{"an empty fraction", `"2026-11-26T10:11:12.Z"`, time.Time{}},
		{"month 13", `"2026-13-26T10:11:12Z"`, time.Time{}},
		{"month 0", `"2026-00-26T10:11:12Z"`, time.Time{}},
		{"day 31 of 30", `"2026-11-31T10:11:12Z"`, time.Time{}},
		{"February 29", `"2100-02-29T10:11:12Z"`, time.Time{}},
		{"day 0", `"2026-11-00T10:11:12Z"`, time.Time{}},
		{"hour 24", `"2026-11-26T24:11:12Z"`, time.Time{}},
		{"minute 60", `"2026-11-26T10:60:12Z"`, time.Time{}},
		{"second 60", `"2026-11-26T10:11:60Z"`, time.Time{}},
		{"zone 24", `"2026-11-26T10:11:12+24:00"`, time.Time{}},
		{"no digits", `"2026-11-26T1x:11:12Z"`, time.Time{}},
		{"no year", `"20x6-11-26T10:11:12Z"`, time.Time{}},
		{"text after the time", `"2026-11-26T10:11:12Zx"`, time.Time{}},
		{"text after the time of the day", `"10:11:12Z"`, time.Time{}},
		{"a time that is cut off", `"2026-11-26T10:11"`, time.Time{}},
		{"words", `"yesterday"`, time.Time{}},
		{"empty", `""`, time.Time{}},
		{"null", `null`, time.Time{}},
		{"too large", `1e300`, time.Time{}},
		{"hexadecimal", `"0x10"`, time.Time{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, key := range []string{"time", "@timestamp", "timestamp"} {
				text := `{"` + key + `":` + tt.value + `}`
				l, err := line.Parse([]byte(text))
				require.NoError(t, err)
				assert.Equal(t, tt.want, l.Time, "Parse(%s).Time", text)
			}
			if want, err := time.Parse(`"`+time.RFC3339+`"`, tt.value); err == nil && !tt.want.IsZero() {
				assert.True(t, want.Truncate(time.Nanosecond).Equal(tt.want), "package time parses it as %v", want)
			}
		})
	}
}

// Parse finds the level and the message under the names of zerolog, slog and the vendors.
func TestParseHeader(t *testing.T) {
	for _, tt := range []struct{ name, text, level, message string }{
		{"zerolog", `{"level":"info","time":"x","message":"sold"}`, "info", "sold"},
		{"slog", `{"time":"x","level":"INFO","msg":"sold"}`, "INFO", "sold"},
		{"ECS", `{"log.level":"warn","message":"sold"}`, "warn", "sold"},
		{"ECS, nested", `{"log":{"level":"warn"},"message":"sold"}`, "warn", "sold"},
		{"Google", `{"severity":"ERROR","message":"sold"}`, "ERROR", "sold"},
		{"slog text", `time=x level=INFO msg="sold out"`, "INFO", "sold out"},
		{"the last of two fields with the same key", `{"level":"info","message":"bought","level":"warn","message":"sold"}`, "warn", "sold"},
		{"zerolog with slog's name", `{"level":"info","msg":"x","message":"sold"}`, "info", "sold"},
		{"zerolog with slog's name, later", `{"level":"info","a":1,"msg":"x","time":"x","message":"sold"}`, "info", "sold"},
		{"slog with zerolog's name", `{"time":"x","level":"INFO","msg":"sold","message":"x"}`, "INFO", "sold"},
		{"slog without a time", `{"level":"INFO","msg":"sold","message":"x"}`, "INFO", "sold"},
		{"slog with a source", `{"time":"x","level":"INFO","source":{"function":"f","line":7},"msg":"sold","message":"x"}`, "INFO", "sold"},
		{"slog text with zerolog's name", `time=x level=INFO source=a.go:7 msg=sold message=x`, "INFO", "sold"},
		{"no fields", `{}`, "", ""},
		{"null", `{"level":null,"message":null,"msg":"sold"}`, "", "sold"},
		{"Console", `10:11:12.000000 INF sold`, "info", "sold"},
		{"Console without a time", `<nil> DBG sold out a=1`, "debug", "sold out"},
		{"Console, all levels", `10:11:12 TRC sold`, "trace", "sold"},
		{"Console, warn", `10:11:12 WRN sold`, "warn", "sold"},
		{"Console, error", `10:11:12 ERR sold`, "error", "sold"},
		{"Console, fatal", `10:11:12 FTL sold`, "fatal", "sold"},
		{"Console, panic", `10:11:12 PNC sold`, "panic", "sold"},
		{"Console, no level", `10:11:12 ??? sold`, "", "sold"},
		{"Console, a user's own level", `10:11:12 AUD sold`, "AUD", "sold"},
		{"Console, no message", `10:11:12 INF`, "info", ""},
		{"Console, a caller", `10:11:12 INF main.go:7 > sold`, "info", "sold"},
		{"Console, only a caller", `10:11:12 INF main.go:7 >`, "info", ""},
		{"Console, no caller", `10:11:12 INF seven > six`, "info", "seven > six"},
		{"Console, words that look like a field", `10:11:12 INF sold a=b to c x=y`, "info", "sold a=b to c"},
		{"Console, a quoted message", `10:11:12 INF "a\nb c=d" x=y`, "info", "a\nb c=d"},
		{"Console, quoted words", `10:11:12 INF "a b" said "c=d" e x=y`, "info", `"a b" said "c=d" e`},
		{"Console, a quote in a word", `10:11:12 INF "a "b=c x=y`, "info", `"a "b=c`},
		{"Console, in colour", "\x1b[90m10:11:12\x1b[0m \x1b[32mINF\x1b[0m \x1b[1msold\x1b[0m \x1b[36mx=\x1b[0my", "info", "sold"},
		{"Console, an ID but no span", "10:11:12 INF " + id64 + " sold", "info", id64 + " sold"},
		{"Console, ambiguous: a service without a span", "10:11:12 INF shop sold", "info", "shop sold"},
		{"Console, ambiguous: a message that ends in a field", "10:11:12 INF sold a=b", "info", "sold"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, err := line.Parse([]byte(tt.text))
			require.NoError(t, err, "Parse(%s)", tt.text)
			assert.Equal(t, tt.level, l.Level, "level of %s", tt.text)
			assert.Equal(t, tt.message, l.Message, "message of %s", tt.text)
		})
	}
}

func TestParseIDs(t *testing.T) {
	const google = `"logging.googleapis.com/trace":`
	zeros := strings.Repeat("0", 16)
	for _, tt := range []struct{ name, text, traceID, spanID string }{
		{"our names", `{"trace_id":"` + id128 + `","span_id":"` + spanID + `"}`, id128, spanID},
		{"16 digits", `{"trace_id":"` + id64 + `"}`, id64, ""},
		{"capitals", `{"trace_id":"` + strings.ToUpper(id128) + `","span_id":"` + strings.ToUpper(spanID) + `"}`, id128, spanID},
		{"a zero high half", `{"trace_id":"` + zeros + id64 + `"}`, zeros + id64, ""},
		{"decimal", `{"dd.trace_id":"` + low64 + `","dd.span_id":"` + span64 + `"}`, low, spanID},
		{"decimal numbers", `{"dd.trace_id":` + low64 + `,"dd.span_id":` + span64 + `}`, low, spanID},
		{"decimal with 16 digits", `{"dd.trace_id":"1234567890123456"}`, "000462d53c8abac0", ""},
		{"decimal with one digit", `{"dd.trace_id":"7"}`, "0000000000000007", ""},
		{"decimal under our name", `{"trace_id":"` + low64 + `","span_id":"` + span64 + `"}`, low, spanID},
		{"decimal, as the span ID shows", `{"trace_id":"1234567890123456","span_id":"` + span64 + `"}`, "000462d53c8abac0", spanID},
		{"decimal, as the trace ID shows", `{"trace_id":"` + low64 + `","span_id":"1234567890123456"}`, low, "000462d53c8abac0"},
		{"our names, and a vendor's name several times", `{"dd.trace_id":"1","dd.trace_id":"1","dd.trace_id":"1","trace_id":"` + id128 + `","span_id":"` + spanID + `"}`, id128, spanID},
		{"16 decimal digits under our name", `{"trace_id":"1234567890123456"}`, "1234567890123456", ""},
		{"one decimal digit under our name", `{"trace_id":"7"}`, "", ""},
		{"128 bits under Datadog's name", `{"dd.trace_id":"` + id128 + `","dd.span_id":"` + span64 + `"}`, id128, spanID},
		{"32 digits without a letter under Datadog's name", `{"dd.trace_id":"12345678901234567890123456789012"}`, "12345678901234567890123456789012", ""},
		{"hexadecimal under Datadog's name", `{"dd.trace_id":"` + low + `"}`, low, ""},
		{"too large for decimal", `{"dd.trace_id":"18446744073709551616"}`, "", ""},
		{"Datadog, nested", `{"dd":{"trace_id":"` + low64 + `"}}`, low, ""},
		{"Google", `{` + google + `"projects/p/traces/` + id128 + `"}`, id128, ""},
		{"Google, padded", `{` + google + `"projects/p/traces/` + zeros + id64 + `"}`, zeros + id64, ""},
		{"Google, no project", `{` + google + `"` + id128 + `"}`, id128, ""},
		{"Google, a project with slashes", `{` + google + `"projects/a/b=c/traces/` + id128 + `"}`, id128, ""},
		{"ECS", `{"trace.id":"` + id128 + `","span.id":"` + spanID + `"}`, id128, spanID},
		{"ECS, nested", `{"trace":{"id":"` + id128 + `"},"span":{"id":"` + spanID + `"}}`, id128, spanID},
		{"ECS, and a user's object after it", `{"trace.id":"` + id128 + `","span.id":"` + spanID + `","trace":{"id":"` + id64 + `"},"span":{"id":"x"}}`, id128, spanID},
		{"ECS, and a user's object before it", `{"trace":{"id":"` + id64 + `"},"trace.id":"` + id128 + `"}`, id128, ""},
		{"ECS, nested, the last of two objects with the same key", `{"trace":{"id":"` + id64 + `"},"trace":{"id":"` + id128 + `"}}`, id128, ""},
		{"our name twice, the last time without an ID", `{"trace_id":"` + id128 + `","trace_id":{}}`, "", ""},
		{"ECS in Console, and a user's object after it", "10:11:12 INF sold span.id=" + spanID + ` span={"id":"x"}`, "", spanID},
		{"ECS in Console, and a user's object before it", `10:11:12 INF sold span={"id":"x"} span.id=` + spanID + ` a=b`, "", spanID},
		{"ECS in Console, nested, the last of two objects with the same key", `10:11:12 INF sold span={"id":"0000000000000001"} span={"id":"` + spanID + `"}`, "", spanID},
		{"Logback", `{"traceId":"` + id128 + `","spanId":"` + spanID + `"}`, id128, spanID},
		{"the last of two fields with the same key", `{"trace_id":"` + id64 + `","trace_id":"` + id128 + `"}`, id128, ""},
		{"our names and a vendor's", `{"dd.trace_id":"1","dd.span_id":"2","trace_id":"` + id128 + `","span_id":"` + spanID + `"}`, id128, spanID},
		{"a vendor's names and one of ours", `{"traceId":"` + id128 + `","spanId":"` + spanID + `","trace_id":"` + id64 + `"}`, id128, spanID},
		{"zero", `{"trace_id":"` + zeros + `","span_id":"` + zeros + `"}`, "", ""},
		{"zero in decimal", `{"dd.trace_id":"0","dd.span_id":"0"}`, "", ""},
		{"a number", `{"trace_id":7,"span_id":` + span64 + `}`, "", ""},
		{"null", `{"trace_id":null}`, "", ""},
		{"an object", `{"trace_id":{"a":"` + id128 + `"}}`, "", ""},
		{"hostile", `{"trace_id":"\u001b[31m` + id64 + `","span_id":"../..\n"}`, "", ""},
		{"17 digits", `{"trace_id":"` + id64 + `0"}`, "", ""},
		{"a span as long as a trace", `{"span_id":"` + id128 + `"}`, "", ""},
		{"no hexadecimal digit", `{"trace_id":"g` + id64[1:] + `"}`, "", ""},
		{"slog text", "trace_id=" + id128 + " span_id=" + spanID, id128, spanID},
		{"Console", "10:11:12 INF " + id64 + " sold span_id=" + spanID, id64, spanID},
		{"Console, Datadog", "10:11:12 INF shop 7 sold dd.span_id=8", "0000000000000007", "0000000000000008"},
		{"Console, a service with spaces", "10:11:12 INF my shop " + id64 + " sold span_id=" + spanID, id64, spanID},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, err := line.Parse([]byte(tt.text))
			require.NoError(t, err, "Parse(%s)", tt.text)
			assert.Equal(t, tt.traceID, l.TraceID, "trace ID of %s", tt.text)
			assert.Equal(t, tt.spanID, l.SpanID, "span ID of %s", tt.text)
		})
	}
}

func TestParseService(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"our name", `{"service":"shop"}`, "shop"},
		{"ECS", `{"service.name":"shop"}`, "shop"},
		{"ECS, nested", `{"service":{"name":"shop"}}`, "shop"},
		{"Google", `{"serviceContext":{"service":"shop","version":"7"}}`, "shop"},
		{"our name among Google's", `{"logging.googleapis.com/trace":"` + id128 + `","service":"shop"}`, "shop"},
		{"Google text", `time=x serviceContext.service="my shop"`, "my shop"},
		{"Console", "10:11:12 INF my shop " + id64 + " sold span_id=" + spanID, "my shop"},
		{"Console, quoted", `10:11:12 INF "my\tshop" ` + id64 + " sold span_id=" + spanID, "my\tshop"},
		{"Console, no service", "10:11:12 INF " + id64 + " sold span_id=" + spanID, ""},
		{"a number", `{"service":7}`, ""},
		{"no service", `{"a":"b"}`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, err := line.Parse([]byte(tt.text))
			require.NoError(t, err, "Parse(%s)", tt.text)
			assert.Equal(t, tt.want, l.Service, "service of %s", tt.text)
		})
	}
}

// A line with the message of a record is not a record if a field is missing or has a wrong value.
func TestParseNoRecord(t *testing.T) {
	const request = `{"message":"request","method":"GET","path":"/","status":200,"bytes":1,"duration_ms":1.5,"remote":"r"}`
	const call = `{"message":"call","method":"GET","host":"h","path":"/","duration_ms":1}`
	const job = `{"message":"job","job":"sweep","duration_ms":1}`
	for _, text := range []string{request, call, job} {
		l, err := line.Parse([]byte(text))
		require.NoError(t, err)
		require.NotNil(t, l.Record, "record of %s", text)
		for _, field := range []string{"method", "path", "status", "bytes", "duration_ms", "remote", "host", "job"} {
			without := strings.Replace(text, `"`+field+`":`, `"x":`, 1)
			if without == text || field == "path" && text == call { // a call that is not HTTP
				continue
			}
			l, err := line.Parse([]byte(without))
			require.NoError(t, err)
			assert.Nil(t, l.Record, "record of %s", without)
		}
	}
	for _, text := range []string{
		`{"message":"request"}`, `{"message":"call"}`, `{"message":"job"}`, `{"message":"job","id":7}`,
		strings.Replace(request, `200`, `"OK"`, 1),
		strings.Replace(request, `200`, `200.5`, 1),
		strings.Replace(request, `200`, `null`, 1),
		strings.Replace(request, `"GET"`, `7`, 1),
		strings.Replace(request, `1.5`, `"soon"`, 1),
		strings.Replace(request, `1.5`, `1e300`, 1),
		strings.Replace(request, `"request"`, `"requests"`, 1),
		strings.Replace(request, `"request"`, `"call"`, 1),
		strings.Replace(job, `"sweep"`, `{"name":"sweep"}`, 1),
		"request method=GET", "10:11:12 INF request method=GET",
	} {
		l, err := line.Parse([]byte(text))
		if err == nil {
			assert.Nil(t, l.Record, "record of %s", text)
		}
	}
}

func TestParseFields(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 20) + "1" + strings.Repeat("}", 20)
	long := strings.Repeat("k", line.MaxPath+1)
	for _, tt := range []struct {
		name, text string
		want       []line.Field
	}{
		{"all kinds of values", `{"a":"x","b":-1.5e3,"c":true,"d":null,"e":[1, {"f":"g"}],"h":{ }}`, []line.Field{{"a", "x", true}, {"b", "-1.5e3", false},
			{"c", "true", false}, {"d", "null", false}, {"e", `[1, {"f":"g"}]`, false}, {"h", "{ }", false}}},
		{"nested", ` { "a" : { "b" : { "c" : "x" } , "d" : 1 } , "e" : 2 } ` + "\r\n", []line.Field{{"a.b.c", "x", true}, {"a.d", "1", false}, {"e", "2", false}}},
		{"too deep", deep, []line.Field{{strings.TrimSuffix(strings.Repeat("a.", line.MaxDepth), "."),
			strings.Repeat(`{"a":`, 20-line.MaxDepth) + "1" + strings.Repeat("}", 20-line.MaxDepth), false}}},
		{"a long path", `{"` + long + `":{"a":1},"` + long[1:] + `":{"a":1}}`, []line.Field{{long, `{"a":1}`, false}, {long[1:] + ".a", "1", false}}},
		{"a key twice", `{"a":1,"a":2}`, []line.Field{{"a", "1", false}, {"a", "2", false}}},
		{"escapes", `{"\u0061\n":"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}`, []line.Field{{"a\n", "\"\\/\b\f\n\r\té😀", true}}},
		{"halves of surrogate pairs", `{"a":"\ud83d","b":"\ude00x","c":"\ud83d\u0061","d":"\ud83d\ud83d\ude00"}`, []line.Field{{"a", "�", true}, {"b", "�x", true},
			{"c", "�a", true}, {"d", "�😀", true}}},
		{"invalid UTF-8", "{\"a\xff\":\"\xff\xc0\x80b\\n\"}", []line.Field{{"a�", "���b\n", true}}},
		{"invalid UTF-8 at the end", "{\"a\":\"b\xff\"}", []line.Field{{"a", "b�", true}}},
		{"an empty key", `{"":{"a":1}}`, []line.Field{{"", `{"a":1}`, false}}},
		{"key=value pairs", `a=1 b="x y" c= "d e"=f g={} h=true i="\x41\n" j="k"l`, []line.Field{{"a", "1", false}, {"b", "x y", true}, {"c", "", true},
			{"d e", "f", true}, {"g", "{}", true}, {"h", "true", false}, {"i", "A\n", true}, {"j", `"k"l`, true}}},
		{"key=value pairs, not quoted as in Go", `a="\/"`, []line.Field{{"a", `\/`, true}}},
		{"key=value pairs, invalid UTF-8", "a=\xff b=\"\xff\" c=\"\\xff\"", []line.Field{{"a", "�", true}, {"b", "�", true}, {"c", "�", true}}},
		{"Console", `10:11:12 INF shop ` + id64 + ` a.go:7 > sold a={"b":{"c":"x y"}} d=[1,"x y"] e={f span_id=` + spanID, []line.Field{{"a.b.c", "x y", true},
			{"d", `[1,"x y"]`, false}, {"e", "{f", true}, {"span_id", spanID, true}, {"service", "shop", true}, {"trace_id", id64, true},
			{"caller", "a.go:7", true}, {"time", "10:11:12", true}, {"level", "info", true}, {"message", "sold", true}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, err := line.Parse([]byte(tt.text))
			require.NoError(t, err, "Parse(%s)", tt.text)
			assert.Equal(t, tt.want, l.Fields, "fields of %s", tt.text)
			assert.Equal(t, strings.HasPrefix(strings.TrimSpace(tt.text), "{"), l.JSON, "JSON: %s", tt.text)
			for _, f := range tt.want {
				got, ok := l.Field(f.Key)
				assert.True(t, ok)
				if f.Value != "1" {
					assert.Equal(t, f, got, "Field(%s) of %s", f.Key, tt.text)
				}
			}
			_, ok := l.Field("no such key")
			assert.False(t, ok)
		})
	}
}

// message matches the errors of Parse. An error contains nothing from the line.
var message = regexp.MustCompile(`^line: [a-zA-Z8 ,=-]+ at byte [0-9]+$`)

func TestParseErrors(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"an empty text", "", "line: an empty line at byte 0"},
		{"spaces", " \t\r\n", "line: an empty line at byte 0"},
		{"words", "sold out", "not JSON, key=value pairs or a line of Console"},
		{"a stack", "goroutine 1 [running]:", "not JSON, key=value pairs or a line of Console"},
		{"an array", "[1]", "not JSON, key=value pairs or a line of Console"},
		{"cut off", `{"a":`, "no JSON value at byte 5"},
		{"cut off in a text", `{"a":"x`, "a malformed JSON string at byte 7"},
		{"no colon", `{"a" 1}`, "no colon"},
		{"no comma", `{"a":1 "b":2}`, "no comma and no end"},
		{"one comma too many", `{"a":1,}`, "no key of a JSON object at byte 7"},
		{"no key", `{1:2}`, "no key"},
		{"text after the object", `{} x`, "more than one JSON object"},
		{"two objects", `{}{}`, "more than one JSON object"},
		{"a control character", "{\"a\":\"\x1b\"}", "a malformed JSON string"},
		{"an unknown escape", `{"a":"\x"}`, "a malformed JSON string"},
		{"a short escape", `{"a":"\u00g0"}`, "a malformed JSON string"},
		{"a number with a leading zero", `{"a":01}`, "no comma and no end"},
		{"a number without digits", `{"a":-}`, "no JSON value"},
		{"a number without a fraction", `{"a":1.}`, "no JSON value"},
		{"a number without an exponent", `{"a":1e+}`, "no JSON value"},
		{"an incomplete word", `{"a":nul}`, "no JSON value"},
		{"in an array", `{"a":[1,]}`, "no JSON value"},
		{"in an array, no comma", `{"a":[1 2]}`, "no comma and no end"},
		{"in an array, closed wrongly", `{"a":[1}}`, "no comma and no end"},
		{"in an array, no key", `{"a":[{1:2}]}`, "no key"},
		{"in an array, no colon", `{"a":[{"b" 2}]}`, "no colon"},
		{"in an array, no key after a comma", `{"a":[{"b":2,}]}`, "no key"},
		{"nested too deep", `{"a":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`, "nested too deep"},
		{"not only pairs", "a=1 sold", "no key=value pair"},
		{"two lines of pairs", "a=1\nb=2", "more than one line"},
		{"Console without a level", "10:11:12 sold out", "no level"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, err := line.Parse([]byte(tt.text))
			require.Error(t, err, "Parse(%s)", clip(tt.text))
			assert.Contains(t, err.Error(), tt.want)
			assert.Regexp(t, message, err.Error())
			l.Fields = nil
			assert.Equal(t, line.Line{}, l, "after an error, everything but Fields must be zero")
		})
	}
	_, err := line.Parse([]byte(`{"a":` + strings.Repeat("[", 9_999) + strings.Repeat("]", 9_999) + `}`))
	assert.NoError(t, err, "Parse must accept the nesting that encoding/json accepts")
}

// Strings are read eight bytes at a time. Parse must find a special byte at each position.
func TestParseStrings(t *testing.T) {
	for length := range 20 {
		for i := range length {
			for c := range 256 {
				text := []byte(`{"a":"` + strings.Repeat("x", length) + `"}`)
				text[len(`{"a":"`)+i] = byte(c)
				var want struct{ A string }
				wantErr := json.Unmarshal(text, &want)
				l, err := line.Parse(text)
				if (wantErr == nil) != (err == nil) {
					t.Errorf("Parse(%q) returns the error %v, encoding/json %v", text, err, wantErr)
				}
				if f, _ := l.Field("a"); err == nil && f.Value != want.A {
					t.Errorf("Parse(%q) reads %q", text, f.Value)
				}
			}
		}
	}
}

// Parse reads durations in each unit, also in forms that only other programs write.
func TestParseDurations(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       time.Duration
	}{
		{"milliseconds", `{"message":"job","job":"j","duration_ms":4.711}`, 4711 * time.Microsecond},
		{"rounded", `{"message":"job","job":"j","duration_ms":4.7110005}`, 4711001 * time.Nanosecond},
		{"rounded down", `{"message":"job","job":"j","duration_ms":4.71100049}`, 4711 * time.Microsecond},
		{"less than a nanosecond, rounded up", `{"message":"job","job":"j","duration_ms":6e-7}`, time.Nanosecond},
		{"much less than a nanosecond", `{"message":"job","job":"j","duration_ms":9e-9}`, 0},
		{"an exponent", `message=job job=j duration_ms=1.234567E+06`, 1234567 * time.Millisecond},
		{"negative", `{"message":"job","job":"j","duration_ms":-0.5}`, -500 * time.Microsecond},
		{"nanoseconds", `{"message":"job","job":"j","event.duration":4711,"trace.id":"x"}`, 4711},
		{"with Google's names", `{"message":"job","job":"j","duration_ms":1,"logging.googleapis.com/trace":"x","logging.googleapis.com/spanId":"x"}`, time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, err := line.Parse([]byte(tt.text))
			require.NoError(t, err)
			assert.Equal(t, line.Record(&line.Run{Job: "j", Duration: tt.want}), l.Record, "record of %s", tt.text)
		})
	}
	l, err := line.Parse([]byte(`{"message":"request","route":"/","httpRequest":{"requestMethod":"GET","requestUrl":"/","status":"200","responseSize":"7",` +
		`"latency":"1.5s","remoteIp":"r"}}`))
	require.NoError(t, err)
	assert.Equal(t, line.Record(&line.Request{Method: "GET", Path: "/", Route: "/", Remote: "r", Status: 200, Bytes: 7, Duration: 1500 * time.Millisecond}), l.Record,
		"numbers in texts, as Google exports them")
}

// If a Line is read again, it keeps nothing of the previous line.
func TestReadAgain(t *testing.T) {
	var l line.Line
	lines := []string{accessLine, googleLine, consoleLine, textLine, `{"message":"job","job":"j","duration_ms":1}`,
		`{"message":"call","method":"GET","host":"h","duration_ms":1}`, `{}`, `{"a":`, `x`, ``}
	for range 2 {
		for _, text := range lines {
			want, wantErr := line.Parse([]byte(text))
			assert.Equal(t, wantErr, l.Read(text))
			assert.Equal(t, want.Record, l.Record, "record of %s", text)
			assert.ElementsMatch(t, want.Fields, l.Fields, "fields of %s", text)
			assert.Equal(t, []any{want.Time, want.Level, want.Message, want.Service, want.TraceID, want.SpanID, want.Sampled},
				[]any{l.Time, l.Level, l.Message, l.Service, l.TraceID, l.SpanID, l.Sampled}, "%s", text)
		}
	}
}

func TestParseAllocations(t *testing.T) {
	for _, bb := range benchLines {
		t.Run(bb.name, func(t *testing.T) {
			text := []byte(bb.text)
			// The three allocations are the copy of the text, the fields and the record.
			assert.LessOrEqual(t, testing.AllocsPerRun(100, func() { _, _ = line.Parse(text) }), 3.0, "Parse(%s)", text)
			var l line.Line
			assert.Zero(t, testing.AllocsPerRun(100, func() { _ = l.Read(bb.text) }), "Read(%s)", text)
		})
	}
}

// These lines would take minutes, or the memory of a large machine, if the cost grew with the
// square of their length.
func TestParseBounded(t *testing.T) {
	n := torture.Size(1<<17, 1<<20)
	for _, tt := range []struct{ name, text string }{
		{"open arrays", `{"a":` + strings.Repeat("[", n)},
		{"open objects", strings.Repeat(`{"a":`, n)},
		{"a long path with many fields", `{"` + strings.Repeat("k", n) + `":{` + strings.Repeat(`"a":1,`, n) + `"a":1}}`},
		{"the longest path that becomes fields", `{"` + strings.Repeat("k", line.MaxPath) + `":{` + strings.Repeat(`"a":1,`, n) + `"a":1}}`},
		{"fields with the same key", `{` + strings.Repeat(`"trace_id":"x",`, n) + `"a":1}`},
		{"keys with the same hash", `{` + strings.Repeat(`"`+strings.Repeat("t", 60)+`":1,`, n/32) + `"a":1}`},
		{"escapes", `{"a":"` + strings.Repeat(`\ud83d`, n) + `"}`},
		{"bytes that are not UTF-8", `{"a":"` + strings.Repeat("\xff", n) + `"}`},
		{"digits", `{"time":` + strings.Repeat("9", n) + `,"dd.trace_id":"` + strings.Repeat("9", n) + `"}`},
		{"digits after the point", `{"time":0.` + strings.Repeat("0", n) + `1}`},
		{"pairs", strings.Repeat("a=b ", n) + "c=d"},
		{"pairs and a word", "10:11:12 INF " + strings.Repeat("a=b ", n) + "c"},
		{"words", "10:11:12 INF " + strings.Repeat("a ", n)},
		{"words with a span", "10:11:12 INF " + strings.Repeat("a ", n) + "span_id=" + spanID},
		{"open quotes", "10:11:12 INF " + strings.Repeat(`a="b `, n)},
		{"open quotes that are escaped", "10:11:12 INF " + strings.Repeat(`a="\" `, n)},
		{"quoted words", "10:11:12 INF " + strings.Repeat(`"a `, n)},
		{"quoted keys", strings.Repeat(`"a `, n)},
		{"open arrays in Console", "10:11:12 INF " + strings.Repeat(`a=[" `, n)},
		{"open arrays with commas in Console", "10:11:12 INF " + strings.Repeat(`a=["," `, n)},
		{"open objects in Console", "10:11:12 INF " + strings.Repeat(`a={"b":{" `, n)},
		{"deep arrays in Console", "10:11:12 INF " + strings.Repeat(`a=`+strings.Repeat("[", 9_000)+" ", n/9_000)},
		{"colours", "10:11:12 INF " + strings.Repeat("\x1b[", n)},
		{"slashes", `{"trace_id":"` + strings.Repeat("/", n) + `"}`},
		{"words as long as IDs in a message", "10:11:12 INF " + strings.Repeat(strings.Repeat("g", 16)+" ", n/16) + "span_id=1234567890123456"},
		{"many source fields between two messages", `{"msg":"x",` + strings.Repeat(`"source.x":1,`, n/8) + `"message":"y"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, err := line.Parse([]byte(tt.text))
			if err != nil {
				assert.Regexp(t, message, err.Error())
			}
			bounded(t, tt.text, l)
		})
	}
}

// bounded asserts that the fields need at most a few times the memory of the text.
func bounded(t *testing.T, text string, l line.Line) {
	t.Helper()
	size := 0
	for _, f := range l.Fields {
		size += len(f.Key) + len(f.Value)
	}
	assert.LessOrEqual(t, size, 40*len(text)+200, "bytes of keys and values, from a line of %d bytes", len(text))
	assert.LessOrEqual(t, len(l.Fields), len(text)/3+7, "number of fields, from a line of %d bytes", len(text))
}

func FuzzParse(f *testing.F) {
	for _, bb := range benchLines {
		f.Add([]byte(bb.text))
	}
	for _, s := range []string{
		`{"a":{"b":[1,{"c":null}],"":{}},"a":2}`, `{"a":"\ud83d\u0061\n\"","b":1e5,"c":-0.1}`, "{\"\xff\":\"\xff\"}", `{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}`,
		`a=1 "b c"="d\n" e={}`, `10:11:12 INF shop 463ac35c9f6413ad x y=z span_id=a2fb4a1d1a96d312`, "\x1b[1m10:11:12\x1b[0m WRN a.go:1 > x", `<nil> ??? "a\nb" c={"d":1} e=[`,
		`{"message":"call","host":"h","http.method":"x","event.duration":1}`, `{"message":"job","job":"","duration":1,"dd.scheduled_by":"1"}`, `{"time":1e9,"level":1}`, `{`, `{}`, ` `,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		before := string(text)
		l, err := line.Parse(text)
		assert.Equal(t, before, string(text), "Parse must not change the text")
		bounded(t, before, l)
		for _, f := range l.Fields {
			if !utf8.ValidString(f.Key) || f.Text && !utf8.ValidString(f.Value) {
				t.Errorf("Parse(%q): field %+v is not UTF-8", text, f)
			}
			if trimmed := bytes.TrimLeft(text, " \t\r\n"); !f.Text && trimmed[0] == '{' && !json.Valid([]byte(f.Value)) {
				t.Errorf("Parse(%q): field %+v is not JSON", text, f)
			}
		}
		if err != nil {
			assert.Regexp(t, message, err.Error())
			assert.Nil(t, l.Record)
		}
		isID(t, l.TraceID, 16, 32)
		isID(t, l.SpanID, 16, 16)
		var again line.Line
		assert.Equal(t, err, again.Read(before), "Read must return the error of Parse")
		assert.Equal(t, l.Record, again.Record, "Read must return the record of Parse")

		if trimmed := bytes.TrimLeft(text, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
			return
		}
		if valid := json.Valid(text); valid != (err == nil) {
			t.Fatalf("Parse(%q) returns the error %v, encoding/json says that it is valid: %t", text, err, valid)
		}
		if err == nil {
			assert.Equal(t, flat(t, []line.Field{}, "", 1, text), l.Fields, "fields of %q", text)
		}
	})
}

func isID(t *testing.T, id string, short, long int) {
	t.Helper()
	if id != "" && (len(id) != short && len(id) != long || strings.Trim(id, "0123456789abcdef") != "" || strings.Trim(id, "0") == "") {
		t.Errorf("%q is not an ID in lower-case hexadecimal digits", id)
	}
}

// flat appends the fields of an object to fields, as encoding/json reads them.
func flat(t *testing.T, fields []line.Field, path string, depth int, text []byte) []line.Field {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(text))
	_, err := dec.Token()
	require.NoError(t, err)
	empty := true
	for ; dec.More(); empty = false {
		key, err := dec.Token()
		require.NoError(t, err)
		name := key.(string)
		if depth > 1 {
			name = path + "." + name
		}
		var value json.RawMessage
		require.NoError(t, dec.Decode(&value))
		var s string
		switch {
		case value[0] == '"':
			require.NoError(t, json.Unmarshal(value, &s))
			fields = append(fields, line.Field{Key: name, Value: s, Text: true})
		case value[0] == '{' && depth < line.MaxDepth && name != "" && len(name) <= line.MaxPath:
			fields = flat(t, fields, name, depth+1, value)
		default:
			fields = append(fields, line.Field{Key: name, Value: string(value)})
		}
	}
	if empty && depth > 1 {
		fields = append(fields, line.Field{Key: path, Value: string(text)})
	}
	return fields
}
