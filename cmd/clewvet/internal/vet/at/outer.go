package at

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// A reach is the part of the source in which some call may have given a logger the context at
// hand. Values from outside of the reach were made before that context existed.
type reach struct{ from, to token.Pos }

// everywhere is the reach of a place with no context at hand: any caller may have given a context
// to the arguments that it passes.
var everywhere = reach{0, 1 << 62}

func (r reach) has(pos token.Pos) bool { return r.from <= pos && pos < r.to }

// reach returns the reach of the context at hand at c: the outermost function around c with a
// context. A function around a handler does not count, because its context is the program's. If
// the outermost function is a literal that serves requests or is kept for later, the parameters
// and variables around it were set up earlier, without a request's context.
func (p *Package) reach(c inspector.Cursor) reach {
	var outermost inspector.Cursor
	found := false
	for f := range c.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		if _, takes := p.param(f.Node()); !takes {
			continue
		}
		if found && p.serves(outermost.Node()) && !p.serves(f.Node()) && !p.takes(f.Node(), "net/http.Request") {
			break // the context of f is the program's
		}
		outermost, found = f, true
	}
	if !found {
		return everywhere
	}
	f := outermost.Node()
	if _, ok := f.(*ast.FuncLit); ok && !p.serves(f) && !p.escapes(outermost) {
		return everywhere
	}
	return reach{f.Pos(), f.End()}
}

// serves reports whether f is a handler of incoming requests.
func (p *Package) serves(f ast.Node) bool {
	return p.servesHTTP(f) || p.takes(f, "github.com/gofiber/fiber.Ctx")
}

// servesHTTP reports whether f is a handler for a server of net/http, gin or echo.
func (p *Package) servesHTTP(f ast.Node) bool {
	return p.takes(f, "net/http.ResponseWriter") && p.takes(f, "net/http.Request") ||
		p.takes(f, "github.com/gin-gonic/gin.Context") ||
		p.takes(f, "github.com/labstack/echo.Context")
}

// Serves reports whether the function at c is a handler that a server of net/http calls, and is
// not started on another goroutine where it is written. A function whose only HTTP parameter is a
// request is no handler, because it may be about to send the request.
func (p *Package) Serves(c inspector.Cursor) bool { return p.servesHTTP(c.Node()) && !p.Spawned(c) }

// takes reports whether f has a parameter of the type at path.
func (p *Package) takes(f ast.Node, path string) bool {
	return p.anyParam(f, func(t types.Type) bool { return t != nil && TypePath(t) == path })
}

// anyParam reports whether matches returns true for the type of a parameter of f.
func (p *Package) anyParam(f ast.Node, matches func(t types.Type) bool) bool {
	return slices.ContainsFunc(funcType(f).Params.List, func(field *ast.Field) bool { return matches(p.info.TypeOf(field.Type)) })
}

// escapes reports whether the function literal at c is kept for later: returned, stored in a
// composite literal, or passed to a call that returns a function or a handler.
func (p *Package) escapes(c inspector.Cursor) bool {
	for {
		switch c.ParentEdgeKind() {
		case edge.ReturnStmt_Results, edge.CompositeLit_Elts, edge.KeyValueExpr_Value:
			return true
		case edge.ParenExpr_X:
		case edge.AssignStmt_Rhs:
			return p.Returned(c, c.Parent().Node().(*ast.AssignStmt).Lhs[0])
		case edge.CallExpr_Args:
			call := c.Parent().Node().(*ast.CallExpr)
			t := p.info.TypeOf(call)
			if t == nil {
				return false
			}
			if !p.info.Types[call.Fun].IsType() {
				_, function := t.Underlying().(*types.Signature)
				return function || isHandler(t)
			}
		default:
			return false
		}
		c = c.Parent()
	}
}

// isHandler reports whether t is a handler of requests, or a function that returns one.
func isHandler(t types.Type) bool {
	switch TypePath(t) {
	case "net/http.Handler", "net/http.HandlerFunc":
		return true
	}
	if f, ok := t.Underlying().(*types.Signature); ok {
		for v := range f.Params().Variables() {
			switch TypePath(v.Type()) {
			case "net/http.Request", "github.com/gin-gonic/gin.Context", "github.com/labstack/echo.Context", "github.com/gofiber/fiber.Ctx":
				return true
			}
		}
		return f.Results().Len() == 1 && TypePath(t) == "" && isHandler(f.Results().At(0).Type())
	}
	return false
}
