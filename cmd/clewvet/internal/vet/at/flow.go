package at

import (
	"go/ast"
	"go/types"
	"slices"
	"sync"

	"golang.org/x/tools/go/ast/inspector"
)

// flow holds the values that the text of a package puts into variables.
type flow struct {
	info *types.Info
	// assigned holds all expressions that are assigned to a variable.
	assigned map[types.Object][]ast.Expr
	// joined are the variables that occur in a call together with a context: as the receiver, or
	// as another argument.
	joined map[types.Object]bool
	params map[types.Object]bool
	// handed holds the arguments for each parameter of a function, if all calls of the function
	// are known.
	handed func() map[types.Object][]handing
}

// A handing is an argument of a call, and the reach of the context at hand at that call.
type handing struct {
	arg ast.Expr
	in  reach
}

func (p *Package) findFlow() *flow {
	f := &flow{p.info, make(map[types.Object][]ast.Expr), make(map[types.Object]bool), make(map[types.Object]bool), sync.OnceValue(p.findHanded)}
	nodes := []ast.Node{(*ast.AssignStmt)(nil), (*ast.ValueSpec)(nil), (*ast.CallExpr)(nil), (*ast.FuncType)(nil)}
	for c := range p.inspector.Root().Preorder(nodes...) {
		switch n := c.Node().(type) {
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				f.assign(left, n.Rhs, i)
			}
		case *ast.ValueSpec:
			for i, left := range n.Names {
				f.assign(left, n.Values, i)
			}
		case *ast.FuncType:
			for _, field := range n.Params.List {
				for _, name := range field.Names {
					f.params[p.info.Defs[name]] = true
				}
			}
		case *ast.CallExpr:
			f.meet(n)
		}
	}
	return f
}

// assign records that the variable left gets a value from right. The variable has the index i in
// its statement.
func (f *flow) assign(left ast.Expr, right []ast.Expr, i int) {
	id, ok := left.(*ast.Ident)
	if !ok || len(right) == 0 {
		return
	}
	if len(right) == 1 {
		i = 0 // a call with several results
	}
	if obj := f.info.ObjectOf(id); obj != nil {
		f.assigned[obj] = append(f.assigned[obj], right[i])
	}
}

// meet records the variables that occur in call together with a context.
func (f *flow) meet(call *ast.CallExpr) {
	contexts := 0
	for _, arg := range call.Args {
		contexts += f.context(arg)
	}
	if s, ok := call.Fun.(*ast.SelectorExpr); ok && contexts > 0 {
		f.join(s.X)
	}
	for _, arg := range call.Args {
		if contexts > f.context(arg) { // there is a context besides arg
			f.join(arg)
		}
	}
}

// given reports whether a context is among the arguments of call.
func (f *flow) given(call *ast.CallExpr) bool {
	for _, arg := range call.Args {
		if f.context(arg) > 0 {
			return true
		}
	}
	return false
}

// Given reports whether call, or the receiver of its method, was given a context. A function
// argument that sets the context of a request counts too.
func (p *Package) Given(call *ast.CallExpr) bool {
	f := p.flow()
	if f.given(call) {
		return true
	}
	for _, arg := range call.Args {
		if literal, ok := arg.(*ast.FuncLit); ok && (p.Says(literal, "SetContext") || p.Says(literal, "WithContext")) {
			return true
		}
	}
	x, _ := method(call)
	inner, ok := ast.Unparen(x).(*ast.CallExpr)
	return ok && f.bound(inner, everywhere)
}

// context returns 1 if e is a context or contains one, and otherwise 0.
func (f *flow) context(e ast.Expr) int {
	if k, _ := kindOf(f.info.TypeOf(e)); k != none {
		return 1
	}
	return 0
}

func (f *flow) join(e ast.Expr) {
	if u, ok := e.(*ast.UnaryExpr); ok {
		e = u.X
	}
	if obj := f.object(e); obj != nil {
		f.joined[obj] = true
	}
}

func (f *flow) object(e ast.Expr) types.Object {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return nil
	}
	return f.info.ObjectOf(id)
}

// findHanded returns the arguments for the parameters of the package's own functions. It covers
// the functions that are not exported and are only called, never used as values.
func (p *Package) findHanded() map[types.Object][]handing {
	params := make(map[types.Object]*types.Signature)
	calls := make(map[types.Object][]inspector.Cursor)
	handed := make(map[types.Object][]handing)
	for c := range p.inspector.Root().Preorder((*ast.FuncDecl)(nil)) {
		decl := c.Node().(*ast.FuncDecl)
		if f, ok := p.info.Defs[decl.Name].(*types.Func); ok && !f.Exported() && !f.Signature().Variadic() {
			params[f] = f.Signature()
		}
	}
	for c := range p.inspector.Root().Preorder((*ast.Ident)(nil)) {
		f := p.info.Uses[c.Node().(*ast.Ident)]
		if params[f] == nil {
			continue
		}
		call, ok := calling(c)
		if !ok {
			delete(params, f)
			continue
		}
		calls[f] = append(calls[f], call)
	}
	for f, sig := range params {
		tupled := func(c inspector.Cursor) bool { // the arguments are the results of another call
			return len(c.Node().(*ast.CallExpr).Args) != sig.Params().Len()
		}
		if slices.ContainsFunc(calls[f], tupled) {
			continue
		}
		for _, c := range calls[f] {
			for i, arg := range c.Node().(*ast.CallExpr).Args {
				handed[sig.Params().At(i)] = append(handed[sig.Params().At(i)], handing{arg, p.reach(c)})
			}
		}
	}
	return handed
}
