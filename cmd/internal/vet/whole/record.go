// Package whole tells what only a whole module shows: the calls through an interface, the places that
// every request comes by, and what the trace of the goroutine covers. Facts cannot: they flow
// from imports upward. So each package is put on record, as a report that go vet remembers
// as it does all others, and stand-alone clewvet joins the records.
package whole

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"example.com/clew/cmd/internal/vet/at"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// Analyzer puts a package on record: the message of its one report is a [Record].
var Analyzer = &analysis.Analyzer{
	Name:     "whole",
	Doc:      "put a package on record, for stand-alone clewvet",
	Requires: []*analysis.Analyzer{at.Analyzer, at.Chains},
	Run:      run,
}

// A Record is what a package tells of itself. Positions are those of go vet -json.
type Record struct {
	Package    string
	Functions  []Function          `json:",omitempty"`
	Types      []Type              `json:",omitempty"`
	Interfaces map[string][]string `json:",omitempty"` // the methods of those through which calls go
	Implicit   string              `json:",omitempty"` // where httpmw's Config.Implicit is set
}

// A Function is one that is declared, or a literal that has a context of its own or runs elsewhere.
type Function struct {
	ID      string
	Name    string // as one would say it
	From    string // where it begins
	To      string
	Request bool     `json:",omitempty"` // a server of net/http calls it for a request
	Every   bool     `json:",omitempty"` // and for each, since it is a middleware
	Takes   bool     `json:",omitempty"` // a context reaches it
	Chain   []string `json:",omitempty"` // how it comes to log or send, without a context
	Losses  []Loss   `json:",omitempty"`
	Calls   []Call   `json:",omitempty"`
}

// A Loss is a line or a request without a context.
type Loss struct{ At, Name string }

// A Call is the call of a function of the module, or of a method of one of its interfaces.
type Call struct {
	To        string
	At        string
	Interface string `json:",omitempty"` // whose method To is
	Elsewhere bool   `json:",omitempty"` // it may run on another goroutine, or at another time
	Hand      bool   `json:",omitempty"` // a context is at hand, and not given
}

// A Type has methods, by name and signature, which are functions.
type Type struct {
	Name    string
	Methods map[string]string
}

func run(pass *analysis.Pass) (any, error) {
	if !at.InMainModule(pass) {
		return nil, nil
	}
	r := recorder{
		pass: pass, Package: pass.ResultOf[at.Analyzer].(*at.Package), chain: pass.ResultOf[at.Chains].(func(*types.Func) *at.Chain),
		record: Record{Package: pass.Pkg.Path(), Interfaces: make(map[string][]string)},
	}
	for c := range r.All((*ast.FuncDecl)(nil)) {
		decl := c.Node().(*ast.FuncDecl)
		if f, ok := pass.TypesInfo.Defs[decl.Name].(*types.Func); ok && decl.Body != nil {
			r.declared(c, f)
		}
	}
	for c := range r.All((*ast.CompositeLit)(nil), (*ast.AssignStmt)(nil)) {
		if r.implicit(c.Node()) {
			r.record.Implicit = r.position(c.Node().Pos())
		}
	}
	r.types()
	text, err := json.Marshal(r.record)
	if err != nil {
		return nil, err
	}
	pass.Report(analysis.Diagnostic{Pos: pass.Files[0].Name.Pos(), Message: string(text)})
	return nil, nil
}

type recorder struct {
	pass *analysis.Pass
	*at.Package
	chain  func(*types.Func) *at.Chain
	record Record
}

func (r *recorder) position(pos token.Pos) string { return r.pass.Fset.Position(pos).String() }

func (r *recorder) declared(c inspector.Cursor, f *types.Func) {
	fn := Function{ID: f.FullName(), Name: at.FuncName(f), Takes: r.Takes(f)}
	if chain := r.chain(f); chain != nil {
		fn.Chain = chain.Names
	}
	fn.Request = slices.ContainsFunc(slices.Collect(f.Signature().Params().Variables()), func(v *types.Var) bool { return at.IsServed(v.Type()) })
	r.function(c, fn)
}

// function records fn, which stands at c, and the literals in it that are functions of their own.
func (r *recorder) function(c inspector.Cursor, fn Function) {
	fn.From, fn.To = r.position(c.Node().Pos()), r.position(c.Node().End())
	fn.Every = fn.Request && r.passesOn(c)
	called := make(map[*ast.Ident]bool)
	nodes := []ast.Node{(*ast.CallExpr)(nil), (*ast.FuncLit)(nil), (*ast.Ident)(nil)}
	c.Inspect(nodes, func(inner inspector.Cursor) bool {
		switch n := inner.Node().(type) {
		case *ast.FuncLit:
			if n == c.Node() {
				return true
			}
			elsewhere := r.elsewhere(inner)
			if !elsewhere && !r.TakesContext(n) {
				return true
			}
			literal := Function{ID: fn.ID + "$" + r.position(n.Pos()), Name: fn.Name, Takes: r.TakesContext(n)}
			for _, field := range n.Type.Params.List {
				literal.Request = literal.Request || at.IsServed(r.pass.TypesInfo.TypeOf(field.Type))
			}
			if !literal.Request {
				fn.Calls = append(fn.Calls, Call{To: literal.ID, At: r.position(n.Pos()), Elsewhere: elsewhere})
			}
			r.function(inner, literal)
			return false
		case *ast.CallExpr:
			if id := name(n.Fun); id != nil {
				called[id] = true
			}
			r.call(inner, n, &fn)
		case *ast.Ident:
			// A function that is named and not called is handed on, and may run anywhere.
			if f, ok := r.pass.TypesInfo.Uses[n].(*types.Func); ok && !called[n] && r.ours(f) {
				fn.Calls = append(fn.Calls, Call{To: f.Origin().FullName(), At: r.position(n.Pos()), Elsewhere: true})
			}
		}
		return true
	})
	r.record.Functions = append(r.record.Functions, fn)
}

// name is the last identifier of what is called.
func name(e ast.Expr) *ast.Ident {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return e
	case *ast.SelectorExpr:
		return e.Sel
	case *ast.IndexExpr:
		return name(e.X)
	case *ast.IndexListExpr:
		return name(e.X)
	}
	return nil
}

func (r *recorder) call(c inspector.Cursor, n *ast.CallExpr, fn *Function) {
	if !r.Ignored(n.Pos(), n.End()) {
		if l, ok := r.Line(c); ok {
			fn.Losses = append(fn.Losses, Loss{r.position(l.Call.Pos()), l.Name})
		} else if l, ok := r.Send(c); ok {
			fn.Losses = append(fn.Losses, Loss{r.position(l.Call.Pos()), l.Name})
		}
	}
	f := r.Callee(n)
	if f == nil || !r.ours(f) {
		return
	}
	call := Call{To: f.FullName(), At: r.position(n.Pos()), Elsewhere: c.ParentEdgeKind() == edge.GoStmt_Call}
	if recv := f.Signature().Recv(); recv != nil && types.IsInterface(recv.Type()) {
		if call.Interface = r.interfaced(recv.Type()); call.Interface == "" {
			return
		}
		call.To = method(f)
	}
	if !call.Elsewhere && !r.Given(n) && !r.Ignored(n.Pos(), n.End()) {
		_, hand := r.Hand(c)
		call.Hand = hand && !r.Detached(c)
	}
	fn.Calls = append(fn.Calls, call)
}

// ours tells whether f is of the module.
func (r *recorder) ours(f *types.Func) bool {
	module := r.pass.Module.Path
	return f.Pkg() != nil && (f.Pkg().Path() == module || strings.HasPrefix(f.Pkg().Path(), module+"/"))
}

// elsewhere tells whether the literal at c may run on another goroutine: it is started there, or
// handed to what starts it by its name.
func (r *recorder) elsewhere(c inspector.Cursor) bool {
	if r.Spawned(c) {
		return true
	}
	call, ok := c.Parent().Node().(*ast.CallExpr)
	if !ok || c.ParentEdgeKind() != edge.CallExpr_Args {
		return false
	}
	id := name(call.Fun)
	return id != nil && slices.Contains([]string{"Go", "TryGo", "GoCtx", "Submit", "AfterFunc", "AddFunc", "Every", "Schedule", "Enqueue", "Subscribe"}, id.Name)
}

// passesOn tells whether the function at c is a middleware: it, or one around it, is given the next
// handler, or it asks its framework for the next one.
func (r *recorder) passesOn(c inspector.Cursor) bool {
	for f := range c.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		var typ *ast.FuncType
		switch f := f.Node().(type) {
		case *ast.FuncLit:
			typ = f.Type
		case *ast.FuncDecl:
			typ = f.Type
		}
		for _, field := range typ.Params.List {
			switch at.TypePath(r.pass.TypesInfo.TypeOf(field.Type)) {
			case "net/http.Handler", "net/http.HandlerFunc", "github.com/labstack/echo.HandlerFunc":
				return true
			}
		}
	}
	for call := range c.Preorder((*ast.CallExpr)(nil)) {
		f := r.Callee(call.Node().(*ast.CallExpr))
		if f != nil && (f.Name() == "Next" && at.IsServed(recv(f)) || f.Name() == "ServeHTTP") {
			return true
		}
	}
	return false
}

func recv(f *types.Func) types.Type {
	if recv := f.Signature().Recv(); recv != nil {
		return recv.Type()
	}
	return nil
}

// implicit tells whether n sets Implicit in a Config of httpmw.
func (r *recorder) implicit(n ast.Node) bool {
	const config = "example.com/clew/httpmw.Config"
	set := func(e ast.Expr) bool {
		v := r.pass.TypesInfo.Types[e].Value
		return v == nil || v.String() != "false"
	}
	switch n := n.(type) {
	case *ast.CompositeLit:
		if at.TypePath(r.pass.TypesInfo.TypeOf(n)) != config {
			return false
		}
		return slices.ContainsFunc(n.Elts, func(e ast.Expr) bool {
			kv, ok := e.(*ast.KeyValueExpr)
			if !ok {
				return false
			}
			key, ok := kv.Key.(*ast.Ident)
			return ok && key.Name == "Implicit" && set(kv.Value)
		})
	case *ast.AssignStmt:
		for i, left := range n.Lhs {
			s, ok := left.(*ast.SelectorExpr)
			if ok && s.Sel.Name == "Implicit" && at.TypePath(r.pass.TypesInfo.TypeOf(s.X)) == config && len(n.Rhs) == len(n.Lhs) && set(n.Rhs[i]) {
				return true
			}
		}
	}
	return false
}

// interfaced records an interface of the module, and returns its name.
func (r *recorder) interfaced(t types.Type) string {
	i, ok := t.Underlying().(*types.Interface)
	named, _ := types.Unalias(t).(*types.Named)
	if !ok || named == nil || named.TypeArgs().Len() > 0 || i.NumMethods() == 0 {
		return ""
	}
	id := types.TypeString(named, nil)
	if r.record.Interfaces[id] == nil {
		for f := range i.Methods() {
			r.record.Interfaces[id] = append(r.record.Interfaces[id], method(f))
		}
	}
	return id
}

// types records the types that have methods. Stand-ins for others are none: they are for tests.
func (r *recorder) types() {
	if stands(r.pass.Pkg.Name()) {
		return
	}
	scope := r.pass.Pkg.Scope()
	for _, name := range scope.Names() {
		obj, ok := scope.Lookup(name).(*types.TypeName)
		if !ok || obj.IsAlias() || stands(name) || types.IsInterface(obj.Type()) || strings.HasSuffix(r.pass.Fset.Position(obj.Pos()).Filename, "_test.go") {
			continue
		}
		if named, ok := obj.Type().(*types.Named); !ok || named.TypeParams().Len() > 0 {
			continue
		}
		t := Type{Name: types.TypeString(obj.Type(), nil), Methods: make(map[string]string)}
		for s := range types.NewMethodSet(types.NewPointer(obj.Type())).Methods() {
			if f, ok := s.Obj().(*types.Func); ok {
				t.Methods[method(f)] = f.Origin().FullName()
			}
		}
		if len(t.Methods) > 0 {
			r.record.Types = append(r.record.Types, t)
		}
	}
}

func stands(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc([]string{"mock", "fake", "stub", "noop", "nop"}, func(s string) bool { return strings.Contains(name, s) })
}

// method is the name of a method and its signature. A name that is not exported has its package.
func method(f *types.Func) string {
	unnamed := func(t *types.Tuple) *types.Tuple {
		var vars []*types.Var
		for v := range t.Variables() {
			vars = append(vars, types.NewVar(token.NoPos, nil, "", v.Type()))
		}
		return types.NewTuple(vars...)
	}
	sig := f.Signature()
	plain := types.NewSignatureType(nil, nil, nil, unnamed(sig.Params()), unnamed(sig.Results()), sig.Variadic())
	return fmt.Sprintf("%s%s", f.Id(), strings.TrimPrefix(types.TypeString(plain, nil), "func"))
}
