package main

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"example.com/clew/cmd/clewvet/internal/vet/at"
	"example.com/clew/cmd/clewvet/internal/vet/whole"
	"golang.org/x/tools/go/analysis"
)

// alone runs clewvet as a command: it runs go vet with clewvet as the tool. go vet knows all build
// flags, analyzes each dependency once, and caches the results of unchanged packages. alone
// returns the exit code.
func alone(args []string) int {
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "usage: clewvet [flags] packages\nclewvet help lists the analyzers and flags.")
		return 2
	}
	code, err := run(args)
	if err != nil {
		fmt.Fprintln(os.Stderr, "clewvet:", err)
		return 2
	}
	return code
}

// invocation is one run of clewvet as a command.
type invocation struct {
	vet      []string // go vet, and the flags of each of its runs
	args     []string // the arguments without -baseline, -write-baseline and -implicit
	looked   []string // args without -fix and -diff
	baseline string   // the value of -baseline
	write    string   // the value of -write-baseline
	implicit string   // the value of -implicit: "true", "false", or "" without the flag
	complete bool     // the arguments ask for all packages of the module
	ctxless  bool     // ctxless is among the analyzers that are asked for
}

func newInvocation(args []string) (*invocation, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	inv := &invocation{vet: []string{"vet", "-vettool=" + self}}
	inv.baseline, args = take(args, "baseline")
	inv.write, args = take(args, "write-baseline")
	inv.implicit, args = takeBool(args, "implicit")
	inv.args = args
	inv.looked = slices.DeleteFunc(slices.Clone(args), func(arg string) bool { return isFlag(arg, "fix") || isFlag(arg, "diff") })
	inv.complete = complete(inv.looked)
	chosen, _ := choose(inv.looked)
	inv.ctxless = slices.ContainsFunc(chosen, func(a *analysis.Analyzer) bool { return a.Name == "ctxless" })
	inv.vet, err = apart(inv.vet, inv.looked, inv.complete)
	return inv, err
}

func run(args []string) (code int, err error) {
	inv, err := newInvocation(args)
	if err != nil {
		return 0, err
	}
	if inv.write == "" && has(inv.args, "json") {
		return through(append(inv.vet, implicitFlag(inv.implicit == "true")...), inv.baseline, inv.args)
	}
	f, err := inv.look()
	switch {
	case err != nil:
		return 0, err
	case inv.write != "":
		return f.code, f.writeBaseline(inv.write)
	case has(inv.args, "fix"):
		return inv.fix(f)
	}
	if err := f.forgetKnown(inv.baseline); err != nil {
		return 0, err
	}
	return f.print(os.Stderr), nil
}

// look returns the findings of go vet. It runs go vet again if the cache has no records of some
// packages.
func (inv *invocation) look() (*findings, error) {
	args := slices.Concat([]string{"-json", "-whole"}, inv.looked)
	if !inv.complete {
		args = append(implicitFlag(inv.implicit == "true"), args...)
	}
	f, err := find(exec.Command("go", slices.Concat(inv.vet, args)...), inv.complete, inv.ctxless)
	for n := 0; err == nil && f.partial && n < 10; n++ {
		inv.vet = append(inv.vet, fmt.Sprintf("-part=%d", n))
		f, err = find(exec.Command("go", slices.Concat(inv.vet, args)...), inv.complete, inv.ctxless)
	}
	if err != nil {
		return nil, err
	}
	f.forget(inv.implicit)
	f.start()
	return f, nil
}

// fix fixes what f reports, looks again, and prints the number of the reports that remain.
func (inv *invocation) fix(f *findings) (code int, err error) {
	if code, err = f.fix(inv.vet, inv.baseline, inv.args); code != 0 || err != nil || has(inv.args, "diff") {
		return code, err
	}
	if f, err = inv.look(); err != nil {
		return 0, err
	}
	if err := f.forgetKnown(inv.baseline); err != nil {
		return 0, err
	}
	f.printRemaining(os.Stderr)
	return f.code, nil
}

// apart adds a flag to go vet that depends on the chosen packages, so that each choice has its own
// entries in go vet's cache. The cache of Go 1.26 does not distinguish a package that was chosen
// from one that was analyzed as a dependency. Without the flag, reports of chosen packages would
// be missing, and reports of dependencies would be shown. For ./... outside of a workspace, apart
// adds no flag. There a flag is needed only if the tests of a package were deleted since an
// earlier run, in which go vet analyzed the package as a dependency of these tests. Then look adds
// the flag.
func apart(vet, args []string, complete bool) ([]string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	if complete && !inWorkspace(dir) {
		return vet, nil
	}
	version, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(string(version), "go1.26") {
		return vet, nil
	}
	return append(vet, fmt.Sprintf("-part=%x", sha256.Sum256([]byte(dir+"\n"+strings.Join(args, "\n"))))), nil
}

// inWorkspace reports whether dir may be in a workspace, in which another module can import the
// module in dir.
func inWorkspace(dir string) bool {
	if work := os.Getenv("GOWORK"); work != "" {
		return work != "off"
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return true
		}
		if dir == filepath.Dir(dir) {
			return false
		}
	}
}

// through only runs go vet. go vet itself prints the reports or fixes the files.
func through(vet []string, baseline string, args []string) (int, error) {
	if baseline != "" {
		flags, err := baselineFlags(baseline)
		if err != nil {
			return 0, err
		}
		vet = append(vet, flags...)
	}
	cmd := exec.Command("go", append(vet, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return exitCode(cmd.Run())
}

// fix lets go vet fix what is reported. It changes neither places that the baseline lists, nor
// start-up code, nor code that Implicit covers.
func (f *findings) fix(vet []string, baseline string, args []string) (int, error) {
	if f.module == nil {
		return through(append(vet, implicitFlag(f.implicit)...), baseline, args)
	}
	alone := maps.Clone(f.startup)
	for e, n := range f.covered {
		alone[e] += n
	}
	if len(alone) == 0 {
		return through(vet, baseline, args)
	}
	dir, err := os.MkdirTemp("", "clewvet")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	both := filepath.Join(dir, "covered.txt")
	if err := at.WriteBaseline(both, alone); err != nil {
		return 0, err
	}
	if baseline != "" {
		text, err := os.ReadFile(both)
		if err != nil {
			return 0, err
		}
		known, err := os.ReadFile(baseline)
		if err != nil {
			return 0, err
		}
		if err := os.WriteFile(both, slices.Concat(text, known), 0o600); err != nil {
			return 0, err
		}
	}
	return through(vet, both, args)
}

func implicitFlag(on bool) []string {
	if on {
		return []string{"-implicit"}
	}
	return nil
}

// complete reports whether args ask for all packages of the module.
func complete(args []string) bool {
	_, err := os.Stat("go.mod")
	return err == nil && slices.Contains(args, "./...")
}

// baselineFlags returns the flags for a tool that applies the baseline at path itself.
func baselineFlags(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	// go vet runs its tool in the directory of each package.
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	return []string{"-baseline=" + path, fmt.Sprintf("-baseline-sum=%x", sha256.Sum256(text))}, nil
}

// exitCode returns the exit code of a command whose Run returned err.
func exitCode(err error) (int, error) {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// short returns posn relative to the working directory if that is shorter, as go vet shows it.
func short(posn string) string {
	if dir, err := os.Getwd(); err == nil {
		if path, err := filepath.Rel(dir, posn); err == nil && len(path) < len(posn) {
			return path
		}
	}
	return posn
}

// isFlag reports whether arg is the flag with this name, with or without a value.
func isFlag(arg, name string) bool {
	flag, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	return strings.HasPrefix(arg, "-") && flag == name
}

func has(args []string, name string) bool {
	return slices.ContainsFunc(args, func(arg string) bool { return isFlag(arg, name) && on(arg) })
}

// The function on reports whether the flag in arg is switched on: it has no value, or a value
// other than false.
func on(arg string) bool {
	_, value, _ := strings.Cut(arg, "=")
	yes, err := strconv.ParseBool(value)
	return yes || err != nil
}

// takeBool removes the flag with this name from args. It returns "true" or "false", or "" without
// the flag.
func takeBool(args []string, name string) (value string, others []string) {
	for _, arg := range args {
		if !isFlag(arg, name) {
			others = append(others, arg)
		} else {
			value = strconv.FormatBool(on(arg))
		}
	}
	return value, others
}

// take removes the flag with this name and its value from args. It returns the value.
func take(args []string, name string) (value string, others []string) {
	for i := 0; i < len(args); i++ {
		flag, v, ok := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		switch {
		case !strings.HasPrefix(args[i], "-") || flag != name:
			others = append(others, args[i])
		case ok:
			value = v
		case i+1 < len(args):
			i++
			value = args[i]
		}
	}
	return value, others
}

// comparePosn orders positions: by file, line and column.
func comparePosn(a, b string) int {
	fileA, lineA, columnA := whole.Position(a)
	fileB, lineB, columnB := whole.Position(b)
	return cmp.Or(strings.Compare(fileA, fileB), cmp.Compare(lineA, lineB), cmp.Compare(columnA, columnB))
}

// functionAt returns the name of the function around a position. It returns "-" outside of
// functions, and for a position that does not exist, because a line directive can name any file
// and line.
func functionAt(posn string) string {
	name, line, column := whole.Position(posn)
	file, ok := parsed[name]
	if !ok {
		file, _ = parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		parsed[name] = file
	}
	if file == nil || line > fset.File(file.FileStart).LineCount() {
		return "-"
	}
	return at.Function(file, fset.File(file.FileStart).LineStart(max(1, line))+token.Pos(column-1))
}

var (
	fset   = token.NewFileSet()
	parsed = make(map[string]*ast.File)
)
