// Package readme checks that the code in the README of a module is also in its examples. Only
// tests import it.
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

// Check reports an error in three cases: README.md has more than maxLines lines, its blocks of
// code are not in these languages in this order, or a block is not in example_test.go. Go code
// must be there as the body of a function, and other code verbatim.
func Check(t testing.TB, maxLines int, languages ...string) {
	t.Helper()
	text, example := read(t, "README.md"), read(t, "example_test.go")
	if lines := strings.Count(text, "\n"); lines > maxLines {
		t.Errorf("README.md has %d lines, and the limit is %d", lines, maxLines)
	}
	var found []string
	for _, block := range blockForm.FindAllStringSubmatch(text, -1) {
		language, code := block[1], block[2]
		found = append(found, language)
		if language == "go" {
			code = lineStart.ReplaceAllString(code, "\t$1")
		}
		if !strings.Contains(example, code) {
			t.Errorf("example_test.go does not contain this block of README.md:\n%s", code)
		}
	}
	if !slices.Equal(found, languages) {
		t.Errorf("README.md has blocks in the languages %q, want %q", found, languages)
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
