// Package whole finds out what only a view of the whole module shows: the calls through an
// interface, the places that every request passes, and the code that runs on a request's
// goroutine. Facts of go/analysis cannot show this, because they flow only from imported packages
// to their importers. So each package reports a record of itself, and go vet caches it like any
// other report. When clewvet runs without go vet, it joins the records.
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

// Analyzer records a package. The message of its only report is a [Record] as JSON.
var Analyzer = &analysis.Analyzer{
	Name:     "whole",
	Doc:      "put a package on record, for stand-alone clewvet",
	Requires: []*analysis.Analyzer{inspect.Analyzer, at.Analyzer, at.Chains},
	Run:      run,
}

// A Record holds the facts about one package. Positions have the format of go vet -json.
type Record struct {
	Package   string
	Main      bool       `json:",omitempty"` // the package is a program
	Imports   []string   `json:",omitempty"` // only packages of the module
	Functions []Function `json:",omitempty"`
	Types     []Type     `json:",omitempty"`
	// Interfaces has each interface through which the package calls functions, with the
	// interface's methods.
	Interfaces map[string][]string `json:",omitempty"`
	Implicit   string              `json:",omitempty"` // where httpmw's Config.Implicit is set
	// Timeout: the package makes a timeout handler, which runs handlers on other goroutines.
	Timeout bool `json:",omitempty"`
}

// A Function is a declared function, or a literal that has its own context or runs elsewhere.
type Function struct {
	ID      string
	Name    string // for messages, such as "Type.Method"
	From    string // the position of its first byte
	To      string
	Request bool `json:",omitempty"` // a server of net/http calls it for a request
	// Every: the function is a middleware for requests, so every request passes it.
	Every bool `json:",omitempty"`
	Takes bool `json:",omitempty"` // it has a context, as a parameter or in its receiver
	// Start: the function is main or init, it initializes package variables, or it is for
	// commands, tests or signals.
	Start bool `json:",omitempty"`
	// Traces: the function makes a context with a trace, or has a message as a parameter.
	Traces bool `json:",omitempty"`
	// Runs has the indexes of the parameters that hold functions, if the function only calls them,
	// and on its own goroutine.
	Runs []int `json:",omitempty"`
	// Chain names the functions on the way to a call that logs or sends without a context.
	Chain  []string `json:",omitempty"`
	Losses []Loss   `json:",omitempty"`
	Calls  []Call   `json:",omitempty"`
}

// A Loss is a call that writes a log line or makes a request without a context.
type Loss struct{ At, Name string }

// A Call is a call of a function of the module, or of a method of an interface.
type Call struct {
	To        string
	At        string
	Interface string `json:",omitempty"` // the interface whose method To is
	Foreign   bool   `json:",omitempty"` // the interface is another module's, generic or unnamed
	Elsewhere bool   `json:",omitempty"` // To may run on another goroutine, or later
	Go        bool   `json:",omitempty"` // To is started on another goroutine
	// Via is the function that receives To as an argument, and may call To at once.
	Via  string `json:",omitempty"`
	Arg  int    `json:",omitempty"` // the index of that argument
	Hand bool   `json:",omitempty"` // a context is at hand, but the call does not pass it
}

// A Type maps each of its methods, by name and signature, to the ID of a function.
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
		if !r.tests(c.Node()) && r.implicit(c.Node()) { // with -tests, All includes test files
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

// tests reports whether n is in a test file. Test files are left out, because they run no service.
func (r *recorder) tests(n ast.Node) bool {
	return strings.HasSuffix(r.pass.Fset.File(n.Pos()).Name(), "_test.go")
}

// file records the declarations in the file at c. It records generated files, too, because their
// code may call handwritten functions.
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

	written bool // the current file is not generated
	// uses maps each variable that holds a function to the places that name the variable.
	uses map[types.Object][]inspector.Cursor
	// away maps each literal that was looked at to the result of elsewhere.
	away map[ast.Node]bool
}

func (r *recorder) position(pos token.Pos) string { return r.pass.Fset.Position(pos).String() }

func (r *recorder) declared(c inspector.Cursor, f *types.Func) {
	fn := Function{ID: f.FullName(), Name: at.FuncName(f), Takes: r.Takes(f), Request: r.Serves(c)}
	plain := f.Signature().Recv() == nil
	// A package may have several functions of this name.
	if plain && (f.Name() == "init" || f.Name() == "_") {
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

// function records fn, which is declared at c. It also records the literals in fn that count as
// functions.
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
			// A function that is named without a call is passed as a value, and may run anywhere.
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

// continues reports whether the function at c is passed to another function as a part of the work
// here. Its only parameter must be a context, because a function that is called for requests would
// have more parameters. Also, it must be a job, which returns nothing or only an error, or another
// argument of the call must be a context.
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

// waited reports whether the function at c starts where it is written, as with a go statement.
func (r *recorder) waited(c inspector.Cursor) bool {
	if c.ParentEdgeKind() == edge.SelectorExpr_Sel {
		c = c.Parent()
	}
	call, ok := c.Parent().Node().(*ast.CallExpr)
	return ok && c.ParentEdgeKind() == edge.CallExpr_Args && at.Waits(r.Callee(call)) || r.continues(c)
}

// name returns the last identifier in the expression of a called function.
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

// The method to returns a Call of f. It returns false unless f is a function of the module or a
// method of an interface.
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

// ours reports whether f belongs to the module.
func (r *recorder) ours(f *types.Func) bool { return f.Pkg() != nil && r.inModule(f.Pkg()) }

func (r *recorder) inModule(pkg *types.Package) bool {
	module := r.pass.Module.Path
	return pkg.Path() == module || strings.HasPrefix(pkg.Path(), module+"/")
}

// elsewhere reports whether the literal at c may run on another goroutine, or later. It returns
// true unless all uses of the literal are calls here.
func (r *recorder) elsewhere(c inspector.Cursor) bool {
	if away, ok := r.away[c.Node()]; ok {
		return away
	}
	r.away[c.Node()] = false // in case the literal calls itself
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

// calls reports whether f is a function of the standard library that calls its function argument
// before it returns.
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

// handed returns the function of the module that gets the literal at c as an argument, and the
// index of the argument.
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

// findUses records the places in file that name a variable with a function value.
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

// onlyCalled reports whether the code only calls v, a function-valued variable or parameter, and
// does so on the goroutine of the function that declares v.
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

// timeout reports whether call makes a handler that runs another handler on a separate goroutine.
// It returns false if httpmw's New is inside of the call, because then that goroutine has the
// trace again.
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

// passesOn reports whether the function at c is a middleware: it or a function around it has the
// next handler as a parameter, or it calls Next or ServeHTTP for the next handler.
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
		// The handler must be of unknown type. The ServeHTTP of a proxy, for example, ends the
		// chain of handlers.
		case f.Name() == "ServeHTTP":
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

// implicit reports whether n sets Implicit to true in a Config of httpmw.
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

// types records the types that have methods, except mocks, fakes and the like, because they are
// only for tests.
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
		// Without the type arguments, the methods' signatures are not known.
		if named.TypeParams().Len() > 0 {
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

// standIn matches the names of mocks, fakes and the like: the word begins the name, or is inside
// of it.
var standIn = regexp.MustCompile(`^(?i:mock|fake|stub|noop|nop)|(Mock|Fake|Stub|Noop|NoOp|Nop)([A-Z0-9_]|s?$)|(mocks?|fakes?|stubs?)$`)

func stands(name string) bool { return standIn.MatchString(name) }

// method returns the name and signature of a method. For a name that is not exported, it includes
// the package.
func method(f *types.Func) string {
	sig := f.Signature()
	plain := types.NewSignatureType(nil, nil, nil, sig.Params(), sig.Results(), sig.Variadic())
	return fmt.Sprintf("%s%s", f.Id(), strings.TrimPrefix(types.TypeString(unaliased(plain), nil), "func"))
}

// unaliased returns t without the names of aliases and parameters, so that identical types have
// equal texts.
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
		if t.Empty() { // types.TypeString would write any
			return types.NewInterfaceType(nil, nil)
		}
		return t
	default:
		return t
	}
}
