// Package whole tells what only a whole module shows: the calls through an interface, the places
// that every request passes, and what the trace of the goroutine covers. Facts cannot tell this,
// because they flow from imports to importers. So each package makes a record of itself, as a
// report, which go vet remembers like all others. clewvet joins the records when it runs without
// go vet.
package whole

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"example.com/clew/cmd/clewvet/internal/vet/at"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// Analyzer puts a package on record: the message of its one report is a [Record].
var Analyzer = &analysis.Analyzer{
	Name:     "whole",
	Doc:      "put a package on record, for stand-alone clewvet",
	Requires: []*analysis.Analyzer{inspect.Analyzer, at.Analyzer, at.Chains},
	Run:      run,
}

// A Record is what a package tells of itself. Positions are those of go vet -json.
type Record struct {
	Package    string
	Main       bool                `json:",omitempty"` // it is a program
	Imports    []string            `json:",omitempty"` // of the module
	Functions  []Function          `json:",omitempty"`
	Types      []Type              `json:",omitempty"`
	Interfaces map[string][]string `json:",omitempty"` // the methods of those through which calls go
	Implicit   string              `json:",omitempty"` // where httpmw's Config.Implicit is set
	Timeout    bool                `json:",omitempty"` // handlers are run on goroutines of their own, to end in time
}

// A Function is one that is declared, or a literal that has a context of its own or runs
// elsewhere.
type Function struct {
	ID      string
	Name    string // as one would say it
	From    string // where it begins
	To      string
	Request bool     `json:",omitempty"` // a server of net/http calls it for a request
	Every   bool     `json:",omitempty"` // and for each, since it is a middleware
	Takes   bool     `json:",omitempty"` // a context reaches it
	Start   bool     `json:",omitempty"` // main, init, a command's, a test's, what waits for signals, the making of a package's variables
	Traces  bool     `json:",omitempty"` // it makes a context with a trace, or is given a message that has one
	Runs    []int    `json:",omitempty"` // the parameters that it only calls, on its goroutine
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
	Foreign   bool   `json:",omitempty"` // that is not the module's, or cannot be told from others
	Elsewhere bool   `json:",omitempty"` // it may run on another goroutine, or at another time
	Go        bool   `json:",omitempty"` // it is started on another
	Via       string `json:",omitempty"` // the function that it is handed to, which may call it at once
	Arg       int    `json:",omitempty"` // as which argument
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
		record: Record{Package: pass.Pkg.Path(), Main: pass.Pkg.Name() == "main", Interfaces: make(map[string][]string)},
		uses:   make(map[types.Object][]inspector.Cursor), away: make(map[ast.Node]bool),
	}
	for file := range pass.ResultOf[inspect.Analyzer].(*inspector.Inspector).Root().Children() {
		r.file(file)
	}
	for c := range r.All((*ast.CompositeLit)(nil), (*ast.AssignStmt)(nil)) {
		if !r.tests(c.Node()) && r.implicit(c.Node()) { // with -tests, All has those too
			r.record.Implicit = r.position(c.Node().Pos())
		}
	}
	for _, imported := range pass.Pkg.Imports() {
		if r.inModule(imported) {
			r.record.Imports = append(r.record.Imports, imported.Path())
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

// tests tells whether n is in a file of tests, which run no service.
func (r *recorder) tests(n ast.Node) bool {
	return strings.HasSuffix(r.pass.Fset.File(n.Pos()).Name(), "_test.go")
}

// file records what is declared in the file at c, a generated one too: it may start what others
// wrote.
func (r *recorder) file(c inspector.Cursor) {
	if r.tests(c.Node()) {
		return
	}
	r.written = r.Looked(c.Node().(*ast.File))
	r.findUses(c)
	for c := range c.Children() {
		switch decl := c.Node().(type) {
		case *ast.FuncDecl:
			if f, ok := r.pass.TypesInfo.Defs[decl.Name].(*types.Func); ok && decl.Body != nil {
				r.declared(c, f)
			}
		case *ast.GenDecl:
			if decl.Tok == token.VAR {
				r.function(c, Function{ID: r.pass.Pkg.Path() + ".var" + r.position(decl.Pos()), Name: "var", Start: true})
			}
		}
	}
	for call := range c.Preorder((*ast.CallExpr)(nil)) {
		r.record.Timeout = r.record.Timeout || r.timeout(call.Node().(*ast.CallExpr))
	}
}

type recorder struct {
	pass *analysis.Pass
	*at.Package
	chain  func(*types.Func) *at.Chain
	record Record

	written bool                                // a person wrote the file
	uses    map[types.Object][]inspector.Cursor // where the variables that hold functions are named
	away    map[ast.Node]bool                   // the literals that run elsewhere, as far as is known
}

func (r *recorder) position(pos token.Pos) string { return r.pass.Fset.Position(pos).String() }

func (r *recorder) declared(c inspector.Cursor, f *types.Func) {
	fn := Function{ID: f.FullName(), Name: at.FuncName(f), Takes: r.Takes(f), Request: r.Serves(c)}
	plain := f.Signature().Recv() == nil
	if plain && (f.Name() == "init" || f.Name() == "_") { // there may be several
		fn.ID += r.position(f.Pos())
	}
	fn.Start = plain && (f.Name() == "init" || f.Name() == "main" && r.record.Main) || r.Exempt(c.Node())
	for i := range f.Signature().Params().Len() {
		v := f.Signature().Params().At(i)
		if _, ok := v.Type().Underlying().(*types.Signature); ok && r.onlyCalled(v) {
			fn.Runs = append(fn.Runs, i)
		}
	}
	if chain := r.chain(f); chain != nil {
		fn.Chain = chain.Names
	}
	r.function(c, fn)
}

// function records fn, which stands at c, and the literals in it that are functions of their own.
func (r *recorder) function(c inspector.Cursor, fn Function) {
	fn.From, fn.To = r.position(c.Node().Pos()), r.position(c.Node().End())
	fn.Every = fn.Request && r.passesOn(c)
	if _, ok := c.Node().(*ast.GenDecl); !ok {
		fn.Traces = r.TakesMessage(c.Node())
	}
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
			literal := Function{ID: fn.ID + "$" + r.position(n.Pos()), Name: fn.Name, Takes: r.TakesContext(n), Request: r.Serves(inner), Start: r.Exempt(n)}
			if !literal.Request {
				call := Call{To: literal.ID, At: r.position(n.Pos()), Elsewhere: elsewhere}
				call.Go = inner.ParentEdgeKind() == edge.CallExpr_Fun && inner.Parent().ParentEdgeKind() == edge.GoStmt_Call || r.waited(inner)
				call.Via, call.Arg = r.handed(inner)
				fn.Calls = append(fn.Calls, call)
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
			if f, ok := r.pass.TypesInfo.Uses[n].(*types.Func); ok && !called[n] {
				if call, ok := r.to(f.Origin()); ok {
					call.At, call.Elsewhere, call.Go = r.position(n.Pos()), true, r.waited(inner)
					fn.Calls = append(fn.Calls, call)
				}
			}
		}
		return true
	})
	r.record.Functions = append(r.record.Functions, fn)
}

// continues tells whether the function at c, whose only parameter is a context, is handed on as a
// part of the work that is done here: a context stands beside it in the call, or it is a job,
// which returns nothing or only an error. A function that is called for requests is told more
// about them.
func (r *recorder) continues(c inspector.Cursor) bool {
	call, ok := c.Parent().Node().(*ast.CallExpr)
	if !ok || c.ParentEdgeKind() != edge.CallExpr_Args {
		return false
	}
	isContext := func(t types.Type) bool { return at.TypePath(t) == "context.Context" }
	sig, ok := r.pass.TypesInfo.TypeOf(c.Node().(ast.Expr)).Underlying().(*types.Signature)
	if !ok || sig.Params().Len() != 1 || !isContext(sig.Params().At(0).Type()) {
		return false
	}
	results := sig.Results()
	return results.Len() == 0 || results.Len() == 1 && types.Identical(results.At(0).Type(), types.Universe.Lookup("error").Type()) ||
		slices.ContainsFunc(call.Args, func(arg ast.Expr) bool { return isContext(r.pass.TypesInfo.TypeOf(arg)) })
}

// waited tells whether the function at c is started where it stands, as by go.
func (r *recorder) waited(c inspector.Cursor) bool {
	if c.ParentEdgeKind() == edge.SelectorExpr_Sel {
		c = c.Parent()
	}
	call, ok := c.Parent().Node().(*ast.CallExpr)
	return ok && c.ParentEdgeKind() == edge.CallExpr_Args && at.Waits(r.Callee(call)) || r.continues(c)
}

// name returns the last identifier of the function that is called.
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
	if r.written && !r.Ignored(n.Pos(), n.End()) {
		if l, ok := r.Line(c); ok {
			fn.Losses = append(fn.Losses, Loss{r.position(l.Call.Pos()), l.Name})
		} else if l, ok := r.Send(c); ok {
			fn.Losses = append(fn.Losses, Loss{r.position(l.Call.Pos()), l.Name})
		}
	}
	f := r.Callee(n)
	if f == nil {
		return
	}
	fn.Start = fn.Start || at.Is(f, "os/signal", "Notify", "NotifyContext")
	switch f.Name() {
	case "Extract", "Start", "StartSpan", "StartSpanFromContext", "NewContext", "Root", "Continue":
		results := f.Signature().Results()
		fn.Traces = fn.Traces || results.Len() > 0 && at.TypePath(results.At(0).Type()) == "context.Context"
	}
	call, ok := r.to(f)
	if !ok {
		return
	}
	call.At = r.position(n.Pos())
	call.Go = c.ParentEdgeKind() == edge.GoStmt_Call
	call.Elsewhere = call.Go
	if !call.Elsewhere && r.written && !r.Given(n) && !r.Ignored(n.Pos(), n.End()) {
		_, hand := r.Hand(c)
		call.Hand = hand && !r.Detached(c)
	}
	fn.Calls = append(fn.Calls, call)
}

// to returns a call of f, if f is a function of the module or a method of an interface.
func (r *recorder) to(f *types.Func) (Call, bool) {
	recv := recv(f)
	if recv == nil || !types.IsInterface(recv) {
		return Call{To: f.FullName()}, r.ours(f)
	}
	if f.Pkg() == nil || f.Pkg().Path() == "context" {
		return Call{}, false
	}
	i, ok := recv.Underlying().(*types.Interface)
	if !ok {
		return Call{}, false
	}
	named, _ := types.Unalias(recv).(*types.Named)
	generic := named != nil && named.TypeParams().Len() > 0
	describe := method
	if generic {
		describe = (*types.Func).Id
	}
	id := types.TypeString(recv, nil)
	if r.record.Interfaces[id] == nil {
		for f := range i.Methods() {
			r.record.Interfaces[id] = append(r.record.Interfaces[id], describe(f))
		}
	}
	return Call{To: describe(f), Interface: id, Foreign: named == nil || generic || !r.ours(f)}, true
}

// ours tells whether f is of the module.
func (r *recorder) ours(f *types.Func) bool { return f.Pkg() != nil && r.inModule(f.Pkg()) }

func (r *recorder) inModule(pkg *types.Package) bool {
	module := r.pass.Module.Path
	return pkg.Path() == module || strings.HasPrefix(pkg.Path(), module+"/")
}

// elsewhere tells whether the literal at c may run on another goroutine, or at another time: it
// does unless it is seen to be called here.
func (r *recorder) elsewhere(c inspector.Cursor) bool {
	if away, ok := r.away[c.Node()]; ok {
		return away
	}
	r.away[c.Node()] = false // should it call itself
	away := !r.here(c)
	r.away[c.Node()] = away
	return away
}

func (r *recorder) here(c inspector.Cursor) bool {
	if r.Now(c) {
		return true
	}
	if r.Spawned(c) {
		return false
	}
	kind, index := c.ParentEdge()
	var left ast.Expr
	switch parent := c.Parent().Node().(type) {
	case *ast.CallExpr:
		return kind == edge.CallExpr_Args && calls(r.Callee(parent))
	case *ast.AssignStmt:
		if len(parent.Lhs) != len(parent.Rhs) {
			return false
		}
		left = parent.Lhs[index]
	case *ast.ValueSpec:
		left = parent.Names[index]
	}
	id, ok := left.(*ast.Ident)
	if !ok {
		return false
	}
	v, ok := r.pass.TypesInfo.ObjectOf(id).(*types.Var)
	return ok && v.Parent() != r.pass.Pkg.Scope() && r.onlyCalled(v)
}

// calls tells whether f is of the standard library, and calls at once what it is given.
func calls(f *types.Func) bool {
	if f == nil || f.Pkg() == nil {
		return false
	}
	switch f.Pkg().Path() {
	case "sort", "slices", "strings", "bytes", "path/filepath", "io/fs":
		return true
	case "maps":
		return f.Name() == "DeleteFunc" || f.Name() == "EqualFunc"
	case "sync":
		return f.Name() == "Do" || f.Name() == "Range"
	}
	return false
}

// handed returns the function of the module to which the literal at c is handed, and the index of
// that argument.
func (r *recorder) handed(c inspector.Cursor) (to string, index int) {
	kind, index := c.ParentEdge()
	call, ok := c.Parent().Node().(*ast.CallExpr)
	if !ok || kind != edge.CallExpr_Args || c.Parent().ParentEdgeKind() == edge.GoStmt_Call {
		return "", 0
	}
	f := r.Callee(call)
	if f == nil || !r.ours(f) {
		return "", 0
	}
	sig, ok := r.pass.TypesInfo.TypeOf(call.Fun).Underlying().(*types.Signature)
	if !ok || sig.Params().Len() != f.Signature().Params().Len() { // a method expression
		return "", 0
	}
	return f.FullName(), index
}

// findUses finds where in file variables that hold functions are named.
func (r *recorder) findUses(file inspector.Cursor) {
	for c := range file.Preorder((*ast.Ident)(nil)) {
		v, ok := r.pass.TypesInfo.Uses[c.Node().(*ast.Ident)].(*types.Var)
		if !ok || v.IsField() {
			continue
		}
		if _, ok := v.Type().Underlying().(*types.Signature); ok {
			r.uses[v] = append(r.uses[v], c)
		}
	}
}

// onlyCalled tells whether all that happens to the function in v, a variable or parameter of a
// function, is that it is called, on that function's goroutine.
func (r *recorder) onlyCalled(v *types.Var) bool {
	for _, c := range r.uses[v] {
		for c.ParentEdgeKind() == edge.ParenExpr_X {
			c = c.Parent()
		}
		switch c.ParentEdgeKind() {
		case edge.AssignStmt_Lhs:
			continue
		case edge.CallExpr_Fun:
		default:
			return false
		}
		if c.Parent().ParentEdgeKind() == edge.GoStmt_Call {
			return false
		}
		for literal := range c.Enclosing((*ast.FuncLit)(nil)) {
			if n := literal.Node(); n.Pos() <= v.Pos() && v.Pos() < n.End() {
				break
			}
			if r.elsewhere(literal) {
				return false
			}
		}
	}
	return true
}

// timeout tells whether call makes a handler that runs another on a goroutine of its own. If
// httpmw's New stands within the call, that goroutine has its trace again.
func (r *recorder) timeout(call *ast.CallExpr) bool {
	f := r.Callee(call)
	if f == nil || f.Pkg() == nil {
		return false
	}
	switch at.Unversioned(f.Pkg().Path()) {
	case "net/http":
		if f.Name() != "TimeoutHandler" {
			return false
		}
	case "github.com/gin-contrib/timeout":
		return f.Name() == "New"
	default:
		return false
	}
	within := false
	ast.Inspect(call, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			f, ok := r.pass.TypesInfo.Uses[id].(*types.Func)
			within = within || ok && at.Is(f, "example.com/clew/httpmw", "New")
		}
		return !within
	})
	return !within
}

// passesOn tells whether the function at c is a middleware: it, or one around it, is given the
// next handler, or it asks its framework for the next one.
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
		switch {
		case f == nil || recv(f) == nil:
		case f.Name() == "Next" && at.IsServed(recv(f)):
			return true
		case f.Name() == "ServeHTTP": // of any handler: that of a proxy, for one, is the end
			if path := at.TypePath(recv(f)); path == "net/http.Handler" || path == "net/http.HandlerFunc" {
				return true
			}
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
		named, ok := obj.Type().(*types.Named)
		if !ok {
			continue
		}
		describe := method
		if named.TypeParams().Len() > 0 { // what the signatures become is not known
			describe = (*types.Func).Id
		}
		t := Type{Name: types.TypeString(obj.Type(), nil), Methods: make(map[string]string)}
		for s := range types.NewMethodSet(types.NewPointer(obj.Type())).Methods() {
			if f, ok := s.Obj().(*types.Func); ok {
				t.Methods[describe(f)] = f.Origin().FullName()
			}
		}
		if len(t.Methods) > 0 {
			r.record.Types = append(r.record.Types, t)
		}
	}
}

// standIn is the words for those that stand in for others, at the beginning of a name or within.
var standIn = regexp.MustCompile(`^(?i:mock|fake|stub|noop|nop)|(Mock|Fake|Stub|Noop|NoOp|Nop)([A-Z0-9_]|s?$)|(mocks?|fakes?|stubs?)$`)

func stands(name string) bool { return standIn.MatchString(name) }

// method returns the name of a method and its signature. A name that is not exported has its
// package.
func method(f *types.Func) string {
	sig := f.Signature()
	plain := types.NewSignatureType(nil, nil, nil, sig.Params(), sig.Results(), sig.Variadic())
	return fmt.Sprintf("%s%s", f.Id(), strings.TrimPrefix(types.TypeString(unaliased(plain), nil), "func"))
}

// unaliased returns t without the names of aliases and parameters, so that equal types have equal
// texts.
func unaliased(t types.Type) types.Type {
	tuple := func(t *types.Tuple) *types.Tuple {
		var vars []*types.Var
		for v := range t.Variables() {
			vars = append(vars, types.NewVar(token.NoPos, nil, "", unaliased(v.Type())))
		}
		return types.NewTuple(vars...)
	}
	switch t := types.Unalias(t).(type) {
	case *types.Pointer:
		return types.NewPointer(unaliased(t.Elem()))
	case *types.Slice:
		return types.NewSlice(unaliased(t.Elem()))
	case *types.Array:
		return types.NewArray(unaliased(t.Elem()), t.Len())
	case *types.Map:
		return types.NewMap(unaliased(t.Key()), unaliased(t.Elem()))
	case *types.Chan:
		return types.NewChan(t.Dir(), unaliased(t.Elem()))
	case *types.Signature:
		return types.NewSignatureType(nil, nil, nil, tuple(t.Params()), tuple(t.Results()), t.Variadic())
	case *types.Interface:
		if t.Empty() { // any has a text of its own
			return types.NewInterfaceType(nil, nil)
		}
		return t
	default:
		return t
	}
}
