// Package reqctx finds HTTP requests that lose the trace.
package reqctx

import (
	"example.com/clew/cmd/clewvet/internal/vet/at"
	"golang.org/x/tools/go/analysis"
)

var Analyzer = &analysis.Analyzer{
	Name: "reqctx",
	Doc: `find HTTP requests without the context that is at hand

A request of net/http or resty carries the trace of its context:

	http.NewRequest("GET", url, nil)                 // carries no trace
	http.NewRequestWithContext(ctx, "GET", url, nil) // carries ctx's trace

Requests in a goroutine that a request's handler starts are reported by detachedgo.`,
	Requires: []*analysis.Analyzer{at.Analyzer},
	Run:      run,
}

func run(pass *analysis.Pass) (any, error) {
	p := pass.ResultOf[at.Analyzer].(*at.Package)
	p.ReportLosses(pass, p.Send, true)
	p.ReportTexts(pass, true)
	return nil, nil
}
