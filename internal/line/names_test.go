package line_test

import (
	"fmt"
	"log/slog"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/clew/internal/line"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sink records the fields of a record: the type and the value of each key.
type sink struct {
	names *line.Names
	group string
	kinds map[string]string
	said  []string
}

func (s *sink) add(key, kind, value string) {
	if s.group != "" {
		key = s.group + "." + key
	}
	if s.kinds == nil {
		s.kinds = map[string]string{}
	}
	s.kinds[key] = kind
	s.said = append(s.said, key+"="+value)
}

func (s *sink) Str(key, value string)       { s.add(key, "text", value) }
func (s *sink) Int(key string, value int64) { s.add(key, "whole number", strconv.FormatInt(value, 10)) }
func (s *sink) True(key string)             { s.add(key, "true", "true") }
func (s *sink) Open(group string)           { s.group = group }
func (s *sink) Close()                      { s.group = "" }
func (s *sink) Milliseconds(key string, thousandths int64) {
	s.add(key, "milliseconds", string(line.AppendMilliseconds(nil, thousandths)))
}

func (s *sink) Span(key string, id [8]byte) {
	s.add(key, "ID", string(s.names.AppendSpan(nil, id)))
}

// full contains a record of each kind, with all fields set.
var full = []line.Record{
	&line.Request{Method: "m", Path: "p", Remote: "r", Route: "t", Status: 1, Bytes: 2, Duration: time.Millisecond, ParentID: [8]byte{1}, CallerParentID: [8]byte{2},
		UntrustedTraceID: id128, Panicked: true, Hijacked: true, ClientGone: true, Sampled: true},
	&line.Call{Method: "m", Host: "h", Path: "p", Status: 1, Attempt: 2, Duration: time.Millisecond, Body: time.Second, Error: "e", ParentID: [8]byte{1}, Sampled: true},
	&line.Run{Job: "j", Duration: time.Millisecond, ScheduledBy: id128, Panicked: true, Sampled: true},
}

func given(n *line.Names, rec line.Record) *sink {
	s := &sink{names: n}
	rec.WriteTo(n, s)
	return s
}

// The table in docs/lines.md agrees with the code: the keys, the lines that have them, their
// types, and the names of the vendors.
func TestTable(t *testing.T) {
	text, err := os.ReadFile("../../docs/lines.md")
	require.NoError(t, err)
	var got []string
	for row := range strings.Lines(string(text)) {
		if cells := strings.Split(strings.TrimSpace(row), " | "); strings.HasPrefix(row, "| `") {
			require.Len(t, cells, 8, "the row must have eight cells: %s", row)
			assert.NotEqual(t, "|", cells[7], "the row of %s must say what the field means", cells[0])
			got = append(got, strings.Join(cells[:7], " | "))
		}
	}
	vendors := []line.Vendor{line.Datadog, line.GoogleCloud, line.ECS, line.Logback}
	require.Len(t, vendors, line.Vendors-1, "the table must have a column for each vendor")
	var want []string
	for k := range line.Keys {
		var on []string
		kind := "text"
		for _, rec := range full {
			if is := given(line.Default, rec).kinds[line.Default.Key(k)]; is != "" {
				on, kind = append(on, rec.Message()), is
			}
		}
		switch k {
		case line.TraceID, line.SpanID:
			on, kind = []string{"every line"}, "ID"
		case line.Service:
			on = []string{"every line"}
		case line.UntrustedTraceID, line.ScheduledBy:
			kind = "ID"
		}
		row := fmt.Sprintf("| `%s` | %s | %s", line.Default.Key(k), strings.Join(on, ", "), kind)
		for _, v := range vendors {
			n := line.NewNames(v, "", "", line.Hex, "")
			key := n.Key(k)
			cell := "`" + key + "`"
			if key == line.Default.Key(k) {
				cell = "same"
			}
			for _, rec := range full {
				switch is := given(n, rec).kinds[key]; {
				case is == "" || k != line.Duration || is == "milliseconds":
				case is == "whole number":
					cell = "`" + key + "`, nanoseconds"
				default:
					cell = "`" + key + "`, text in seconds"
				}
			}
			row += " | " + cell
		}
		want = append(want, row)
	}
	assert.Equal(t, strings.Join(want, "\n"), strings.Join(got, "\n"), "the table in docs/lines.md must agree with the code")
}

// If two vendors use the same name, it means the same to both. Otherwise the parser could not know
// which meaning a line has.
func TestNamesMeanOneThing(t *testing.T) {
	type meaning struct {
		key  line.Key
		kind string
	}
	known := map[string]meaning{}
	for v := range line.Vendors {
		n := line.NewNames(line.Vendor(v), "", "", line.Hex, "")
		for k := range line.Keys {
			m := meaning{key: k}
			for _, rec := range full {
				if kind := given(n, rec).kinds[n.Key(k)]; kind != "" {
					m.kind = kind
				}
			}
			if before, ok := known[n.Key(k)]; ok {
				assert.Equal(t, before, m, "%s must have the same meaning for vendor %d", n.Key(k), v)
			}
			known[n.Key(k)] = m
			assert.NotEmpty(t, n.Key(k))
			assert.True(t, n.Key(k) == n.Top(k) || strings.HasPrefix(n.Key(k), n.Top(k)+"."), "Top(%s) is %s", n.Key(k), n.Top(k))
		}
	}
}

func TestNewNames(t *testing.T) {
	own := line.NewNames(line.Datadog, "tid", "sid", line.Decimal, "")
	assert.Equal(t, "tid", own.Key(line.TraceID))
	assert.Equal(t, "sid", own.Key(line.SpanID))
	assert.Equal(t, "dd.parent_id", own.Key(line.ParentID))
	assert.Equal(t, line.Default, line.NewNames(200, "", "", line.Hex, ""), "an unknown vendor gets our names")
	google := line.NewNames(line.GoogleCloud, "", "", line.GoogleTrace, "p")
	assert.Equal(t, "httpRequest.status", google.Key(line.Status))
	assert.Equal(t, "httpRequest", google.Top(line.Status))
	assert.Equal(t, "serviceContext", google.Top(line.Service))
	assert.Equal(t, "serviceContext=[service=shop]", google.Service("shop").String())
	assert.Equal(t, "service.name=shop", line.NewNames(line.ECS, "", "", line.Hex, "").Service("shop").String())
}

// WriteTo writes each record's fields in a fixed order, with the names of the vendor.
func TestWriteTo(t *testing.T) {
	plain := &line.Call{Method: "get", Host: "redis", Plain: true, Duration: 1500 * time.Nanosecond, Attempt: 2, Error: "e", ParentID: [8]byte{1}}
	for _, tt := range []struct {
		name   string
		names  *line.Names
		record line.Record
		want   string
	}{
		{"an empty request", line.Default, &line.Request{}, "method= path= status=0 bytes=0 duration_ms=0 remote="},
		{"a request", line.Default, full[0], "method=m path=p route=t status=1 bytes=2 duration_ms=1 remote=r parent_id=0100000000000000 " +
			"caller_parent_id=0200000000000000 untrusted_trace_id=" + id128 + " sampled=true panicked=true hijacked=true client_gone=true"},
		{"Datadog", line.NewNames(line.Datadog, "", "", line.Decimal, ""), full[0], "http.method=m http.url_details.path=p route=t http.status_code=1 " +
			"network.bytes_written=2 duration=1000000 remote=r dd.parent_id=72057594037927936 dd.caller_parent_id=144115188075855872 dd.untrusted_trace_id=" + low64 +
			" sampled=true panicked=true hijacked=true client_gone=true"},
		{"Google", line.NewNames(line.GoogleCloud, "", "", line.GoogleTrace, ""), full[0], "httpRequest.requestMethod=m httpRequest.requestUrl=p " +
			"httpRequest.status=1 httpRequest.responseSize=2 httpRequest.latency=0.001s httpRequest.remoteIp=r route=t parent_id=0100000000000000 " +
			"caller_parent_id=0200000000000000 untrusted_trace_id=" + id128 + " panicked=true hijacked=true client_gone=true"},
		{"Google, a call", line.NewNames(line.GoogleCloud, "", "", line.GoogleTrace, ""), full[1], "host=h httpRequest.requestMethod=m httpRequest.requestUrl=p " +
			"httpRequest.status=1 httpRequest.latency=0.001s body_ms=1000 attempt=2 error=e parent_id=0100000000000000"},
		{"Google, a call without HTTP", line.NewNames(line.GoogleCloud, "", "", line.Hex, ""), plain, "method=get host=redis duration_ms=0.001 attempt=2 error=e " +
			"parent_id=0100000000000000"},
		{"Google, a job", line.NewNames(line.GoogleCloud, "", "", line.Hex, ""), full[2], "job=j duration_ms=1 scheduled_by=" + id128 +
			" logging.googleapis.com/trace_sampled=true panicked=true"},
		{"ECS, a call", line.NewNames(line.ECS, "", "", line.Hex, ""), full[1], "http.request.method=m server.address=h url.path=p " +
			"http.response.status_code=1 event.duration=1000000 body_ms=1000 attempt=2 error.message=e parent.id=0100000000000000 sampled=true"},
		{"ECS, a call without HTTP", line.NewNames(line.ECS, "", "", line.Hex, ""), plain, "method=get server.address=redis event.duration=1500 attempt=2 " +
			"error.message=e parent.id=0100000000000000"},
		{"Logback, a job", line.NewNames(line.Logback, "", "", line.Hex, ""), full[2], "job=j duration_ms=1 scheduled_by=" + id128 + " sampled=true panicked=true"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, strings.Join(given(tt.names, tt.record).said, " "))
		})
	}
}

func TestDurations(t *testing.T) {
	google := line.NewNames(line.GoogleCloud, "", "", line.Hex, "")
	for _, tt := range []struct {
		d             time.Duration
		ms, inSeconds string
	}{
		{0, "0", "0s"}, {1, "0", "0.000000001s"}, {time.Microsecond, "0.001", "0.000001s"}, {4711 * time.Microsecond, "4.711", "0.004711s"},
		{10 * time.Microsecond, "0.01", "0.00001s"}, {100 * time.Microsecond, "0.1", "0.0001s"}, {time.Millisecond, "1", "0.001s"},
		{100 * time.Millisecond, "100", "0.1s"}, {time.Second, "1000", "1s"}, {-time.Microsecond, "-0.001", "-0.000001s"}, {-time.Hour, "-3600000", "-3600s"},
		{1<<53 + 1, "9007199254.74", "9007199.254740993s"}, // more digits than a float64 has
		{math.MaxInt64, "9223372036854.775", "9223372036.854775807s"}, {math.MinInt64, "-9223372036854.775", "-9223372036.854775808s"},
	} {
		assert.Equal(t, tt.ms, string(line.AppendMilliseconds(nil, tt.d.Microseconds())), "%v in milliseconds", tt.d)
		said := given(google, &line.Request{Duration: tt.d}).said
		assert.Contains(t, said, "httpRequest.latency="+tt.inSeconds, "%v in seconds", tt.d)
	}
	assert.Equal(t, "-9223372036854775.808", string(line.AppendMilliseconds(nil, math.MinInt64)))
	assert.Equal(t, "x7", string(line.AppendMilliseconds([]byte("x"), 7000)), "the text before the number must stay")
	assert.Equal(t, "0x7", string(line.AppendMilliseconds([]byte("0x"), 7000)))
}

// A user's field is renamed if the line already has a field of that name. The caller's list of
// fields is not changed.
func TestOthers(t *testing.T) {
	for _, tt := range []struct {
		name, key string
		names     *line.Names
		want      string
	}{
		{"a free name", "tenant", line.Default, "tenant"},
		{"a name of ours", "status", line.Default, "status_attr"},
		{"a name of ours, in capitals", "STATUS", line.Default, "STATUS_attr"},
		{"an ID", "span_id", line.Default, "span_id_attr"},
		{"the service", "service", line.Default, "service_attr"},
		{"a name of ours that only calls have", "host", line.Default, "host"},
		{"the time", "time", line.Default, "time_attr"},
		{"the level", "Level", line.Default, "Level_attr"},
		{"zerolog's message", "message", line.Default, "message_attr"},
		{"slog's message", "msg", line.Default, "msg_attr"},
		{"Google's level", "severity", line.Default, "severity_attr"},
		{"a group", "httpRequest", line.NewNames(line.GoogleCloud, "", "", line.Hex, ""), "httpRequest_attr"},
		{"a name of ours for which Google has another name", "status", line.NewNames(line.GoogleCloud, "", "", line.Hex, ""), "status"},
		{"a name of ECS", "trace.id", line.NewNames(line.ECS, "", "", line.Hex, ""), "trace.id_attr"},
		{"no name", "", line.Default, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fields := []slog.Attr{slog.Int("first", 1), slog.String(tt.key, "x"), slog.Int("last", 1)}
			got := tt.names.Others(fields)
			assert.Equal(t, []string{"first", tt.want, "last"}, []string{got[0].Key, got[1].Key, got[2].Key})
			assert.Equal(t, "x", got[1].Value.String())
			assert.Equal(t, tt.key, fields[1].Key, "the caller's field must not change")
		})
	}
	fields := []slog.Attr{slog.Int("a", 1), slog.Int("b", 1)}
	assert.Zero(t, testing.AllocsPerRun(100, func() { _ = line.Default.Others(fields) }), "nothing is allocated if no name clashes")
	assert.Len(t, line.Default.Others([]slog.Attr{slog.Int("path", 1), slog.Int("status", 2)}), 2)
	assert.Empty(t, line.Default.Others(nil))

	inline := []slog.Attr{slog.Group("", slog.Int("path", 1), slog.Group("", slog.Int("free", 2))), slog.Group("g", slog.Int("path", 3))}
	assert.Equal(t, "[path_attr=1 free=2 g=[path=3]]", fmt.Sprint(line.Default.Others(inline)), "fields in inline groups are renamed too")

	twice := []slog.Attr{slog.Int("path", 1), slog.Int("path_attr", 2), slog.Int("Path_attr", 3), slog.Int("b", 4), slog.Int("b", 5)}
	assert.Equal(t, "[path_attr=2 Path_attr=3 b=4 b=5]", fmt.Sprint(line.Default.Others(twice)), "of two fields with the same new name, the last one stays")
}

func TestAppendHex(t *testing.T) {
	for _, src := range [][]byte{nil, {0, 1, 9, 10}, {0x0f, 0xa0, 0xff, 0x99}, {0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 1}} {
		assert.Equal(t, fmt.Sprintf("x%x", src), string(line.AppendHex([]byte("x"), src)))
	}
	for b := range 256 {
		src := []byte{byte(b), 0, byte(255 - b), byte(b)}
		assert.Equal(t, fmt.Sprintf("%x", src), string(line.AppendHex(nil, src)))
	}
}
