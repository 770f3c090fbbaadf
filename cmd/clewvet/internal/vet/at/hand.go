package at

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// A Hand is the context that is at hand at a place in the code.
type Hand struct {
	// Expr is the expression for the context: "ctx" or "r.Context()".
	Expr string
	// Handler is true if the context is that of a request.
	Handler bool
	// Stable is true if Expr means the same context whenever it is evaluated. The expression of a
	// *gin.Context is not stable: gin reuses it for another request once the handler has returned.
	Stable bool
	// Crossed is true if the place is inside of a function literal that may run later.
	Crossed bool
	// Served is true if the context belongs to the request that an enclosing handler serves, on
	// the same goroutine.
	Served bool
}

// Usable reports whether Expr can be written at the place.
func (h Hand) Usable() bool { return h.Expr != "" && (h.Stable || !h.Crossed) }

// Name returns the name of the context for a message.
func (h Hand) Name() string {
	if h.Expr == "" {
		return "ctx"
	}
	return h.Expr
}

// Outliving returns the expression for the context. If the code may outlive the function that has
// the context, the expression removes the cancellation. Outliving also returns the package that
// the expression needs.
func (h Hand) Outliving() (expr, needs string) {
	if h.Crossed {
		return "context.WithoutCancel(" + h.Expr + ")", "context"
	}
	return h.Expr, ""
}

// Hand returns the context at hand at c. It returns false if there is none, and at places that
// need none: in commands and start-up code, after the end of a context, where the code replaces a
// context that may be nil, and in function literals that a constructor keeps for later.
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
			h.Expr = "" // another object shadows the parameter
		} else if suffix != "" && TypePath(param.Type()) != "net/http.Request" {
			h.Stable = false
		}
		return h, true
	}
	return Hand{}, false
}

// constructs reports whether f is a constructor by its name. Function literals in a constructor
// run when the result is used, which can be after the end of the constructor's context.
func constructs(f ast.Node) bool {
	decl, ok := f.(*ast.FuncDecl)
	return ok && IsConstructor(decl.Name.Name)
}

// IsConstructor reports whether name begins like the name of a constructor: with new or init.
func IsConstructor(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "new") || strings.HasPrefix(name, "init")
}

// TakesContext reports whether literal has a parameter that contains a context.
func (p *Package) TakesContext(literal *ast.FuncLit) bool {
	_, found := p.param(literal)
	return found
}

// param returns the first parameter of the function f that contains a context, but prefers a
// context.Context. The result is nil and true if f has a context that cannot or must not be used:
// the parameter has no name, the context is in a field or behind a pointer, or f is a command or a
// test.
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

// lookup returns the object to which name refers at pos.
func (p *Package) lookup(name string, pos token.Pos) types.Object {
	scope := p.types.Scope().Innermost(pos)
	if scope == nil {
		return nil
	}
	_, obj := scope.LookupParent(name, pos)
	return obj
}

// Spawned reports whether literal runs in the background, so that [Spawn] returns it.
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

// guarded reports whether c, in function f, runs only if some context is nil.
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

// nilCheck reports whether cond compares a context, or a value that contains one, with nil.
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
