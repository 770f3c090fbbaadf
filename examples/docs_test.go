package examples_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Go code that the documentation shows is code that the tests compile: each block stands in a Go
// file of this repository, line by line, whatever its indentation there.
func TestDocsShowCodeThatCompiles(t *testing.T) {
	var code strings.Builder
	pages := []string{"../README.md"}
	require.NoError(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == ".git"):
			return fs.SkipDir
		case strings.HasSuffix(path, ".go"):
			code.WriteString("\n" + flush(t, path))
		case strings.HasPrefix(path, filepath.Join("..", "docs")) && strings.HasSuffix(path, ".md"), path == filepath.Join("..", "audit", "README.md"):
			pages = append(pages, path)
		}
		return nil
	}))
	for _, page := range pages {
		for i, block := range blocks(flush(t, page), "go") {
			assert.True(t, strings.Contains(code.String(), "\n"+block), "%s: block %d is in no Go file:\n%s", page, i+1, block)
		}
	}
}

// flush returns the text of a file without the white space before each line.
func flush(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.SplitAfter(string(text), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimLeft(line, " \t")
	}
	return strings.Join(lines, "")
}

// blocks returns the blocks of code in a language.
func blocks(page, language string) (all []string) {
	for part := range strings.SplitSeq(page, "\n```"+language+"\n") {
		block, _, _ := strings.Cut(part, "```\n")
		all = append(all, block)
	}
	return all[1:]
}

// Each link to a place in this repository leads there.
func TestDocsLinksLead(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	seen := 0
	require.NoError(t, filepath.WalkDir("..", func(page string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == ".git"):
			return fs.SkipDir
		case !strings.HasSuffix(page, ".md"):
			return nil
		}
		for _, m := range link.FindAllStringSubmatch(flush(t, page), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			seen++
			path, anchor, _ := strings.Cut(m[1], "#")
			to := page
			if path != "" {
				to = filepath.Join(filepath.Dir(page), path)
			}
			if _, err := os.Stat(to); assert.NoError(t, err, "%s: link to %s", page, m[1]) && anchor != "" {
				assert.Contains(t, anchors(flush(t, to)), anchor, "%s: link to %s", page, m[1])
			}
		}
		return nil
	}))
	assert.Greater(t, seen, 50, "links")
}

// anchors returns those that GitHub gives the headings of a page.
func anchors(page string) (all []string) {
	for line := range strings.Lines(page) {
		if level := strings.TrimLeft(line, "#"); level != line && strings.HasPrefix(level, " ") {
			all = append(all, strings.Map(func(r rune) rune {
				switch {
				case r == ' ':
					return '-'
				case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
					return unicode.ToLower(r)
				}
				return -1
			}, strings.TrimSpace(level)))
		}
	}
	return all
}
