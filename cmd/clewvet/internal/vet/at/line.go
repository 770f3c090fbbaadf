package at

import (
	"go/ast"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"
)

// Line returns the log line of zerolog, slog or logrus that the call at c completes, if the line
// has no context.
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

// zerologLine returns the line that call completes. It follows the chain of calls back to the
// logger.
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
			if f == nil { // a variable that holds a function such as logger.Info
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
			// The chain begins in a variable. Other lines may use the variable, too, so there is
			// no fix.
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
	if x == nil { // a dot import
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

// prepend returns edits of call. They replace the identifier sel, which names the called function,
// by the text name. They insert the text arg as the first argument.
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
			with = "WithFields(nil)." // a FieldLogger has no WithContext, but its entries have one
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
