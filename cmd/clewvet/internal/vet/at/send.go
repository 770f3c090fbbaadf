package at

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

// Send returns the HTTP request that the call at c sends or makes, if the request has no context
// and gets none later.
func (p *Package) Send(c inspector.Cursor) (Loss, bool) {
	call := c.Node().(*ast.CallExpr)
	f := p.Callee(call)
	x, sel := method(call)
	if f == nil || f.Pkg() == nil || x == nil {
		return Loss{}, false
	}
	l := Loss{Call: call}
	switch {
	case Is(f, "net/http", "NewRequest"):
		if p.gets(c) {
			return Loss{}, false
		}
		l.Name = "http.NewRequest"
		l.Advice = func(ctx string) string { return "use NewRequestWithContext(" + ctx + ", …)" }
		l.Edits = func(ctx string) []analysis.TextEdit { return prepend(call, sel, "NewRequestWithContext", ctx) }
	case Is(f, "net/http", "Get", "Head", "Post", "PostForm", "Client.Get", "Client.Head", "Client.Post", "Client.PostForm"):
		l.Name = "http." + f.Name()
		l.Advice = func(ctx string) string { return "use NewRequestWithContext(" + ctx + ", …) and Do" }
	case Resty(f.Pkg().Path()) && (f.Name() == "R" || f.Name() == "NewRequest") && f.Signature().Recv() != nil:
		if p.gets(c) || p.info.TypeOf(call) == nil || !hasMethod(p.info.TypeOf(call), "SetContext") {
			return Loss{}, false
		}
		l.Name = "resty's " + f.Name() + "()"
		l.Advice = func(ctx string) string { return "add .SetContext(" + ctx + ")" }
		l.Edits = func(ctx string) []analysis.TextEdit { return insert(call, ".SetContext("+ctx+")") }
	default:
		return Loss{}, false
	}
	return l, true
}

// Resty reports whether path is a version of resty.
func Resty(path string) bool {
	path = Unversioned(path)
	return path == "github.com/go-resty/resty" || path == "resty.dev"
}

// gets reports whether the request that the call at c makes gets its context elsewhere: later in
// the chain, or in another use of its variable. A request that is returned counts as one that gets
// a context, from the caller.
func (p *Package) gets(c inspector.Cursor) bool {
	for ; p.isRequest(c.Node()); c = c.Parent() {
		switch parent := c.Parent().Node().(type) {
		case *ast.SelectorExpr:
			c = c.Parent() // the call of this selector is the next in the chain
			if call, ok := c.Parent().Node().(*ast.CallExpr); ok && p.flow().given(call) {
				return true
			}
		case *ast.CallExpr: // the request is an argument
			return p.flow().given(parent)
		case *ast.AssignStmt:
			return p.flow().joins(parent.Lhs[0])
		case *ast.ValueSpec:
			return p.flow().joins(parent.Names[0])
		case *ast.ExprStmt:
			return false
		default:
			return true // returned or stored, so other code may set the context
		}
	}
	return false
}

func (p *Package) isRequest(n ast.Node) bool {
	e, ok := n.(ast.Expr)
	if !ok {
		return false
	}
	t := p.info.TypeOf(e)
	if results, ok := t.(*types.Tuple); ok && results.Len() > 0 {
		t = results.At(0).Type()
	}
	return t != nil && typeName(t) == "Request"
}

// joins reports whether the variable that e names occurs in a call with a context. It is also true
// if e is not a variable, and so cannot be followed.
func (f *flow) joins(e ast.Expr) bool {
	obj := f.object(e)
	return obj == nil || f.joined[obj]
}
