package zipkin

import (
	"encoding/hex"
	"strconv"
	"sync/atomic"
	"time"

	"example.com/clew/internal/redact"
	"example.com/clew/trace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// encoder writes spans in Zipkin's v2 JSON, by the OpenAPI schema of openzipkin/zipkin-api. The
// zero value is ready to use. An encoder is safe for concurrent use.
type encoder struct {
	service string                          // if empty, the resource names the service
	last    atomic.Pointer[encodedResource] // kept because nearly all spans have the same resource
}

// append appends s as a JSON object.
func (e *encoder) append(dst []byte, s sdktrace.ReadOnlySpan) []byte {
	sc, parent, attrs := s.SpanContext(), s.Parent(), s.Attributes()
	from := e.resource(s.Resource())
	var o outline
	o.read(s, attrs, from)

	dst = append(dst, `{"traceId":"`...)
	if o.traceID != "" {
		dst = append(dst, o.traceID...)
	} else {
		dst = appendTraceID(dst, sc.TraceID())
	}
	if parent.SpanID().IsValid() && parent.TraceID() == sc.TraceID() && !o.root {
		dst = append(dst, `","parentId":"`...)
		id := parent.SpanID()
		dst = hex.AppendEncode(dst, id[:])
	}
	dst = append(dst, `","id":"`...)
	id := sc.SpanID()
	dst = hex.AppendEncode(dst, id[:])
	dst = append(dst, '"')
	if kind := kindOf(s.SpanKind()); kind != "" {
		dst = append(dst, `,"kind":"`...)
		dst = append(dst, kind...)
		dst = append(dst, '"')
	}
	if name := s.Name(); name != "" {
		dst = append(dst, `,"name":`...)
		dst = appendLower(dst, redact.Text(name))
	}
	if begin := s.StartTime(); begin.UnixMicro() > 0 {
		dst = append(dst, `,"timestamp":`...)
		dst = strconv.AppendInt(dst, begin.UnixMicro(), 10)
		if end := s.EndTime(); !end.IsZero() {
			dst = append(dst, `,"duration":`...)
			dst = strconv.AppendInt(dst, micros(end.Sub(begin)), 10)
		}
	}
	if o.debug {
		dst = append(dst, `,"debug":true`...)
	}
	dst = append(dst, from.endpoint...)
	if s.SpanKind() != oteltrace.SpanKindInternal {
		dst = o.remote.append(dst)
	}
	dst = appendAnnotations(dst, s.Events())
	return append(o.appendTags(dst, s, attrs, from), '}')
}

// resource returns the JSON that all spans with the resource r share.
func (e *encoder) resource(r *resource.Resource) *encodedResource {
	if last := e.last.Load(); last != nil && last.resource == r {
		return last
	}
	encoded := encodeResource(r, e.service)
	e.last.Store(encoded)
	return encoded
}

// appendTraceID appends id with 16 digits if its high half is zero, and otherwise with 32.
func appendTraceID(dst []byte, id oteltrace.TraceID) []byte {
	return trace.B3{TraceID: id}.AppendTraceID(dst)
}

// micros returns a duration in microseconds, at least one, since Zipkin rounds shorter durations
// up. A clock that was set back during a span with explicit timestamps must not make the duration
// negative.
func micros(d time.Duration) int64 { return max(1, d.Microseconds()) }

func kindOf(kind oteltrace.SpanKind) string {
	switch kind {
	case oteltrace.SpanKindServer:
		return "SERVER"
	case oteltrace.SpanKindClient:
		return "CLIENT"
	case oteltrace.SpanKindProducer:
		return "PRODUCER"
	case oteltrace.SpanKindConsumer:
		return "CONSUMER"
	}
	return ""
}
