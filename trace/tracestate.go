package trace

import (
	"slices"
	"strings"

	oteltrace "go.opentelemetry.io/otel/trace"
)

// These are the limits of a tracestate that is sent on. W3C asks for 512 characters at least
// (section 3.3.1.5). If clew kept more, a caller would decide how much memory each span and queued
// task costs.
const (
	maxTracestate = 512
	maxMembers    = 32
	maxElements   = 2 * maxMembers // empty and repeated elements count too: RFC 9110, 5.6.1.2
	longMember    = 128            // longer members are dropped first
)

// parseTracestate combines the values of all tracestate headers. If several members have the same
// key, the first counts. If there are more than 32 members, the result is empty. Members beyond
// 512 characters are left out.
func parseTracestate(values []string) oteltrace.TraceState {
	var members []string
	total := func() int { // the length of all members, joined by commas
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
				continue // allowed, because joined headers can contain empty members
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
	// Make a copy: the parts of the state outlive the message, and must not keep the message in
	// memory.
	state, _ := oteltrace.ParseTraceState(strings.Clone(strings.Join(members, ",")))
	return state
}

func keyOf(member string) string {
	key, _, _ := strings.Cut(member, "=")
	return key
}
