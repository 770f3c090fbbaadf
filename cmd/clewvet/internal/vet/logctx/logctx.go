// Package logctx finds log lines that lose the trace.
package logctx

import (
	"go/ast"

	"example.com/clew/cmd/clewvet/internal/vet/at"
	"golang.org/x/tools/go/analysis"
)

var Analyzer = &analysis.Analyzer{
	Name: "logctx",
	Doc: `find log lines without the context that is at hand

A line of zerolog, slog or logrus has the trace only if the call gets the context:

	slog.Info("saved")             // has no trace ID
	slog.InfoContext(ctx, "saved") // has the trace ID

A logger that is a parameter beside the context is not reported, because the caller may have bound it to the context.
A logger that middleware got before there was a request is reported. These are reported, too:

	access(slog.Info, next)                             // a log function without a context parameter, as a value
	func (s *S) logger(r *http.Request) *slog.Logger { return s.log.With("path", r.URL.Path) } // not bound to r's context
	ctx = context.WithValue(r.Context(), key, s.log)    // a logger that is not bound to the context
	slog.InfoContext(ctx, "", "id", b3.TraceID)         // always 32 digits: b3.ID() has as many as the caller sent

In code for a message of a queue, the trace is in the message. Outside of a message such code has no trace, and is not
reported. Lines in a goroutine that a request's handler starts are reported by detachedgo.`,
	Requires: []*analysis.Analyzer{at.Analyzer},
	Run:      run,
}

func run(pass *analysis.Pass) (any, error) {
	p := pass.ResultOf[at.Analyzer].(*at.Package)
	p.ReportLosses(pass, p.Line, false)
	p.ReportTexts(pass, false)
	for c := range p.All((*ast.SelectorExpr)(nil)) {
		if v, ok := p.Value(c); ok {
			p.Report(pass, analysis.Diagnostic{Pos: v.Expr.Pos(), End: v.Expr.End(), Message: v.Message})
		}
	}
	for c := range p.All((*ast.FuncDecl)(nil)) {
		if l, h, ok := p.Unbound(c); ok {
			p.Report(pass, analysis.Diagnostic{
				Pos: l.Call.Pos(), End: l.Call.End(),
				Message:        l.Name + " returns a logger without the context that it takes: " + l.Advice(h.Name()),
				SuggestedFixes: p.Fix(l, h, false),
			})
		}
	}
	for c := range p.All((*ast.CallExpr)(nil)) {
		if l, h, ok := p.Stored(c); ok {
			p.Report(pass, analysis.Diagnostic{
				Pos: l.Call.Pos(), End: l.Call.End(),
				Message:        "a logger that is put into the context is not bound to it: " + l.Advice(h.Name()),
				SuggestedFixes: p.Fix(l, h, false),
			})
		}
	}
	return nil, nil
}
