package line

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strconv"
	"time"
)

// Format is how IDs are written. A value that is none of the three counts as Hex.
type Format uint8

const (
	Hex         Format = iota // as they arrived: 16 or 32 lower-case digits
	Decimal                   // the low 64 bits as an unsigned decimal number, in a string
	GoogleTrace               // the trace as a resource name of Google Cloud; the span as Hex
)

// Vendor is whose names the fields have. The zero value is ours.
type Vendor uint8

const (
	Ours Vendor = iota
	Datadog
	GoogleCloud
	ECS
	Logback
)

// Names are what the fields are called, and how IDs and times are written. Make them by
// [NewNames].
type Names struct {
	Format  Format
	Project string // of Google Cloud

	key          [keys]string
	duration     unit
	group        string // of the fields of a request or a call over HTTP; "": none
	grouped      uint32 // a bit for each key that stands in the group
	serviceGroup string
}

// unit is how a duration is written.
type unit uint8

const (
	milliseconds unit = iota // as a number, with three decimals
	nanoseconds              // as a whole number
	seconds                  // as a text: "0.004711s"
)

// Default are our own names.
var Default = newNames(Ours, "", "", Hex, "")

// NewNames returns the names that vendor has for the fields; ours, where it has none. Empty keys
// are the vendor's. The names must not be changed.
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

// Key returns the name of k. One that stands in a group has the group's name before a dot, as
// [Line] has it too.
func (n *Names) Key(k Key) string {
	switch {
	case n.in(k):
		return n.group + "." + n.key[k]
	case k == Service && n.serviceGroup != "":
		return n.serviceGroup + "." + n.key[k]
	}
	return n.key[k]
}

// Top returns the name of what stands at the top level of a line for k: its key, or its group.
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

// GoogleSampled goes with GoogleTrace, on every line. Cloud Logging knows no other name for it.
const GoogleSampled = "logging.googleapis.com/trace_sampled"

// SpanKey is our own name for a span's ID, which the ready-made text of the IDs holds.
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

// theirs is in what a vendor differs from us.
type theirs struct {
	key          [keys]string
	duration     unit
	group        string
	inGroup      []Key
	serviceGroup string
}

// vendors have names of their own for these. There is none for what nobody but us tells.
//
//   - Datadog: https://docs.datadoghq.com/standard-attributes. Its "status" is the level of a line
//     and its "host" the machine that logs. Its IDs are decimal numbers.
//   - Google Cloud: https://cloud.google.com/logging/docs/reference/v2/rest/v2/LogEntry#httprequest,
//     and https://cloud.google.com/error-reporting/docs/formatting-error-messages.
//   - ECS: https://www.elastic.co/guide/en/ecs/current/ecs-field-reference.html; parent.id is
//     Elastic APM's. There "service", "host" and "error" are objects.
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

func (v Vendor) theirs() *theirs {
	if int(v) < len(vendors) {
		return &vendors[v]
	}
	return &vendors[Ours]
}

// Key returns v's name of k, without a group; ours, where it has none.
func (v Vendor) Key(k Key) string {
	if name := v.theirs().key[k]; name != "" {
		return name
	}
	return ours[k]
}

// AppendTrace appends a trace ID as n has it. The text is how it arrived, in hexadecimal digits.
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
		// Cloud Trace knows IDs of 32 digits only, so here a short one is padded.
		return AppendHex(dst, id[:])
	}
	return append(dst, text...)
}

// AppendSpan appends a span ID as n has it.
func (n *Names) AppendSpan(dst []byte, id [8]byte) []byte {
	if n.Format == Decimal {
		return strconv.AppendUint(dst, binary.BigEndian.Uint64(id[:]), 10)
	}
	return AppendHex(dst, id[:])
}

// span gives to a span ID, if there is one.
func (n *Names) span(to Sink, k Key, id [8]byte) {
	if id != [8]byte{} {
		to.Span(n.key[k], id)
	}
}

// trace gives to the trace ID of another trace, which text has in hexadecimal digits. Google's
// resource names are for the line's own trace alone.
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

// took gives to a duration.
func (n *Names) took(to Sink, k Key, u unit, d time.Duration) {
	switch u {
	case nanoseconds:
		to.Int(n.key[k], d.Nanoseconds())
	case seconds:
		var buf [32]byte
		to.Str(n.key[k], string(appendSeconds(buf[:0], d.Nanoseconds())))
	default:
		to.Milliseconds(n.key[k], d.Microseconds())
	}
}

// AppendMilliseconds appends a duration of so many thousandths of a millisecond as a number of
// milliseconds.
func AppendMilliseconds(dst []byte, thousandths int64) []byte {
	n := uint64(thousandths)
	if thousandths < 0 { // the clock was set back
		dst, n = append(dst, '-'), -n
	}
	dst = strconv.AppendUint(dst, n/1000, 10)
	if part := n % 1000; part != 0 {
		dst = append(dst, '.', byte('0'+part/100), byte('0'+part/10%10), byte('0'+part%10))
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
	}
	return dst
}

// appendSeconds appends a duration of so many nanoseconds as Google has it: as a number of seconds
// and an s.
func appendSeconds(dst []byte, ns int64) []byte {
	n := uint64(ns)
	if ns < 0 {
		dst, n = append(dst, '-'), -n
	}
	dst = strconv.AppendUint(dst, n/1e9, 10)
	if part := n % 1e9; part != 0 {
		dst = strconv.AppendUint(append(dst, '.'), 1e9+part, 10) // with the zeros that it begins with
		dst = bytes.TrimRight(slices.Delete(dst, len(dst)-10, len(dst)-9), "0")
	}
	return append(dst, 's')
}
