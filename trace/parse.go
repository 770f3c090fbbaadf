package trace

import (
	"errors"
	"strings"
)

// The errors quote nothing of the input: errors end up in logs, and the input comes from outside.
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
// digits are accepted. Anything else is an error, and so is the empty value. The error quotes
// nothing of the value.
//
// See https://github.com/openzipkin/b3-propagation#single-header.
func Parse(single string) (B3, error) {
	s := trim(single)
	if len(s) < 16 {
		return parseLone(s)
	}
	digits := strings.IndexByte(s, '-')
	if digits < 0 {
		digits = len(s)
	}
	var b B3
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
	if err := b.setTail(s[17:]); err != nil {
		return B3{}, err
	}
	return b, nil
}

// parseLone reads a state without IDs.
func parseLone(s string) (B3, error) {
	if s == "" {
		return B3{}, errEmpty
	}
	state, ok := parseState(s[0])
	if !ok || len(s) > 1 {
		return B3{}, errLone
	}
	return B3{Sampling: state}, nil
}

// setTail reads the state and the parent that may follow the two IDs. It distinguishes the forms
// by their length, so that it can check each separator.
func (b *B3) setTail(s string) error {
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
			return errSeparator
		}
	default:
		return errSeparator
	}
	if s != "" && s[0] != '-' {
		return errSeparator
	}
	if state != "" {
		var ok bool
		if b.Sampling, ok = parseState(state[0]); !ok {
			return errSampling
		}
	}
	if parent != "" && !parseID(b.ParentSpanID[:], parent) {
		return errParent
	}
	return nil
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

// setTraceID reads 16 or 32 digits, and reports whether they are a valid trace ID. It sets wide
// if the bytes alone do not show the width.
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

// equalFold compares in ASCII, ignoring case. It compares the lengths because strings.EqualFold
// treats the letter ſ, which has two bytes, as an s.
func equalFold(s, ascii string) bool { return len(s) == len(ascii) && strings.EqualFold(s, ascii) }

// trim removes the white space that RFC 9110, 5.6.3 allows around a field value. It also removes
// line ends, because carriers other than HTTP let them through. It does not use
// strings.TrimSpace: Unicode's other spaces are malformed in a header.
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
