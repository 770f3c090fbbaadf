package httpclient

import (
	"net/http"
	"net/url"
	"strconv"

	"example.com/clew/internal/clip"
	"example.com/clew/internal/redact"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// describe gives a recording span the attributes of a request, by OpenTelemetry's HTTP
// conventions. The parameter number says which attempt of its send this is, counted from 1. The
// URL is written without user, query and fragment, since they may hold secrets. It is clipped,
// since a server may redirect to a URL of any length. r may be nil if the span does not record.
func describe(span oteltrace.Span, r *http.Request, number int) {
	if !span.IsRecording() {
		return
	}
	var room [6]attribute.KeyValue
	attrs := clip.AppendMethod(room[:0], methodOf(r.Method))
	if u := r.URL; u.Host != "" {
		attrs = append(attrs,
			attribute.String("server.address", clip.UTF8(redact.Host(u.Hostname()))),
			attribute.String("url.full", clip.UTF8(redact.URL(u.Scheme+"://"+u.Host+u.EscapedPath()))))
		if port := portOf(u); port != 0 {
			attrs = append(attrs, attribute.Int("server.port", port))
		}
	}
	if number > 1 {
		attrs = append(attrs, attribute.Int("http.request.resend_count", number-1))
	}
	span.SetAttributes(attrs...) // in one call, since an SDK allocates in each
}

// portOf returns the port that u leads to; 0 if there is none, or if it is no valid port.
func portOf(u *url.URL) int {
	switch text := u.Port(); {
	case text != "":
		port, err := strconv.ParseUint(text, 10, 16)
		if err != nil {
			return 0
		}
		return int(port)
	case u.Scheme == "http":
		return 80
	case u.Scheme == "https":
		return 443
	}
	return 0
}

// conclude gives a recording span the outcome of a request to u, which may be nil. conclude does
// not end the span.
func conclude(span oteltrace.Span, status int, err error, u *url.URL) {
	if !span.IsRecording() {
		return
	}
	if status != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		if status >= 400 {
			span.SetStatus(codes.Error, "")
		}
	}
	if err != nil {
		text, told := tell(err, u)
		span.RecordError(told)
		span.SetStatus(codes.Error, text)
	}
}
