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

// Each block of Go in README, in docs and in audit's README must be in a Go file of this
// repository, line by line, with any indentation. So the tests compile it.
func TestDocsShowCodeThatCompiles(t *testing.T) {
	var code strings.Builder
	pages := []string{"../README.md", "../audit/README.md"}
	for _, path := range files(t) {
		switch {
		case strings.HasSuffix(path, ".go"):
			code.WriteString("\n" + flush(t, path))
		case strings.HasPrefix(path, "../docs/") && strings.HasSuffix(path, ".md"):
			pages = append(pages, path)
		}
	}
	for _, page := range pages {
		for i, block := range blocks(flush(t, page), "go") {
			assert.True(t, strings.Contains(code.String(), "\n"+block), "%s: no Go file contains block %d:\n%s", page, i+1, block)
		}
	}
}

// Each link to a file of this repository, or to a heading in such a file, must have a target.
func TestDocsLinksLead(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	links := 0
	for _, page := range files(t) {
		if !strings.HasSuffix(page, ".md") {
			continue
		}
		for _, m := range link.FindAllStringSubmatch(flush(t, page), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			links++
			path, anchor, _ := strings.Cut(m[1], "#")
			to := page
			if path != "" {
				to = filepath.Join(filepath.Dir(page), path)
			}
			if _, err := os.Stat(to); assert.NoError(t, err, "%s: link to %s", page, m[1]) && anchor != "" {
				assert.Contains(t, anchors(flush(t, to)), anchor, "%s: link to %s", page, m[1])
			}
		}
	}
	assert.Greater(t, links, 50, "number of links")
}

// files returns the paths of the repository's files, except those in testdata and .git.
func files(t *testing.T) (all []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == ".git"):
			return fs.SkipDir
		case !entry.IsDir():
			all = append(all, filepath.ToSlash(path))
		}
		return nil
	}))
	return all
}

// flush returns the text of a file without the white space at the beginning of each line.
func flush(t *testing.T, path string) string {
	t.Helper()
	lines := strings.SplitAfter(read(t, path), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimLeft(line, " \t")
	}
	return strings.Join(lines, "")
}

// read returns the text of a file.
func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

// blocks returns the code blocks of a page in a language.
func blocks(page, language string) (all []string) {
	for part := range strings.SplitSeq(page, "\n```"+language+"\n") {
		block, _, _ := strings.Cut(part, "```\n")
		all = append(all, block)
	}
	return all[1:]
}

// anchors returns the anchors that GitHub makes from the headings of a page.
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
