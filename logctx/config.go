package logctx

import (
	"runtime"

	"example.com/clew/internal/line"
)

// Format is the form in which IDs are written. An unknown value is treated as [Hex].
type Format uint8

const (
	Hex         = Format(line.Hex)         // as in the headers: 16 or 32 lower-case digits
	Decimal     = Format(line.Decimal)     // the low 64 bits in decimal, unsigned, in a string
	GoogleTrace = Format(line.GoogleTrace) // the trace as a resource name of Google Cloud, the span as in Hex
)

// Config selects the fields that a line gets. The zero value is ready to use: it selects trace_id
// and span_id in [Hex].
//
// With the Configs of [Datadog], [GoogleCloud], [ECS] and [Logback], the fields of access, call
// and job lines also have the vendor's names and number formats.
type Config struct {
	TraceKey string // "": trace_id, or the vendor's
	SpanKey  string // "": span_id, or the vendor's
	Format   Format
	Project  string // the project at Google Cloud, for GoogleTrace; "": the bare trace ID is written

	// Service is the name of the service. Use the same name in zipkin.Config. [New], [Console] and
	// [Slog] add the name to the logger once; [Hook] writes it on each line. If Service is empty,
	// New and Console use the value of OTEL_SERVICE_NAME; Slog and Hook write no service.
	Service string

	// OnMissing, if set, is called for each line that has no trace, with the place in the program
	// that logs the line. In production, count the calls by file and line to find where a trace is
	// lost. The lines of start-up and of background work are counted too.
	//
	// If a function of yours wraps the logger, the place is in that function. To find its callers,
	// call runtime.Callers in OnMissing, which runs on the goroutine that logs. The Frame is zero
	// if no function of yours is on the stack. The statement go log.Print("…") is an example.
	//
	// For a line without a trace, OnMissing costs a walk up the stack: some microseconds and two
	// allocations. For other lines it costs nothing. OnMissing must be safe for concurrent use,
	// and must not log through the same logger.
	OnMissing func(site runtime.Frame)

	vendor line.Vendor
}

// Datadog returns a Config with the fields by which Datadog connects logs and traces: dd.trace_id
// and dd.span_id, 64 bits in decimal.
//
// See https://docs.datadoghq.com/tracing/other_telemetry/connect_logs_and_traces/opentelemetry.
func Datadog() Config { return preset(line.Datadog, line.Decimal) }

// GoogleCloud returns a Config with the fields by which Google's Cloud Logging connects a line
// with a trace of project: logging.googleapis.com/trace, /spanId and /trace_sampled.
//
// See https://cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields.
func GoogleCloud(project string) Config {
	c := preset(line.GoogleCloud, line.GoogleTrace)
	c.Project = project
	return c
}

// ECS returns a Config with the field names of the Elastic Common Schema: trace.id and span.id.
//
// See https://www.elastic.co/guide/en/ecs/current/ecs-tracing.html.
func ECS() Config { return preset(line.ECS, line.Hex) }

// Logback returns a Config with the names that Brave, Sleuth and Spring Boot put into the MDC of
// Java services: traceId and spanId.
func Logback() Config { return preset(line.Logback, line.Hex) }

func preset(vendor line.Vendor, format line.Format) Config {
	n := line.NewNames(vendor, "", "", format, "")
	return Config{TraceKey: n.Key(line.TraceID), SpanKey: n.Key(line.SpanID), Format: Format(format), vendor: vendor}
}
