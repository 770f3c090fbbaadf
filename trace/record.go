package trace

import (
	"sync/atomic"

	"example.com/clew/internal/line"
	"example.com/clew/internal/route"
	"example.com/clew/internal/seam"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// record holds facts about a trace that an OpenTelemetry span context cannot hold. FromContext
// compares the record with the current span, and ignores a record of another trace.
type record struct {
	b3 B3 // the IDs of the span and its parent, and the sampling state

	// Three facts about a span are kept here, since padding makes them free.
	remote bool // the span is in another process
	hidden bool // OpenTelemetry does not see the span's ID; see attempt.contextFor
	server bool // the span is a server's, and httpmw uses its route, which saves an allocation

	// If a caller is the parent: the parent of the caller's span, from the caller's headers.
	callerParent oteltrace.SpanID

	// text is the text of the IDs for log lines. It is made when a line first asks for it, since
	// most spans of a client are never logged. Read it only if made is textMade.
	made uint32
	text string

	route route.Cell
}

const (
	textBeingMade = 1
	textMade      = 2
)

// idText returns the text of the IDs, in the form that seam.Text describes.
func (r *record) idText() string {
	if atomic.LoadUint32(&r.made) == textMade {
		return r.text
	}
	var buf [len(`"`) + 32 + len(seam.Middle) + 16 + len(`"`)]byte
	text := append(r.b3.AppendTraceID(append(buf[:0], '"')), seam.Middle...)
	s := string(append(line.AppendHex(text, r.b3.SpanID[:]), '"'))
	// If the swap fails, another goroutine is writing the same text.
	if atomic.CompareAndSwapUint32(&r.made, 0, textBeingMade) {
		r.text = s
		atomic.StoreUint32(&r.made, textMade)
	}
	return s
}
