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
