// Package rawclient finds HTTP clients that do not carry the trace.
package rawclient

import (
	"go/ast"

	"example.com/clew/cmd/clewvet/internal/vet/at"
	"golang.org/x/tools/go/analysis"
)

var Analyzer = &analysis.Analyzer{
	Name: "rawclient",
	Doc: `find clients of net/http and resty whose transport is not clew's

	&http.Client{Timeout: time.Minute}                                              // sends no headers
	httpclient.Wrap(&http.Client{Timeout: time.Minute}, httpclient.Config{})        // sends B3
	httpclient.Resty(resty.New(), httpclient.Config{})                              // sends B3

The analyzer is off by default, because it is your decision whether other hosts may see the trace.`,
	Requires: []*analysis.Analyzer{at.Analyzer},
	Run:      run,
}

const httpclient = "example.com/clew/httpclient"

func run(pass *analysis.Pass) (any, error) {
	p := pass.ResultOf[at.Analyzer].(*at.Package)
	for c := range p.All((*ast.CompositeLit)(nil), (*ast.CallExpr)(nil)) {
		message := ""
		switch n := c.Node().(type) {
		case *ast.CompositeLit:
			if at.TypePath(pass.TypesInfo.TypeOf(n)) == "net/http.Client" && !transports(p, n) && !p.Reaches(c, httpclient, "Wrap") {
				message = "http.Client does not carry the trace: use httpclient.Wrap"
			}
		case *ast.CallExpr:
			f := p.Callee(n)
			if f != nil && f.Pkg() != nil && at.Resty(f.Pkg().Path()) && f.Signature().Recv() == nil &&
				at.TypePath(pass.TypesInfo.TypeOf(n)) == at.Unversioned(f.Pkg().Path())+".Client" && !p.Reaches(c, httpclient, "Resty") {
				message = "resty." + f.Name() + " makes a client that does not carry the trace: use httpclient.Resty"
			}
		}
		if message != "" {
			p.Report(pass, analysis.Diagnostic{Pos: c.Node().Pos(), End: c.Node().End(), Message: message})
		}
	}
	return nil, nil
}

// transports reports whether the field Transport of client holds a transport of clew.
func transports(p *at.Package, client *ast.CompositeLit) bool {
	for _, e := range client.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if key, ok := kv.Key.(*ast.Ident); ok && key.Name == "Transport" {
				return p.Made(kv.Value, httpclient, "NewTransport")
			}
		}
	}
	return false
}
