package timeline

import (
	"io"
	"iter"
	"math"
	"strconv"
	"time"
)

// The OTLP view is an ExportTraceServiceRequest in OTLP's JSON, on one line
// (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): IDs are hexadecimal, 64-bit
// numbers are texts, kinds and codes are numbers. Services are resources, and lines are events of
// their spans. Each span has an ID of its own, because a call and its answer cannot share a span
// in OpenTelemetry. The attributes clew.… and the corrected times are the same as in the Zipkin
// view.

type otlpAttribute struct {
	Key   string    `json:"key"`
	Value otlpValue `json:"value"`
}

type otlpValue struct {
	Text   *string `json:"stringValue,omitempty"`
	Number string  `json:"intValue,omitempty"`
}

type otlpSpan struct {
	TraceID    string          `json:"traceId"`
	SpanID     string          `json:"spanId"`
	ParentID   string          `json:"parentSpanId,omitempty"`
	Name       string          `json:"name"`
	Kind       int             `json:"kind"`
	Start      string          `json:"startTimeUnixNano"`
	End        string          `json:"endTimeUnixNano"`
	Attributes []otlpAttribute `json:"attributes,omitempty"`
	Events     []otlpEvent     `json:"events,omitempty"`
	Dropped    int             `json:"droppedEventsCount,omitempty"`
	Status     *otlpStatus     `json:"status,omitempty"`
}

type otlpEvent struct {
	Time       string          `json:"timeUnixNano"`
	Name       string          `json:"name"`
	Attributes []otlpAttribute `json:"attributes,omitempty"`
}

type otlpStatus struct {
	Message string `json:"message,omitempty"`
	Code    int    `json:"code"`
}

// The numbers of opentelemetry/proto/trace/v1/trace.proto.
var otlpKinds = map[Kind]int{Internal: 1, Server: 2, Client: 3, Job: 1}

const otlpError = 2

// OTLPJSON writes traces in the form that OpenTelemetry's collectors accept, with a newline at the
// end. It does not hold all the traces in memory.
func OTLPJSON(to io.Writer, trees iter.Seq[*Tree]) error {
	out := otlpWriter{jsonWriter: newJSONWriter(to)}
	out.text(`{"resourceSpans":[`)
	for t := range trees {
		out.tree(t)
	}
	out.text("]}\n")
	return out.end()
}

// otlpWriter writes JSON on one line.
type otlpWriter struct {
	*jsonWriter
	resources int
}

func (w *otlpWriter) text(text string) { w.to.WriteString(text) }

func (w *otlpWriter) comma(i int) {
	if i > 0 {
		w.text(",")
	}
}

// tree writes a trace, with the spans of each service together.
func (w *otlpWriter) tree(t *Tree) {
	spans := newWire(t, false)
	var services []string
	of := map[string][]*Span{}
	for s := range spans.spans() {
		if of[s.Service] == nil {
			services = append(services, s.Service)
		}
		of[s.Service] = append(of[s.Service], s)
	}
	for _, service := range services {
		w.comma(w.resources)
		w.resources++
		w.text(`{"resource":{"attributes":`)
		w.value([]otlpAttribute{otlpText("service.name", or(service, "unknown_service"))})
		w.text(`},"scopeSpans":[{"scope":{"name":"clew timeline"},"spans":[`)
		for i, s := range of[service] {
			w.comma(i)
			w.value(spans.otlp(s))
		}
		w.text(`]}]}`)
	}
}

// otlp returns a span in OpenTelemetry's form.
func (w *wire) otlp(s *Span) *otlpSpan {
	o := &otlpSpan{
		TraceID: hex16(w.traceID.High) + hex16(w.traceID.Low), SpanID: w.id(s), ParentID: w.parentID(s), Name: name(or(s.Operation, "span")),
		Kind: otlpKinds[s.Kind], Start: unixNano(s.Start), End: unixNano(s.End()), Attributes: w.attributes(s),
	}
	if s.Start.IsZero() {
		o.End = o.Start
	}
	if s.Failed {
		o.Status = &otlpStatus{Code: otlpError, Message: name(s.why())}
	}
	var lines []*Line
	lines, o.Dropped = s.notes()
	for _, l := range lines {
		e := otlpEvent{Time: unixNano(l.at(s)), Name: l.note(s)}
		if l.Level != "" {
			e.Attributes = []otlpAttribute{otlpText("level", l.Level)}
		}
		o.Events = append(o.Events, e)
	}
	return o
}

// unixNano returns a time in nanoseconds since 1970. A time before 1970 becomes 0, and a time
// after 2262 becomes the last possible time.
func unixNano(t time.Time) string {
	switch {
	case t.IsZero() || t.Unix() < 0:
		return "0"
	case t.After(lastNano):
		t = lastNano
	}
	return strconv.FormatInt(t.UnixNano(), 10)
}

var lastNano = time.Unix(0, math.MaxInt64)

func otlpText(key, value string) otlpAttribute {
	value = name(value)
	return otlpAttribute{key, otlpValue{Text: &value}}
}

// attributes returns the facts about a span for which OTLP has no field, under the names of
// OpenTelemetry's conventions.
func (w *wire) attributes(s *Span) (all []otlpAttribute) {
	set := func(key, value string) {
		if value != "" {
			all = append(all, otlpText(key, value))
		}
	}
	h := s.http()
	set("http.request.method", h.method)
	set("url.path", h.path)
	set("http.route", h.route)
	set("server.address", h.host)
	if s.Status != 0 {
		all = append(all, otlpAttribute{"http.response.status_code", otlpValue{Number: strconv.Itoa(s.Status)}})
	}
	if s.Failed {
		set("error.type", s.why())
	}
	for _, f := range w.marks(s) {
		set(f.Key, f.Value)
	}
	return all
}
