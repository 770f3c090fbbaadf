package line

import (
	"encoding/binary"
	"encoding/hex"
	"log/slog"
	"strconv"
)

// Format is how IDs are written. A value other than these three counts as Hex.
type Format uint8

const (
	Hex         Format = iota // IDs as they arrived: 16 or 32 lower-case digits
	Decimal                   // the low 64 bits of an ID as an unsigned decimal number, in a string
	GoogleTrace               // the trace as a resource name of Google Cloud; the span as Hex
)

// Names contains the names of the fields, and the form of IDs and times. [NewNames] returns one.
type Names struct {
	Format  Format
	Project string // the project of Google Cloud

	key          [keys]string
	duration     unit
	group        string // the group for fields of a request or a call over HTTP; "": none
	grouped      uint32 // a bit for each key that is in the group
	serviceGroup string
}

// Default contains our own names.
var Default = newNames(Ours, "", "", Hex, "")

// NewNames returns the vendor's names for the fields, and our name where the vendor has none. If
// traceKey or spanKey is empty, the vendor's name is used. The result must not be changed.
func NewNames(vendor Vendor, traceKey, spanKey string, format Format, project string) *Names {
	if vendor == Ours && traceKey == "" && spanKey == "" && format == Hex && project == "" {
		return Default
	}
	return newNames(vendor, traceKey, spanKey, format, project)
}

func newNames(vendor Vendor, traceKey, spanKey string, format Format, project string) *Names {
	n := Names{Format: format, Project: project, key: ours}
	theirs := vendor.theirs()
	for k, name := range theirs.key {
		if name != "" {
			n.key[k] = name
		}
	}
	n.duration, n.group, n.serviceGroup = theirs.duration, theirs.group, theirs.serviceGroup
	for _, k := range theirs.inGroup {
		n.grouped |= 1 << k
	}
	if traceKey != "" {
		n.key[TraceID] = traceKey
	}
	if spanKey != "" {
		n.key[SpanID] = spanKey
	}
	return &n
}

// Key returns the name of the field k. If the field is in a group, the result is the group's name,
// a dot and the field's name, as in [Line].
func (n *Names) Key(k Key) string {
	switch {
	case n.in(k):
		return n.group + "." + n.key[k]
	case k == Service && n.serviceGroup != "":
		return n.serviceGroup + "." + n.key[k]
	}
	return n.key[k]
}

// Top returns the name under which the field k is at the top level of a line: the field's own
// name, or the name of its group.
func (n *Names) Top(k Key) string {
	switch {
	case n.in(k):
		return n.group
	case k == Service && n.serviceGroup != "":
		return n.serviceGroup
	}
	return n.key[k]
}

func (n *Names) in(k Key) bool { return n.grouped>>k&1 == 1 }

// GoogleSampled is the key of Cloud Logging for the sampled flag. Each line with a GoogleTrace has
// it.
const GoogleSampled = "logging.googleapis.com/trace_sampled"

// SpanKey is our own name for a span's ID. The constant seam.Middle contains this name.
const SpanKey = "span_id"

var ours = [keys]string{
	TraceID:          "trace_id",
	SpanID:           SpanKey,
	Service:          "service",
	Sampled:          "sampled",
	ParentID:         "parent_id",
	CallerParentID:   "caller_parent_id",
	UntrustedTraceID: "untrusted_trace_id",
	Method:           "method",
	Host:             "host",
	Path:             "path",
	Route:            "route",
	Status:           "status",
	Bytes:            "bytes",
	Duration:         "duration_ms",
	Body:             "body_ms",
	Attempt:          "attempt",
	Remote:           "remote",
	Error:            "error",
	Job:              "job",
	ScheduledBy:      "scheduled_by",
	Panicked:         "panicked",
	Hijacked:         "hijacked",
	ClientGone:       "client_gone",
}

// vendors contains each vendor's names. A field that only clew writes keeps our name.
//
//   - Datadog: https://docs.datadoghq.com/standard-attributes. That page defines "status" as
//     the level of a line, and "host" as the machine that logs. IDs are decimal numbers.
//   - Google Cloud:
//     https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#httprequest, and
//     https://cloud.google.com/error-reporting/docs/formatting-error-messages.
//   - ECS: https://www.elastic.co/guide/en/ecs/current/ecs-field-reference.html; parent.id is
//     from Elastic APM. In ECS, "service", "host" and "error" are objects.
//   - Logback: the MDC of Brave, Sleuth and Spring Boot.
var vendors = [...]theirs{
	Ours: {},
	Datadog: {
		key: [keys]string{
			TraceID: "dd.trace_id", SpanID: "dd.span_id", ParentID: "dd.parent_id", CallerParentID: "dd.caller_parent_id",
			UntrustedTraceID: "dd.untrusted_trace_id", ScheduledBy: "dd.scheduled_by",
			Method: "http.method", Host: "http.url_details.host", Path: "http.url_details.path", Status: "http.status_code",
			Bytes: "network.bytes_written", Duration: "duration", Error: "error.message",
		},
		duration: nanoseconds,
	},
	GoogleCloud: {
		key: [keys]string{
			TraceID: "logging.googleapis.com/trace", SpanID: "logging.googleapis.com/spanId", Sampled: GoogleSampled,
			Method: "requestMethod", Path: "requestUrl", Status: "status", Bytes: "responseSize", Duration: "latency", Remote: "remoteIp",
		},
		duration:     seconds,
		group:        "httpRequest",
		inGroup:      []Key{Method, Path, Status, Bytes, Duration, Remote},
		serviceGroup: "serviceContext",
	},
	ECS: {
		key: [keys]string{
			TraceID: "trace.id", SpanID: "span.id", ParentID: "parent.id", Service: "service.name",
			Method: "http.request.method", Host: "server.address", Path: "url.path", Status: "http.response.status_code",
			Bytes: "http.response.body.bytes", Duration: "event.duration", Remote: "client.address", Error: "error.message",
		},
		duration: nanoseconds,
	},
	Logback: {
		key: [keys]string{TraceID: "traceId", SpanID: "spanId", ParentID: "parentId"},
	},
}

// AppendTrace appends a trace ID in the form of n. The argument text is the ID as it arrived, in
// hexadecimal digits.
func (n *Names) AppendTrace(dst []byte, id [16]byte, text []byte) []byte {
	switch n.Format {
	case Decimal:
		return strconv.AppendUint(dst, binary.BigEndian.Uint64(id[8:]), 10)
	case GoogleTrace:
		if n.Project != "" {
			dst = append(dst, "projects/"...)
			dst = append(dst, n.Project...)
			dst = append(dst, "/traces/"...)
		}
		// Cloud Trace knows IDs of 32 digits only, so a short one is padded.
		return AppendHex(dst, id[:])
	}
	return append(dst, text...)
}

// AppendSpan appends a span ID in the form of n.
func (n *Names) AppendSpan(dst []byte, id [8]byte) []byte {
	if n.Format == Decimal {
		return strconv.AppendUint(dst, binary.BigEndian.Uint64(id[:]), 10)
	}
	return AppendHex(dst, id[:])
}

// span writes a span ID, if there is one.
func (n *Names) span(to Sink, k Key, id [8]byte) {
	if id != [8]byte{} {
		to.Span(n.key[k], id)
	}
}

// trace writes the ID of another trace. The argument text is that ID in hexadecimal digits. The
// method does not use Google's resource name, which is only for the line's own trace.
func (n *Names) trace(to Sink, k Key, text string) {
	if text == "" {
		return
	}
	if n.Format == Decimal {
		var id [8]byte
		if _, err := hex.Decode(id[:], []byte(text[max(len(text)-16, 0):])); err == nil {
			text = string(n.AppendSpan(nil, id))
		}
	}
	to.Str(n.key[k], text)
}

// Service returns the field that names the service of a line. Google wants that name in a group.
func (n *Names) Service(name string) slog.Attr { return service(n.serviceGroup, n.key[Service], name) }

// sampled writes the field Sampled if the trace is sampled. In Google's form it writes nothing,
// because the hook writes GoogleSampled on every line.
func (n *Names) sampled(to Sink, sampled bool) {
	if sampled && n.Format != GoogleTrace {
		to.True(n.key[Sampled])
	}
}
