package examples_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// docs/environment.md names each variable that the code of this repository reads.
func TestEnvironmentPageIsComplete(t *testing.T) {
	page := read(t, "../docs/environment.md")
	known := variables(t)
	require.Contains(t, known, "OTEL_SERVICE_NAME", "variables in the code")
	for name := range known {
		assert.Contains(t, page, "`"+name+"`", "a variable that the code reads")
	}
}

// The code reads each variable in the first table of docs/environment.md, except one that zipkin
// leaves to OpenTelemetry.
func TestEnvironmentPageNamesNoOther(t *testing.T) {
	_, table, found := strings.Cut(read(t, "../docs/environment.md"), "## By a call in your program\n")
	require.True(t, found, "the first table")
	table, _, found = strings.Cut(table, "\n## ")
	require.True(t, found, "the end of the first table")
	rows := regexp.MustCompile("(?m)^\\| `([A-Z_]+)` ").FindAllStringSubmatch(table, -1)
	require.NotEmpty(t, rows, "rows")
	known := variables(t)
	for _, row := range rows {
		if row[1] != "OTEL_RESOURCE_ATTRIBUTES" {
			assert.True(t, known[row[1]], "%s in the first table: the code does not read it", row[1])
		}
	}
}

// variables returns the environment variables that the code of this repository reads: the
// arguments of Getenv and LookupEnv of any package, and all texts that look like a variable of
// OpenTelemetry's.
func variables(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	for _, path := range files(t) {
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.Contains(path, "/bench/") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if name := variableIn(n); name != "" {
				known[name] = true
			}
			return true
		})
	}
	return known
}

var ofOpenTelemetry = regexp.MustCompile(`^OTEL(_[A-Z0-9]+)+$`)

// variableIn returns the variable that a node names; "": none.
func variableIn(n ast.Node) string {
	switch n := n.(type) {
	case *ast.CallExpr:
		call, ok := n.Fun.(*ast.SelectorExpr)
		if ok && len(n.Args) == 1 && (call.Sel.Name == "Getenv" || call.Sel.Name == "LookupEnv") {
			return textOf(n.Args[0])
		}
	case *ast.BasicLit:
		if text := textOf(n); ofOpenTelemetry.MatchString(text) {
			return text
		}
	}
	return ""
}

// textOf returns the text of a literal; "": it is none.
func textOf(n ast.Expr) string {
	literal, ok := n.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return ""
	}
	text, _ := strconv.Unquote(literal.Value)
	return text
}
