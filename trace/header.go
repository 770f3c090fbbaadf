package trace

import (
	"net/http"
	"strconv"
	"strings"
)

// Header names as net/http keeps them, to look them up in the map directly. Six calls of
// Header.Get with lower-case names would cost six allocations.
const (
	headerSingle  = "B3"
	headerTraceID = "X-B3-Traceid"
	headerSpanID  = "X-B3-Spanid"
	headerParent  = "X-B3-Parentspanid"
	headerSampled = "X-B3-Sampled"
	headerFlags   = "X-B3-Flags"
)

// FromHeader reads B3 from h: the b3 header if it is there and well-formed, else the X-B3-*
// headers. It never mixes the two forms. Without any B3 it returns the zero B3 and no error. For
// a state that came alone it returns a B3 without IDs. If something was malformed and nothing
// valid remains, the B3 is zero, and the error says what was wrong without quoting the header.
// Treat such a request as one without B3.
//
// The keys of h must be in canonical form, as they are in every header that net/http
// parsed or that was written with [http.Header.Set]. The first value of a repeated header
// counts. FromHeader only reads h. A nil h has no B3.
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
	if m.traceID != "" { // without a trace ID, a parent means nothing
		m.parent = first(h, headerParent)
	}
	b, err := parseMulti(&m)
	if malformed != nil && err == nil && b == (B3{}) {
		err = malformed
	}
	return b, err
}

// first returns the first value of the header named key, trimmed, or "" if the header has no
// value.
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
	default: // Finagle and old tracers for Ruby write words
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
		b.ParentSpanID = [8]byte{} // a bad parent does not end the trace
	}
	return b, nil
}

// isDebug reports whether the value of X-B3-Flags means debug. Finagle writes a bit field as a
// decimal number: bit 0 is debug, and bits 3 and up are the sampling rate. For debug at a sampling
// rate of 0.1 %, it writes 7853347705.
func isDebug(flags string) bool {
	switch flags {
	case "", "0":
		return false
	case "1":
		return true
	}
	flags = strings.TrimLeft(flags, "0")
	if len(flags) > len("18446744073709551615") {
		return false // do not call ParseUint: its error would hold a copy of the long value
	}
	field, err := strconv.ParseUint(flags, 10, 64)
	return err == nil && field > 7 && field&1 == 1
}
