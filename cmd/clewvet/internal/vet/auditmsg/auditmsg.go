// Package auditmsg finds audit events whose message is not constant.
package auditmsg

import (
	"go/ast"
	"go/types"
	"slices"

	"example.com/clew/cmd/clewvet/internal/vet/at"
	"golang.org/x/tools/go/analysis"
)

var Analyzer = &analysis.Analyzer{
	Name: "auditmsg",
	Doc: `find audit events whose message is built at run time

	l.Log(ctx, fmt.Sprintf("item %s dropped", id))        // reported
	l.Log(ctx, "item dropped", slog.String("item", id))   // can be found by item, and counted by message

An audit log should have few different messages, because files store them in a dictionary, and
stats count events by message. A variable or a function of your own as the message is not
reported, because it may choose from constants.`,
	Requires: []*analysis.Analyzer{at.Analyzer},
	Run:      run,
}

const audit = "example.com/clew/audit"

func run(pass *analysis.Pass) (any, error) {
	p := pass.ResultOf[at.Analyzer].(*at.Package)
	for c := range p.All((*ast.CallExpr)(nil)) {
		call := c.Node().(*ast.CallExpr)
		f := p.Callee(call)
		if !at.Is(f, audit, "Logger.Log", "Logger.LogSync") {
			continue
		}
		message := messageOf(pass.TypesInfo, call)
		if message == nil {
			continue
		}
		if how := made(p, pass.TypesInfo, message); how != "" {
			p.Report(pass, analysis.Diagnostic{
				Pos: message.Pos(), End: message.End(),
				Message: "the message of " + f.Name() + " is made at run time (" + how + "): keep it constant, and give what differs as an attribute",
			})
		}
	}
	return nil, nil
}

// messageOf returns the argument that is the message: the first one whose parameter is a string.
// In a method expression, the logger is the first argument, and the message comes later.
func messageOf(info *types.Info, call *ast.CallExpr) ast.Expr {
	signature, ok := info.TypeOf(call.Fun).(*types.Signature)
	if !ok {
		return nil
	}
	for i := range signature.Params().Len() {
		if signature.Params().At(i).Type() == types.Typ[types.String] && i < len(call.Args) {
			return call.Args[i]
		}
	}
	return nil
}

// makers are the packages whose functions build strings.
var makers = []string{"fmt", "strings", "strconv"}

// made returns how a string is built: an operator or a function's name. It returns "" for a
// constant, and for a variable or a function that may choose from constants.
func made(p *at.Package, info *types.Info, e ast.Expr) string {
	if info.Types[e].Value != nil {
		return ""
	}
	switch e := e.(type) {
	case *ast.ParenExpr:
		return made(p, info, e.X)
	case *ast.BinaryExpr:
		return e.Op.String()
	case *ast.CallExpr:
		if info.Types[e.Fun].IsType() { // a conversion
			return made(p, info, e.Args[0])
		}
		f := p.Callee(e)
		switch {
		case f == nil:
		case f.Pkg() != nil && slices.Contains(makers, f.Pkg().Path()):
			return f.Pkg().Name() + "." + f.Name()
		case f.Name() == "Error" && f.Signature().Recv() != nil:
			return f.Name()
		}
	}
	return ""
}
