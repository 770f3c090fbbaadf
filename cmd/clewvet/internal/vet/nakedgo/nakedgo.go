// Package nakedgo finds goroutines that are started without the trace, for teams that allow them
// only in a few packages.
package nakedgo

import (
	"go/ast"
	"go/types"
	"strings"

	"example.com/clew/cmd/clewvet/internal/vet/at"
	"golang.org/x/tools/go/analysis"
)

var Analyzer = &analysis.Analyzer{
	Name: "nakedgo",
	Doc: `find go statements and pools that run a function without the trace

	go mail()                                        // has no trace
	group.Go(send)                                   // errgroup: has no trace either
	go workerpool.Wrap(ctx, mail)()                  // has ctx's trace
	pool.Submit(workerpool.Wrap(ctx, mail))          // has ctx's trace

Reported are go, time.AfterFunc, context.AfterFunc, sync.WaitGroup, errgroup, ants, pond, gammazero, conc and cron. The analyzer
is for teams that want each goroutine to have a trace. It is off by default.`,
	Requires: []*analysis.Analyzer{at.Analyzer},
	Run:      run,
}

var allow string

func init() {
	Analyzer.Flags.StringVar(&allow, "allow", "", "import paths, separated by commas: packages at or below these paths are not checked")
}

func run(pass *analysis.Pass) (any, error) {
	for path := range strings.SplitSeq(allow, ",") {
		if path != "" && strings.HasPrefix(pass.Pkg.Path()+"/", path+"/") {
			return nil, nil
		}
	}
	p := pass.ResultOf[at.Analyzer].(*at.Package)
	for c := range p.All((*ast.GoStmt)(nil), (*ast.CallExpr)(nil)) {
		s, ok := p.Executes(c)
		if !ok {
			continue
		}
		d := analysis.Diagnostic{Pos: c.Node().Pos(), End: s.Func.Pos()}
		switch n := c.Node().(type) {
		case *ast.GoStmt:
			d.End, d.Message = n.Go+2, "go statement: use workerpool.Go(ctx, …)"
		default:
			d.Message = s.Name + " drops the trace: use workerpool." + wrapper(pass.TypesInfo.TypeOf(s.Func), s) + "(ctx, …)"
		}
		p.Report(pass, d)
	}
	return nil, nil
}

// wrapper returns the name of the function of workerpool that can wrap s.Func. The type of s.Func
// is t.
func wrapper(t types.Type, s at.Spawn) string {
	if s.Job {
		return "Job"
	}
	if sig, ok := t.Underlying().(*types.Signature); ok && sig.Results().Len() == 1 {
		return "WrapErr"
	}
	return "Wrap"
}
