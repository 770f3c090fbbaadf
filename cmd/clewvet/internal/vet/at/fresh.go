package at

import (
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// Aside reports whether the fresh context at c loses no trace. There are two such cases. Either
// the trace gets into the context in another way, for example because a call combines the fresh
// context with another one. Or the code only waits for the context's end.
func (p *Package) Aside(c inspector.Cursor) bool {
	for c.ParentEdgeKind() == edge.CallExpr_Args {
		call := c.Parent().Node().(*ast.CallExpr)
		if p.carries(c) || p.asksEnd(c, 3) {
			return true
		}
		if !makesContext(p.info.TypeOf(call)) {
			return false
		}
		if slices.ContainsFunc(call.Args, func(arg ast.Expr) bool {
			return arg != c.Node() && p.flow().context(arg) > 0 && !p.Made(arg, "context", "Background") && !p.Made(arg, "context", "TODO")
		}) {
			return true
		}
		c = c.Parent()
	}
	if c.ParentEdgeKind() != edge.AssignStmt_Rhs {
		return false
	}
	v := p.local(c.Parent().Node().(*ast.AssignStmt).Lhs[0])
	if v == nil {
		return false
	}
	uses := p.uses()[v]
	return slices.ContainsFunc(uses, p.carries) || p.asksEnds(uses, 3)
}

// findUses returns the places that name each variable, except assignments to it.
func (p *Package) findUses() map[types.Object][]inspector.Cursor {
	uses := make(map[types.Object][]inspector.Cursor)
	for c := range p.inspector.Root().Preorder((*ast.Ident)(nil)) {
		if v, ok := p.info.Uses[c.Node().(*ast.Ident)].(*types.Var); ok && c.ParentEdgeKind() != edge.AssignStmt_Lhs {
			uses[v] = append(uses[v], c)
		}
	}
	return uses
}

// carries reports whether the context at c is an argument of a call that puts a trace into the
// context, or links the context's span to another.
func (p *Package) carries(c inspector.Cursor) bool {
	kind, index := c.ParentEdge()
	if kind != edge.CallExpr_Args || index > 0 {
		return false
	}
	call := c.Parent().Node().(*ast.CallExpr)
	f := p.Callee(call)
	return Is(f, "go.opentelemetry.io/otel/trace", "ContextWithSpan", "ContextWithSpanContext", "ContextWithRemoteSpanContext", "LinkFromContext") ||
		Is(f, "github.com/opentracing/opentracing-go", "ContextWithSpan") || Is(f, "example.com/clew/trace", "NewContext") ||
		slices.ContainsFunc(call.Args, func(arg ast.Expr) bool { return p.Says(arg, "WithLinks") })
}

// asksEnd reports whether the code uses the context at c only for its end or deadline, directly or
// in the function of this package that receives the context.
func (p *Package) asksEnd(c inspector.Cursor, steps int) bool {
	switch kind, index := c.ParentEdge(); kind {
	case edge.SelectorExpr_X:
		switch c.Parent().Node().(*ast.SelectorExpr).Sel.Name {
		case "Done", "Err", "Deadline":
			return true
		}
	case edge.CallExpr_Args:
		f := p.Callee(c.Parent().Node().(*ast.CallExpr))
		if Is(f, "os/exec", "CommandContext") || Is(f, "net", "Dialer.DialContext", "ListenConfig.Listen", "ListenConfig.ListenPacket") {
			return true
		}
		if f == nil || f.Pkg() != p.types || steps == 0 || f.Signature().Variadic() || index >= f.Signature().Params().Len() {
			return false
		}
		return p.asksEnds(p.uses()[f.Signature().Params().At(index)], steps-1)
	}
	return false
}

func (p *Package) asksEnds(uses []inspector.Cursor, steps int) bool {
	return len(uses) > 0 && !slices.ContainsFunc(uses, func(c inspector.Cursor) bool { return !p.asksEnd(c, steps) })
}

// Untraced reports whether the context at hand at c has no trace. That context is a parameter of a
// function. In all calls of this function, the argument must be a fresh context that was made
// where no other context is at hand.
func (p *Package) Untraced(c inspector.Cursor) bool {
	for f := range c.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		if param, found := p.param(f.Node()); found {
			return param != nil && p.handedFresh(param, 3)
		}
	}
	return false
}

func (p *Package) handedFresh(param *types.Var, steps int) bool {
	all := p.flow().handed()[param]
	return steps > 0 && len(all) > 0 && !slices.ContainsFunc(all, func(h handing) bool { return !p.fresh(h.arg, steps-1) })
}

// within reports whether a function around c has a context among its parameters, named or not. The
// contexts of commands and tests do not count, because they have no trace.
func (p *Package) within(c inspector.Cursor) bool {
	for f := range c.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		if _, found := p.param(f.Node()); found {
			return !p.Exempt(f.Node())
		}
	}
	return false
}

// fresh reports whether e is a context that comes from context.Background or context.TODO.
func (p *Package) fresh(e ast.Expr, steps int) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		f := p.Callee(e)
		if Is(f, "context", "Background", "TODO") {
			c, _ := p.inspector.Root().FindNode(e)
			return !p.within(c)
		}
		return f != nil && f.Pkg() != nil && f.Pkg().Path() == "context" && len(e.Args) > 0 && p.fresh(e.Args[0], steps)
	case *ast.Ident:
		v, ok := p.flow().object(e).(*types.Var)
		if !ok || steps == 0 {
			return false
		}
		if p.flow().params[v] {
			return len(p.flow().assigned[v]) == 0 && p.handedFresh(v, steps)
		}
		made := p.flow().assigned[v]
		return len(made) > 0 && !slices.ContainsFunc(made, func(e ast.Expr) bool { return !p.fresh(e, steps-1) })
	}
	return false
}
