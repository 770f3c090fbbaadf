// Package seam is the private channel between clew's packages. Without it, the packages would work
// too, but would be slower or know less. Each declaration has one side that sets or makes the
// value, and one side that reads it. The cell for the route of a request has rules of its own, and
// is in package route.
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

// From trace to the writers of lines.

// Text returns the text of the IDs of ctx's current span: `"…","span_id":"…"`. A JSON line has
// this text after `"trace_id":`. Package trace makes the text once for each span. The text is ""
// without a span, and for a span that package trace did not start. Set by package trace.
var Text func(ctx context.Context) string

// Middle is the text between the two IDs.
const Middle = `","` + line.SpanKey + `":"`

// Split returns the two IDs in a text from Text that is not empty.
func Split(text string) (traceID, spanID string) {
	const span = 16
	end := len(text) - len(`"`)
	return text[len(`"`) : end-span-len(Middle)], text[end-span : end]
}

// Span is what package trace knows about the current span of a context.
type Span struct {
	Text   string // as Text returns it
	Parent oteltrace.SpanID
	// CallerParent is the parent of a server span's parent, as the caller sent it.
	CallerParent oteltrace.SpanID
	Server       bool // package trace has made the span for a server
	Sampled      bool
	Debug        bool
	Recording    bool
}

// Look returns what package trace knows about ctx's current span. Set by package trace.
var Look func(ctx context.Context) Span

// Marked returns the context that this goroutine works for, as trace.Do or httpmw's
// Config.Implicit has marked it; nil if no such context is known. Marked is for a line without a
// trace. The line may use the trace of that context, but no other value of it. Set by package
// trace.
var Marked func() context.Context

// Adopt returns ctx with the trace of source, even if ctx has a trace. The context source must
// have a trace. Set by package trace.
var Adopt func(ctx, source context.Context) context.Context

// From logctx to trace, which must not import it.

// Rebind returns ctx with the logger that was put into source, if any. The logger is bound to the
// current trace of ctx. logctx sets Rebind when it is initialized; a program without logctx has
// nil.
var Rebind func(ctx, source context.Context) context.Context

// From logctx and httpmw to all writers of lines.

// SlogKey is the key of the *slog.Logger of a context. That logger writes the IDs itself.
type SlogKey struct{}

// From httpclient to trace.

// Clean marks a header that is already stripped of a Propagator's fields, so that Inject skips the
// scan.
type Clean struct{ propagation.HeaderCarrier }

// From trace to zipkin.

// Ahead returns a provider that decides before sdk does, so that sdk makes no span of an unsampled
// trace. sdk must obey the decision of B3, and must ask sampler if B3 has no decision. Set by
// package trace.
var Ahead func(sdk oteltrace.TracerProvider, sampler Sampler) any

// Sampler is trace.Sampler.
type Sampler interface{ Sample(oteltrace.TraceID) bool }

// InventedParent is the key of a parent span ID that package trace invents for an SDK. A caller
// may accept or debug a trace without sending IDs, and the SDK's sampler obeys that only with a
// parent. No such span exists, so exporters must not name it.
type InventedParent struct{}

// From zipkin to trace.

// AheadOf returns the provider that Ahead has made for sdk, or nil. For an SDK that is off,
// AheadOf returns the provider of package trace that makes the spans instead. zipkin sets AheadOf
// when it is initialized; a program without zipkin has nil.
var AheadOf func(sdk oteltrace.TracerProvider) any
