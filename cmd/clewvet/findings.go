package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"

	"example.com/clew/cmd/clewvet/internal/vet/at"
	"example.com/clew/cmd/clewvet/internal/vet/whole"
)

// findings is the result of a run of go vet.
type findings struct {
	reports  []report
	module   *whole.Module    // nil unless all packages of the module were analyzed
	implicit bool             // httpmw's Config.Implicit is set
	covered  map[at.Entry]int // reports that were dropped because Implicit covers them
	startup  map[at.Entry]int // reports that were dropped because they are on start-up code
	places   []whole.Place    // where a user best starts
	code     int              // go vet's exit code: not 0 if packages do not build
	partial  bool             // go vet's cache has no records of some packages of the module
}

// report is a diagnostic of go vet -json.
type report struct {
	Posn, Message, Category string
	Fixes                   []json.RawMessage `json:"suggested_fixes"`

	entry at.Entry
}

// find runs go vet -json and sorts its reports by position. If complete is true, it also joins the
// records of the module's packages. If ctxless is true too, it reports calls through the module's
// interfaces.
func find(cmd *exec.Cmd, complete, ctxless bool) (*findings, error) {
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	f := new(findings)
	if f.code, err = exitCode(err); err != nil {
		return nil, err
	}
	records, err := f.read(out)
	if err != nil {
		return nil, err
	}
	if complete && f.code == 0 {
		f.module = whole.Join(records)
		if f.partial, err = partial(whole.Unrecorded(records)); err != nil {
			return nil, err
		}
	}
	if f.module != nil && ctxless {
		for _, r := range f.module.Interfaces() {
			f.reports = append(f.reports, report{Posn: r.At, Message: r.Message, entry: at.Entry{Analyzer: "ctxless", Package: r.Package, Message: r.Message}})
		}
	}
	for i := range f.reports {
		f.reports[i].entry.Function = functionAt(f.reports[i].Posn)
	}
	f.sort()
	return f, nil
}

// read reads the output of go vet -json: for each package an object with the reports of each
// analyzer. It returns the records of the analyzer whole.
func (f *findings) read(out []byte) (records []whole.Record, err error) {
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var packages map[string]map[string]json.RawMessage
		if err := decoder.Decode(&packages); err == io.EOF {
			return records, nil
		} else if err != nil {
			return nil, fmt.Errorf("reading the output of go vet -json: %w", err)
		}
		for id, analyzers := range packages {
			for analyzer, raw := range analyzers {
				var reports []report
				if err := json.Unmarshal(raw, &reports); err != nil {
					// In this case, raw is the analyzer's error.
					return nil, fmt.Errorf("%s: %s: %s", id, analyzer, raw)
				}
				if analyzer == whole.Analyzer.Name {
					var r whole.Record
					if err := json.Unmarshal([]byte(reports[0].Message), &r); err != nil {
						return nil, err
					}
					records = append(records, r)
					continue
				}
				f.add(id, analyzer, reports)
			}
		}
	}
}

// add adds the reports of an analyzer on the package that go vet calls id. The id "x [x.test]" is
// the package x with its tests.
func (f *findings) add(id, analyzer string, reports []report) {
	pkg, _, _ := strings.Cut(id, " ")
	for _, r := range reports {
		r.entry = at.Entry{Analyzer: analyzer, Package: pkg, Message: r.Message}
		f.reports = append(f.reports, r)
	}
}

// partial reports whether one of paths is a package of this module, and not of a module in a
// subdirectory.
func partial(paths []string) (bool, error) {
	if len(paths) == 0 {
		return false, nil
	}
	out, err := exec.Command("go", "list", "-e", "./...").Output()
	return slices.ContainsFunc(strings.Fields(string(out)), func(path string) bool { return slices.Contains(paths, path) }), err
}

// forget drops the reports on start-up code, and those that Implicit covers. Implicit is on if the
// flag or the module sets it.
func (f *findings) forget(flag string) {
	f.implicit = flag == "true" || flag == "" && f.module != nil && f.module.Implicit != ""
	if f.module == nil {
		return
	}
	f.forgetStartup()
	if f.implicit {
		f.forgetCovered()
	}
}

// forgetStartup drops the reports on start-up code. It keeps the reports on values that start-up
// code prepares for requests, and on work that start-up code does for a message.
func (f *findings) forgetStartup() {
	f.startup = make(map[at.Entry]int)
	f.reports = slices.DeleteFunc(f.reports, func(r report) bool {
		switch r.entry.Analyzer {
		case "logctx", "reqctx", "ctxless", "freshctx", "detachedgo":
			leaves := r.entry.Analyzer == "detachedgo"
			if (leaves || strings.Contains(r.Message, "at hand")) && f.module.Startup(r.Posn) {
				f.startup[r.entry]++
				return true
			}
		}
		return false
	})
}

// forgetCovered drops the reports on places where the goroutine carries the trace.
func (f *findings) forgetCovered() {
	f.covered = make(map[at.Entry]int)
	var uncovered []report
	for _, r := range f.reports {
		switch r.entry.Analyzer {
		case "logctx", "reqctx", "ctxless":
			if !f.module.Covered(r.Posn) {
				break
			}
			f.covered[r.entry]++
			if r.entry.Analyzer != "ctxless" {
				continue
			}
			// ctxless reports only one place of a package, and another one may not be covered.
			if r.Posn = f.module.Again(r.Posn); r.Posn == "" {
				continue
			}
			r.entry.Function = functionAt(r.Posn)
		}
		uncovered = append(uncovered, r)
	}
	f.reports = uncovered
	f.sort()
}

// forgetKnown drops the reports that the baseline at path lists. Without a path it drops nothing.
//
// clewvet as go vet's tool must not apply the baseline, because of go vet's cache: with a new
// flag, go vet would analyze all packages again, and with the same flag it would not notice that
// the baseline has changed.
func (f *findings) forgetKnown(path string) error {
	if path == "" {
		return nil
	}
	if err := at.ReadBaseline(path); err != nil {
		return err
	}
	f.reports = slices.DeleteFunc(f.reports, func(r report) bool { return at.Known(r.entry) })
	f.places = nil // f.places still includes known reports
	return nil
}

// writeBaseline writes the baseline of f to path, unless packages do not build.
func (f *findings) writeBaseline(path string) error {
	if f.code != 0 {
		return nil
	}
	counts := make(map[at.Entry]int)
	for _, r := range f.reports {
		counts[r.entry]++
	}
	return at.WriteBaseline(path, counts)
}

func (f *findings) sort() {
	slices.SortFunc(f.reports, func(a, b report) int {
		return cmp.Or(comparePosn(a.Posn, b.Posn), strings.Compare(a.Message, b.Message))
	})
}

// start finds the places where a user best starts.
func (f *findings) start() {
	if f.module != nil {
		f.places = f.module.Places(most, f.implicit)
	}
}

// print prints the reports and the summary. It returns the exit code.
func (f *findings) print(w io.Writer) int {
	fixes, withheld := 0, 0
	for _, r := range f.reports {
		fmt.Fprintf(w, "%s: %s\n", short(r.Posn), r.Message)
		if len(r.Fixes) > 0 {
			fixes++
		}
		if r.Category == at.Withheld {
			withheld++
		}
	}
	if f.module != nil {
		f.summary(w, fixes)
	}
	if withheld > 0 {
		fmt.Fprintf(w, "clewvet: %s: mend by hand\n", count(withheld, "fix is withheld", "fixes are withheld"))
	}
	if len(f.reports) > 0 {
		return max(f.code, 1)
	}
	return f.code
}

// most is the number of places that a summary names. If there are no more reports than that, there
// is no summary.
const most = 5

func (f *findings) summary(w io.Writer, fixes int) {
	covered := 0
	for _, n := range f.covered {
		covered += n
	}
	if covered > 0 {
		fmt.Fprintf(w, "clewvet: Implicit is set%s: %s by the trace of the goroutine (-implicit=false shows them)\n", f.where(), count(covered, "more place has its ID", "more places have their ID"))
	}
	if len(f.reports) <= most { // so few reports need no summary
		return
	}
	fmt.Fprintf(w, "clewvet: %s, %d with a fix (-fix)\n", count(len(f.reports), "report", "reports"), fixes)
	if len(f.places) == 0 {
		return
	}
	fmt.Fprintln(w, "clewvet: start here:")
	for _, p := range f.places {
		lead := count(p.Paths, "call path leads", "call paths lead") + " there"
		if p.Every {
			lead = "in every request"
		}
		fmt.Fprintf(w, "\t%s: %s: %s\n", short(p.At), p.Name, lead)
	}
}

func (f *findings) where() string {
	if f.module.Implicit == "" {
		return ""
	}
	return " at " + short(f.module.Implicit)
}

// printRemaining prints how many reports remain after -fix.
func (f *findings) printRemaining(w io.Writer) {
	if n := len(f.reports); n > 0 {
		fmt.Fprintf(w, "clewvet: %s left, without a fix\n", count(n, "report is", "reports are"))
	}
}

func count(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
