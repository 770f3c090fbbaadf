// Package at answers what all of clewvet's analyzers ask about a place in the code: whether a
// context is at hand there, whether a call logs or sends without one, and whether a report is
// wanted.
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

// A Package has what is known of the package under analysis. It may be used concurrently.
type Package struct {
	info      *types.Info
	types     *types.Package
	fset      *token.FileSet
	files     []*ast.File
	inspector *inspector.Inspector
	sizes     types.Sizes
	readFile  func(name string) ([]byte, error)
	offered   offered

	// Each of these functions finds its result when it is first called, because nobody asks them
	// about a dependency.
	flow        func() *flow
	startup     func() map[ast.Node]bool
	ignored     func() map[line]bool
	assignments func() map[types.Object][]assignment
	bodiless    func() map[*ast.File]*ast.File
	importer    func() importer
	// consumers has the functions that take messages, whose context is the program's own.
	consumers func() map[ast.Node]bool
	// batches has the parameters that hold several messages.
	batches func() map[types.Object]bool
	// uses has the places where variables are named.
	uses func() map[types.Object][]inspector.Cursor
	// calledAtHand has the variables that hold functions, and are called where a context is at
	// hand.
	calledAtHand func() map[types.Object]bool
}

// All returns the nodes of these types in the files that are looked at: never in generated files,
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

// Callee returns the function or method that call names, or nil if that cannot be told.
func (p *Package) Callee(call *ast.CallExpr) *types.Func {
	f, _ := typeutil.Callee(p.info, call).(*types.Func)
	if f != nil {
		f = f.Origin()
	}
	return f
}

// Is tells whether f is a function or method of one of these names in the package at path. The
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

// Comments returns all comments in the files that are looked at.
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
