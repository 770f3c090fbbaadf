package at

import (
	"go/token"
	"go/types"
)

// exempt has the types whose functions belong to no request.
var exempt = map[string]bool{
	"github.com/spf13/cobra.Command": true,
	"github.com/urfave/cli.Context":  true,
	"github.com/urfave/cli.Command":  true,
	"testing.T":                      true,
	"testing.B":                      true,
	"testing.F":                      true,
	"testing.TB":                     true,

	"github.com/kardianos/service.Service": true,
}

type kind int

const (
	none    kind = iota
	beyond       // has a context that cannot be written after its name, as *context.Context has
	plain        // a context.Context, or what can be used as one
	request      // what has a context: a request, a framework's context, a stream
)

// kindOf tells what context a value of type t is or has, and what to write after it to get
// a context.Context.
func kindOf(t types.Type) (k kind, suffix string) {
	if t == nil {
		return none, ""
	}
	if pointer, ok := types.Unalias(t).(*types.Pointer); ok && types.IsInterface(pointer.Elem()) {
		if k, _ := kindOf(pointer.Elem()); k != none { // a pointer to an interface has no methods
			return beyond, ""
		}
		return none, ""
	}
	switch TypePath(t) {
	case "context.Context":
		return plain, ""
	case "github.com/go-resty/resty.Request", "resty.dev.Request": // it is to be given one
		return none, ""
	case "github.com/gin-gonic/gin.Context":
		return request, ".Request.Context()"
	case "github.com/labstack/echo.Context":
		return request, ".Request().Context()"
	}
	if result := resultOf(t, "Request"); result != nil && TypePath(result.Type()) == "net/http.Request" { // a context of one's own
		return request, ".Request().Context()"
	}
	for _, name := range []string{"UserContext", "Context"} { // fiber has both, and means the first
		if result := resultOf(t, name); result != nil && isContext(result) {
			return request, "." + name + "()"
		}
	}
	f, _, _ := types.LookupFieldOrMethod(t, true, nil, "Deadline")
	deadline, ok := f.(*types.Func)
	if !ok || deadline.Signature().Results().Len() != 2 {
		return none, ""
	}
	context := contextLike(deadline.Signature().Results().At(0).Type())
	switch {
	case types.Implements(t, context):
		return plain, ""
	case types.Implements(types.NewPointer(t), context):
		return beyond, ""
	}
	return none, ""
}

// resultOf returns the only result of t's method of that name, which has no parameters. It returns
// nil without such a method.
func resultOf(t types.Type, name string) *types.Var {
	f, _, _ := types.LookupFieldOrMethod(t, true, nil, name)
	if f, ok := f.(*types.Func); ok && f.Signature().Params().Len() == 0 && f.Signature().Results().Len() == 1 {
		return f.Signature().Results().At(0)
	}
	return nil
}

// contextLike returns an interface with the methods of context.Context, if t is time.Time. It is
// made here because not every package with a context imports package context.
func contextLike(t types.Type) *types.Interface {
	if n, ok := types.Unalias(t).(*types.Named); !ok || TypePath(n) != "time.Time" {
		t = types.Typ[types.Invalid]
	}
	done := types.NewChan(types.RecvOnly, types.NewStruct(nil, nil))
	err := types.Universe.Lookup("error").Type()
	value := types.Universe.Lookup("any").Type()
	method := func(name string, params []types.Type, results ...types.Type) *types.Func {
		sig := types.NewSignatureType(nil, nil, nil, tuple(params...), tuple(results...), false)
		return types.NewFunc(token.NoPos, nil, name, sig)
	}
	return types.NewInterfaceType([]*types.Func{
		method("Deadline", nil, t, types.Typ[types.Bool]),
		method("Done", nil, done),
		method("Err", nil, err),
		method("Value", []types.Type{value}, value),
	}, nil).Complete()
}

func tuple(all ...types.Type) *types.Tuple {
	vars := make([]*types.Var, len(all))
	for i, t := range all {
		vars[i] = types.NewParam(token.NoPos, nil, "", t)
	}
	return types.NewTuple(vars...)
}

// IsServed tells whether t is a request of net/http, or a framework's context of one: what the
// handler of a server is given.
func IsServed(t types.Type) bool {
	if t == nil {
		return false
	}
	switch TypePath(t) {
	case "net/http.Request", "github.com/gin-gonic/gin.Context", "github.com/labstack/echo.Context":
		return true
	}
	return false
}

// hasContext tells whether a value of type t is a context or brings one along, be it in a
// field that can be read here.
func (p *Package) hasContext(t types.Type) bool {
	if k, _ := kindOf(t); k != none {
		return true
	}
	n := named(t)
	if n == nil {
		return false
	}
	s, ok := n.Underlying().(*types.Struct)
	if !ok {
		return false
	}
	for field := range s.Fields() {
		if k, _ := kindOf(field.Type()); k != none && (field.Exported() || field.Pkg() == p.types) {
			return true
		}
	}
	return false
}
