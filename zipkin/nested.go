package zipkin

import (
	"encoding/base64"
	"math"
	"strings"

	"example.com/clew/internal/clip"
	"go.opentelemetry.io/otel/attribute"
)

// deepest is the depth to which lists and maps are written.
const deepest = 32

// The function nested returns v as text, in the form that OpenTelemetry specifies for protocols
// other than OTLP: bytes in base64, and a list or a map as JSON. It leaves out secrets. For a
// value in a map, the attribute's key and the map's keys, joined by dots, decide how much may be
// told.
func nested(key string, may telling, v attribute.Value) string {
	if v.Type() == attribute.BYTESLICE {
		return base64.StdEncoding.EncodeToString([]byte(may.told(string(v.AsByteSlice()))))
	}
	return string(appendNested(nil, key, may, v, deepest))
}

// appendNested appends v as JSON. It goes no deeper than depth, and leaves out items that would be
// cut off at the end anyway.
func appendNested(dst []byte, path string, may telling, v attribute.Value, depth int) []byte {
	if depth == 0 {
		return append(dst, `"…"`...)
	}
	switch v.Type() {
	case attribute.STRING:
		return appendText(dst, may.told(v.AsString()))
	case attribute.BYTESLICE:
		return appendText(dst, nested(path, may, v))
	case attribute.STRINGSLICE:
		return appendStrings(dst, may, v.AsStringSlice())
	case attribute.SLICE:
		return appendList(dst, path, may, v.AsSlice(), depth-1)
	case attribute.MAP:
		return appendMap(dst, path, may, v.AsMap(), depth-1)
	case attribute.EMPTY:
		return append(dst, "null"...)
	case attribute.FLOAT64:
		if f := v.AsFloat64(); math.IsNaN(f) || math.IsInf(f, 0) {
			return appendText(dst, v.String())
		}
	}
	return append(dst, v.String()...) // a number, a boolean, or a list of these
}

func appendStrings(dst []byte, may telling, texts []string) []byte {
	begin := len(dst)
	dst = append(dst, '[')
	for _, text := range texts {
		if isLong(dst) {
			break
		}
		dst = appendText(appendComma(dst, begin), may.told(text))
	}
	return append(dst, ']')
}

func appendList(dst []byte, path string, may telling, list []attribute.Value, depth int) []byte {
	begin := len(dst)
	dst = append(dst, '[')
	for _, item := range list {
		if isLong(dst) {
			break
		}
		if may := max(may, mayTellWithin(path, item)); may != nothing {
			dst = appendNested(appendComma(dst, begin), path, may, item, depth)
		}
	}
	return append(dst, ']')
}

func appendMap(dst []byte, path string, may telling, pairs []attribute.KeyValue, depth int) []byte {
	begin := len(dst)
	dst = append(dst, '{')
	name := nameIn(pairs)
	for _, kv := range pairs {
		if isLong(dst) {
			break
		}
		if may := max(may, mayTellPair(path, name, kv)); may != nothing {
			key := string(kv.Key)
			dst = append(appendText(appendComma(dst, begin), key), ':')
			dst = appendNested(dst, path+"."+key, may, kv.Value, depth)
		}
	}
	return append(dst, '}')
}

// isLong reports whether dst is so long that text appended to it would be cut off.
func isLong(dst []byte) bool { return len(dst) > clip.Max }

// appendComma appends a comma, unless the next item is the first after the bracket at begin.
func appendComma(dst []byte, begin int) []byte {
	if len(dst) > begin+1 {
		return append(dst, ',')
	}
	return dst
}

// nameIn returns the name of a header if pairs is a header in the form {"name": "accept", "value":
// "text/html"}. For any other map it returns "".
func nameIn(pairs []attribute.KeyValue) string {
	for _, kv := range pairs {
		if key := string(kv.Key); strings.EqualFold(key, "name") || strings.EqualFold(key, "key") {
			return kv.Value.AsString() // "" if it is no string
		}
	}
	return ""
}

// mayTellPair returns how much may be told of kv, a pair of the map at path. The parameter name is
// the result of nameIn for the map.
func mayTellPair(path, name string, kv attribute.KeyValue) telling {
	key := string(kv.Key)
	if credential(key) {
		return nothing
	}
	may := mayTellWithin(path+"."+key, kv.Value)
	if name != "" && strings.EqualFold(key, "value") {
		if credential(name) {
			return nothing
		}
		may = max(may, mayTellWithin(path+"."+name, kv.Value))
	}
	return may
}

// mayTellWithin returns how much may be told of v, a value in a map or in a list. The parameter
// path is the attribute's key and the keys of the maps around v, joined by dots. Each suffix of
// path is checked too. A map may hold a whole request or a copy of all attributes, and then its
// keys are full attribute names.
func mayTellWithin(path string, v attribute.Value) telling {
	if v.Type() != attribute.MAP && v.Type() != attribute.SLICE && nameless(path) {
		return nothing
	}
	may := mayTell(path)
	for end, more := path, true; more; {
		if _, end, more = strings.Cut(end, "."); more {
			may = max(may, mayTell(end))
		}
	}
	return may
}
