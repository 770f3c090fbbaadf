package timeline_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"example.com/clew/internal/timeline"
)

// reference is the reference time of the tests. It is an hour after the time in most of them.
var reference = at("2026-11-26T23:46:25Z")

func at(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

const milli = time.Millisecond

// textTimes are times in the text of lines.
var textTimes = []struct {
	name, text string
	want       string // "": none
	precision  time.Duration
}{
	{"RFC 3339", "2026-11-26T22:46:25Z GET /", "2026-11-26T22:46:25Z", time.Second},
	{"RFC 3339, milliseconds", "2026-11-26T22:46:25.123Z GET /", "2026-11-26T22:46:25.123Z", milli},
	{"RFC 3339, nanoseconds", "2026-11-26T22:46:25.123456789+01:00 x", "2026-11-26T21:46:25.123456789Z", 0},
	{"RFC 3339, more digits", "2026-11-26T22:46:25.12345678912Z x", "2026-11-26T22:46:25.123456789Z", 0},
	{"RFC 3339, small letters", "2026-11-26t22:46:25z x", "2026-11-26T22:46:25Z", time.Second},
	{"a space", "2026-11-26 22:46:25.123 INFO x", "2026-11-26T22:46:25.123Z", milli},
	{"a space and a zone", "2026-11-26 22:46:25.123 -0330 x", "2026-11-27T02:16:25.123Z", milli},
	{"a short zone", "2026-11-26 22:46:25+01 x", "2026-11-26T21:46:25Z", time.Second},
	{"no zone but a number", "2026-11-26 22:46:25 -12 x", "2026-11-26T22:46:25Z", time.Second},
	{"Go's time.Time", "2026-11-26 22:46:25.123456 +0100 CET m=+0.5 x", "2026-11-26T21:46:25.123456Z", time.Microsecond},
	{"UTC", "2026-11-26 22:46:25 UTC [1] LOG:  x", "2026-11-26T22:46:25Z", time.Second},
	{"Python", "2026-11-26 22:46:25,123 INFO x", "2026-11-26T22:46:25.123Z", milli},
	{"in brackets", "[2026-11-26 22:46:25,123] INFO x", "2026-11-26T22:46:25.123Z", milli},
	{"log4j, a colon", "2026-11-26 22:46:25:123 INFO x", "2026-11-26T22:46:25.123Z", milli},
	{"Go's log", "2026/11/26 22:46:25 x", "2026-11-26T22:46:25Z", time.Second},
	{"Go's log, microseconds", "2026/11/26 22:46:25.123456 main.go:7: x", "2026-11-26T22:46:25.123456Z", time.Microsecond},
	{"nginx's error log", "2026/11/26 22:46:25 [error] 7#7: *1 x", "2026-11-26T22:46:25Z", time.Second},
	{"dots", "2026.11.26 22:46:25 x", "2026-11-26T22:46:25Z", time.Second},
	{"compact", "20261126T224625Z x", "2026-11-26T22:46:25Z", time.Second},
	{"compact date", "20261126 22:46:25.123 x", "2026-11-26T22:46:25.123Z", milli},
	{"common log format", `10.0.0.1 - - [26/Nov/2026:22:46:25 +0000] "GET / HTTP/1.1" 200 5`, "2026-11-26T22:46:25Z", time.Second},
	{"common log format, a zone", `10.0.0.1 - - [26/Nov/2026:22:46:25 -0700] "GET /"`, "2026-11-27T05:46:25Z", time.Second},
	{"HAProxy", "10.0.0.1:80 [26/Nov/2026:22:46:25.123] http-in", "2026-11-26T22:46:25.123Z", milli},
	{"syslog", "Nov 26 22:46:25 host app[1]: x", "2026-11-26T22:46:25Z", time.Second},
	{"syslog, a day of one digit", "Nov  6 22:46:25 host x", "2026-11-06T22:46:25Z", time.Second},
	{"syslog, last year", "Dec 31 22:46:25 host x", "2025-12-31T22:46:25Z", time.Second},
	{"syslog, 11 hours after the reference, as in another zone", "Nov 27 10:46:25 host x", "2026-11-27T10:46:25Z", time.Second},
	{"syslog, a leap day", "Feb 29 22:46:25 host x", "2024-02-29T22:46:25Z", time.Second},
	{"RFC 1123", "Thu, 26 Nov 2026 22:46:25 GMT x", "2026-11-26T22:46:25Z", time.Second},
	{"RFC 1123, a zone", "Thu, 26 Nov 2026 22:46:25 +0100 x", "2026-11-26T21:46:25Z", time.Second},
	{"RFC 822 without a weekday", "26 Nov 2026 22:46:25,123 x", "2026-11-26T22:46:25.123Z", milli},
	{"Tomcat", "26-Nov-2026 22:46:25.123 INFO x", "2026-11-26T22:46:25.123Z", milli},
	{"ctime", "Thu Nov 26 22:46:25 2026 x", "2026-11-26T22:46:25Z", time.Second},
	{"Apache's error log", "[Thu Nov 26 22:46:25.123456 2026] [core:error] x", "2026-11-26T22:46:25.123456Z", time.Microsecond},
	{"the command date", "Thu Nov 26 22:46:25 UTC 2026 x", "2026-11-26T22:46:25Z", time.Second},
	{"java.util.logging", "Nov 26, 2026 10:46:25 PM com.example.Shop sell", "2026-11-26T22:46:25Z", time.Second},
	{"java.util.logging, one digit", "Nov 26, 2026 9:46:25 AM com.example.Shop sell", "2026-11-26T09:46:25Z", time.Second},
	{"midnight", "Nov 26, 2026 12:46:25 AM x", "2026-11-26T00:46:25Z", time.Second},
	{"noon", "Nov 26, 2026 12:46:25 PM x", "2026-11-26T12:46:25Z", time.Second},
	{"klog", "I1126 22:46:25.123456    7 main.go:7] x", "2026-11-26T22:46:25.123456Z", time.Microsecond},
	{"a time without a date", "22:46:25.123 INFO x", "2026-11-26T22:46:25.123Z", milli},
	{"zerolog's console", "10:40PM INF x", "2026-11-26T22:40:00Z", time.Minute},
	{"zerolog's console, in the morning", "9:46AM ERR x", "2026-11-26T09:46:00Z", time.Minute},
	{"zerolog's console, after midnight", "12:01AM ERR x", "2026-11-26T00:01:00Z", time.Minute},
	{"PostgreSQL's zone", "2026-11-26 17:46:25.123 EST [44] LOG: x", "2026-11-26T22:46:25.123Z", milli},
	{"a zone of summer time", "2026-07-26 22:46:25 CEST x", "2026-07-26T20:46:25Z", time.Second},
	{"CST has several meanings, and EST is not directly behind the time", "2026-11-26 22:46:25 CST EST x", "2026-11-26T22:46:25Z", time.Second},
	{"a time without a date, of the day before", "23:58:25.123 INFO x", "2026-11-25T23:58:25.123Z", milli},
	{"seconds", "1795733185 x", "2026-11-26T22:46:25Z", time.Second},
	{"squid", "1795733185.123     45 10.0.0.1 TCP_MISS/200", "2026-11-26T22:46:25.123Z", milli},
	{"milliseconds in brackets", "x [1795733185123] y", "2026-11-26T22:46:25.123Z", milli},
	{"auditd", "type=X msg=audit(1795733185.123:7): x", "2026-11-26T22:46:25.123Z", milli},
	{"a leap second", "2026-12-31T23:59:60Z x", "2027-01-01T00:00:00Z", time.Second},
	{"two dates: the first is taken", "2026-11-26 22:46:25 due 2027-01-01 00:00:00 x", "2026-11-26T22:46:25Z", time.Second},
	{"a time at the beginning is preferred to a later date", "22:46:25.123 due 2027-01-01 00:00:00 x", "2026-11-26T22:46:25.123Z", milli},
	{"a date is preferred to an earlier time without a date", "at 22:00:00 x 2026-11-26 22:46:25 y", "2026-11-26T22:46:25Z", time.Second},
	{"a quotation mark before the time", "\"2026-11-26 22:46:25\" x", "2026-11-26T22:46:25Z", time.Second},
	{"1970", "1970-01-01T00:00:01Z x", "1970-01-01T00:00:01Z", time.Second},
	{"2261", "2261-12-31T00:00:01Z x", "2261-12-31T00:00:01Z", time.Second},

	{"a date alone", "2026-11-26 x", "", 0},
	{"the zero time", "0001-01-01T00:00:00Z x", "", 0},
	{"after 2261", "2262-01-01T00:00:00Z x", "", 0},
	{"month 13", "2026-13-26T22:46:25Z", "", 0},
	{"day 31 of a month of 30", "2026-11-31 22:46:25 x", "", 0},
	{"hour 24", "2026-11-26T24:46:25Z", "", 0},
	{"minute 60", "2026-11-26T22:60:25Z", "", 0},
	{"no digits", "2026-11-26T22:4x:25Z", "", 0},
	{"cut", "2026-11-26T22:46:2", "", 0},
	{"an address of a network card", "eth0 00:16:22:33:44:55 up", "", 0},
	{"an address of IPv6", "from fe80::22:46:25:1 to", "", 0},
	{"a version", "v1.22:46:25", "", 0},
	{"a number", "order 1795733185 x", "", 0},
	{"a longer number", "12026-11-26T22:46:25Z", "", 0},
	{"a word", "id2026-11-26T22:46:25Z", "", 0},
	{"a month in prose", "Nov 26 people came", "", 0},
	{"nothing", "", "", 0},
}

func TestTextTime(t *testing.T) {
	for _, tt := range textTimes {
		t.Run(tt.name, func(t *testing.T) {
			got, precision, start, end, ok := timeline.FindTime([]byte(tt.text), reference, nil)
			if tt.want == "" {
				assert.False(t, ok, "time of %q: got %v", tt.text, got)
				return
			}
			assert.True(t, ok, "no time in %q", tt.text)
			assert.Equal(t, at(tt.want), got, "time of %q", tt.text)
			assert.Equal(t, tt.precision, precision, "precision of %q", tt.text)
			assert.True(t, start >= 0 && start < end && end <= len(tt.text), "the place of the time in %q must be within the text: %d to %d", tt.text, start, end)
		})
	}
}

func TestTextTimeZone(t *testing.T) {
	zone := time.FixedZone("", 2*3600)
	for _, tt := range []struct{ name, text, want string }{
		{"a time without a zone", "2026-11-26 22:46:25 x", "2026-11-26T20:46:25Z"},
		{"a time with a zone", "2026-11-26 22:46:25 +0000 x", "2026-11-26T22:46:25Z"},
		{"syslog", "Nov 26 22:46:25 x", "2026-11-26T20:46:25Z"},
		{"a time without a date, and it is the next day in the zone", "01:40:25 x", "2026-11-26T23:40:25Z"},
		{"a time without a date", "22:46:25 x", "2026-11-26T20:46:25Z"},
		{"a time with a zone and without a date", "22:46:25+00:00 x", "2026-11-26T22:46:25Z"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _, _, _, ok := timeline.FindTime([]byte(tt.text), reference, zone)
			assert.True(t, ok)
			assert.Equal(t, at(tt.want), got, "time of %q", tt.text)
		})
	}
}

func TestValueTime(t *testing.T) {
	for _, tt := range []struct {
		name, value, want string
		precision         time.Duration
	}{
		{"seconds", "1795733185", "2026-11-26T22:46:25Z", time.Second},
		{"seconds with a fraction", "1795733185.343939", "2026-11-26T22:46:25.343939Z", time.Microsecond},
		{"milliseconds", "1795733185343", "2026-11-26T22:46:25.343Z", milli},
		{"milliseconds with a fraction", "1795733185343.5", "2026-11-26T22:46:25.3435Z", 100 * time.Microsecond},
		{"microseconds", "1795733185343939", "2026-11-26T22:46:25.343939Z", time.Microsecond},
		{"nanoseconds", "1795733185343939123", "2026-11-26T22:46:25.343939123Z", 0},
		{"an exponent", "1.795733185343e9", "2026-11-26T22:46:25.343Z", time.Microsecond},
		{"an exponent, milliseconds", "1.795733185343E+12", "2026-11-26T22:46:25.343Z", time.Microsecond},
		{"1970", "0", "1970-01-01T00:00:00Z", time.Second},
		{"text", "2026-11-26T22:46:25.343Z", "2026-11-26T22:46:25.343Z", milli},
		{"text and more", "2026-11-26 22:46:25 +0000 UTC m=+0.1", "2026-11-26T22:46:25Z", time.Second},
		{"negative", "-5", "", 0},
		{"NaN", "NaN", "", 0},
		{"infinite", "1e400", "", 0},
		{"a duration", "12ms", "", 0},
		{"too large", "9223372036854775808", "", 0},
		{"hexadecimal", "0x12", "", 0},
		{"nothing", "", "", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, precision, ok := timeline.ValueTime(tt.value, reference)
			assert.Equal(t, tt.want != "", ok, "time of %q: got %v", tt.value, got)
			if tt.want != "" {
				assert.Equal(t, at(tt.want), got, "time of %q", tt.value)
				assert.Equal(t, tt.precision, precision, "precision of %q", tt.value)
			}
		})
	}
}

// Package time and FindTime agree on each day from 1970 to 2261.
func TestTextTimeDays(t *testing.T) {
	for day := at("1970-01-01T12:34:56Z"); day.Year() < 2262; day = day.AddDate(0, 0, 1) {
		got, _, _, _, ok := timeline.FindTime([]byte(day.Format("2006-01-02 15:04:05")), reference, nil)
		if !ok || !got.Equal(day) {
			t.Fatalf("time of %v: got %v, ok %v", day, got, ok)
		}
	}
}

// A text that repeats the beginning of a time is searched in linear time. The test does not count
// steps, but with quadratic time it would not end.
func TestTextTimeLinear(t *testing.T) {
	for _, part := range []string{"2026-11-26T", "1", "Nov ", "22:46:", "[1", "26/Nov/2026:", "Thu, ", "I1126 ", "22:46:25 +", "\x1b["} {
		text := strings.Repeat(part, timeline.MaxLine/len(part))
		_, _, start, end, _ := timeline.FindTime([]byte(text), reference, nil)
		assert.True(t, start <= end && end <= len(text))
	}
}

func FuzzTextTime(f *testing.F) {
	for _, tt := range textTimes {
		f.Add([]byte(tt.text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, precision, start, end, ok := timeline.FindTime(text, reference, nil)
		if !ok {
			return
		}
		if start < 0 || start >= end || end > len(text) {
			t.Fatalf("time of %q: its place %d to %d is empty or outside of the text", text, start, end)
		}
		if got.Year() < 1970 || got.Year() > 2262 || precision < 0 || precision > time.Minute {
			t.Fatalf("time of %q: %v with the precision %v, and one of them is out of range", text, got, precision)
		}
		if got.Location() != time.UTC {
			t.Fatalf("time of %q: %v is not in UTC", text, got)
		}
	})
}
