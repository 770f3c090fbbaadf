// Package freshctx finds fresh contexts at places where a context with the trace is at hand.
package freshctx

import (
	"go/ast"

	"example.com/clew/cmd/clewvet/internal/vet/at"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

var Analyzer = &analysis.Analyzer{
	Name: "freshctx",
	Doc: `find context.Background() and TODO() where a context is at hand

A fresh context has no trace. Code that may outlive its caller needs a context with another end, but the same trace:

	save(context.Background(), x)       // has no trace
	save(context.WithoutCancel(ctx), x) // has ctx's trace, and is not canceled with ctx

A fresh context is not reported if it replaces a nil one, is kept in a field, is for a shutdown or a cleanup, or is
for a round of an endless loop.`,
	Requires: []*analysis.Analyzer{at.Analyzer},
	Run:      run,
}

func run(pass *analysis.Pass) (any, error) {
	p := pass.ResultOf[at.Analyzer].(*at.Package)
	for c := range p.All((*ast.CallExpr)(nil)) {
		call := c.Node().(*ast.CallExpr)
		f := p.Callee(call)
		if !at.Is(f, "context", "Background", "TODO") || kept(p, c) || cleans(p, c) || p.Aside(c) || p.Untraced(c) {
			continue
		}
		h, ok := p.Hand(c)
		if !ok || !h.Handler && serves(c) {
			continue
		}
		if m, ok := p.Message(c, h); ok {
			p.Report(pass, analysis.Diagnostic{
				Pos: call.Pos(), End: call.End(),
				Message: "context." + f.Name() + "() loses the trace of " + m.Name + ": use context.WithoutCancel(ctx), after ctx := " + m.Extract,
			})
			continue
		}
		if p.Consumes(c, h) {
			continue
		}
		d := analysis.Diagnostic{
			Pos: call.Pos(), End: call.End(),
			Message: "context." + f.Name() + "() loses the trace of the context at hand: use context.WithoutCancel(" + h.Name() + ")",
		}
		if s, ok := call.Fun.(*ast.SelectorExpr); ok && h.Usable() {
			d.SuggestedFixes = []analysis.SuggestedFix{{
				Message:   "use context.WithoutCancel(" + h.Expr + ")",
				TextEdits: []analysis.TextEdit{{Pos: s.Sel.Pos(), End: call.End(), NewText: []byte("WithoutCancel(" + h.Expr + ")")}},
			}}
		}
		p.Report(pass, d)
	}
	return nil, nil
}

// kept reports whether the context at c is fresh on purpose: it is compared, kept in a field
// (where it can serve more than one trace), used for a shutdown, or the default for another
// context.
func kept(p *at.Package, c inspector.Cursor) bool {
	for {
		switch c.ParentEdgeKind() {
		case edge.BinaryExpr_X, edge.BinaryExpr_Y, edge.KeyValueExpr_Value:
			return true
		case edge.AssignStmt_Rhs:
			left := c.Parent().Node().(*ast.AssignStmt).Lhs[0]
			_, field := left.(*ast.SelectorExpr)
			return field || p.Shuts(c, left) || p.Default(left)
		case edge.CallExpr_Args:
			// For context.WithCancel and similar functions, continue with their result.
			outer := c.Parent().Node().(*ast.CallExpr)
			if f := p.Callee(outer); f == nil || f.Pkg() == nil || f.Pkg().Path() != "context" {
				return f != nil && (f.Name() == "Shutdown" || at.Is(f, "log/slog", "Logger.Enabled", "Handler.Enabled"))
			}
			c = c.Parent()
		default:
			return false
		}
	}
}

// cleans reports whether c is in a function literal that the surrounding function returns. Such a
// literal is a cleanup that runs at the end of the returned value's life.
func cleans(p *at.Package, c inspector.Cursor) bool {
	for f := range c.Enclosing((*ast.FuncLit)(nil)) {
		switch parent := f.Parent().Node().(type) {
		case *ast.ReturnStmt:
			return true
		case *ast.AssignStmt:
			return p.Returned(f, parent.Lhs[0])
		}
		return false
	}
	return false
}

// serves reports whether c is in an endless loop. Each round of the loop may belong to another
// trace.
func serves(c inspector.Cursor) bool {
	for loop := range c.Enclosing((*ast.ForStmt)(nil), (*ast.FuncDecl)(nil)) {
		if loop, ok := loop.Node().(*ast.ForStmt); ok && loop.Cond == nil {
			return true
		}
	}
	return false
}
