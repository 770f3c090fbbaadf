package doctor

import (
	"regexp"
	"strings"

	"example.com/clew/internal/timeline"
)

// namedHeader matches the name and the value of a trace header in a line, in forms such as
// X-B3-Traceid:[…], "b3":"…" and b3=….
var namedHeader = regexp.MustCompile(`(?i)(x[-_]b3[-_](?:trace|span|parentspan)id|(?:\b|_)b3|traceparent)["\\]*\s*[:=]\s*[\["\\]*([0-9a-f][0-9a-f-]*)`)

// access matches the request in a line of an access log. In such lines, nginx and others write
// headers under names that their users choose.
var access = regexp.MustCompile(`"[A-Z]+ [^" ]+ HTTP/[0-9.]+"`)

// withoutHeaders returns the text of a line without the values of the headers that the canary has
// sent. A service may write these values into its log without knowing what a trace is.
func (p *probe) withoutHeaders(text string) string {
	if p.SpanID == "" && p.Refused == "" {
		return text
	}
	bare, lower := []byte(text), strings.ToLower(text)
	// The pattern is slow, and lines may be long.
	if strings.Contains(lower, "b3") || strings.Contains(lower, "traceparent") {
		ownSpan := ownSpan(text, p.SpanID)
		for _, at := range namedHeader.FindAllStringSubmatchIndex(text, -1) {
			if p.isRequests(text[at[2]:at[3]], text[at[4]:at[5]], ownSpan) {
				blank(bare, at[4], at[5])
			}
		}
	}
	if p.SpanID != "" && len(lower) == len(text) { // else the offsets in lower and text differ
		p.blankPairs(bare, lower)
	}
	return string(bare)
}

// isRequests reports whether a header in a line is a header of the request. If the value contains
// an ID that the canary has sent, it is. Otherwise the header's name and the form of the value
// decide. In a line with the service's own span, X-B3-TraceId is a field of the service. The
// parameter ownSpan reports whether this is such a line.
func (p *probe) isRequests(name, value string, ownSpan bool) bool {
	name, value = strings.ToLower(name), strings.ToLower(value)
	for _, id := range []string{p.SpanID, p.Refused, p.Parent} {
		if id != "" && strings.Contains(value, id) {
			return true
		}
	}
	if strings.HasSuffix(name, "traceid") {
		return !ownSpan
	}
	return strings.HasSuffix(name, "b3") && !strings.Contains(value, "-")
}

// blankPairs looks for the canary's trace ID and span ID with a hyphen between them. It writes
// spaces over each such pair in bare, except for pairs that a logger of Spring has written. The
// parameter lower is the same text in lower case.
func (p *probe) blankPairs(bare []byte, lower string) {
	pair := p.TraceID + "-" + p.SpanID
	for end := 0; ; {
		at := strings.Index(lower[end:], pair)
		if at < 0 {
			return
		}
		start := end + at
		end = start + len(pair)
		if !bracketed(lower, start, end) {
			blank(bare, start, end)
		}
	}
}

// ownSpan reports whether a line has a field X-B3-SpanId with another span than the caller's. Old
// tracers of Spring name their own fields like B3's headers.
func ownSpan(text, callers string) bool {
	for _, found := range namedHeader.FindAllStringSubmatch(text, -1) {
		if strings.EqualFold(found[1], "X-B3-SpanId") && !strings.EqualFold(found[2], callers) {
			return true
		}
	}
	return false
}

// bracketed reports whether a pair has the form of Spring's loggers, [TRACE-SPAN]. The form
// NAME:[TRACE-SPAN] is not theirs: Go's fmt package prints headers so.
func bracketed(text string, start, end int) bool {
	return start > 0 && text[start-1] == '[' && end < len(text) && text[end] == ']' && (start < 2 || text[start-2] != ':')
}

func blank(text []byte, from, to int) {
	for i := from; i < to; i++ {
		text[i] = ' '
	}
}

// traceOf returns the trace ID of a line.
func traceOf(text string) (id timeline.ID) {
	parser := timeline.NewParser(timeline.ParserConfig{})
	take := func(e *timeline.Entry) {
		if e != nil && id == (timeline.ID{}) {
			id = e.Trace
		}
	}
	for one := range strings.Lines(text) {
		take(parser.Parse(timeline.Raw{Text: []byte(strings.TrimSuffix(one, "\n"))}))
	}
	for e := parser.Flush(); e != nil; e = parser.Flush() {
		take(e)
	}
	return id
}
