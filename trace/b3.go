package trace

import (
	"example.com/clew/internal/line"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Sampling is the B3 sampling state. The zero value is [Defer]; a value that is none of the
// four counts as Defer.
type Sampling uint8

const (
	Defer  Sampling = iota // no decision yet: the receiver decides
	Deny                   // not sampled
	Accept                 // sampled
	Debug                  // sampled, whatever samplers say, and so in every later hop
)

// String returns "defer", "deny", "accept" or "debug".
func (s Sampling) String() string {
	switch s {
	case Deny:
		return "deny"
	case Accept:
		return "accept"
	case Debug:
		return "debug"
	}
	return "defer"
}

// digit is the state as the single header writes it, 0 for none.
func (s Sampling) digit() byte {
	switch s {
	case Deny:
		return '0'
	case Accept:
		return '1'
	case Debug:
		return 'd'
	}
	return 0
}

// B3 is what B3 headers say: who is calling, in which trace, and whether it is sampled.
//
// The zero value says nothing. A B3 without IDs may hold a state that came alone
// ("b3: 0"). Values are comparable, hold no pointers and may be copied freely.
type B3 struct {
	// TraceID is the ID as bytes. Its text is [B3.ID], or [B3.AppendTraceID] without an
	// allocation. Do not use TraceID.String for it: that writes 32 digits for an ID that came as
	// 16, which then matches neither the caller's lines nor the headers that are sent on.
	TraceID oteltrace.TraceID

	SpanID       oteltrace.SpanID
	ParentSpanID oteltrace.SpanID
	Sampling     Sampling

	// wide is set only for a trace ID that came as 32 digits with a zero high half: it
	// is the one fact about its text that the bytes do not hold.
	wide bool
}

// hasIDs reports whether b names a span in a trace. The two IDs come together or not at all.
func (b B3) hasIDs() bool { return b.inTrace() && b.SpanID != oteltrace.SpanID{} }

// inTrace reports whether b has a trace ID. It compares arrays, which costs less than IsValid.
func (b *B3) inTrace() bool { return b.TraceID != oteltrace.TraceID{} }

// String returns b as the value of a b3 header: trace-span, trace-span-state or
// trace-span-state-parent, in lower case. Without IDs it is the lone state, or "".
// A parent without a state is left out: B3 has no form for it that all can read.
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

// AppendTraceID appends [B3.ID] to dst, for those who must not allocate. Without a trace ID it
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

// spanContext is b as OpenTelemetry sees it.
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
