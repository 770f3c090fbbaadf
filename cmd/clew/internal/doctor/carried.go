package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"example.com/clew/internal/canary"
	"example.com/clew/trace"
	"go.opentelemetry.io/otel/propagation"
)

// carried is the trace that a header carries. The header was read by B3's rules or by W3C's.
type carried struct {
	name        string // of the header
	trace, span string
	parent      string // "": none
	state       string // a state of the package canary, such as canary.Accept
	decided     bool   // the header says whether to sample the trace
	hasTrace    bool   // there are IDs
	wrong       string // how the value is malformed; "": it is well-formed
}

// traceNames are the trace headers of B3 and W3C. They are the trace headers of canaries, the test
// requests of clew doctor.
var traceNames = []string{"b3", "X-B3-TraceId", "X-B3-SpanId", "X-B3-ParentSpanId", "X-B3-Sampled", "X-B3-Flags", "traceparent", "tracestate"}

// IsTraceHeader reports whether a header with this name may carry the trace of a canary.
func IsTraceHeader(name string) bool {
	for _, other := range traceNames {
		if strings.EqualFold(name, other) {
			return true
		}
	}
	return false
}

// carriers are the headers in which a trace's ID goes from one service to the next: B3's, W3C's,
// and those of other vendors.
var carriers = []string{"b3", "X-B3-TraceId", "traceparent", "uber-trace-id", "X-Datadog-Trace-Id", "X-Amzn-Trace-Id", "X-Cloud-Trace-Context", "Ot-Tracer-Traceid", "Elastic-Apm-Traceparent"}

func carriesTrace(name string) bool {
	return slices.ContainsFunc(carriers, func(other string) bool { return strings.EqualFold(other, name) })
}

// carriedBy returns the traces in these headers: first that of b3, then that of the X-B3 headers,
// then that of traceparent. It returns those with a malformed header separately.
func carriedBy(h http.Header) (traces, malformed []carried) {
	several := h.Clone()
	several.Del("b3")
	b3, errB3 := trace.FromHeader(http.Header{"B3": h["B3"]})
	xb3, errXB3 := trace.FromHeader(several)
	for _, c := range []carried{
		carriedIn("b3", h.Get("b3"), b3, errB3),
		carriedIn("X-B3-TraceId", cmp.Or(h.Get("X-B3-TraceId"), h.Get("X-B3-SpanId"), h.Get("X-B3-Sampled")), xb3, errXB3),
		traceparent(h),
	} {
		switch {
		case c.wrong != "":
			malformed = append(malformed, c)
		case c.hasTrace || c.decided:
			traces = append(traces, c)
		}
	}
	return traces, malformed
}

func carriedIn(name, value string, b trace.B3, err error) carried {
	c := carried{name: name, trace: b.ID(), state: states[b.Sampling], decided: b.Sampling != trace.Defer}
	if c.hasTrace = c.trace != ""; c.hasTrace {
		c.span = b.SpanID.String()
	}
	if b.ParentSpanID.IsValid() {
		c.parent = b.ParentSpanID.String()
	}
	if err != nil {
		c.wrong = fmt.Sprintf("%s is %s (%s)", name, short(value), strings.TrimPrefix(err.Error(), "trace: "))
	}
	return c
}

var states = map[trace.Sampling]string{trace.Defer: canary.Defer, trace.Deny: canary.Deny, trace.Accept: canary.Accept, trace.Debug: canary.Debug}

func traceparent(h http.Header) carried {
	value := h.Get("traceparent")
	if value == "" {
		return carried{}
	}
	ctx := trace.Propagator{W3C: true}.Extract(context.Background(), propagation.HeaderCarrier{"Traceparent": h["Traceparent"]})
	b, ok := trace.FromContext(ctx)
	if !ok {
		return carriedIn("traceparent", value, b, errors.New("by W3C's rules this is no traceparent"))
	}
	return carriedIn("traceparent", value, b, nil)
}

// IsOwnHeader reports whether canaries set a header themselves, so that the user cannot choose it.
func IsOwnHeader(name string) bool {
	return IsTraceHeader(name) || strings.EqualFold(name, "User-Agent") || strings.EqualFold(name, "Accept") || strings.EqualFold(name, "Cache-Control")
}

// ValidHeader reports whether a header can be sent.
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
