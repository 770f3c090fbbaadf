package doctor

import (
	"net/http"
	"strings"

	"example.com/clew/internal/canary"
)

// carried is a trace as headers carry it.
type carried struct {
	name              string // of the header
	trace, span       string
	parent            string
	state             string // as canaries have it
	decided, hasTrace bool   // there is a state; there are IDs
}

// traceNames are the headers that carry a trace from one service to the next.
var traceNames = []string{"b3", "X-B3-TraceId", "X-B3-SpanId", "X-B3-ParentSpanId", "X-B3-Sampled", "X-B3-Flags", "traceparent", "tracestate"}

// IsTraceHeader tells whether a header is one that canaries have themselves.
func IsTraceHeader(name string) bool {
	for _, other := range traceNames {
		if strings.EqualFold(name, other) {
			return true
		}
	}
	return false
}

// carriedBy returns all traces that headers carry, in the order in which B3 prefers them.
func carriedBy(h http.Header) (all []carried) {
	for _, c := range []carried{single(h.Get("b3")), multi(h), traceparent(h.Get("traceparent"))} {
		if c.hasTrace || c.decided {
			all = append(all, c)
		}
	}
	return all
}

func single(value string) carried {
	c := carried{name: "b3", state: canary.Defer}
	parts := strings.Split(strings.TrimSpace(value), "-")
	state := parts[0]
	if len(parts) > 1 {
		c.trace, c.span, c.hasTrace = parts[0], parts[1], true
		state = ""
	}
	if len(parts) > 2 {
		state = parts[2]
	}
	if len(parts) > 3 {
		c.parent = parts[3]
	}
	switch state {
	case "0":
		c.state, c.decided = canary.Deny, true
	case "1":
		c.state, c.decided = canary.Accept, true
	case "d":
		c.state, c.decided = canary.Debug, true
	}
	return c
}

func multi(h http.Header) carried {
	c := carried{name: "X-B3-TraceId", trace: h.Get("X-B3-TraceId"), span: h.Get("X-B3-SpanId"), state: canary.Defer}
	c.parent, c.hasTrace = h.Get("X-B3-ParentSpanId"), c.trace != ""
	switch sampled := strings.ToLower(h.Get("X-B3-Sampled")); {
	case h.Get("X-B3-Flags") == "1":
		c.state, c.decided = canary.Debug, true
	case sampled == "1" || sampled == "true":
		c.state, c.decided = canary.Accept, true
	case sampled == "0" || sampled == "false":
		c.state, c.decided = canary.Deny, true
	}
	return c
}

func traceparent(value string) carried {
	c := carried{name: "traceparent", state: canary.Deny}
	parts := strings.Split(value, "-")
	if len(parts) < 4 {
		return carried{}
	}
	c.trace, c.span, c.hasTrace, c.decided = parts[1], parts[2], true, true
	if strings.HasSuffix(parts[3], "1") || strings.HasSuffix(parts[3], "3") {
		c.state = canary.Accept
	}
	return c
}

// IsOwnHeader tells whether canaries set a header themselves.
func IsOwnHeader(name string) bool {
	return IsTraceHeader(name) || strings.EqualFold(name, "User-Agent") || strings.EqualFold(name, "Accept") || strings.EqualFold(name, "Cache-Control")
}

// ValidHeader tells whether a header can be sent.
func ValidHeader(name, value string) bool {
	token := func(r rune) bool {
		return r > ' ' && r < 0x7f && !strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	}
	for _, r := range name {
		if !token(r) {
			return false
		}
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return name != ""
}
