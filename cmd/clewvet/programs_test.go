package main_test

import (
	"archive/zip"
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	programs = flag.Int("programs", 100, "how many programs to write, fix and build")
	seed     = flag.Uint64("seed", 0, "seed of the random programs; 0 chooses another seed in each run")
)

// A program that compiles still compiles after -fix. After a few runs of -fix, clewvet offers no
// more fixes.
func TestPrograms(t *testing.T) {
	t.Parallel()
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("-seed=%d", *seed)
	world := newWorld(t)
	var total counts
	const batch = 400
	for from := 0; from < *programs; from += batch {
		n := min(batch, *programs-from) / len(modules)
		for i, m := range modules {
			total.add(world.run(t, m, uint64(from+i*n), max(1, n)))
			if t.Failed() {
				return
			}
		}
		t.Logf("%+v", total)
	}
	if total.programs >= 100 && (total.fixes < total.programs || total.withheld == 0 || total.wrapped == 0) {
		t.Errorf("%+v: the random programs have too few fixes, or no withheld fix, or no fix with workerpool.Wrap", total)
	}
}

type counts struct{ programs, reports, fixes, withheld, wrapped, runs int }

func (c *counts) add(d counts) {
	c.programs += d.programs
	c.reports += d.reports
	c.fixes += d.fixes
	c.withheld += d.withheld
	c.wrapped += d.wrapped
	c.runs = max(c.runs, d.runs)
}

// A kind describes a module that contains programs.
type kind struct {
	name    string
	imports string // an import of one more package in the module
	clew    bool   // programs may import clew, too
	vendor  bool
	wraps   bool // the module can import workerpool without another change
}

var modules = []kind{
	{name: "without clew"},
	{name: "with clew", clew: true, imports: "example.com/clew/workerpool", wraps: true},
	// In these modules no package needs golang.org/x/sync, which workerpool imports.
	{name: "no sum", clew: true, imports: "example.com/clew/httpmw"},
	{name: "vendored", clew: true, imports: "example.com/clew/httpmw", vendor: true},
}

// A world is a module proxy with small fakes, and an environment in which the go command knows no
// other modules.
type world struct{ env []string }

func newWorld(t *testing.T) world {
	dir := t.TempDir()
	const version, src = "v1.0.0", "internal/vet/testdata/src"
	sync := []string{"golang.org/x/sync"}
	for _, m := range []struct {
		path, version string
		dirs          []string // the directories of the fakes; the first is the module's root
		requires      []string
	}{
		{path: "golang.org/x/sync", version: version},
		{path: "example.com/clew", version: version, dirs: []string{"example.com/clew/workerpool"}, requires: sync},
		{path: "github.com/rs/zerolog", version: version, dirs: []string{"github.com/rs/zerolog"}},
		{path: "github.com/sirupsen/logrus", version: version, dirs: []string{"github.com/sirupsen/logrus"}},
		{path: "github.com/gin-gonic/gin", version: version, dirs: []string{"github.com/gin-gonic/gin"}},
		{path: "github.com/labstack/echo/v4", version: "v4.0.0", dirs: []string{"github.com/labstack/echo/v4"}},
		{path: "github.com/gofiber/fiber/v2", version: "v2.0.0", dirs: []string{"github.com/gofiber/fiber/v2"}},
		{path: "github.com/go-resty/resty/v2", version: "v2.0.0", dirs: []string{"github.com/go-resty/resty/v2"}},
		{path: "github.com/alitto/pond/v2", version: "v2.0.0", dirs: []string{"github.com/alitto/pond/v2"}},
		{path: "github.com/sourcegraph/conc", version: version, dirs: []string{"github.com/sourcegraph/conc"}},
	} {
		files := make(map[string]string)
		for _, d := range m.dirs {
			err := filepath.WalkDir(filepath.Join(src, d), func(path string, e fs.DirEntry, err error) error {
				if err != nil || e.IsDir() {
					return err
				}
				name, err := filepath.Rel(filepath.Join(src, m.path), path)
				files[name] = read(t, "", path)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		switch m.path {
		case "golang.org/x/sync":
			files["errgroup/errgroup.go"] = "package errgroup\n"
		case "example.com/clew":
			files["workerpool/group.go"] = "package workerpool\n\nimport _ \"golang.org/x/sync/errgroup\"\n"
			files["httpmw/httpmw.go"] = "package httpmw\n\nfunc New() {}\n"
		}
		files["go.mod"] = "module " + m.path + "\n\ngo 1.26\n"
		for _, r := range m.requires {
			files["go.mod"] += "\nrequire " + r + " " + version + "\n"
		}
		publish(t, filepath.Join(dir, "proxy"), m.path, m.version, files)
	}
	return world{append(os.Environ(),
		"GOPROXY=file://"+filepath.ToSlash(filepath.Join(dir, "proxy")), "GOSUMDB=off", "GONOPROXY=none", "GOPRIVATE=",
		"GOMODCACHE="+filepath.Join(dir, "modules"), "GOFLAGS=-modcacherw", "GOWORK=off")}
}

// publish writes a version of a module into proxy, the directory of a module proxy.
func publish(t *testing.T, proxy, path, version string, files map[string]string) {
	t.Helper()
	dir := path + "/@v"
	write(t, proxy, dir+"/list", version+"\n")
	write(t, proxy, dir+"/"+version+".info", fmt.Sprintf(`{"Version":%q}`, version))
	write(t, proxy, dir+"/"+version+".mod", files["go.mod"])
	file, err := os.Create(filepath.Join(proxy, dir, version+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z := zip.NewWriter(file)
	for name, text := range files {
		w, err := z.Create(path + "@" + version + "/" + name)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
}

// do runs a command that must succeed, and returns its standard output.
func (w world) do(t *testing.T, dir string, command ...string) string {
	t.Helper()
	out, err := w.try(dir, command...)
	if err != nil {
		t.Errorf("%v: %v\n%s", command, err, out)
	}
	return out
}

func (w world) try(dir string, command ...string) (stdout string, err error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir, cmd.Env = dir, w.env
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%w: %s", err, stderr.String())
	}
	return string(out), err
}

// run writes, fixes and builds n programs in a module of kind m. Their numbers begin at first.
func (w world) run(t *testing.T, m kind, first uint64, n int) (c counts) {
	t.Helper()
	dir := t.TempDir()
	defer os.RemoveAll(dir) // remove it now, because a long run makes many
	write(t, dir, "go.mod", "module example.com/service\n\ngo 1.26\n")
	write(t, dir, "common/common.go", common)
	before := make(map[string]string)
	// Eight of ten programs share a package. The other two have a package each, and do not import
	// the package context.
	for i, pkg := 0, ""; i < n; i++ {
		id := first + uint64(i)
		alone := i%10 >= 8
		if alone || i%10 == 0 {
			pkg = fmt.Sprintf("p%d", id)
			write(t, dir, pkg+"/types.go", fmt.Sprintf(types, pkg))
		}
		p := program{Rand: rand.New(rand.NewPCG(*seed, id)), id: id, clew: m.clew, context: !alone}
		name := fmt.Sprintf("%s/f%d.go", pkg, id)
		before[name] = p.text(pkg)
		write(t, dir, name, before[name])
	}
	if m.imports != "" {
		write(t, dir, "uses/uses.go", "package uses\n\nimport _ \""+m.imports+"\"\n")
	}
	w.do(t, dir, "go", "mod", "tidy")
	if m.vendor {
		w.do(t, dir, "go", "mod", "vendor")
	}
	c.programs = n
	c.count(t, w.do(t, dir, clewvet, "-json", "./..."))
	if t.Failed() {
		t.Fatalf("%s: the programs do not build before -fix", m.name)
	}
	// A fix can bring a context into scope for other lines. Their fixes come with the next run.
	for more := "all"; more != ""; c.runs++ {
		w.do(t, dir, clewvet, "-fix", "./...")
		w.do(t, dir, "go", "build", "./...")
		more, _ = w.try(dir, clewvet, "-fix", "-diff", "./...")
		if t.Failed() || c.runs > 4 {
			t.Errorf("%s: after %d more runs of -fix, clewvet still offers these fixes:\n%s", m.name, c.runs, more)
			break
		}
	}
	for name, text := range before {
		after := read(t, dir, name)
		for _, late := range late.FindAllString(text, -1) {
			_, rest, _ := strings.Cut(after, "var "+late+" ")
			if early, _, ok := strings.Cut(rest, late+" = "); !ok || strings.Contains(early, late) {
				t.Errorf("%s: %s is used before it has a value:\n%s", name, late, after)
			}
		}
		c.wrapped += strings.Count(after, "workerpool.Wrap(")
	}
	if c.wrapped > 0 && !m.wraps {
		t.Errorf("%s: -fix imports workerpool, although the module then needs another change to build", m.name)
	}
	return c
}

var late = regexp.MustCompile(`\blate\d+_\d+\b`)

// count adds the numbers of reports, fixes and withheld fixes in the output of clewvet -json.
func (c *counts) count(t *testing.T, out string) {
	t.Helper()
	for decoder := json.NewDecoder(strings.NewReader(out)); decoder.More(); {
		var packages map[string]map[string][]struct {
			Category       string
			SuggestedFixes []any `json:"suggested_fixes"`
		}
		if err := decoder.Decode(&packages); err != nil {
			t.Fatal(err)
		}
		for _, analyzers := range packages {
			for _, reports := range analyzers {
				for _, r := range reports {
					c.reports++
					c.fixes += len(r.SuggestedFixes)
					if r.Category == "withheld" {
						c.withheld++
					}
				}
			}
		}
	}
}
