// Package internal_test tests a rule for all internal packages.
package internal_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "example.com/clew/"

// importsIt matches the sentence of a package comment that names the importing packages.
var importsIt = regexp.MustCompile(`Packages? ([\w/, -]+) imports? it\b`)

const testsAlone = "Tests alone import it"

// pkg is an internal package.
type pkg struct {
	comment   string
	importers map[string]bool // the directories of the packages whose code imports it, without tests
}

// text returns the comment in one line.
func (p *pkg) text() string { return strings.Join(strings.Fields(p.comment), " ") }

// isForTests reports whether the package serves tests. Only tests, and other such packages, import
// it.
func (p *pkg) isForTests() bool { return strings.Contains(p.text(), testsAlone) }

// The comment of each internal package names the packages that import it: all of them, and no
// other. It says "Packages a, b and c import it", where a also means a/…, or "Tests alone import
// it". It does not name the packages below the internal package itself.
func TestImporters(t *testing.T) {
	all := internalPackages(t)
	for dir, p := range all {
		t.Run(dir, func(t *testing.T) {
			if p.isForTests() {
				for importer := range p.importers {
					assert.True(t, all[importer] != nil && all[importer].isForTests(), "%s imports %s, whose comment says %q", importer, dir, testsAlone)
				}
				return
			}
			sentence := importsIt.FindStringSubmatch(p.text())
			require.NotNil(t, sentence, "%s does not say which packages import it, but: %s", dir, p.text())
			named := strings.Split(strings.ReplaceAll(sentence[1], " and ", ", "), ", ")
			for importer := range p.importers {
				byName := func(name string) bool { return within(importer, name) }
				assert.True(t, slices.ContainsFunc(named, byName) || within(importer, dir), "%s does not name %s", dir, importer)
			}
			for _, name := range named {
				byName := func(importer string) bool { return within(importer, name) }
				assert.True(t, slices.ContainsFunc(slices.Collect(maps.Keys(p.importers)), byName), "%s does not import %s", name, dir)
			}
		})
	}
}

// within reports whether the directory is name, or below it.
func within(dir, name string) bool { return dir == name || strings.HasPrefix(dir, name+"/") }

// internalPackages returns the packages of this directory by their own directories.
func internalPackages(t *testing.T) map[string]*pkg {
	all := map[string]*pkg{}
	at := func(dir string) *pkg {
		if all[dir] == nil {
			all[dir] = &pkg{importers: map[string]bool{}}
		}
		return all[dir]
	}
	eachFile(t, func(dir string, file *ast.File) {
		if within(dir, "internal") {
			at(dir).comment += file.Doc.Text()
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			if imported, ours := strings.CutPrefix(imported, root); ours && within(imported, "internal") {
				at(imported).importers[dir] = true
			}
		}
	})
	require.Greater(t, len(all), 10, "number of internal packages that were found")
	return all
}

// eachFile calls do with each Go file of the repository that is neither a test nor test data, and
// its directory.
func eachFile(t *testing.T, do func(dir string, file *ast.File)) {
	const top = ".."
	require.NoError(t, filepath.WalkDir(top, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if base := entry.Name(); name != top && (base[0] == '.' || base[0] == '_' || base == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		inRepository, err := filepath.Rel(top, filepath.Dir(name))
		if err != nil {
			return err
		}
		do(path.Clean(filepath.ToSlash(inRepository)), file)
		return nil
	}))
}
