package examples_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The walk in CONTRIBUTING has ten steps. After each file, a step names a function, which the file
// must declare.
func TestContributingWalk(t *testing.T) {
	text := read(t, "../CONTRIBUTING.md")
	step := regexp.MustCompile("^[0-9]+\\. `")
	place := regexp.MustCompile("`([a-z/]+\\.go)` `([A-Za-z.]+)`")
	steps := 0
	for line := range strings.Lines(text) {
		if !step.MatchString(line) {
			continue
		}
		steps++
		named := place.FindAllStringSubmatch(line, -1)
		assert.Len(t, named, strings.Count(line, ".go`"), "number of files that are followed by a function in %q", line)
		for _, m := range named {
			file, function := m[1], m[2]
			assert.True(t, slices.Contains(functionsOf(t, file), function), "%s has no function %s", file, function)
		}
	}
	assert.Equal(t, 10, steps, "number of steps in the walk")
}

// functionsOf returns the names of the functions that a file declares. Methods have the form
// Type.Method.
func functionsOf(t *testing.T, path string) (names []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", path), nil, parser.SkipObjectResolution)
	require.NoError(t, err)
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			names = append(names, receiver(f)+f.Name.Name)
		}
	}
	return names
}

// receiver returns the name of a method's receiver type and a dot, or "" for a function.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	of := f.Recv.List[0].Type
	if pointer, ok := of.(*ast.StarExpr); ok {
		of = pointer.X
	}
	if generic, ok := of.(*ast.IndexExpr); ok {
		of = generic.X
	}
	return of.(*ast.Ident).Name + "."
}
