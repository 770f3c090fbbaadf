package at

import (
	"go/ast"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// A Text is the text of a B3's trace ID that is not its own.
type Text struct {
	Expr ast.Expr
	B3   string
	Fix  []analysis.SuggestedFix
}

// Text is the text that the field TraceID at c gives of the trace ID of a B3, on a log line or
// in a header: 32 digits, however many there were. header says which of the two.
func (p *Package) Text(c inspector.Cursor) (t Text, header, ok bool) {
	field := c.Node().(*ast.SelectorExpr)
	if field.Sel.Name != "TraceID" || TypePath(p.info.TypeOf(field.X)) != "example.com/clew/trace.B3" {
		return Text{}, false, false
	}
	t = Text{Expr: field, B3: types.ExprString(field.X)}
	if s, isSelector := c.Parent().Node().(*ast.SelectorExpr); isSelector {
		call, isCall := c.Parent().Parent().Node().(*ast.CallExpr)
		if s.Sel.Name != "String" || !isCall {
			return Text{}, false, false
		}
		t.Expr, c = call, c.Parent().Parent()
	}
	header, ok = p.shown(c, 2)
	if !ok {
		return Text{}, false, false
	}
	if call, isCall := c.Parent().Node().(*ast.CallExpr); !isCall || t.Expr != field || !p.typed(call) {
		t.Fix = []analysis.SuggestedFix{{
			Message:   "use " + t.B3 + ".ID()",
			TextEdits: []analysis.TextEdit{{Pos: field.Sel.Pos(), End: t.Expr.End(), NewText: []byte("ID()")}},
		}}
	}
	return t, header, true
}

// typed tells whether call wants something of another type than a string.
func (p *Package) typed(call *ast.CallExpr) bool {
	f := p.Callee(call)
	return f != nil && f.Name() == "Stringer"
}

// shown tells whether the value at c ends on a log line or in a header: there, inside of other
// calls and expressions, or by way of a variable.
func (p *Package) shown(c inspector.Cursor, steps int) (header, ok bool) {
	for {
		switch c.ParentEdgeKind() {
		case edge.CallExpr_Args:
			f := p.Callee(c.Parent().Node().(*ast.CallExpr))
			if f == nil || f.Pkg() == nil {
				return false, false
			}
			if Is(f, "net/http", "Header.Set", "Header.Add") || Resty(f.Pkg().Path()) && strings.HasPrefix(f.Name(), "SetHeader") {
				return true, true
			}
			switch f.Pkg().Path() {
			case "log/slog", "github.com/rs/zerolog", "github.com/rs/zerolog/log", "github.com/sirupsen/logrus":
				return false, true
			case "fmt", "strings":
			default:
				return false, false
			}
		case edge.AssignStmt_Rhs:
			assign := c.Parent().Node().(*ast.AssignStmt)
			_, index := c.ParentEdge()
			if len(assign.Lhs) != len(assign.Rhs) {
				return false, false
			}
			if element, isElement := assign.Lhs[index].(*ast.IndexExpr); isElement {
				is := TypePath(p.info.TypeOf(element.X)) == "net/http.Header"
				return is, is
			}
			v := p.local(assign.Lhs[index])
			if v == nil || steps == 0 {
				return false, false
			}
			for _, id := range p.uses()[v] {
				if header, ok := p.shown(id, steps-1); ok {
					return header, true
				}
			}
			return false, false
		case edge.ParenExpr_X, edge.CompositeLit_Elts, edge.KeyValueExpr_Value:
		case edge.BinaryExpr_X, edge.BinaryExpr_Y:
			if t, isBasic := p.info.TypeOf(c.Parent().Node().(ast.Expr)).Underlying().(*types.Basic); !isBasic || t.Info()&types.IsString == 0 {
				return false, false
			}
		default:
			return false, false
		}
		c = c.Parent()
	}
}

// ReportTexts reports the trace IDs that are 32 digits in headers, or on lines.
func (p *Package) ReportTexts(pass *analysis.Pass, headers bool) {
	for c := range p.All((*ast.SelectorExpr)(nil)) {
		if t, header, ok := p.Text(c); ok && header == headers {
			p.Report(pass, analysis.Diagnostic{
				Pos: t.Expr.Pos(), End: t.Expr.End(),
				Message:        types.ExprString(t.Expr) + " is 32 digits where the ID came as 16: use " + t.B3 + ".ID()",
				SuggestedFixes: t.Fix,
			})
		}
	}
}
