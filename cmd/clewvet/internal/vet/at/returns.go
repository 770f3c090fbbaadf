package at

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

// Unbound returns the loss of a function that takes a context and returns a logger without it,
// made from a logger that was there before. Only the function is reported: the lines of its
// callers count as given a context.
func (p *Package) Unbound(c inspector.Cursor) (Loss, Hand, bool) {
	decl := c.Node().(*ast.FuncDecl)
	f, _ := p.info.Defs[decl.Name].(*types.Func)
	param, _ := p.param(decl)
	if f == nil || param == nil || decl.Body == nil || p.startup()[decl] || p.traces(decl) {
		return Loss{}, Hand{}, false
	}
	kind, suffix := kindOf(param.Type())
	if kind != request && constructs(decl) {
		return Loss{}, Hand{}, false
	}
	var logger types.Type
	var from ast.Expr // the returned logger, if there is one return of it
	returned, unbound := 0, true
	c.Inspect([]ast.Node{(*ast.ReturnStmt)(nil), (*ast.FuncLit)(nil)}, func(c inspector.Cursor) bool {
		ret, ok := c.Node().(*ast.ReturnStmt)
		if !ok {
			return false // a function literal returns to others
		}
		for _, result := range ret.Results {
			// A result of the function itself, or what it returns as an interface.
			if t := p.info.TypeOf(result); p.isLogger(t) {
				logger, from = t, result
				returned++
				unbound = unbound && p.derives(result, reach{decl.Pos(), decl.End()}, make(map[*types.Var]bool)) && !p.rebinds(decl, result)
				return false
			}
		}
		none := slices.ContainsFunc(ret.Results, func(result ast.Expr) bool { return p.info.Types[result].IsNil() })
		unbound = unbound && none
		return false
	})
	if returned == 0 || !unbound {
		return Loss{}, Hand{}, false
	}
	l := Loss{Call: decl.Name, Name: FuncName(f)}
	if returned > 1 {
		from = nil
	}
	p.binding(&l, logger, from, param)
	return l, Hand{Expr: param.Name() + suffix, Stable: true}, true
}

// binding says how to give the logger from, of type t, the context of param. It makes a fix if
// from is not nil and nothing else has the name of param there.
func (p *Package) binding(l *Loss, t types.Type, from ast.Expr, param types.Object) {
	switch TypePath(p.madeOf(t)) {
	case "github.com/rs/zerolog.Logger":
		l.Advice = func(ctx string) string { return "bind it by With().Ctx(" + ctx + ")" }
		if with := p.with(from, 4); with != nil && p.lookup(param.Name(), with.Pos()) == param {
			l.Edits = func(ctx string) []analysis.TextEdit { return insert(with, ".Ctx("+ctx+")") }
		}
	case "github.com/sirupsen/logrus.Entry":
		l.Advice = func(ctx string) string { return "add .WithContext(" + ctx + ")" }
		if from != nil && TypePath(p.info.TypeOf(from)) == "github.com/sirupsen/logrus.Entry" && p.lookup(param.Name(), from.Pos()) == param {
			l.Edits = func(ctx string) []analysis.TextEdit { return insert(from, ".WithContext("+ctx+")") }
		}
	case "log/slog.Logger":
		l.Advice = func(ctx string) string { return "make it from logctx.SlogFrom(" + ctx + ")" }
	default:
		l.Advice = func(ctx string) string { return "bind it to " + ctx }
	}
}

// Stored returns the loss of a logger that the call at c puts into the context of a request or of
// a framework, without giving it that context. The lines of those who take the logger out count as
// given a context.
func (p *Package) Stored(c inspector.Cursor) (Loss, Hand, bool) {
	call := c.Node().(*ast.CallExpr)
	f := p.Callee(call)
	x, _ := method(call)
	if f == nil || f.Pkg() == nil || x == nil {
		return Loss{}, Hand{}, false
	}
	var logger ast.Expr
	switch {
	case Is(f, "context", "WithValue"):
		logger = call.Args[2]
	case Is(f, "github.com/rs/zerolog", "Logger.WithContext"):
		logger = x
	case f.Name() == "Set" && len(call.Args) == 2 && (TypePath(p.info.TypeOf(x)) == "github.com/gin-gonic/gin.Context" || TypePath(p.info.TypeOf(x)) == "github.com/labstack/echo.Context"):
		logger = call.Args[1]
	default:
		return Loss{}, Hand{}, false
	}
	t := p.info.TypeOf(logger)
	if t == nil || !p.isLogger(t) {
		return Loss{}, Hand{}, false
	}
	h, ok := p.Hand(c)
	if !ok || !h.Handler || !p.derives(logger, p.reach(c), make(map[*types.Var]bool)) {
		return Loss{}, Hand{}, false
	}
	for decl := range c.Enclosing((*ast.FuncDecl)(nil)) {
		if p.traces(decl.Node().(*ast.FuncDecl)) {
			return Loss{}, Hand{}, false
		}
	}
	l := Loss{Call: logger}
	name, _, _ := strings.Cut(h.Expr, ".")
	if param := p.lookup(name, call.Pos()); param != nil {
		p.binding(&l, t, logger, param)
	} else {
		p.binding(&l, t, nil, nil)
	}
	return l, h, true
}

// rebinds tells whether decl gives a field of the variable that e names a logger with a context.
func (p *Package) rebinds(decl *ast.FuncDecl, e ast.Expr) (found bool) {
	v := p.flow().object(e)
	ast.Inspect(decl, func(n ast.Node) bool {
		if assign, ok := n.(*ast.AssignStmt); ok && v != nil {
			for i, left := range assign.Lhs {
				s, ok := left.(*ast.SelectorExpr)
				found = found || ok && p.flow().object(s.X) == v && i < len(assign.Rhs) &&
					(p.flow().context(assign.Rhs[i]) > 0 || p.flow().bound(assign.Rhs[i], reach{decl.Pos(), decl.End()}))
			}
		}
		return !found
	})
	return found
}

// traces tells whether something in decl speaks of a trace: then the ID may be added there.
func (p *Package) traces(decl *ast.FuncDecl) (found bool) {
	says := func(s string) bool { return strings.Contains(strings.ToLower(s), "trace") }
	ast.Inspect(decl, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			found = found || says(n.Value)
		case *ast.Ident:
			// A level of that name is none.
			if f, ok := p.info.Uses[n].(*types.Func); !ok || f.Name() != "Trace" && f.Name() != "Tracef" {
				found = found || says(n.Name)
			}
		}
		return !found
	})
	return found
}

var loggers = map[string]bool{
	"log/slog.Logger":                        true,
	"github.com/rs/zerolog.Logger":           true,
	"github.com/sirupsen/logrus.Entry":       true,
	"github.com/sirupsen/logrus.Logger":      true,
	"github.com/sirupsen/logrus.FieldLogger": true,
}

// isLogger tells whether t is a logger, or the package's own around one.
func (p *Package) isLogger(t types.Type) bool { return p.madeOf(t) != nil }

// madeOf returns the type of the logger that t is. If t is a type of this package whose name says
// that it is a logger, it returns the type of the logger in one of its fields.
func (p *Package) madeOf(t types.Type) types.Type {
	if loggers[TypePath(t)] {
		return t
	}
	n := named(t)
	if n == nil || n.Obj().Pkg() != p.types || !strings.Contains(strings.ToLower(n.Obj().Name()), "log") {
		return nil
	}
	if s, ok := n.Underlying().(*types.Struct); ok {
		for field := range s.Fields() {
			if loggers[TypePath(field.Type())] {
				return field.Type()
			}
		}
	}
	return nil
}

// derives tells whether e is made only from loggers that were there before, by methods of theirs
// that were given no context. Such a logger is a field, a receiver, a variable of a package, the
// default, or a variable outside of in. Each variable is followed once: seen has those that were.
func (p *Package) derives(e ast.Expr, in reach, seen map[*types.Var]bool) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.UnaryExpr:
		return p.derives(e.X, in, seen)
	case *ast.StarExpr:
		return p.derives(e.X, in, seen)
	case *ast.CallExpr:
		return p.callDerives(e, in, seen)
	case *ast.CompositeLit:
		return p.isLogger(p.info.TypeOf(e)) && p.partsDerive(e, in, seen)
	case *ast.SelectorExpr:
		k, _ := kindOf(p.info.TypeOf(e.X))
		v, ok := p.info.Uses[e.Sel].(*types.Var)
		return ok && k == none && p.isLogger(v.Type()) && !p.hands(p.flow().object(e.X), in)
	case *ast.Ident:
		v, ok := p.info.ObjectOf(e).(*types.Var)
		return ok && p.isLogger(v.Type()) && !p.hands(v, in) && p.variableDerives(v, in, seen)
	}
	return false
}

// callDerives is derives for the result of a call.
func (p *Package) callDerives(call *ast.CallExpr, in reach, seen map[*types.Var]bool) bool {
	f := p.Callee(call)
	x, _ := method(call)
	if f == nil || f.Pkg() == nil || x == nil || p.flow().given(call) {
		return false
	}
	if f.Signature().Recv() != nil {
		t := p.info.TypeOf(x)
		return (p.isLogger(t) || TypePath(t) == "github.com/rs/zerolog.Context") && p.derives(x, in, seen)
	}
	switch f.Pkg().Path() {
	case "log/slog":
		return f.Name() == "With" || f.Name() == "Default"
	case "github.com/rs/zerolog/log":
		return f.Name() == "With"
	case "github.com/sirupsen/logrus":
		if f.Name() == "NewEntry" {
			return p.derives(call.Args[0], in, seen)
		}
		return strings.HasPrefix(f.Name(), "With") || f.Name() == "StandardLogger"
	}
	return false
}

// partsDerive tells whether composite has a logger among its parts, no context, and no logger that
// does not derive.
func (p *Package) partsDerive(composite *ast.CompositeLit, in reach, seen map[*types.Var]bool) (found bool) {
	for _, part := range composite.Elts {
		if pair, ok := part.(*ast.KeyValueExpr); ok {
			part = pair.Value
		}
		if p.flow().context(part) > 0 {
			return false
		}
		if p.isLogger(p.info.TypeOf(part)) {
			if !p.derives(part, in, seen) {
				return false
			}
			found = true
		}
	}
	return found
}

// variableDerives tells whether all that v is assigned derives. A receiver, a variable that is set
// elsewhere, and a variable of the package were there before.
func (p *Package) variableDerives(v *types.Var, in reach, seen map[*types.Var]bool) bool {
	rights := p.flow().assigned[v]
	if len(rights) == 0 || v.Parent() == p.types.Scope() || seen[v] {
		return true
	}
	seen[v] = true
	for _, right := range rights {
		if !p.derivesOrSame(right, v, in, seen) {
			return false
		}
	}
	return true
}

// hands tells whether obj is a parameter within in, which a caller may have bound.
func (p *Package) hands(obj types.Object, in reach) bool {
	return obj != nil && p.flow().params[obj] && in.has(obj.Pos())
}

// derivesOrSame is derives for what is assigned to v, which may be made from v itself.
func (p *Package) derivesOrSame(e ast.Expr, v *types.Var, in reach, seen map[*types.Var]bool) bool {
	for x := ast.Unparen(e); ; {
		call, ok := x.(*ast.CallExpr)
		if !ok {
			if id, ok := x.(*ast.Ident); ok && p.info.ObjectOf(id) == v {
				return true
			}
			return p.derives(e, in, seen)
		}
		if p.flow().given(call) {
			return false
		}
		if x, _ = method(call); x == nil {
			return p.derives(e, in, seen)
		}
		x = ast.Unparen(x)
	}
}

// with returns the call of zerolog's With by which e is made, or nil.
func (p *Package) with(e ast.Expr, steps int) ast.Expr {
	for steps > 0 && e != nil {
		switch x := ast.Unparen(e).(type) {
		case *ast.UnaryExpr:
			e = x.X
		case *ast.CallExpr:
			if f := p.Callee(x); Is(f, "github.com/rs/zerolog", "Logger.With") || Is(f, "github.com/rs/zerolog/log", "With") {
				return x
			}
			if e, _ = method(x); e == nil {
				return nil
			}
		case *ast.Ident:
			rights := p.flow().assigned[p.flow().object(x)]
			if len(rights) != 1 {
				return nil
			}
			e = rights[0]
			steps--
		default:
			return nil
		}
	}
	return nil
}
