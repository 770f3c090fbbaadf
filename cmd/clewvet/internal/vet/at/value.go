package at

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// logFunc returns the log function that e names without a call, and the receiver x of that
// function. It returns nil if e names no log function. It also returns nil if x was given a
// context within the given reach, so that the lines of the function can have one.
func (p *Package) logFunc(e ast.Expr, in reach) (f *types.Func, x ast.Expr) {
	s, ok := ast.Unparen(e).(*ast.SelectorExpr)
	if !ok {
		return nil, nil
	}
	if selection := p.info.Selections[s]; selection != nil && selection.Kind() == types.MethodExpr {
		return nil, nil
	}
	f, _ = p.info.Uses[s.Sel].(*types.Func)
	if f == nil || f.Pkg() == nil {
		return nil, nil
	}
	switch path := f.Pkg().Path(); {
	case path == "log/slog" && isSlogLine(f):
	case path == "github.com/sirupsen/logrus" && isLogrusLine(f):
	case path == "github.com/rs/zerolog", path == "github.com/rs/zerolog/log":
		if !prints(f) && !begins(f) {
			return nil, nil
		}
	default:
		return nil, nil
	}
	if f.Signature().Recv() != nil && p.flow().bound(s.X, in) {
		return nil, nil
	}
	return f, s.X
}

// prints reports whether the zerolog function f writes a line that cannot be given a context.
func prints(f *types.Func) bool {
	switch f.Name() {
	case "Print", "Printf", "Println":
		return true
	}
	return false
}

// begins reports whether the zerolog function f begins a line to which a context can be added.
func begins(f *types.Func) bool {
	results := f.Signature().Results()
	return results.Len() == 1 && TypePath(results.At(0).Type()) == "github.com/rs/zerolog.Event" &&
		(f.Signature().Recv() == nil || typeName(f.Signature().Recv().Type()) == "Logger")
}

// A Value is a log function that has no context parameter, and that is passed or assigned as a
// value.
type Value struct {
	Expr    ast.Expr
	Message string
}

// Value returns the log function that the selector at c names as a value, if it goes to a place
// where a context is at hand: into a call with a context, into a call that makes a handler, or
// into a variable that this package calls where a context is at hand.
func (p *Package) Value(c inspector.Cursor) (Value, bool) {
	e := c.Node().(*ast.SelectorExpr)
	if f, _ := p.logFunc(e, reach{}); f == nil || c.ParentEdgeKind() == edge.CallExpr_Fun {
		return Value{}, false
	}
	in := reach{} // no context is at hand, so no logger is bound to one
	if p.reach(c) != everywhere {
		in = p.reach(c)
	}
	f, x := p.logFunc(e, in)
	if f == nil || begins(f) && !prints(f) || !p.meetsContext(c) {
		return Value{}, false
	}
	return Value{e, valueMessage(f, x)}, true
}

// meetsContext reports whether the function at c goes as a value to a place where a context is at
// hand.
func (p *Package) meetsContext(c inspector.Cursor) bool {
	h, hand := p.Hand(c)
	for p.isWrapped(c) {
		c = c.Parent()
	}
	if to, web := p.destination(c); web || p.calledAtHand()[to] {
		return true
	}
	call, ok := c.Parent().Node().(*ast.CallExpr)
	return ok && hand && c.ParentEdgeKind() == edge.CallExpr_Args && (h.Handler || p.flow().given(call))
}

// isWrapped reports whether c is in parentheses or is the operand of a conversion.
func (p *Package) isWrapped(c inspector.Cursor) bool {
	return c.ParentEdgeKind() == edge.ParenExpr_X ||
		c.ParentEdgeKind() == edge.CallExpr_Args && p.info.Types[c.Parent().Node().(*ast.CallExpr).Fun].IsType()
}

// valueMessage returns the report for the log function f of the receiver x. It says what to pass
// instead.
func valueMessage(f *types.Func, x ast.Expr) string {
	name := f.Pkg().Name() + "." + f.Name()
	if f.Pkg().Path() == "github.com/rs/zerolog/log" {
		name = "zerolog." + f.Name()
	}
	message := name + " as a value takes no context: pass "
	if f.Pkg().Path() == "log/slog" {
		if id, ok := ast.Unparen(x).(*ast.Ident); ok {
			message += id.Name + "." + f.Name() + "Context, or "
		} else {
			message += "its " + f.Name() + "Context, or "
		}
	}
	return message + "a function that takes one"
}

// destination returns the variable to which the value at c is assigned: a parameter, a field, or a
// package variable. It leaves out local variables, because their calls are reported as lines. The
// result web is true if the variable belongs to a handler, or to a call that makes one.
func (p *Package) destination(c inspector.Cursor) (to types.Object, web bool) {
	to, web = p.taker(c)
	if v, ok := to.(*types.Var); !ok || !v.IsField() && !p.flow().params[v] && v.Parent() != p.types.Scope() {
		return nil, web
	}
	return to, web
}

// taker does what destination does, for variables of any kind, even local ones.
func (p *Package) taker(c inspector.Cursor) (to types.Object, web bool) {
	kind, index := c.ParentEdge()
	switch parent := c.Parent().Node().(type) {
	case *ast.CallExpr:
		if kind == edge.CallExpr_Args {
			return p.parameter(parent, index)
		}
	case *ast.CompositeLit:
		t := p.info.TypeOf(parent)
		if s, ok := t.Underlying().(*types.Struct); ok && kind == edge.CompositeLit_Elts && index < s.NumFields() {
			return s.Field(index), p.elsewhere(t) && handles(t)
		}
	case *ast.KeyValueExpr:
		composite, ok := c.Parent().Parent().Node().(*ast.CompositeLit)
		if id, named := parent.Key.(*ast.Ident); ok && named {
			t := p.info.TypeOf(composite)
			return p.info.ObjectOf(id), p.elsewhere(t) && handles(t)
		}
	case *ast.AssignStmt:
		if len(parent.Lhs) == len(parent.Rhs) {
			return p.assignee(parent.Lhs[index]), false
		}
	case *ast.ValueSpec:
		if index < len(parent.Names) {
			return p.info.ObjectOf(parent.Names[index]), false
		}
	}
	return nil, false
}

// parameter returns the parameter that receives the argument of call with this index. It returns
// nil if call is a conversion. The result web is true if call returns a handler.
func (p *Package) parameter(call *ast.CallExpr, index int) (to types.Object, web bool) {
	sig, ok := p.info.TypeOf(call.Fun).Underlying().(*types.Signature)
	if !ok {
		return nil, false
	}
	if f := p.Callee(call); f != nil {
		sig = f.Signature()
	}
	for v := range sig.Results().Variables() {
		web = web || isHandler(v.Type())
	}
	if index < sig.Params().Len() {
		to = sig.Params().At(index)
	}
	return to, web
}

// assignee returns the field or variable on the left of an assignment, or nil.
func (p *Package) assignee(left ast.Expr) types.Object {
	switch left := left.(type) {
	case *ast.SelectorExpr:
		return p.info.ObjectOf(left.Sel)
	case *ast.Ident:
		return p.info.ObjectOf(left)
	}
	return nil
}

// elsewhere reports whether t is declared in another package. The analysis of this package does
// not see the calls in that one.
func (p *Package) elsewhere(t types.Type) bool {
	n := named(t)
	return n != nil && n.Obj().Pkg() != p.types
}

// handles reports whether t is a handler of requests, or has a method that makes one.
func handles(t types.Type) bool {
	methods := types.NewMethodSet(types.NewPointer(t))
	for m := range methods.Methods() {
		f, ok := m.Obj().(*types.Func)
		if !ok {
			continue
		}
		if f.Name() == "ServeHTTP" {
			return true
		}
		for v := range f.Signature().Results().Variables() {
			if isHandler(v.Type()) {
				return true
			}
		}
	}
	return false
}

// findCalledAtHand returns the parameters, fields and variables of the package that hold functions
// and are called without a context at a place where one is at hand.
func (p *Package) findCalledAtHand() map[types.Object]bool {
	called := make(map[types.Object]bool)
	for c := range p.All((*ast.CallExpr)(nil)) {
		call := c.Node().(*ast.CallExpr)
		var v *types.Var
		switch f := ast.Unparen(call.Fun).(type) {
		case *ast.Ident:
			v, _ = p.info.Uses[f].(*types.Var)
		case *ast.SelectorExpr:
			v, _ = p.info.Uses[f.Sel].(*types.Var)
		}
		if v == nil || p.flow().given(call) {
			continue
		}
		if _, ok := p.Hand(c); ok {
			called[v.Origin()] = true
		}
	}
	return called
}
