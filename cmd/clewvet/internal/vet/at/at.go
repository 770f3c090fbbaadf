// Package at answers what all of clewvet's analyzers ask of a place in the code: whether a
// context is at hand there, whether a call logs or sends without one, and whether anybody
// wants to hear of it.
package at

import (
	"go/ast"
	"go/token"
	"go/types"
	"iter"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/types/typeutil"
)

// Analyzer prepares a package for the others: its result is a *[Package].
var Analyzer = &analysis.Analyzer{
	Name:       "at",
	Doc:        "tell where a context is at hand",
	Requires:   []*analysis.Analyzer{inspect.Analyzer},
	ResultType: reflect.TypeFor[*Package](),
	Run: func(pass *analysis.Pass) (any, error) {
		p := &Package{
			info:      pass.TypesInfo,
			types:     pass.Pkg,
			fset:      pass.Fset,
			files:     pass.Files,
			inspector: pass.ResultOf[inspect.Analyzer].(*inspector.Inspector),
			sizes:     pass.TypesSizes,
			readFile:  pass.ReadFile,
		}
		p.flow = sync.OnceValue(p.findFlow)
		p.startup = sync.OnceValue(p.findStartup)
		p.ignored = sync.OnceValue(p.findIgnored)
		p.assignments = sync.OnceValue(p.findAssignments)
		p.bodiless = sync.OnceValue(p.findBodiless)
		p.importer = sync.OnceValue(p.findImporter)
		p.consumers = sync.OnceValue(p.findConsumers)
		p.batches = sync.OnceValue(p.findBatches)
		p.uses = sync.OnceValue(p.findUses)
		p.calledAtHand = sync.OnceValue(p.findCalledAtHand)
		return p, nil
	},
}

// Tests says that test files are looked at too.
var Tests bool

// Implicit says that httpmw's Config.Implicit is set: the goroutine of a request's handler has its
// trace, for lines and requests without a context too.
var Implicit bool

// A Package is what is known of the package under analysis. It may be used concurrently.
type Package struct {
	info      *types.Info
	types     *types.Package
	fset      *token.FileSet
	files     []*ast.File
	inspector *inspector.Inspector
	sizes     types.Sizes
	readFile  func(name string) ([]byte, error)
	offered   offered

	// Found when first asked for: of dependencies nobody asks.
	flow        func() *flow
	startup     func() map[ast.Node]bool
	ignored     func() map[line]bool
	assignments func() map[types.Object][]assignment
	bodiless    func() map[*ast.File]*ast.File
	importer    func() importer
	// consumers is the functions whose context is the program's own, for taking messages.
	consumers func() map[ast.Node]bool
	// batches is the parameters that are messages, several at a time.
	batches func() map[types.Object]bool
	// uses is where variables are named.
	uses func() map[types.Object][]inspector.Cursor
	// calledAtHand is the variables that hold functions, and are called where a context is.
	calledAtHand func() map[types.Object]bool
}

// All is all nodes of the given types in the files that are looked at: not in generated
// ones, in tests only if [Tests].
func (p *Package) All(nodes ...ast.Node) iter.Seq[inspector.Cursor] {
	return func(yield func(inspector.Cursor) bool) {
		for file := range p.inspector.Root().Children() {
			if !p.Looked(file.Node().(*ast.File)) {
				continue
			}
			for c := range file.Preorder(nodes...) {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// Looked tells whether file is looked at.
func (p *Package) Looked(file *ast.File) bool {
	return !p.generated(file) && (Tests || !p.tests(file))
}

// tests tells whether file is of tests: by its name, or because it imports what only tests need.
func (p *Package) tests(file *ast.File) bool {
	if strings.HasSuffix(p.fset.File(file.FileStart).Name(), "_test.go") {
		return true
	}
	return slices.ContainsFunc(file.Imports, func(spec *ast.ImportSpec) bool {
		path, _ := strconv.Unquote(spec.Path.Value)
		return slices.Contains(testing, Unversioned(path))
	})
}

var testing = []string{
	"github.com/cucumber/godog", "github.com/onsi/ginkgo", "github.com/onsi/gomega",
	"github.com/stretchr/testify/assert", "github.com/stretchr/testify/require", "github.com/testcontainers/testcontainers-go",
}

// Callee is the function or method that call names, nil if that cannot be told.
func (p *Package) Callee(call *ast.CallExpr) *types.Func {
	f, _ := typeutil.Callee(p.info, call).(*types.Func)
	if f != nil {
		f = f.Origin()
	}
	return f
}

// Is tells whether f is the function or method of that name in the package at path. The
// name of a method is "Type.Method".
func Is(f *types.Func, path string, names ...string) bool {
	if f == nil || f.Pkg() == nil || f.Pkg().Path() != path {
		return false
	}
	full := f.Name()
	if recv := f.Signature().Recv(); recv != nil {
		full = typeName(recv.Type()) + "." + full
	}
	for _, name := range names {
		if name == full {
			return true
		}
	}
	return false
}

// named is t, or what t points to, if that has a name.
func named(t types.Type) *types.Named {
	if pointer, ok := types.Unalias(t).(*types.Pointer); ok {
		t = pointer.Elem()
	}
	n, _ := types.Unalias(t).(*types.Named)
	return n
}

func typeName(t types.Type) string {
	if n := named(t); n != nil {
		return n.Obj().Name()
	}
	return ""
}

// TypePath is the package and name of t: "net/http.Request". The major version that some
// import paths end in is left out.
func TypePath(t types.Type) string {
	n := named(t)
	if n == nil || n.Obj().Pkg() == nil {
		return ""
	}
	return Unversioned(n.Obj().Pkg().Path()) + "." + n.Obj().Name()
}

// Unversioned is path without the major version at its end.
func Unversioned(path string) string {
	if i := strings.LastIndex(path, "/v"); i > 0 && strings.Trim(path[i+2:], "0123456789") == "" {
		return path[:i]
	}
	return path
}

// Comments is all comments in the files that are looked at.
func (p *Package) Comments() iter.Seq[*ast.Comment] {
	return func(yield func(*ast.Comment) bool) {
		for _, file := range p.files {
			if !p.Looked(file) {
				continue
			}
			for _, group := range file.Comments {
				for _, comment := range group.List {
					if !yield(comment) {
						return
					}
				}
			}
		}
	}
}
