// Package ctxless finds the calls at which the trace is lost because the called function has no
// context parameter.
package ctxless

import (
	"go/ast"
	"go/types"

	"example.com/clew/cmd/clewvet/internal/vet/at"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/edge"
)

var Analyzer = &analysis.Analyzer{
	Name: "ctxless",
	Doc: `find calls of functions that log or send without a context parameter, where a context is at hand

	func save(x X) { slog.Info("saved") } // has no trace ID, and cannot have one

	func handle(w http.ResponseWriter, r *http.Request) { save(x) } // reported, with the chain save → slog.Info

The function must be in the main module. It is reported once for a package, because the function
is what needs the change. A chain has at most three functions.`,
	Requires: []*analysis.Analyzer{at.Analyzer, at.Chains},
	Run:      run,
}

func run(pass *analysis.Pass) (any, error) {
	if !at.InMainModule(pass) {
		return nil, nil
	}
	p := pass.ResultOf[at.Analyzer].(*at.Package)
	chain := pass.ResultOf[at.Chains].(func(*types.Func) *at.Chain)
	seen := make(map[*types.Func]bool)
	for c := range p.All((*ast.CallExpr)(nil)) {
		call := c.Node().(*ast.CallExpr)
		f := p.Callee(call)
		if f == nil || seen[f] || c.ParentEdgeKind() == edge.GoStmt_Call || p.Given(call) {
			continue
		}
		found := chain(f)
		if found == nil {
			continue
		}
		if h, ok := p.Hand(c); !ok || p.Detached(c) || at.Implicit && h.Served {
			continue
		}
		seen[f] = true
		p.Report(pass, analysis.Diagnostic{
			Pos: call.Pos(), End: call.End(),
			Message: at.FuncName(f) + " takes no context, and loses the one at hand (" + at.FuncName(f) + " → " + found.String() + "): give it one",
		})
	}
	return nil, nil
}
