package at

import (
	"go/ast"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// A Text is an expression for the trace ID in a trace.B3. The expression's text can differ from
// the ID that the caller sent.
type Text struct {
	Expr ast.Expr
	B3   string
	Fix  []analysis.SuggestedFix
}

// Text returns the expression with the field TraceID at c, if the expression's text goes onto a
// log line or into a header. This text has 32 digits, even if the caller sent 16. The result
// header is true for a header, and false for a log line.
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

// typed reports whether call needs a value of another type than string.
func (p *Package) typed(call *ast.CallExpr) bool {
	f := p.Callee(call)
	return f != nil && f.Name() == "Stringer"
}

// shown reports whether the value at c ends up on a log line or in a header: directly, inside of
// other calls and expressions, or through a variable.
func (p *Package) shown(c inspector.Cursor, steps int) (header, ok bool) {
	for {
		switch c.ParentEdgeKind() {
		case edge.CallExpr_Args:
			header, ok, on := p.takesText(p.Callee(c.Parent().Node().(*ast.CallExpr)))
			if !on {
				return header, ok
			}
		case edge.AssignStmt_Rhs:
			return p.shownByLeft(c, steps)
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

// takesText returns what the function f does with a text argument. The result ok is true if f
// writes the text to a header or to a log line, and header tells these two apart. The result on is
// true if f returns the text as part of its own result.
func (p *Package) takesText(f *types.Func) (header, ok, on bool) {
	if f == nil || f.Pkg() == nil {
		return false, false, false
	}
	if Is(f, "net/http", "Header.Set", "Header.Add") || Resty(f.Pkg().Path()) && strings.HasPrefix(f.Name(), "SetHeader") {
		return true, true, false
	}
	switch f.Pkg().Path() {
	case "log/slog", "github.com/rs/zerolog", "github.com/rs/zerolog/log", "github.com/sirupsen/logrus":
		return false, true, false
	case "fmt", "strings":
		return false, false, true
	}
	return false, false, false
}

// shownByLeft does what shown does, for a value at c on the right of an assignment. On the left it
// expects an element of a header, or a variable. It follows the uses of the variable.
func (p *Package) shownByLeft(c inspector.Cursor, steps int) (header, ok bool) {
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
}

// ReportTexts reports the trace IDs that always have 32 digits: those in headers if headers is
// true, and otherwise those on log lines.
func (p *Package) ReportTexts(pass *analysis.Pass, headers bool) {
	for c := range p.All((*ast.SelectorExpr)(nil)) {
		if t, header, ok := p.Text(c); ok && header == headers {
			p.Report(pass, analysis.Diagnostic{
				Pos: t.Expr.Pos(), End: t.Expr.End(),
				Message:        types.ExprString(t.Expr) + " always has 32 digits, even for an ID that came with 16: use " + t.B3 + ".ID()",
				SuggestedFixes: t.Fix,
			})
		}
	}
}
