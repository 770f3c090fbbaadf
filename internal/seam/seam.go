// Package seam is all that clew's packages say to each other behind their users' backs. Each
// package could do without, and would be slower for it or know less. Each declaration has one side
// that sets or makes it, and one that asks. The cell in which the route of a request travels
// outwards has rules of its own, and is in package route.
//
// Packages httpclient, httpmw, internal/line/zline, internal/logbind, logctx, trace, workerpool
// and zipkin import it. It is a package of its own because many of them must not import each
// other.
package seam

import (
	"context"

	"example.com/clew/internal/line"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// From trace to those who write lines.

// Text returns the text of the IDs of ctx's current span, made once a span: `"…","span_id":"…"`,
// which is what a JSON line has after `"trace_id":`. It is "" without a span, and for one that
// package trace did not start. Set by package trace.
var Text func(ctx context.Context) string

// Middle stands between the two IDs.
const Middle = `","` + line.SpanKey + `":"`

// Split returns the two IDs in a text that is not empty.
func Split(text string) (traceID, spanID string) {
	const span = 16
	end := len(text) - len(`"`)
	return text[len(`"`) : end-span-len(Middle)], text[end-span : end]
}

// Span is what a record says of the current span of its context.
type Span struct {
	Text         string // as Text returns it
	Parent       oteltrace.SpanID
	CallerParent oteltrace.SpanID // the parent of the parent, as a caller has said; of a server's span
	Server       bool             // package trace has made the span for a server
	Sampled      bool
	Debug        bool
	Recording    bool
}

// Look returns what there is to say of ctx's current span. Set by package trace.
var Look func(ctx context.Context) Span

// Marked returns the context that this goroutine works for, by trace.Do or httpmw's
// Config.Implicit; nil if none is known. It is for a line without a trace: the trace is all that
// may be taken from it. Set by package trace.
var Marked func() context.Context

// Adopt returns ctx with the trace of from, which has one, whatever ctx has. Set by package trace.
var Adopt func(ctx, from context.Context) context.Context

// From logctx to trace, which must not import it.

// Rebind returns ctx with the logger that was put into from, if any, bound to the current
// trace of ctx. Nil in a program without logctx, which sets it when it is initialized.
var Rebind func(ctx, from context.Context) context.Context

// From logctx and httpmw to all who write lines.

// SlogKey is the key of the *slog.Logger of a context. It writes the IDs itself.
type SlogKey struct{}

// From httpclient to trace.

// Clean is a header that has nothing left over of what a Propagator writes.
type Clean struct{ propagation.HeaderCarrier }

// From trace to zipkin.

// Ahead returns what decides ahead of sdk, so that sdk makes no span of a trace that is not
// sampled. Sdk must obey B3, and ask sampler where B3 says nothing. Set by package trace.
var Ahead func(sdk oteltrace.TracerProvider, sampler Sampler) any

// Sampler is trace.Sampler.
type Sampler interface{ Sample(oteltrace.TraceID) bool }

// InventedParent is the key of the parent span ID that package trace invents for an SDK, whose
// sampler obeys an accept or a debug that came without IDs only if there is a parent. There is no
// such span: exporters must not name it.
type InventedParent struct{}

// From zipkin to trace.

// AheadOf returns what Ahead has made for sdk, or nil; for an SDK that is off, the provider of
// package trace that makes its spans. Nil in a program without zipkin, which sets it when it is
// initialized.
var AheadOf func(sdk oteltrace.TracerProvider) any
