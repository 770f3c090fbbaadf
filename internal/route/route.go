// Package route takes a request's route from the router that has found it outwards, to the span and the
// access line. A router writes the pattern into the request that it is given, and that may be a copy.
package route

import (
	"context"
	"sync/atomic"
)

// Cell is where the route of a request is written. It is in the request's context, which copies share.
// The zero value is empty. Safe for concurrent use: http.TimeoutHandler runs routers in another goroutine.
type Cell struct {
	template atomic.Pointer[string]

	// Wanted is set before the handler runs where somebody is going to read the cell. Else nothing but
	// what a user says is written, since that costs an allocation.
	Wanted bool

	// Made is set before the handler runs if the request has not come from a client: a handler that serves
	// a request has made it, in that one's context.
	Made bool
}

// Set writes template, unless a longer one stands there. A router within a router knows more of the
// route, and some know it before they call their handler, some afterwards.
func (c *Cell) Set(template string) {
	for {
		old := c.template.Load()
		if old != nil && len(*old) >= len(template) || template == "" {
			return
		}
		if c.template.CompareAndSwap(old, &template) {
			return
		}
	}
}

// Offer writes template if nothing stands there yet.
func (c *Cell) Offer(template string) {
	if template != "" {
		c.template.CompareAndSwap(nil, &template)
	}
}

// Get returns the route, "" without one.
func (c *Cell) Get() string {
	if template := c.template.Load(); template != nil {
		return *template
	}
	return ""
}

// Key is the key of the cell in a context.
type Key struct{}

// Of returns the cell of ctx, nil without one.
func Of(ctx context.Context) *Cell {
	if ctx == nil {
		return nil
	}
	c, _ := ctx.Value(Key{}).(*Cell)
	return c
}
