package at

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/ast/inspector"
)

// Consumes reports whether the function around c receives messages from a queue, or is part of
// such a function. The context of that function is the program's own, so the lines that the
// function logs outside of a message belong to no trace.
func (p *Package) Consumes(c inspector.Cursor, h Hand) bool {
	if h.Handler {
		return false
	}
	if w, ok := p.lookup(h.Expr, c.Node().Pos()).(*types.Var); ok && p.prepared(w, 4) {
		return false
	}
	for f := range c.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		if p.consumers()[f.Node()] {
			return true
		}
		if _, found := p.param(f.Node()); found {
			return false
		}
	}
	return false
}

// findConsumers returns the functions with a context that receive messages in a loop. It adds the
// functions that pass their context to such a function, and then the functions that are called
// only by functions found so far.
func (p *Package) findConsumers() map[ast.Node]bool {
	consumers := make(map[ast.Node]bool)
	var funcs []inspector.Cursor
	decls := make(map[types.Object]*ast.FuncDecl)
	for f := range p.inspector.Root().Preorder((*ast.FuncDecl)(nil), (*ast.FuncLit)(nil)) {
		if decl, ok := f.Node().(*ast.FuncDecl); ok {
			decls[p.info.Defs[decl.Name]] = decl
		}
		if param, _ := p.param(f.Node()); param == nil || p.serves(f.Node()) {
			continue
		} else if kind, _ := kindOf(param.Type()); kind == request {
			continue
		}
		funcs = append(funcs, f)
		if p.takesMessages(f) {
			consumers[f.Node()] = true
		}
	}
	if len(consumers) == 0 {
		return consumers
	}
	grow(consumers, funcs, func(f inspector.Cursor) bool { return p.callsOne(f, decls, consumers) })
	callers := make(map[ast.Node][]inspector.Cursor)
	for c := range p.inspector.Root().Preorder((*ast.Ident)(nil)) {
		if decl := decls[p.info.Uses[c.Node().(*ast.Ident)]]; decl != nil && !decl.Name.IsExported() {
			callers[decl] = append(callers[decl], c)
		}
	}
	grow(consumers, funcs, func(f inspector.Cursor) bool {
		others := func(c inspector.Cursor) bool { return !p.calledBy(c, consumers) }
		return len(callers[f.Node()]) > 0 && !slices.ContainsFunc(callers[f.Node()], others)
	})
	return consumers
}

// grow goes through funcs in rounds, and adds to consumers the functions for which belongs returns
// true. It ends after a round that adds none.
func grow(consumers map[ast.Node]bool, funcs []inspector.Cursor, belongs func(f inspector.Cursor) bool) {
	for again := true; again; {
		again = false
		for _, f := range funcs {
			if !consumers[f.Node()] && belongs(f) {
				consumers[f.Node()], again = true, true
			}
		}
	}
}

// callsOne reports whether f passes a context to a function of this package that is in consumers.
func (p *Package) callsOne(f inspector.Cursor, decls map[types.Object]*ast.FuncDecl, consumers map[ast.Node]bool) bool {
	for c := range f.Preorder((*ast.CallExpr)(nil)) {
		call := c.Node().(*ast.CallExpr)
		if callee := p.Callee(call); callee != nil && p.flow().given(call) && decls[callee] != nil && consumers[decls[callee]] {
			return true
		}
	}
	return false
}

// calledBy reports whether one of the consumers calls the function that is named at c. The call
// must not be in the part of the consumer that handles a single message.
func (p *Package) calledBy(c inspector.Cursor, consumers map[ast.Node]bool) bool {
	if _, ok := calling(c); !ok {
		return false
	}
	for f := range c.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		if _, found := p.param(f.Node()); found {
			return consumers[f.Node()] && p.messageVar(c, f) == nil
		}
	}
	return false
}

// takesMessages reports whether f itself ranges over a channel of messages, asks a queue for
// messages in a loop, or has a parameter with several messages.
func (p *Package) takesMessages(f inspector.Cursor) bool {
	for v := range p.batches() {
		if p.hasParam(f.Node(), v) {
			return true
		}
	}
	for loop := range f.Preorder((*ast.ForStmt)(nil), (*ast.RangeStmt)(nil)) {
		if ranges, ok := loop.Node().(*ast.RangeStmt); ok {
			channel, ok := p.info.TypeOf(ranges.X).Underlying().(*types.Chan)
			if ok && carriers[TypePath(channel.Elem())].headers != "" {
				return true
			}
			continue
		}
		for c := range loop.Preorder((*ast.CallExpr)(nil)) {
			call := c.Node().(*ast.CallExpr)
			callee := p.Callee(call)
			if callee == nil || callee.Pkg() == nil || !p.flow().given(call) || !p.receives(call, 1) {
				continue
			}
			if inQueue(callee.Pkg().Path()) {
				return true
			}
			for v := range callee.Signature().Results().Variables() {
				if carriers[TypePath(v.Type())].headers != "" {
					return true
				}
			}
		}
	}
	return false
}

// inQueue reports whether path is a package of a message queue: one that declares a type of
// messages, or a package right beside it.
func inQueue(path string) bool {
	path = Unversioned(path)
	for name := range carriers {
		pkg := name[:strings.LastIndex(name, ".")]
		if pkg == path || strings.TrimSuffix(pkg, "/types") == path || strings.TrimSuffix(pkg, "/internal/pubsub")+"/pubsub" == path {
			return true
		}
	}
	return false
}
