package trace

import (
	"context"
	"sync/atomic"

	"example.com/clew/internal/line"
	"example.com/clew/internal/route"
	"example.com/clew/internal/seam"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// record is what this package knows of a trace and an OpenTelemetry span context cannot
// hold. FromContext compares it with the current span, so that it never goes stale.
type record struct {
	b3 B3 // with a decision

	// Three facts about a span are kept here, since padding makes them free.
	remote bool // it is in another process
	hidden bool // its ID is not shown to OpenTelemetry; see attempt.askSDK
	server bool // it is a server's: route is its request's, which saves httpmw an allocation

	// The caller's own parent, as the caller has said, if a caller is the parent.
	callerParent oteltrace.SpanID

	// The text of the IDs for log lines, made when it is first asked for: most spans of a
	// client are never logged. It may be read once made is textMade.
	made uint32
	text string

	route route.Cell
}

const (
	textBeingMade = 1
	textMade      = 2
)

// idText returns the text of the IDs, as package seam has it.
func (r *record) idText() string {
	if atomic.LoadUint32(&r.made) == textMade {
		return r.text
	}
	var buf [len(`"`) + 32 + len(seam.Middle) + 16 + len(`"`)]byte
	text := append(r.b3.AppendTraceID(append(buf[:0], '"')), seam.Middle...)
	s := string(append(line.AppendHex(text, r.b3.SpanID[:]), '"'))
	if atomic.CompareAndSwapUint32(&r.made, 0, textBeingMade) { // else another goroutine is about to
		r.text = s
		atomic.StoreUint32(&r.made, textMade)
	}
	return s
}

func init() { seam.Text, seam.Look = idText, look }

// look returns what there is to say of ctx's current span.
func look(ctx context.Context) (s seam.Span) {
	if own, ok := ctx.Value(currentSpanKey).(*span); ok {
		s.Text, s.Parent = own.idText(), own.b3.ParentSpanID
		s.Sampled, s.Debug = own.b3.Sampling.sampled(), own.b3.Sampling == Debug
		s.Server, s.CallerParent = own.server, own.callerParent
		return s
	}
	cur := lookup(ctx)
	s.Parent, s.Sampled, s.Debug = cur.b3.ParentSpanID, cur.b3.Sampling.sampled(), cur.b3.Sampling == Debug
	if cur.span != nil {
		s.Recording = cur.span.IsRecording()
	}
	if r := nearestRecord(ctx); r.b3.TraceID == cur.b3.TraceID && r.b3.SpanID == cur.b3.SpanID && cur.b3.hasIDs() {
		s.Text, s.Server, s.CallerParent = r.idText(), r.server, r.callerParent
	}
	return s
}

// idText returns the text of the IDs of ctx's current span, if it is one that this package has made
// or has asked an SDK for.
func idText(ctx context.Context) string {
	switch s := ctx.Value(currentSpanKey).(type) {
	case *span:
		return s.idText()
	case oteltrace.Span:
		sc := s.SpanContext()
		if r := nearestRecord(ctx); sc.IsValid() && r.b3.TraceID == sc.TraceID() && r.b3.SpanID == sc.SpanID() {
			return r.idText()
		}
	}
	return ""
}

type recordKey struct{}

// recordNode is a link in the chain of contexts that holds a record alone: beside the span
// of an SDK, or for a state that came without IDs. It begins as node does, for the same reason.
type recordNode struct {
	context.Context
	key, val any    // recordKey{} and &record
	under    hidden // without the span that this is beside
	record
}

// hidden is a context that a link keeps beside the one that it lies over. Programs that look into
// contexts follow every field that is a context, and this one is not for them.
type hidden struct{ ctx context.Context }

// newRecordNode returns a link above ctx whose record is empty.
func newRecordNode(ctx, under context.Context) *recordNode {
	n := &recordNode{Context: ctx, key: recordKey{}, under: hidden{under}}
	n.val = &n.record
	return n
}

func (n *recordNode) Value(key any) any {
	switch key {
	case recordKey{}:
		return &n.record
	case route.Key{}:
		if n.server {
			return &n.route
		}
	}
	return n.Context.Value(key)
}

// nearestRecord returns the record nearest in ctx, an empty one if there is none. Callers must not
// copy it: another goroutine may be making its text.
func nearestRecord(ctx context.Context) *record {
	if r, ok := ctx.Value(recordKey{}).(*record); ok {
		return r
	}
	return &noRecord
}

var noRecord record
