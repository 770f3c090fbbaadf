package trace

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"example.com/clew/internal/line"
	"example.com/clew/internal/seam"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Propagator is B3 for OpenTelemetry, a propagation.TextMapPropagator. The zero value reads
// both encodings and writes X-B3-*.
//
// Extract reads b3 first, then X-B3-*; malformed headers are as if they were not there.
// Inject writes what [FromContext] says; without a trace it writes nothing, and a state
// alone only if ctx was given one.
//
// Before Inject writes, it removes all B3 headers, and the Propagator's other Fields, from
// a propagation.HeaderCarrier or MapCarrier, in any case. Other carriers cannot be removed
// from: there, left-over fields are set to "", which counts as absent.
type Propagator struct {
	// Encoding is what Inject writes: b3.B3MultipleHeader, b3.B3SingleHeader or both. Zero
	// is B3MultipleHeader. For queues, maps and the environment choose the single header.
	Encoding b3.Encoding

	// W3C: read traceparent and tracestate (W3C Trace Context, level 1) where there is no valid
	// B3, and write them too. Of tracestate at most 512 characters are kept, whole members, as
	// W3C asks. Two traceparent headers count as none.
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

	// multiHeaders are multiFields as net/http keeps them.
	multiHeaders = [len(multiValues{})]string{headerTraceID, headerSpanID, headerParent, headerSampled, headerFlags}
)

func (p Propagator) single() bool { return p.Encoding&b3.B3SingleHeader != 0 }
func (p Propagator) multi() bool  { return p.Encoding&b3.B3MultipleHeader != 0 || !p.single() }

// Fields implements propagation.TextMapPropagator: what Inject may write, in lower case. The
// slice is the caller's.
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

// Extract implements propagation.TextMapPropagator. A nil carrier has nothing.
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
	if p.W3C && (b.hasIDs() || b == (B3{})) { // a state that came alone is valid B3, and wins
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

func fromCarrier(carrier propagation.TextMapCarrier) B3 {
	var values [6]string // as b3Fields
	find(carrier, b3Fields, values[:])
	if b, err := Parse(values[0]); err == nil {
		return b
	}
	b, _ := parseMulti(&multi{values[1], values[2], values[3], values[4], values[5]})
	return b
}

// find looks for fields in a carrier whose keys may be in any case, lower case first, and puts
// their values, trimmed, into values.
func find(carrier propagation.TextMapCarrier, fields, values []string) {
	for i, field := range fields {
		values[i] = trim(carrier.Get(field))
	}
	// Sorted, so that of X-B3-Flags and x-B3-flags it is always the same one; and a copy, since
	// the slice may be the carrier's own.
	for _, key := range slices.Sorted(slices.Values(carrier.Keys())) {
		i := slices.IndexFunc(fields, func(field string) bool { return equalFold(key, field) })
		if i >= 0 && values[i] == "" {
			values[i] = trim(carrier.Get(key))
		}
	}
}

// Inject implements propagation.TextMapPropagator. A nil carrier is left alone.
func (p Propagator) Inject(ctx context.Context, to propagation.TextMapCarrier) {
	b, _ := FromContext(ctx)
	switch c := to.(type) {
	case nil:
		return
	case seam.Clean:
		p.writeHeader(ctx, http.Header(c.HeaderCarrier), b)
	case propagation.HeaderCarrier:
		if c == nil {
			return // nothing can be written, nor has to be removed
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

// owns reports whether key is a B3 header or one that p writes, in any case.
func (p Propagator) owns(key string) bool {
	switch len(key) { // almost no header gets past this
	case len(fieldSingle), len(fieldFlags), len(fieldSpanID), len(fieldTraceID), len(fieldParent):
		for _, field := range b3Fields {
			if equalFold(key, field) {
				return true
			}
		}
	}
	return p.W3C && (equalFold(key, w3cFields[0]) || equalFold(key, w3cFields[1]))
}

// blank overwrites what an earlier message may have left in a carrier without a delete.
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

// writeHeader is write for an http.Header, the hot path. The values of a message are parts of one
// array. Each is clipped, so that an append to one header does not run into the next.
func (p Propagator) writeHeader(ctx context.Context, h http.Header, b B3) {
	if p.single() {
		if value := b.String(); value != "" {
			room := roomFor(ctx)
			room[0] = value
			h[headerSingle] = room[:1:1]
		}
	}
	if p.multi() {
		values := roomFor(ctx)
		values.fill(b)
		for i, value := range values {
			if value != "" {
				h[multiHeaders[i]] = values[i : i+1 : i+1]
			}
		}
	}
}

// roomFor returns the room that ctx has for the values of one message, the first time it is asked,
// and new room from then on.
func roomFor(ctx context.Context) *multiValues {
	if n, ok := ctx.(*clientNode); ok && n.taken.CompareAndSwap(false, true) {
		return &n.values
	}
	return new(multiValues)
}

// multiValues are the values of X-B3-*, in the order of multiFields. "": not written.
type multiValues [5]string

// fill sets the values for b. The IDs are parts of one string.
func (v *multiValues) fill(b B3) {
	if b.hasIDs() {
		var buf [32 + 16 + 16]byte
		text := b.AppendTraceID(buf[:0])
		width := len(text)
		text = line.AppendHex(text, b.SpanID[:])
		if b.ParentSpanID.IsValid() {
			text = line.AppendHex(text, b.ParentSpanID[:])
		}
		s := string(text)
		v[0], v[1], v[2] = s[:width], s[width:width+16], s[width+16:]
	}
	switch b.Sampling {
	case Deny:
		v[3] = "0"
	case Accept:
		v[3] = "1"
	case Debug:
		v[4] = "1"
	}
}
