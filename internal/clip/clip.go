// Package clip is about text that strangers choose and that goes into a line or a span: how much
// of it is kept, and how a request's method names a span.
//
// Packages httpclient, httpmw, internal/redact, logctx, workerpool and zipkin import it. It is a
// package of its own because they must all keep the same, and none may import all others.
package clip

import (
	"strings"
	"unicode/utf8"
)

// Max is how much of it goes into a line or a span: the length that all should support for a URI
// (RFC 9110, 4.1).
const Max = 8000

// Text cuts s after Max bytes, between characters, and says so.
func Text(s string) string {
	if len(s) <= Max {
		return s
	}
	end := Max
	for end > Max-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// UTF8 is [Text] for a span. Bytes that are not UTF-8 are replaced by U+FFFD, each by one, as the
// encoders of log lines do. OpenTelemetry's OTLP exporter loses all spans of a batch for one such
// byte.
func UTF8(s string) string {
	s = Text(s) // first, since s may be very long
	if utf8.ValidString(s) {
		return s
	}
	return Text(strings.Map(func(r rune) rune { return r }, s)) // Map itself writes U+FFFD
}
