package at

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/tools/go/analysis"
)

// Report reports d, unless a comment suppresses d or the baseline contains it. If d has fixes,
// Report keeps one with which the package compiles. If there is no such fix, it removes all fixes
// and sets d's Category to [Withheld].
func (p *Package) Report(pass *analysis.Pass, d analysis.Diagnostic) {
	if p.Ignored(d.Pos, d.End) {
		return
	}
	if Known(Entry{pass.Analyzer.Name, p.types.Path(), Function(p.file(d.Pos), d.Pos), d.Message}) {
		return
	}
	p.withhold(&d)
	pass.Report(d)
}

// Ignored reports whether a comment suppresses the reports for the lines from pos to end.
func (p *Package) Ignored(pos, end token.Pos) bool {
	from, to := p.fset.PositionFor(pos, false), p.fset.PositionFor(max(pos, end), false)
	for n := from.Line; n <= to.Line; n++ {
		if p.ignored()[line{from.Filename, n}] {
			return true
		}
	}
	return false
}

type line struct {
	file string
	n    int
}

// Directive matches the comments that suppress reports. Its first group is the reason.
var Directive = regexp.MustCompile(`^//clewvet:ignore\b(.*)`)

var nolint = regexp.MustCompile(`^//\s*nolint:([\w, ]*)`)

// findIgnored returns the lines on which nothing is reported: the line of each comment that
// suppresses reports, and the line below if there is no code on the comment's line.
func (p *Package) findIgnored() map[line]bool {
	ignored := make(map[line]bool)
	for _, file := range p.files {
		for _, group := range file.Comments {
			for _, comment := range group.List {
				if !suppresses(comment.Text) {
					continue
				}
				at := p.fset.PositionFor(comment.Pos(), false)
				ignored[line{at.Filename, at.Line}] = true
				if p.alone(file, comment) {
					ignored[line{at.Filename, at.Line + 1}] = true
				}
			}
		}
	}
	return ignored
}

func suppresses(comment string) bool {
	if m := Directive.FindStringSubmatch(comment); m != nil {
		return strings.TrimSpace(m[1]) != ""
	}
	if m := nolint.FindStringSubmatch(comment); m != nil {
		for name := range strings.SplitSeq(m[1], ",") {
			if strings.TrimSpace(name) == "clewvet" {
				return true
			}
		}
	}
	return false
}

// alone reports whether there is no code before comment on its line.
func (p *Package) alone(file *ast.File, comment *ast.Comment) bool {
	start := p.fset.File(comment.Pos()).LineStart(p.fset.PositionFor(comment.Pos(), false).Line)
	found := false
	ast.Inspect(file, func(n ast.Node) bool {
		switch n.(type) {
		case nil, *ast.Comment, *ast.CommentGroup:
			return false
		}
		// A node begins or ends on this line before the comment.
		found = found || within(n.Pos(), start, comment.Pos()) || within(n.End()-1, start, comment.Pos())
		return !found && n.Pos() < comment.Pos() && n.End() > start
	})
	return !found
}

func within(pos, start, end token.Pos) bool { return start <= pos && pos < end }

// An Entry identifies a report in a baseline. It has no line number, because the next change of
// the file would shift it.
type Entry struct {
	Analyzer, Package, Function, Message string
}

// Function returns the name of the function in file around pos.
func Function(file *ast.File, pos token.Pos) string {
	for _, decl := range file.Decls {
		if decl.Pos() <= pos && pos < decl.End() {
			if f, ok := decl.(*ast.FuncDecl); ok {
				if f.Recv != nil && len(f.Recv.List) > 0 {
					return receiver(f.Recv.List[0].Type) + "." + f.Name.Name
				}
				return f.Name.Name
			}
		}
	}
	return "-"
}

func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return "?"
}

// baseline holds how many more reports of each kind are suppressed.
var baseline struct {
	sync.Mutex
	left map[Entry]int
}

// Known reports whether the baseline contains e. Each call uses up one of e's occurrences.
func Known(e Entry) bool {
	baseline.Lock()
	defer baseline.Unlock()
	if baseline.left[e] == 0 {
		return false
	}
	baseline.left[e]--
	return true
}

// ReadBaseline reads a file that [WriteBaseline] wrote. [Known] compares all later reports with
// it.
func ReadBaseline(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	left := make(map[Entry]int)
	scanner := bufio.NewScanner(file)
	for n := 1; scanner.Scan(); n++ {
		if text := scanner.Text(); text != "" && !strings.HasPrefix(text, "#") {
			fields := strings.SplitN(text, "\t", 5)
			if len(fields) != 5 {
				return fmt.Errorf("%s:%d: want analyzer, package, function, count and message, with tabs between", path, n)
			}
			count, err := strconv.Atoi(fields[3])
			if err != nil {
				return fmt.Errorf("%s:%d: %w", path, n, err)
			}
			left[Entry{fields[0], fields[1], fields[2], fields[4]}] += count
		}
	}
	baseline.left = left
	return scanner.Err()
}

// WriteBaseline writes counts to a file: one line for each entry, sorted.
func WriteBaseline(path string, counts map[Entry]int) error {
	lines := slices.Collect(maps.Keys(counts))
	text := make([]string, len(lines))
	for i, e := range lines {
		text[i] = fmt.Sprintf("%s\t%s\t%s\t%d\t%s\n", e.Analyzer, e.Package, e.Function, counts[e], e.Message)
	}
	slices.Sort(text)
	return os.WriteFile(path, []byte("# What clewvet -baseline does not report: analyzer, package, function, count, message.\n"+strings.Join(text, "")), 0o666)
}
