package at

import (
	"errors"
	"go/token"
	"go/types"
	"strconv"
)

// An importer holds the packages that the package's files import, directly or indirectly. It also
// holds the packages that a fix may import, with only the declarations that fixes use.
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
		if pkg.Complete() { // if incomplete, only parts of it are known
			known[pkg.Path()] = pkg
		}
		for _, imported := range pkg.Imports() {
			visit(imported)
		}
	}
	for _, imported := range p.types.Imports() {
		visit(imported)
	}
	// In a vendored package, the path in the import declaration differs from the package's own
	// path.
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

// declared returns stand-ins for the packages that fixes import, with the functions that fixes
// call.
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
