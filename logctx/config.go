package logctx

import (
	"context"
	"log/slog"
	"runtime"

	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/line"
	"example.com/clew/internal/seam"
	"example.com/clew/trace"
)

// Format is how the IDs are written. A value that is none of the three counts as [Hex].
type Format uint8

const (
	Hex         = Format(line.Hex)         // as they arrived and are sent on: 16 or 32 lower-case digits
	Decimal     = Format(line.Decimal)     // the low 64 bits as an unsigned decimal number, in a string
	GoogleTrace = Format(line.GoogleTrace) // the trace as a resource name of Google Cloud; the span as Hex
)

// Config says which fields a line gets. The zero value is ready to use: trace_id and span_id
// in [Hex].
//
// The Configs of [Datadog], [GoogleCloud], [ECS] and [Logback] also give the fields of the access,
// call and job lines the names and the number formats that the vendor has for them.
type Config struct {
	TraceKey string // "": trace_id, or the vendor's
	SpanKey  string // "": span_id, or the vendor's
	Format   Format
	Project  string // of Google Cloud, for GoogleTrace; "": the bare trace ID

	// Service is what the service is called, the same as in zipkin.Config. [New], [Console] and
	// [Slog] write it once, into the logger, as [Hook] does on each line. "": none; for New and
	// Console, what OTEL_SERVICE_NAME says.
	Service string

	// OnMissing, if set, is called for each line that has no trace, with the place in the program that
	// logs it: count these in production, by file and line, to find where a trace is lost. Start-up and
	// background lines are among them. A function of your own around the logger is that place; it runs
	// in the goroutine that logs, so that runtime.Callers leads further. The zero Frame: the line is all
	// that its goroutine does. It costs such a line a walk up its stack, some microseconds and two
	// allocations, and all others nothing. It must be safe for concurrent use, and must not log through
	// the same logger. Nil: not called.
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

// writer is a Config made ready.
type writer struct {
	*line.Names
	traceKey, spanKey string
	service           string
	onMissing         func(runtime.Frame)
}

func newWriter(c Config) writer {
	n := line.NewNames(c.vendor, c.TraceKey, c.SpanKey, line.Format(c.Format), c.Project)
	return writer{n, n.Key(line.TraceID), n.Key(line.SpanID), c.Service, c.OnMissing}
}

// missing is for a line without a trace, which is logged at pc; 0: by a caller of ours.
func (w *writer) missing(pc uintptr) {
	if g := goroutine.CurrentGuard(); g != nil {
		g.Lost("log line", func() runtime.Frame { return goroutine.PlaceOfLine(pc) })
	}
	if w.onMissing != nil {
		w.onMissing(goroutine.PlaceOfLine(pc))
	}
}

// readyText is the text of the IDs of ctx's current span, if there is one and it is as w wants
// it; see package seam.
func (w *writer) readyText(ctx context.Context) string { return readyText(ctx, w.Format) }

func readyText(ctx context.Context, format line.Format) string {
	if format == line.Decimal || format == line.GoogleTrace {
		return ""
	}
	return seam.Text(ctx)
}

// appendTrace appends the value of the trace field.
func (w *writer) appendTrace(dst []byte, b trace.B3) []byte { return appendTrace(dst, w.Names, b) }

func appendTrace(dst []byte, n *line.Names, b trace.B3) []byte {
	var digits [32]byte
	return n.AppendTrace(dst, b.TraceID, b.AppendTraceID(digits[:0]))
}

// appendIDs appends the fields for a record of slog; none where ctx has no trace.
func (w *writer) appendIDs(dst []slog.Attr, ctx context.Context) []slog.Attr {
	return appendIDs(dst, ctx, w.traceKey, w.spanKey, w.Names)
}

// appendIDs is no method: the keys stay in dst, and all of a writer would escape with them. Of n
// only Format and Project are used.
func appendIDs(dst []slog.Attr, ctx context.Context, traceKey, spanKey string, n *line.Names) []slog.Attr {
	if text := readyText(ctx, n.Format); text != "" {
		traceID, spanID := seam.Split(text)
		return append(dst, slog.String(traceKey, traceID), slog.String(spanKey, spanID))
	}
	b, ok := trace.FromContext(ctx)
	if !ok {
		return dst
	}
	var buf [96]byte
	text := appendTrace(buf[:0], n, b)
	width := len(text)
	both := string(n.AppendSpan(text, b.SpanID)) // one string for the two
	dst = append(dst, slog.String(traceKey, both[:width]), slog.String(spanKey, both[width:]))
	if n.Format == line.GoogleTrace {
		dst = append(dst, slog.Bool(line.GoogleSampled, sampled(b)))
	}
	return dst
}

func sampled(b trace.B3) bool { return b.Sampling == trace.Accept || b.Sampling == trace.Debug }
