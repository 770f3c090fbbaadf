package at

import (
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// Import makes the package at path usable at pos under its own name. It is false where that
// name means something else.
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
	line, after := strconv.Quote(path), file.Name.End()
	for _, decl := range file.Decls {
		if decl, ok := decl.(*ast.GenDecl); ok && decl.Tok == token.IMPORT {
			if decl.Lparen.IsValid() && len(decl.Specs) > 0 {
				spec := decl.Specs[0] // the standard library's come first
				if strings.Contains(path, ".") {
					spec = decl.Specs[len(decl.Specs)-1]
				}
				return insert(spec, "\n\t"+line), true
			}
			after = decl.End()
		}
	}
	return []analysis.TextEdit{{Pos: after, End: after, NewText: []byte("\nimport " + line)}}, true
}

func (p *Package) file(pos token.Pos) *ast.File {
	for _, file := range p.files {
		if file.FileStart <= pos && pos < file.FileEnd {
			return file
		}
	}
	return nil
}

// Depends tells whether the package or one that it imports, near or far, is within the module at path.
func (p *Package) Depends(path string) bool {
	seen := make(map[*types.Package]bool)
	var any func(*types.Package) bool
	any = func(pkg *types.Package) bool {
		if seen[pkg] {
			return false
		}
		seen[pkg] = true
		if strings.HasPrefix(pkg.Path(), path+"/") {
			return true
		}
		for _, i := range pkg.Imports() {
			if any(i) {
				return true
			}
		}
		return false
	}
	return any(p.types)
}
