package trace

import (
	"context"
	"reflect"

	"example.com/clew/internal/lifetime"
	"example.com/clew/internal/newid"
	"example.com/clew/internal/seam"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Start begins a span in ctx's trace, or a new trace if ctx has none, and returns a context
// in which it is the current span. The caller ends it.
//
// The span comes from the provider of ctx's current span, else from OpenTelemetry's global
// one, else from a [Provider] that samples 0.1 % of new traces. It always has valid IDs. A
// nil ctx is context.Background(). With oteltrace.WithNewRoot a logger in ctx stays bound to
// the old trace: use [Root].
func Start(ctx context.Context, name string, opts ...oteltrace.SpanStartOption) (context.Context, oteltrace.Span) {
	return Starter{}.Start(ctx, B3{}, name, opts...)
}

// Root begins a new trace, whose first span is linked to ctx's trace, if there is one, and
// returns a context in which it is the current span: for work that ctx's trace caused but
// that is not part of it, as each run of a repeating job. The caller ends the span.
//
// All other values of ctx stay. A zerolog logger in ctx is bound to the new trace, if the
// program imports logctx.
//
// The new context keeps nothing of the old trace, where this package began it: a root in the
// context of a root, and so on, is no chain. Spans that another library has put into ctx stay
// below, and so does what the program itself has derived from ctx.
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

// alive returns values with the lifetime of ctx, if ctx is one of workerpool's: they lack it then.
func alive(ctx, values context.Context) context.Context {
	if life, ok := ctx.(lifetime.Context); ok {
		return life.Over(values)
	}
	return values
}

// rootNode is the link above a logger that was bound to a new root. Without it nobody could
// see that there is a root below the logger.
type rootNode struct {
	context.Context
	key, val any    // rootKey{} and nothing; see node
	under    hidden // without the root
}

type rootKey struct{}

// below returns ctx without the links at its top by which this package has put a span there.
// They hold nothing but the trace: over what is below them, a new trace hides as much.
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
		case *passedNode:
			ctx = n.Context
		default:
			return ctx
		}
	}
}

// Starter starts spans as [Start] does, for middleware, transports and consumers of queues:
// from a provider of their own, for a caller who is known by [B3]. The zero value is ready
// to use. It may be copied and is safe for concurrent use.
type Starter struct {
	TracerProvider oteltrace.TracerProvider // nil: as Start says
	Kind           oteltrace.SpanKind       // for the spans of an SDK

	// Sample is asked where nobody has decided: the caller neither, nor a span that is current in
	// ctx. It is asked before the sampler of a Provider or an SDK, which it overrules: what it
	// says is obeyed as a state that a caller has sent without IDs. Defer, a value that is none of
	// the four, and nil leave it to the sampler.
	Sample func() Sampling
}

// Start begins a span as a child of caller, which is what [FromHeader], [Parse] or
// [FromContext] returned. The zero caller is ctx's current span. With oteltrace.WithNewRoot
// there is no parent.
//
// A span of this process that is current in ctx is the parent, not caller, unless caller
// names another trace. A caller with a trace ID and no span ID is a trace to join, without
// a parent.
//
// With an SDK, whatever its sampler, the B3 states keep their meaning. Deny never reaches
// it: that span has IDs only. Accept and debug arrive as a sampled remote parent. Defer
// arrives as a trace ID without a parent span, so that ParentBased asks its root sampler.
func (s Starter) Start(ctx context.Context, caller B3, name string, opts ...oteltrace.SpanStartOption) (context.Context, oteltrace.Span) {
	if ctx == nil {
		ctx = context.Background()
	}
	if newRoot(opts) {
		root, _, span := s.root(ctx, name, opts)
		return alive(ctx, root), span
	}
	cur := lookup(ctx)
	var p parent
	p.resolve(&cur, caller)
	p.sample(s.Sample)
	var over oteltrace.TracerProvider
	for i, provider := range [...]oteltrace.TracerProvider{s.TracerProvider, cur.provider(), globalProvider()} {
		if provider == nil {
			continue
		}
		if own, ok := asOwn(provider); ok {
			return own.start(ctx, &p, s.Kind)
		}
		if p.denied {
			if over == nil && (i < 2 || passedOver(ctx) == nil) {
				over = provider // the global one only where there was none nearer
			}
			continue
		}
		if ahead := aheadOf(provider); ahead != nil && !ahead.takes(&p) {
			return ahead.start(ctx, &p, s.Kind)
		}
		if spanCtx, span, ok := p.ask(ctx, &cur, provider, s.Kind, name, opts); ok {
			return spanCtx, span
		}
		p.undecided()
	}
	if over != nil {
		ctx = newPassedNode(ctx, over)
	}
	return fallback.start(ctx, &p, s.Kind)
}

// root begins a new trace. Its context lies over under, which is what lies below the trace of ctx.
func (s Starter) root(ctx context.Context, name string, opts []oteltrace.SpanStartOption) (root, under context.Context, span oteltrace.Span) {
	cur, passed := lookup(ctx), passedOver(ctx)
	under = ctx
	if life, ok := ctx.(lifetime.Context); ok {
		under = life.Values()
	}
	under = below(under)
	if passed != nil && passedOver(under) == nil {
		under = newPassedNode(under, passed)
	}
	there := lookup(under)
	var p parent // none: a deny is for its trace only
	p.sample(s.Sample)
	var over oteltrace.TracerProvider
	for i, provider := range [...]oteltrace.TracerProvider{s.TracerProvider, cur.provider(), passed, globalProvider()} {
		if provider == nil {
			continue
		}
		if own, ok := asOwn(provider); ok {
			root, span = own.start(under, &p, s.Kind)
			return root, under, span
		}
		if p.denied {
			if over == nil && (i < 2 || passed == nil) {
				over = provider // as in Start; passed is there already
			}
			continue
		}
		if ahead := aheadOf(provider); ahead != nil && !ahead.takes(&p) {
			root, span = ahead.start(under, &p, s.Kind)
			return root, under, span
		}
		asked := opts
		if p.b3.Sampling != Defer {
			asked = joining(opts)
		}
		if root, span, ok := p.ask(under, &there, provider, s.Kind, name, asked); ok {
			return root, under, span
		}
		p.undecided()
	}
	if over != nil {
		under = newPassedNode(under, over)
	}
	root, span = fallback.start(under, &p, s.Kind)
	return root, under, span
}

// passedNode holds the SDK that was not asked because a caller, or Sample, had denied: a new
// root that begins in that context is again its to decide.
type passedNode struct {
	context.Context
	key, val any // passedOverKey{} and the SDK; see node
}

type passedOverKey struct{}

func newPassedNode(ctx context.Context, over oteltrace.TracerProvider) *passedNode {
	return &passedNode{ctx, passedOverKey{}, over}
}

func (n *passedNode) Value(key any) any {
	if key == n.key {
		return n.val
	}
	return n.Context.Value(key)
}

func passedOver(ctx context.Context) oteltrace.TracerProvider {
	provider, _ := ctx.Value(passedOverKey{}).(oteltrace.TracerProvider)
	return provider
}

// parent is what a span is started under. The zero value is no parent, and nothing decided.
type parent struct {
	b3     B3 // with the state that the child is to have; Defer: to be decided
	state  oteltrace.TraceState
	denied bool // by a caller or by Sample, so that no SDK is asked
	ruled  bool // decided by Sample
	ahead  bool // decided ahead of the SDK, by the sampler that it would ask

	callerParent oteltrace.SpanID // of a caller that is the parent
}

// resolve finds the parent among the current span and the caller.
func (p *parent) resolve(cur *current, caller B3) {
	caller.Sampling = caller.Sampling.known()
	joins := caller.TraceID.IsValid()
	if joins && !(cur.local() && caller.TraceID == cur.b3.TraceID) {
		p.b3, p.denied, p.callerParent = caller, caller.Sampling == Deny, caller.ParentSpanID
		if caller.TraceID == cur.b3.TraceID {
			p.state = cur.traceState()
			if caller.Sampling == Defer && cur.own != nil { // decided before: see NewContext
				p.b3.Sampling, p.denied = cur.b3.Sampling, cur.denied()
			}
		}
		return
	}

	p.b3, p.state, p.denied = cur.b3, cur.traceState(), cur.denied()
	if cur.remote() {
		p.callerParent = cur.b3.ParentSpanID
	}
	if cur.known {
		// This hop has decided. Only what must not be missed still counts.
		if caller.Sampling != Deny && caller.Sampling != Debug {
			return
		}
	} else if joins {
		p.b3.wide = caller.wide
	}
	switch caller.Sampling {
	case Deny, Debug:
		p.b3.Sampling, p.denied = caller.Sampling, caller.Sampling == Deny
	case Accept:
		if !p.denied && p.b3.Sampling != Debug {
			p.b3.Sampling = Accept
		}
	default:
		// The local span is another library's, its decision too; and a caller who defers
		// looks to ParentBased as if he had denied. An unsampled span here may be no
		// decision at all, so the sampler is asked again, as if there were no parent.
		if joins && cur.local() && p.b3.Sampling == Deny && !p.denied {
			p.b3.Sampling = Defer
		}
	}
}

// sample asks f, which may be nil, if nobody has decided.
func (p *parent) sample(f func() Sampling) {
	if f == nil || p.b3.Sampling != Defer {
		return
	}
	p.b3.Sampling = f().known()
	p.denied, p.ruled = p.b3.Sampling == Deny, p.b3.Sampling != Defer
}

// ask lets an SDK make the span. ok is false if it made none: a no-op provider returns its
// parent's span, or one without IDs.
func (p *parent) ask(ctx context.Context, cur *current, provider oteltrace.TracerProvider, kind oteltrace.SpanKind, name string, opts []oteltrace.SpanStartOption) (context.Context, oteltrace.Span, bool) {
	opts = withKind(kind, opts)
	shown, there := p.shown(), cur.spanContext()
	sdkCtx := ctx
	if shown.TraceID.IsValid() && !(shown.SpanID == there.SpanID() && shown.TraceID == there.TraceID() && shown.Sampling == cur.b3.Sampling) {
		// A span of ours, so that a sampler that asks FromContext learns more than a flag can say.
		n := new(node)
		n.span.b3, n.span.rare = shown, rarely(p.state, nil)
		n.span.remote = !cur.local() || shown.SpanID != there.SpanID()
		if !shown.SpanID.IsValid() { // of a caller who defers: hidden from OpenTelemetry, not from our own
			n.span.b3, n.span.hidden = p.b3, true
		}
		sdkCtx = n.link(ctx)
		if shown.SpanID != p.b3.SpanID && shown.SpanID.IsValid() {
			sdkCtx = context.WithValue(sdkCtx, seam.InventedParent{}, shown.SpanID)
		}
	}
	sdkCtx, s := provider.Tracer(scope).Start(sdkCtx, name, opts...)
	sc := s.SpanContext()
	if !sc.IsValid() || sc.SpanID() == shown.SpanID || sc.SpanID() == there.SpanID() {
		return nil, nil, false
	}

	b := B3{TraceID: sc.TraceID(), SpanID: sc.SpanID(), Sampling: Deny}
	switch {
	case p.b3.Sampling == Debug:
		b.Sampling = Debug
	case sc.IsSampled():
		b.Sampling = Accept
	}
	if b.TraceID == p.b3.TraceID {
		// Not what was shown: that parent may have been invented.
		b.ParentSpanID, b.wide = p.b3.SpanID, p.b3.wide
	}
	n := newRecordNode(sdkCtx, ctx)
	if b.ParentSpanID.IsValid() {
		n.callerParent = p.callerParent
	}
	n.b3, n.bySDK, n.server = b, true, kind == oteltrace.SpanKindServer
	return n, s, true
}

// withKind is opts after the kind. Middleware has no others: it shares what is made once.
func withKind(kind oteltrace.SpanKind, opts []oteltrace.SpanStartOption) []oteltrace.SpanStartOption {
	switch {
	case kind == oteltrace.SpanKindUnspecified:
		return opts
	case len(opts) == 0 && kind == oteltrace.SpanKindServer:
		return asServer
	case len(opts) == 0 && kind == oteltrace.SpanKindClient:
		return asClient
	}
	return append([]oteltrace.SpanStartOption{oteltrace.WithSpanKind(kind)}, opts...)
}

var (
	asServer = []oteltrace.SpanStartOption{oteltrace.WithSpanKind(oteltrace.SpanKindServer)}
	asClient = []oteltrace.SpanStartOption{oteltrace.WithSpanKind(oteltrace.SpanKindClient)}
)

// shown is p as an SDK must see it so that its sampler does what B3 says. The zero B3 is no
// parent.
func (p *parent) shown() B3 {
	b := p.b3
	switch {
	case b.Sampling == Defer, p.ahead:
		// The SDK keeps the trace ID. ParentBased, for which this is no valid parent, asks
		// its root sampler; with the span ID it would not sample. A sampler that was asked
		// ahead of its SDK finds its decision in our span.
		b.SpanID = oteltrace.SpanID{}
	case b.Sampling.sampled():
		// ParentBased follows a valid parent only, so IDs that are missing are invented.
		// They are on no log line and on no wire. A caller that left it to Sample has a span ID,
		// but reports no span.
		if !b.TraceID.IsValid() {
			b.TraceID = newid.Trace()
		}
		if !b.SpanID.IsValid() || p.ruled {
			b.SpanID = newid.Span()
		}
	}
	return b
}

// scope is the name under which SDKs see the spans of this module.
var scope = reflect.TypeFor[Starter]().PkgPath()
