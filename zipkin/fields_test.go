package zipkin_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/instrumentation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// A field is a change of a span, and the change that it causes in the posted span.
type field struct {
	name string
	span func(*tracetest.SpanStub)
	want func(posted)
}

// checkFields applies the change of each row to the span from the function ended, and checks the
// whole post.
func checkFields(t *testing.T, fields []field) {
	t.Helper()
	for _, tt := range fields {
		t.Run(tt.name, func(t *testing.T) {
			want := posted{
				"traceId": id128, "id": spanID, "name": "get /media/{id}",
				"timestamp": float64(beginMicros), "duration": float64(1500),
				"localEndpoint": map[string]any{"serviceName": "media-api"},
			}
			if tt.want != nil {
				tt.want(want)
			}
			assert.Equal(t, want, export(t, ended(tt.span)), "the span as posted")
		})
	}
}

func TestSpanIDs(t *testing.T) {
	checkFields(t, []field{
		{"a root", nil, nil},
		{"a 64-bit trace ID", func(s *tracetest.SpanStub) { s.SpanContext = spanContext(traceID64, spanID1) },
			func(p posted) { p["traceId"] = id64 }},
		{"a child", func(s *tracetest.SpanStub) { s.Parent = spanContext(traceID128, spanID2) },
			func(p posted) { p["parentId"] = "000000000000000a" }},
		{"a parent in another trace is left out", func(s *tracetest.SpanStub) { s.Parent = spanContext(traceID64, spanID2) }, nil},
		{"a parent without a span ID is left out", func(s *tracetest.SpanStub) { s.Parent = spanContext(traceID128, oteltrace.SpanID{}) }, nil},
	})
}

func TestSpanKind(t *testing.T) {
	checkFields(t, []field{
		{"kind: internal", func(s *tracetest.SpanStub) { s.SpanKind = oteltrace.SpanKindInternal }, nil},
		{"kind: server", func(s *tracetest.SpanStub) { s.SpanKind = oteltrace.SpanKindServer }, func(p posted) { p["kind"] = "SERVER" }},
		{"kind: client", func(s *tracetest.SpanStub) { s.SpanKind = oteltrace.SpanKindClient }, func(p posted) { p["kind"] = "CLIENT" }},
		{"kind: producer", func(s *tracetest.SpanStub) { s.SpanKind = oteltrace.SpanKindProducer }, func(p posted) { p["kind"] = "PRODUCER" }},
		{"kind: consumer", func(s *tracetest.SpanStub) { s.SpanKind = oteltrace.SpanKindConsumer }, func(p posted) { p["kind"] = "CONSUMER" }},
		{"kind: garbage", func(s *tracetest.SpanStub) { s.SpanKind = 99 }, nil},
	})
}

func TestSpanName(t *testing.T) {
	checkFields(t, []field{
		{"name: upper case", func(s *tracetest.SpanStub) { s.Name = "GET /Ünïcode" }, func(p posted) { p["name"] = "get /ünïcode" }},
		{"name: none", func(s *tracetest.SpanStub) { s.Name = "" }, func(p posted) { delete(p, "name") }},
		{"name: hostile", func(s *tracetest.SpanStub) { s.Name = "\x00\"\\\n\t\r\x1f\x7f\xff\u2028</script>é" },
			func(p posted) { p["name"] = "\x00\"\\\n\t\r\x1f\x7f\ufffd\u2028</script>é" }},
		{"name: long", func(s *tracetest.SpanStub) { s.Name = strings.Repeat("é", 5000) }, func(p posted) { p["name"] = strings.Repeat("é", 4000) + "…" }},
	})
}

func TestSpanTimes(t *testing.T) {
	checkFields(t, []field{
		{"duration: less than a microsecond", func(s *tracetest.SpanStub) { s.EndTime = began.Add(1) }, func(p posted) { p["duration"] = 1.0 }},
		{"duration: zero", func(s *tracetest.SpanStub) { s.EndTime = began }, func(p posted) { p["duration"] = 1.0 }},
		{"duration: rounded down", func(s *tracetest.SpanStub) { s.EndTime = began.Add(1999) }, func(p posted) { p["duration"] = 1.0 }},
		{"duration: the clock was set back", func(s *tracetest.SpanStub) { s.EndTime = began.Add(-time.Hour) }, func(p posted) { p["duration"] = 1.0 }},
		{"duration: not ended", func(s *tracetest.SpanStub) { s.EndTime = time.Time{} }, func(p posted) { delete(p, "duration") }},
		{"duration: the longest", func(s *tracetest.SpanStub) { s.EndTime = began.Add(math.MaxInt64) }, func(p posted) { p["duration"] = float64(math.MaxInt64 / 1000) }},
		{"timestamp: none", func(s *tracetest.SpanStub) { s.StartTime = time.Time{} }, func(p posted) { delete(p, "timestamp"); delete(p, "duration") }},
		{"timestamp: before 1970", func(s *tracetest.SpanStub) { s.StartTime = time.Unix(-1, 0) }, func(p posted) { delete(p, "timestamp"); delete(p, "duration") }},
	})
}

func TestSpanService(t *testing.T) {
	checkFields(t, []field{
		{"service: in upper case", func(s *tracetest.SpanStub) {
			s.Resource = resource.NewSchemaless(attribute.String("service.name", "Media-API"))
		}, nil},
		{"service: none", func(s *tracetest.SpanStub) { s.Resource = nil },
			func(p posted) { p["localEndpoint"] = map[string]any{"serviceName": "unknown_service"} }},
	})
}

func TestSpanEvents(t *testing.T) {
	checkFields(t, []field{
		{"an event", func(s *tracetest.SpanStub) {
			s.Events = []sdktrace.Event{{Name: "Cache Miss", Time: began.Add(time.Millisecond)}}
		},
			func(p posted) {
				p["annotations"] = []any{map[string]any{"timestamp": float64(beginMicros + 1000), "value": "Cache Miss"}}
			}},
		{"events", func(s *tracetest.SpanStub) {
			s.Events = []sdktrace.Event{
				{Name: "exception", Time: began, Attributes: []attribute.KeyValue{
					attribute.String("exception.message", `Get "http://u:p@x.example/?token=t": "boom"`), attribute.Int("n", 1), attribute.String("url.query", "token=t")}},
				{Name: "without a time"},
				{Name: "", Time: began},
			}
		}, func(p posted) {
			p["annotations"] = []any{
				map[string]any{"timestamp": float64(beginMicros), "value": `exception: {"exception.message":"Get \"http://x.example/\": \"boom\"","n":"1"}`},
				map[string]any{"timestamp": float64(beginMicros), "value": ""},
			}
		}},
		{"only an event without a time", func(s *tracetest.SpanStub) { s.Events = []sdktrace.Event{{Name: "never"}} }, nil},
	})
}

func TestSpanTagsWithoutAttributes(t *testing.T) {
	checkFields(t, []field{
		{"links", func(s *tracetest.SpanStub) {
			s.Links = []sdktrace.Link{{SpanContext: spanContext(traceID64, spanID2)}, {SpanContext: spanContext(traceID128, spanID1)}}
		}, func(p posted) {
			p["tags"] = map[string]any{"links": "463ac35c9f6413ad-000000000000000a,5759e988bd862e3fe1be46a994272793-a2fb4a1d1a96d312"}
		}},
		{"scope", func(s *tracetest.SpanStub) {
			s.InstrumentationScope = instrumentation.Scope{Name: "example.com/Lib", Version: "v1.2.3"}
		}, func(p posted) {
			p["tags"] = map[string]any{"otel.scope.name": "example.com/Lib", "otel.scope.version": "v1.2.3"}
		}},
		{"attributes were dropped", func(s *tracetest.SpanStub) { s.DroppedAttributes = 3 },
			func(p posted) { p["tags"] = map[string]any{"otel.dropped_attributes_count": "3"} }},
		{"resource", func(s *tracetest.SpanStub) {
			s.Resource = resource.NewSchemaless(attribute.String("service.name", "media-api"), attribute.String("host.name", "h1"),
				attribute.String("telemetry.sdk.name", "opentelemetry"), attribute.String("container.id", ""), attribute.String("error", "not of this span"))
		}, func(p posted) { p["tags"] = map[string]any{"host.name": "h1"} }},
		{"an attribute wins over the same attribute of the resource", func(s *tracetest.SpanStub) {
			s.Resource = resource.NewSchemaless(attribute.String("service.name", "media-api"), attribute.String("host.name", "h1"), attribute.String("zone", "z"))
			s.Attributes = []attribute.KeyValue{attribute.String("host.name", "h2")}
		}, func(p posted) { p["tags"] = map[string]any{"host.name": "h2", "zone": "z"} }},
	})
}

func TestSpanStatus(t *testing.T) {
	checkFields(t, []field{
		{"status: ok", func(s *tracetest.SpanStub) { s.Status.Code = codes.Ok }, func(p posted) { p["tags"] = map[string]any{"otel.status_code": "OK"} }},
		{"status: error", func(s *tracetest.SpanStub) {
			s.Status = sdktrace.Status{Code: codes.Error, Description: `Get "https://x.example/a?token=t#f": refused`}
		},
			func(p posted) {
				p["tags"] = map[string]any{"otel.status_code": "ERROR", "error": `Get "https://x.example/a": refused`}
			}},
		{"status: error, of HTTP", func(s *tracetest.SpanStub) {
			s.Status.Code = codes.Error
			s.Attributes = []attribute.KeyValue{attribute.Int("http.response.status_code", 503)}
		}, func(p posted) {
			p["tags"] = map[string]any{"otel.status_code": "ERROR", "error": "503", "http.response.status_code": "503"}
		}},
		{"status: error, of gRPC", func(s *tracetest.SpanStub) {
			s.Status.Code = codes.Error
			s.Attributes = []attribute.KeyValue{attribute.String("rpc.response.status_code", "NOT_FOUND")}
		}, func(p posted) {
			p["tags"] = map[string]any{"otel.status_code": "ERROR", "error": "NOT_FOUND", "rpc.response.status_code": "NOT_FOUND"}
		}},
		{"status: error, by its type", func(s *tracetest.SpanStub) {
			s.Status.Code = codes.Error
			s.Attributes = []attribute.KeyValue{attribute.String("error.type", "timeout")}
		}, func(p posted) {
			p["tags"] = map[string]any{"otel.status_code": "ERROR", "error": "timeout", "error.type": "timeout"}
		}},
		{"status: error, without a reason", func(s *tracetest.SpanStub) { s.Status.Code = codes.Error },
			func(p posted) { p["tags"] = map[string]any{"otel.status_code": "ERROR", "error": "true"} }},
		{"attribute error beside the status", func(s *tracetest.SpanStub) {
			s.Status = sdktrace.Status{Code: codes.Error, Description: "boom"}
			s.Attributes = []attribute.KeyValue{attribute.Bool("error", true)}
		}, func(p posted) { p["tags"] = map[string]any{"otel.status_code": "ERROR", "error": "boom"} }},
		{"attribute error alone", func(s *tracetest.SpanStub) { s.Attributes = []attribute.KeyValue{attribute.String("error", "boom")} },
			func(p posted) { p["tags"] = map[string]any{"error": "boom"} }},
		{"attribute error, false: left out, because for Zipkin any such tag is an error", func(s *tracetest.SpanStub) { s.Attributes = []attribute.KeyValue{attribute.Bool("error", false)} }, nil},
		{"attribute error, but the status is ok", func(s *tracetest.SpanStub) {
			s.Status.Code = codes.Ok
			s.Attributes = []attribute.KeyValue{attribute.String("error", "boom")}
		}, func(p posted) { p["tags"] = map[string]any{"otel.status_code": "OK"} }},
		{"attributes with the names of our tags", func(s *tracetest.SpanStub) {
			s.Attributes = []attribute.KeyValue{attribute.String("links", "x"), attribute.String("otel.scope.name", "x"), attribute.String("otel.status_code", "x")}
		}, nil},
	})
}

func TestSpanAttributes(t *testing.T) {
	checkFields(t, []field{
		{"attributes of all types", func(s *tracetest.SpanStub) {
			s.Attributes = []attribute.KeyValue{
				attribute.String("s", "t"), attribute.String("empty", ""), attribute.Int64("i", math.MinInt64), attribute.Bool("b", true),
				attribute.Float64("f", 0.25), attribute.StringSlice("ss", []string{"a", `"`}), attribute.IntSlice("is", []int{1, 2}),
				attribute.BoolSlice("bs", []bool{true, false}), attribute.Float64Slice("fs", []float64{0.5}),
			}
		}, func(p posted) {
			p["tags"] = map[string]any{"s": "t", "empty": "", "i": "-9223372036854775808", "b": "true", "f": "0.25",
				"ss": `["a","\""]`, "is": "[1,2]", "bs": "[true,false]", "fs": "[0.5]"}
		}},
		{"a long attribute", func(s *tracetest.SpanStub) {
			s.Attributes = []attribute.KeyValue{attribute.String("k", strings.Repeat("v", 1<<20))}
		},
			func(p posted) { p["tags"] = map[string]any{"k": strings.Repeat("v", 8000) + "…"} }},
		{"attributes with names of the sampler's, and values that the sampler does not write", func(s *tracetest.SpanStub) {
			s.Attributes = []attribute.KeyValue{attribute.String("b3.debug", "true"), attribute.String("b3.trace_id", id64), attribute.Int("b3.root", 1)}
			s.Parent = spanContext(traceID128, spanID2)
		}, func(p posted) { p["parentId"] = "000000000000000a" }},
	})
}
