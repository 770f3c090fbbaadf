package at

import (
	"bytes"
	"cmp"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// Withheld is the Category of a diagnostic that has no fix because the fixed package would not
// compile.
const Withheld = "withheld"

// withhold takes off d the fixes that do not compile, and the empty ones, which stand for those
// that cannot be written. It says so in d's Category if none is left.
func (p *Package) withhold(d *analysis.Diagnostic) {
	if len(d.SuggestedFixes) == 0 {
		return
	}
	d.SuggestedFixes = slices.DeleteFunc(d.SuggestedFixes, func(fix analysis.SuggestedFix) bool {
		return len(fix.TextEdits) == 0 || !p.compiles(fix.TextEdits)
	})
	if len(d.SuggestedFixes) == 0 {
		d.SuggestedFixes, d.Category = nil, Withheld
	}
}

// compiles tells whether the package still compiles with edits, all of one file.
//
// The functions that they do not touch are checked without their bodies: no edit of ours changes
// what is declared, so that a body has nothing new to say.
func (p *Package) compiles(edits []analysis.TextEdit) bool {
	file := p.file(edits[0].Pos)
	if file == nil || p.cgo(file) {
		return false // what cgo made of a file is not the file
	}
	name := p.fset.File(file.FileStart).Name()
	text, err := p.readFile(name)
	if err != nil || len(text) != int(file.FileEnd-file.FileStart) {
		return false
	}
	text, ok := apply(file, text, edits)
	if !ok {
		return false
	}
	edited, err := parser.ParseFile(p.fset, name, text, parser.SkipObjectResolution)
	if edited != nil {
		defer p.fset.RemoveFile(p.fset.File(edited.FileStart))
	}
	if err != nil {
		return false
	}
	// No edit of ours adds or removes a function: they correspond by their order.
	touched := make(map[int]bool)
	for i, f := range functions(file) {
		touched[i] = slices.ContainsFunc(edits, func(e analysis.TextEdit) bool { return f.Pos() <= e.Pos && e.Pos <= f.End() })
	}
	files := make([]*ast.File, len(p.files))
	for i, other := range p.files {
		files[i] = p.bodiless()[other]
		if other == file {
			files[i] = withoutBodies(edited, touched)
		}
	}
	return p.check(files)
}

// apply is text, that of file, with edits applied. It is false if they overlap or touch another file.
func apply(file *ast.File, text []byte, edits []analysis.TextEdit) ([]byte, bool) {
	edits = slices.Clone(edits)
	slices.SortStableFunc(edits, func(a, b analysis.TextEdit) int {
		return cmp.Or(cmp.Compare(a.Pos, b.Pos), cmp.Compare(a.End, b.End))
	})
	var out bytes.Buffer
	last := file.FileStart
	for _, e := range edits {
		if e.Pos < last || e.End < e.Pos || file.FileEnd < e.End {
			return nil, false
		}
		out.Write(text[last-file.FileStart : e.Pos-file.FileStart])
		out.Write(e.NewText)
		last = e.End
	}
	out.Write(text[last-file.FileStart:])
	return out.Bytes(), true
}

func functions(file *ast.File) (all []*ast.FuncDecl) {
	for _, decl := range file.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok {
			all = append(all, f)
		}
	}
	return all
}

// findBodiless is the package's files without the bodies of their functions.
func (p *Package) findBodiless() map[*ast.File]*ast.File {
	all := make(map[*ast.File]*ast.File, len(p.files))
	for _, file := range p.files {
		all[file] = withoutBodies(file, nil)
	}
	return all
}

// withoutBodies is a copy of file whose functions never return, but for those that keep names by
// their order in the file.
func withoutBodies(file *ast.File, keep map[int]bool) *ast.File {
	out := *file
	out.Decls = slices.Clone(file.Decls)
	n := 0
	for i, decl := range out.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		if f.Body != nil && !keep[n] {
			bodiless := *f
			at := f.Body.Lbrace
			forever := &ast.ForStmt{For: at, Body: &ast.BlockStmt{Lbrace: at, Rbrace: at}}
			bodiless.Body = &ast.BlockStmt{Lbrace: at, List: []ast.Stmt{forever}, Rbrace: f.Body.Rbrace}
			out.Decls[i] = &bodiless
		}
		n++
	}
	return &out
}

// check type-checks files, which are the package's. An import that is not used is no error: the
// body that uses it may be left out.
func (p *Package) check(files []*ast.File) bool {
	ok := true
	conf := types.Config{
		GoVersion: p.types.GoVersion(),
		Importer:  p.importer(),
		Sizes:     p.sizes,
		Error: func(err error) {
			e, _ := errors.AsType[types.Error](err)
			ok = ok && strings.HasSuffix(e.Msg, " and not used")
		},
	}
	_, _ = conf.Check(p.types.Path(), p.fset, files, nil) // its error is the first of those
	return ok
}

// An importer knows what the package's files import, what that imports, and of what a fix may
// add to the imports as much as fixes use.
type importer map[string]*types.Package

func (i importer) Import(path string) (*types.Package, error) {
	if pkg := i[path]; pkg != nil {
		return pkg, nil
	}
	return nil, errors.New("not imported: " + path)
}

func (p *Package) findImporter() importer {
	known := make(importer)
	var context types.Object
	seen := make(map[*types.Package]bool)
	var visit func(*types.Package)
	visit = func(pkg *types.Package) {
		if seen[pkg] {
			return
		}
		seen[pkg] = true
		if pkg.Path() == "context" && context == nil {
			context = pkg.Scope().Lookup("Context")
		}
		if pkg.Complete() { // else export data had of it only what another package shows
			known[pkg.Path()] = pkg
		}
		for _, imported := range pkg.Imports() {
			visit(imported)
		}
	}
	for _, imported := range p.types.Imports() {
		visit(imported)
	}
	// The text of an import names another path than the package if that is vendored.
	for _, file := range p.files {
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if name := p.info.PkgNameOf(spec); name != nil && err == nil {
				known[path] = name.Imported()
			}
		}
	}
	if context != nil {
		for _, pkg := range declared(context) {
			if known[pkg.Path()] == nil {
				known[pkg.Path()] = pkg
			}
		}
	}
	return known
}

// declared is what fixes use of the packages that they import.
func declared(contextContext types.Object) []*types.Package {
	ctx := contextContext.Type()
	declare := func(pkg *types.Package, name string, result types.Type, params ...types.Type) {
		sig := types.NewSignatureType(nil, nil, nil, tuple(params...), tuple(result), false)
		pkg.Scope().Insert(types.NewFunc(token.NoPos, pkg, name, sig))
	}
	context := types.NewPackage("context", "context")
	context.Scope().Insert(contextContext)
	declare(context, "WithoutCancel", ctx, ctx)

	pool := types.NewPackage(workerpool, "workerpool")
	task := types.NewSignatureType(nil, nil, nil, tuple(ctx), nil, false)
	wrapped := types.NewSignatureType(nil, nil, nil, nil, nil, false)
	declare(pool, "Wrap", wrapped, ctx, task)
	declare(pool, "Job", wrapped, ctx, task)

	context.MarkComplete()
	pool.MarkComplete()
	return []*types.Package{context, pool}
}

const workerpool = "example.com/clew/workerpool"

// cgo tells whether file is what cgo made of another, to which its positions lead back.
func (p *Package) cgo(file *ast.File) bool {
	return len(file.Comments) > 0 && file.Comments[0].List[0].Text == "// Code generated by cmd/cgo; DO NOT EDIT." &&
		p.fset.Position(file.Package).Filename != p.fset.File(file.FileStart).Name()
}

// generated tells whether a program wrote file. What cgo made of a file that a person wrote is
// not generated.
func (p *Package) generated(file *ast.File) bool {
	if p.cgo(file) {
		original := *file
		original.Comments = file.Comments[1:]
		file = &original
	}
	return ast.IsGenerated(file)
}
