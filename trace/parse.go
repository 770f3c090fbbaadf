package trace

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// Header names as net/http keeps them. They are looked up in the map directly: six
// Header.Get calls with lower-case names cost six allocations.
const (
	headerSingle  = "B3"
	headerTraceID = "X-B3-Traceid"
	headerSpanID  = "X-B3-Spanid"
	headerParent  = "X-B3-Parentspanid"
	headerSampled = "X-B3-Sampled"
	headerFlags   = "X-B3-Flags"
)

// The errors quote nothing of the input: it came from outside, and errors end in logs.
var (
	errEmpty     = errors.New("trace: malformed b3: empty")
	errLone      = errors.New("trace: malformed b3: neither a sampling state nor IDs")
	errTraceID   = errors.New("trace: malformed B3: trace ID is not 16 or 32 hexadecimal digits, or is zero")
	errSpanID    = errors.New("trace: malformed B3: span ID is not 16 hexadecimal digits, or is zero")
	errParent    = errors.New("trace: malformed b3: parent span ID is not 16 hexadecimal digits")
	errSampling  = errors.New("trace: malformed B3: unknown sampling state")
	errSeparator = errors.New("trace: malformed b3: wrong length or separator")
	errPair      = errors.New("trace: malformed B3: trace ID and span ID come together or not at all")
)

// Parse reads the value of a b3 header: trace-span, trace-span-state, trace-span-parent,
// trace-span-state-parent, or a state alone. White space around it is trimmed and upper-case
// digits are accepted. Anything else is an error, the empty value too; the error quotes
// nothing of single.
//
// See https://github.com/openzipkin/b3-propagation#single-header.
func Parse(single string) (B3, error) {
	s := trim(single)
	switch {
	case s == "":
		return B3{}, errEmpty
	case len(s) == 1:
		state, ok := parseState(s[0])
		if !ok {
			return B3{}, errLone
		}
		return B3{Sampling: state}, nil
	case len(s) < 16:
		return B3{}, errLone
	}

	var b B3
	digits := strings.IndexByte(s, '-')
	if digits < 0 {
		digits = len(s)
	}
	if !b.setTraceID(s[:digits]) {
		return B3{}, errTraceID
	}
	s = s[digits:]
	if len(s) < 17 {
		return B3{}, errPair
	}
	if !parseID(b.SpanID[:], s[1:17]) || !b.SpanID.IsValid() {
		return B3{}, errSpanID
	}

	// What may follow is told apart by its length, so that no separator goes unchecked.
	s = s[17:]
	state, parent := "", ""
	switch len(s) {
	case 0:
	case 2: // -state
		state = s[1:]
	case 17: // -parent
		parent = s[1:]
	case 19: // -state-parent
		state, parent = s[1:2], s[3:]
		if s[2] != '-' {
			return B3{}, errSeparator
		}
	default:
		return B3{}, errSeparator
	}
	if s != "" && s[0] != '-' {
		return B3{}, errSeparator
	}
	if state != "" {
		var ok bool
		if b.Sampling, ok = parseState(state[0]); !ok {
			return B3{}, errSampling
		}
	}
	if parent != "" && !parseID(b.ParentSpanID[:], parent) {
		return B3{}, errParent
	}
	return b, nil
}

// FromHeader reads B3 from h: the b3 header if it is there and well-formed, else the X-B3-*
// headers; nothing of the losing form is used. No B3 at all is a zero B3 and no error, a
// state that came alone is a B3 without IDs. If something was malformed and nothing valid
// remains, the B3 is zero and the error says what was wrong, without quoting it: treat it
// as a request without B3.
//
// The keys of h must be in canonical form, as they are in every header that net/http
// parsed or that was written with [http.Header.Set]. Of a repeated header the first value
// counts. h is only read; a nil h has no B3.
func FromHeader(h http.Header) (B3, error) {
	var malformed error
	if v := first(h, headerSingle); v != "" {
		b, err := Parse(v)
		if err == nil {
			return b, nil
		}
		malformed = err
	}
	m := multi{
		traceID: first(h, headerTraceID),
		spanID:  first(h, headerSpanID),
		sampled: first(h, headerSampled),
		flags:   first(h, headerFlags),
	}
	if m.traceID == "" && m.spanID == "" && m.sampled == "" && m.flags == "" {
		return B3{}, malformed
	}
	if m.traceID != "" { // else nobody asks for a parent
		m.parent = first(h, headerParent)
	}
	b, err := parseMulti(&m)
	if malformed != nil && err == nil && b == (B3{}) {
		err = malformed
	}
	return b, err
}

// first returns the first value of the header, trimmed; "" if there is none.
func first(h http.Header, key string) string {
	if v := h[key]; len(v) > 0 {
		return trim(v[0])
	}
	return ""
}

// multi holds the values of the X-B3-* headers, trimmed.
type multi struct{ traceID, spanID, parent, sampled, flags string }

func parseMulti(m *multi) (B3, error) {
	var b B3
	switch m.sampled {
	case "":
	case "0":
		b.Sampling = Deny
	case "1":
		b.Sampling = Accept
	default: // Finagle and old Ruby tracers write words
		switch {
		case equalFold(m.sampled, "false"):
			b.Sampling = Deny
		case equalFold(m.sampled, "true"):
			b.Sampling = Accept
		default:
			return B3{}, errSampling
		}
	}
	if isDebug(m.flags) {
		b.Sampling = Debug
	}
	if m.traceID == "" && m.spanID == "" {
		return b, nil
	}
	if m.traceID == "" || m.spanID == "" {
		return B3{}, errPair
	}
	if !b.setTraceID(m.traceID) {
		return B3{}, errTraceID
	}
	if !parseID(b.SpanID[:], m.spanID) || !b.SpanID.IsValid() {
		return B3{}, errSpanID
	}
	if m.parent != "" && !parseID(b.ParentSpanID[:], m.parent) {
		b.ParentSpanID = [8]byte{} // a bad parent never costs the caller the trace
	}
	return b, nil
}

// isDebug reads X-B3-Flags. Finagle writes a bit field in decimal: bit 0 is debug, bits 3
// and up carry its sampling rate, so debug at 0.1 % reads 7853347705.
func isDebug(flags string) bool {
	switch flags {
	case "", "0":
		return false
	case "1":
		return true
	}
	flags = strings.TrimLeft(flags, "0")
	if len(flags) > len("18446744073709551615") {
		return false // not left to ParseUint: its error holds a copy of all there is
	}
	field, err := strconv.ParseUint(flags, 10, 64)
	return err == nil && field > 7 && field&1 == 1
}

func parseState(c byte) (Sampling, bool) {
	switch c {
	case '0':
		return Deny, true
	case '1':
		return Accept, true
	case 'd':
		return Debug, true
	}
	return Defer, false
}

// setTraceID reads 16 or 32 digits and remembers the width where the bytes would not.
func (b *B3) setTraceID(s string) bool {
	switch len(s) {
	case 16:
		return parseID(b.TraceID[8:], s) && b.TraceID.IsValid()
	case 32:
		ok := parseID(b.TraceID[:], s) && b.TraceID.IsValid()
		b.wide = ok && isZero(b.TraceID[:8])
		return ok
	}
	return false
}

// equalFold compares in ASCII: to strings.EqualFold alone, a long s is an s.
func equalFold(s, ascii string) bool { return len(s) == len(ascii) && strings.EqualFold(s, ascii) }

// trim removes the white space that a field value may have around it (RFC 9110, 5.6.3),
// and line ends, which reach us from carriers that are not HTTP. Not strings.TrimSpace:
// what Unicode calls a space is malformed in a header.
func trim(s string) string {
	if n := len(s); n > 0 && s[0] > ' ' && s[n-1] > ' ' { // nearly always
		return s
	}
	for len(s) > 0 && isSpace(s[0]) {
		s = s[1:]
	}
	for len(s) > 0 && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
