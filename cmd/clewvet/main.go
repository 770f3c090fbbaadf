// Command clewvet finds where a Go program loses its trace, and fixes what it can.
//
// See the README of this module for its analyzers and flags.
package main

import (
	"flag"
	"os"
	"slices"
	"strconv"
	"strings"

	"example.com/clew/cmd/clewvet/internal/vet"
	"example.com/clew/cmd/clewvet/internal/vet/at"
	"example.com/clew/cmd/clewvet/internal/vet/whole"
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/unitchecker"
)

func main() {
	args := os.Args[1:]
	if !asked(args) {
		os.Exit(alone(args))
	}
	flag.BoolVar(&at.Tests, "tests", false, "check test files, too")
	flag.BoolVar(&at.Implicit, "implicit", false, "the program sets Implicit in httpmw's Config: do not report lines and requests on a handler's own goroutine")
	flag.Func("baseline", "do not report the entries of this `file`", at.ReadBaseline)
	flag.String("part", "", "any text that depends on the chosen packages: go vet caches results by it")
	flag.String("baseline-sum", "", "any text that depends on the baseline: go vet caches results by it")
	if slices.ContainsFunc(args, func(arg string) bool { return strings.HasSuffix(arg, ".cfg") }) {
		chosen, others := choose(args)
		os.Args = append(os.Args[:1], others...)
		unitchecker.Main(chosen...)
	}
	more := vet.Off()
	if args[0] != "help" {
		more = extra()
	}
	unitchecker.Main(append(vet.On(), more...)...)
}

// asked reports whether go vet runs this program as its tool, or the user asks for help.
func asked(args []string) bool {
	last := ""
	if len(args) > 0 {
		last = args[len(args)-1]
	}
	return last == "-flags" || last == "-V=full" || strings.HasSuffix(last, ".cfg") || len(args) > 0 && args[0] == "help"
}

// choose returns the analyzers that the flags in args name, and all other arguments. As with go
// vet, a flag for an analyzer that is on by default switches off the analyzers that have no flag.
// A flag for an analyzer that is off by default only adds that analyzer.
func choose(args []string) (chosen []*analysis.Analyzer, others []string) {
	said := make(map[string]bool)
	for _, arg := range args {
		name, value, ok := strings.Cut(strings.TrimLeft(arg, "-"), "=")
		if !ok {
			value = "true"
		}
		on, err := strconv.ParseBool(value)
		named := func(a *analysis.Analyzer) bool { return a.Name == name }
		if !strings.HasPrefix(arg, "-") || err != nil || !slices.ContainsFunc(append(vet.On(), extra()...), named) {
			others = append(others, arg)
			continue
		}
		said[name] = on
	}
	only := slices.ContainsFunc(vet.On(), func(a *analysis.Analyzer) bool { return said[a.Name] })
	for _, a := range vet.On() {
		if on, ok := said[a.Name]; on || !ok && !only {
			chosen = append(chosen, a)
		}
	}
	for _, a := range extra() {
		if said[a.Name] {
			chosen = append(chosen, a)
		}
	}
	return chosen, others
}

// extra returns the analyzers that are off by default, and the one that records packages.
func extra() []*analysis.Analyzer { return append(vet.Off(), whole.Analyzer) }
