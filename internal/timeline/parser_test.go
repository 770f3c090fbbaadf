package timeline_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline"
)

// want is the expected content of a line.
type want struct {
	trace                                 timeline.ID
	span, parent, service, level, message string
	time                                  string
	precision                             time.Duration
}

const lineNoon = "2026-11-26T22:46:25.123Z"

// formats are lines of all kinds of loggers.
var formats = []struct {
	name, text string
	want       want
}{
	{"ours", `{"level":"info","service":"shop","time":"2026-11-26T22:46:25.123456Z","trace_id":"` + id128 + `","span_id":"` + spanID + `","message":"sold"}`,
		want{traceID, spanID, "", "shop", "info", "sold", "2026-11-26T22:46:25.123456Z", time.Microsecond}},
	{"our request", `{"level":"info","service":"shop","time":"2026-11-26T22:46:25.123Z","method":"GET","path":"/p","status":200,"bytes":5,"duration_ms":4.7,` +
		`"remote":"192.0.2.1:5","parent_id":"` + id64 + `","trace_id":"` + id128 + `","span_id":"` + spanID + `","message":"request"}`,
		want{traceID, spanID, id64, "shop", "info", "request", lineNoon, milli}},
	{"our Console", `22:46:25.123000 INF shop ` + id128 + ` sold span_id=` + spanID,
		want{traceID, spanID, "", "shop", "info", "sold", lineNoon, time.Microsecond}},
	{"slog JSON", `{"time":"2026-11-26T23:46:25.123+01:00","level":"WARN","source":{"function":"f","line":7},"msg":"sold","trace_id":"` + low + `"}`,
		want{lowID, "", "", "", "warn", "sold", lineNoon, milli}},
	{"slog JSON, a level between two named levels", `{"time":"2026-11-26T22:46:25.123Z","level":"ERROR+2","msg":"sold","trace_id":"` + low + `"}`,
		want{lowID, "", "", "", "error", "sold", lineNoon, milli}},
	{"slog text", `time=2026-11-26T22:46:25.123Z level=INFO msg="sold out" trace_id=` + id128 + ` span_id=` + spanID,
		want{traceID, spanID, "", "", "info", "sold out", lineNoon, milli}},
	{"zerolog with UNIX times", `{"level":"error","trace_id":"` + id128 + `","time":1795733185123,"message":"sold"}`,
		want{traceID, "", "", "", "error", "sold", lineNoon, milli}},
	{"zap", `{"level":"info","ts":1795733185.123,"caller":"a.go:7","msg":"sold","traceId":"` + id128 + `","spanId":"` + spanID + `"}`,
		want{traceID, spanID, "", "", "info", "sold", lineNoon, milli}},
	{"zap with ISO times", `{"level":"dpanic","ts":"2026-11-26T22:46:25.123Z","msg":"sold","trace_id":"` + id128 + `"}`,
		want{traceID, "", "", "", "panic", "sold", lineNoon, milli}},
	{"zap's console", "2026-11-26T22:46:25.123Z\tINFO\tshop\ta.go:7\tsold\t{\"trace_id\": \"" + id128 + "\", \"span_id\": \"" + spanID + "\"}",
		want{traceID, spanID, "", "", "info", "shop\ta.go:7\tsold\t{\"trace_id\": \"" + id128 + "\", \"span_id\": \"" + spanID + "\"}", lineNoon, milli}},
	{"logrus JSON", `{"level":"warning","msg":"sold","time":"2026-11-26T22:46:25Z","trace_id":"` + id128 + `"}`,
		want{traceID, "", "", "", "warn", "sold", "2026-11-26T22:46:25Z", time.Second}},
	{"logrus text", `time="2026-11-26T22:46:25Z" level=warning msg="sold out" trace_id=` + id128,
		want{traceID, "", "", "", "warn", "sold out", "2026-11-26T22:46:25Z", time.Second}},
	{"logfmt", `ts=2026-11-26T22:46:25.123Z lvl=eror msg=sold app=shop traceID=` + id128 + ` spanID=` + spanID,
		want{traceID, spanID, "", "shop", "error", "sold", lineNoon, milli}},
	{"pino", `{"level":30,"time":1795733185123,"pid":7,"hostname":"h","name":"shop","trace_id":"` + id128 + `","span_id":"` + spanID + `","trace_flags":"01","msg":"sold"}`,
		want{traceID, spanID, "", "shop", "info", "sold", lineNoon, milli}},
	{"bunyan", `{"name":"shop","hostname":"h","pid":7,"level":50,"msg":"sold","time":"2026-11-26T22:46:25.123Z","v":0,"traceId":"` + low + `"}`,
		want{lowID, "", "", "shop", "error", "sold", lineNoon, milli}},
	{"the key name holds a logger's name, not the service", `{"level":"info","hostname":"h","name":"shop.sales","time":"2026-11-26T22:46:25.123Z","msg":"sold","trace_id":"` + id128 + `"}`,
		want{traceID, "", "", "", "info", "sold", lineNoon, milli}},
	{"winston", `{"level":"info","message":"sold","timestamp":"2026-11-26T22:46:25.123Z","trace_id":"` + id128 + `"}`,
		want{traceID, "", "", "", "info", "sold", lineNoon, milli}},
	{"logstash-logback-encoder", `{"@timestamp":"2026-11-26T23:46:25.123+01:00","@version":"1","message":"sold","logger_name":"c.e.Shop","thread_name":"main",` +
		`"level":"INFO","level_value":20000,"traceId":"` + id128 + `","spanId":"` + spanID + `"}`,
		want{traceID, spanID, "", "", "info", "sold", lineNoon, milli}},
	{"logback with B3 in the MDC", `{"@timestamp":"2026-11-26T22:46:25.123Z","message":"sold","level":"WARN","X-B3-TraceId":"` + low + `","X-B3-SpanId":"` + spanID +
		`","X-B3-ParentSpanId":"` + id64 + `"}`,
		want{lowID, spanID, id64, "", "warn", "sold", lineNoon, milli}},
	{"logback's own JSON", `{"timestamp":1795733185123,"level":"INFO","threadName":"main","loggerName":"c.e.Shop","mdc":{"traceId":"` + id128 + `","spanId":"` + spanID + `"},"message":"sold"}`,
		want{traceID, spanID, "", "", "info", "sold", lineNoon, milli}},
	{"log4j2", `{"instant":{"epochSecond":1795733185,"nanoOfSecond":123000000},"thread":"main","level":"INFO","loggerName":"c.e.Shop","message":"sold","contextMap":{"traceId":"` + id128 + `"}}`,
		want{traceID, "", "", "", "info", "sold", lineNoon, 0}},
	{"python-json-logger", `{"asctime": "2026-11-26 22:46:25,123", "name": "shop.sales", "levelname": "WARNING", "message": "sold", "otelTraceID": "` + id128 +
		`", "otelSpanID": "` + spanID + `", "otelServiceName": "shop"}`,
		want{traceID, spanID, "", "shop", "warn", "sold", lineNoon, milli}},
	{"structlog", `{"event": "sold", "level": "critical", "timestamp": "2026-11-26T22:46:25.123Z", "trace_id": "` + id128 + `"}`,
		want{traceID, "", "", "", "fatal", "sold", lineNoon, milli}},
	{"ECS", `{"@timestamp":"2026-11-26T22:46:25.123Z","log.level":"error","message":"sold","ecs.version":"8.0","service.name":"shop","trace.id":"` + id128 + `","span.id":"` + spanID + `"}`,
		want{traceID, spanID, "", "shop", "error", "sold", lineNoon, milli}},
	{"nested ECS, as Elastic's agent writes it", `{"@timestamp":"2026-11-26T22:46:25.123Z","log":{"level":"error"},"message":"sold","service":{"name":"shop"},"trace":{"id":"` + id128 + `"},"transaction":{"id":"` + spanID + `"}}`,
		want{traceID, spanID, "", "shop", "error", "sold", lineNoon, milli}},
	{"Datadog", `{"timestamp":"2026-11-26T22:46:25.123Z","level":"info","message":"sold","dd":{"trace_id":"` + decimal + `","span_id":"` + span10 + `"},"service":"shop"}`,
		want{lowID, spanID, "", "shop", "info", "sold", lineNoon, milli}},
	{"Datadog, another name", `{"timestamp":"2026-11-26T22:46:25.123Z","level":"info","message":"sold","dd_trace_id":"` + decimal + `","dd_span_id":` + span10 + `}`,
		want{lowID, spanID, "", "", "info", "sold", lineNoon, milli}},
	{"Google Cloud", `{"severity":"NOTICE","time":"2026-11-26T22:46:25.123Z","message":"sold","logging.googleapis.com/trace":"projects/p/traces/` + id128 + `","logging.googleapis.com/spanId":"` + spanID + `"}`,
		want{traceID, spanID, "", "", "info", "sold", lineNoon, milli}},
	{"a log entry of Google's", `{"severity":"ERROR","timestamp":{"seconds":1795733185,"nanos":123000000},"message":"sold","trace":"projects/p/traces/` + id128 + `","spanId":"` + spanID + `"}`,
		want{traceID, spanID, "", "", "error", "sold", lineNoon, 0}},
	{"OpenTelemetry", `{"Timestamp":"1795733185123000000","TraceId":"` + id128 + `","SpanId":"` + spanID + `","SeverityText":"INFO","SeverityNumber":9,"Body":"sold","Resource":{"service.name":"shop"}}`,
		want{traceID, spanID, "", "shop", "info", "sold", lineNoon, 0}},
	{"Serilog", `{"@t":"2026-11-26T22:46:25.123Z","@m":"sold","@l":"Error","TraceId":"` + id128 + `","SpanId":"` + spanID + `"}`,
		want{traceID, spanID, "", "", "error", "sold", lineNoon, milli}},
	{"GELF", `{"version":"1.1","host":"h","short_message":"sold","timestamp":1795733185.123,"level":4,"_trace_id":"` + id128 + `"}`,
		want{traceID, "", "", "", "warn", "sold", lineNoon, milli}},
	{"an object in the field json", `{"json":{"tid":"` + id128 + `","app":"shop","level":"INFO","ts":"2026-11-26T22:46:25.123Z","message":"sold"}}`,
		want{traceID, "", "", "shop", "info", "sold", lineNoon, milli}},
	{"nginx JSON", `{"time_iso8601":"2026-11-26T22:46:25+00:00","request":"GET / HTTP/1.1","status":"200","traceparent":"00-` + id128 + `-` + spanID + `-01"}`,
		want{traceID, "", "", "", "", "", "2026-11-26T22:46:25Z", time.Second}},
	{"a header of B3", `{"time":"2026-11-26T22:46:25.123Z","level":"info","msg":"sold","b3":"` + low + `-` + spanID + `-1"}`,
		want{lowID, "", "", "", "info", "sold", lineNoon, milli}},

	{"logback", "2026-11-26 22:46:25,123 [" + id128 + "] [main] INFO  c.e.Shop - sold",
		want{traceID, "", "", "", "info", "[main] INFO  c.e.Shop - sold", lineNoon, milli}},
	{"Spring Boot 2", "2026-11-26 22:46:25.123  WARN [shop," + id128 + "," + spanID + "] 1 --- [nio-8080-exec-1] c.e.Shop : sold",
		want{traceID, spanID, "", "shop", "warn", "1 --- [nio-8080-exec-1] c.e.Shop : sold", lineNoon, milli}},
	{"Sleuth", "2026-11-26 22:46:25.123  INFO [shop," + low + "," + spanID + ",true] 1 --- [main] c.e.Shop : sold",
		want{lowID, spanID, "", "shop", "info", "1 --- [main] c.e.Shop : sold", lineNoon, milli}},
	{"Spring Boot 3", "2026-11-26T22:46:25.123Z ERROR 1 --- [shop] [main] [" + id128 + "-" + spanID + "] c.e.Shop : sold",
		want{traceID, spanID, "", "", "error", "1 --- [shop] [main] [" + id128 + "-" + spanID + "] c.e.Shop : sold", lineNoon, milli}},
	{"nginx", `10.0.0.1 - - [26/Nov/2026:22:46:25 +0000] "GET / HTTP/1.1" 200 5 "-" "curl" traceId=` + id128,
		want{traceID, "", "", "", "", `10.0.0.1 - - [26/Nov/2026:22:46:25 +0000] "GET / HTTP/1.1" 200 5 "-" "curl" traceId=` + id128, "2026-11-26T22:46:25Z", time.Second}},
	{"nginx, with a weak name for the ID", `2026/11/26 22:46:25 [info] 200 request=1234567890123456 trace=` + low,
		want{lowID, "", "", "", "info", `200 request=1234567890123456 trace=` + low, "2026-11-26T22:46:25Z", time.Second}},
	{"nginx's error log", `2026/11/26 22:46:25 [error] 7#7: *1 failed, X-B3-TraceId: ` + low,
		want{lowID, "", "", "", "error", `7#7: *1 failed, X-B3-TraceId: ` + low, "2026-11-26T22:46:25Z", time.Second}},
	{"Python", "2026-11-26 22:46:25,123 - shop - WARNING - [trace_id=" + id128 + " span_id=" + spanID + "] sold",
		want{traceID, spanID, "", "", "warn", "shop - WARNING - [trace_id=" + id128 + " span_id=" + spanID + "] sold", lineNoon, milli}},
	{"Go's log", "2026/11/26 22:46:25.123000 main.go:7: sold traceparent=00-" + id128 + "-" + spanID + "-01",
		want{traceID, "", "", "", "", "main.go:7: sold traceparent=00-" + id128 + "-" + spanID + "-01", lineNoon, time.Microsecond}},
	{"klog", "W1126 22:46:25.123000       7 main.go:7] sold trace_id=\"" + id128 + "\"",
		want{traceID, "", "", "", "warn", "7 main.go:7] sold trace_id=\"" + id128 + "\"", lineNoon, time.Microsecond}},
	{"in colour", "\x1b[90m2026-11-26 22:46:25.123\x1b[0m \x1b[31mERROR\x1b[0m sold \x1b[36mtrace_id=\x1b[0m" + id128,
		want{traceID, "", "", "", "error", "sold trace_id=" + id128, lineNoon, milli}},
	{"Datadog in text", "2026-11-26 22:46:25,123 INFO [dd.trace_id=" + decimal + " dd.span_id=" + span10 + "] sold",
		want{lowID, spanID, "", "", "info", "[dd.trace_id=" + decimal + " dd.span_id=" + span10 + "] sold", lineNoon, milli}},
	{"a resource name in text", "2026-11-26 22:46:25,123 INFO sold projects/p/traces/" + id128,
		want{traceID, "", "", "", "info", "sold projects/p/traces/" + id128, lineNoon, milli}},
	{"a header in text", "2026-11-26 22:46:25,123 INFO sold b3: " + low + "-" + spanID + "-1",
		want{lowID, "", "", "", "info", "sold b3: " + low + "-" + spanID + "-1", lineNoon, milli}},
	{"X-Ray in text", "2026-11-26 22:46:25,123 INFO sold AWS-XRAY-TRACE-ID: 1-5759e988-bd862e3fe1be46a994272793@x",
		want{traceID, "", "", "", "info", "sold AWS-XRAY-TRACE-ID: 1-5759e988-bd862e3fe1be46a994272793@x", lineNoon, milli}},
	{"JSON that was cut", `{"time":"2026-11-26T22:46:25.123Z","trace_id":"` + id128 + `","mess`,
		want{traceID, "", "", "", "", `{"time":"2026-11-26T22:46:25.123Z","trace_id":"` + id128 + `","mess`, lineNoon, milli}},
}

// parse reads lines as one source.
func parse(config timeline.ParserConfig, lines ...string) (entries []*timeline.Entry, counts timeline.Counts, learned string) {
	if config.Reference.IsZero() {
		config.Reference = reference
	}
	p := timeline.NewParser(config)
	for i, text := range lines {
		raw := []byte(text)
		if e := p.Parse(timeline.Raw{Text: raw, Number: i + 1}); e != nil {
			entries = append(entries, e)
		}
		clear(raw) // the parser must not keep raw
	}
	if e := p.Flush(); e != nil {
		entries = append(entries, e)
	}
	return entries, p.Counts(), p.Learned()
}

func TestParseFormats(t *testing.T) {
	for _, tt := range formats {
		t.Run(tt.name, func(t *testing.T) {
			entries, counts, _ := parse(timeline.ParserConfig{Source: "a.log"}, tt.text)
			require.Len(t, entries, 1)
			e := entries[0]
			w := tt.want
			assert.Equal(t, w.trace, e.Trace, "trace")
			assert.Equal(t, w.span, e.Span, "span")
			assert.Equal(t, w.parent, e.Parent, "parent")
			assert.Equal(t, w.service, e.Service, "service")
			assert.Equal(t, w.level, e.Level, "level")
			assert.Equal(t, w.message, e.Message, "message")
			assert.Equal(t, at(w.time), e.Time, "time")
			assert.Equal(t, w.precision, e.Precision, "precision")
			assert.Equal(t, tt.text, e.Text, "text")
			assert.Equal(t, "a.log", e.Source)
			assert.Equal(t, 1, e.Number)
			assert.Equal(t, 1, counts.Lines)
			assert.Zero(t, counts.NoID)
			assert.Zero(t, counts.NoTime)
		})
	}
}

// A line of text belongs to the wanted trace if it contains the trace's ID anywhere. So does a
// line of JSON, unless a field for the trace ID has the ID of another trace.
func TestParseAsked(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       timeline.ID
	}{
		{"in text", "2026-11-26 22:46:25 sold for " + id128, traceID},
		{"16 digits in text", "2026-11-26 22:46:25 sold for " + strings.ToUpper(low), traceID},
		{"decimal in text", "2026-11-26 22:46:25 sold for " + decimal, traceID},
		{"in JSON, under any name", `{"level":"info","message":"sold","session":"` + low + `"}`, traceID},
		{"in a message", `{"level":"info","message":"sold for ` + id128 + `"}`, traceID},
		{"a part of a longer number", "2026-11-26 22:46:25 sold for 0" + id128, timeline.ID{}},
		{"JSON of another trace", `{"level":"info","message":"sold for ` + id128 + `","trace_id":"` + id64 + `"}`, otherID},
		{"a job that the wanted trace has scheduled", `{"message":"job","trace_id":"` + id64 + `","scheduled_by":"` + id128 + `","job":"j","duration_ms":1}`, otherID},
		{"text with the IDs of two traces", "2026-11-26 22:46:25 [trace_id=" + id64 + "] follows " + id128, traceID},
		{"no ID", "2026-11-26 22:46:25 sold", timeline.ID{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			entries, _, _ := parse(timeline.ParserConfig{Trace: traceID}, tt.text)
			require.Len(t, entries, 1)
			assert.Equal(t, tt.want, entries[0].Trace, "trace of %s", tt.text)
		})
	}
}

// Each of these lines contains a value that looks like a trace ID, but is not one.
func TestParseStrangers(t *testing.T) {
	for _, text := range []string{
		`{"span_id":"` + low + `"}`, `{"parent_id":"` + low + `"}`, `{"session_id":"` + id128 + `"}`, `{"sessionId":"` + id128 + `"}`,
		`{"user_id":"` + id128 + `"}`, `{"md5":"` + id128 + `"}`, `{"etag":"` + id128 + `"}`, `{"id":"` + id128 + `"}`, `{"event":{"id":"` + id128 + `"}}`,
		`{"transaction_id":"` + low + `"}`, `{"untrusted_trace_id":"` + id128 + `"}`, `{"parentTraceId":"` + id128 + `"}`, `{"parent":{"trace_id":"` + id128 + `"}}`,
		`{"scheduled_by":"` + id128 + `"}`, `{"linked_trace_id":"` + id128 + `"}`, `{"links":{"a":"` + id128 + `"}}`, `{"trace":"goroutine 1"}`, `{"trace":{"x":1}}`,
		`{"tid":7}`, `{"tid":"12"}`, `{"tid":"0x7f3a2b1c9d8e4f00"}`, `{"request_id":"1234567890123456"}`, `{"request_id":"12345678901234567890123456789012"}`,
		`{"request_id":"5759e988-bd86-2e3f-e1be-46a994272793"}`, `{"requestId":123456789012345678}`, `{"trace_flags":"01"}`, `{"trace_id":"` + strings.Repeat("0", 32) + `"}`,
		`{"trace_id":"` + id128 + `0"}`, `{"trace_id":7}`, `{"trace_id":{"a":"` + id128 + `"}}`, `{"stackTraceId":"` + id128 + `"}`,
		"2026-11-26 22:46:25 md5 " + id128, "2026-11-26 22:46:25 sha=" + id128, "2026-11-26 22:46:25 session_id=" + id128, "2026-11-26 22:46:25 [" + low + "]",
		"2026-11-26 22:46:25 parent_id=" + low, "2026-11-26 22:46:25 span_id=" + low, "2026-11-26 22:46:25 untrusted_trace_id=" + id128,
		"2026-11-26 22:46:25 request_id=" + id128, "2026-11-26 22:46:25 x" + id128, "2026-11-26 22:46:25 commit " + id128[:16] + "-" + low,
		"2026-11-26 22:46:25 trace_id=" + id128 + "0", "2026-11-26 22:46:25 trace_id=0", "2026-11-26 22:46:25 trace_id=-",
	} {
		entries, counts, _ := parse(timeline.ParserConfig{}, text)
		require.Len(t, entries, 1, text)
		assert.Zero(t, entries[0].Trace, "trace of %s", text)
		assert.Equal(t, 1, counts.NoID, "number of lines without an ID in %s", text)
	}
}

// A weak name, such as request_id, counts as the name of the trace ID as long as all its values
// are IDs.
func TestParseLearns(t *testing.T) {
	one := func(id string) string { return `{"level":"info","request_id":"` + id + `","message":"sold"}` }
	t.Run("all values are IDs", func(t *testing.T) {
		entries, _, learned := parse(timeline.ParserConfig{}, one(id128), one("-"), one(""), one(id64))
		assert.Equal(t, traceID, entries[0].Trace)
		assert.Equal(t, otherID, entries[3].Trace)
		assert.Equal(t, "trace=request_id,level=level,message=message", learned)
	})
	t.Run("one value is not an ID", func(t *testing.T) {
		entries, _, _ := parse(timeline.ParserConfig{}, one("order 7"), one(id128))
		assert.Zero(t, entries[1].Trace)
	})
	t.Run("a name that first occurs after the first lines", func(t *testing.T) {
		lines := make([]string, 101)
		for i := range lines {
			lines[i] = `{"level":"info","message":"sold"}`
		}
		entries, _, _ := parse(timeline.ParserConfig{}, append(lines, one(id128))...)
		assert.Zero(t, entries[101].Trace)
	})
	t.Run("the better name is preferred", func(t *testing.T) {
		entries, _, _ := parse(timeline.ParserConfig{}, `{"request_id":"`+id64+`","json":{"traceId":"`+id128+`"},"correlationId":"`+id64+`"}`,
			`{"request_id":"`+id64+`","tid":"`+id128+`"}`)
		assert.Equal(t, traceID, entries[0].Trace)
		assert.Equal(t, traceID, entries[1].Trace)
	})
}

func TestParseKeys(t *testing.T) {
	keys, err := timeline.ParseKeys("trace=x.order, span=x.step,parent=up,service=who,time=when,level=how,message=what,trace=y")
	require.NoError(t, err)
	assert.Equal(t, timeline.Keys{Trace: []string{"x.order", "y"}, Span: []string{"x.step"}, Parent: []string{"up"}, Service: []string{"who"},
		Time: []string{"when"}, Level: []string{"how"}, Message: []string{"what"}}, keys)
	text := `{"trace_id":"` + id64 + `","time":"2026-01-01T00:00:00Z","service":"a","level":"info","message":"b","span_id":"` + id64 + `",` +
		`"x":{"order":"` + id128 + `","step":"` + spanID + `"},"up":"` + low + `","who":"shop","when":"2026-11-26T22:46:25.123Z","how":"WARN","what":"sold"}`
	entries, _, learned := parse(timeline.ParserConfig{Keys: keys}, text, `{"trace_id":"`+id64+`","message":"b"}`,
		"2026-11-26 22:46:25 INFO who=shop how=WARN x.order="+low+" trace_id="+id64, `{"y":"`+low+`","x":{"order":"z"}}`)
	e := entries[0]
	assert.Equal(t, traceID, e.Trace)
	assert.Equal(t, []string{spanID, low, "shop", "warn", "sold"}, []string{e.Span, e.Parent, e.Service, e.Level, e.Message})
	assert.Equal(t, at(lineNoon), e.Time)
	assert.Equal(t, otherID, entries[1].Trace, "trace of a line without the user's names")
	assert.Equal(t, lowID, entries[2].Trace, "trace of a line of text")
	assert.Equal(t, []string{"shop", "warn"}, []string{entries[2].Service, entries[2].Level})
	assert.Equal(t, lowID, entries[3].Trace, "trace of a line in which only the user's second name has an ID")
	assert.Contains(t, learned, "service=who,time=when")

	empty, err := timeline.ParseKeys("")
	require.NoError(t, err)
	assert.Equal(t, timeline.Keys{}, empty)
	for _, bad := range []string{"trace", "trace=", "=x", "colour=x", "trace=a,b", "caller=x"} {
		_, err := timeline.ParseKeys(bad)
		assert.ErrorContains(t, err, "keys are written as trace=KEY", bad)
	}
}

// ParseKeys reads the result of Learned.
func TestParseLearned(t *testing.T) {
	for _, tt := range formats {
		_, _, learned := parse(timeline.ParserConfig{}, tt.text)
		keys, _, _ := strings.Cut(learned, "; ")
		if strings.HasPrefix(keys, "in the text: ") {
			continue
		}
		assert.NotEmpty(t, keys, tt.name)
		k, err := timeline.ParseKeys(keys)
		require.NoError(t, err, learned)
		entries, _, _ := parse(timeline.ParserConfig{Keys: k}, tt.text)
		assert.Equal(t, tt.want.trace, entries[0].Trace, "%s: with %s", tt.name, keys)
		assert.Equal(t, at(tt.want.time), entries[0].Time, "%s: with %s", tt.name, keys)
	}
	_, _, learned := parse(timeline.ParserConfig{}, "2026-11-26 22:46:25,123 INFO [trace_id="+id128+"] sold")
	assert.Equal(t, "in the text: trace, time, level", learned)
}

func TestParseRecord(t *testing.T) {
	lines := []string{
		`{"time":"2026-11-26T22:46:25Z","method":"GET","path":"/p","status":200,"bytes":5,"duration_ms":4.7,"remote":"r","parent_id":"` + id64 +
			`","caller_parent_id":"` + low + `","sampled":true,"trace_id":"` + id128 + `","span_id":"` + spanID + `","message":"request"}`,
		`{"time":"2026-11-26T22:46:25Z","method":"GET","host":"h","path":"/p","status":200,"duration_ms":4.7,"parent_id":"` + id64 + `","trace_id":"` + id128 + `","message":"call"}`,
		`{"time":"2026-11-26T22:46:25Z","job":"sweep","duration_ms":4.7,"trace_id":"` + id128 + `","message":"job"}`,
		`{"time":"2026-11-26T22:46:25Z","trace_id":"` + id128 + `","message":"request"}`,
	}
	entries, _, _ := parse(timeline.ParserConfig{}, lines...)
	require.Len(t, entries, 4)
	request, ok := entries[0].Record.(*line.Request)
	require.True(t, ok)
	assert.Equal(t, 200, request.Status)
	assert.Equal(t, []string{id64, low}, []string{entries[0].Parent, entries[0].CallerParent})
	assert.True(t, entries[0].Sampled)
	call, ok := entries[1].Record.(*line.Call)
	require.True(t, ok)
	assert.Equal(t, "h", call.Host)
	assert.Equal(t, id64, entries[1].Parent)
	assert.Equal(t, &line.Run{Job: "sweep", Duration: 4700 * time.Microsecond}, entries[2].Record)
	assert.Nil(t, entries[3].Record)
}

// In plain text, trace= proves nothing if its value may be a number, and tid= never proves
// anything.
func TestParseWeakInText(t *testing.T) {
	entries, counts, _ := parse(timeline.ParserConfig{}, "2026/11/26 22:46:25 [info] 200 trace=1234567890123456 tid="+low)
	require.Len(t, entries, 1)
	assert.Zero(t, entries[0].Trace)
	assert.Equal(t, 1, counts.NoID)
}

// If a line has no time, the shipper's time is used. If it has no service, the shipper's is used.
func TestParseShipped(t *testing.T) {
	shipped := at("2026-11-26T22:46:25.500Z")
	for _, tt := range []struct {
		name, text, time, service string
		precision                 time.Duration
	}{
		{"neither a time nor a service", "sold", "2026-11-26T22:46:25.500Z", "pod", 0},
		{"a time", "2026-11-26 22:40:00.123 sold", "2026-11-26T22:40:00.123Z", "pod", milli},
		{"whole seconds, and the shipper's time is in the same second", "2026-11-26 22:46:25 sold", "2026-11-26T22:46:25.500Z", "pod", milli},
		{"whole seconds, and the shipper's time is in another second", "2026-11-26 22:46:24 sold", "2026-11-26T22:46:24Z", "pod", time.Second},
		{"a service", `{"service":"shop","message":"x"}`, "2026-11-26T22:46:25.500Z", "shop", 0},
		{"a time without a date", "22:46:24.123 sold", "2026-11-26T22:46:24.123Z", "pod", milli},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := timeline.NewParser(timeline.ParserConfig{Reference: at("2027-03-01T12:00:00Z")})
			require.Nil(t, p.Parse(timeline.Raw{Text: []byte(tt.text), Time: shipped, Service: "pod", Number: 7}))
			e := p.Flush()
			require.NotNil(t, e)
			assert.Equal(t, at(tt.time), e.Time)
			assert.Equal(t, tt.precision, e.Precision)
			assert.Equal(t, tt.service, e.Service)
			assert.Equal(t, 7, e.Number)
			assert.Nil(t, p.Flush())
		})
	}
}

// If a shipper's time has whole seconds, as in syslog, the entry's precision is a second. The
// source's service is used only if neither the line nor the shipper names one.
func TestParseSource(t *testing.T) {
	p := timeline.NewParser(timeline.ParserConfig{Service: "file"})
	second := at("2026-11-26T22:46:25Z")
	require.Nil(t, p.Parse(timeline.Raw{Text: []byte("sold"), Time: second}))
	e := p.Flush()
	assert.Equal(t, second, e.Time)
	assert.Equal(t, time.Second, e.Precision)
	assert.Equal(t, "file", e.Service)
	require.Nil(t, p.Parse(timeline.Raw{Text: []byte("sold"), Service: "pod"}))
	assert.Equal(t, "pod", p.Flush().Service)
	for _, text := range []string{`{"trace_id":"` + id128 + `"}`, "trace_id=" + id128, `{"trace_id":"` + id128 + `","service":"own"}`} {
		g, ok := p.Glance(timeline.Raw{Text: []byte(text)})
		require.True(t, ok)
		assert.Equal(t, map[bool]string{true: "own", false: "file"}[strings.Contains(text, "own")], g.Service)
	}
}

func TestParseCounts(t *testing.T) {
	long := "2026-11-26 22:46:25 trace_id=" + id128 + " "
	p := timeline.NewParser(timeline.ParserConfig{Reference: reference})
	n := 0
	for _, raw := range []timeline.Raw{
		{Text: []byte(`{"time":"2026-11-26T22:46:25Z","trace_id":"` + id128 + `","message":"sold"}`)},
		{Text: []byte(`{"time":"2026-11-26T22:46:25Z","message":"no ID"}`)},
		{Text: []byte(`{"trace_id":"` + id128 + `","message":"no time"}`)},
		{Text: []byte(`{"time":"2026-11-26T22:46:25Z","trace_id":"` + id128 + `","broken`)},
		{Text: []byte("2026-11-26 22:46:25 binary \x00\x01\x02 trace_id=" + id128)},
		{Text: []byte(long), Cut: true},
		{Text: []byte("2026-11-26 22:46:25 no ID, three lines")},
		{Text: []byte("\tat a")},
		{Text: []byte("\tat b")},
		{Text: nil},
		{Text: []byte(long)},
		{Text: []byte("\t" + strings.Repeat("x", timeline.MaxLine))},
	} {
		if p.Parse(raw) != nil {
			n++
		}
	}
	if p.Flush() != nil {
		n++
	}
	assert.Equal(t, 8, n)
	assert.Equal(t, timeline.Counts{Lines: 12, NoID: 5, NoTime: 1, NoLine: 2, Cut: 2}, p.Counts())
}
