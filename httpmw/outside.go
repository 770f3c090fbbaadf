package httpmw

import (
	"context"
	"net/http"
	"sync/atomic"

	"example.com/clew/internal/route"
)

// outside is the context that an AccessLog outside of New gives the request. New, further in,
// writes the context of its trace into the field traced. SetRoute, or code further in that knows
// the route, writes it into the field route.
type outside struct {
	context.Context
	route  route.Cell
	traced atomic.Pointer[context.Context]
}

func newOutside(r *http.Request) *outside {
	return &outside{Context: r.Context(), route: route.Cell{Made: made(r), Wanted: true, Outside: true}}
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

// within returns the context to write the line in: New's context, if there is a New further in,
// else the context that AccessLog was given.
func (o *outside) within() context.Context {
	if ctx := o.traced.Load(); ctx != nil {
		return *ctx
	}
	return o.Context
}

// outsideOf returns the nearest context of the type outside that ctx is derived from; nil if there
// is none.
func outsideOf(ctx context.Context) *outside {
	o, _ := ctx.Value(outsideKey{}).(*outside)
	return o
}

// tellOutside hands ctx, in which New has begun the trace, to the AccessLog outside. given is the
// context that New was given.
func tellOutside(given, ctx context.Context) {
	if o := outsideOf(given); o != nil {
		o.traced.CompareAndSwap(nil, &ctx)
	}
}
