package zipkin

import (
	"encoding/base64"
	"math"
	"strings"

	"example.com/clew/internal/clip"
	"go.opentelemetry.io/otel/attribute"
)

// deepest is how many lists and maps in each other are told.
const deepest = 32

// nested returns bytes, a list or a map as OpenTelemetry writes them outside OTLP, in base64 and
// as JSON, but without what may not be told. What stands in a map is judged as if its keys were
// written after the attribute's, with dots between them.
func nested(key string, may telling, v attribute.Value) string {
	if v.Type() == attribute.BYTESLICE {
		return base64.StdEncoding.EncodeToString([]byte(may.told(string(v.AsByteSlice()))))
	}
	return string(appendNested(nil, key, may, v, deepest))
}

// appendNested appends v as JSON. It goes no deeper than depth, and leaves out what would be cut
// off at the end anyway.
func appendNested(dst []byte, path string, may telling, v attribute.Value, depth int) []byte {
	if depth == 0 {
		return append(dst, `"…"`...)
	}
	begin := len(dst)
	next := func() bool { // opens the next item, if there is room for it
		switch {
		case len(dst) > clip.Max:
			return false
		case len(dst) > begin+1:
			dst = append(dst, ',')
		}
		return true
	}
	switch v.Type() {
	case attribute.STRING:
		return appendText(dst, may.told(v.AsString()))
	case attribute.BYTESLICE:
		return appendText(dst, nested(path, may, v))
	case attribute.STRINGSLICE:
		dst = append(dst, '[')
		for _, text := range v.AsStringSlice() {
			if next() {
				dst = appendText(dst, may.told(text))
			}
		}
		return append(dst, ']')
	case attribute.SLICE:
		dst = append(dst, '[')
		for _, item := range v.AsSlice() {
			if may := max(may, mayTellWithin(path, item)); may != nothing && next() {
				dst = appendNested(dst, path, may, item, depth-1)
			}
		}
		return append(dst, ']')
	case attribute.MAP:
		dst = append(dst, '{')
		pair := v.AsMap()
		name := nameIn(pair)
		for _, kv := range pair {
			key := string(kv.Key)
			path := path + "." + key
			may := max(may, mayTellWithin(path, kv.Value))
			named := name != "" && strings.EqualFold(key, "value")
			if named {
				may = max(may, mayTellWithin(path[:len(path)-len(key)]+name, kv.Value))
			}
			if credential(key) || named && credential(name) {
				may = nothing
			}
			if may != nothing && next() {
				dst = append(appendText(dst, key), ':')
				dst = appendNested(dst, path, may, kv.Value, depth-1)
			}
		}
		return append(dst, '}')
	case attribute.EMPTY:
		return append(dst, "null"...)
	case attribute.FLOAT64:
		if f := v.AsFloat64(); math.IsNaN(f) || math.IsInf(f, 0) {
			return appendText(dst, v.String())
		}
	}
	return append(dst, v.String()...) // numbers
}

// nameIn returns the name of a header that is told as {"name": "accept", "value": "text/html"}; ""
// if it is not.
func nameIn(pair []attribute.KeyValue) string {
	for _, kv := range pair {
		if key := string(kv.Key); strings.EqualFold(key, "name") || strings.EqualFold(key, "key") {
			return kv.Value.AsString() // "" if it is none
		}
	}
	return ""
}

// mayTellWithin returns what may be told of v, which stands in a map or in a list: path is the
// attribute's key and those of the maps. A map may be a whole request, or a copy of all
// attributes, and so each end of path is judged.
func mayTellWithin(path string, v attribute.Value) telling {
	if v.Type() != attribute.MAP && v.Type() != attribute.SLICE && nameless(path) {
		return nothing
	}
	most := mayTell(path)
	for rest, more := path, true; more; {
		if _, rest, more = strings.Cut(rest, "."); more {
			most = max(most, mayTell(rest))
		}
	}
	return most
}
