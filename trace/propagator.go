package trace

import (
	"context"
	"maps"
	"net/http"

	"example.com/clew/internal/seam"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Propagator reads and writes B3 headers for OpenTelemetry, as a propagation.TextMapPropagator.
// The zero value reads both encodings and writes X-B3-*.
//
// Extract reads b3 first, then X-B3-*. It ignores malformed headers. Inject writes what
// [FromContext] returns. Without a trace it writes nothing, or only the sampling state if ctx has
// a state without IDs.
//
// Before Inject writes, it removes all B3 headers, and the Propagator's other Fields, in upper
// and lower case, from a propagation.HeaderCarrier or MapCarrier. Other carriers have no method
// that deletes. In these, Inject sets left-over fields to "", and Extract treats "" as absent.
type Propagator struct {
	// Encoding is the form that Inject writes: b3.B3MultipleHeader, b3.B3SingleHeader or both.
	// Zero is B3MultipleHeader. Choose the single header for queues, maps and the environment.
	Encoding b3.Encoding

	// With W3C, Extract reads traceparent and tracestate (W3C Trace Context, level 1) if there is
	// no valid B3, and Inject writes them beside B3. At most 512 characters of tracestate are
	// kept, in whole members, as W3C asks. If a message has two traceparent headers, Extract
	// ignores both.
	W3C bool
}

var _ propagation.TextMapPropagator = Propagator{}

// The names that Inject writes.
const (
	fieldSingle  = "b3"
	fieldTraceID = "x-b3-traceid"
	fieldSpanID  = "x-b3-spanid"
	fieldParent  = "x-b3-parentspanid"
	fieldSampled = "x-b3-sampled"
	fieldFlags   = "x-b3-flags"
)

var (
	multiFields = []string{fieldTraceID, fieldSpanID, fieldParent, fieldSampled, fieldFlags}
	b3Fields    = append([]string{fieldSingle}, multiFields...)

	// multiHeaders are multiFields in canonical form, the keys of an http.Header.
	multiHeaders = [len(multiValues{})]string{headerTraceID, headerSpanID, headerParent, headerSampled, headerFlags}
)

func (p Propagator) single() bool { return p.Encoding&b3.B3SingleHeader != 0 }
func (p Propagator) multi() bool  { return p.Encoding&b3.B3MultipleHeader != 0 || !p.single() }

// Fields implements propagation.TextMapPropagator. It returns the names that Inject may write, in
// lower case. The caller may change the slice.
func (p Propagator) Fields() []string {
	var fields []string
	if p.single() {
		fields = append(fields, fieldSingle)
	}
	if p.multi() {
		fields = append(fields, multiFields...)
	}
	if p.W3C {
		fields = append(fields, w3cFields...)
	}
	return fields
}

// Extract implements propagation.TextMapPropagator. With a nil carrier it changes nothing.
func (p Propagator) Extract(ctx context.Context, carrier propagation.TextMapCarrier) context.Context {
	if ctx == nil {
		ctx = context.Background()
	}
	if carrier == nil {
		return ctx
	}
	var b B3
	if h, ok := carrier.(propagation.HeaderCarrier); ok {
		b, _ = FromHeader(http.Header(h))
	} else {
		b = fromCarrier(carrier)
	}
	var state oteltrace.TraceState
	if p.W3C && (b.hasIDs() || b == (B3{})) { // a state without IDs is valid B3, and wins
		parents, states := w3cValues(carrier)
		if parent, ok := parseTraceparent(parents); ok && (!b.hasIDs() || b.TraceID == parent.TraceID) {
			state = parseTracestate(states)
			if !b.hasIDs() {
				b = parent
			}
		}
	}
	return newContext(ctx, b, state)
}

// Inject implements propagation.TextMapPropagator. With a nil carrier it does nothing.
func (p Propagator) Inject(ctx context.Context, to propagation.TextMapCarrier) {
	b, _ := FromContext(ctx)
	switch c := to.(type) {
	case nil:
		return
	case seam.Clean:
		p.writeHeader(ctx, http.Header(c.HeaderCarrier), b)
	case propagation.HeaderCarrier:
		if c == nil {
			return // a nil map is empty, and a write would panic
		}
		maps.DeleteFunc(c, func(key string, _ []string) bool { return p.owns(key) })
		p.writeHeader(ctx, http.Header(c), b)
	case propagation.MapCarrier:
		if c == nil {
			return
		}
		maps.DeleteFunc(c, func(key, _ string) bool { return p.owns(key) })
		p.write(to, b)
	default:
		p.blank(to)
		p.write(to, b)
	}
	if p.W3C && b.hasIDs() {
		cur := lookup(ctx)
		sc := b.spanContext(cur.traceState(), false)
		w3c.Inject(oteltrace.ContextWithSpanContext(context.Background(), sc), to)
	}
}

// owns reports whether key is the name of a B3 header, or of another header that p writes. It
// ignores the difference between upper and lower case.
func (p Propagator) owns(key string) bool {
	switch len(key) { // few other headers have these lengths
	case len(fieldSingle), len(fieldFlags), len(fieldSpanID), len(fieldTraceID), len(fieldParent):
		for _, field := range b3Fields {
			if equalFold(key, field) {
				return true
			}
		}
	}
	return p.W3C && (equalFold(key, w3cFields[0]) || equalFold(key, w3cFields[1]))
}

// blank sets the fields that an earlier message has left in carrier to "", because carrier cannot
// delete fields.
func (p Propagator) blank(carrier propagation.TextMapCarrier) {
	for _, key := range carrier.Keys() {
		if p.owns(key) {
			carrier.Set(key, "")
		}
	}
}

func (p Propagator) write(carrier propagation.TextMapCarrier, b B3) {
	if p.single() {
		if value := b.String(); value != "" {
			carrier.Set(fieldSingle, value)
		}
	}
	if p.multi() {
		var values multiValues
		values.fill(b)
		for i, value := range values {
			if value != "" {
				carrier.Set(multiFields[i], value)
			}
		}
	}
}

// writeHeader does for an http.Header what write does for a carrier, and is faster. The values of
// a message are slices of one array. The capacity of each slice is clipped, so that an append to
// one header does not overwrite the next.
func (p Propagator) writeHeader(ctx context.Context, h http.Header, b B3) {
	values := roomFor(ctx)
	if p.multi() {
		values.fill(b)
		for i, value := range values {
			if value != "" {
				h[multiHeaders[i]] = values[i : i+1 : i+1]
			}
		}
	}
	if p.single() {
		if value := b.String(); value != "" {
			i := values.free(b)
			values[i] = value
			h[headerSingle] = values[i : i+1 : i+1]
		}
	}
}

// roomFor returns an array for the values of a message. The first call with the context of a
// client span returns the array in that context. Every other call returns a new array.
func roomFor(ctx context.Context) *multiValues {
	if n, ok := ctx.(*clientNode); ok && n.taken.CompareAndSwap(false, true) {
		return &n.values
	}
	return new(multiValues)
}
