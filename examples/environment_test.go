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

// docs/environment.md names each environment variable that the code of this repository reads.
func TestEnvironmentPageIsComplete(t *testing.T) {
	page := read(t, "../docs/environment.md")
	known := variables(t)
	require.Contains(t, known, "OTEL_SERVICE_NAME", "variables that the code reads")
	for name := range known {
		assert.Contains(t, page, "`"+name+"`", "docs/environment.md does not name this variable, which the code reads")
	}
}

// The code reads each variable in the first table of docs/environment.md, except one that zipkin
// leaves to OpenTelemetry's SDK.
func TestEnvironmentPageNamesNoOther(t *testing.T) {
	_, table, found := strings.Cut(read(t, "../docs/environment.md"), "## By a call in your program\n")
	require.True(t, found, "docs/environment.md has no first table")
	table, _, found = strings.Cut(table, "\n## ")
	require.True(t, found, "docs/environment.md has no heading after the first table")
	rows := regexp.MustCompile("(?m)^\\| `([A-Z_]+)` ").FindAllStringSubmatch(table, -1)
	require.NotEmpty(t, rows, "rows of the first table")
	known := variables(t)
	for _, row := range rows {
		if row[1] != "OTEL_RESOURCE_ATTRIBUTES" {
			assert.True(t, known[row[1]], "the first table has %s, which the code does not read", row[1])
		}
	}
}

// variables returns the environment variables that the code of this repository reads: the
// arguments of Getenv and LookupEnv of any package, and all string literals that look like a
// variable of OpenTelemetry.
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

// variableIn returns the variable that a node names, or "".
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

// textOf returns the text of a string literal, or "" for any other expression.
func textOf(n ast.Expr) string {
	literal, ok := n.(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return ""
	}
	text, _ := strconv.Unquote(literal.Value)
	return text
}
