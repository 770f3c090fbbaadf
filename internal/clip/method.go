package clip

import (
	"net/http"

	"go.opentelemetry.io/otel/attribute"
)

// Method returns the name that a span gets from a request's method: the method, or "HTTP" if the
// method is unknown. OpenTelemetry's HTTP conventions demand this. Spans are grouped by name, so
// strangers must not invent names.
func Method(method string) string {
	if isKnown(method) {
		return method
	}
	return "HTTP"
}

// AppendMethod appends the span attributes for a request's method.
func AppendMethod(attrs []attribute.KeyValue, method string) []attribute.KeyValue {
	if isKnown(method) {
		return append(attrs, attribute.String("http.request.method", method))
	}
	return append(attrs,
		attribute.String("http.request.method", "_OTHER"),
		attribute.String("http.request.method_original", UTF8(method)))
}

// isKnown reports whether method is one of RFC 9110, or PATCH (RFC 5789). The comparison is
// case-sensitive.
func isKnown(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}
