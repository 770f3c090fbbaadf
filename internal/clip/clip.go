// Package clip limits the length of text that strangers choose and that goes into a line or a
// span. It also derives the name of a span from the method of a request.
//
// Packages httpclient, httpmw, internal/redact, logctx, workerpool and zipkin import it. It is a
// package of its own because they must all follow the same rules, and none may import all others.
package clip

import (
	"strings"
	"unicode/utf8"
)

// Max is the largest number of bytes of a text that go into a line or a span. All programs should
// support a URI of that length (RFC 9110, 4.1).
const Max = 8000

// Text cuts s after Max bytes, between characters, and marks the cut with "…".
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

// UTF8 is like [Text], for text in a span. Each byte that is not UTF-8 becomes U+FFFD, as in the
// encoders of log lines. One such byte would make OpenTelemetry's OTLP exporter lose all spans of
// a batch.
func UTF8(s string) string {
	s = Text(s) // first, since s may be very long
	if utf8.ValidString(s) {
		return s
	}
	return Text(strings.Map(func(r rune) rune { return r }, s)) // Map writes U+FFFD by itself
}
