package logctx

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"log/slog"
	"runtime"
	"strconv"

	"example.com/clew/internal/callsite"
	"example.com/clew/internal/guard"
	"example.com/clew/internal/idtext"
	"example.com/clew/trace"
)

// Format is how the IDs are written. A value that is none of the three counts as [Hex].
type Format uint8

const (
	Hex         Format = iota // as they arrived and are sent on: 16 or 32 lower-case digits
	Decimal                   // the low 64 bits as an unsigned decimal number, in a string
	GoogleTrace               // the trace as a resource name of Google Cloud; the span as Hex
)

// Config says which fields a line gets. The zero value is ready to use: trace_id and span_id
// in [Hex].
type Config struct {
	TraceKey string // "": trace_id
	SpanKey  string // "": span_id
	Format   Format
	Project  string // of Google Cloud, for GoogleTrace; "": the bare trace ID

	// OnMissing, if set, is called for each line that has no trace, with the place in the program that
	// logs it: count these in production, by file and line, to find where a trace is lost. Start-up and
	// background lines are among them. A function of your own around the logger is that place; it runs
	// in the goroutine that logs, so that runtime.Callers leads further. The zero Frame: the line is all
	// that its goroutine does. It costs such a line a walk up its stack, some microseconds and two
	// allocations, and all others nothing. It must be safe for concurrent use, and must not log through
	// the same logger. Nil: not called.
	OnMissing func(site runtime.Frame)
}

// Datadog returns the fields by which Datadog connects logs and traces: dd.trace_id and
// dd.span_id, 64 bits in decimal.
//
// See https://docs.datadoghq.com/tracing/other_telemetry/connect_logs_and_traces/opentelemetry.
func Datadog() Config {
	return Config{TraceKey: "dd.trace_id", SpanKey: "dd.span_id", Format: Decimal}
}

// GoogleCloud returns the fields by which Google's Cloud Logging connects a line with a
// trace of project: logging.googleapis.com/trace, /spanId and /trace_sampled.
//
// See https://cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields.
func GoogleCloud(project string) Config {
	return Config{
		TraceKey: "logging.googleapis.com/trace",
		SpanKey:  "logging.googleapis.com/spanId",
		Format:   GoogleTrace,
		Project:  project,
	}
}

// ECS returns the field names of the Elastic Common Schema: trace.id and span.id.
//
// See https://www.elastic.co/guide/en/ecs/current/ecs-tracing.html.
func ECS() Config { return Config{TraceKey: "trace.id", SpanKey: "span.id"} }

// Logback returns the names that Brave, Sleuth and Spring Boot put into the MDC of Java
// services: traceId and spanId.
func Logback() Config { return Config{TraceKey: "traceId", SpanKey: "spanId"} }

// sampledKey goes with GoogleTrace. Cloud Logging knows no other name for it.
const sampledKey = "logging.googleapis.com/trace_sampled"

const (
	defaultTraceKey = "trace_id"
	defaultSpanKey  = "span_id"
)

func (c Config) withDefaults() Config {
	if c.TraceKey == "" {
		c.TraceKey = defaultTraceKey
	}
	if c.SpanKey == "" {
		c.SpanKey = defaultSpanKey
	}
	return c
}

// missing is for a line without a trace, which is logged at pc; 0: by a caller of ours.
func (c *Config) missing(pc uintptr) {
	if g := guard.Current(); g != nil {
		g.Lost("log line", func() runtime.Frame { return callsite.OfLine(pc) })
	}
	if c.OnMissing != nil {
		c.OnMissing(callsite.OfLine(pc))
	}
}

// appendTrace appends the value of the trace field.
func (c *Config) appendTrace(dst []byte, b trace.B3) []byte {
	switch c.Format {
	case Decimal:
		return strconv.AppendUint(dst, binary.BigEndian.Uint64(b.TraceID[8:]), 10)
	case GoogleTrace:
		if c.Project != "" {
			dst = append(dst, "projects/"...)
			dst = append(dst, c.Project...)
			dst = append(dst, "/traces/"...)
		}
		// Cloud Trace knows IDs of 32 digits only, so here a short one is padded.
		return hex.AppendEncode(dst, b.TraceID[:])
	}
	return b.AppendTraceID(dst)
}

func (c *Config) appendSpan(dst []byte, b trace.B3) []byte {
	if c.Format == Decimal {
		return strconv.AppendUint(dst, binary.BigEndian.Uint64(b.SpanID[:]), 10)
	}
	return hex.AppendEncode(dst, b.SpanID[:])
}

// readyText is the text of the IDs of ctx's current span, if there is one and it is as c wants it; see
// package idtext.
func (c *Config) readyText(ctx context.Context) string {
	if c.Format == Decimal || c.Format == GoogleTrace {
		return ""
	}
	return idtext.Of(ctx)
}

// appendIDs appends the fields for a record of slog; none where ctx has no trace.
func (c *Config) appendIDs(dst []slog.Attr, ctx context.Context) []slog.Attr {
	if text := c.readyText(ctx); text != "" {
		traceID, spanID := idtext.Split(text)
		return append(dst, slog.String(c.TraceKey, traceID), slog.String(c.SpanKey, spanID))
	}
	b, ok := trace.FromContext(ctx)
	if !ok {
		return dst
	}
	var buf [96]byte
	text := c.appendTrace(buf[:0], b)
	width := len(text)
	both := string(c.appendSpan(text, b)) // one string for the two
	dst = append(dst, slog.String(c.TraceKey, both[:width]), slog.String(c.SpanKey, both[width:]))
	if c.Format == GoogleTrace {
		dst = append(dst, slog.Bool(sampledKey, sampled(b)))
	}
	return dst
}

func sampled(b trace.B3) bool { return b.Sampling == trace.Accept || b.Sampling == trace.Debug }
