package zipkin

import (
	"example.com/clew/internal/clip"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// bulk returns the approximate number of bytes of text in a span. The span's JSON is longer
// because of names and escapes, or shorter because parts are left out.
func bulk(s sdktrace.ReadOnlySpan) int {
	const most = clip.Max // the encoder cuts a longer text
	n := min(len(s.Name()), most) + min(len(s.Status().Description), most) + bulkOf(s.Attributes())
	for _, event := range s.Events() {
		n += min(len(event.Name)+bulkOf(event.Attributes), most)
	}
	return n + 1
}

func bulkOf(attrs []attribute.KeyValue) (n int) {
	for _, kv := range attrs {
		n += min(len(kv.Key), clip.Max) + min(bulkOfValue(kv.Value, clip.Max), clip.Max)
	}
	return n
}

// bulkOfValue returns the bulk of v. In a list of values or a map, it ignores further items once n
// has reached most.
func bulkOfValue(v attribute.Value, most int) (n int) {
	switch v.Type() {
	case attribute.STRING, attribute.BYTESLICE:
		return len(v.AsString())
	case attribute.STRINGSLICE:
		for _, text := range v.AsStringSlice() {
			n += len(text)
		}
	case attribute.SLICE:
		for _, v := range v.AsSlice() {
			if n < most {
				n += bulkOfValue(v, most-n)
			}
		}
	case attribute.MAP:
		for _, kv := range v.AsMap() {
			if n < most {
				n += len(kv.Key) + bulkOfValue(kv.Value, most-n)
			}
		}
	case attribute.BOOLSLICE:
		return len(v.AsBoolSlice())
	case attribute.INT64SLICE:
		return len(v.AsInt64Slice())
	case attribute.FLOAT64SLICE:
		return len(v.AsFloat64Slice())
	}
	return n + 1
}
