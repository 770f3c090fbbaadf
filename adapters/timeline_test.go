package adapters_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/internal/timeline"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"
	otlpservice "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// otlpOf reads lines and writes their trace as OTLP's JSON. It decodes the JSON with
// OpenTelemetry's collector, and with the published protobuf definitions.
func otlpOf(t *testing.T, id string, lines []string) []*otlp.ResourceSpans {
	t.Helper()
	trace, err := timeline.ParseID(id)
	require.NoError(t, err)
	parser := timeline.NewParser(timeline.ParserConfig{Trace: trace})
	var entries []*timeline.Entry
	for i, l := range lines {
		entries = append(entries, parser.Parse(timeline.Raw{Text: []byte(l), Number: i + 1}))
	}
	tree := timeline.NewTree(timeline.NewTrace(trace, append(entries, parser.Flush())))
	var text bytes.Buffer
	require.NoError(t, timeline.OTLPJSON(&text, slices.Values([]*timeline.Tree{tree})))
	traces, err := new(ptrace.JSONUnmarshaler).UnmarshalTraces(text.Bytes())
	require.NoError(t, err, "%.500s", &text)
	wire, err := new(ptrace.ProtoMarshaler).MarshalTraces(traces)
	require.NoError(t, err)
	var request otlpservice.ExportTraceServiceRequest
	require.NoError(t, proto.Unmarshal(wire, &request))
	return request.ResourceSpans
}

// OpenTelemetry's collector and the published definitions can read the output of clew timeline -o
// otlp.
func TestTimelineAsOTLP(t *testing.T) {
	const id = testkit.ID128
	line := func(second int, rest string) string {
		return fmt.Sprintf(`{"time":"2026-11-26T10:11:%02d.5Z","trace_id":"%s",%s}`, second, id, rest)
	}
	var got []string
	for _, r := range otlpOf(t, id, []string{
		line(2, `"service":"price","level":"error","span_id":"00000000000000a3","message":"no price\nat all"`),
		line(3, `"service":"price","message":"request","span_id":"00000000000000a3","parent_id":"00000000000000a2","method":"GET","path":"/p","status":500,"bytes":1,"remote":"r","duration_ms":1000`),
		line(4, `"service":"shop","message":"call","span_id":"00000000000000a2","parent_id":"00000000000000a1","method":"GET","host":"price:80","path":"/p","status":500,"duration_ms":3000`),
		line(5, `"service":"shop","message":"request","span_id":"00000000000000a1","method":"GET","path":"/","status":200,"bytes":1,"remote":"r","duration_ms":5000`),
	}) {
		service := r.Resource.Attributes[0]
		assert.Equal(t, "service.name", service.Key)
		for _, s := range r.ScopeSpans[0].Spans {
			assert.Equal(t, id, fmt.Sprintf("%x", s.TraceId))
			got = append(got, fmt.Sprintf("%s %x < %x %v %s %v %ds at %d", service.Value.GetStringValue(), s.SpanId, s.ParentSpanId, s.Kind, s.Name, s.Status.GetCode(),
				(s.EndTimeUnixNano-s.StartTimeUnixNano)/1e9, s.StartTimeUnixNano))
			for _, e := range s.Events {
				got = append(got, fmt.Sprintf("  %s at %d", e.Name, e.TimeUnixNano))
			}
			for _, a := range s.Attributes {
				if a.Key == "http.response.status_code" {
					got = append(got, fmt.Sprint("  ", a.Value.GetIntValue()))
				}
			}
		}
	}
	assert.Equal(t, []string{
		"shop 00000000000000a1 <  SPAN_KIND_SERVER GET / STATUS_CODE_UNSET 5s at 1795687860500000000", "  200",
		"shop 00000000000000a2 < 00000000000000a1 SPAN_KIND_CLIENT GET price:80/p STATUS_CODE_ERROR 3s at 1795687861500000000", "  500",
		"price 00000000000000a3 < 00000000000000a2 SPAN_KIND_SERVER GET /p STATUS_CODE_ERROR 1s at 1795687862500000000", `  ERR no price\nat all at 1795687862500000000`, "  500",
	}, got)
}

// The collector can read the OTLP of any lines, and no span is missing.
func TestTimelineAsOTLPHostile(t *testing.T) {
	const id = testkit.ID128
	rnd := rand.New(rand.NewPCG(1, 2))
	values := []string{`"\u001b[31m"`, `"\ud800"`, `"</script>"`, `-1`, `9e300`, `"NaN"`, `"` + strings.Repeat("x", 100_000) + `"`, `null`, `[1,{"a":2}]`, `"1970-01-01T00:00:00Z"`, `"2262-04-12T00:00:00Z"`, `"9999-12-31T23:59:59Z"`}
	keys := []string{"message", "service", "level", "error", "time", "duration_ms", "status", "method", "path", "route", "host", "parent_id"}
	var lines []string
	for i := range 500 {
		kind := []string{"request", "call", "job"}[i%3]
		l := fmt.Sprintf(`{"trace_id":"%s","message":"%s","service":"s","span_id":"%016x","parent_id":"%016x","duration_ms":3,"status":200,"bytes":1,"remote":"r","method":"GET","path":"/","host":"h","job":"j"`, id, kind, i%300+1, rnd.IntN(300))
		lines = append(lines, l+fmt.Sprintf(`,"%s":%s}`, keys[rnd.IntN(len(keys))], values[rnd.IntN(len(values))]))
	}
	ids := map[string]bool{}
	spans := 0
	for _, r := range otlpOf(t, id, lines) {
		for _, s := range r.ScopeSpans[0].Spans {
			spans++
			ids[string(s.SpanId)] = true
			assert.Len(t, s.SpanId, 8)
			assert.Contains(t, []int{0, 8}, len(s.ParentSpanId))
			assert.LessOrEqual(t, s.StartTimeUnixNano, s.EndTimeUnixNano)
		}
	}
	assert.GreaterOrEqual(t, spans, 300)
	assert.Len(t, ids, spans, "number of different span IDs")
}
