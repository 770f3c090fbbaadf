// Package logctx finds log lines that lose the trace.
package logctx

import (
	"example.com/clew/cmd/internal/vet/at"
	"golang.org/x/tools/go/analysis"
)

var Analyzer = &analysis.Analyzer{
	Name: "logctx",
	Doc: `find log lines without the context that is at hand

A line of zerolog, slog or logrus has its trace only if it is given the context:

	slog.Info("saved")             // has no trace ID
	slog.InfoContext(ctx, "saved") // has one

Lines in a goroutine that a request's handler starts are left to detachedgo.`,
	Requires: []*analysis.Analyzer{at.Analyzer},
	Run:      run,
}

func run(pass *analysis.Pass) (any, error) {
	p := pass.ResultOf[at.Analyzer].(*at.Package)
	p.ReportLosses(pass, p.Line, false)
	return nil, nil
}
