package at

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// leaves reports whether list ends with a return, break, continue or goto, so that the code below
// it does not run.
func leaves(list []ast.Stmt) bool {
	if len(list) == 0 {
		return false
	}
	switch list[len(list)-1].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		return true
	}
	return false
}

// ended reports whether c, in function f, runs after the end of the program or of the context:
// after a receive from Done() or from a channel of signals.
func (p *Package) ended(c, f inspector.Cursor) bool {
	for ; c.Node() != f.Node(); c = c.Parent() {
		if clause, ok := c.Node().(*ast.CommClause); ok && p.isEnd(clause.Comm) {
			return true
		}
		switch c.ParentEdgeKind() {
		case edge.BlockStmt_List, edge.CaseClause_Body, edge.CommClause_Body:
			for s, ok := c.PrevSibling(); ok; s, ok = s.PrevSibling() {
				stmt, ok := s.Node().(ast.Stmt)
				if ok && (p.isEnd(stmt) || p.waits(stmt)) {
					return true
				}
			}
		}
		if call, ok := c.Parent().Node().(*ast.CallExpr); ok && Is(p.Callee(call), "context", "AfterFunc") {
			return true
		}
	}
	return false
}

func (p *Package) isEnd(stmt ast.Stmt) bool {
	var expr ast.Expr
	switch stmt := stmt.(type) {
	case *ast.ExprStmt:
		expr = stmt.X
	case *ast.AssignStmt:
		expr = stmt.Rhs[0]
	}
	receive, ok := ast.Unparen(expr).(*ast.UnaryExpr)
	if !ok || receive.Op != token.ARROW {
		return false
	}
	if call, ok := receive.X.(*ast.CallExpr); ok {
		if f := p.Callee(call); f != nil && f.Name() == "Done" {
			return true
		}
	}
	channel, ok := p.info.TypeOf(receive.X).Underlying().(*types.Chan)
	return ok && TypePath(channel.Elem()) == "os.Signal"
}

// waits reports whether stmt is a select with a case for the end of the program or of the context,
// and whether the code below the select runs after that case.
func (p *Package) waits(stmt ast.Stmt) bool {
	s, ok := stmt.(*ast.SelectStmt)
	if !ok {
		return false
	}
	for _, clause := range s.Body.List {
		if clause := clause.(*ast.CommClause); p.isEnd(clause.Comm) {
			return !leaves(clause.Body)
		}
	}
	return false
}
