package logctx

import (
	"runtime"

	"example.com/clew/internal/line"
)

// Format is how the IDs are written. An unknown value counts as [Hex].
type Format uint8

const (
	Hex         = Format(line.Hex)         // as in the headers: 16 or 32 lower-case digits
	Decimal     = Format(line.Decimal)     // the low 64 bits in decimal, unsigned, in a string
	GoogleTrace = Format(line.GoogleTrace) // the trace as a name of Google Cloud, the span as Hex
)

// Config says which fields a line gets. The zero value is ready to use: trace_id and span_id
// in [Hex].
//
// The Configs of [Datadog], [GoogleCloud], [ECS] and [Logback] also give the fields of the access,
// call and job lines the vendor's names and number formats.
type Config struct {
	TraceKey string // "": trace_id, or the vendor's
	SpanKey  string // "": span_id, or the vendor's
	Format   Format
	Project  string // of Google Cloud, for GoogleTrace; "": the bare trace ID

	// Service is the name of the service, the same as in zipkin.Config. [New], [Console] and
	// [Slog] write it once, into the logger; [Hook] writes it on each line. "": none; for New and
	// Console, the value of OTEL_SERVICE_NAME.
	Service string

	// OnMissing, if set, is called for each line that has no trace, with the place in the program
	// that logs it. In production, count these by file and line to find where a trace is lost.
	// Start-up and background lines are among them.
	//
	// If you have a function of your own around the logger, the place is in that function.
	// OnMissing runs in the goroutine that logs, so runtime.Callers finds that function's callers.
	// The Frame is zero if no function of yours is on the stack, as for go log.Print("…").
	//
	// A line without a trace costs a walk up its stack, some microseconds and two allocations.
	// Other lines cost nothing. OnMissing must be safe for concurrent use, and must not log
	// through the same logger. Nil: not called.
	OnMissing func(site runtime.Frame)

	vendor line.Vendor
}

// Datadog returns the fields by which Datadog connects logs and traces: dd.trace_id and
// dd.span_id, 64 bits in decimal.
//
// See https://docs.datadoghq.com/tracing/other_telemetry/connect_logs_and_traces/opentelemetry.
func Datadog() Config { return preset(line.Datadog, line.Decimal) }

// GoogleCloud returns the fields by which Google's Cloud Logging connects a line with a
// trace of project: logging.googleapis.com/trace, /spanId and /trace_sampled.
//
// See https://cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields.
func GoogleCloud(project string) Config {
	c := preset(line.GoogleCloud, line.GoogleTrace)
	c.Project = project
	return c
}

// ECS returns the field names of the Elastic Common Schema: trace.id and span.id.
//
// See https://www.elastic.co/guide/en/ecs/current/ecs-tracing.html.
func ECS() Config { return preset(line.ECS, line.Hex) }

// Logback returns the names that Brave, Sleuth and Spring Boot put into the MDC of Java
// services: traceId and spanId.
func Logback() Config { return preset(line.Logback, line.Hex) }

func preset(vendor line.Vendor, format line.Format) Config {
	n := line.NewNames(vendor, "", "", format, "")
	return Config{TraceKey: n.Key(line.TraceID), SpanKey: n.Key(line.SpanID), Format: Format(format), vendor: vendor}
}
