package main

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/rand/v2"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
	"go.opentelemetry.io/otel/trace/noop"
)

// The floor is the least that hand-written code can do for a job. It does only what the job needs:
// there is no configuration, no trust, no SDK, and no detailed error. This file contains the code
// that the floors of all jobs share.

// span is the floor's span: its IDs and the sampling decision. It implements OpenTelemetry's Span,
// because the job requires that OpenTelemetry sees the span.
type span struct {
	embedded.Span
	trace      oteltrace.TraceID
	id, parent oteltrace.SpanID
	sampled    bool
}

func (s *span) SpanContext() oteltrace.SpanContext {
	return oteltrace.NewSpanContext(oteltrace.SpanContextConfig{
		TraceID: s.trace, SpanID: s.id, TraceFlags: oteltrace.TraceFlags(0).WithSampled(s.sampled)})
}

// The span records nothing. Embedding noop.Span would provide these methods, but would also store
// a second SpanContext.

func (*span) TracerProvider() oteltrace.TracerProvider    { return noop.NewTracerProvider() }
func (*span) IsRecording() bool                           { return false }
func (*span) End(...oteltrace.SpanEndOption)              {}
func (*span) AddEvent(string, ...oteltrace.EventOption)   {}
func (*span) AddLink(oteltrace.Link)                      {}
func (*span) RecordError(error, ...oteltrace.EventOption) {}
func (*span) SetStatus(codes.Code, string)                {}
func (*span) SetName(string)                              {}
func (*span) SetAttributes(...attribute.KeyValue)         {}

// node is a context and the span in it, in one allocation.
type node struct {
	context.Context
	span span
}

func (n *node) Value(key any) any {
	if key == spanKey {
		return &n.span
	}
	return n.Context.Value(key)
}

// spanKey is OpenTelemetry's context key for the current span. The context probe learns this key
// when OpenTelemetry looks for a span in it.
var spanKey = func() (key any) {
	oteltrace.SpanFromContext(probe{context.Background(), &key})
	return key
}()

type probe struct {
	context.Context
	key *any
}

func (p probe) Value(key any) any { *p.key = key; return nil }

func spanOf(ctx context.Context) *span { s, _ := ctx.Value(spanKey).(*span); return s }

// newSpan returns a child span, or a root if there is no trace to join. A root needs random bits,
// a decision, and the clock, because a trace ID begins with the time in seconds.
func newSpan(trace oteltrace.TraceID, parent oteltrace.SpanID, decided, sampled bool) (s span) {
	if trace == (oteltrace.TraceID{}) {
		binary.BigEndian.PutUint32(trace[:4], uint32(time.Now().Unix()))
		binary.BigEndian.PutUint32(trace[4:8], rand.Uint32())
		binary.BigEndian.PutUint64(trace[8:], rand.Uint64())
		parent = oteltrace.SpanID{}
	}
	if !decided {
		sampled = binary.BigEndian.Uint64(trace[8:])>>1 < math.MaxInt64/1000
	}
	s.trace, s.parent, s.sampled = trace, parent, sampled
	binary.BigEndian.PutUint64(s.id[:], rand.Uint64())
	return s
}

// read returns the span for a request. It reads the header map directly, b3 first, and ignores
// malformed headers.
func read(h http.Header) span {
	if v := h["B3"]; len(v) > 0 {
		return readSingle(v[0])
	}
	var trace oteltrace.TraceID
	var parent oteltrace.SpanID
	decided, sampled := false, false
	if v := h["X-B3-Sampled"]; len(v) > 0 {
		decided, sampled = decision(v[0])
	}
	if v := h["X-B3-Flags"]; len(v) > 0 && v[0] == "1" {
		decided, sampled = true, true
	}
	if v := h["X-B3-Traceid"]; len(v) > 0 {
		if p := h["X-B3-Spanid"]; len(p) == 0 || !readTrace(&trace, v[0]) || !readHex(parent[:], p[0]) {
			trace = oteltrace.TraceID{}
		}
		if v := h["X-B3-Parentspanid"]; len(v) > 0 { // must be an ID, but is not used
			var grandparent oteltrace.SpanID
			if !readHex(grandparent[:], v[0]) {
				trace = oteltrace.TraceID{}
			}
		}
	}
	return newSpan(trace, parent, decided, sampled)
}

// readSingle returns the span for the value of b3: trace-span, trace-span-state,
// trace-span-state-parent, or only a state.
func readSingle(v string) span {
	var trace oteltrace.TraceID
	var parent, grandparent oteltrace.SpanID
	if len(v) == 1 {
		decided, sampled := decision(v)
		return newSpan(trace, parent, decided, sampled)
	}
	digits := 16
	if len(v) > 32 && v[32] == '-' {
		digits = 32
	}
	end := digits + 17
	if len(v) < end || v[digits] != '-' || !readTrace(&trace, v[:digits]) || !readHex(parent[:], v[digits+1:end]) {
		return newSpan(oteltrace.TraceID{}, parent, false, false)
	}
	decided, sampled, ok := false, false, true
	if rest := v[end:]; rest != "" {
		ok = len(rest) >= 2 && rest[0] == '-' && (len(rest) == 2 || rest[2] == '-' && readHex(grandparent[:], rest[3:]))
		if ok {
			decided, sampled = decision(rest[1:2])
		}
	}
	if !ok {
		trace = oteltrace.TraceID{}
	}
	return newSpan(trace, parent, decided, sampled)
}

func decision(v string) (decided, sampled bool) {
	switch v {
	case "1", "d", "true":
		return true, true
	case "0", "false":
		return true, false
	}
	return false, false
}

func readTrace(id *oteltrace.TraceID, v string) bool {
	if len(v) == 16 {
		return readHex(id[8:], v)
	}
	return readHex(id[:], v)
}

// readHex decodes v into id, and reports whether v is an ID of the right length.
func readHex(id []byte, v string) bool {
	if len(v) != 2*len(id) {
		return false
	}
	var any, bad byte
	for i := range id {
		high, low := digit[v[2*i]], digit[v[2*i+1]]
		bad |= high | low
		id[i] = high<<4 | low
		any |= id[i]
	}
	return bad < 16 && any != 0
}

// digit maps each hexadecimal digit to its value, and all other bytes to 0xff.
var digit = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i := range 10 {
		t['0'+i] = byte(i)
	}
	for i := range 6 {
		t['a'+i], t['A'+i] = byte(10+i), byte(10+i)
	}
	return t
}()

// attempt returns the span for an outgoing request: a child of ctx's span, or a root.
func attempt(ctx context.Context) span {
	if s := spanOf(ctx); s != nil {
		return newSpan(s.trace, s.id, true, s.sampled)
	}
	return newSpan(oteltrace.TraceID{}, oteltrace.SpanID{}, false, false)
}

// client is the context of an outgoing request, with memory for the values of its headers.
type client struct {
	node
	values values
}

// values is the memory for the values of all trace headers of a request. All are parts of one
// string.
type values [4]string

// set writes s to the headers of a request: to b3 if single is true, and otherwise to four
// headers.
func (v *values) set(h http.Header, s *span, single bool) {
	const traceEnd, spanEnd, end = 32, 32 + 1 + 16, 32 + 1 + 16 + 3 + 16
	b := [end]byte{traceEnd: '-', spanEnd: '-', spanEnd + 1: '0', spanEnd + 2: '-'}
	hex.Encode(b[:traceEnd], s.trace[:])
	hex.Encode(b[traceEnd+1:spanEnd], s.id[:])
	if s.sampled {
		b[spanEnd+1] = '1'
	}
	text := ""
	root := s.parent == (oteltrace.SpanID{})
	if root {
		text = string(b[:spanEnd+2])
	} else {
		hex.Encode(b[spanEnd+3:], s.parent[:])
		text = string(b[:])
	}
	if single {
		v[0] = text
		h["B3"] = v[:1:1]
		return
	}
	v[0], v[1], v[2] = text[:traceEnd], text[traceEnd+1:spanEnd], text[spanEnd+1:spanEnd+2]
	h["X-B3-Traceid"], h["X-B3-Spanid"], h["X-B3-Sampled"] = v[0:1:1], v[1:2:2], v[2:3:3]
	if !root {
		v[3] = text[spanEnd+3:]
		h["X-B3-Parentspanid"] = v[3:4:4]
	}
}

// isB3 reports whether a canonical name is a B3 header. The caller's values of these headers must
// not be sent on.
func isB3(name string) bool {
	return name == "B3" || len(name) > 5 && name[:5] == "X-B3-"
}
