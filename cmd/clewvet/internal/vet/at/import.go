package at

import (
	"go/ast"
	"go/token"
	"go/types"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/tools/go/analysis"
)

// Import returns the edits that make the package at path usable at pos under its own name. It
// returns false if that name means something else at pos, or if the module does not build with
// that package.
//
// If two fixes add imports, the result must not depend on the order of the fixes. x/tools merges
// equal edits, but for different edits at the same position it can write an import twice. So
// Import puts packages of the standard library before all imports, and other packages after all
// imports.
func (p *Package) Import(pos token.Pos, path string) (edits []analysis.TextEdit, ok bool) {
	name := path[strings.LastIndex(path, "/")+1:]
	switch obj := p.lookup(name, pos).(type) {
	case *types.PkgName:
		return nil, obj.Imported().Path() == path
	case nil:
	default:
		return nil, false
	}
	file := p.file(pos)
	if p.cgo(file) || !p.builds(path, filepath.Dir(p.fset.File(file.FileStart).Name())) {
		return nil, false
	}
	line := strconv.Quote(path)
	var first, last *ast.GenDecl
	for _, decl := range file.Decls {
		if decl, ok := decl.(*ast.GenDecl); ok && decl.Tok == token.IMPORT && len(decl.Specs) > 0 {
			if first == nil {
				first = decl
			}
			last = decl
		}
	}
	switch {
	case first == nil && standard(path):
		return insertAt(file.Name.End(), "\n\nimport "+line), true
	case first == nil:
		return insertAt(declStart(file.Decls[0]), "import "+line+"\n\n"), true
	case standard(path) && first.Lparen.IsValid():
		return insertAt(start(first.Specs[0], first.Specs[0].(*ast.ImportSpec).Doc), line+"\n\t"), true
	case standard(path):
		return insertAt(declStart(first), "import "+line+"\n"), true
	case last.Lparen.IsValid():
		return insertAt(last.Specs[len(last.Specs)-1].End(), "\n\t"+line), true
	default:
		return insertAt(last.End(), "\nimport "+line), true
	}
}

// start returns the position of n, or of its comment if it has one.
func start(n ast.Node, doc *ast.CommentGroup) token.Pos {
	if doc != nil {
		return doc.Pos()
	}
	return n.Pos()
}

func declStart(decl ast.Decl) token.Pos {
	switch decl := decl.(type) {
	case *ast.FuncDecl:
		return start(decl, decl.Doc)
	case *ast.GenDecl:
		return start(decl, decl.Doc)
	}
	return decl.Pos()
}

func insertAt(pos token.Pos, text string) []analysis.TextEdit {
	return []analysis.TextEdit{{Pos: pos, End: pos, NewText: []byte(text)}}
}

// standard reports whether path is in the standard library, by the go command's rule: its first
// element has no dot.
func standard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

func (p *Package) file(pos token.Pos) *ast.File {
	for _, file := range p.files {
		if file.FileStart <= pos && pos < file.FileEnd {
			return file
		}
	}
	return nil
}

// builds reports whether the package with files in dir can import the package at path without a
// change of its module: without a new requirement, a new line in go.sum or a new directory in
// vendor.
func (p *Package) builds(path, dir string) bool {
	if standard(path) || p.imports(func(other string) bool { return other == path }) {
		return true
	}
	deps := dependencies(path, dir)
	// Otherwise there would be an import cycle.
	return deps != nil && !slices.Contains(deps, p.types.Path())
}

// imports reports whether the package imports, directly or indirectly, a package whose path
// matches.
func (p *Package) imports(matches func(path string) bool) bool {
	seen := make(map[*types.Package]bool)
	var found func(*types.Package) bool
	found = func(pkg *types.Package) bool {
		if seen[pkg] {
			return false
		}
		seen[pkg] = true
		return matches(pkg.Path()) || slices.ContainsFunc(pkg.Imports(), found)
	}
	return slices.ContainsFunc(p.types.Imports(), found)
}

var listed sync.Map // [2]string{path, directory} to func() []string

// dependencies returns the packages that the package at path imports, directly or indirectly, as
// seen from dir. It returns nil if a package in dir cannot import the package at path.
func dependencies(path, dir string) []string {
	list, _ := listed.LoadOrStore([2]string{path, moduleRoot(dir)}, sync.OnceValue(func() []string {
		args := []string{"list", "-deps"}
		if strings.Contains(os.Getenv("GOFLAGS"), "-mod=mod") {
			args = append(args, "-mod=readonly") // the query must not change go.mod
		}
		cmd := exec.Command("go", append(args, "--", path)...)
		cmd.Dir = dir
		cmd.Env = append(cmd.Environ(), "GOPROXY=off") // no downloads
		out, err := cmd.Output()
		if err != nil {
			return nil
		}
		return strings.Fields(string(out))
	}))
	return list.(func() []string)()
}

// moduleRoot returns the nearest directory at or above dir with a go.mod, or dir if there is none.
func moduleRoot(dir string) string {
	for root := dir; ; root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			return root
		}
		if root == filepath.Dir(root) {
			return dir
		}
	}
}
