package at

import (
	"go/ast"
	"go/types"
	"reflect"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

// depth is the largest number of functions without a context in a chain.
const depth = 3

// A Chain is the path from a function without a context to a call that logs or sends. Names holds
// the functions that are called on the way, and at the end the call that logs or sends.
type Chain struct{ Names []string }

func (*Chain) AFact() {}

func (c *Chain) String() string { return strings.Join(c.Names, " → ") }

// Chains finds the chains of the main module's functions. Its result is a function that returns
// the chain of its argument, or nil.
var Chains = &analysis.Analyzer{
	Name:       "chains",
	Doc:        "find the functions that log or send and have no context",
	Requires:   []*analysis.Analyzer{Analyzer},
	FactTypes:  []analysis.Fact{new(Chain)},
	ResultType: reflect.TypeFor[func(*types.Func) *Chain](),
	Run: func(pass *analysis.Pass) (any, error) {
		if InMainModule(pass) {
			pass.ResultOf[Analyzer].(*Package).findChains(pass)
		}
		return func(f *types.Func) *Chain {
			c := new(Chain)
			if f == nil || !pass.ImportObjectFact(f, c) {
				return nil
			}
			return c
		}, nil
	},
}

// InMainModule reports whether the package is in the module that the user checks, and so can
// change. Only modules that were downloaded have a version, and only the standard library has no
// module.
func InMainModule(pass *analysis.Pass) bool { return pass.Module != nil && pass.Module.Version == "" }

// findChains exports the chains of the package's functions as facts. It visits the functions in
// the order of the text, so that each run finds the same chains.
func (p *Package) findChains(pass *analysis.Pass) {
	calls := make(map[*types.Func][]*types.Func)
	var undecided []*types.Func
	for c := range p.All((*ast.FuncDecl)(nil)) {
		decl := c.Node().(*ast.FuncDecl)
		f, _ := p.info.Defs[decl.Name].(*types.Func)
		if f == nil || decl.Body == nil || p.Takes(f) {
			continue
		}
		var loss string
		if loss, calls[f] = p.body(c, f); loss != "" {
			pass.ExportObjectFact(f, &Chain{[]string{loss}})
		} else {
			undecided = append(undecided, f)
		}
	}
	for length := 1; length < depth; length++ {
		for _, f := range undecided {
			if pass.ImportObjectFact(f, new(Chain)) {
				continue
			}
			for _, callee := range calls[f] {
				c := new(Chain)
				if pass.ImportObjectFact(callee, c) && len(c.Names) <= length {
					pass.ExportObjectFact(f, &Chain{append([]string{FuncName(callee)}, c.Names...)})
					break
				}
			}
		}
	}
}

// body looks at f, which is declared at c. It returns the name of the first call in f that logs or
// sends, and all functions that f calls. The body of a goroutine that f starts does not count.
func (p *Package) body(c inspector.Cursor, f *types.Func) (loss string, calls []*types.Func) {
	c.Inspect([]ast.Node{(*ast.CallExpr)(nil), (*ast.FuncLit)(nil), (*ast.GoStmt)(nil)}, func(c inspector.Cursor) bool {
		switch c.Node().(type) {
		case *ast.GoStmt:
			return false
		case *ast.FuncLit:
			return now(c)
		}
		if l, ok := p.Line(c); ok && loss == "" {
			loss = l.Name
		}
		if l, ok := p.Send(c); ok && loss == "" && !returnsRequest(f) {
			loss = l.Name
		}
		if callee := p.Callee(c.Node().(*ast.CallExpr)); callee != nil {
			calls = append(calls, callee)
		}
		return true
	})
	return loss, calls
}

// Takes reports whether f receives a context, in a parameter or in its receiver.
func (p *Package) Takes(f *types.Func) bool {
	if recv := f.Signature().Recv(); recv != nil && p.hasContext(recv.Type()) {
		return true
	}
	for v := range f.Signature().Params().Variables() {
		if p.hasContext(v.Type()) || exempt[TypePath(v.Type())] {
			return true
		}
	}
	return false
}

// returnsRequest reports whether f returns a request. The caller may give that request a context.
func returnsRequest(f *types.Func) bool {
	for v := range f.Signature().Results().Variables() {
		if typeName(v.Type()) == "Request" {
			return true
		}
	}
	return false
}

// FuncName returns the name of f for a message: "Type.Method" or "Function".
func FuncName(f *types.Func) string {
	if recv := f.Signature().Recv(); recv != nil {
		return typeName(recv.Type()) + "." + f.Name()
	}
	return f.Name()
}
