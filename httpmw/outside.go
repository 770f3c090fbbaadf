package httpmw

import (
	"context"
	"net/http"
	"sync/atomic"

	"example.com/clew/internal/route"
)

// outside is the context of a request whose AccessLog stands outside of New: New, further in, says
// there in which trace the request is. The route comes the same way.
type outside struct {
	context.Context
	route  route.Cell
	traced atomic.Pointer[context.Context]
}

func newOutside(ctx context.Context, made bool) *outside {
	return &outside{Context: ctx, route: route.Cell{Wanted: true, Made: made}}
}

type outsideKey struct{}

func (o *outside) Value(key any) any {
	switch key {
	case route.Key{}:
		return &o.route
	case outsideKey{}:
		return o
	}
	return o.Context.Value(key)
}

// within returns the context in which the line is to be written: New's, if there was one.
func (o *outside) within() context.Context {
	if ctx := o.traced.Load(); ctx != nil {
		return *ctx
	}
	return o.Context
}

// tellOutside says ctx to the AccessLog outside of New, if given, the context that New was given, is its.
// Of several New the outermost is heard.
func tellOutside(given, ctx context.Context) {
	if o, ok := given.Value(outsideKey{}).(*outside); ok {
		o.traced.CompareAndSwap(nil, &ctx)
	}
}

// giveBack copies to given what is looked for in the request that was copied: net/http removes the
// files of its form, and who stands further out names spans and metrics by its pattern. Only what
// has changed is written, since whoever else may read given does not expect it to.
func giveBack(given, seen *http.Request) {
	if seen.MultipartForm != nil && seen.MultipartForm != given.MultipartForm {
		given.MultipartForm = seen.MultipartForm
	}
	if given.Pattern != seen.Pattern {
		given.Pattern = seen.Pattern
	}
}
