// Package readme holds the README of a module to the Go code beside it. Only tests import it.
package readme

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	blockForm = regexp.MustCompile("(?s)```(go|yaml)\n(.*?)```")
	lineStart = regexp.MustCompile(`(?m)^(.)`)
)

// Check reports an error unless README.md has at most so many lines, and code in these languages,
// in this order. Each block of code must stand in example_test.go: Go as the body of a function,
// other languages as they are.
func Check(t testing.TB, maxLines int, languages ...string) {
	t.Helper()
	text, example := read(t, "README.md"), read(t, "example_test.go")
	if lines := strings.Count(text, "\n"); lines > maxLines {
		t.Errorf("README.md has %d lines, more than %d", lines, maxLines)
	}
	var found []string
	for _, block := range blockForm.FindAllStringSubmatch(text, -1) {
		language, code := block[1], block[2]
		found = append(found, language)
		if language == "go" {
			code = lineStart.ReplaceAllString(code, "\t$1")
		}
		if !strings.Contains(example, code) {
			t.Errorf("example_test.go does not have this block of README.md:\n%s", code)
		}
	}
	if !slices.Equal(found, languages) {
		t.Errorf("README.md has blocks in %q, want %q", found, languages)
	}
}

func read(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
