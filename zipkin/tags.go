package zipkin

import (
	"encoding/hex"
	"strconv"
	"strings"

	"example.com/clew/internal/redact"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Tags that are made of something else than an attribute. An attribute of that name gives way.
const (
	errorTag   = "error"
	statusTag  = "otel.status_code"
	scopeTag   = "otel.scope.name"
	versionTag = "otel.scope.version"
	linksTag   = "links"
	droppedTag = "otel.dropped_attributes_count"
)

// reserved reports whether key is that of such a tag, or one by which the sampler speaks.
func reserved(key attribute.Key) bool {
	switch key {
	case debugKey, rootKey, traceIDKey, errorTag, statusTag, scopeTag, versionTag, linksTag, droppedTag:
		return true
	}
	return false
}

// tags writes a JSON object of texts. It begins with the first one.
type tags struct {
	json  []byte
	begun bool
}

// next writes what stands before a tag.
func (t *tags) next() {
	if t.begun {
		t.json = append(t.json, ',')
	} else {
		t.json, t.begun = append(t.json, `,"tags":{`...), true
	}
}

// key opens the next tag.
func (t *tags) key(key string) {
	t.next()
	t.json = append(appendText(t.json, key), ':')
}

func (t *tags) text(key, value string) {
	t.key(key)
	t.json = appendText(t.json, value)
}

func (t *tags) number(key string, value int64) {
	t.key(key)
	t.json = append(t.json, '"')
	t.json = append(strconv.AppendInt(t.json, value, 10), '"')
}

// attribute writes kv, if it may be told.
func (t *tags) attribute(kv attribute.KeyValue) {
	key := string(kv.Key)
	may := mayTell(key)
	if may == nothing {
		return
	}
	switch kv.Value.Type() {
	case attribute.STRING:
		if !allHeaders(key) {
			t.text(key, may.told(kv.Value.AsString()))
		}
	case attribute.INT64:
		t.number(key, kv.Value.AsInt64())
	case attribute.BOOL:
		t.text(key, strconv.FormatBool(kv.Value.AsBool()))
	case attribute.STRINGSLICE, attribute.BYTESLICE:
		if !allHeaders(key) {
			t.text(key, nested(key, may, kv.Value))
		}
	case attribute.SLICE, attribute.MAP:
		t.text(key, nested(key, may, kv.Value))
	default: // numbers
		t.text(key, kv.Value.String())
	}
}

// outline is what has to be known of a span's attributes before they are written.
type outline struct {
	remote
	debug, root bool   // see sampler
	traceID     string // the same; "" if nothing is said
	status      attribute.Value
	errorType   attribute.Value
	shadows     bool // one has the key of one of the resource's
}

func (o *outline) read(s sdktrace.ReadOnlySpan, attrs []attribute.KeyValue, from *origin) {
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
		if from.lengths&lengthBit(kv.Key) != 0 {
			if _, there := from.keys[kv.Key]; there {
				o.shadows = true
			}
		}
	}
}

func (o *outline) appendTags(dst []byte, s sdktrace.ReadOnlySpan, attrs []attribute.KeyValue, from *origin) []byte {
	t := tags{json: dst}
	status := s.Status()
	for _, kv := range attrs {
		switch {
		case !reserved(kv.Key):
			t.attribute(kv)
		case kv.Key == errorTag:
			// To Zipkin a span with this tag has failed, whatever the tag says.
			if status.Code == codes.Unset && kv.Value != attribute.BoolValue(false) {
				t.attribute(kv)
			}
		}
	}
	switch status.Code {
	case codes.Ok:
		t.text(statusTag, "OK")
	case codes.Error:
		t.text(statusTag, "ERROR")
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
	if o.shadows {
		has := make(map[attribute.Key]bool, len(attrs))
		for _, kv := range attrs {
			has[kv.Key] = true
		}
		for _, kv := range from.tags {
			if !has[kv.Key] {
				t.attribute(kv)
			}
		}
	} else if len(from.json) > 0 {
		t.next()
		t.json = append(t.json, from.json...)
	}
	if t.begun {
		t.json = append(t.json, '}')
	}
	return t.json
}

// appendLinks writes links, which Zipkin has not, as trace and span IDs in the form of a b3 header. A batch job may have
// thousands.
func appendLinks(dst []byte, links []sdktrace.Link) []byte {
	const most = 64
	dst = append(dst, '"')
	for i, link := range links[:min(len(links), most)] {
		if i > 0 {
			dst = append(dst, ',')
		}
		id, span := link.SpanContext.TraceID(), link.SpanContext.SpanID()
		dst = append(appendTraceID(dst, id), '-')
		dst = hex.AppendEncode(dst, span[:])
	}
	return append(dst, '"')
}

// origin is what is the same in all spans of a resource, ready to be written.
type origin struct {
	resource *resource.Resource
	endpoint []byte                     // `,"localEndpoint":{…}`
	json     []byte                     // tags, without the braces
	tags     []attribute.KeyValue       // the same
	keys     map[attribute.Key]struct{} // of these
	lengths  uint64                     // of these, a bit each: most attributes need no look into the map
}

func lengthBit(key attribute.Key) uint64 { return 1 << (len(key) % 64) }

func newOrigin(r *resource.Resource, service string) *origin {
	o := &origin{resource: r, keys: make(map[attribute.Key]struct{})}
	var t tags
	for _, kv := range r.Attributes() {
		switch {
		case kv.Key == serviceNameKey:
			service = first(service, redact.Text(kv.Value.AsString()))
		case strings.HasPrefix(string(kv.Key), "telemetry.sdk."), kv.Value == attribute.StringValue(""):
		case reserved(kv.Key):
		default:
			o.tags = append(o.tags, kv)
			o.keys[kv.Key] = struct{}{}
			o.lengths |= lengthBit(kv.Key)
			t.attribute(kv)
		}
	}
	if t.begun {
		o.json = t.json[len(`,"tags":{`):]
	}
	o.endpoint = endpoint{service: first(service, "unknown_service")}.append(nil, `,"localEndpoint":{`)
	return o
}

// of returns the origin of spans of r.
func (e *encoder) of(r *resource.Resource) *origin {
	if o := e.last.Load(); o != nil && o.resource == r {
		return o
	}
	o := newOrigin(r, e.service)
	e.last.Store(o)
	return o
}
