// Package ignore finds suppressions that give no reason.
package ignore

import (
	"strings"

	"example.com/clew/cmd/clewvet/internal/vet/at"
	"golang.org/x/tools/go/analysis"
)

var Analyzer = &analysis.Analyzer{
	Name: "ignore",
	Doc: `find //clewvet:ignore without a reason

	//clewvet:ignore the poller has no request

suppresses the reports on its line. If there is no code on this line, it suppresses those on the line below. Without
a reason it suppresses nothing.`,
	Requires: []*analysis.Analyzer{at.Analyzer},
	Run:      run,
}

func run(pass *analysis.Pass) (any, error) {
	p := pass.ResultOf[at.Analyzer].(*at.Package)
	for comment := range p.Comments() {
		if m := at.Directive.FindStringSubmatch(comment.Text); m != nil && strings.TrimSpace(m[1]) == "" {
			p.Report(pass, analysis.Diagnostic{
				Pos: comment.Pos(), End: comment.End(),
				Message: "//clewvet:ignore without a reason: say why",
			})
		}
	}
	return nil, nil
}
