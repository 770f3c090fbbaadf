package doctor

import (
	"regexp"
	"strings"

	"example.com/clew/internal/timeline"
)

// namedHeader is a trace's header in a line, with its value: X-B3-Traceid:[…], "b3":"…",
// b3=….
var namedHeader = regexp.MustCompile(`(?i)(x[-_]b3[-_](?:trace|span|parentspan)id|(?:\b|_)b3|traceparent)["\\]*\s*[:=]\s*[\["\\]*([0-9a-f][0-9a-f-]*)`)

// access is the request in a line of an access log, in which nginx and others write headers under
// names of their users' own.
var access = regexp.MustCompile(`"[A-Z]+ [^" ]+ HTTP/[0-9.]+"`)

// withoutHeaders returns the text of a line without the values of the headers that the canary has
// sent. A service that writes them into its log need not know what a trace is.
func (p *probe) withoutHeaders(text string) string {
	if p.SpanID == "" && p.Refused == "" {
		return text
	}
	spans := ownSpan(text, p.SpanID)
	bare := []byte(text)
	for _, at := range namedHeader.FindAllStringSubmatchIndex(text, -1) {
		name, value := strings.ToLower(text[at[2]:at[3]]), strings.ToLower(text[at[4]:at[5]])
		sent := p.SpanID != "" && strings.Contains(value, p.SpanID) || p.Refused != "" && strings.Contains(value, p.Refused) || p.Parent != "" && strings.Contains(value, p.Parent)
		if sent || strings.HasSuffix(name, "traceid") && !spans || strings.HasSuffix(name, "b3") && !strings.Contains(value, "-") {
			blank(bare, at[4], at[5])
		}
	}
	if p.SpanID == "" {
		return string(bare)
	}
	lower := strings.ToLower(text)
	pair := p.TraceID + "-" + p.SpanID
	for from := 0; ; {
		at := strings.Index(lower[from:], pair)
		if at < 0 || len(lower) != len(text) {
			return string(bare)
		}
		at += from
		from = at + len(pair)
		if !bracketed(text, at, from) {
			blank(bare, at, from)
		}
	}
}

// ownSpan tells whether a line names a span beside the caller's as B3's headers do: old tracers
// of Spring's call their fields so.
func ownSpan(text, callers string) bool {
	for _, found := range namedHeader.FindAllStringSubmatch(text, -1) {
		if strings.EqualFold(found[1], "X-B3-SpanId") && !strings.EqualFold(found[2], callers) {
			return true
		}
	}
	return false
}

// bracketed tells whether a pair stands as Spring's loggers write it, [TRACE-SPAN], and not as Go
// writes a header's values.
func bracketed(text string, start, end int) bool {
	return start > 0 && text[start-1] == '[' && end < len(text) && text[end] == ']' && (start < 2 || text[start-2] != ':')
}

func blank(text []byte, from, to int) {
	for i := from; i < to; i++ {
		text[i] = ' '
	}
}

// traceOf returns the trace that a line is of.
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
