package zipkin

import (
	"strconv"

	"go.opentelemetry.io/otel/attribute"
)

// The tags that the encoder makes itself. It leaves out an attribute of the same name.
const (
	errorTag   = "error"
	statusTag  = "otel.status_code"
	scopeTag   = "otel.scope.name"
	versionTag = "otel.scope.version"
	linksTag   = "links"
	droppedTag = "otel.dropped_attributes_count"
)

// reserved reports whether key is one of these tags, or an attribute that the sampler adds for the
// encoder.
func reserved(key attribute.Key) bool {
	switch key {
	case debugKey, rootKey, traceIDKey, errorTag, statusTag, scopeTag, versionTag, linksTag, droppedTag:
		return true
	}
	return false
}

const tagsOpening = `,"tags":{`

// The type tags appends tags to its field json, as a JSON object whose values are strings. Without
// a tag it appends nothing.
type tags struct {
	json  []byte
	begun bool
}

// next writes the comma, or the opening, in front of a tag.
func (t *tags) next() {
	if t.begun {
		t.json = append(t.json, ',')
	} else {
		t.json, t.begun = append(t.json, tagsOpening...), true
	}
}

// end returns json, with the closing brace if there is a tag.
func (t *tags) end() []byte {
	if t.begun {
		return append(t.json, '}')
	}
	return t.json
}

// key writes the key of the next tag.
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

// encoded writes tags that are JSON already.
func (t *tags) encoded(json []byte) {
	if len(json) > 0 {
		t.next()
		t.json = append(t.json, json...)
	}
}

// attribute writes kv, unless it has to stay secret.
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
	default: // a float, or a list of numbers or booleans
		t.text(key, kv.Value.String())
	}
}
