package at

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/types/typeutil"
)

// bound reports whether the value of e may already have a context: a call within the given reach
// gave it one, or the value comes from a parameter within that reach, for which a caller may have
// passed a value with a context.
func (f *flow) bound(e ast.Expr, in reach) bool {
	return (&search{f, make(map[searched]bool)}).bound(e, in)
}

// A search looks for a context in the origins of an expression. It follows each variable only
// once. Otherwise it would never end for a variable that is assigned from itself, such as a query
// that is built step by step.
type search struct {
	*flow
	seen map[searched]bool
}

type searched struct {
	obj   types.Object
	in    reach
	parts bool // the search looked at the parts of the assigned values
}

// again reports whether obj was followed earlier in this search.
func (s *search) again(obj types.Object, in reach, parts bool) bool {
	was := s.seen[searched{obj, in, parts}]
	s.seen[searched{obj, in, parts}] = true
	return was
}

func (s *search) bound(e ast.Expr, in reach) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.UnaryExpr:
		return s.bound(e.X, in)
	case *ast.StarExpr:
		return s.bound(e.X, in)
	case *ast.TypeAssertExpr:
		return s.bound(e.X, in)
	case *ast.CallExpr:
		if s.given(e) {
			return in.has(e.Pos())
		}
		fun, ok := ast.Unparen(e.Fun).(*ast.SelectorExpr)
		return ok && s.bound(fun.X, in)
	case *ast.SelectorExpr:
		return s.boundField(e.X, in)
	case *ast.Ident:
		v, ok := s.info.ObjectOf(e).(*types.Var)
		return ok && s.boundVariable(v, in)
	}
	return false
}

// boundField reports whether a field of x may hold a value with a context.
func (s *search) boundField(x ast.Expr, in reach) bool {
	if k, _ := kindOf(s.info.TypeOf(x)); k != none || s.gives(x, in) {
		return true
	}
	obj := s.object(x)
	if obj == nil || s.again(obj, in, true) {
		return false
	}
	for _, right := range s.assigned[obj] {
		if s.gives(right, in) || s.boundPart(right, in) {
			return true
		}
	}
	return false
}

// boundVariable reports whether the value of v may have a context.
func (s *search) boundVariable(v *types.Var, in reach) bool {
	if s.again(v, in, false) {
		return false
	}
	if k, _ := kindOf(v.Type()); k != none || s.params[v] && in.has(v.Pos()) && !s.handedUnbound(v, in) {
		return true
	}
	for _, right := range s.assigned[v] {
		if s.bound(right, in) {
			return true
		}
	}
	return false
}

// gives reports whether e is a call with a context argument, whose result may then contain a
// logger with that context. A constructor, recognized by its name, does not count, because it uses
// the context for other purposes.
func (f *flow) gives(e ast.Expr, in reach) bool {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok || !f.given(call) || !in.has(call.Pos()) {
		return false
	}
	callee, ok := typeutil.Callee(f.info, call).(*types.Func)
	return ok && !IsConstructor(callee.Name())
}

// handedUnbound reports whether all callers of the function that has the parameter obj are known,
// and none passes it a value that may have a context.
func (s *search) handedUnbound(obj types.Object, in reach) bool {
	if in == everywhere { // the function may expect a logger that is bound
		return false
	}
	all := s.handed()[obj]
	for _, h := range all {
		if s.bound(h.arg, h.in) {
			return false
		}
	}
	return len(all) > 0
}

// boundPart reports whether e is a composite with a part that was given a context.
func (s *search) boundPart(e ast.Expr, in reach) bool {
	if u, ok := ast.Unparen(e).(*ast.UnaryExpr); ok {
		e = u.X
	}
	composite, ok := ast.Unparen(e).(*ast.CompositeLit)
	if !ok {
		return false
	}
	for _, part := range composite.Elts {
		if pair, ok := part.(*ast.KeyValueExpr); ok {
			part = pair.Value
		}
		if s.bound(part, in) {
			return true
		}
	}
	return false
}
