package zipkin

import (
	"strings"

	"example.com/clew/internal/redact"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
)

// encodedResource is the JSON that all spans of a resource share.
type encodedResource struct {
	resource *resource.Resource
	endpoint []byte                     // `,"localEndpoint":{…}`
	json     []byte                     // the tags, without braces
	tags     []attribute.KeyValue       // the same tags
	keys     map[attribute.Key]struct{} // the keys of the tags
	lengths  uint64                     // has a bit for each key's length; saves most lookups
}

func encodeResource(r *resource.Resource, service string) *encodedResource {
	e := &encodedResource{resource: r, keys: make(map[attribute.Key]struct{})}
	var t tags
	for _, kv := range r.Attributes() {
		switch {
		case kv.Key == serviceNameKey:
			service = first(service, redact.Text(kv.Value.AsString()))
		case strings.HasPrefix(string(kv.Key), "telemetry.sdk."), kv.Value == attribute.StringValue(""):
		case reserved(kv.Key):
		default:
			e.tags = append(e.tags, kv)
			e.keys[kv.Key] = struct{}{}
			e.lengths |= lengthBit(kv.Key)
			t.attribute(kv)
		}
	}
	if t.begun {
		e.json = t.json[len(tagsOpening):]
	}
	e.endpoint = endpoint{service: first(service, "unknown_service")}.append(nil, `,"localEndpoint":{`)
	return e
}

// has reports whether one of the tags has this key.
func (e *encodedResource) has(key attribute.Key) bool {
	if e.lengths&lengthBit(key) == 0 {
		return false
	}
	_, has := e.keys[key]
	return has
}

func lengthBit(key attribute.Key) uint64 { return 1 << (len(key) % 64) }
