package at

import (
	"go/ast"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

// A Loss is a call that logs or sends without a context although a context is at hand.
type Loss struct {
	Call ast.Node // the whole call, for the position of the report
	Name string   // the name of the called function, such as slog.Info
	// Advice returns what to write instead. Its parameter ctx is the expression for a context.
	Advice func(ctx string) string
	// Edits returns the edits that write Advice. It is nil if there is only advice.
	Edits func(ctx string) []analysis.TextEdit
}

// Fix returns the fix of l for the context at hand h, with the import that the fix needs. It
// returns nil if there is no fix, and a fix without edits if only the import is impossible.
func (p *Package) Fix(l Loss, h Hand, sends bool) []analysis.SuggestedFix {
	if l.Edits == nil || !h.Usable() {
		return nil
	}
	expr, needs := h.Expr, ""
	if sends { // a log line works with a context that has ended
		expr, needs = h.Outliving()
	}
	edits := l.Edits(expr)
	if needs != "" {
		imported, ok := p.Import(l.Call.Pos(), needs)
		edits = append(edits, imported...)
		if !ok {
			edits = nil
		}
	}
	return []analysis.SuggestedFix{{Message: l.Advice(expr), TextEdits: edits}}
}

// ReportLosses reports each call that find returns and that has a context at hand, except in
// functions that detachedgo reports.
func (p *Package) ReportLosses(pass *analysis.Pass, find func(inspector.Cursor) (Loss, bool), sends bool) {
	for c := range p.All((*ast.CallExpr)(nil)) {
		l, ok := find(c)
		if !ok {
			continue
		}
		h, ok := p.Hand(c)
		if !ok || p.Detached(c) || Implicit && h.Served {
			continue
		}
		if m, ok := p.Message(c, h); ok {
			p.Report(pass, analysis.Diagnostic{
				Pos: l.Call.Pos(), End: l.Call.End(),
				Message: l.Name + " without the trace of " + m.Name + ": " + l.Advice("ctx") + ", after ctx := " + m.Extract,
			})
			continue
		}
		if p.Consumes(c, h) {
			continue
		}
		p.Report(pass, analysis.Diagnostic{
			Pos: l.Call.Pos(), End: l.Call.End(),
			Message:        l.Name + " without the context at hand: " + l.Advice(h.Name()),
			SuggestedFixes: p.Fix(l, h, sends),
		})
	}
}

func insert(after ast.Node, text string) []analysis.TextEdit {
	return []analysis.TextEdit{{Pos: after.End(), End: after.End(), NewText: []byte(text)}}
}

// method returns the two parts of the selector that call calls: the receiver or package, and the
// name. It returns nil if the called expression is not a selector.
func method(call *ast.CallExpr) (x ast.Expr, sel *ast.Ident) {
	if s, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok {
		return s.X, s.Sel
	}
	return nil, nil
}
