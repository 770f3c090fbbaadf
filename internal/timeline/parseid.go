package timeline

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// ParseID returns the trace ID in text. It accepts the forms in which people find IDs:
//
//   - 16 or 32 hexadecimal digits, in upper or lower case;
//   - Datadog's decimal number of 10 to 20 digits, but 16 digits count as hexadecimal;
//   - the resource name of Google Cloud, X-Ray's form, and the value of a b3, traceparent,
//     uber-trace-id or X-Cloud-Trace-Context header, with or without the header's name;
//   - the URL of a trace in Zipkin, Jaeger and others;
//   - trace_id=…, a log line in any form that [Parser] reads, and a text with one ID in it.
//
// An error says what is wrong. It quotes nothing from the text but IDs.
func ParseID(text string) (ID, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return ID{}, errors.New("timeline: no trace ID: the text is empty")
	}
	if len(text) > MaxLine {
		return ID{}, errors.New("timeline: no trace ID: the text is longer than a line may be")
	}
	for _, read := range []func([]byte) (ID, bool){bareID, headerID, urlID, lineID} {
		if id, ok := read([]byte(text)); ok {
			return id, nil
		}
	}
	return onlyID([]byte(text))
}

// bareID reads an ID that stands alone.
func bareID(text []byte) (ID, bool) {
	text = bytes.Trim(text, "\"'`[](){}<>,;. ")
	if id, ok := hexID(text); ok && hexEnd(text, 0) == len(text) {
		return id, true
	}
	if len(text) >= minDecimal {
		if n, ok := decimal(text); ok {
			return ID{Low: n}, true
		}
	}
	return ID{}, false
}

// headerID reads the value of a tracing header, with or without the header's name.
func headerID(text []byte) (ID, bool) {
	if name, value, ok := bytes.Cut(text, []byte(":")); ok && roleOf(string(name)).strong() {
		text = bytes.TrimSpace(value)
	}
	return headerValue(text)
}

// headerValue reads the value of a b3, traceparent, uber-trace-id, X-Cloud-Trace-Context or
// X-Amzn-Trace-Id header, or Google's resource name.
func headerValue(text []byte) (ID, bool) {
	if at := bytes.LastIndex(text, []byte("/traces/")); at >= 0 {
		text = text[at+len("/traces/"):]
	}
	if at := bytes.Index(text, []byte("Root=")); at >= 0 {
		text, _, _ = bytes.Cut(text[at+len("Root="):], []byte(";"))
	}
	if len(text) == len("1-5759e988-")+24 && hexEnd(text, len("1-5759e988-")) == len(text) {
		if id, ok := xrayID(text, len("1-5759e988-"), len(text)); ok {
			return id, true
		}
	}
	if at(text, 2) == '-' { // behind the version of a traceparent
		if hexEnd(text, 0) != 2 || !isTraceparent(text, 3, hexEnd(text, 3)) {
			return ID{}, false
		}
		text = text[3:]
	}
	end := hexEnd(text, 0)
	if end == len(text) {
		return hexID(text)
	}
	switch text[end] {
	case '-': // b3, or a traceparent behind its version
		if !isSpan(text, end+1) {
			return ID{}, false
		}
		return hexID(text[:end])
	case '/': // X-Cloud-Trace-Context: TRACE_ID/SPAN_ID;o=OPTIONS
		if end != 32 {
			return ID{}, false
		}
		return hexID(text[:end])
	case ':':
		// uber-trace-id: {trace-id}:{span-id}:{parent-span-id}:{flags}, without leading zeros.
		if bytes.Count(text, []byte(":")) != 3 {
			return ID{}, false
		}
		return paddedID(text[:end])
	}
	return ID{}, false
}

// isSpan reports whether exactly 16 hexadecimal digits begin at i.
func isSpan(text []byte, i int) bool { return i < len(text) && hexEnd(text, i)-i == 16 }

// paddedID reads an ID that may lack its leading zeros, as Jaeger writes it.
func paddedID(run []byte) (ID, bool) {
	if len(run) == 0 || len(run) > 32 || hexEnd(run, 0) != len(run) {
		return ID{}, false
	}
	split := max(len(run)-16, 0)
	id := ID{hexValue(run[:split]), hexValue(run[split:])}
	return id, id != ID{}
}

// urlID reads the ID in the path of a URL: /zipkin/traces/ID, /trace/ID. Jaeger leaves out the
// leading zeros of an ID. An ID in the query of a URL has a name, so lineID finds it.
func urlID(text []byte) (ID, bool) {
	_, path, ok := bytes.Cut(text, []byte("://"))
	if !ok || bytes.IndexByte(text, ' ') >= 0 {
		return ID{}, false
	}
	for _, folder := range []string{"/traces/", "/trace/"} {
		_, behind, ok := bytes.Cut(path, []byte(folder))
		if !ok {
			continue
		}
		run := behind[:hexEnd(behind, 0)]
		if len(run) < len(behind) && isWord(behind[len(run)]) {
			continue
		}
		if len(run) > 16 && digitsEnd(run, 0) == len(run) && len(run) <= 20 {
			return bareID(run)
		}
		return paddedID(run)
	}
	return ID{}, false
}

// lineID reads the ID of a log entry, which may have several lines.
func lineID(text []byte) (ID, bool) {
	p := NewParser(ParserConfig{})
	var first *Entry
	for number := 1; len(text) > 0; number++ {
		var one []byte
		one, text, _ = bytes.Cut(text, []byte("\n"))
		if first = p.Parse(Raw{Text: bytes.TrimSuffix(one, []byte("\r")), Number: number}); first != nil {
			break
		}
	}
	if first == nil {
		first = p.Flush()
	}
	if first == nil {
		return ID{}, false
	}
	return first.Trace, first.Trace != ID{}
}

// onlyID returns the only ID of 32 digits in a text. If the text has no such ID, onlyID returns
// the only ID of 16 digits. The ID needs no name.
func onlyID(text []byte) (ID, error) {
	for _, width := range []int{32, 16} {
		found := idsIn(text, width)
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			return ID{}, fmt.Errorf("timeline: the text has several IDs, and does not say which is the trace ID: %v and %v", found[0], found[1])
		}
	}
	return ID{}, errors.New("timeline: no trace ID in the text: want 16 or 32 hexadecimal digits, a decimal number, " +
		"the value of a b3 or traceparent header, a log line or the URL of a trace")
}

// idsIn returns the first two different IDs. The parameter width is the number of their digits.
func idsIn(text []byte, width int) []ID {
	var found []ID
	for i := 0; i < len(text) && len(found) < 2; {
		end := hexEnd(text, i)
		if end-i == width {
			if id, ok := hexID(text[i:end]); ok && (len(found) == 0 || found[0] != id) {
				found = append(found, id)
			}
		}
		i = max(end, i+1)
	}
	return found
}
