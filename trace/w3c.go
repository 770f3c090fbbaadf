package trace

import (
	"go.opentelemetry.io/otel/propagation"
)

// W3C Trace Context, level 1: https://www.w3.org/TR/trace-context-1/.
//
// OpenTelemetry's propagator writes these headers, and this package reads them. OpenTelemetry's
// own reader (v1.47) has faults: it reads only the first of several tracestate headers, drops the
// trace if a flag is set that is not defined yet, accepts "00-…-01-", finds only keys in lower
// case, and allocates 4 MiB for 1 MiB of tracestate.
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
