package at

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// Made reports whether e is the result of a function. The parameter name is the function's name,
// and path is its package.
func (p *Package) Made(e ast.Expr, path, name string) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		return Is(p.Callee(e), path, name)
	case *ast.Ident:
		for _, right := range p.flow().assigned[p.flow().object(e)] {
			if call, ok := right.(*ast.CallExpr); ok && Is(p.Callee(call), path, name) {
				return true
			}
		}
	}
	return false
}

// Reaches reports whether the value at c is passed to a function: directly, through a chain of
// calls, or through the variable that the value is assigned to. The parameter name is the
// function's name, and path is its package.
func (p *Package) Reaches(c inspector.Cursor, path, name string) bool {
	for {
		var variable ast.Expr
		switch parent := c.Parent().Node().(type) {
		case *ast.SelectorExpr, *ast.ParenExpr, *ast.UnaryExpr:
		case *ast.CallExpr:
			if Is(p.Callee(parent), path, name) {
				return true
			}
			if parent.Fun != c.Node() {
				return false
			}
		case *ast.AssignStmt:
			variable = parent.Lhs[0]
		case *ast.ValueSpec:
			variable = parent.Names[0]
		default:
			return false
		}
		if variable != nil {
			obj := p.flow().object(variable)
			for call := range p.All((*ast.CallExpr)(nil)) {
				call := call.Node().(*ast.CallExpr)
				if Is(p.Callee(call), path, name) && obj != nil && (p.flow().object(call.Args[0]) == obj || p.addressed(call.Args[0]) == obj) {
					return true
				}
			}
			return false
		}
		c = c.Parent()
	}
}

func (p *Package) addressed(e ast.Expr) types.Object {
	if u, ok := e.(*ast.UnaryExpr); ok {
		return p.flow().object(u.X)
	}
	return nil
}

// Returned reports whether the function around the literal at c returns the variable that e names.
func (p *Package) Returned(c inspector.Cursor, e ast.Expr) bool {
	obj := p.flow().object(e)
	for f := range c.Parent().Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		for r := range f.Preorder((*ast.ReturnStmt)(nil)) {
			for _, result := range r.Node().(*ast.ReturnStmt).Results {
				if obj != nil && p.flow().object(result) == obj {
					return true
				}
			}
		}
		break
	}
	return false
}

// Default reports whether the variable that e names can also get a value that is made from another
// context. A fresh context is then only the default, for the case that there is no other context.
func (p *Package) Default(e ast.Expr) (found bool) {
	v := p.flow().object(e)
	for _, right := range p.flow().assigned[v] {
		ast.Inspect(right, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && !found {
				w, ok := p.info.Uses[id].(*types.Var)
				found = ok && w != v && p.flow().context(id) > 0
			}
			return !found
		})
	}
	return found && v != nil
}

// Shuts reports whether the function around c passes the variable that e names to a method or
// function Shutdown.
func (p *Package) Shuts(c inspector.Cursor, e ast.Expr) bool {
	obj := p.flow().object(e)
	for f := range c.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		for call := range f.Preorder((*ast.CallExpr)(nil)) {
			call := call.Node().(*ast.CallExpr)
			if callee := p.Callee(call); callee != nil && callee.Name() == "Shutdown" && len(call.Args) > 0 && obj != nil && p.flow().object(call.Args[0]) == obj {
				return true
			}
		}
		break
	}
	return false
}

// local returns the local variable that e names, or nil.
func (p *Package) local(e ast.Expr) *types.Var {
	v, _ := p.flow().object(e).(*types.Var)
	if v == nil || v.IsField() || v.Pkg() == nil || v.Parent() == v.Pkg().Scope() || p.flow().params[v] {
		return nil
	}
	return v
}

// held returns the log function that call calls through a local variable, and that function's
// receiver. If the variable may hold several functions, held returns the first. It returns nil
// unless all values of the variable are log functions without a context.
func (p *Package) held(call *ast.CallExpr, in reach) (f *types.Func, x ast.Expr) {
	v := p.local(call.Fun)
	if v == nil {
		return nil, nil
	}
	for _, right := range p.flow().assigned[v] {
		g, of := p.logFunc(right, in)
		if g == nil {
			return nil, nil
		}
		if f == nil {
			f, x = g, of
		}
	}
	return f, x
}

// variableLine returns the log line that the call at c writes, if c calls a variable that holds
// functions of slog or logrus.
func (p *Package) variableLine(c inspector.Cursor) (Loss, bool) {
	call := c.Node().(*ast.CallExpr)
	f, _ := p.held(call, p.reach(c))
	if f == nil || p.flow().given(call) {
		return Loss{}, false
	}
	name := ast.Unparen(call.Fun).(*ast.Ident).Name
	l := Loss{Call: call, Name: f.Pkg().Name() + "." + f.Name()}
	switch f.Pkg().Path() {
	case "log/slog":
		l.Advice = func(ctx string) string {
			return "make " + name + " slog." + f.Name() + "Context, and call it with " + ctx
		}
		l.Edits = p.heldEdits(call)
	case "github.com/sirupsen/logrus":
		l.Advice = func(ctx string) string { return "make " + name + " logrus.WithContext(" + ctx + ")." + f.Name() }
	default:
		return Loss{}, false
	}
	return l, true
}

// heldEdits returns edits for a call through a variable. After the edits, the variable holds
// functions with a context parameter, and the call passes a context. It returns nil if the edits
// would change more than this call.
func (p *Package) heldEdits(call *ast.CallExpr) func(ctx string) []analysis.TextEdit {
	v := p.local(call.Fun)
	var edits []analysis.TextEdit
	for _, right := range p.flow().assigned[v] {
		sel := ast.Unparen(right).(*ast.SelectorExpr).Sel
		edits = append(edits, insert(sel, "Context")...)
	}
	uses := 0
	for id, obj := range p.info.Uses {
		if obj == v && id != ast.Unparen(call.Fun) && !p.assigns(id) {
			uses++
		}
	}
	if uses > 0 || !p.inferred(v) {
		return nil
	}
	return func(ctx string) []analysis.TextEdit {
		if len(call.Args) > 0 {
			ctx += ", "
		}
		return append(edits[:len(edits):len(edits)], analysis.TextEdit{Pos: call.Lparen + 1, End: call.Lparen + 1, NewText: []byte(ctx)})
	}
}

// assigns reports whether id is on the left of an assignment.
func (p *Package) assigns(id *ast.Ident) bool {
	c, ok := p.inspector.Root().FindNode(id)
	return ok && c.ParentEdgeKind() == edge.AssignStmt_Lhs
}

// inferred reports whether the type of v comes from its first value, because the declaration of v
// names no type.
func (p *Package) inferred(v *types.Var) bool {
	c, ok := p.inspector.Root().FindByPos(v.Pos(), v.Pos()+token.Pos(len(v.Name())))
	if !ok {
		return false
	}
	spec, ok := c.Parent().Node().(*ast.ValueSpec)
	return !ok || spec.Type == nil
}
