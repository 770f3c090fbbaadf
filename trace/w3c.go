package trace

import (
	"slices"
	"strings"

	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// W3C Trace Context, level 1: https://www.w3.org/TR/trace-context-1/.
//
// OpenTelemetry's propagator writes it; reading is done here. Theirs (v1.47) reads only the
// first of several tracestate headers, loses the trace to flags that are not defined yet, takes
// "00-…-01-" for well-formed, finds keys in lower case only, and makes 4 MiB out of 1 MiB of
// tracestate.
var w3c propagation.TraceContext

var w3cFields = []string{"traceparent", "tracestate"}

const (
	headerTraceparent = "Traceparent"
	headerTracestate  = "Tracestate"
)

// w3cValues returns all values of traceparent and of tracestate.
func w3cValues(carrier propagation.TextMapCarrier) (parents, states []string) {
	switch c := carrier.(type) {
	case propagation.HeaderCarrier:
		return c[headerTraceparent], c[headerTracestate]
	case propagation.ValuesGetter:
		if parents = c.Values(w3cFields[0]); len(parents) > 0 {
			return parents, c.Values(w3cFields[1])
		}
	}
	var values [2]string
	find(carrier, w3cFields, values[:])
	return values[:1], values[1:]
}

// parseTraceparent reads traceparent, of which there must be one. Of a version that is not
// known, it reads what that has in common with version 00 (section 4.3).
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
	var both [8]byte // the version and the flags, and zeros
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

// What of tracestate is handed on. W3C asks for 512 characters at least (section 3.3.1.5), and
// more would be for the caller to decide how much memory each span and queued task costs.
const (
	maxTracestate = 512
	maxMembers    = 32
	maxElements   = 2 * maxMembers // with empty and repeated ones: RFC 9110, 5.6.1.2
	longMember    = 128            // these are the first to go where there is too much
)

// parseTracestate combines the values of tracestate. Of members with the same key the first
// counts; more than 32 are none; what is over 512 characters is left out.
func parseTracestate(values []string) oteltrace.TraceState {
	var members []string
	total := func() int { // joined by commas
		n := len(members) - 1
		for _, member := range members {
			n += len(member)
		}
		return n
	}
	elements := 0
	for _, value := range values {
		for member := range strings.SplitSeq(value, ",") {
			if elements++; elements > maxElements {
				return oteltrace.TraceState{}
			}
			if member = strings.Trim(member, " \t"); member == "" {
				continue // lawful: headers that were joined have them
			}
			if slices.ContainsFunc(members, func(m string) bool { return keyOf(m) == keyOf(member) }) {
				continue
			}
			if len(members) == maxMembers {
				return oteltrace.TraceState{}
			}
			members = append(members, member)
		}
	}
	if total() > maxTracestate {
		members = slices.DeleteFunc(members, func(m string) bool { return len(m) > longMember })
	}
	for total() > maxTracestate {
		members = members[:len(members)-1]
	}
	// A copy: what is parsed out of it outlives the message, and must not keep that alive.
	state, _ := oteltrace.ParseTraceState(strings.Clone(strings.Join(members, ",")))
	return state
}

func keyOf(member string) string {
	key, _, _ := strings.Cut(member, "=")
	return key
}
