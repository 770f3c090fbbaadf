// Command clewvet finds where a Go program loses its trace, and mends what it can.
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
	flag.BoolVar(&at.Tests, "tests", false, "look at test files, too")
	flag.BoolVar(&at.Implicit, "implicit", false, "httpmw's Config.Implicit is set: do not report the lines and requests of a handler's own goroutine")
	flag.Func("baseline", "do not report what this `file` lists", at.ReadBaseline)
	flag.String("part", "", "anything that changes with the packages that are asked for, for go vet's cache")
	flag.String("baseline-sum", "", "anything that changes with the baseline, for go vet's cache")
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

// asked tells whether go vet runs this program as its tool, or a user asks for help.
func asked(args []string) bool {
	last := ""
	if len(args) > 0 {
		last = args[len(args)-1]
	}
	return last == "-flags" || last == "-V=full" || strings.HasSuffix(last, ".cfg") || len(args) > 0 && args[0] == "help"
}

// choose returns the analyzers that the flags in args ask for, and all other arguments. As for go
// vet, a flag that names an analyzer which is on switches off those without a flag. A flag that
// names an analyzer which is off only adds it.
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

// extra returns the analyzers that are off, and the one that clewvet uses without go vet.
func extra() []*analysis.Analyzer { return append(vet.Off(), whole.Analyzer) }
