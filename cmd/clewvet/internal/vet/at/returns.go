package at

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

// Unbound returns a Loss for the function at c if it has a context parameter, but returns a logger
// that was made from an earlier logger without that context. Only this function is reported: the
// lines of its callers count as lines with a context.
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
	var from ast.Expr // the returned logger; nil if there are several return statements
	returned, unbound := 0, true
	c.Inspect([]ast.Node{(*ast.ReturnStmt)(nil), (*ast.FuncLit)(nil)}, func(c inspector.Cursor) bool {
		ret, ok := c.Node().(*ast.ReturnStmt)
		if !ok {
			return false // a return in a literal is not a return of decl
		}
		for _, result := range ret.Results {
			// The type is that of the expression, because the function may return the logger as an
			// interface.
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

// binding sets l's Advice, which says how to bind a logger of type t to the context of param. The
// expression from is the logger. If from is not nil and nothing shadows param at that place,
// binding also sets Edits.
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

// Stored returns a Loss for a logger that the call at c puts into the context of a request or of a
// framework, although the logger was not given that context. Lines of a logger that comes out of a
// context count as lines with a context.
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

// rebinds reports whether decl assigns a logger with a context to a field of the variable e.
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

// traces reports whether a name or literal in decl contains the word trace. If one does, decl may
// add the ID itself.
func (p *Package) traces(decl *ast.FuncDecl) (found bool) {
	says := func(s string) bool { return strings.Contains(strings.ToLower(s), "trace") }
	ast.Inspect(decl, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			found = found || says(n.Value)
		case *ast.Ident:
			// The name of a method that logs at the trace level does not count.
			if f, ok := p.info.Uses[n].(*types.Func); !ok || f.Name() != "Trace" && f.Name() != "Tracef" {
				found = found || says(n.Name)
			}
		}
		return !found
	})
	return found
}
