package zipkin

import (
	"example.com/clew/internal/redact"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// outline holds facts from a span's attributes that must be known before the attributes are
// written.
type outline struct {
	remote
	debug, root bool   // the values of debugKey and rootKey
	traceID     string // the value of traceIDKey, or ""
	status      attribute.Value
	errorType   attribute.Value
	shadows     bool // at least one attribute has the same key as a tag of the resource
}

func (o *outline) read(s sdktrace.ReadOnlySpan, attrs []attribute.KeyValue, from *encodedResource) {
	kind := s.SpanKind()
	for _, kv := range attrs {
		switch kv.Key {
		case debugKey:
			o.debug = kv.Value.Type() == attribute.BOOL && kv.Value.AsBool()
		case rootKey:
			o.root = kv.Value.Type() == attribute.BOOL && kv.Value.AsBool()
		case traceIDKey:
			if text := kv.Value.AsString(); text == s.SpanContext().TraceID().String() {
				o.traceID = text
			}
		case "http.response.status_code", "http.status_code", "rpc.response.status_code", "rpc.grpc.status_code":
			o.status = kv.Value
		case "error.type":
			o.errorType = kv.Value
		default:
			o.remote.read(kind, kv)
		}
		if from.has(kv.Key) {
			o.shadows = true
		}
	}
}

func (o *outline) appendTags(dst []byte, s sdktrace.ReadOnlySpan, attrs []attribute.KeyValue, from *encodedResource) []byte {
	t := tags{json: dst}
	status := s.Status()
	for _, kv := range attrs {
		switch {
		case !reserved(kv.Key):
			t.attribute(kv)
		case kv.Key == errorTag:
			// For Zipkin, a span with this tag has failed, whatever the value of the tag.
			if status.Code == codes.Unset && kv.Value != attribute.BoolValue(false) {
				t.attribute(kv)
			}
		}
	}
	o.addStatus(&t, status)
	if links := s.Links(); len(links) > 0 {
		t.key(linksTag)
		t.json = appendLinks(t.json, links)
	}
	if n := s.DroppedAttributes(); n > 0 {
		t.number(droppedTag, int64(n))
	}
	scope := s.InstrumentationScope()
	if scope.Name != "" {
		t.text(scopeTag, redact.Text(scope.Name))
	}
	if scope.Version != "" {
		t.text(versionTag, redact.Text(scope.Version))
	}
	o.addResource(&t, attrs, from)
	return t.end()
}

// addStatus writes the status, and for an error the tag "error". The tag's value is the
// description, or else the response's status, or else the error's type, or else "true".
func (o *outline) addStatus(t *tags, status sdktrace.Status) {
	switch status.Code {
	case codes.Ok:
		t.text(statusTag, "OK")
		return
	case codes.Error:
		t.text(statusTag, "ERROR")
	default:
		return
	}
	switch {
	case status.Description != "":
		t.text(errorTag, redact.Text(status.Description))
	case o.status.Type() != attribute.EMPTY:
		t.attribute(attribute.KeyValue{Key: errorTag, Value: o.status})
	case o.errorType.Type() != attribute.EMPTY:
		t.attribute(attribute.KeyValue{Key: errorTag, Value: o.errorType})
	default:
		t.text(errorTag, "true")
	}
}

// addResource writes the resource's tags. An attribute of the span hides a tag with the same key.
func (o *outline) addResource(t *tags, attrs []attribute.KeyValue, from *encodedResource) {
	if !o.shadows {
		t.encoded(from.json)
		return
	}
	hidden := make(map[attribute.Key]bool, len(attrs))
	for _, kv := range attrs {
		hidden[kv.Key] = true
	}
	for _, kv := range from.tags {
		if !hidden[kv.Key] {
			t.attribute(kv)
		}
	}
}
