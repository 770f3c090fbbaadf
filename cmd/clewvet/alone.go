package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"example.com/clew/cmd/internal/vet/at"
)

// alone runs clewvet without go vet, by running go vet: that knows all build flags, shares the
// work on dependencies between packages, and remembers what has not changed. It returns the
// exit code.
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

func run(args []string) (code int, err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	vet := []string{"vet", "-vettool=" + self}
	baseline, args := take(args, "baseline")
	write, args := take(args, "write-baseline")
	if write == "" && (has(args, "fix") || has(args, "json")) {
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
	// The baseline is applied here, and not by the tool: to go vet, another flag means that
	// everything is to be looked at anew, and another text behind the same flag nothing.
	if baseline != "" {
		if err := at.ReadBaseline(baseline); err != nil {
			return 0, err
		}
	}
	counts := make(map[at.Entry]int)
	found := 0
	code, err = each(exec.Command("go", append(append(vet, "-json"), args...)...), func(e at.Entry, posn string) {
		switch {
		case write != "":
			counts[e]++
		case !at.Known(e):
			fmt.Fprintf(os.Stderr, "%s: %s\n", short(posn), e.Message)
			found = 1
		}
	})
	if write != "" && code == 0 && err == nil {
		err = at.WriteBaseline(write, counts)
	}
	return max(code, found), err
}

// baselineFlags has the tool itself apply a baseline.
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

// exitCode is the exit code of a command that has run.
func exitCode(err error) (int, error) {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), nil
	}
	return 0, err
}

// short is posn from where we are, as go vet shows it.
func short(posn string) string {
	if dir, err := os.Getwd(); err == nil {
		if path, err := filepath.Rel(dir, posn); err == nil && len(path) < len(posn) {
			return path
		}
	}
	return posn
}

func has(args []string, name string) bool {
	return slices.ContainsFunc(args, func(arg string) bool { return strings.TrimLeft(arg, "-") == name })
}

// take takes the flag of that name, and its value, out of args.
func take(args []string, name string) (value string, rest []string) {
	for i := 0; i < len(args); i++ {
		flag, v, ok := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		switch {
		case !strings.HasPrefix(args[i], "-") || flag != name:
			rest = append(rest, args[i])
		case ok:
			value = v
		case i+1 < len(args):
			i++
			value = args[i]
		}
	}
	return value, rest
}

// each hands on all that go vet -json reports, in the order of the text, and returns its exit
// code: that of packages that do not build.
func each(cmd *exec.Cmd, yield func(e at.Entry, posn string)) (code int, err error) {
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if code, err = exitCode(err); err != nil {
		return 0, err
	}
	type report struct {
		Posn, Message string
		entry         at.Entry
	}
	var all []report
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var packages map[string]map[string]json.RawMessage
		if err := decoder.Decode(&packages); err == io.EOF {
			break
		} else if err != nil {
			return 0, fmt.Errorf("reading what go vet reports: %w", err)
		}
		for id, analyzers := range packages {
			for analyzer, raw := range analyzers {
				var reports []report
				if err := json.Unmarshal(raw, &reports); err != nil {
					return 0, fmt.Errorf("%s: %s: %s", id, analyzer, raw) // its error, instead
				}
				pkg, _, _ := strings.Cut(id, " ") // "x [x.test]" is x with its tests
				for _, r := range reports {
					function, err := functionAt(r.Posn)
					if err != nil {
						return 0, err
					}
					r.entry = at.Entry{Analyzer: analyzer, Package: pkg, Function: function, Message: r.Message}
					all = append(all, r)
				}
			}
		}
	}
	slices.SortStableFunc(all, func(a, b report) int { return comparePosn(a.Posn, b.Posn) })
	for _, r := range all {
		yield(r.entry, r.Posn)
	}
	return code, nil
}

// comparePosn orders positions: by file, line and column.
func comparePosn(a, b string) int {
	fileA, lineA, columnA := split(a)
	fileB, lineB, columnB := split(b)
	return cmp.Or(strings.Compare(fileA, fileB), cmp.Compare(lineA, lineB), cmp.Compare(columnA, columnB))
}

// split takes file:line:column apart.
func split(posn string) (file string, line, column int) {
	rest, c := posn, 0
	for _, n := range []*int{&column, &line} {
		if c = strings.LastIndexByte(rest, ':'); c >= 0 {
			*n, _ = strconv.Atoi(rest[c+1:])
			rest = rest[:c]
		}
	}
	return rest, line, column
}

// functionAt is the function around a position.
func functionAt(posn string) (string, error) {
	name, line, column := split(posn)
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	return at.Function(file, fset.File(file.FileStart).LineStart(max(1, line))+token.Pos(column-1)), nil
}
