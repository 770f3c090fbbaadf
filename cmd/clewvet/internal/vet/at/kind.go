package at

import (
	"go/token"
	"go/types"
)

// exempt lists types of parameters. A function with such a parameter serves no request.
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
	beyond       // contains a context, but no suffix can select it, as for *context.Context
	plain        // a context.Context, or a type that implements it
	request      // has a method for its context: a request, a framework's context, a stream
)

// kindOf returns how a value of type t provides a context. It also returns the suffix that follows
// the value's name in an expression for the context, such as ".Context()".
func kindOf(t types.Type) (k kind, suffix string) {
	if t == nil {
		return none, ""
	}
	if pointer, ok := types.Unalias(t).(*types.Pointer); ok && types.IsInterface(pointer.Elem()) {
		// A pointer to an interface has no method set.
		if k, _ := kindOf(pointer.Elem()); k != none {
			return beyond, ""
		}
		return none, ""
	}
	switch TypePath(t) {
	case "context.Context":
		return plain, ""
	// A request of resty does not provide a context, but needs one.
	case "github.com/go-resty/resty.Request", "resty.dev.Request":
		return none, ""
	case "github.com/gin-gonic/gin.Context":
		return request, ".Request.Context()"
	case "github.com/labstack/echo.Context":
		return request, ".Request().Context()"
	}
	// This is a context type that the program itself declares around a request.
	if result := resultOf(t, "Request"); result != nil && TypePath(result.Type()) == "net/http.Request" {
		return request, ".Request().Context()"
	}
	// fiber has both methods, and UserContext returns the context of the request.
	for _, name := range []string{"UserContext", "Context"} {
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

// resultOf returns the result of t's method of that name. It returns nil unless t has this method,
// without parameters and with one result.
func resultOf(t types.Type, name string) *types.Var {
	f, _, _ := types.LookupFieldOrMethod(t, true, nil, name)
	if f, ok := f.(*types.Func); ok && f.Signature().Params().Len() == 0 && f.Signature().Results().Len() == 1 {
		return f.Signature().Results().At(0)
	}
	return nil
}

// contextLike returns an interface with the methods of context.Context, provided that t is
// time.Time. contextLike builds the interface, because a package can use a context without an
// import of package context.
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

// IsServed reports whether t is a request of net/http, or the context type of gin or echo. The
// handlers of a server have such a parameter.
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

// hasContext reports whether a value of type t is or provides a context, or has a readable field
// with one.
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
