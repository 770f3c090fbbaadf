// Package nakedgo finds executors that drop the trace, for teams that allow them in few places.
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
	Doc: `find go statements and other executors that drop the trace

	go mail()                                        // has no trace
	group.Go(send)                                   // neither, of errgroup
	go workerpool.Wrap(ctx, mail)()                  // has ctx's
	pool.Submit(workerpool.Wrap(ctx, mail))          // likewise

Beside go: time.AfterFunc, context.AfterFunc, sync.WaitGroup, errgroup, ants, pond, gammazero, conc, cron. For teams that want
each goroutine started with its trace. Off unless asked for.`,
	Requires: []*analysis.Analyzer{at.Analyzer},
	Run:      run,
}

var allow string

func init() {
	Analyzer.Flags.StringVar(&allow, "allow", "", "import paths, separated by commas, whose packages and those below may have them")
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

// wrapper returns the function of workerpool that makes what s runs.
func wrapper(t types.Type, s at.Spawn) string {
	if s.Job {
		return "Job"
	}
	if sig, ok := t.Underlying().(*types.Signature); ok && sig.Results().Len() == 1 {
		return "WrapErr"
	}
	return "Wrap"
}
