package at

import (
	"go/ast"
	"go/types"
	"slices"
	"sync"

	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/types/typeutil"
)

// flow is what is put into the variables of a package, as far as its text tells.
type flow struct {
	info *types.Info
	// assigned is all that is assigned to a variable.
	assigned map[types.Object][]ast.Expr
	// joined is the variables that meet a context in a call: as its receiver, or in one
	// list of arguments.
	joined map[types.Object]bool
	params map[types.Object]bool
	// handed is what a parameter is given by the calls of its function, if all are known.
	handed func() map[types.Object][]handing
}

// A handing is an argument, and the reach of the context at hand there.
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

// assign notes that left, the ith of its statement, is assigned one of right.
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

// meet notes which variables meet a context in call.
func (f *flow) meet(call *ast.CallExpr) {
	contexts := 0
	for _, arg := range call.Args {
		contexts += f.context(arg)
	}
	if s, ok := call.Fun.(*ast.SelectorExpr); ok && contexts > 0 {
		f.join(s.X)
	}
	for _, arg := range call.Args {
		if contexts > f.context(arg) { // a request is no company for itself
			f.join(arg)
		}
	}
}

// given tells whether a context is among the arguments of call.
func (f *flow) given(call *ast.CallExpr) bool {
	for _, arg := range call.Args {
		if f.context(arg) > 0 {
			return true
		}
	}
	return false
}

// Given tells whether call, or what its method is called on, was given a context, be it by a
// function that puts one into a request.
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

// context returns 1 if e is a context or has one, and else 0.
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

// bound tells whether what e makes may have a context already: it was given one, or comes
// from a caller, who may have given it one. Both count within in only.
func (f *flow) bound(e ast.Expr, in reach) bool {
	return (&search{f, make(map[searched]bool)}).bound(e, in)
}

// A search looks for a context behind an expression. It follows each variable once, since it would
// follow for ever a variable that is assigned from itself, as a query is that is built step by
// step.
type search struct {
	*flow
	seen map[searched]bool
}

type searched struct {
	obj   types.Object
	in    reach
	parts bool // of what is assigned
}

// again tells whether obj has been followed already.
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

// boundField tells whether what x has in a field may have a context.
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

// boundVariable tells whether what v holds may have a context.
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

// gives tells whether e is a call that was given a context, and is not by its name a
// constructor's, which is given one for other ends: what it returns may have a logger with
// that context.
func (f *flow) gives(e ast.Expr, in reach) bool {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok || !f.given(call) || !in.has(call.Pos()) {
		return false
	}
	callee, ok := typeutil.Callee(f.info, call).(*types.Func)
	return ok && !IsConstructor(callee.Name())
}

// handedUnbound tells whether all callers of the function that has the parameter obj are
// known, and none gives it what may have a context.
func (s *search) handedUnbound(obj types.Object, in reach) bool {
	if in == everywhere { // a bound logger may be all that it wants
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

// findHanded finds what the parameters of the package's own functions are given: of those that
// are not exported, and only called.
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
		tupled := func(c inspector.Cursor) bool { // its arguments are the results of another call
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

// boundPart tells whether e is a composite with a part that was given a context.
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

// Made tells whether e is the result of the function of that name in the package at path.
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

// Reaches tells whether the value at c is handed to the function of that name in the package
// at path: there, or further on in a chain of calls, or from the variable that it is put into.
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

// Returned tells whether the function around the literal at c returns the variable that e names.
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

// Default tells whether the variable that e names is also given a context that is none of
// its own: what else it is given is then for where there is none.
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

// Shuts tells whether the function around c hands the variable that e names to a Shutdown.
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
