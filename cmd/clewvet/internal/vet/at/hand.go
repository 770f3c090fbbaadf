package at

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// A Hand is the context at hand.
type Hand struct {
	// Expr is how to write it, "ctx" or "r.Context()".
	Expr string
	// Handler: it is a request's.
	Handler bool
	// Stable: Expr means the same context whenever it is evaluated. A *gin.Context, for one,
	// is another request's once the handler has returned.
	Stable bool
	// Crossed: a function literal lies between, which may run later.
	Crossed bool
	// Served: it is that of the request which an enclosing handler serves, on the same goroutine.
	Served bool
}

// Usable tells whether Expr can be written there.
func (h Hand) Usable() bool { return h.Expr != "" && (h.Stable || !h.Crossed) }

// Name returns the name of the context for a message.
func (h Hand) Name() string {
	if h.Expr == "" {
		return "ctx"
	}
	return h.Expr
}

// Outliving returns Expr, without its cancellation if the code may outlive the function whose
// context it is. Needs is the package that expr names.
func (h Hand) Outliving() (expr, needs string) {
	if h.Crossed {
		return "context.WithoutCancel(" + h.Expr + ")", "context"
	}
	return h.Expr, ""
}

// Hand returns the context at hand at c. It is false without one, and where none is wanted: in
// commands and start-up code, after the end of a context, where a context that may be nil is
// replaced, and in what a constructor leaves for later.
func (p *Package) Hand(c inspector.Cursor) (Hand, bool) {
	crossed, handedOn := false, false
	for f := range c.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		param, found := p.param(f.Node())
		if !found {
			crossed, handedOn = true, handedOn || !now(f)
			continue
		}
		if param == nil || p.startup()[f.Node()] || p.guarded(c, f) {
			return Hand{}, false
		}
		kind, suffix := kindOf(param.Type())
		if kind != request && (p.ended(c, f) || crossed && constructs(f.Node())) {
			return Hand{}, false
		}
		pos := c.Node().Pos()
		h := Hand{Expr: param.Name() + suffix, Handler: kind == request, Stable: true, Crossed: crossed, Served: !handedOn && p.Serves(f)}
		if v := p.derived(param, c, f); v != nil {
			h.Expr = v.Name()
		} else if p.lookup(param.Name(), pos) != param {
			h.Expr = "" // shadowed by something else
		} else if suffix != "" && TypePath(param.Type()) != "net/http.Request" {
			h.Stable = false
		}
		return h, true
	}
	return Hand{}, false
}

// constructs tells whether f makes what outlives its context, by its name: function literals
// in it run whenever what is made is used.
func constructs(f ast.Node) bool {
	decl, ok := f.(*ast.FuncDecl)
	return ok && IsConstructor(decl.Name.Name)
}

// IsConstructor tells whether a function of that name makes something.
func IsConstructor(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "new") || strings.HasPrefix(name, "init")
}

// TakesContext tells whether literal has a parameter that holds a context.
func (p *Package) TakesContext(literal *ast.FuncLit) bool {
	_, found := p.param(literal)
	return found
}

// param returns the first parameter of a function that holds a context, a context.Context before
// all others. found is true with a nil param where there is one that cannot or shall not be used:
// it has no name, is in a field or behind a pointer, or is a command's or a test's.
func (p *Package) param(f ast.Node) (param *types.Var, found bool) {
	for _, field := range funcType(f).Params.List {
		t := p.info.TypeOf(field.Type)
		if exempt[TypePath(t)] {
			return nil, true
		}
		kind, suffix := kindOf(t)
		if kind == none || kind == beyond {
			found = found || p.hasContext(t)
			continue
		}
		found = true
		for _, name := range field.Names {
			v, _ := p.info.Defs[name].(*types.Var)
			if v != nil && name.Name != "_" && (param == nil || suffix == "" && !isContext(param)) {
				param = v
			}
		}
	}
	return param, found
}

func funcType(f ast.Node) *ast.FuncType {
	if decl, ok := f.(*ast.FuncDecl); ok {
		return decl.Type
	}
	return f.(*ast.FuncLit).Type
}

// exempt has the types whose functions belong to no request.
var exempt = map[string]bool{
	"github.com/spf13/cobra.Command": true,
	"github.com/urfave/cli.Context":  true,
	"github.com/urfave/cli.Command":  true,
	"testing.T":                      true,
	"testing.B":                      true,
	"testing.F":                      true,
	"testing.TB":                     true,

	"github.com/kardianos/service.Service": true,
}

type kind int

const (
	none    kind = iota
	beyond       // has a context that cannot be written after its name, as *context.Context has
	plain        // a context.Context, or what can be used as one
	request      // what has a context: a request, a framework's context, a stream
)

// kindOf tells what context a value of type t is or has, and what to write after it to get
// a context.Context.
func kindOf(t types.Type) (k kind, suffix string) {
	if t == nil {
		return none, ""
	}
	if pointer, ok := types.Unalias(t).(*types.Pointer); ok && types.IsInterface(pointer.Elem()) {
		if k, _ := kindOf(pointer.Elem()); k != none { // a pointer to an interface has no methods
			return beyond, ""
		}
		return none, ""
	}
	switch TypePath(t) {
	case "context.Context":
		return plain, ""
	case "github.com/go-resty/resty.Request", "resty.dev.Request": // it is to be given one
		return none, ""
	case "github.com/gin-gonic/gin.Context":
		return request, ".Request.Context()"
	case "github.com/labstack/echo.Context":
		return request, ".Request().Context()"
	}
	if result := resultOf(t, "Request"); result != nil && TypePath(result.Type()) == "net/http.Request" { // a context of one's own
		return request, ".Request().Context()"
	}
	for _, name := range []string{"UserContext", "Context"} { // fiber has both, and means the first
		if result := resultOf(t, name); result != nil && isContext(result) {
			return request, "." + name + "()"
		}
	}
	f, _, _ := types.LookupFieldOrMethod(t, true, nil, "Deadline")
	deadline, ok := f.(*types.Func)
	if !ok || deadline.Signature().Results().Len() != 2 {
		return none, ""
	}
	context := contextLike(deadline.Signature().Results().At(0).Type())
	switch {
	case types.Implements(t, context):
		return plain, ""
	case types.Implements(types.NewPointer(t), context):
		return beyond, ""
	}
	return none, ""
}

// resultOf returns the only result of t's method of that name, which has no parameters. It returns
// nil without such a method.
func resultOf(t types.Type, name string) *types.Var {
	f, _, _ := types.LookupFieldOrMethod(t, true, nil, name)
	if f, ok := f.(*types.Func); ok && f.Signature().Params().Len() == 0 && f.Signature().Results().Len() == 1 {
		return f.Signature().Results().At(0)
	}
	return nil
}

// contextLike returns an interface with the methods of context.Context, if t is time.Time. It is
// made here because not every package with a context imports package context.
func contextLike(t types.Type) *types.Interface {
	if n, ok := types.Unalias(t).(*types.Named); !ok || TypePath(n) != "time.Time" {
		t = types.Typ[types.Invalid]
	}
	done := types.NewChan(types.RecvOnly, types.NewStruct(nil, nil))
	err := types.Universe.Lookup("error").Type()
	value := types.Universe.Lookup("any").Type()
	method := func(name string, params []types.Type, results ...types.Type) *types.Func {
		sig := types.NewSignatureType(nil, nil, nil, tuple(params...), tuple(results...), false)
		return types.NewFunc(token.NoPos, nil, name, sig)
	}
	return types.NewInterfaceType([]*types.Func{
		method("Deadline", nil, t, types.Typ[types.Bool]),
		method("Done", nil, done),
		method("Err", nil, err),
		method("Value", []types.Type{value}, value),
	}, nil).Complete()
}

func tuple(all ...types.Type) *types.Tuple {
	vars := make([]*types.Var, len(all))
	for i, t := range all {
		vars[i] = types.NewParam(token.NoPos, nil, "", t)
	}
	return types.NewTuple(vars...)
}

// IsServed tells whether t is a request of net/http, or a framework's context of one: what the
// handler of a server is given.
func IsServed(t types.Type) bool {
	if t == nil {
		return false
	}
	switch TypePath(t) {
	case "net/http.Request", "github.com/gin-gonic/gin.Context", "github.com/labstack/echo.Context":
		return true
	}
	return false
}

// hasContext tells whether a value of type t is a context or brings one along, be it in a
// field that can be read here.
func (p *Package) hasContext(t types.Type) bool {
	if k, _ := kindOf(t); k != none {
		return true
	}
	n := named(t)
	if n == nil {
		return false
	}
	s, ok := n.Underlying().(*types.Struct)
	if !ok {
		return false
	}
	for field := range s.Fields() {
		if k, _ := kindOf(field.Type()); k != none && (field.Exported() || field.Pkg() == p.types) {
			return true
		}
	}
	return false
}

// lookup returns the object that name means at pos.
func (p *Package) lookup(name string, pos token.Pos) types.Object {
	scope := p.types.Scope().Innermost(pos)
	if scope == nil {
		return nil
	}
	_, obj := scope.LookupParent(name, pos)
	return obj
}

// Spawned tells whether a function literal is one that [Spawn] finds.
func (p *Package) Spawned(literal inspector.Cursor) bool {
	call := literal.Parent()
	if call.ParentEdgeKind() == edge.GoStmt_Call {
		return true
	}
	if expr, ok := call.Node().(*ast.CallExpr); ok {
		f, _, _ := p.spawner(expr)
		return f != nil
	}
	return false
}

// guarded tells whether c, in function f, runs only because some context is nil.
func (p *Package) guarded(c, f inspector.Cursor) bool {
	for ; c.Node() != f.Node(); c = c.Parent() {
		switch parent := c.Parent().Node().(type) {
		case *ast.IfStmt:
			if c.ParentEdgeKind() == edge.IfStmt_Body && p.nilCheck(parent.Cond, token.EQL) ||
				c.ParentEdgeKind() == edge.IfStmt_Else && p.nilCheck(parent.Cond, token.NEQ) {
				return true
			}
		case *ast.BlockStmt:
			for s, ok := c.PrevSibling(); ok; s, ok = s.PrevSibling() {
				check, ok := s.Node().(*ast.IfStmt)
				if ok && leaves(check.Body.List) && p.nilCheck(check.Cond, token.NEQ) {
					return true
				}
			}
		}
	}
	return false
}

// nilCheck tells whether cond compares a context, or what has one, with nil.
func (p *Package) nilCheck(cond ast.Expr, op token.Token) (found bool) {
	ast.Inspect(cond, func(n ast.Node) bool {
		if b, ok := n.(*ast.BinaryExpr); ok && b.Op == op && p.info.Types[b.Y].IsNil() {
			k, _ := kindOf(p.info.TypeOf(b.X))
			found = found || k != none
		}
		return !found
	})
	return found
}

// leaves tells whether nothing after list is run next.
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

// ended tells whether c, in function f, runs after the program or the context was told to
// end: after a receive from Done() or from a channel of signals.
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

// waits tells whether stmt is a select that falls through at the end.
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

// findStartup returns the functions that only main, init, or a command of cobra or urfave/cli
// runs.
func (p *Package) findStartup() map[ast.Node]bool {
	startup := make(map[ast.Node]bool)
	program := p.types.Name() == "main"
	decls := make(map[types.Object]*ast.FuncDecl)
	for c := range p.inspector.Root().Preorder((*ast.FuncDecl)(nil), (*ast.FuncLit)(nil)) {
		startup[c.Node()] = p.Commands(c.Node())
		if d, ok := c.Node().(*ast.FuncDecl); ok {
			if program || !d.Name.IsExported() { // others are called from elsewhere, too
				decls[p.info.Defs[d.Name]] = d
			}
			if d.Recv == nil && (program && d.Name.Name == "main" || d.Name.Name == "init") {
				startup[d] = true
			}
		}
	}
	callers := make(map[*ast.FuncDecl][]ast.Node) // nil: somebody else
	for c := range p.inspector.Root().Preorder((*ast.Ident)(nil)) {
		if decl := decls[p.info.Uses[c.Node().(*ast.Ident)]]; decl != nil {
			callers[decl] = append(callers[decl], p.caller(c))
		}
	}
	for again := true; again; {
		again = false
		for decl, by := range callers {
			if startup[decl] {
				continue
			}
			all := true
			for _, caller := range by {
				all = all && startup[caller]
			}
			if all {
				startup[decl], again = true, true
			}
		}
	}
	return startup
}

// Exempt tells whether f is a command's or a test's.
func (p *Package) Exempt(f ast.Node) bool {
	return p.anyParam(f, func(t types.Type) bool { return exempt[TypePath(t)] })
}

// Commands tells whether f is a command's.
func (p *Package) Commands(f ast.Node) bool {
	return p.anyParam(f, func(t types.Type) bool { return exempt[TypePath(t)] && !strings.HasPrefix(TypePath(t), "testing.") })
}

// calling returns the call of the function that is named at c. It is false if the function is
// named without being called.
func calling(c inspector.Cursor) (call inspector.Cursor, ok bool) {
	if c.ParentEdgeKind() == edge.SelectorExpr_Sel {
		c = c.Parent()
	}
	return c.Parent(), c.ParentEdgeKind() == edge.CallExpr_Fun
}

// caller returns the declared function, or the literal of a command, that calls the function named
// at c. It is nil if the function is not called there, or is called in another literal that has a
// context.
func (p *Package) caller(c inspector.Cursor) ast.Node {
	if _, ok := calling(c); !ok {
		return nil
	}
	for f := range c.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		switch f := f.Node().(type) {
		case *ast.FuncLit:
			if p.Commands(f) {
				return f
			}
			if p.TakesContext(f) {
				return nil
			}
		case *ast.FuncDecl:
			return f
		}
	}
	return nil
}
