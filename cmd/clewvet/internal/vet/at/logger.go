package at

import (
	"go/ast"
	"go/types"
	"strings"
)

var loggers = map[string]bool{
	"log/slog.Logger":                        true,
	"github.com/rs/zerolog.Logger":           true,
	"github.com/sirupsen/logrus.Entry":       true,
	"github.com/sirupsen/logrus.Logger":      true,
	"github.com/sirupsen/logrus.FieldLogger": true,
}

// isLogger reports whether t is the type of a logger, or this package's own type around one.
func (p *Package) isLogger(t types.Type) bool { return p.madeOf(t) != nil }

// madeOf returns t if t is the type of a logger. If t is a struct of this package and its name
// contains "log", madeOf returns the type of the logger in one of its fields.
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

// derives reports whether e derives from loggers that existed earlier: it is made only from such
// loggers, by methods that were given no context. An earlier logger is a field, a receiver, a
// package variable, the default logger, or a variable from outside of the given reach. Each
// variable is followed once: seen holds the variables that were followed.
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

// callDerives reports whether the result of call derives from earlier loggers.
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

// partsDerive reports whether composite contains a logger, each of its loggers derives from
// earlier ones, and it contains no context.
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

// variableDerives reports whether every value of v derives from earlier loggers. A receiver, a
// variable without an assignment, and a package variable existed earlier, so variableDerives
// returns true for them.
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

// hands reports whether obj is a parameter within the given reach. A caller may have passed a
// logger with a context for such a parameter.
func (p *Package) hands(obj types.Object, in reach) bool {
	return obj != nil && p.flow().params[obj] && in.has(obj.Pos())
}

// derivesOrSame reports whether e, a value of v, derives from earlier loggers or is made from v
// itself.
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

// with returns the call of zerolog's With in the chain of calls that makes e, or nil. It follows
// the chain through at most steps variables.
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
