package trace

import (
	"sync/atomic"

	"example.com/clew/internal/line"
	"example.com/clew/internal/route"
	"example.com/clew/internal/seam"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// record holds what this package knows of a trace but an OpenTelemetry span context cannot hold.
// FromContext compares the record with the current span, and does not use a stale one.
type record struct {
	b3 B3 // with a decision

	// Three facts about a span are kept here, since padding makes them free.
	remote bool // it is in another process
	hidden bool // its ID is not shown to OpenTelemetry; see attempt.contextFor
	server bool // it is a server's, and route is its request's: this saves httpmw an allocation

	// If a caller is the parent: the caller's own parent, as the caller has said.
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
	if atomic.CompareAndSwapUint32(&r.made, 0, textBeingMade) { // else another goroutine does so now
		r.text = s
		atomic.StoreUint32(&r.made, textMade)
	}
	return s
}
