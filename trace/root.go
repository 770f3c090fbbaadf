package trace

import (
	"context"

	"example.com/clew/internal/seam"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Root begins a new trace, and returns a context in which the first span of this trace is the
// current one. The span is linked to ctx's trace, if there is one. Root is for work that ctx's
// trace caused but that is not part of it, such as each run of a repeating job. The caller ends
// the span.
//
// All other values of ctx stay. A zerolog logger in ctx is bound to the new trace, if the
// program imports logctx.
//
// If this package began the old trace, the new context keeps nothing of it: a root in the context
// of a root, and so on, makes no chain. Spans that another library has put into ctx stay below,
// and so does what the program itself has derived from ctx.
func Root(ctx context.Context, name string, opts ...oteltrace.SpanStartOption) (context.Context, oteltrace.Span) {
	if ctx == nil {
		ctx = context.Background()
	}
	cur := lookup(ctx)
	opts = append(opts[:len(opts):len(opts)], oteltrace.WithNewRoot())
	if sc := cur.b3.spanContext(oteltrace.TraceState{}, cur.remote()); sc.IsValid() {
		opts = append(opts, oteltrace.WithLinks(oteltrace.Link{SpanContext: sc}))
	}

	root, under, s := Starter{}.root(ctx, name, opts)
	if seam.Rebind != nil {
		if bound := seam.Rebind(root, ctx); bound != root {
			root = &rootNode{Context: bound, key: rootKey{}, val: nil, under: hidden{under}}
		}
	}
	return alive(ctx, root), s
}

// root begins a new trace. Its context lies over under, which is what lies below the trace of ctx.
func (s Starter) root(ctx context.Context, name string, opts []oteltrace.SpanStartOption) (root, under context.Context, span oteltrace.Span) {
	before, skipped := lookup(ctx), skippedIn(ctx)
	under = underTrace(ctx)
	if skipped != nil && skippedIn(under) == nil {
		under = newSkippedNode(under, skipped)
	}
	a := attempt{ctx: under, root: true, kind: s.Kind, name: name, opts: opts} // no parent: a deny is for its trace only
	a.current.read(under)
	a.parent.sample(s.Sample)

	if a.with(s.TracerProvider) || a.with(before.provider()) {
		return a.made, under, a.span
	}
	nearest := a.skipped
	if a.with(skipped) || a.with(globalProvider()) {
		return a.made, under, a.span
	}
	// As in Start: skipped is in under already.
	if a.skipped != nil && (nearest != nil || skipped == nil) {
		under = newSkippedNode(under, a.skipped)
	}
	root, span = fallback.start(under, &a.parent, s.Kind)
	return root, under, span
}

// underTrace returns the part of ctx over which a new trace lies.
func underTrace(ctx context.Context) context.Context {
	if life, ok := ctx.(seam.Lifetime); ok {
		ctx = life.Values()
	}
	return below(ctx)
}

// alive returns values with the lifetime of ctx, if ctx is one of workerpool's: underTrace has
// taken that lifetime off.
func alive(ctx, values context.Context) context.Context {
	if life, ok := ctx.(seam.Lifetime); ok {
		return life.Over(values)
	}
	return values
}

// below returns ctx without the links at its top by which this package has put a span there. The
// links hold nothing but the trace, which a new trace hides anyway.
func below(ctx context.Context) context.Context {
	for {
		switch n := ctx.(type) {
		case *node:
			ctx = n.Context
		case *clientNode:
			ctx = n.Context
		case *recordNode:
			ctx = n.under.ctx
		case *rootNode:
			ctx = n.under.ctx
		case *skippedNode:
			ctx = n.Context
		default:
			return ctx
		}
	}
}

// rootNode is the link above a logger that was bound to a new root. Function below
// needs it to take off the root that is under the logger.
type rootNode struct {
	context.Context
	key, val any    // rootKey{} and nothing; see node
	under    hidden // without the root
}

type rootKey struct{}
