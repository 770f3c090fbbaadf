package at

import (
	"go/ast"
	"go/types"
	"iter"
	"slices"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"
)

// spawners lists the functions that run their last argument in the background.
var spawners = map[string][]string{
	"time":                             {"AfterFunc"},
	"github.com/panjf2000/ants":        {"Submit"},
	"github.com/alitto/pond":           {"Submit", "Go"},
	"github.com/gammazero/workerpool":  {"Do", "Submit"},
	"github.com/sourcegraph/conc":      {"Go"},
	"github.com/sourcegraph/conc/pool": {"Go"},
	"github.com/robfig/cron":           {"AddFunc"},
}

// waiters lists the functions that run their last argument in the background, while a caller waits
// for its end.
var waiters = map[string][]string{
	"sync":                       {"Go"},
	"context":                    {"AfterFunc"},
	"golang.org/x/sync/errgroup": {"Go", "TryGo"},
}

// Waits reports whether f runs its last argument in the background while a caller can wait for its
// end.
func Waits(f *types.Func) bool {
	return f != nil && f.Pkg() != nil && slices.Contains(waiters[f.Pkg().Path()], f.Name())
}

// spawner returns the function that call calls, if that function runs its last argument in the
// background. handed is the last argument.
func (p *Package) spawner(call *ast.CallExpr) (f *types.Func, handed ast.Expr, ok bool) {
	f = p.Callee(call)
	if f == nil || f.Pkg() == nil || len(call.Args) == 0 {
		return nil, nil, false
	}
	if !slices.Contains(spawners[Unversioned(f.Pkg().Path())], f.Name()) {
		return nil, nil, false
	}
	return f, call.Args[len(call.Args)-1], true
}

// A Spawn is a function that runs in the background.
type Spawn struct {
	Name string   // the statement or function that starts it: "go", "time.AfterFunc"
	Func ast.Expr // a function literal, or a name
	Call bool     // the statement calls Func, as in go f()
	Job  bool     // Func runs again and again
}

// Spawn returns the function that the statement or call at c runs in the background.
func (p *Package) Spawn(c inspector.Cursor) (Spawn, bool) {
	switch n := c.Node().(type) {
	case *ast.GoStmt:
		return Spawn{Name: "go", Func: n.Call.Fun, Call: true}, true
	case *ast.CallExpr:
		if f, handed, ok := p.spawner(n); ok {
			return Spawn{Name: f.Pkg().Name() + "." + f.Name(), Func: handed, Job: f.Name() == "AddFunc"}, true
		}
	}
	return Spawn{}, false
}

// Executes returns the function that the statement or call at c runs on another goroutine, whether
// or not a caller waits for it. It returns false for a function that workerpool wraps, because
// that function has a trace.
func (p *Package) Executes(c inspector.Cursor) (Spawn, bool) {
	s, ok := p.Spawn(c)
	if call, isCall := c.Node().(*ast.CallExpr); !ok && isCall {
		f := p.Callee(call)
		if Waits(f) && len(call.Args) > 0 {
			s, ok = Spawn{Name: f.Pkg().Name() + "." + f.Name(), Func: call.Args[len(call.Args)-1]}, true
		}
	}
	if !ok {
		return Spawn{}, false
	}
	for _, wrapper := range []string{"Wrap", "WrapErr", "Job"} {
		if p.Made(s.Func, "example.com/clew/workerpool", wrapper) {
			return Spawn{}, false
		}
	}
	return s, true
}

// Detached reports whether c is in a function literal that a request's handler runs in the
// background. detachedgo reports such a literal once, for all that is lost in it.
func (p *Package) Detached(c inspector.Cursor) bool {
	for f := range c.Enclosing((*ast.FuncLit)(nil), (*ast.FuncDecl)(nil)) {
		if _, found := p.param(f.Node()); found {
			return false
		}
		if p.Spawned(f) {
			h, ok := p.Hand(f)
			return ok && h.Handler
		}
	}
	return false
}

// Losses finds the calls in the function literal at c that log or send without a context, and
// passes each to yield. It leaves out inner literals with a context parameter.
func (p *Package) Losses(c inspector.Cursor, yield func(l Loss, sends bool)) {
	c.Inspect([]ast.Node{(*ast.CallExpr)(nil), (*ast.FuncLit)(nil)}, func(c inspector.Cursor) bool {
		if _, ok := c.Node().(*ast.FuncLit); ok {
			_, found := p.param(c.Node())
			return !found
		}
		if l, ok := p.Line(c); ok {
			yield(l, false)
		} else if l, ok := p.Send(c); ok {
			yield(l, true)
		}
		return true
	})
}

// Now reports whether the function literal at c is called where it is written, at once or by
// defer.
func (p *Package) Now(c inspector.Cursor) bool { return now(c) }

func now(c inspector.Cursor) bool {
	return c.ParentEdgeKind() == edge.CallExpr_Fun && c.Parent().ParentEdgeKind() != edge.GoStmt_Call
}

// Calls returns the calls in the function literal at c, without those in goroutines and in
// literals that run later.
func (p *Package) Calls(c inspector.Cursor) iter.Seq[*ast.CallExpr] {
	return func(yield func(*ast.CallExpr) bool) {
		more := true
		c.Inspect([]ast.Node{(*ast.CallExpr)(nil), (*ast.FuncLit)(nil), (*ast.GoStmt)(nil)}, func(inner inspector.Cursor) bool {
			switch n := inner.Node().(type) {
			case *ast.GoStmt:
				return false
			case *ast.FuncLit:
				return inner == c || now(inner)
			case *ast.CallExpr:
				more = more && yield(n)
			}
			return more
		})
	}
}

// Func returns the function that e names.
func (p *Package) Func(e ast.Expr) *types.Func {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		f, _ := p.info.Uses[e].(*types.Func)
		return f
	case *ast.SelectorExpr:
		f, _ := p.info.Uses[e.Sel].(*types.Func)
		return f
	}
	return nil
}

// Says reports whether n contains an identifier with that name.
func (p *Package) Says(n ast.Node, name string) (says bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		says = says || ok && id.Name == name
		return !says
	})
	return says
}
