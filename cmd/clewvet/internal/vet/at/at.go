// Package at answers the questions that all of clewvet's analyzers ask about a place in the code:
// whether a context is at hand, whether a call logs or sends without a context, and whether a
// report is suppressed.
//
// A context is at hand at a place if a function around the place has a parameter that is a context
// or contains one.
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

// Analyzer prepares a package for the other analyzers: its result is a *[Package].
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

// Tests is true if test files are checked too.
var Tests bool

// Implicit is true if the program sets Implicit in httpmw's Config. The goroutine of a request's
// handler then carries the trace, even for lines and requests without a context.
var Implicit bool

// A Package holds the facts about the package under analysis. It is safe for concurrent use.
type Package struct {
	info      *types.Info
	types     *types.Package
	fset      *token.FileSet
	files     []*ast.File
	inspector *inspector.Inspector
	sizes     types.Sizes
	readFile  func(name string) ([]byte, error)
	offered   offered

	// Each of these functions computes its result in its first call, because the analyzers never
	// ask about a dependency.
	flow        func() *flow
	startup     func() map[ast.Node]bool
	ignored     func() map[line]bool
	assignments func() map[types.Object][]assignment
	bodiless    func() map[*ast.File]*ast.File
	importer    func() importer
	// consumers are the functions that receive messages, and whose context is the program's own.
	consumers func() map[ast.Node]bool
	// batches are the parameters that hold several messages.
	batches func() map[types.Object]bool
	// uses are the places that name each variable.
	uses func() map[types.Object][]inspector.Cursor
	// calledAtHand are the variables that hold functions and are called where a context is at
	// hand.
	calledAtHand func() map[types.Object]bool
}

// All returns the nodes of these types in the files that are checked: never in generated files,
// and in tests only with [Tests].
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

// Looked reports whether file is checked.
func (p *Package) Looked(file *ast.File) bool {
	return !p.generated(file) && (Tests || !p.tests(file))
}

// tests reports whether file belongs to tests: by its name, or because it imports a package that
// only tests need.
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

// Callee returns the function or method that call names, or nil if the text does not name one.
func (p *Package) Callee(call *ast.CallExpr) *types.Func {
	f, _ := typeutil.Callee(p.info, call).(*types.Func)
	if f != nil {
		f = f.Origin()
	}
	return f
}

// Is reports whether f is a function or method of one of these names in the package at path. The
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

// named returns the named type that t is or points to, or nil.
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

// TypePath returns the package and name of t, such as "net/http.Request". It leaves out the major
// version that some import paths end in.
func TypePath(t types.Type) string {
	n := named(t)
	if n == nil || n.Obj().Pkg() == nil {
		return ""
	}
	return Unversioned(n.Obj().Pkg().Path()) + "." + n.Obj().Name()
}

// Unversioned returns path without the major version at its end.
func Unversioned(path string) string {
	if i := strings.LastIndex(path, "/v"); i > 0 && strings.Trim(path[i+2:], "0123456789") == "" {
		return path[:i]
	}
	return path
}

// Comments returns all comments in the files that are checked.
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
