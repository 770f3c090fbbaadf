package zipkin

import (
	"encoding/hex"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// mostLinks bounds the links of a span: a batch job may have thousands.
const mostLinks = 64

// appendLinks writes links as one text, since Zipkin has no links. The text contains the trace and
// span ID of each link, in the form of a b3 header.
func appendLinks(dst []byte, links []sdktrace.Link) []byte {
	dst = append(dst, '"')
	for i, link := range links[:min(len(links), mostLinks)] {
		if i > 0 {
			dst = append(dst, ',')
		}
		id, span := link.SpanContext.TraceID(), link.SpanContext.SpanID()
		dst = append(appendTraceID(dst, id), '-')
		dst = hex.AppendEncode(dst, span[:])
	}
	return append(dst, '"')
}
