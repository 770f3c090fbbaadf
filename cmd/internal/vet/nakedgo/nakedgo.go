// Package nakedgo finds go statements, for teams that allow them in few places.
package nakedgo

import (
	"go/ast"
	"strings"

	"example.com/clew/cmd/internal/vet/at"
	"golang.org/x/tools/go/analysis"
)

var Analyzer = &analysis.Analyzer{
	Name: "nakedgo",
	Doc: `find go statements outside the packages that may have them

For teams that want each goroutine started through workerpool, with its trace. Off unless asked for.`,
	Requires: []*analysis.Analyzer{at.Analyzer},
	Run:      run,
}

var allow string

func init() {
	Analyzer.Flags.StringVar(&allow, "allow", "", "import paths, separated by commas, whose packages and those below may have go statements")
}

func run(pass *analysis.Pass) (any, error) {
	for path := range strings.SplitSeq(allow, ",") {
		if path != "" && strings.HasPrefix(pass.Pkg.Path()+"/", path+"/") {
			return nil, nil
		}
	}
	p := pass.ResultOf[at.Analyzer].(*at.Package)
	for c := range p.All((*ast.GoStmt)(nil)) {
		s := c.Node().(*ast.GoStmt)
		p.Report(pass, analysis.Diagnostic{Pos: s.Go, End: s.Go + 2, Message: "go statement: use workerpool.Go(ctx, …)"})
	}
	return nil, nil
}
