package trace

import (
	"example.com/clew/internal/line"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// B3 is the content of B3 headers: the caller's span, its trace, and whether the trace is sampled.
//
// The zero value has no IDs and no decision. A B3 without IDs may still hold a sampling state,
// from a header such as "b3: 0". Values are comparable, hold no pointers and may be copied
// freely.
type B3 struct {
	// TraceID is the ID as bytes. [B3.ID] returns its text, and [B3.AppendTraceID] appends the
	// text without an allocation. Do not use TraceID.String: it writes 32 digits for an ID that
	// came as 16. Such a text matches neither the caller's lines nor the headers that are sent on.
	TraceID oteltrace.TraceID

	SpanID       oteltrace.SpanID
	ParentSpanID oteltrace.SpanID
	Sampling     Sampling

	// wide is true if the trace ID came as 32 digits of which the first 16 are zeros. TraceID
	// alone does not show this.
	wide bool
}

// hasIDs reports whether b has a trace ID and a span ID. One without the other does not count.
func (b B3) hasIDs() bool { return b.inTrace() && b.SpanID != oteltrace.SpanID{} }

// inTrace reports whether b has a trace ID. It compares arrays, which costs less than IsValid.
func (b *B3) inTrace() bool { return b.TraceID != oteltrace.TraceID{} }

// String returns b as the value of a b3 header: trace-span, trace-span-state or
// trace-span-state-parent, in lower case. Without IDs it returns the lone state, or "". Without a
// state it leaves out the parent, because not all readers accept trace-span-parent.
func (b B3) String() string {
	var buf [maxSingle]byte
	return string(b.appendSingle(buf[:0]))
}

// maxSingle is the length of the longest b3 header: trace-span-state-parent.
const maxSingle = 32 + 1 + 16 + 1 + 1 + 1 + 16

func (b B3) appendSingle(dst []byte) []byte {
	state := b.Sampling.digit()
	if !b.hasIDs() {
		if state != 0 {
			dst = append(dst, state)
		}
		return dst
	}
	dst = append(b.AppendTraceID(dst), '-')
	dst = line.AppendHex(dst, b.SpanID[:])
	if state == 0 {
		return dst
	}
	dst = append(dst, '-', state)
	if b.ParentSpanID.IsValid() {
		dst = append(dst, '-')
		dst = line.AppendHex(dst, b.ParentSpanID[:])
	}
	return dst
}

// ID returns the text of the trace ID: 16 or 32 lower-case hexadecimal digits, as it arrived.
// Without a trace ID it is "".
func (b B3) ID() string {
	var buf [32]byte
	return string(b.AppendTraceID(buf[:0]))
}

// AppendTraceID appends [B3.ID] to dst, for code that must not allocate. Without a trace ID it
// appends nothing.
func (b B3) AppendTraceID(dst []byte) []byte {
	id := b.TraceID[:]
	if !b.TraceID.IsValid() {
		return dst
	}
	if !b.wide && isZero(id[:8]) {
		id = id[8:]
	}
	return line.AppendHex(dst, id)
}

func isZero(p []byte) bool {
	for _, c := range p {
		if c != 0 {
			return false
		}
	}
	return true
}

// spanContext returns b as a SpanContext of OpenTelemetry.
func (b B3) spanContext(state oteltrace.TraceState, remote bool) oteltrace.SpanContext {
	var flags oteltrace.TraceFlags
	if b.Sampling.sampled() {
		flags = oteltrace.FlagsSampled
	}
	return oteltrace.NewSpanContext(oteltrace.SpanContextConfig{
		TraceID:    b.TraceID,
		SpanID:     b.SpanID,
		TraceFlags: flags,
		TraceState: state,
		Remote:     remote,
	})
}
