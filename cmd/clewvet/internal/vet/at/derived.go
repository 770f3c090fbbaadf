package at

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// derived returns a variable of function f that can be used at c, and holds the context of param
// or a context made from it. It prefers a variable with param's name. Among all others, it prefers
// the variable in the innermost scope.
func (p *Package) derived(param *types.Var, c, f inspector.Cursor) *types.Var {
	pos := c.Node().Pos()
	if v, ok := p.lookup(param.Name(), pos).(*types.Var); ok && isContext(v) && (v == param || p.assignedBefore(v, pos, p.hasValue)) {
		return v
	}
	outermost := p.info.Scopes[funcType(f.Node())]
	for scope := p.types.Scope().Innermost(pos); scope != nil; scope = scope.Parent() {
		for _, name := range scope.Names() {
			v, ok := scope.Lookup(name).(*types.Var)
			if ok && name != "_" && isContext(v) && p.lookup(name, pos) == v && p.from(v, param, pos, 3) {
				return v
			}
		}
		if scope == outermost {
			break
		}
	}
	return nil
}

func isContext(v *types.Var) bool {
	n, ok := types.Unalias(v.Type()).(*types.Named)
	return ok && TypePath(n) == "context.Context"
}

// The method from reports whether the value of v at pos is certainly made from param. The
// parameter steps is the largest number of assignments that it follows.
func (p *Package) from(v, param *types.Var, pos token.Pos, steps int) bool {
	if v == param {
		return true
	}
	return steps > 0 && p.assignedBefore(v, pos, func(value ast.Expr) (found bool) {
		ast.Inspect(value, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && !found {
				w, ok := p.info.Uses[id].(*types.Var)
				found = ok && w != v && p.from(w, param, value.Pos(), steps-1)
			}
			return !found
		})
		return found
	})
}

// hasValue reports whether value is anything but a literal nil.
func (p *Package) hasValue(value ast.Expr) bool { return !p.info.Types[value].IsNil() }

// assignedBefore reports whether v certainly gets a value before the code at pos runs, and wanted
// returns true for this value. The assignment must be above pos, in a block that encloses pos. A
// variable that may still be nil must not be used, because net/http rejects a request with a nil
// context.
func (p *Package) assignedBefore(v *types.Var, pos token.Pos, wanted func(value ast.Expr) bool) bool {
	for _, a := range p.assignments()[v] {
		if above(a.stmt, pos) && wanted(a.value) && (a.unless == nil || p.checked(a, pos)) {
			return true
		}
	}
	return false
}

// An assignment is a statement that gives a variable a value.
type assignment struct {
	stmt  inspector.Cursor // the whole statement
	value ast.Expr
	// unless is the error or bool that comes with the value, and can mean that there is no value.
	unless types.Object
}

func (p *Package) findAssignments() map[types.Object][]assignment {
	all := make(map[types.Object][]assignment)
	add := func(c inspector.Cursor, left, right []ast.Expr) {
		if len(right) == 0 {
			return
		}
		var unless types.Object
		if len(right) < len(left) && p.mayFail(right[0]) {
			id, _ := left[len(left)-1].(*ast.Ident)
			if unless = p.info.ObjectOf(id); unless == nil {
				return // the error or bool is discarded, or assigned to a field
			}
		}
		for i, e := range left {
			if id, ok := e.(*ast.Ident); ok {
				if obj := p.info.ObjectOf(id); obj != nil {
					all[obj] = append(all[obj], assignment{c, right[min(i, len(right)-1)], unless})
				}
			}
		}
	}
	for c := range p.inspector.Root().Preorder((*ast.AssignStmt)(nil), (*ast.ValueSpec)(nil)) {
		switch n := c.Node().(type) {
		case *ast.AssignStmt:
			add(c, n.Lhs, n.Rhs)
		case *ast.ValueSpec:
			var left []ast.Expr
			for _, name := range n.Names {
				left = append(left, name)
			}
			if decl := c.Parent(); decl.ParentEdgeKind() == edge.DeclStmt_Decl {
				c = decl.Parent()
			}
			add(c, left, n.Values)
		}
	}
	return all
}

// mayFail reports whether the last value of e is an error or a bool.
func (p *Package) mayFail(e ast.Expr) bool {
	results, ok := p.info.TypeOf(e).(*types.Tuple)
	if !ok || results.Len() == 0 {
		return false
	}
	last := results.At(results.Len() - 1).Type()
	basic, ok := last.Underlying().(*types.Basic)
	return ok && basic.Info()&types.IsBoolean != 0 || types.Identical(last, types.Universe.Lookup("error").Type())
}

// above reports whether stmt runs before the code at pos, which is below stmt in the same block or
// in a nested one.
func above(stmt inspector.Cursor, pos token.Pos) bool {
	if stmt.ParentEdgeKind() == edge.ForStmt_Post || pos < stmt.Node().End() {
		return false
	}
	block := stmt.Parent()
	for block.ParentEdgeKind() == edge.LabeledStmt_Stmt {
		block = block.Parent()
	}
	return block.Node().Pos() <= pos && pos < block.Node().End()
}

// checked reports whether the function returns between a and pos if a gives no value: the
// statement after a is an if that tests for an error or a false bool.
func (p *Package) checked(a assignment, pos token.Pos) bool {
	next, ok := a.stmt.NextSibling()
	if !ok {
		return false
	}
	check, ok := next.Node().(*ast.IfStmt)
	return ok && check.End() <= pos && leaves(check.Body.List) && p.failed(check.Cond, a.unless)
}

// failed reports whether cond is true whenever errOrOK shows a failure: an error that is not nil,
// or a bool that is false.
func (p *Package) failed(cond ast.Expr, errOrOK types.Object) bool {
	switch cond := ast.Unparen(cond).(type) {
	case *ast.BinaryExpr:
		if cond.Op == token.LOR {
			return p.failed(cond.X, errOrOK) || p.failed(cond.Y, errOrOK)
		}
		return cond.Op == token.NEQ && p.info.Types[cond.Y].IsNil() && p.flow().object(cond.X) == errOrOK
	case *ast.UnaryExpr:
		return cond.Op == token.NOT && p.flow().object(cond.X) == errOrOK
	}
	return false
}
