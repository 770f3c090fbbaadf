package examples_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var variable = regexp.MustCompile(`^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$`)

// TestEnvironmentPage: docs/environment.md names each variable that the code of this repository
// reads, and no other in its first table.
func TestEnvironmentPage(t *testing.T) {
	text, err := os.ReadFile("../docs/environment.md")
	require.NoError(t, err)
	page := string(text)
	read := map[string]bool{}
	require.NoError(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == ".git" || entry.Name() == "bench"):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr: // whatever it is called
				if call, ok := n.Fun.(*ast.SelectorExpr); ok && len(n.Args) == 1 && (call.Sel.Name == "Getenv" || call.Sel.Name == "LookupEnv") {
					if name, ok := n.Args[0].(*ast.BasicLit); ok {
						text, _ := strconv.Unquote(name.Value)
						read[text] = true
					}
				}
			case *ast.BasicLit:
				if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING && strings.HasPrefix(text, "OTEL_") && variable.MatchString(text) {
					read[text] = true
				}
			}
			return true
		})
		return nil
	}))
	require.Contains(t, read, "OTEL_SERVICE_NAME", "variables in the code")
	for name := range read {
		assert.Contains(t, page, "`"+name+"`", "a variable that the code reads")
	}

	_, table, found := strings.Cut(page, "## By a call in your program\n")
	require.True(t, found, "the first table")
	table, _, found = strings.Cut(table, "\n## ")
	require.True(t, found, "the end of the first table")
	rows := regexp.MustCompile("(?m)^\\| `([A-Z_]+)` ").FindAllStringSubmatch(table, -1)
	require.NotEmpty(t, rows, "rows")
	for _, row := range rows {
		if row[1] != "OTEL_RESOURCE_ATTRIBUTES" { // which zipkin leaves to OpenTelemetry
			assert.True(t, read[row[1]], "%s in the first table: the code does not read it", row[1])
		}
	}
}
