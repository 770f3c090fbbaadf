package at

import (
	"go/ast"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// findStartup returns the functions that run only in main, in init, or in a command of cobra or
// urfave/cli.
func (p *Package) findStartup() map[ast.Node]bool {
	startup := make(map[ast.Node]bool)
	program := p.types.Name() == "main"
	decls := make(map[types.Object]*ast.FuncDecl)
	for c := range p.inspector.Root().Preorder((*ast.FuncDecl)(nil), (*ast.FuncLit)(nil)) {
		startup[c.Node()] = p.Commands(c.Node())
		if d, ok := c.Node().(*ast.FuncDecl); ok {
			if program || !d.Name.IsExported() { // other packages can call an exported function
				decls[p.info.Defs[d.Name]] = d
			}
			if d.Recv == nil && (program && d.Name.Name == "main" || d.Name.Name == "init") {
				startup[d] = true
			}
		}
	}
	callers := make(map[*ast.FuncDecl][]ast.Node) // nil stands for an unknown caller
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

// Exempt reports whether f belongs to a command or a test.
func (p *Package) Exempt(f ast.Node) bool {
	return p.anyParam(f, func(t types.Type) bool { return exempt[TypePath(t)] })
}

// Commands reports whether f belongs to a command.
func (p *Package) Commands(f ast.Node) bool {
	return p.anyParam(f, func(t types.Type) bool { return exempt[TypePath(t)] && !strings.HasPrefix(TypePath(t), "testing.") })
}

// calling returns the call of the function that is named at c. It returns false if the function is
// named without a call.
func calling(c inspector.Cursor) (call inspector.Cursor, ok bool) {
	if c.ParentEdgeKind() == edge.SelectorExpr_Sel {
		c = c.Parent()
	}
	return c.Parent(), c.ParentEdgeKind() == edge.CallExpr_Fun
}

// caller returns the declared function, or the literal of a command, that calls the function named
// at c. It returns nil if c is not a call, or is in another literal with a context.
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
