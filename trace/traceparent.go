package trace

import (
	"strings"
)

// parseTraceparent parses the header traceparent, which must have exactly one value. If the
// version is unknown, parseTraceparent reads only the fields that version 00 has (section 4.3).
func parseTraceparent(values []string) (B3, bool) {
	const length = len("00-") + 32 + len("-") + 16 + len("-00")
	if len(values) != 1 {
		return B3{}, false
	}
	s := trim(values[0])
	if len(s) < length || s[2] != '-' || s[35] != '-' || s[52] != '-' || strings.ContainsAny(s[:length], "ABCDEF") {
		return B3{}, false
	}
	var b B3
	var both [8]byte // the version, the flags, and six zeros
	if !parseID(both[:], s[:2]+s[53:55]+"000000000000") || !b.setTraceID(s[3:35]) || !parseID(b.SpanID[:], s[36:52]) {
		return B3{}, false
	}
	version, flags := both[0], both[1]
	more := len(s) > length
	if !b.SpanID.IsValid() || version == 0xff || more && (version == 0 || s[length] != '-') {
		return B3{}, false
	}
	b.Sampling = Deny
	if flags&1 == 1 {
		b.Sampling = Accept
	}
	return b, true
}
