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
	"strings"
	"sync"

	"golang.org/x/tools/go/analysis"
)

// Withheld is the Category of a diagnostic whose fixes are left out because the package would not
// compile with them, alone or together with the fixes of other diagnostics.
const Withheld = "withheld"

// offered holds the edits of all fixes that are offered, each edit once.
type offered struct {
	sync.Mutex
	edits []analysis.TextEdit
}

// withhold keeps the first fix of d with which the package compiles, and removes the others. A fix
// without edits means that there is advice but no edit, and is removed too. If no fix remains,
// withhold sets d's Category to [Withheld].
func (p *Package) withhold(d *analysis.Diagnostic) {
	if len(d.SuggestedFixes) == 0 {
		return
	}
	p.offered.Lock()
	defer p.offered.Unlock()
	for _, fix := range d.SuggestedFixes {
		if len(fix.TextEdits) > 0 && p.offer(fix.TextEdits) {
			d.SuggestedFixes = []analysis.SuggestedFix{fix}
			return
		}
	}
	d.SuggestedFixes, d.Category = nil, Withheld
}

// offer reports whether the package compiles with edits, which are all in one file. It must
// compile with these edits alone and together with the edits that were offered earlier, because
// -fix applies all fixes of a package at once.
func (p *Package) offer(edits []analysis.TextEdit) bool {
	file := p.file(edits[0].Pos)
	if file == nil || p.cgo(file) {
		return false // the file that cgo wrote is not the user's file
	}
	decls := touched(file, edits)
	together := slices.Clone(edits)
	var fresh []analysis.TextEdit
	for _, e := range edits {
		if !slices.ContainsFunc(p.offered.edits, func(o analysis.TextEdit) bool { return same(o, e) }) {
			fresh = append(fresh, e)
		}
	}
	for _, o := range p.offered.edits {
		if o.Pos < file.FileStart || file.FileEnd < o.Pos || slices.ContainsFunc(edits, func(e analysis.TextEdit) bool { return same(o, e) }) {
			continue
		}
		if slices.ContainsFunc(edits, func(e analysis.TextEdit) bool { return clash(o, e) }) {
			return false
		}
		elsewhere := touched(file, []analysis.TextEdit{o}) // empty if the edit adds an import
		if len(elsewhere) == 0 || slices.ContainsFunc(elsewhere, func(n int) bool { return slices.Contains(decls, n) }) {
			together = append(together, o)
		}
	}
	if !p.compiles(file, edits) || len(together) > len(edits) && !p.compiles(file, together) {
		return false
	}
	p.offered.edits = append(p.offered.edits, fresh...)
	return true
}

func same(a, b analysis.TextEdit) bool {
	return a.Pos == b.Pos && a.End == b.End && bytes.Equal(a.NewText, b.NewText)
}

// clash reports whether the result of the two different edits a and b depends on their order.
func clash(a, b analysis.TextEdit) bool { return a.Pos == b.Pos || a.Pos < b.End && b.Pos < a.End }

func around(n ast.Node, pos token.Pos) bool { return n.Pos() <= pos && pos <= n.End() }

// touched returns the indexes in file.Decls of the declarations that edits change, except imports.
func touched(file *ast.File, edits []analysis.TextEdit) (all []int) {
	for n, decl := range file.Decls {
		if !isImport(decl) && slices.ContainsFunc(edits, func(e analysis.TextEdit) bool { return around(decl, e.Pos) }) {
			all = append(all, n)
		}
	}
	return all
}

func isImport(decl ast.Decl) bool {
	g, ok := decl.(*ast.GenDecl)
	return ok && g.Tok == token.IMPORT
}

// compiles reports whether the package compiles with edits of file.
//
// Functions that the edits do not touch are checked without their bodies. The edits change no
// declaration, so those bodies cannot contain a new error.
func (p *Package) compiles(file *ast.File, edits []analysis.TextEdit) bool {
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
	// Edits may add imports, and no other declarations.
	keep := make(map[int]bool)
	for _, n := range touched(file, edits) {
		keep[n+len(edited.Decls)-len(file.Decls)] = true
	}
	if part := alone(edited, keep); part != nil && p.check(p.declaring(), part) {
		return true
	}
	files := make([]*ast.File, len(p.files))
	for i, other := range p.files {
		files[i] = p.bodiless()[other]
		if other == file {
			files[i] = withoutBodies(edited, keep)
		}
	}
	return p.check(types.NewPackage(p.types.Path(), p.types.Name()), files...)
}

// declaring returns a package with the same declarations as p.
func (p *Package) declaring() *types.Package {
	pkg := types.NewPackage(p.types.Path(), p.types.Name())
	for _, name := range p.types.Scope().Names() {
		pkg.Scope().Insert(p.types.Scope().Lookup(name))
	}
	return pkg
}

// alone returns a file with the imports of file and the declarations whose index is in keep. These
// declarations get the name "_", so that they declare nothing. Checking that file is quick. If it
// has no error, the fix is good, because any error in the function would show there too. If it has
// an error, the fix may still be good, because the declared types and the checked functions are in
// two packages. alone returns nil if one of the declarations cannot be made nameless.
func alone(file *ast.File, keep map[int]bool) *ast.File {
	out := *file
	out.Decls = nil
	for n, decl := range file.Decls {
		if isImport(decl) {
			out.Decls = append(out.Decls, decl)
		}
		if !keep[n] {
			continue
		}
		f, ok := decl.(*ast.FuncDecl)
		if !ok {
			return nil
		}
		nameless, blank := *f, *f.Name
		blank.Name = "_"
		nameless.Name = &blank
		if f.Recv != nil {
			typ, params := *f.Type, *f.Type.Params
			if f.Recv.NumFields() != 1 || generic(f.Recv.List[0].Type) || slices.ContainsFunc(params.List, func(p *ast.Field) bool { return p.Names == nil }) {
				return nil
			}
			params.List = append(slices.Clone(f.Recv.List), params.List...)
			typ.Params, nameless.Type, nameless.Recv = &params, &typ, nil
		}
		out.Decls = append(out.Decls, &nameless)
	}
	return &out
}

// generic reports whether the type of a receiver has type parameters.
func generic(receiver ast.Expr) bool {
	switch t := ast.Unparen(receiver).(type) {
	case *ast.StarExpr:
		return generic(t.X)
	case *ast.Ident:
		return false
	}
	return true
}

// apply returns text, the text of file, with edits applied. It returns false if edits overlap or
// touch another file.
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

// findBodiless returns the package's files without the bodies of their functions.
func (p *Package) findBodiless() map[*ast.File]*ast.File {
	all := make(map[*ast.File]*ast.File, len(p.files))
	for _, file := range p.files {
		all[file] = withoutBodies(file, nil)
	}
	return all
}

// withoutBodies returns a copy of file in which each function body is an endless loop, except in
// the declarations whose index is in keep.
func withoutBodies(file *ast.File, keep map[int]bool) *ast.File {
	out := *file
	out.Decls = slices.Clone(file.Decls)
	for n, decl := range out.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Body != nil && !keep[n] {
			bodiless, at := *f, f.Body.Lbrace
			forever := &ast.ForStmt{For: at, Body: &ast.BlockStmt{Lbrace: at, Rbrace: at}}
			bodiless.Body = &ast.BlockStmt{Lbrace: at, List: []ast.Stmt{forever}, Rbrace: f.Body.Rbrace}
			out.Decls[n] = &bodiless
		}
	}
	return &out
}

// check type-checks files as pkg. An import that is not used is no error, because the body that
// uses the import may be left out.
func (p *Package) check(pkg *types.Package, files ...*ast.File) bool {
	ok := true
	conf := &types.Config{
		GoVersion: p.types.GoVersion(),
		Importer:  p.importer(),
		Sizes:     p.sizes,
		Error: func(err error) {
			e, _ := errors.AsType[types.Error](err)
			ok = ok && strings.HasSuffix(e.Msg, " and not used")
		},
	}
	// Files returns only the first of the errors, and conf.Error gets all of them.
	_ = types.NewChecker(conf, p.fset, pkg, nil).Files(files)
	return ok
}

const workerpool = "example.com/clew/workerpool"

// cgo reports whether cgo made file from another file. The positions in such a file point into the
// other file.
func (p *Package) cgo(file *ast.File) bool {
	return len(file.Comments) > 0 && file.Comments[0].List[0].Text == "// Code generated by cmd/cgo; DO NOT EDIT." &&
		p.fset.Position(file.Package).Filename != p.fset.File(file.FileStart).Name()
}

// generated reports whether a program wrote file. A file that cgo made from a handwritten file is
// not generated.
func (p *Package) generated(file *ast.File) bool {
	if p.cgo(file) {
		original := *file
		original.Comments = file.Comments[1:]
		file = &original
	}
	return ast.IsGenerated(file)
}
