// Package detachedgo finds background work that leaves the trace of the request behind.
package detachedgo

import (
	"go/ast"
	"go/types"
	"slices"

	"example.com/clew/cmd/clewvet/internal/vet/at"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

var Analyzer = &analysis.Analyzer{
	Name: "detachedgo",
	Doc: `find background work in request handlers that loses the trace

Reported are a go statement, time.AfterFunc, a pool's Submit and cron's AddFunc, if their function logs or sends
without the request's context:

	go func() { slog.Info("mailed") }()                                                           // has no trace ID
	go workerpool.Wrap(ctx, func(ctx context.Context) { slog.InfoContext(ctx, "mailed") })() // has the request's ID

If the module already builds with clew's workerpool, the fix uses workerpool.Wrap. Otherwise it passes the context
to the lines and requests in the function.`,
	Requires: []*analysis.Analyzer{at.Analyzer, at.Chains},
	Run:      run,
}

func run(pass *analysis.Pass) (any, error) {
	p := pass.ResultOf[at.Analyzer].(*at.Package)
	chain := pass.ResultOf[at.Chains].(func(*types.Func) *at.Chain)
	for c := range p.All((*ast.GoStmt)(nil), (*ast.CallExpr)(nil)) {
		s, ok := p.Spawn(c)
		if !ok {
			continue
		}
		h, ok := p.Hand(c)
		if !ok || !h.Handler {
			continue
		}
		d := analysis.Diagnostic{Pos: c.Node().Pos(), End: s.Func.Pos()}
		lost, advice := "", ""
		if literal, ok := ast.Unparen(s.Func).(*ast.FuncLit); ok {
			lc, _ := c.FindNode(literal)
			if !p.TakesContext(literal) {
				lost, d.SuggestedFixes = losses(p, chain, s, h, lc)
			}
		} else if f := p.Func(s.Func); f != nil {
			if found := chain(f); found != nil {
				lost, advice = at.FuncName(f)+" → "+found.String(), "give it a context, and "
			}
		}
		if lost == "" {
			continue
		}
		use := "workerpool.Wrap(" + h.Name() + ", …)"
		if s.Job {
			use = "workerpool.Job(" + h.Name() + ", …)"
		}
		d.Message = s.Name + " leaves the request's trace behind (" + lost + "): " + advice + "use " + use
		p.Report(pass, d)
	}
	return nil, nil
}

// losses returns the name of the first call in the function literal at c that loses the trace. If
// all such calls in the literal's own code can be fixed, it also returns a fix.
func losses(p *at.Package, chain func(*types.Func) *at.Chain, s at.Spawn, h at.Hand, c inspector.Cursor) (lost string, fixes []analysis.SuggestedFix) {
	literal := c.Node().(*ast.FuncLit)
	wrap, edits := wrapping(p, s, h, literal)
	later := at.Hand{Expr: h.Expr, Stable: h.Stable, Crossed: true}
	if wrap {
		later = at.Hand{Expr: "ctx"}
	}
	fixable, withheld := true, false
	p.Losses(c, func(l at.Loss, sends bool) {
		if lost == "" {
			lost = l.Name
		}
		fix := p.Fix(l, later, sends)
		if fix == nil || len(fix[0].TextEdits) == 0 {
			fixable, withheld = false, withheld || fix != nil
			return
		}
		for _, edit := range fix[0].TextEdits {
			same := func(e analysis.TextEdit) bool { return e.Pos == edit.Pos && string(e.NewText) == string(edit.NewText) }
			if !slices.ContainsFunc(edits, same) { // add each import once
				edits = append(edits, edit)
			}
		}
	})
	if lost != "" {
		if !fixable {
			edits = nil
		}
		if fixable || withheld {
			fixes = []analysis.SuggestedFix{{Message: "carry " + h.Expr, TextEdits: edits}}
		}
		return lost, fixes
	}
	for call := range p.Calls(c) {
		f := p.Callee(call)
		if found := chain(f); found != nil && !p.Given(call) {
			return at.FuncName(f) + " → " + found.String(), nil
		}
	}
	return "", nil
}

// wrapping returns the edits that put literal into workerpool.Wrap. It returns false if these
// edits are not enough.
func wrapping(p *at.Package, s at.Spawn, h at.Hand, literal *ast.FuncLit) (bool, []analysis.TextEdit) {
	const workerpool = "example.com/clew/workerpool"
	params, results := literal.Type.Params, literal.Type.Results
	if s.Job || !h.Usable() || params.NumFields() > 0 || results.NumFields() > 0 || p.Says(literal.Body, "ctx") {
		return false, nil
	}
	imports, ok := p.Import(literal.Pos(), workerpool)
	if !ok {
		return false, nil
	}
	more, ok := p.Import(literal.Pos(), "context")
	if !ok {
		return false, nil
	}
	return true, slices.Concat(imports, more, []analysis.TextEdit{
		{Pos: literal.Pos(), End: literal.Pos(), NewText: []byte("workerpool.Wrap(" + h.Expr + ", ")},
		{Pos: params.Opening + 1, End: params.Closing, NewText: []byte("ctx context.Context")},
		{Pos: literal.End(), End: literal.End(), NewText: []byte(")")},
	})
}
