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
// The new context keeps all other values of ctx. A zerolog logger in ctx is bound to the new
// trace, if the program imports logctx.
//
// If this package began the old trace, the new context does not refer to the context that holds
// it. So a loop that calls Root in the context of the last Root does not make a growing chain of
// contexts. Spans that another library has put into ctx stay in the chain, and so do contexts that
// the program itself has derived.
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

// root begins a new trace. The result under is ctx without its trace, and the result root is
// derived from under.
func (s Starter) root(ctx context.Context, name string, opts []oteltrace.SpanStartOption) (root, under context.Context, span oteltrace.Span) {
	before, skipped := lookup(ctx), skippedIn(ctx)
	under = underTrace(ctx)
	if skipped != nil && skippedIn(under) == nil {
		under = newSkippedNode(under, skipped)
	}
	// The attempt has no parent: a deny, for instance, holds only for its own trace.
	a := attempt{ctx: under, root: true, kind: s.Kind, name: name, opts: opts}
	a.current.read(under)
	a.parent.sample(s.Sample)

	if a.with(s.TracerProvider) || a.with(before.provider()) {
		return a.made, under, a.span
	}
	nearest := a.skipped
	if a.with(skipped) || a.with(globalProvider()) {
		return a.made, under, a.span
	}
	// Starter.Start has nearly the same condition. Here, under already remembers skipped, if that
	// is not nil.
	if a.skipped != nil && (nearest != nil || skipped == nil) {
		under = newSkippedNode(under, a.skipped)
	}
	root, span = fallback.start(under, &a.parent, s.Kind)
	return root, under, span
}

// underTrace returns the part of ctx from which the context of a new trace is derived.
func underTrace(ctx context.Context) context.Context {
	if life, ok := ctx.(seam.Lifetime); ok {
		ctx = life.Values()
	}
	return below(ctx)
}

// alive returns root, which is the context of a new trace. If ctx is one of workerpool's contexts,
// the result also has ctx's deadline and cancellation, because underTrace has removed them.
func alive(ctx, root context.Context) context.Context {
	if life, ok := ctx.(seam.Lifetime); ok {
		return life.Over(root)
	}
	return root
}

// below returns ctx without the contexts at its top that this package made to hold a span. Such a
// context holds only a trace, and a new trace hides it anyway.
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

// rootNode is the context above a logger that was bound to a new root. The root itself is under
// the logger. So below() removes both, and goes on with the context in the field under.
type rootNode struct {
	context.Context
	key, val any    // the key rootKey{} and no value; see node
	under    hidden // the context without the root
}

type rootKey struct{}
