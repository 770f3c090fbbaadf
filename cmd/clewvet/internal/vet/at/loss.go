package at

import (
	"go/ast"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

// A Loss is a call that logs or sends without a context, although it could have one.
type Loss struct {
	Call ast.Node // all of it, for a position
	Name string   // what is called: "slog.Info"
	// Advice is what to write instead, given the text of a context.
	Advice func(ctx string) string
	// Edits write it. nil: by hand.
	Edits func(ctx string) []analysis.TextEdit
}

// Fix returns the fix of l for the context at hand, with the import that it needs. It is nil if
// there is no fix. The fix has no edits if only the import stands in its way.
func (p *Package) Fix(l Loss, h Hand, sends bool) []analysis.SuggestedFix {
	if l.Edits == nil || !h.Usable() {
		return nil
	}
	expr, needs := h.Expr, ""
	if sends { // a log line does not mind that its context is over
		expr, needs = h.Outliving()
	}
	edits := l.Edits(expr)
	if needs != "" {
		imported, ok := p.Import(l.Call.Pos(), needs)
		edits = append(edits, imported...)
		if !ok {
			edits = nil
		}
	}
	return []analysis.SuggestedFix{{Message: l.Advice(expr), TextEdits: edits}}
}

// ReportLosses reports what find finds where a context is at hand, except what detachedgo reports.
func (p *Package) ReportLosses(pass *analysis.Pass, find func(inspector.Cursor) (Loss, bool), sends bool) {
	for c := range p.All((*ast.CallExpr)(nil)) {
		l, ok := find(c)
		if !ok {
			continue
		}
		h, ok := p.Hand(c)
		if !ok || p.Detached(c) || Implicit && h.Served {
			continue
		}
		if m, ok := p.Message(c, h); ok {
			p.Report(pass, analysis.Diagnostic{
				Pos: l.Call.Pos(), End: l.Call.End(),
				Message: l.Name + " without the trace of " + m.Name + ": " + l.Advice("ctx") + ", after ctx := " + m.Extract,
			})
			continue
		}
		if p.Consumes(c, h) {
			continue
		}
		p.Report(pass, analysis.Diagnostic{
			Pos: l.Call.Pos(), End: l.Call.End(),
			Message:        l.Name + " without the context at hand: " + l.Advice(h.Name()),
			SuggestedFixes: p.Fix(l, h, sends),
		})
	}
}

func insert(after ast.Node, text string) []analysis.TextEdit {
	return []analysis.TextEdit{{Pos: after.End(), End: after.End(), NewText: []byte(text)}}
}

// method takes call apart, if it is the call of a method or of a package's function.
func method(call *ast.CallExpr) (x ast.Expr, sel *ast.Ident) {
	if s, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok {
		return s.X, s.Sel
	}
	return nil, nil
}

// Line returns the log line of zerolog, slog or logrus that ends with call, if it has no context.
func (p *Package) Line(c inspector.Cursor) (Loss, bool) {
	call := c.Node().(*ast.CallExpr)
	f := p.Callee(call)
	if f == nil {
		return p.variableLine(c)
	}
	if f.Pkg() == nil {
		return Loss{}, false
	}
	switch f.Pkg().Path() {
	case "github.com/rs/zerolog":
		if Is(f, "github.com/rs/zerolog", "Event.Msg", "Event.Msgf", "Event.MsgFunc", "Event.Send") {
			return p.zerologLine(call, p.reach(c))
		}
	case "log/slog":
		return p.slogLine(call, f, p.reach(c))
	case "github.com/sirupsen/logrus":
		return p.logrusLine(call, f, p.reach(c))
	}
	return Loss{}, false
}

// zerologLine follows the chain of events back to the logger.
func (p *Package) zerologLine(call *ast.CallExpr, in reach) (Loss, bool) {
	l := Loss{
		Call:   call,
		Advice: func(ctx string) string { return "add .Ctx(" + ctx + ")" },
	}
	event, _ := method(call)
	here := true
	for range 64 {
		switch e := ast.Unparen(event).(type) {
		case *ast.CallExpr:
			x, _ := method(e)
			f := p.Callee(e)
			if f == nil { // a variable that holds the start of events
				f, x = p.held(e, in)
			}
			if f == nil || p.flow().given(e) {
				return Loss{}, false
			}
			if x != nil && f.Signature().Recv() != nil && TypePath(f.Signature().Recv().Type()) == "github.com/rs/zerolog.Event" {
				event = x
				continue
			}
			if x != nil && p.flow().bound(x, in) {
				return Loss{}, false
			}
			l.Name = "zerolog." + f.Name()
			if here && hasMethod(p.info.TypeOf(e), "Ctx") {
				l.Edits = func(ctx string) []analysis.TextEdit { return insert(e, ".Ctx("+ctx+")") }
			}
			return l, true
		case *ast.Ident:
			// The chain goes on in a variable. Its start may have served another line: not
			// for a fix.
			obj := p.flow().object(e)
			right := p.flow().assigned[obj]
			if len(right) == 0 || p.flow().joined[obj] {
				return Loss{}, false
			}
			event, here = right[0], false
		default:
			return Loss{}, false
		}
	}
	return Loss{}, false
}

func hasMethod(t types.Type, name string) bool {
	f, _, _ := types.LookupFieldOrMethod(t, true, nil, name)
	_, ok := f.(*types.Func)
	return ok
}

func (p *Package) slogLine(call *ast.CallExpr, f *types.Func, in reach) (Loss, bool) {
	x, sel := method(call)
	if !isSlogLine(f) {
		return Loss{}, false
	}
	if x == nil { // imported with a dot
		return Loss{}, false
	}
	if f.Signature().Recv() != nil && p.flow().bound(x, in) {
		return Loss{}, false
	}
	context := sel.Name + "Context"
	return Loss{
		Call:   call,
		Name:   "slog." + sel.Name,
		Advice: func(ctx string) string { return "use " + context + "(" + ctx + ", …)" },
		Edits:  func(ctx string) []analysis.TextEdit { return prepend(call, sel, context, ctx) },
	}, true
}

func isSlogLine(f *types.Func) bool {
	return Is(f, "log/slog", "Debug", "Info", "Warn", "Error", "Logger.Debug", "Logger.Info", "Logger.Warn", "Logger.Error")
}

// prepend calls another function, with one more argument before the others.
func prepend(call *ast.CallExpr, sel *ast.Ident, name, arg string) []analysis.TextEdit {
	if len(call.Args) > 0 {
		arg += ", "
	}
	return []analysis.TextEdit{
		{Pos: sel.Pos(), End: sel.End(), NewText: []byte(name)},
		{Pos: call.Lparen + 1, End: call.Lparen + 1, NewText: []byte(arg)},
	}
}

var logrusLevels = map[string]bool{
	"Trace": true, "Debug": true, "Info": true, "Print": true, "Warn": true, "Warning": true, "Error": true,
	"Fatal": true, "Panic": true, "Log": true,
}

func isLogrusLine(f *types.Func) bool {
	return logrusLevels[strings.TrimSuffix(strings.TrimSuffix(f.Name(), "f"), "ln")]
}

func (p *Package) logrusLine(call *ast.CallExpr, f *types.Func, in reach) (Loss, bool) {
	x, sel := method(call)
	if x == nil || !isLogrusLine(f) {
		return Loss{}, false
	}
	with := ""
	if recv := f.Signature().Recv(); recv != nil {
		if t := p.info.TypeOf(x); !hasMethod(t, "WithContext") {
			if !hasMethod(t, "WithFields") {
				return Loss{}, false
			}
			with = "WithFields(nil)." // a FieldLogger has no WithContext, and its entries have
		}
		if p.flow().bound(x, in) {
			return Loss{}, false
		}
	}
	return Loss{
		Call:   call,
		Name:   "logrus." + f.Name(),
		Advice: func(ctx string) string { return "use " + with + "WithContext(" + ctx + ")." + f.Name() },
		Edits: func(ctx string) []analysis.TextEdit {
			return []analysis.TextEdit{{Pos: sel.Pos(), End: sel.Pos(), NewText: []byte(with + "WithContext(" + ctx + ").")}}
		},
	}, true
}

// Send returns the HTTP request that call sends or makes, if it has no context and gets none.
func (p *Package) Send(c inspector.Cursor) (Loss, bool) {
	call := c.Node().(*ast.CallExpr)
	f := p.Callee(call)
	x, sel := method(call)
	if f == nil || f.Pkg() == nil || x == nil {
		return Loss{}, false
	}
	l := Loss{Call: call}
	switch {
	case Is(f, "net/http", "NewRequest"):
		if p.gets(c) {
			return Loss{}, false
		}
		l.Name = "http.NewRequest"
		l.Advice = func(ctx string) string { return "use NewRequestWithContext(" + ctx + ", …)" }
		l.Edits = func(ctx string) []analysis.TextEdit { return prepend(call, sel, "NewRequestWithContext", ctx) }
	case Is(f, "net/http", "Get", "Head", "Post", "PostForm", "Client.Get", "Client.Head", "Client.Post", "Client.PostForm"):
		l.Name = "http." + f.Name()
		l.Advice = func(ctx string) string { return "use NewRequestWithContext(" + ctx + ", …) and Do" }
	case Resty(f.Pkg().Path()) && (f.Name() == "R" || f.Name() == "NewRequest") && f.Signature().Recv() != nil:
		if p.gets(c) || p.info.TypeOf(call) == nil || !hasMethod(p.info.TypeOf(call), "SetContext") {
			return Loss{}, false
		}
		l.Name = "resty's " + f.Name() + "()"
		l.Advice = func(ctx string) string { return "add .SetContext(" + ctx + ")" }
		l.Edits = func(ctx string) []analysis.TextEdit { return insert(call, ".SetContext("+ctx+")") }
	default:
		return Loss{}, false
	}
	return l, true
}

// Resty tells whether path is a version of resty.
func Resty(path string) bool {
	path = Unversioned(path)
	return path == "github.com/go-resty/resty" || path == "resty.dev"
}

// gets tells whether the request that the call at c makes gets its context elsewhere: further on
// in the chain, or where its variable meets a context. A request that is returned may get its
// context from the caller.
func (p *Package) gets(c inspector.Cursor) bool {
	for ; p.isRequest(c.Node()); c = c.Parent() {
		switch parent := c.Parent().Node().(type) {
		case *ast.SelectorExpr:
			c = c.Parent() // its call is the next in the chain
			if call, ok := c.Parent().Node().(*ast.CallExpr); ok && p.flow().given(call) {
				return true
			}
		case *ast.CallExpr: // an argument
			return p.flow().given(parent)
		case *ast.AssignStmt:
			return p.flow().joins(parent.Lhs[0])
		case *ast.ValueSpec:
			return p.flow().joins(parent.Names[0])
		case *ast.ExprStmt:
			return false
		default:
			return true // returned, or kept for others
		}
	}
	return false
}

func (p *Package) isRequest(n ast.Node) bool {
	e, ok := n.(ast.Expr)
	if !ok {
		return false
	}
	t := p.info.TypeOf(e)
	if results, ok := t.(*types.Tuple); ok && results.Len() > 0 {
		t = results.At(0).Type()
	}
	return t != nil && typeName(t) == "Request"
}

// joins tells whether what e names meets a context, or cannot be followed.
func (f *flow) joins(e ast.Expr) bool {
	obj := f.object(e)
	return obj == nil || f.joined[obj]
}
